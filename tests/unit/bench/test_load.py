"""Percentiles, and the load itself against a server of our own."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web

from bench.kit.load import Sample, drive, percentile
from bench.turn import Door, rasa_body, stock_body, web_body


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [([1], 0.99, 1), (list(range(1, 101)), 0.99, 99), (list(range(1, 101)), 0.5, 50), ([3, 1, 2], 0.5, 2), ([1, 2], 1.0, 2)],
)
def test_percentiles_are_by_nearest_rank(values: list[float], share: float, expected: float) -> None:
    assert percentile(values, share) == expected


def test_nothing_has_no_percentile() -> None:
    with pytest.raises(ValueError, match="no percentile"):
        percentile([], 0.5)


def test_a_sample_counts_turns_a_second() -> None:
    assert Sample((10.0, 20.0, 30.0), 0.5).rate == 6


async def test_every_turn_is_taken_once_and_no_more_at_a_time_than_asked_for() -> None:
    taken: list[int] = []
    under_way: set[int] = set()

    async def ask(worker: int, number: int) -> None:
        under_way.add(worker)
        assert len(under_way) <= 4
        await asyncio.sleep(0)
        taken.append(number)
        under_way.discard(worker)

    ticks: list[None] = []
    sample = await drive(ask, 50, 4, lambda: ticks.append(None))
    assert sorted(taken) == list(range(50))
    assert len(sample.milliseconds) == len(ticks) == 50


async def test_a_failing_turn_is_raised_as_itself() -> None:
    async def ask(worker: int, number: int) -> None:
        if number == 3:
            raise RuntimeError("HTTP 500")

    with pytest.raises(RuntimeError, match="HTTP 500"):
        await drive(ask, 10, 2)


async def test_no_turn_begins_after_the_time_is_up() -> None:
    async def ask(worker: int, number: int) -> None:
        raise AssertionError("nothing may be asked")

    assert (await drive(ask, 10, 2, until=-1)).milliseconds == ()


class Seen:
    """A server that answers with what it is told to and keeps what it was asked."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, str]] = []
        self.status, self.reply = 200, {"replies": ["có"]}

    async def turn(self, request: web.Request) -> web.Response:
        self.bodies.append(await request.json())
        return web.json_response(self.reply, status=self.status)


@pytest_asyncio.fixture
async def server() -> AsyncIterator[tuple[Seen, str]]:
    seen = Seen()
    app = web.Application()
    app.router.add_post("/turn", seen.turn)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield seen, f"http://127.0.0.1:{runner.addresses[0][1]}/turn"
    await runner.cleanup()


async def test_fresh_turns_each_begin_a_conversation(server: tuple[Seen, str]) -> None:
    seen, url = server
    async with aiohttp.ClientSession() as http:
        await drive(Door(http, url, web_body, "replies", ["một", "hai"]).fresh, 4, 2)
    assert len({body["session"] for body in seen.bodies}) == 4
    assert sorted(body["text"] for body in seen.bodies) == ["hai", "hai", "một", "một"]


async def test_turns_within_conversations_keep_a_worker_to_its_own(server: tuple[Seen, str]) -> None:
    seen, url = server
    async with aiohttp.ClientSession() as http:
        await drive(Door(http, url, rasa_body, "replies", ["một"]).within(["a", "b"]), 20, 2)
    assert {body["sender"] for body in seen.bodies} == {"a", "b"}


@pytest.mark.parametrize(("status", "reply", "said"), [(429, {"replies": ["có"]}, "HTTP 429"), (200, {"replies": []}, "answered nothing")])
async def test_what_is_no_answer_does_not_count_as_a_turn(
    server: tuple[Seen, str], status: int, reply: dict[str, list[str]], said: str
) -> None:
    seen, url = server
    seen.status, seen.reply = status, reply
    async with aiohttp.ClientSession() as http:
        with pytest.raises(RuntimeError, match=said):
            await drive(Door(http, url, stock_body, "replies", ["một"]).fresh, 1, 1)
