"""Acts become messages: pure functions of content, the day and what the act says."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from bot.content.library import Library
from bot.content.model import PartKey, Topic
from bot.dialogue import acts, scam
from bot.dialogue.payloads import button
from bot.messages import Button, Media, Message, Rows
from vietnamese.places import REFORM

CHILD_UNTIL = 14  # years: the age from which the law lets a person hold a level-2 account of their own (dinh_danh/do_tuoi)
ELDERLY_FROM = 65


def rows(buttons: Iterable[Button], width: int = 1) -> Rows:
    """Lay buttons out in rows of `width`."""
    items = list(buttons)
    return tuple(tuple(items[i : i + width]) for i in range(0, len(items), width))


def in_a_sentence(name: str) -> str:
    """The name of a place as it stands in the middle of a sentence: "xã Diễn Kỷ"."""
    return name[0].lower() + name[1:]


@dataclass(frozen=True)
class Renderer:
    library: Library
    day: date

    # --- answers

    def answer(self, act: acts.AnswerTopic) -> Message:
        topic = self.library.topics.get(act.topic)
        if topic is None:  # the model knows a topic whose content is gone: say so rather than fall silent
            return self.out_of_scope(again=False)
        answer = topic.answer_on(self.day)
        part = self._part(topic, act)
        first = answer.parts[part] if part else None
        pieces = [piece for piece in (first, answer.short) if piece]
        if answer.steps:
            pieces.append("\n".join(f"{number}. {step}" for number, step in enumerate(answer.steps, 1)))
        if answer.note:
            pieces.append(answer.note)
        return Message(
            text="\n\n".join(pieces),
            sources=self.library.basis(answer, self.day),
            topic=topic.id,
            buttons=self._answer_buttons(topic),
            media=self._media(topic),
        )

    def _part(self, topic: Topic, act: acts.AnswerTopic) -> PartKey | None:
        """Which paragraph goes first: what was asked about, else whom or which level it is about."""
        wanted: list[PartKey] = [act.part] if act.part else []
        if act.entities.age is not None and act.entities.age < CHILD_UNTIL:
            wanted.append("child")
        if act.entities.age is not None and act.entities.age >= ELDERLY_FROM:
            wanted.append("elderly")
        if act.entities.level == "1":
            wanted.append("level_1")
        if act.entities.level == "2":
            wanted.append("level_2")
        parts = topic.answer_on(self.day).parts
        return next((part for part in wanted if part in parts), None)

    def _answer_buttons(self, topic: Topic) -> Rows:
        related = [self.topic_button(self.library.topics[other]) for other in topic.related if other in self.library.topics]
        links = [Button(link.text, url=link.url) for link in topic.buttons]
        feedback = (button("👍 Đúng ý", "good", topic.id), button("👎 Chưa đúng", "bad", topic.id))
        return (*rows(links), *rows(related), feedback)

    def _media(self, topic: Topic) -> tuple[Media, ...]:
        if not topic.media:
            return ()
        for kind in ("photo", "video", "audio", "document"):
            name = getattr(topic.media, kind)
            if name:
                key = f"{name}:{self.library.digests.get(name, '')[:16]}"
                return (Media(kind, str(self.library.media / name), key=key),)  # type: ignore[arg-type]
        return ()

    def topic_button(self, topic: Topic) -> Button:
        return button(topic.title, "topic", topic.id)

    # --- not an answer

    def clarify(self, topics: Sequence[str]) -> Message:
        known = [self.library.topics[topic] for topic in topics if topic in self.library.topics]
        choices = [button(topic.question if len(topic.question) <= 60 else topic.title, "topic", topic.id) for topic in known]
        return Message(self.say("clarify"), buttons=rows([*choices, button("Không phải", "none")]))

    def out_of_scope(self, again: bool) -> Message:
        return Message(self.say("out_of_scope_again" if again else "out_of_scope"), buttons=self._group_rows(handoff=True))

    def menu(self, group: str | None = None) -> Message:
        if group not in self.library.groups:
            return Message(self.say("menu"), buttons=self._group_rows(handoff=True))
        buttons = [self.topic_button(topic) for topic in self.library.in_group(group)]
        return Message(
            self.say("group_menu", group=self.library.groups[group]), buttons=(*rows(buttons), (button("⬅️ Các nhóm khác", "menu"),))
        )

    def degraded(self) -> Message:
        return Message(self.say("degraded"), buttons=self._group_rows(handoff=True))

    def handoff(self) -> Message:
        lines = []
        for entry in self.library.official.hotlines():
            cost = {True: " (miễn phí)", False: " (có tính cước)"}.get(entry["free"], "")
            lines.append(f"☎️ {entry['number']}{cost}: {entry['owner']}")
        return Message(self.say("handoff") + "\n\n" + "\n".join(lines), buttons=((button("⬅️ Các câu hỏi", "menu"),),))

    def talk(self, kind: str) -> Message:
        if kind in ("greet", "capabilities", "none_of_these"):
            return Message(self.say(kind), buttons=self._group_rows(handoff=True))
        if kind == "distress":
            topic = self.library.topics.get("chung/lua_dao")
            buttons = (*rows([self.topic_button(topic)] if topic else []), (button("☎️ Số điện thoại cần gọi", "handoff"),))
            return Message(self.say(kind), buttons=buttons)
        if kind == "complaint":
            return Message(self.say(kind), buttons=((button("☎️ Gặp người hỗ trợ", "handoff"),),))
        return Message(self.say(kind))

    def say(self, key: str, **values: str) -> str:
        return self.library.talk.say(key, **values)

    def _group_rows(self, handoff: bool) -> Rows:
        groups = [button(title, "menu", group) for group, title in self.library.groups.items()]
        tail: Rows = ((button("☎️ Gặp người hỗ trợ", "handoff"),),) if handoff else ()
        return (*rows(groups), *tail)

    # --- flows

    def ask(self, act: acts.Ask) -> list[Message]:
        """The flow's question, with buttons where the answer is a choice. A resumed flow says so first."""
        question = self._question(act)
        if act.act == "resume":
            question = Message(self.say("resume") + "\n" + question.text, buttons=question.buttons)
        if act.flow == "subscribe" and act.slot == "consent" and act.act == "ask" and not act.invalid:
            return [Message(self.say("consent")), question]
        return [question]

    def _question(self, act: acts.Ask) -> Message:
        cancel = (button("Thôi, để sau", "cancel"),)
        yes_no = (button("Có", "yes"), button("Không", "no"))
        if act.slot == "place" and act.options:
            choices = [button(self._place_label(place), "place", place) for place in act.options if place in self.library.places]
            return Message(self.say("ask_place_options"), buttons=(*rows(choices), cancel))
        questions: dict[str, Callable[[], Message]] = {
            "place": lambda: Message(self.say("ask_place_again" if act.invalid else "ask_place"), buttons=(cancel,)),
            "consent": lambda: Message(self.say("ask_consent_buttons"), buttons=((button("Đồng ý", "yes"), button("Không", "no")),)),
            "confirm": lambda: Message(
                self.say("ask_confirm_unsubscribe" if act.flow == "unsubscribe" else "ask_confirm_delete"), buttons=(yes_no,)
            ),
            "choice": lambda: Message(
                self.say("ask_my_data_choice"), buttons=((button("Xem", "show"), button("Xóa hết", "delete")), cancel)
            ),
            "age": lambda: Message(self.say("ask_age_again" if act.invalid else "ask_age"), buttons=(cancel,)),
            "card": lambda: Message(self.say("ask_card"), buttons=(yes_no, cancel)),
            "message": lambda: Message(self.say("ask_scam_message"), buttons=(cancel,)),
        }
        return questions[act.slot]()

    def _place_label(self, place_id: str) -> str:
        """A name that tells places of the same name apart: the commune with its district, the unit as today's."""
        place = self.library.places[place_id]
        district = self.library.places.district_of(place_id)
        if place.kind == "commune" and district:
            return f"{place.name}, {self.library.places[district].name} (cũ)"
        if place.kind == "unit":
            return f"{place.name} (từ 7/2025)"
        return f"{place.name} (cũ)" if self.day >= REFORM else place.name

    def checklist(self, act: acts.Checklist) -> list[Message]:
        """What to bring for level 2, for this age and card, and where to go from this locality."""
        child = act.age < CHILD_UNTIL
        if child and "child" not in self.library.topics["dinh_danh/giay_to_can_mang"].answer_on(self.day).parts:
            return [self.answer(acts.AnswerTopic(act="answer", topic="dinh_danh/do_tuoi", part="child"))]  # no level 2 for children yet
        topics = ["dinh_danh/giay_to_can_mang"]
        if not act.card:
            topics.insert(0, "can_cuoc/tre_em" if child else "can_cuoc/lam_the")
        if act.age >= ELDERLY_FROM:
            topics.append("dinh_danh/nguoi_gia_yeu")
        about = acts.About(age=act.age)
        answers = [self.answer(acts.AnswerTopic(act="answer", topic=topic, entities=about)) for topic in topics]
        return [*(Message(answer.text, sources=answer.sources, topic=answer.topic) for answer in answers), self.where(act.place)]

    def where(self, place_id: str) -> Message:
        """Where to go: the unit of today (or the commune, before districts ended), then the general rule with its source."""
        places = self.library.places
        answer = self.answer(acts.AnswerTopic(act="answer", topic="dinh_danh/o_dau"))
        if place_id not in places:
            return answer
        place = places[place_id]
        units = [in_a_sentence(places[unit].name) for unit in place.units]
        if self.day < REFORM:
            here = f"📍 Bà con ở {in_a_sentence(place.name)}."
        elif len(units) == 1:
            renamed = "" if in_a_sentence(place.name) == units[0] else f"{place.name} cũ nay thuộc {units[0]}. "
            here = f"📍 {renamed}Nơi đến: công an {units[0]} hoặc trung tâm phục vụ hành chính công {units[0]}."
        else:
            here = f"📍 {place.name} cũ nay chia thành: {', '.join(units)}. Bà con đến công an xã, phường nơi mình ở."
        return Message(here + "\n\n" + answer.text, buttons=answer.buttons, sources=answer.sources, topic=answer.topic)

    def scam_check(self, text: str, links: Sequence[str], phones: Sequence[str]) -> Message:
        verdict = scam.examine(text, links, phones, self.library.official)
        buttons = ((button("Cách nhận biết lừa đảo", "topic", "chung/lua_dao"),), (button("☎️ Số điện thoại cần gọi", "handoff"),))
        return Message(scam.explain(verdict), buttons=buttons)
