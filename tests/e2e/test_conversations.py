"""The conversations of tests/conversations/*.yml through the whole bot: real Rasa, real turns, a real store, a clock that obeys."""

import re
import secrets
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

import pytest
import pytest_asyncio

from bot.channels.fit import fit
from bot.channels.telegram import TelegramChannel
from bot.channels.terminal import TerminalChannel
from bot.channels.web import WebChannel
from bot.clock import ManualClock
from bot.content.library import Library
from bot.messages import Address, Incoming, Limits, Message
from bot.services.turn import Turns
from bot.settings import ROOT
from bot.store.database import Database
from bot.understanding.client import RasaClient
from tests.conversations.script import Conversation, Placed, Turn, buttons_of, describe, differences, load, look, matching
from tests.rasa import running_rasa

pytestmark = pytest.mark.timeout(900)  # the first test may have to wait for a training
CONVERSATIONS, PROBLEMS = load(ROOT / "tests" / "conversations")
LIMITS = {"telegram": TelegramChannel.limits, "web": WebChannel.limits, "khong_nut": TerminalChannel.limits}
MEDIA = {"tin_thoai": "voice", "anh": "photo", "nhan_dan": "sticker", "vi_tri": "location", "tep": "document"}
PATIENCE = 10.0  # seconds a turn may take on a busy machine; how fast turns are is measured elsewhere
_NUMBERED = re.compile(r"^(\d+)\. (.+)$", re.MULTILINE)


@pytest.fixture(scope="session")
def rasa_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_rasa(tmp_path_factory.mktemp("rasa") / "rasa.log") as url:
        yield url


@pytest_asyncio.fixture
async def turns(rasa_url: str, sqlite: Database, library: Library, clock: ManualClock) -> AsyncIterator[Turns]:
    rasa = RasaClient(rasa_url, PATIENCE)
    yield Turns(lambda: library, rasa, sqlite, clock)
    await rasa.close()


class Stuck(Exception):
    """The turn cannot be played; says why, to staff."""


@dataclass
class Resident:
    """Somebody who talks with Loa on one channel. `heard`: all of Loa's messages, newest last."""

    turns: Turns
    channel: str
    address: Address
    heard: list[Message] = field(default_factory=list)

    @property
    def limits(self) -> Limits:
        return LIMITS[self.channel]

    async def take(self, turn: Turn) -> list[Message]:
        """Do what the turn says; returns Loa's messages. Stuck when there is no such button, or no reply."""
        messages = list((await self.turns.take(self._incoming(turn), self.limits)).messages)
        if not messages or not all(message.text for message in messages):
            raise Stuck("Loa không trả lời gì cả.")
        self.heard += messages
        return messages

    def _incoming(self, turn: Turn) -> Incoming:
        number = secrets.token_hex(8)
        if turn.gui:
            return Incoming(self.address, number, "media", media=MEDIA[turn.gui])
        if not turn.pressed:
            return Incoming(self.address, number, "text", turn.ba_con or "")
        if self.limits.buttons == 0:
            return Incoming(self.address, number, "text", self._number(turn.pressed))
        return Incoming(self.address, number, "payload", self._payload(turn.pressed))

    def _payload(self, name: str) -> str:
        for message in reversed(self.heard):  # the buttons of older messages can still be pressed
            shown = [button for button in buttons_of([message]) if button.payload]
            if found := _the_one(name, [button.text for button in shown]):
                return next(button.payload or "" for button in shown if button.text == found)
        raise Stuck(f"Không có nút nào tên [{name}].")

    def _number(self, name: str) -> str:
        """On a channel without buttons: the number that stands before the choice in the last list."""
        for message in reversed(self.heard):
            listed = dict[str, str](reversed(pair) for pair in _NUMBERED.findall(self._shown(message).rpartition("Bà con nhắn số")[2]))
            if listed:  # only the newest list counts: an older number means something else by now
                if found := _the_one(name, list(listed)):
                    return listed[found]
                raise Stuck(f"Trong các lựa chọn đánh số không có mục [{name}]: {', '.join(listed)}.")
        raise Stuck("Chưa có lựa chọn đánh số nào.")

    def _shown(self, message: Message) -> str:
        return "\n".join(piece.text for piece in fit(message, self.limits))

    def shows(self, message: Message) -> str:
        """A message as it stands on the resident's screen."""
        rows = [" ".join(f"[{button.text}]" for button in row) for row in message.buttons] if self.limits.buttons else []
        return "\n".join([self._shown(message), *rows])


def _the_one(name: str, choices: list[str]) -> str | None:
    """The choice meant by `name`, None if there is none. Raises Stuck when there are several."""
    found = matching(name, choices)
    if len(found) > 1:
        raise Stuck(f"Có nhiều lựa chọn giống [{name}]: {', '.join(found)}. Viết rõ hơn.")
    return found[0] if found else None


async def play(placed: Placed, resident: Resident, clock: ManualClock, library: Library) -> None:
    """Go through the conversation; fails, with all that was said, at the first turn that goes wrong."""
    conversation, transcript = placed.conversation, list[str]()
    for line, turn in zip(placed.lines, conversation.hoi_dap, strict=True):
        if turn.ngay:
            clock.moment = ManualClock(turn.ngay).moment
        transcript.append(f"Bà con: {turn.ba_con or '(' + str(turn.gui) + ')'}")
        done = None
        try:
            messages = await resident.take(turn)
            transcript += [_indent("Loa: " + resident.shows(message)) for message in messages]
            done = look(messages, library)
            wrong = differences(turn.loa, done)
        except Stuck as error:
            wrong = [str(error)]
        if wrong:
            pytest.fail(
                "\n".join(
                    [
                        f"{placed.file}:{line}: {conversation.ten}",
                        "",
                        *transcript,
                        "",
                        f"Phải là:  {describe(turn.loa)}",
                        f"Loa đã làm: {done or 'chưa gì'}",
                        "Chưa đúng:",
                        *(f"  • {one}" for one in wrong),
                    ]
                ),
                pytrace=False,
            )


def _indent(text: str) -> str:
    return text.replace("\n", "\n     ")


def start(conversation: Conversation, turns: Turns) -> Resident:
    channel = "terminal" if conversation.kenh == "khong_nut" else conversation.kenh
    return Resident(turns, conversation.kenh, Address(channel, secrets.token_hex(8)))


def test_every_file_is_well_formed() -> None:
    if PROBLEMS:
        pytest.fail("\n".join(map(str, PROBLEMS)), pytrace=False)


def test_there_are_enough_conversations() -> None:
    assert len(CONVERSATIONS) >= 60


@pytest.mark.parametrize("placed", CONVERSATIONS, ids=lambda placed: placed.id)
async def test_conversation(placed: Placed, turns: Turns, clock: ManualClock, library: Library) -> None:
    clock.moment = ManualClock(placed.conversation.ngay).moment
    await play(placed, start(placed.conversation, turns), clock, library)
