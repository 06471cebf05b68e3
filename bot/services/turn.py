"""A turn: what a resident said → what they read, with everything that must be remembered on the way.

The order matters: numbered choices become the payloads they stand for; stop words, typed or tapped, before any understanding; then Rasa decides
and the acts are performed one after another. Without Rasa the menu answers, from content alone.
"""

import contextlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from bot.channels.fit import choices
from bot.clock import Clock, today
from bot.content.library import Library
from bot.dialogue import acts, payloads
from bot.dialogue.payloads import button
from bot.dialogue.render import Renderer, in_a_sentence
from bot.errors import UnderstandingError
from bot.messages import Address, Incoming, Limits, Message
from bot.metrics import TURN_SECONDS, TURNS
from bot.services.words import is_resume, is_stop
from bot.store import conversations, questions, subscribers
from bot.store.database import Database
from bot.understanding.client import Understanding
from vietnamese import redact

log = structlog.get_logger()

LONGEST = 1500  # characters of a question that are read; a longer one is answered with a request to shorten it


@dataclass(frozen=True)
class Turned:
    """`messages` in reading order; `understood` is None when Rasa was not asked (`direct`) or did not answer (`degraded`)."""

    messages: tuple[Message, ...]
    understood: acts.Understood | None = None
    degraded: bool = False

    @property
    def decision(self) -> str:
        return self.understood.decision if self.understood else "degraded" if self.degraded else "direct"


@dataclass
class Turns:
    """Performs turns. `library` is called each turn, so an edited answer is live at once."""

    library: Callable[[], Library]
    understanding: Understanding
    database: Database
    clock: Clock
    # A pressed campaign button (`/c <ref>`): the payload to go on with, the message to answer with, or None if unknown.
    pressed: Callable[[Address, str], Awaitable[str | Message | None]] | None = None
    # A topic was answered in this chat: campaigns on events want to know.
    asked: Callable[[Address, str], Awaitable[None]] | None = None

    async def take(self, incoming: Incoming, limits: Limits) -> Turned:
        """Answer one incoming thing on a channel with these limits. Raises StoreError if the database is away."""
        started = time.perf_counter()
        renderer = Renderer(self.library(), today(self.clock))
        turned = await self._take(incoming, limits, renderer)
        await self._remember_choices(incoming, limits, turned)
        seconds = time.perf_counter() - started
        understood = turned.understood
        TURNS.labels(incoming.address.channel, turned.decision).inc()
        TURN_SECONDS.labels(incoming.address.channel).observe(seconds)
        log.info(
            "turn.answered",
            channel=incoming.address.channel,
            decision=turned.decision,
            topic=understood.topic if understood else None,
            confidence=round(understood.confidence, 2) if understood else None,
            ms=round(seconds * 1000, 1),
        )
        return turned

    async def _take(self, incoming: Incoming, limits: Limits, renderer: Renderer) -> Turned:
        text = incoming.text.strip()
        if incoming.kind == "media":
            # A question written under a picture is a question all the same.
            seen = self._media(incoming, renderer)
            asked = await self._ask(incoming, text, renderer) if text and len(text) <= LONGEST else Turned(())
            return Turned((seen, *asked.messages), asked.understood, asked.degraded)
        if incoming.kind == "text" and (limits.buttons == 0 or text.isdigit()):
            text = await self._chosen(incoming, text)
        if is_stop(text):
            receipt = await self._stop(incoming, renderer)
            await self._leave_flow(incoming, renderer)
            return Turned((receipt,))
        if incoming.kind == "text" and is_resume(text) and (turned := await self._resume(incoming, renderer)):
            return turned
        pressed = payloads.parse(text)
        if pressed and pressed.verb == "c":
            found = await self.pressed(incoming.address, pressed.argument) if self.pressed else None
            if isinstance(found, Message):
                return Turned((found,))
            text = found or "/menu"
        if pressed and pressed.verb == "menu" and pressed.argument not in renderer.library.groups:
            text = "/menu"
        if len(text) > LONGEST:
            return Turned((Message(renderer.say("too_long")),))
        return await self._ask(incoming, text, renderer)

    async def _ask(self, incoming: Incoming, text: str, renderer: Renderer) -> Turned:
        try:
            reply = await self.understanding.ask(incoming.address.conversation, text, renderer.day)
        except UnderstandingError as error:
            log.warning("turn.degraded", reason=type(error).__name__)
            return Turned((self._without_rasa(text, renderer),), degraded=True)
        messages = [message for act in reply.acts for message in await self._perform(act, incoming, text, renderer)]
        if not payloads.parse(text):
            await self._log_question(incoming, text, reply.understood)
        if self.asked:
            for topic in dict.fromkeys(act.topic for act in reply.acts if isinstance(act, acts.AnswerTopic)):
                await self.asked(incoming.address, topic)
        return Turned(tuple(messages), reply.understood)

    # --- acts

    async def _perform(self, act: acts.Act, incoming: Incoming, text: str, renderer: Renderer) -> list[Message]:
        match act:
            case acts.AnswerTopic():
                return [renderer.answer(act)]
            case acts.Clarify():
                return [renderer.clarify(act.topics)]
            case acts.OutOfScope():
                return [renderer.out_of_scope(act.again)]
            case acts.Menu():
                return [renderer.menu(act.group)]
            case acts.SmallTalk():
                return [renderer.talk(act.kind)]
            case acts.Handoff():
                return [renderer.handoff()]
            case acts.Ask():
                return renderer.ask(act)
            case acts.Checklist():
                return renderer.checklist(act)
            case acts.Where():
                return [renderer.where(act.place)]
            case acts.ScamCheck():
                return [renderer.scam_check(text, act.links, act.phones)]
            case acts.Subscribe():
                return [await self._subscribe(act.place, incoming, renderer)]
            case acts.Unsubscribe():
                return [await self._stop(incoming, renderer)]
            case acts.MyData():
                return [await (self._show if act.op == "show" else self._wipe)(incoming, renderer)]
            case acts.Feedback():
                return [await self._feedback(act, incoming, renderer)]

    async def _subscribe(self, place: str, incoming: Incoming, renderer: Renderer) -> Message:
        talk = renderer.library.talk
        name = self._place_name(place, renderer)
        async with self.database.write() as connection:
            before = await subscribers.find(connection, incoming.address)
            known = place if place in renderer.library.places else None
            await subscribers.opt_in(connection, incoming.address, known, talk.consent_version, self.clock.now())
        same = before is not None and before.in_force and before.place == known
        return Message(renderer.say("already_subscribed" if same else "subscribed", place=name))

    async def _stop(self, incoming: Incoming, renderer: Renderer) -> Message:
        """End campaign messages at once; a receipt either way."""
        async with self.database.write() as connection:
            ended = await subscribers.opt_out(connection, incoming.address, self.clock.now())
        if ended:
            return Message(renderer.say("unsubscribed"))
        return Message(renderer.say("not_subscribed"), buttons=((button("🔔 Đăng ký nhận tin", "subscribe"),),))

    async def _leave_flow(self, incoming: Incoming, renderer: Renderer) -> None:
        # The receipt matters; a flow left open asks its question once more at worst.
        with contextlib.suppress(UnderstandingError):
            await self.understanding.ask(incoming.address.conversation, "/cancel", renderer.day)

    async def _resume(self, incoming: Incoming, renderer: Renderer) -> Turned | None:
        """Start again for one who had stopped; one who had agreed to an older text is asked anew. None: there is nothing to start again."""
        async with self.database.write() as connection:
            consent = await subscribers.find(connection, incoming.address)
            if consent is None or consent.in_force:
                return None
            unchanged = consent.version == renderer.library.talk.consent_version
            if unchanged:
                await subscribers.opt_in(connection, incoming.address, None, consent.version, self.clock.now())
        if not unchanged:
            return await self._ask(incoming, "/subscribe", renderer)
        return Turned((Message(renderer.say("subscribed", place=self._place_name(consent.place, renderer))),))

    async def _show(self, incoming: Incoming, renderer: Renderer) -> Message:
        async with self.database.read() as connection:
            consent = await subscribers.find(connection, incoming.address)
        lines = ["• Loa không lưu tên, số điện thoại hay số giấy tờ của bà con."]
        if consent and consent.name:
            lines = [
                f"• Tên gọi bà con đã ghi khi đồng ý nhận tin: {consent.name}.",
                "• Loa không lưu số điện thoại hay số giấy tờ của bà con.",
            ]
        if consent:
            state = "đang nhận tin" if consent.in_force else "đã dừng nhận tin"
            lines += [
                f"• Kênh: {_CHANNELS.get(incoming.address.channel, incoming.address.channel)} (mã cuộc trò chuyện).",
                f"• Nơi ở bà con đã chọn: {self._place_name(consent.place, renderer)}.",
                f"• Đồng ý nhận tin ngày {consent.given_at.astimezone(self.clock.now().tzinfo):%d/%m/%Y}, {state}.",
            ]
        else:
            lines.append("• Bà con chưa đăng ký nhận tin. Loa chỉ giữ mã cuộc trò chuyện nhiều nhất 48 giờ để không trả lời trùng.")
        buttons = ((button("Xóa hết", "delete"),),) if consent else ()
        return Message(renderer.say("my_data_shown", data="\n".join(lines)), buttons=buttons)

    async def _wipe(self, incoming: Incoming, renderer: Renderer) -> Message:
        async with self.database.write() as connection:
            await subscribers.wipe(connection, incoming.address)
        return Message(renderer.say("data_deleted"))

    async def _feedback(self, act: acts.Feedback, incoming: Incoming, renderer: Renderer) -> Message:
        good = act.value == "yes"
        topic = act.topic if act.topic in renderer.library.topics else None
        async with self.database.write() as connection:
            await questions.add_feedback(connection, at=self.clock.now(), channel=incoming.address.channel, topic=topic, good=good)
        if good:
            return Message(renderer.say("feedback_thanks_yes"))
        return Message(
            renderer.say("feedback_thanks_no"), buttons=((button("Xem các câu hỏi", "menu"), button("☎️ Gặp người hỗ trợ", "handoff")),)
        )

    # --- without Rasa

    def _without_rasa(self, text: str, renderer: Renderer) -> Message:
        """Buttons need no understanding: topics, menus and hotlines come from content; for the rest, one honest line and the menu."""
        match payloads.parse(text):
            case payloads.Payload("topic", topic) if topic in renderer.library.topics:
                return renderer.answer(acts.AnswerTopic(act="answer", topic=topic))
            case payloads.Payload("menu", group):
                return renderer.menu(group or None)
            case payloads.Payload("handoff"):
                return renderer.handoff()
            case payloads.Payload("help"):
                return renderer.talk("capabilities")
        return renderer.degraded()

    def _media(self, incoming: Incoming, renderer: Renderer) -> Message:
        key = {"voice": "voice_note", "sticker": "sticker", "photo": "photo"}.get(incoming.media or "", "media")
        message = renderer.menu()
        return Message(renderer.say(key), buttons=message.buttons)

    # --- remembered between turns

    async def _chosen(self, incoming: Incoming, text: str) -> str:
        """The payload a bare number stands for, where numbered choices were shown; else the text itself."""
        number = text.strip(" .)")
        if not (number.isdigit() and len(number) <= 2):
            return text
        async with self.database.read() as connection:
            shown = await conversations.choices(connection, incoming.address)
        return shown[int(number) - 1] if 1 <= int(number) <= len(shown) else text

    async def _remember_choices(self, incoming: Incoming, limits: Limits, turned: Turned) -> None:
        shown = next((found for message in reversed(turned.messages) if (found := choices(message, limits))), [])
        if shown:
            async with self.database.write() as connection:
                await conversations.remember(connection, incoming.address, shown, self.clock.now())

    async def _log_question(self, incoming: Incoming, text: str, understood: acts.Understood) -> None:
        if understood.decision == "talk":
            return
        async with self.database.write() as connection:
            await questions.add(
                connection,
                at=self.clock.now(),
                channel=incoming.address.channel,
                text=redact(text),
                decision=understood.decision,
                topic=understood.topic,
                confidence=understood.confidence,
            )

    def _place_name(self, place: str | None, renderer: Renderer) -> str:
        if place and place in renderer.library.places:
            return in_a_sentence(renderer.library.places.name_on(place, renderer.day))
        return "tỉnh Nghệ An"


_CHANNELS = {"telegram": "Telegram", "web": "trang web", "terminal": "máy tính này", "zalo": "Zalo"}
