"""`./loa sender` as an operator runs it: processes of their own on PostgreSQL and Redis, sending through a Bot API that enforces its rate."""

import asyncio
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import psycopg
import pytest

from bench.kit.bot_api import Api
from bench.kit.province import Province, province
from bot.settings import ROOT
from tests.integration.pace.conftest import RedisServer, most_in_a_second

RESIDENTS = 400
IN_FLIGHT = 60

pytestmark = pytest.mark.timeout(300)


@asynccontextmanager
async def sender(**settings: str) -> AsyncIterator[asyncio.subprocess.Process]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("LOA_")} | {"PYTHONPATH": str(ROOT), **settings}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "sender", cwd=ROOT, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@pytest.fixture
def database_of_its_own(postgres: str) -> str:
    with psycopg.connect(postgres, autocommit=True) as connection:
        name = f"senders_{os.getpid()}"
        connection.execute(f'CREATE DATABASE "{name}"')
    return postgres.replace("/postgres?", f"/{name}?")


async def test_two_share_the_work_and_one_that_is_killed_is_taken_over(
    database_of_its_own: str, redis_server: RedisServer, api: Api, tmp_path: Path
) -> None:
    settings = {
        "LOA_DATABASE_URL": database_of_its_own,
        "LOA_REDIS_URL": redis_server.url,
        "LOA_TELEGRAM_TOKEN": api.token,
        "LOA_TELEGRAM_API_URL": api.url,
        "LOA_STATE_DIR": str(tmp_path / "state"),
    }
    async with province(database_of_its_own, tmp_path, RESIDENTS) as place, AsyncExitStack() as stack:
        one = await stack.enter_async_context(sender(**settings))
        other = await stack.enter_async_context(sender(**settings))
        assert one.stdout and other.stdout
        await asyncio.gather(one.stdout.readline(), other.stdout.readline())
        occurrence = await place.ready()
        await api.control("wait", delivered=120, timeout=60)
        assert await holders(database_of_its_own) == 2, "both have rows of their own"
        one.send_signal(signal.SIGKILL)
        await over(place, occurrence)
        other.send_signal(signal.SIGTERM)
        async with asyncio.timeout(10):
            assert await other.wait() == 0
        counts = await place.ended(occurrence)
    got = [call["chat"] for call in api.deliveries()]
    assert len(got) == len(set(got)), "nobody got it twice"
    assert counts["sent"] + counts["unknown"] == RESIDENTS
    assert len(got) >= counts["sent"] >= RESIDENTS - IN_FLIGHT
    assert not [call for call in api.calls() if call["status"] == 429]
    assert most_in_a_second([call["at"] for call in api.calls() if call["method"] == "sendMessage"]) <= 30


async def holders(url: str) -> int:
    def ask() -> int:
        with psycopg.connect(url) as connection:
            row = connection.execute("SELECT count(DISTINCT claimed_by) FROM deliveries WHERE claimed_by IS NOT NULL").fetchone()
            assert row
            return int(row[0])

    return await asyncio.to_thread(ask)


async def over(place: Province, occurrence: int) -> None:
    async with asyncio.timeout(120):
        while (left := await place.ended(occurrence))["queued"] or left["sending"]:
            await asyncio.sleep(0.2)


@pytest.mark.parametrize("missing", ["LOA_TELEGRAM_TOKEN", "LOA_REDIS_URL"])
async def test_a_sender_says_what_it_lacks(missing: str) -> None:
    settings = {"LOA_TELEGRAM_TOKEN": "1:a", "LOA_REDIS_URL": "redis://127.0.0.1:1/0"} | {missing: ""}
    with tempfile.TemporaryDirectory() as state:
        async with sender(**settings, LOA_STATE_DIR=state) as process:
            _, said = await process.communicate()
    assert process.returncode == 1
    assert said.decode().startswith(f"{missing}: ")
