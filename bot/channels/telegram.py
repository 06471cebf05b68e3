"""Telegram through python-telegram-bot (https://core.telegram.org/bots/api), by long polling or webhook.

PTB's own polling confirms updates before they are handled, so a crash would lose them. Here an update is stored (`receive`)
before the next poll's offset confirms it, or before the webhook's request is acknowledged.
"""

import asyncio
import hmac
import html
import json
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextvars import ContextVar
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote_plus, urlencode

import structlog
from telegram import Bot, BotCommand, InlineKeyboardButton, InlineKeyboardMarkup, InputFile, InputMediaPhoto, Update
from telegram import Message as TelegramMessage
from telegram.constants import ChatAction, ParseMode
from telegram.error import BadRequest, Conflict, InvalidToken, NetworkError, RetryAfter, TelegramError
from telegram.ext import Application, ApplicationBuilder, ContextTypes

from bot.channels.base import MediaIds, Receive, Sent
from bot.channels.telegram_errors import delivery_error, seconds, stale_file
from bot.channels.telegram_request import AiohttpRequest
from bot.channels.telegram_updates import ALLOWED, CHANNEL, COMMANDS, handlers
from bot.clock import Clock
from bot.errors import OutcomeUnknown, Rejected, StoreError
from bot.messages import Address, Incoming, Limits, Media, Message, Poll, Rows

log = structlog.get_logger()

AT_ONCE = 320  # connections for sending: above all handlers and senders at the same time, so that none waits for one
READ, POLL = 25.0, 30  # seconds for the answer to a send; seconds Telegram may hold a poll open
SLACK = 10.0  # seconds a poll's answer may come later than asked
CONNECTIONS = 40  # webhook requests at a time
TYPING_AFTER = 0.3  # seconds: what is answered sooner needs no "typing…", which could even arrive after the answer
ASIDES = 256  # typing signs and callback receipts under way; more are left out
FIRST_WAIT, LONGEST_WAIT, GROWTH = 1.0, 60.0, 1.7  # seconds between tries while something is wrong
SAY_AGAIN = timedelta(minutes=10)  # the same trouble is not logged sooner

_TROUBLE = {
    "token": "Telegram refuses the token: check LOA_TELEGRAM_TOKEN with @BotFather. The rest of Loa goes on",
    "conflict": "another program receives with the same token: stop it, only one may run",
    "store": "what comes in cannot be stored and stays with Telegram until it can",
    "throttled": "Telegram asks to wait",
    "network": "Telegram cannot be reached or does not answer; tried again until it does",
}

_taken: ContextVar[list[Incoming]] = ContextVar("taken")


class TelegramChannel:
    """`async with` opens and closes it (closing takes at most 5 s); `listen` runs inside. Sending works without listening.

    webhook_url and webhook_secret: given both, updates come to `webhook`; otherwise `listen` polls. media_ids: uploads of earlier runs.
    paid: whatever it sends may cost Telegram Stars, and may leave faster than what is free.
    """

    name = CHANNEL
    limits = Limits(
        text=4096,
        caption=1024,
        unit="utf16",
        buttons=100,
        row=8,
        payload=64,
        media=frozenset({"photo", "video", "document", "audio"}),
        album=10,
        polls=True,
    )

    def __init__(
        self,
        token: str,
        clock: Clock,
        *,
        api_url: str = "https://api.telegram.org",
        webhook_url: str | None = None,
        webhook_secret: str | None = None,
        media_ids: MediaIds | None = None,
        paid: bool = False,
        read_timeout: float = READ,
        typing_after: float = TYPING_AFTER,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ):
        self.trouble: str | None = None  # what keeps it from receiving now: a key of _TROUBLE
        self.heard_at: datetime | None = None  # when Telegram last answered a poll or brought an update
        self._token, self._clock, self._sleep, self._typing_after = token, clock, sleep, typing_after
        self._webhook_url = webhook_url if webhook_secret else None
        self._webhook_secret = webhook_secret or ""
        self._requests = AiohttpRequest(api_url, AT_ONCE, read_timeout), AiohttpRequest(api_url, 2, POLL + SLACK)
        self._application = _application(token, api_url, *self._requests)
        self._bot: Bot = self._application.bot
        self._introduced = False
        self._receive: Receive | None = None
        self._waits = 0
        self._logged: dict[str, datetime] = {}
        self._kept = media_ids
        self._paid: dict[str, Any] = {"allow_paid_broadcast": True} if paid else {}
        self._media_ids: dict[str, str] = {}
        self._uploads: dict[tuple[str, ...], asyncio.Lock] = {}
        self._typing: dict[str, asyncio.TimerHandle] = {}
        self._asides: set[asyncio.Task[None]] = set()

    # --- life

    async def __aenter__(self) -> Self:
        # Nothing is asked of Telegram yet: Loa starts without it.
        for request in self._requests:
            await request.initialize()
        return self

    async def __aexit__(self, *_: object) -> None:
        for chat in list(self._typing):
            self._stop_typing(chat)
        for task in self._asides:
            task.cancel()
        await asyncio.gather(*self._asides, return_exceptions=True)
        await asyncio.gather(*(request.shutdown() for request in self._requests))
        if self._introduced:
            await self._application.shutdown()

    def secrets(self) -> tuple[str, ...]:
        return tuple(secret for secret in (self._token, self._webhook_secret) if secret)

    # --- receiving

    async def listen(self, receive: Receive) -> None:
        """Run until cancelled, whatever Telegram says meanwhile; each trouble is one line in the log and a growing wait."""
        while True:
            try:
                await self._introduce()
                await (self._be_pushed(receive) if self._webhook_url else self._poll(receive))
            except (TelegramError, StoreError) as error:
                await self._sleep(self._meet(error))

    async def webhook(self, body: bytes, secret: str | None) -> int:
        """Take one pushed update; returns the HTTP status. Anything but 200 makes Telegram bring it again."""
        if not self._webhook_secret or not hmac.compare_digest((secret or "").encode(), self._webhook_secret.encode()):
            return 403
        if self._receive is None:
            return 503
        try:
            raw = json.loads(body)
        except ValueError:
            return 400
        if not isinstance(raw, dict) or not isinstance(raw.get("update_id"), int):
            return 400
        try:
            await self._take([raw], self._receive)
        except StoreError as error:
            self._meet(error)
            return 503
        self._hear()
        return 200

    async def _introduce(self) -> None:
        """Learn who we are, say what we can do, choose how updates come. Repeated until it succeeds, then again only after a conflict."""
        if self._introduced:
            return
        await self._application.initialize()
        try:
            await self._bot.set_my_commands([BotCommand(command.name, command.description) for command in COMMANDS])
        except BadRequest as error:
            log.warning("telegram.commands_refused", error=error.message)
        if self._webhook_url:
            await self._bot.set_webhook(
                self._webhook_url, secret_token=self._webhook_secret, allowed_updates=ALLOWED, max_connections=CONNECTIONS
            )
        else:
            await self._bot.delete_webhook()  # what waits for a webhook is kept and comes by polling
        self._introduced = True
        log.info("telegram.started", mode="webhook" if self._webhook_url else "polling")

    async def _be_pushed(self, receive: Receive) -> None:
        self._receive = receive
        self._hear()
        try:
            await asyncio.Event().wait()
        finally:
            self._receive = None

    async def _poll(self, receive: Receive) -> None:
        offset = 0
        while True:
            updates = await self._fetch(offset)
            self._hear()
            await self._take(updates, receive)
            # An offset is sent once: after a week of silence Telegram's ids start anew, perhaps below it.
            offset = max((update["update_id"] for update in updates), default=-1) + 1

    async def _fetch(self, offset: int) -> list[dict[str, Any]]:
        """Raw updates. `Bot.get_updates` would fail for all of them, and log them, over one it cannot read."""
        query = {"timeout": POLL, "allowed_updates": json.dumps(ALLOWED)} | ({"offset": offset} if offset else {})
        polling = self._requests[1]
        payload = polling.parse_json_payload(await polling.retrieve(f"{self._bot.base_url}/getUpdates?{urlencode(query)}"))
        if not isinstance(payload, dict) or not isinstance(payload.get("result"), list):
            raise NetworkError("not an answer")
        return [update for update in payload["result"] if isinstance(update, dict) and isinstance(update.get("update_id"), int)]

    async def _take(self, raw: list[dict[str, Any]], receive: Receive) -> None:
        """Store what the updates mean; only then let the residents see that it arrived."""
        read = [await self._read(item) for item in raw]
        incoming = [item for _, items in read for item in items]
        if incoming:
            await receive(incoming)
        for update, items in read:
            self._receipt(update, items)

    async def _read(self, raw: dict[str, Any]) -> tuple[Update | None, list[Incoming]]:
        items: list[Incoming] = []
        _taken.set(items)
        try:
            update = Update.de_json(raw, self._bot)
        except (TypeError, KeyError, ValueError, AttributeError) as error:
            # Of a shape PTB does not know. It is passed over, or it would come again for ever.
            log.error("telegram.odd_update", error=type(error).__name__)
            return None, items
        await self._application.process_update(update)
        return update, items

    # --- signs of life, beside the work and never in its way

    def _receipt(self, update: Update | None, items: list[Incoming]) -> None:
        if update and update.callback_query:
            self._aside(self._bot.answer_callback_query(update.callback_query.id))
        for item in items:
            if item.kind in ("text", "payload"):
                self._stop_typing(item.address.chat)
                self._typing[item.address.chat] = asyncio.get_running_loop().call_later(
                    self._typing_after, self._start_typing, item.address.chat
                )

    def _start_typing(self, chat: str) -> None:
        self._typing.pop(chat, None)
        self._aside(self._bot.send_chat_action(chat, ChatAction.TYPING))

    def _stop_typing(self, chat: str) -> None:
        if handle := self._typing.pop(chat, None):
            handle.cancel()

    def _aside(self, call: Coroutine[Any, Any, object]) -> None:
        if len(self._asides) >= ASIDES:
            call.close()
            return
        task = asyncio.create_task(_quietly(call), name="telegram-aside")
        self._asides.add(task)
        task.add_done_callback(self._asides.discard)

    # --- trouble

    def _meet(self, error: TelegramError | StoreError) -> float:
        """Say it once, and how long to wait."""
        kind = _kind(error)
        if kind == "conflict":
            self._introduced = False  # perhaps a webhook was set meanwhile
        self.trouble = kind
        self._waits += 1
        now = self._clock.now()
        if kind not in self._logged or now - self._logged[kind] >= SAY_AGAIN:
            self._logged[kind] = now
            say = log.warning if kind in ("network", "throttled") else log.error
            say(f"telegram.{kind}", do=_TROUBLE[kind], error=type(error).__name__)
        if isinstance(error, RetryAfter):
            return seconds(error)
        return min(FIRST_WAIT * GROWTH ** (self._waits - 1), LONGEST_WAIT)

    def _hear(self) -> None:
        if self.trouble:
            log.info("telegram.recovered", after=self.trouble)
        self.trouble, self._waits, self.heard_at = None, 0, self._clock.now()

    # --- sending

    async def send(self, to: Address, message: Message) -> Sent:
        self._stop_typing(to.chat)
        try:
            return await self._send(to.chat, message)
        except TelegramError as error:
            raise delivery_error(error) from None
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            # An answer that is no Message: something was received, nobody knows what was done.
            raise OutcomeUnknown(type(error).__name__) from None

    async def _send(self, chat: str, message: Message) -> Sent:
        if message.poll:
            return _sent(await self._send_poll(chat, message.poll, _keyboard(message.buttons)))
        if message.media:
            return await self._send_media(chat, message)
        return await self._say(chat, message)

    async def _say(self, chat: str, message: Message) -> Sent:
        """A text through PTB's transport and errors, but past its objects: to build and read those takes more than the rest of a send,
        and a campaign is one text a million times."""
        form = f"chat_id={quote_plus(chat)}{'&allow_paid_broadcast=true' if self._paid else ''}".encode() + _form(message)
        result = await self._requests[0].post_form(f"{self._bot.base_url}/sendMessage", form)
        return Sent(str(result["message_id"]))

    async def _send_poll(self, chat: str, poll: Poll, keyboard: InlineKeyboardMarkup | None) -> TelegramMessage:
        if poll.correct is None:
            return await self._bot.send_poll(chat, poll.question, list(poll.options), reply_markup=keyboard)
        return await self._bot.send_poll(
            chat,
            poll.question,
            list(poll.options),
            type="quiz",
            correct_option_ids=[poll.correct],  # type: ignore[list-item]
            explanation=poll.explanation,
            reply_markup=keyboard,
        )

    async def _send_media(self, chat: str, message: Message, stale: Sequence[str | None] = ()) -> Sent:
        """By ids once uploaded; while the files are being uploaded, others wait for the ids. `stale`: ids that are no good (any more)."""
        async with self._uploads.setdefault(tuple(item.key for item in message.media), asyncio.Lock()):
            known = [await self._known(item) for item in message.media]
            if None in known or known == stale:
                sent = await self._send_files(chat, message, [await _file(item, len(known) > 1) for item in message.media])
                for item, one in zip(message.media, sent, strict=True):
                    await self._learn(item, one)
                return _sent(sent[0])
        try:
            return _sent((await self._send_files(chat, message, known))[0])
        except BadRequest as error:
            if not stale_file(error):
                raise
        return await self._send_media(chat, message, known)

    async def _known(self, media: Media) -> str | None:
        """Its id, if it was uploaded in this run or an earlier one."""
        if media.key not in self._media_ids and self._kept and (found := await self._kept.get(media.key)):
            self._media_ids[media.key] = found
        return self._media_ids.get(media.key)

    async def _learn(self, media: Media, message: TelegramMessage) -> None:
        file = message.photo[-1] if message.photo else message.video or message.audio or message.document
        if file:
            self._media_ids[media.key] = file.file_id
            if self._kept:
                await self._kept.put(media.key, file.file_id)

    async def _send_files(self, chat: str, message: Message, files: Sequence[str | InputFile | None]) -> Sequence[TelegramMessage]:
        """One file, or an album, which has a place for a caption and none for buttons (https://core.telegram.org/bots/api#sendmediagroup)."""
        caption, mode = as_html(message.full_text) or None, ParseMode.HTML
        if len(files) > 1:
            if message.buttons:
                raise Rejected("an album has no buttons")
            photos = [InputMediaPhoto(file) for file in files]  # type: ignore[arg-type]
            return await self._bot.send_media_group(chat, photos, caption=caption, parse_mode=mode)
        send: Callable[..., Awaitable[TelegramMessage]] = getattr(self._bot, f"send_{message.media[0].kind}")
        return [await send(chat, files[0], caption=caption, parse_mode=mode, reply_markup=_keyboard(message.buttons), **self._paid)]


async def _file(media: Media, album: bool) -> InputFile:
    path = Path(media.path)
    try:
        return InputFile(await asyncio.to_thread(path.read_bytes), filename=path.name, attach=album)
    except OSError as error:
        raise Rejected(f"{path.name}: {error.strerror}") from None


@lru_cache(maxsize=256)
def _form(message: Message) -> bytes:
    """What `sendMessage` is told of a text, whoever gets it, after the chat."""
    fields = {"text": as_html(message.full_text), "parse_mode": ParseMode.HTML.value, "link_preview_options": '{"is_disabled":true}'}
    if keyboard := _keyboard(message.buttons):
        fields["reply_markup"] = keyboard.to_json()
    return b"&" + urlencode(fields).encode()


def as_html(text: str) -> str:
    """Plain text for Telegram's HTML mode; the line of sources in italics."""
    lines = html.escape(text, quote=False).split("\n")
    return "\n".join(f"<i>{line}</i>" if line.startswith("📜 ") else line for line in lines)


def _application(token: str, api_url: str, sending: AiohttpRequest, polling: AiohttpRequest) -> Application[Any, Any, Any, Any, Any, Any]:
    application = (
        ApplicationBuilder()
        .token(token)
        .base_url(f"{api_url}/bot")
        .base_file_url(f"{api_url}/file/bot")
        .request(sending)
        .get_updates_request(polling)
        .updater(None)
        .build()
    )
    application.add_handlers(handlers(lambda incoming: _taken.get().append(incoming)))
    application.add_error_handler(_handler_failed)
    return application


async def _handler_failed(_: object, context: ContextTypes.DEFAULT_TYPE) -> None:
    """In place of PTB's, which writes the whole update into the log."""
    log.error("telegram.odd_update", error=type(context.error).__name__)


async def _quietly(call: Coroutine[Any, Any, object]) -> None:
    try:
        await call
    except TelegramError as error:
        log.debug("telegram.aside_failed", error=type(error).__name__)


def _kind(error: TelegramError | StoreError) -> str:
    match error:
        case StoreError():
            return "store"
        case InvalidToken():
            return "token"
        case Conflict():
            return "conflict"
        case RetryAfter():
            return "throttled"
    return "network"


def _keyboard(rows: Rows) -> InlineKeyboardMarkup | None:
    if not rows:
        return None
    return InlineKeyboardMarkup(
        [[InlineKeyboardButton(button.text, url=button.url, callback_data=button.payload) for button in row] for row in rows]
    )


def bot_id(token: str) -> str:
    """The bot's own id: the part of a token that is no secret."""
    return token.partition(":")[0]


def _sent(message: TelegramMessage) -> Sent:
    return Sent(str(message.message_id))
