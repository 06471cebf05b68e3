"""Faster for money: only for campaigns that ask for it, never above the budget, whatever fails on the way."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from bot.bootstrap import LIMITS
from bot.campaigns.library import LiveCampaigns
from bot.campaigns.lifecycle import NotAllowed
from bot.campaigns.pace import NoPace
from bot.campaigns.pacing import seconds_for
from bot.errors import Blocked, OutcomeUnknown, Throttled
from bot.services.delivery import Sender
from tests.integration.campaigns.conftest import Province, Remembering, simple, wait_for
from tests.integration.campaigns.test_delivery import drain_with_time, province_ready


@asynccontextmanager
async def paying(province: Province, budget: int, channel: Remembering) -> AsyncIterator[Sender]:
    sender = Sender(
        lambda: province.library, province.database, {"telegram": channel}, {"telegram": NoPace()}, province.clock,
        province.service.pause_itself, look_every=0.01, beat_every=0.05, grace=0.3, in_flight=7, paid_budget=budget,
    )  # fmt: skip
    stop = asyncio.Event()
    task = asyncio.create_task(sender.run(stop))
    yield sender
    stop.set()
    await task


async def spent(province: Province) -> int:
    standing = (await province.service.status("thu")).standing
    assert standing
    return standing.paid


async def ready(province: Province, people: int, budget: int, paid: bool = True) -> None:
    province.service.paid_budget = budget
    await province.subscribe(range(1, people + 1))
    await province_ready(province, simple(paid=str(paid).lower()))


async def test_the_budget_is_used_up_and_the_rest_goes_for_free(province: Province) -> None:
    await ready(province, 50, 20)
    paid = Remembering()
    async with paying(province, 20, paid):
        await wait_for(lambda: len(paid.sent) == 20)
        async with province.sending():
            await province.drain()
    assert len(paid.sent) == 20 and len(province.channel.sent) == 30
    assert province.channel.got + paid.got == {str(chat): 1 for chat in range(1, 51)}
    assert await spent(province) == 20
    assert (await province.service.report("thu")).paid == 20


async def test_two_that_pay_keep_one_budget(province: Province) -> None:
    await ready(province, 60, 25)
    one, other = Remembering(), Remembering()
    async with paying(province, 25, one), paying(province, 25, other):
        await wait_for(lambda: len(one.sent) + len(other.sent) >= 25)
        await asyncio.sleep(0.2)
    assert len(one.sent) + len(other.sent) == 25 == await spent(province)


async def test_what_surely_did_not_arrive_is_not_paid_for_and_what_may_have_is(province: Province) -> None:
    await ready(province, 10, 100)

    def answer(chat: str, times: int) -> None:
        if chat == "1":
            raise Blocked
        if chat == "2":
            raise OutcomeUnknown
        if chat == "3" and times == 1:
            raise Throttled(0.0)

    paid = Remembering(answer)
    async with paying(province, 100, paid):
        await drain_with_time(province)
    assert await province.counts() == {"sent": 8, "unknown": 1, "blocked": 1}
    assert await spent(province) == 9


async def test_a_campaign_that_did_not_ask_for_it_never_pays(province: Province) -> None:
    await ready(province, 10, 100, paid=False)
    paid = Remembering()
    async with paying(province, 100, paid), province.sending():
        await province.drain()
    assert not paid.sent and await spent(province) == 0


async def test_stopping_gives_back_what_did_not_leave(province: Province) -> None:
    await ready(province, 50, 100)
    gate = asyncio.Event()
    paid = Remembering(lambda chat, times: gate.wait())
    async with paying(province, 100, paid):
        await wait_for(lambda: len(paid.tried) == 7)
        assert await spent(province) > 7
        gate.set()
    assert await spent(province) == len(paid.sent) < 50


async def test_without_a_budget_it_cannot_be_submitted(province: Province) -> None:
    province.write("thu", simple(paid="true"))
    with pytest.raises(NotAllowed, match="LOA_TELEGRAM_PAID_BUDGET"):
        await province.service.submit("thu", "Lê Thị Soạn")


async def test_a_paid_message_is_one_piece(province: Province) -> None:
    long = (
        simple(paid="true").replace("Chào bà con", "Chào bà con. " * 120).replace("  text:", "  photo: so_ho_khau_31_12_2022.png\n  text:")
    )
    province.write("thu", long)
    problems = LiveCampaigns(lambda: province.library, province.folder, LIMITS).problems
    assert any("trả phí" in str(problem) and not problem.warning for problem in problems)


@pytest.mark.parametrize(
    ("messages", "paid", "seconds"), [(300, 0, 10), (1000, 5000, 1), (2000, 970, 1 + 1000 / 30), (30, 10, 0.01031 + 19.69 / 30)]
)
def test_how_long_it_takes_with_money(messages: int, paid: int, seconds: float) -> None:
    assert seconds_for(messages, 30, paid) == pytest.approx(seconds, rel=0.01)
