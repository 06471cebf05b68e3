"""Several processes, one bot: one rate, one pause, replies first — and what holds while Redis is away."""

import asyncio
import itertools
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from structlog.testing import capture_logs

from bench.kit.bot_api import Api
from bot.campaigns.pacing import Chats
from bot.services import shared_pace
from bot.services.shared_pace import SharedPace, Turnstile
from bot.settings import ROOT
from tests.integration.pace.conftest import RedisServer, most_in_a_second

now = lambda: asyncio.get_running_loop().time()  # noqa: E731
RATE = 30


async def two() -> int:
    return 2


@pytest.fixture(autouse=True)
def quicker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seconds of life as tenths; among themselves as they are."""
    monkeypatch.setattr(shared_pace, "ASK_AGAIN", 0.5)
    monkeypatch.setattr(shared_pace, "SETTLE", 1.2)


@asynccontextmanager
async def paces(server: RedisServer, count: int = 2, chats: bool = False) -> AsyncIterator[list[SharedPace]]:
    """As many processes would have them; each with connections of its own."""
    turnstiles = [Turnstile(server.url, "8000001") for _ in range(count)]
    yield [SharedPace(RATE, turnstile, two, Chats() if chats else None) for turnstile in turnstiles]
    for turnstile in turnstiles:
        await turnstile.aclose()


@asynccontextmanager
async def campaigning(pace: SharedPace, left: list[float]) -> AsyncIterator[None]:
    """A campaign that takes every turn it can get, beside the block."""

    async def one(number: int) -> None:
        while True:
            await pace.campaign(str(number))
            if leaving := await pace.leave():
                with leaving:
                    left.append(now())

    tasks = [asyncio.create_task(one(number)) for number in range(8)]
    yield
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def reply(pace: SharedPace, chat: str) -> None:
    with await pace.reply(chat):
        pass


async def until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


async def test_two_processes_together_use_the_rate_and_are_never_refused(redis_server: RedisServer, api: Api) -> None:
    await asyncio.gather(*(mailer(redis_server, api, first) for first in (1000, 2000)))
    calls = [call for call in api.calls() if call["method"] == "sendMessage"]
    moments = [call["at"] for call in calls]
    assert [call["status"] for call in calls] == [200] * 240
    assert most_in_a_second(moments) <= RATE
    assert 240 / (max(moments) - min(moments)) > 0.85 * RATE
    early = [call["chat"] < 2000 for call in calls[60:120]]
    assert 15 < sum(early) < 45, "neither starves the other"


async def mailer(server: RedisServer, api: Api, first: int) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.integration.pace.mailer", server.url, api.url, api.token, str(first), "120", cwd=ROOT
    )
    assert await process.wait() == 0


async def test_a_429_seen_by_one_silences_the_other_and_both_go_slower_afterwards(redis_server: RedisServer) -> None:
    async with paces(redis_server) as (one, other):
        left: list[float] = []
        async with campaigning(other, left):
            await until(lambda: len(left) > 20)
            await one.pause(1.5)
            told = now()
            await until(lambda: left[-1] > told + 1.6)
        assert not [moment for moment in left if told + 0.15 < moment < told + 1.5]
        assert one._bucket.factor == other._bucket.factor == pytest.approx(0.8)


@pytest.mark.parametrize("who", ["this process", "another"])
async def test_what_waits_for_its_turn_when_the_platform_says_stop_goes_back(redis_server: RedisServer, who: str) -> None:
    """It is on disk as leaving: there it would neither hear a stop nor a pause."""
    async with paces(redis_server) as (one, other):
        for number in range(4):
            await one.campaign(str(number))
        told = now()
        if who == "another":
            await other.pause(3)
        waiting = [asyncio.create_task(one.leave()) for _ in range(4)]
        await asyncio.sleep(0)
        if who == "this process":
            await one.pause(3)
        assert await asyncio.gather(*waiting) == [None] * 4
        assert now() - told < 2


async def test_a_reply_waits_out_the_silence(redis_server: RedisServer) -> None:
    async with paces(redis_server, 1) as (pace,):
        await reply(pace, "1")
        waiting = [asyncio.create_task(reply(pace, str(number))) for number in range(40)]
        told = now()
        await pace.pause(1)
        await asyncio.gather(*waiting)
        assert now() - told >= 1


async def test_a_reply_goes_before_the_campaign_of_another_process(redis_server: RedisServer) -> None:
    async with paces(redis_server) as (one, other):
        left: list[float] = []
        async with campaigning(other, left):
            await reply(one, "1")
            settled = now() + 1.3
            await until(lambda: now() > settled)
            began = now()
            await asyncio.gather(*(reply(one, str(900 + number)) for number in range(20)))
            took = now() - began
            between = sum(1 for moment in left if moment > began)
    assert took < 20 / RATE + 0.4
    assert between <= 6, "the campaign gets what replies leave, and no more"


async def test_an_album_among_others_keeps_the_rate(redis_server: RedisServer) -> None:
    async with paces(redis_server) as (one, other):
        left: list[float] = []
        async with campaigning(other, left):
            await until(lambda: len(left) > 20)
            for number in range(2):
                with await one.reply(str(number), messages=5):
                    left.extend([now()] * 5)
            told = now()
            await until(lambda: left[-1] > told + 1.2)
    assert most_in_a_second(sorted(left)) <= RATE


async def test_messages_to_one_chat_keep_their_distance_across_processes(redis_server: RedisServer) -> None:
    async with paces(redis_server, chats=True) as (one, other):
        left: list[float] = []

        async def reply(pace: SharedPace) -> None:
            await pace.reply("5")
            left.append(now())

        async def campaign(pace: SharedPace) -> None:
            await pace.campaign("5")
            assert await pace.leave()
            left.append(now())

        await asyncio.gather(reply(one), reply(other), campaign(other))
    left.sort()
    assert all(later - earlier >= 1.0 for earlier, later in itertools.pairwise(left))


async def test_without_redis_each_keeps_its_share_and_they_come_back_by_themselves(redis_server: RedisServer) -> None:
    async with paces(redis_server) as (one, other):
        mine: list[float] = []
        others: list[float] = []
        with capture_logs() as lines:
            async with campaigning(one, mine), campaigning(other, others):
                await until(lambda: len(mine) + len(others) > 100)
                await redis_server.kill()
                killed = now()
                await until(lambda: now() > killed + 4)
                await redis_server.start()
                back = now()
                await until(lambda: now() > back + 5)
    events = [line["event"] for line in lines]
    assert events.count("pace.alone") == events.count("pace.together") == 2, "each says it once"
    assert most_in_a_second(mine + others) <= RATE
    for alone in (mine, others):
        assert 8 <= sum(1 for moment in alone if killed + 2 <= moment < killed + 3) <= RATE / 2
    assert sum(1 for moment in mine + others if back + 4 <= moment < back + 5) >= 25


async def test_who_starts_without_redis_waits_until_the_others_have_made_room(redis_server: RedisServer) -> None:
    await redis_server.kill()
    async with paces(redis_server, 1) as (newcomer,):
        began = now()
        await reply(newcomer, "5")
        assert 0.5 <= now() - began < 2
