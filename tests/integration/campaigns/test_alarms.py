"""What staff are told in their own chats: over HTTP, with a Bot API on loopback."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bot.bootstrap import open_core
from bot.campaigns.pace import NoPace
from bot.channels.telegram import TelegramChannel
from bot.errors import OutcomeUnknown, Problem, Rejected
from bot.messages import Address
from bot.serve import _Readiness
from bot.services.alarms import Alarms
from bot.services.reply import Replies
from bot.settings import load
from bot.store.database import Database
from tests.conftest import until
from tests.doubles.bot_api import BotApi
from tests.doubles.log_lines import log_lines
from tests.integration.campaigns.conftest import Province, Remembering, simple

STAFF, COLLEAGUE, RESIDENT = 77_000_900, 77_000_901, 7  # no digits that a time of day could hold
WELL = {"database": "ok", "content": "ok", "rasa": "ok", "telegram": "ok"}


@dataclass
class Office:
    """Alarms of a province, with its parts and content problems as the test sets them."""

    province: Province
    api: BotApi
    alarms: Alarms
    parts: dict[str, str] = field(default_factory=lambda: dict(WELL))
    problems: list[Problem] = field(default_factory=list)
    web: Remembering = field(default_factory=lambda: Remembering(name="web"))

    async def later(self, **delta: float) -> None:
        self.province.clock.advance(**delta)
        await self.alarms.look()

    @property
    def told(self) -> list[str]:
        return self.api.texts(STAFF)


@asynccontextmanager
async def opened(province: Province, api: BotApi, database: Database | None = None) -> AsyncIterator[Office]:
    async with TelegramChannel(api.token, province.clock, api_url=api.url) as channel:
        office = Office(province, api, None)  # type: ignore[arg-type]
        store = database or province.database
        replies = {name: Replies(each, NoPace(), store, province.clock) for name, each in (("telegram", channel), ("web", office.web))}

        async def parts() -> dict[str, str]:
            return office.parts

        staff = [Address("telegram", str(STAFF)), Address("telegram", str(COLLEAGUE)), Address("web", "w" * 32)]
        office.alarms = Alarms(staff, replies, parts, lambda: office.problems, province.service, store, province.clock)
        yield office


@pytest.fixture
async def office(province: Province) -> AsyncIterator[Office]:
    async with BotApi() as api, opened(province, api) as office:
        yield office


async def send(province: Province, error: Exception, chats: range = range(RESIDENT, RESIDENT + 6)) -> None:
    """A campaign to a few residents, each of which ends in `error`."""

    def answer(chat: str, times: int) -> None:
        raise error

    province.channel.answer = answer
    await province.subscribe(chats)
    province.write("thu", simple())
    await province.launch("thu")
    province.clock.advance(hours=1)
    await province.ticker.tick()
    await province.ticker.tick()
    async with province.sending(in_flight=2):
        await province.drain()


async def test_all_is_well_and_nobody_is_disturbed(office: Office) -> None:
    await office.later(minutes=1)
    await office.later(hours=2)
    assert office.api.sends() == []


async def test_a_campaign_that_paused_itself_is_told_once_with_the_reason(office: Office) -> None:
    await send(office.province, Rejected("bad"))
    await office.later(seconds=1)
    await office.later(hours=2)
    [text] = office.told
    assert "“Thử” (thu)" in text and "bị nền tảng từ chối" in text and "./loa campaign status thu" in text
    assert office.api.texts(COLLEAGUE) == [text] and len(office.web.sent) == 1


async def test_what_staff_paused_themselves_is_no_alarm(office: Office) -> None:
    office.province.write("thu", simple())
    await office.province.launch("thu")
    await office.province.service.pause("thu", "Lê Thị Soạn", "sai giờ")
    await office.later(seconds=1)
    assert office.told == []


async def test_unknown_deliveries_are_told_with_what_can_be_decided_and_again_only_when_there_are_more(office: Office) -> None:
    await send(office.province, OutcomeUnknown())
    await office.later(seconds=1)
    await office.later(hours=2)
    [text] = office.told
    assert "6 tin" in text and "resend thu --unknown" in text
    assert not any(str(chat) in text.split() for chat in range(RESIDENT, RESIDENT + 6))


async def test_a_missed_moment_is_told_with_its_time(office: Office) -> None:
    province = office.province
    province.write("thu", simple())
    await province.launch("thu")
    province.clock.advance(days=3)
    await province.ticker.tick()
    await office.later(seconds=1)
    [text] = office.told
    assert "10:00 ngày 07/11/2022" in text and "không tự gửi bù" in text


async def test_broken_content_is_told_when_it_stays_broken(office: Office) -> None:
    office.problems = [Problem("content/faq/chung.yml", 3, 5, "thiếu mục short"), Problem("x.yml", 1, 1, "dài", warning=True)]
    await office.later(seconds=1)
    assert office.told == [], "a file in the middle of an edit"
    await office.later(minutes=1)
    [text] = office.told
    assert "content/faq/chung.yml:3:5: thiếu mục short" in text and "x.yml" not in text and "bản đúng trước đó" in text


async def test_rasa_is_told_after_two_minutes_and_when_it_is_back(office: Office) -> None:
    office.parts["rasa"] = "starting"
    await office.later(seconds=1)
    await office.later(seconds=119)
    assert office.told == []
    await office.later(seconds=1)
    await office.later(minutes=70)
    office.parts["rasa"] = "ok"
    await office.later(minutes=2)
    assert len(office.told) == 1, "perhaps another process still sees it down"
    await office.later(minutes=2)
    await office.later(minutes=2)
    down, back = office.told
    assert "Rasa đang dừng" in down and "đã chạy lại" in back


async def test_a_short_rest_of_rasa_is_no_alarm(office: Office) -> None:
    for state in ("starting", "ok") * 3:
        office.parts["rasa"] = state
        await office.later(seconds=90)
    assert office.told == []


async def test_of_each_kind_at_most_one_an_hour_and_what_came_meanwhile_is_said_then(office: Office) -> None:
    office.problems = [Problem("a.yml", 1, 1, "một")]
    await office.later(seconds=1)
    await office.later(minutes=1)
    office.problems = [Problem("b.yml", 1, 1, "hai")]
    for _ in range(11):
        await office.later(minutes=5)
    assert len(office.told) == 1
    await office.later(minutes=5)
    assert len(office.told) == 2 and "b.yml" in office.told[1]


async def test_a_restart_and_a_second_process_repeat_nothing(office: Office) -> None:
    await send(office.province, Rejected("bad"))
    await office.later(seconds=1)
    async with opened(office.province, office.api) as second:
        await second.later(minutes=1)
        await second.later(hours=3)
    assert len(office.told) == 1


async def looking(*offices: Office, minutes: int) -> None:
    """All of them look, every two minutes."""
    for _ in range(minutes // 2):
        offices[0].province.clock.advance(minutes=2)
        for office in offices:
            await office.alarms.look()


async def test_a_trouble_of_one_process_is_told_once_and_is_not_over_because_another_is_well(office: Office) -> None:
    office.parts |= {"rasa": "starting", "telegram": "conflict"}
    async with opened(office.province, office.api) as well, opened(office.province, office.api) as web_only:
        del web_only.parts["telegram"]
        await looking(office, well, web_only, minutes=130)
        assert sorted(text.splitlines()[2][:12] for text in office.told) == ["Có một máy k", "Hơn 2 phút n"]
        office.parts |= WELL
        await looking(office, well, web_only, minutes=10)
        assert "đã chạy lại" in office.told[2]
        office.parts["telegram"] = "conflict"
        await looking(office, well, web_only, minutes=60)
    assert len(office.told) == 4 and "máy khác" in office.told[3]


@pytest.mark.parametrize("trouble", ["token", "conflict"])
async def test_a_restart_does_not_repeat_what_lasts_and_tells_what_comes_again(office: Office, trouble: str) -> None:
    office.parts["telegram"] = trouble
    await looking(office, minutes=10)
    office.province.clock.advance(hours=2)
    async with opened(office.province, office.api) as again:
        again.parts["telegram"] = "starting"
        await looking(again, minutes=10)
        again.parts["telegram"] = trouble
        await looking(again, minutes=70)
        assert len(office.told) == 1
        again.parts["telegram"] = "ok"
        await looking(again, minutes=10)
        again.parts["telegram"] = trouble
        await looking(again, minutes=10)
    assert len(office.told) == 2


async def test_what_a_process_saw_that_is_gone_for_good_ends_within_a_day(office: Office) -> None:
    office.parts |= {"rasa": "starting", "telegram": "conflict"}
    await looking(office, minutes=10)
    async with opened(office.province, office.api) as web_only:
        del web_only.parts["telegram"]
        await looking(web_only, minutes=10)
        assert len(office.told) == 3 and "đã chạy lại" in office.told[2]
        office.province.clock.advance(days=1)
        await looking(web_only, minutes=2)
    office.parts["rasa"] = "ok"
    await looking(office, minutes=10)
    assert len(office.told) == 4 and "máy khác" in office.told[3]


async def test_telegram_is_well_for_alarms_only_once_it_answered(tmp_path: Path) -> None:
    async def receive(items: object) -> None:
        pass

    settings = load(state_dir=tmp_path, rasa_url="http://127.0.0.1:1")
    async with (
        BotApi() as api,
        open_core(settings, "http://127.0.0.1:1") as core,
        TelegramChannel(api.token, core.clock, api_url=api.url, sleep=lambda _: asyncio.sleep(0.01)) as channel,
    ):
        readiness = _Readiness(core, None, channel)
        assert ((await readiness())["telegram"], (await readiness.seen())["telegram"]) == ("ok", "starting")
        api.token, right = "1:another", api.token
        listening = asyncio.create_task(channel.listen(receive))
        await until(lambda: channel.trouble)
        assert (await readiness.seen())["telegram"] == "token"
        api.token = right
        api.say(RESIDENT, "chào")
        await until(lambda: channel.heard_at)
        assert (await readiness.seen())["telegram"] == "ok"
        listening.cancel()


@pytest.mark.parametrize("trouble", ["token", "conflict"])
async def test_a_refused_token_is_told_through_another_channel(office: Office, trouble: str) -> None:
    office.api.token = "1:another"
    office.parts["telegram"] = trouble
    await office.later(seconds=1)
    await office.later(minutes=1)
    [(chat, message)] = office.web.sent
    assert chat == "w" * 32 and "mã" in message.text
    assert office.told == []


async def test_when_nobody_can_be_reached_it_is_tried_again_and_disturbs_nothing(office: Office) -> None:
    def away(chat: str, times: int) -> None:
        raise Rejected("no page")

    office.web.answer = away
    office.api.reach(STAFF, "blocked")
    office.api.reach(COLLEAGUE, "blocked")
    await send(office.province, Rejected("bad"))
    with log_lines() as lines:
        await office.later(seconds=1)
    assert str(STAFF) not in lines() and office.told == []
    office.api.reach(STAFF, "open")
    await office.later(minutes=2)
    assert office.told == []
    await office.later(minutes=3)
    assert len(office.told) == 1
