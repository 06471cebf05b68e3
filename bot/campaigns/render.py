"""A campaign's words for one resident: variables filled in, who speaks at the top, how to stop at the end, a code behind every button."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateError, meta
from jinja2.sandbox import ImmutableSandboxedEnvironment

from bot.campaigns.model import Action, Campaign, Part, Quiz
from bot.dialogue.payloads import button
from bot.messages import Button, Media, Message

VERB = "c"  # payload `/c <ref>`
STOP = button("🔕 Dừng nhận tin", "stop")  # one tap: a stop word, which needs no understanding and no second question
FOOTER = "Không muốn nhận tin nữa, bà con bấm 🔕 hoặc nhắn DỪNG."
NOBODY = "bà con"  # how a resident is addressed whose name is not known
PROVINCE = "tỉnh Nghệ An"
VARIABLES = ("place", "days_left", "name")

# What filling in a text may raise although it reads well: it adds a number to a name, divides by the days left…
BADLY_FILLED = (TemplateError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError)

_jinja = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False, trim_blocks=True, lstrip_blocks=True)


@lru_cache(maxsize=512)
def variables(text: str) -> frozenset[str]:
    """Names of the variables a text uses. Raises jinja2.TemplateSyntaxError."""
    return frozenset(meta.find_undeclared_variables(_jinja.parse(text)))


@lru_cache(maxsize=512)
def _template(text: str) -> Template:
    return _jinja.from_string(text)


@dataclass(frozen=True)
class Ref:
    """Which button of which message was pressed: `<occurrence>.<variant?><a|q><index>`, e.g. `42.Aa0`, `42.q2`."""

    occurrence: int
    variant: str | None
    quiz: bool
    index: int

    def __str__(self) -> str:
        return f"{self.occurrence}.{self.variant or ''}{'q' if self.quiz else 'a'}{self.index}"

    @classmethod
    def parse(cls, text: str) -> "Ref | None":
        occurrence, _, rest = text.partition(".")
        variant = rest[0] if rest[:1].isupper() else None
        rest = rest[1:] if variant else rest
        if not (occurrence.isascii() and occurrence.isdigit() and len(occurrence) < 19):
            return None
        if rest[:1] not in ("a", "q") or not (rest[1:].isascii() and rest[1:].isdigit() and len(rest) <= 3):
            return None
        return cls(int(occurrence), variant, rest[0] == "q", int(rest[1:]))


@dataclass(frozen=True)
class Approved:
    """A campaign with the digests of its files: what an approval is about, what an occurrence keeps, what is sent."""

    campaign: Campaign
    files: Mapping[str, str]

    @property
    def body(self) -> dict[str, Any]:
        return {"campaign": self.campaign.model_dump(mode="json", by_alias=True, exclude_unset=True), "files": dict(self.files)}

    @classmethod
    def read(cls, body: Mapping[str, Any]) -> "Approved":
        return cls(Campaign.model_validate(body["campaign"]), body["files"])


@dataclass(frozen=True)
class Composer:
    """Makes the messages of one occurrence. `day` is the day it is read: `days_left` is always true, however late it is sent."""

    approved: Approved
    occurrence: int
    moment: int | None
    day: date
    media: Path

    def message(self, variant: str | None, channel: str, place: str | None = None, name: str | None = None) -> Message:
        campaign = self.approved.campaign
        part = campaign.part(self.moment, variant, channel)
        body = self.body(variant, channel, place, name)
        return Message(
            f"📢 Loa gửi tin của {campaign.sender} (tin tự động)\n\n{body}",
            closing=f"❓ {part.quiz.question}\n\n{FOOTER}" if part.quiz else FOOTER,
            buttons=(*((item,) for item in self._buttons(part, variant)), (STOP,)),
            media=self._media(part),
        )

    def body(self, variant: str | None, channel: str, place: str | None = None, name: str | None = None) -> str:
        """What the campaign itself says. Raises BADLY_FILLED."""
        text = self.approved.campaign.part(self.moment, variant, channel).text or ""
        return _template(text).render(self._values(place, name)).strip()

    def personal(self, variant: str | None, channel: str) -> bool:
        """Whether the text addresses the resident by name, so that it cannot be shared by those of one locality."""
        return "name" in variables(self.approved.campaign.part(self.moment, variant, channel).text or "")

    def _values(self, place: str | None, name: str | None) -> dict[str, object]:
        countdown = self.approved.campaign.schedule.countdown
        values: dict[str, object] = {"place": place or PROVINCE, "name": name or NOBODY}
        return values | ({"days_left": (countdown.to - self.day).days} if countdown else {})

    def _buttons(self, part: Part, variant: str | None) -> list[Button]:
        found = []
        for index, option in enumerate(part.quiz.options if part.quiz else ()):
            found.append(button(option, VERB, str(Ref(self.occurrence, variant, True, index))))
        for index, action in enumerate(part.buttons or ()):
            if action.url:
                found.append(Button(action.text, url=action.url))
            else:
                found.append(button(action.text, VERB, str(Ref(self.occurrence, variant, False, index))))
        return found

    def _media(self, part: Part) -> tuple[Media, ...]:
        return tuple(
            Media(kind, str(self.media / name), key=f"{name}:{self.approved.files.get(name, '')[:16]}")  # type: ignore[arg-type]
            for kind, name in part.files()
        )


@dataclass(frozen=True)
class Effect:
    """What a pressed button does: `payload` to continue with, or `message` to answer with; `action` and `correct` for the record."""

    button: str
    action: str
    payload: str | None = None
    message: Message | None = None
    correct: bool | None = None


SHARE = (
    "Cảm ơn bà con! Bà con bấm giữ tin ở trên, chọn Chuyển tiếp rồi chọn người thân. "
    'Người thân muốn tự nhận tin thì mở Loa và nhắn "đăng ký nhận tin".'
)


def effect(approved: Approved, moment: int | None, channel: str, ref: Ref) -> Effect | None:
    """What the button behind `ref` does; None if there is no such button."""
    part = approved.campaign.part(moment, ref.variant, channel)
    if ref.quiz:
        return _answered(part.quiz, ref.index) if part.quiz and ref.index < len(part.quiz.options) else None
    actions = part.buttons or ()
    return _acted(actions[ref.index]) if ref.index < len(actions) else None


def _answered(quiz: Quiz, index: int) -> Effect:
    option = quiz.options[index]
    if quiz.correct is None:
        return Effect(option, "poll", message=Message("Loa đã ghi lại câu trả lời. Cảm ơn bà con!"))
    right = index == quiz.correct - 1
    opening = "✅ Đúng rồi!" if right else f"Chưa đúng. Câu đúng là: {quiz.options[quiz.correct - 1]}."
    return Effect(option, "quiz", message=Message(f"{opening} {quiz.explanation}"), correct=right)


def _acted(action: Action) -> Effect | None:
    if action.topic:
        return Effect(action.text, "topic", payload=f"/topic {action.topic}")
    if action.do:
        return Effect(action.text, action.do, payload=f"/{action.do}")
    if action.share:
        return Effect(action.text, "share", message=Message(SHARE))
    return None
