"""Conversations that staff write: their format, and how what Loa did is compared with what it should have done.

The format is explained to staff in README.md beside this file. Here are its types, its reader and the comparison; nothing
here talks to the bot.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from itertools import chain
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError, model_validator

from bot.content.explain import explain
from bot.content.library import Library
from bot.content.model import Line, Strict, TopicId
from bot.content.positions import Document, read
from bot.dialogue import payloads
from bot.errors import Problem
from bot.messages import Button, Message
from vietnamese import fold

MORNING = time(8)
_PRESSED = re.compile(r"\[(.+)\]")
# How a verdict about a suspected scam begins.
_VERDICTS = {
    "nguy_hiem": "⚠️ Bà con KHÔNG làm theo",
    "chua_ro": "⚠️ Loa không xác nhận được",
    "chinh_thuc": "Loa chỉ xác nhận được",
}


def _several(value: object) -> object:
    return (value,) if isinstance(value, str) else value


def _moment(value: object) -> object:
    return datetime.combine(value, MORNING) if isinstance(value, date) and not isinstance(value, datetime) else value


Lines = Annotated[tuple[Line, ...], BeforeValidator(_several)]
Topics = Annotated[tuple[TopicId, ...], BeforeValidator(_several)]
Moment = Annotated[datetime, BeforeValidator(_moment)]


class Wanted(Strict):
    """What Loa must do in a turn. What is done and not named here is as wrong as what is named and not done."""

    chu_de: Topics = ()
    hoi_lai: Topics = ()
    cau: Lines = ()
    lua_dao: Literal["nguy_hiem", "chua_ro", "chinh_thuc"] | None = None
    co: Lines = ()
    khong_co: Lines = ()
    nut: Lines = ()
    khong_nut: Lines = ()
    hoac: tuple["Wanted", ...] = ()

    @model_validator(mode="after")
    def _something(self) -> "Wanted":
        if not (self.chu_de or self.hoi_lai or self.cau or self.lua_dao):
            raise ValueError('"loa" phải nói Loa làm gì: cần một trong chu_de, hoi_lai, cau, lua_dao')
        return self


class Turn(Strict):
    """One thing the resident does, and what Loa must do."""

    ba_con: Line | None = None
    gui: Literal["tin_thoai", "anh", "nhan_dan", "vi_tri", "tep"] | None = None
    ngay: Moment | None = None
    loa: Wanted

    @model_validator(mode="after")
    def _one_deed(self) -> "Turn":
        if (self.ba_con is None) == (self.gui is None):
            raise ValueError('mỗi lượt cần đúng một trong "ba_con" (gõ chữ, hoặc bấm [nút]) và "gui" (gửi ảnh, tin thoại…)')
        return self

    @property
    def pressed(self) -> str | None:
        """The text of the button pressed, when the turn is a press."""
        match = _PRESSED.fullmatch(self.ba_con or "")
        return match[1] if match else None


class Conversation(Strict):
    ten: Line
    ngay: Moment = datetime(2026, 11, 24, 8)
    kenh: Literal["telegram", "web", "khong_nut"] = "telegram"
    hoi_dap: tuple[Turn, ...] = Field(min_length=1)


@dataclass(frozen=True)
class Placed:
    """A conversation and where it stands. `lines`: the line of each turn."""

    file: str
    conversation: Conversation
    lines: tuple[int, ...]

    @property
    def id(self) -> str:
        return f"{Path(self.file).stem}: {fold(self.conversation.ten).lower()}"


def load(folder: Path) -> tuple[list[Placed], list[Problem]]:
    """Every conversation of `folder`/*.yml, and every mistake in those files. A file with mistakes gives no conversations."""
    found: list[Placed] = []
    problems: list[Problem] = []
    named: dict[str, str] = {}
    for path in sorted(folder.glob("*.yml")):
        document = read(path, shown_as=f"{folder.name}/{path.name}")
        placed, mistakes = _conversations(document)
        for index, one in enumerate(placed):
            where = document.problem((index, "ten"), "")
            if one.id in named:
                mistakes.append(document.problem((index, "ten"), f'tên "{one.conversation.ten}" đã dùng ở {named[one.id]}. Đặt tên khác'))
            named[one.id] = f"dòng {where.line}"
        problems += mistakes
        found += placed if not mistakes else []
    return found, problems


def _conversations(document: Document) -> tuple[list[Placed], list[Problem]]:
    if document.problems:
        return [], document.problems
    try:
        conversations = TypeAdapter(tuple[Conversation, ...]).validate_python(document.data)
    except ValidationError as error:
        return [], [document.problem(tuple(item["loc"]), explain(item, Conversation)) for item in error.errors()]
    return [
        Placed(document.file, one, tuple(document.problem((i, "hoi_dap", j), "").line for j in range(len(one.hoi_dap))))
        for i, one in enumerate(conversations)
    ], []


# --- what Loa did


@dataclass
class Done:
    """What Loa did in a turn, in the words of `Wanted`. `offered`: the topics to choose from when it asked back."""

    topics: list[str] = field(default_factory=list)
    offered: list[str] = field(default_factory=list)
    sayings: list[str] = field(default_factory=list)
    verdict: str | None = None
    text: str = ""
    buttons: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        lists = [("chu_de", self.topics), ("cau", self.sayings), ("hoi_lai", self.offered)]
        parts = [f"{name}: [{', '.join(values)}]" for name, values in lists if values]
        return "; ".join([*parts, *([f"lua_dao: {self.verdict}"] if self.verdict else [])]) or "không gì cả"


def look(messages: Sequence[Message], library: Library) -> Done:
    """Recognise each message: an answer by its topic, a fixed text by content/talk.yml, a verdict by how it begins."""
    done = Done(text="\n".join(message.full_text for message in messages), buttons=[button.text for button in buttons_of(messages)])
    for message in messages:
        verdict = next((name for name, head in _VERDICTS.items() if message.text.startswith(head)), None)
        if message.topic:
            done.topics.append(message.topic)
        elif verdict:
            done.verdict = verdict
        else:
            done.sayings += _sayings(message.text, library) or ["(câu không có trong content/talk.yml)"]
        if "clarify" in done.sayings:
            done.offered += [p.argument for b in buttons_of([message]) if (p := payloads.parse(b.payload or "")) and p.verb == "topic"]
    return done


def buttons_of(messages: Iterable[Message]) -> Iterator[Button]:
    return chain.from_iterable(row for message in messages for row in message.buttons)


def _sayings(text: str, library: Library) -> list[str]:
    resume = library.talk.say("resume") + "\n"
    if text.startswith(resume):
        return ["resume", *_sayings(text.removeprefix(resume), library)]
    fitting = [key for key, template in library.talk.texts.items() if _pattern(template).match(text)]
    return [max(fitting, key=lambda key: len(library.talk.texts[key]))] if fitting else []


def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\\{\w+\\\}", ".+", re.escape(template)), re.DOTALL)


# --- the comparison


def differences(wanted: Wanted, done: Done) -> list[str]:
    """What is wrong with what Loa did, in Vietnamese; empty when it fits `wanted` or one of its `hoac`."""
    wrong = _differences(wanted, done)
    return [] if not wrong or any(not _differences(other, done) for other in wanted.hoac) else wrong


def _differences(wanted: Wanted, done: Done) -> list[str]:
    sayings = {*wanted.cau, *(["clarify"] if wanted.hoi_lai else [])}
    text = _plain(done.text)
    return [
        *_both_ways("câu trả lời về", wanted.chu_de, done.topics),
        *_both_ways("câu", sayings, done.sayings),
        *(
            [f"nhận định về lừa đảo phải là {wanted.lua_dao or 'không có'}, Loa lại nói: {done.verdict or 'không có'}"]
            if wanted.lua_dao != done.verdict
            else []
        ),
        *(f"phải mời chọn câu {topic}" for topic in wanted.hoi_lai if topic not in done.offered),
        *(f'phải có chữ "{words}"' for words in wanted.co if _plain(words) not in text),
        *(f'không được có chữ "{words}"' for words in wanted.khong_co if _plain(words) in text),
        *(f"phải có nút [{name}]" for name in wanted.nut if not matching(name, done.buttons)),
        *(f"không được có nút [{name}]" for name in wanted.khong_nut if matching(name, done.buttons)),
    ]


def _both_ways(what: str, wanted: Iterable[str], done: Iterable[str]) -> list[str]:
    wanted, done = set(wanted), set(done)
    return [*(f"thiếu {what} {one}" for one in sorted(wanted - done)), *(f"thừa {what} {one}" for one in sorted(done - wanted))]


def matching(name: str, buttons: Sequence[str]) -> list[str]:
    """The buttons a person means by `name`: that very text, else those that contain it."""
    exact = [button for button in buttons if _plain(button) == _plain(name)]
    return exact or [button for button in buttons if _plain(name) in _plain(button)]


def _plain(text: str) -> str:
    return " ".join(text.lower().split())


def describe(wanted: Wanted) -> str:
    """`wanted` on one line, as its author wrote it."""
    shown: dict[str, Any] = {key: value for key, value in wanted.model_dump(exclude_defaults=True).items() if key != "hoac"}
    line = "; ".join(f"{key}: {value if isinstance(value, str) else '[' + ', '.join(value) + ']'}" for key, value in shown.items())
    return " — hoặc ".join([line, *map(describe, wanted.hoac)])
