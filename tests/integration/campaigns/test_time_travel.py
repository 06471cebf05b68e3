"""Days and years pass in seconds: what goes out when, whatever the clock and the server do."""

import asyncio
from collections import Counter
from datetime import datetime, timedelta

import pytest

from bot.campaigns.pace import NoPace
from bot.clock import VIETNAM, ManualClock
from bot.errors import Unreachable
from bot.messages import Address
from bot.services.campaign_clock import CampaignClock
from tests.integration.campaigns.conftest import Province, simple, wait_for

COUNTDOWN = (
    simple()
    .replace(
        "schedule: {at: 2022-11-07 10:00}",
        "schedule: {countdown: {to: 2022-12-31, days: [30, 15, 7, 3, 0, -5], at: '08:00'}, useful_for: 12}",
    )
    .replace("Chào bà con ở {{ place }}.", "còn {{ days_left }}")
)


class Gated(NoPace):
    """One message for each release of the gate."""

    def __init__(self) -> None:
        self.gate, self.asked = asyncio.Semaphore(0), 0

    async def campaign(self, chat: str) -> None:
        self.asked += 1
        await self.gate.acquire()


async def live(province: Province, until: str, step: timedelta = timedelta(hours=1)) -> list[tuple[str, str]]:
    """(when, which line) of everything that was sent while the clock runs to `until`."""
    end = datetime.fromisoformat(until).replace(tzinfo=VIETNAM)
    seen: list[tuple[str, str]] = []
    async with province.sending():
        while province.clock.now() < end:
            province.clock.moment += step
            before = len(province.channel.sent)
            await province.ticker.tick()
            await _drain(province)
            seen += [(f"{province.clock.now():%m-%d %H:%M}", message.text.splitlines()[2]) for _, message in province.channel.sent[before:]]
    return seen


async def _drain(province: Province) -> None:
    if any(item.state in ("filling", "sending") for item in await province.occurrences()) and 7 <= province.clock.now().hour < 21:
        await province.drain()


async def test_a_countdown_over_the_turn_of_the_year(province: Province) -> None:
    await province.subscribe([1])
    province.write("thu", COUNTDOWN)
    await province.launch("thu")
    assert await live(province, "2023-01-06T00:00", timedelta(hours=12)) == [
        ("12-01 09:00", "còn 30"),
        ("12-16 09:00", "còn 15"),
        ("12-24 09:00", "còn 7"),
        ("12-28 09:00", "còn 3"),
        ("12-31 09:00", "còn 0"),
        ("01-05 09:00", "còn -5"),
    ]
    assert (await province.service.status("thu")).state == "done"


async def test_a_countdown_that_waits_over_midnight_says_the_days_left_when_it_leaves(province: Province) -> None:
    await province.subscribe([1, 2])
    text = COUNTDOWN.replace("at: '08:00'}, useful_for: 12", "at: '23:50'}, useful_for: 12, quiet: null")
    province.write("thu", text)
    await province.launch("thu")
    province.clock.moment = datetime(2022, 12, 28, 23, 50, tzinfo=VIETNAM)
    await province.ticker.tick()
    pace = Gated()
    async with province.sending(pace=pace):
        pace.gate.release()
        await wait_for(lambda: len(province.channel.sent) == 1 and pace.gate.locked() and pace.asked == 2)
        province.clock.advance(minutes=20)
        pace.gate.release()
        await province.drain()
    assert [message.text.splitlines()[2] for _, message in province.channel.sent] == ["còn 3", "còn 2"]


async def test_nothing_is_sent_over_tet_and_what_fell_into_it_goes_out_once_when_it_is_over(province: Province) -> None:
    await province.subscribe([1])
    province.clock.moment = datetime(2023, 1, 18, 12, 0, tzinfo=VIETNAM)
    province.write("thu", simple().replace("schedule: {at: 2022-11-07 10:00}", "schedule: {cron: '0 10 * * *', useful_for: 12}"))
    await province.launch("thu")
    found = await live(province, "2023-01-28T12:00", timedelta(hours=1))
    assert [moment[:5] for moment, _ in found] == ["01-19", "01-27", "01-28"], "the holidays of 2023 were the 20th to the 26th of January"


async def test_a_clock_set_back_does_not_hold_up_who_waits_for_another_try(province: Province) -> None:
    await province.subscribe([1])

    def answer(chat: str, times: int) -> None:
        if times == 1:
            raise Unreachable

    province.channel.answer = answer
    province.write("thu", simple())
    await province.launch("thu")
    province.clock.advance(hours=1)
    async with province.sending():
        await province.ticker.tick()
        await wait_for(lambda: province.channel.tried)
        province.clock.advance(minutes=-30)
        await wait_for(lambda: province.channel.sent)
    assert province.channel.got == {"1": 1}


async def test_a_server_that_slept_sends_the_newest_and_reports_the_rest(province: Province) -> None:
    await province.subscribe([1])
    province.write("thu", COUNTDOWN)
    await province.launch("thu")
    found = await live(province, "2022-12-24T10:00", timedelta(days=47, hours=1))
    assert found == [("12-24 10:00", "còn 7")]
    history = [(entry.action, (entry.detail or "").split(":")[0]) for entry in await province.service.history("thu")]
    assert ("missed", "T-30@2022-12-01") in history and ("missed", "T-15@2022-12-16") in history


async def test_a_clock_that_is_set_back_repeats_nothing(province: Province) -> None:
    await province.subscribe([1])
    province.write("thu", simple().replace("schedule: {at: 2022-11-07 10:00}", "schedule: {cron: '0 10 * * *'}"))
    await province.launch("thu")
    async with province.sending():
        for hours in (1.1, -3, 2, 1, 0.5, -20, 20, 2):
            province.clock.advance(hours=hours)
            await province.ticker.tick()
            await _drain(province)
    assert len(province.channel.sent) == 1


@pytest.mark.parametrize("step", [timedelta(hours=3), timedelta(hours=13)])
async def test_a_sequence_reaches_each_resident_on_their_own_days(province: Province, step: timedelta) -> None:
    text = simple().replace(
        "schedule: {at: 2022-11-07 10:00}", "schedule: {sequence: {days: [0, 2, 9], at: '10:00'}, useful_for: 48, holidays: send}"
    )
    province.write("thu", text + "moments: {2: {text: hai}, 9: {text: chín}}")
    await province.launch("thu")
    await province.subscribe([1], joined_at=province.clock.now())
    await province.subscribe([2], joined_at=province.clock.now() + timedelta(days=1), consent_at=province.clock.now())
    await province.subscribe([3], joined_at=province.clock.now() - timedelta(days=90))
    await live(province, "2022-11-19T12:00", step)
    assert Counter(chat for chat, _ in province.channel.sent) == {"1": 3, "2": 3}


async def test_a_change_of_law_reaches_only_those_who_had_asked(province: Province) -> None:
    await province.subscribe([1, 2])
    await province.service.asked(Address("telegram", "1"), "so_ho_khau/het_gia_tri")
    text = simple().replace("schedule: {at: 2022-11-07 10:00}", "schedule: {changed: {topics: [so_ho_khau/het_gia_tri], at: '08:30'}}")
    province.write("thu", text)
    await province.launch("thu")
    found = await live(province, "2023-01-04T12:00", timedelta(hours=24))
    assert [moment for moment, _ in found] == ["01-03 09:00"], "the first two days of the year are holidays"
    assert [chat for chat, _ in province.channel.sent] == ["1"]


async def test_who_asked_and_went_on_is_not_reminded(province: Province) -> None:
    await province.subscribe([1, 2])
    text = simple().replace(
        "schedule: {at: 2022-11-07 10:00}",
        "schedule: {asked: {topics: [dinh_danh/giay_to_can_mang], done: [dinh_danh/kich_hoat], after: 3, at: '10:00'}}",
    )
    province.write("thu", text)
    await province.launch("thu")
    for chat in ("1", "2"):
        await province.service.asked(Address("telegram", chat), "dinh_danh/giay_to_can_mang")
    province.clock.advance(hours=1)
    await province.service.asked(Address("telegram", "2"), "dinh_danh/kich_hoat")
    found = await live(province, "2022-11-15T12:00", timedelta(hours=5))
    assert [chat for chat, _ in province.channel.sent] == ["1"]
    assert found[0][0].startswith("11-10")


async def test_two_schedulers_whose_clocks_differ_send_once(province: Province) -> None:
    await province.subscribe(range(1, 6))
    province.write("thu", simple().replace("schedule: {at: 2022-11-07 10:00}", "schedule: {cron: '0 10 * * *', holidays: send}"))
    await province.launch("thu")
    ahead = ManualClock(province.clock.now() + timedelta(minutes=3))
    other = CampaignClock(province.service, province.live, lambda: province.library, province.database, ahead, chunk=2)
    async with province.sending():
        for _ in range(60):
            province.clock.advance(minutes=1)
            ahead.advance(minutes=1)
            await other.tick()
            await province.ticker.tick()
        await province.drain()
    assert Counter(chat for chat, _ in province.channel.sent) == {str(chat): 1 for chat in range(1, 6)}
