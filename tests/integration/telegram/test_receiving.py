"""What comes in is stored before Telegram may forget it, once, whatever breaks in between."""

import asyncio
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.clock import ManualClock, SystemClock
from bot.dialogue.payloads import button
from bot.messages import Incoming, Message
from bot.services.intake import Intake
from bot.store.database import Database
from tests.doubles.bot_api import TOKEN, BotApi
from tests.integration.telegram.support import CHAT, TO, Mailbox, Waits, listening

ROOT = Path(__file__).resolve().parents[3]


async def test_nothing_is_confirmed_before_it_is_stored(api: BotApi, mailbox: Mailbox) -> None:
    mailbox.open.clear()
    async with listening(api, mailbox) as channel:
        api.say(CHAT, "làm căn cước ở đâu")
        await asyncio.wait_for(mailbox.asked.wait(), 10)
        for _ in range(10):  # time enough for another poll, had it been begun
            await channel.send(TO, Message("…"))
        assert api.updates.polls == 1 and not api.updates.confirmed
        mailbox.open.set()
        await api.until(lambda: api.updates.confirmed)
    assert mailbox.texts == ["làm căn cước ở đâu"]


async def test_what_cannot_be_stored_stays_with_telegram_and_comes_again(api: BotApi, mailbox: Mailbox) -> None:
    mailbox.failing = 3
    api.say(CHAT, "một")
    api.say(CHAT, "hai")
    with capture_logs() as lines:
        async with listening(api, mailbox, sleep=(waits := Waits())) as channel:
            await api.until(lambda: len(api.updates.confirmed) == 2)
            assert channel.trouble is None and channel.heard_at
    assert mailbox.texts == ["một", "hai"]
    assert waits.seconds == pytest.approx([1.0, 1.0, 1.0])
    assert [line["event"] for line in lines].count("telegram.store") == 1


@asynccontextmanager
async def bot_process(api: BotApi, database: Path, mode: str) -> AsyncIterator[None]:
    """Killed at the end, without a chance to tidy up."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.integration.telegram.bot_process", api.url, api.token, str(database), mode, cwd=ROOT
    )
    try:
        yield
    finally:
        process.kill()
        await process.wait()


@pytest.mark.parametrize("moment", ["storing", "handling"])
async def test_a_kill_loses_nobodys_question(api: BotApi, tmp_path: Path, moment: str) -> None:
    questions = {chat: f"câu hỏi {chat}" for chat in range(1, 11)}
    for chat, question in questions.items():
        api.say(chat, question)
    async with bot_process(api, tmp_path / "loa.db", moment):
        if moment == "storing":
            await api.until(lambda: all(entry.handed for entry in api.updates.waiting), 30)
            assert not api.updates.confirmed
        else:
            await api.until(lambda: len(api.updates.confirmed) == len(questions), 30)
    assert not api.delivered()
    async with bot_process(api, tmp_path / "loa.db", "answering"):
        await api.until(lambda: len(api.delivered()) == len(questions), 30)
    assert {chat: api.texts(chat) for chat in questions} == {chat: [f"Đã nhận: {question}"] for chat, question in questions.items()}


async def test_a_repeated_update_is_handled_once_and_a_late_one_still(api: BotApi, tmp_path: Path) -> None:
    database, clock, handled = Database(f"sqlite:///{tmp_path / 'loa.db'}"), SystemClock(), asyncio.Queue[Incoming]()
    await database.migrate()
    intake, stop = Intake("telegram", handled.put, database, clock), asyncio.Event()
    work = asyncio.create_task(intake.run(stop))
    async with listening(api, intake.receive):
        early = {"update_id": 5, "message": {**api.say(CHAT, "x")["message"], "text": "muộn"}}
        again = api.say(CHAT, "hai lần")
        api.push(again)
        await api.until(lambda: len(api.updates.confirmed) == 3)
        api.push(again)
        api.push(early)
        api.say(CHAT, "cuối")
        seen = [(await asyncio.wait_for(handled.get(), 10)).text for _ in range(4)]
    stop.set()
    await work
    await database.close()
    assert seen == ["x", "hai lần", "muộn", "cuối"] and handled.empty()


async def test_two_taps_and_a_tap_sent_again_are_two_things_each_answered(api: BotApi, mailbox: Mailbox) -> None:
    async with listening(api, mailbox) as channel:
        await channel.send(TO, Message("Chọn", buttons=((button("Ở đâu", "topic", "a/b"), button("Lệ phí", "topic", "a/c")),)))
        first, second = api.press(CHAT, "Ở đâu"), api.press(CHAT, "Lệ phí")
        api.press_again(first)
        await api.until(lambda: len(api.calls_of("answerCallbackQuery")) == 3)
    assert [(item.kind, item.text) for item in mailbox.items] == [
        ("payload", "/topic a/b"),
        ("payload", "/topic a/c"),
        ("payload", "/topic a/b"),
    ]
    assert len({item.id for item in mailbox.items}) == 3
    assert {call.status for call in api.calls_of("answerCallbackQuery")} == {200}
    assert second["callback_query"]["data"] == "/topic a/c"


async def test_an_update_of_a_shape_nobody_knows_holds_up_nobody(api: BotApi, mailbox: Mailbox) -> None:
    with capture_logs() as lines:
        async with listening(api, mailbox):
            api.push({"update_id": 1, "message": {"message_id": 1, "chat": {"id": CHAT}, "text": "hỏng", "date": "hôm qua"}})
            api.push({"update_id": 2, "message": {"chat": {"id": CHAT, "type": "private"}}})
            api.say(CHAT, "tốt")
            await api.until(lambda: len(api.updates.confirmed) == 3)
    assert mailbox.texts == ["tốt"]
    odd = [line for line in lines if line["event"] == "telegram.odd_update"]
    assert len(odd) == 2 and "hỏng" not in str(odd)


async def test_text_that_no_database_stores_is_cleaned(api: BotApi, mailbox: Mailbox) -> None:
    async with listening(api, mailbox):
        api.say(CHAT, "căn\0 cước \ud83d ở đâu")
        await api.until(lambda: api.updates.confirmed)
    assert mailbox.texts == ["căn cước  ở đâu"]


async def test_a_second_instance_is_named_once_and_polling_goes_on_when_it_is_gone(api: BotApi, mailbox: Mailbox) -> None:
    clock = ManualClock(datetime(2022, 11, 7, 8))
    api.fault("error", method="getUpdates", status=409, times=4, description="Conflict: terminated by other getUpdates request")
    with capture_logs() as lines:
        async with listening(api, mailbox, sleep=(waits := Waits()), clock=clock):
            api.say(CHAT, "chào")
            await api.until(lambda: api.updates.confirmed)
    said = [line for line in lines if line["event"] == "telegram.conflict"]
    assert len(said) == 1 and "stop it" in said[0]["do"] and said[0]["log_level"] == "error"
    assert waits.seconds == sorted(waits.seconds) and len(waits.seconds) == 4
    assert mailbox.texts == ["chào"]


async def test_a_webhook_left_behind_gives_way_to_polling_without_losing_what_waits(api: BotApi, mailbox: Mailbox) -> None:
    api.say(CHAT, "đang chờ")
    async with listening(api, mailbox):
        await api.until(lambda: api.updates.confirmed)
    assert mailbox.texts == ["đang chờ"]
    assert api.calls_of("deleteWebhook")[0].params.get("drop_pending_updates", "false") == "false"


async def test_a_refused_token_is_one_line_that_says_what_to_check_and_is_tried_again(api: BotApi, mailbox: Mailbox) -> None:
    api.token = "1:another"
    api.say(CHAT, "chào")
    waits = Waits(enough=12)
    with capture_logs() as lines:
        async with listening(api, mailbox, token=TOKEN, sleep=waits) as channel:
            await asyncio.wait_for(waits.enough.wait(), 10)
            assert channel.trouble == "token"
            api.token = TOKEN
            await api.until(lambda: api.updates.confirmed)
    said = [line for line in lines if line["event"] == "telegram.token"]
    assert len(said) == 1 and "LOA_TELEGRAM_TOKEN" in said[0]["do"]
    assert TOKEN not in str(lines)
    assert max(waits.seconds) == 60.0


async def test_it_starts_without_telegram_and_works_when_telegram_is_back(api: BotApi, mailbox: Mailbox) -> None:
    await api.down()
    waits = Waits(enough=3)
    async with listening(api, mailbox, sleep=waits) as channel:
        await asyncio.wait_for(waits.enough.wait(), 10)
        assert channel.trouble == "network"
        await api.up()
        api.say(CHAT, "có mạng rồi")
        await api.until(lambda: api.updates.confirmed)
    assert mailbox.texts == ["có mạng rồi"]


async def test_an_outage_while_polling_is_survived(api: BotApi, mailbox: Mailbox) -> None:
    async with listening(api, mailbox):
        await api.until(lambda: api.updates.polls)
        await api.down()
        await api.up()
        api.fault("bad_gateway", method="getUpdates", times=2)
        api.fault("malformed", method="getUpdates")
        api.fault("too_many", method="getUpdates", retry_after=3)
        api.say(CHAT, "còn đây")
        await api.until(lambda: api.updates.confirmed)
    assert mailbox.texts == ["còn đây"]


async def test_it_introduces_itself_with_its_commands(api: BotApi, mailbox: Mailbox) -> None:
    async with listening(api, mailbox):
        await api.until(lambda: api.updates.polls)
    assert [command["command"] for command in api.world.commands] == ["batdau", "hoi", "dangky", "huy", "dulieu", "trogiup"]
    assert all(command["description"] != command["description"].encode("ascii", "ignore").decode() for command in api.world.commands)
    assert api.updates.allowed == {"message", "edited_message", "callback_query", "my_chat_member"}


async def test_typing_is_shown_only_while_an_answer_is_awaited(api: BotApi, mailbox: Mailbox) -> None:
    async with listening(api, mailbox, typing_after=0.0):
        api.say(CHAT, "lâu")
        await api.until(lambda: api.calls_of("sendChatAction"))
    async with listening(api, mailbox, typing_after=3600.0) as channel:
        api.say(CHAT, "nhanh")
        await api.until(lambda: len(api.updates.confirmed) == 2)
        await channel.send(TO, Message("đây"))
        assert not channel._typing
    assert Counter(call.method for call in api.calls)["sendChatAction"] == 1
