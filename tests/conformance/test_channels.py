"""One table for every channel: whatever a message holds, the resident reads all of it and can press or type all of it."""

import asyncio
import importlib
import inspect
import pkgutil
import unicodedata
from collections.abc import Callable
from itertools import chain
from pathlib import Path

import pytest

import bot.channels
from bot import errors
from bot.channels.fit import choices, fit
from bot.clock import SystemClock
from bot.messages import Button, Incoming, Limits, Message, Poll
from bot.services.intake import Intake
from bot.store.database import Database
from bot.text import length
from tests.conformance.benches import BENCHES, LISTENING, NETWORKED, Bench, Shown
from tests.doubles.log_lines import log_lines

SENTENCE = "Bà con mang căn cước công dân đến công an xã, phường nơi cư trú. "
MARKUP = "<b>Tèo & con</b> *in đậm* _gạch_ [x](y) `mã` \\n &lt; &nbsp; </i> {0} %s"


def _buttons(count: int) -> Message:
    return Message("Bà con chọn nhé", buttons=tuple((Button(f"Câu {n}", payload=f"/topic a/b{n}"),) for n in range(1, count + 1)))


def _filled(limits: Limits, extra: int) -> Message:
    """Sentences that take exactly the limit, or `extra` more."""
    wanted = limits.text + extra
    return Message((SENTENCE * (wanted // len(SENTENCE) + 1))[: wanted - 1].rstrip().ljust(wanted, "."))


ROWS: dict[str, Callable[[Limits], Message]] = {
    "plain": lambda limits: Message("Bà con đến công an xã."),
    "composed marks": lambda limits: Message(unicodedata.normalize("NFC", SENTENCE).strip()),
    "decomposed marks": lambda limits: Message(unicodedata.normalize("NFD", SENTENCE).strip()),
    "lines and blank lines": lambda limits: Message("Một.\n• hai\n• ba\n\nBốn."),
    "at the limit": lambda limits: _filled(limits, 0),
    "one over the limit": lambda limits: _filled(limits, 1),
    "far over the limit": lambda limits: _filled(limits, limits.text * 2 + 500),
    "one endless word over the limit": lambda limits: Message("x" * (limits.text + 1)),
    "emoji at the limit": lambda limits: Message("👍" * (limits.text // 2)),
    "emoji over the limit": lambda limits: Message("👍" * (limits.text // 2 + 1)),
    "emoji of many code points": lambda limits: Message("👨‍👩‍👧 " * 50),
    "markup in the text": lambda limits: Message(MARKUP),
    "markup everywhere at the limit": lambda limits: Message("&<>" * (limits.text // 3)),
    "sources": lambda limits: Message("Miễn phí.", sources=("Thông tư 59/2021/TT-BCA, Điều 3 & 4", "<Luật Cư trú>")),
    "sources after a text at the limit": lambda limits: Message(_filled(limits, 0).text, sources=("Luật Cư trú 2020",)),
    "one button": lambda limits: _buttons(1),
    "as many buttons as allowed": lambda limits: _buttons(max(limits.buttons, 2)),
    "more buttons than allowed": lambda limits: _buttons(limits.buttons + 1),
    "buttons under a text over the limit": lambda limits: Message(_filled(limits, 300).text, buttons=_buttons(3).buttons),
    "twelve buttons in a row": lambda limits: Message(
        "Chọn tháng", buttons=(tuple(Button(str(n), payload=f"/place p{n}") for n in range(12)),)
    ),
    "markup in a button": lambda limits: Message("Chọn", buttons=((Button("<b> & 'x'", payload="/place a<b&c"),),)),
    "a payload of 64 bytes": lambda limits: Message("Chọn", buttons=((Button("Dài", payload="/topic " + "a" * 57),),)),
    "a link": lambda limits: Message("Nộp ở đây", buttons=((Button("Mở trang", url="https://dichvucong.gov.vn/?a=1&b=2"),),)),
    "a link among buttons": lambda limits: Message(
        "Chọn", buttons=(*_buttons(2).buttons, (Button("Mở trang", url="https://vneid.gov.vn"),))
    ),
    "a poll": lambda limits: Message("", poll=Poll("Bà con có VNeID chưa?", ("Rồi", "Chưa"))),
    "a quiz": lambda limits: Message(
        "", poll=Poll("Sổ giấy hết giá trị khi nào?", ("2022", "2023"), correct=0, explanation="Hết năm 2022")
    ),
}


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("name", BENCHES)
async def test_all_of_a_message_reaches_the_resident(name: str, row: str) -> None:
    async with BENCHES[name]() as bench:
        limits = bench.channel.limits
        message = ROWS[row](limits)
        pieces = fit(message, limits)
        for piece in pieces:
            await bench.channel.send(bench.to, piece)
        _fits(pieces, limits)
        _all_read(message, limits, bench.shown())
        _all_pressable(message, limits, bench.shown())


def _fits(pieces: list[Message], limits: Limits) -> None:
    for piece in pieces:
        assert length(piece.text, limits.unit) <= limits.text
        assert sum(map(len, piece.buttons)) <= limits.buttons and all(len(row) <= limits.row for row in piece.buttons)
    assert [bool(piece.buttons) for piece in pieces[:-1]] == [False] * (len(pieces) - 1), "buttons belong under the last piece"


def _all_read(message: Message, limits: Limits, shown: list[Shown]) -> None:
    """Every character in its order; only white space at a cut may go."""
    read = "".join("".join(one.text for one in shown).split())
    assert read.startswith("".join(message.full_text.split()))
    if message.poll:
        assert "".join(message.poll.question.split()) in read


def _all_pressable(message: Message, limits: Limits, shown: list[Shown]) -> None:
    """Each choice is a button that sends its payload, or a number that stands for it; each link a button or a line."""
    wanted = [button for button in chain(*message.buttons) if button.payload]
    numbered = choices(message, limits)
    pressed = [sends for one in shown for _, sends in one.buttons]
    text = "\n".join(one.text for one in shown)
    if numbered:
        assert numbered == [button.payload for button in wanted]
        assert all(f"{number}. {button.text}" in text for number, button in enumerate(wanted, 1))
    else:
        assert [sends for sends in pressed if sends.startswith("/")] == [button.payload for button in wanted]
    for link in (button for button in chain(*message.buttons) if button.url):
        assert link.url in pressed or f"{link.text}: {link.url}" in text


TROUBLES = {
    "wait": errors.Throttled,
    "server error": errors.OutcomeUnknown,
    "no answer in time": errors.OutcomeUnknown,
    "malformed answer": errors.OutcomeUnknown,
    "connection lost": errors.OutcomeUnknown,
    "blocked": errors.Blocked,
}


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("name", NETWORKED)
async def test_a_failed_send_is_named_for_what_it_is_and_not_repeated(name: str, trouble: str) -> None:
    async with BENCHES[name]() as bench:
        assert bench.trouble
        bench.trouble(trouble)
        with pytest.raises(errors.DeliveryError) as caught:
            await bench.channel.send(bench.to, Message("chào"))
        assert type(caught.value) is TROUBLES[trouble]
        assert len(bench.shown()) <= 1
        _keeps_secrets(bench, repr(caught.value))


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("name", NETWORKED)
async def test_no_log_line_holds_a_secret_or_what_was_said(name: str, trouble: str) -> None:
    async with BENCHES[name]() as bench:
        assert bench.trouble
        bench.trouble(trouble)
        with log_lines() as lines, pytest.raises(errors.DeliveryError):
            await bench.channel.send(bench.to, Message("điều bà con nói"))
        _keeps_secrets(bench, lines())
        assert "điều bà con nói" not in lines()


def _keeps_secrets(bench: Bench, text: str) -> None:
    assert bench.channel.secrets()
    assert not [secret for secret in bench.channel.secrets() if secret in text]


@pytest.mark.parametrize("name", BENCHES)
async def test_closing_while_sending_leaves_nothing_half_done(name: str) -> None:
    async with BENCHES[name]() as bench:
        sends = [asyncio.create_task(bench.channel.send(bench.to, Message(f"tin {number}"))) for number in range(20)]
        await asyncio.sleep(0)
    results = await asyncio.gather(*sends, return_exceptions=True)
    sent = sum(not isinstance(result, BaseException) for result in results)
    assert all(isinstance(result, errors.Unreachable) for result in results if isinstance(result, BaseException)), results
    assert sum(one.text.count("tin ") for one in bench.shown()) == sent


@pytest.mark.parametrize("name", LISTENING)
async def test_what_arrives_twice_or_out_of_order_is_handled_once_and_in_order_of_arrival(name: str, tmp_path: Path) -> None:
    database, handled = Database(f"sqlite:///{tmp_path / 'loa.db'}"), asyncio.Queue[Incoming]()
    await database.migrate()
    async with BENCHES[name]() as bench:
        assert bench.arrive
        intake, stop = Intake(name, handled.put, database, SystemClock()), asyncio.Event()
        tasks = [asyncio.create_task(bench.channel.listen(intake.receive)), asyncio.create_task(intake.run(stop))]  # type: ignore[attr-defined]
        for number, text in ((50, "một"), (30, "hai"), (50, "một"), (60, "ba"), (30, "hai"), (20, "bốn")):
            bench.arrive(number, text)
        texts = [(await asyncio.wait_for(handled.get(), 10)).text for _ in range(4)]
        bench.arrive(50, "một")
        bench.arrive(70, "cuối")
        texts.append((await asyncio.wait_for(handled.get(), 10)).text)
        stop.set()
        tasks[0].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    await database.close()
    assert texts == ["một", "hai", "ba", "bốn", "cuối"] and handled.empty()


def test_every_channel_is_on_the_table() -> None:
    found = set()
    for module in pkgutil.iter_modules(bot.channels.__path__):
        for _, kind in inspect.getmembers(importlib.import_module(f"bot.channels.{module.name}"), inspect.isclass):
            if kind.__module__ == f"bot.channels.{module.name}" and isinstance(getattr(kind, "limits", None), Limits):
                found.add(kind.name)
    assert found == set(BENCHES)
