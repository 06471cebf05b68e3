"""Whatever dies, hangs or lies while a campaign goes out: everybody is accounted for, and nobody gets it twice.

The witness is the log of the loopback Bot API, written by another process than any that dies here. A sample runs by default;
`FAULT_RUNS=200` runs the long version, `FAULT_SEED=…` repeats a run (the seed is in the failure's text).
"""

import asyncio
import contextlib
import json
import os
import random
import secrets
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import httpx
import psycopg
import pytest
from sqlalchemy import insert, select

from bench.kit.bot_api import Api, bot_api
from bot.campaigns.library import LiveCampaigns
from bot.clock import SystemClock
from bot.content.library import Library
from bot.errors import StoreError
from bot.services.campaigns import Campaigns
from bot.settings import ROOT
from bot.store import occurrences
from bot.store.database import Database
from bot.store.tables import Delivery, Subscriber
from tests.faults.zygote import IN_FLIGHT

RUNS = int(os.environ.get("FAULT_RUNS", "4"))
SEED = os.environ.get("FAULT_SEED")
RESIDENTS = 300
SENDERS = 2
CAMPAIGN = """
id: thu
title: Thử
author: An
sender: Tổ công tác
schedule: {at: AT, quiet: null}
message: {text: "Chào bà con ở {{ place }}."}
"""


@dataclass
class Mishaps:
    """What was done to them. `lost`: senders whose requests in flight nobody can know about. `unclear`: answers that say nothing."""

    kills: int = 0
    frozen: int = 0
    unclear: int = 0
    log: list[str] = field(default_factory=list)

    @property
    def most_unknown(self) -> int:
        return (self.kills + self.frozen) * IN_FLIGHT + self.unclear


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    async with bot_api(tmp_path) as running:
        yield running


@pytest.fixture
async def zygote() -> AsyncIterator[asyncio.subprocess.Process]:
    pipe = asyncio.subprocess.PIPE
    # A session of its own: whatever it forked ends with it, however the test ends.
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.faults.zygote", cwd=ROOT, stdin=pipe, stdout=pipe, start_new_session=True
    )
    yield process
    os.killpg(process.pid, signal.SIGKILL)
    await process.wait()


@pytest.mark.timeout(180 + 60 * RUNS)
async def test_everybody_is_accounted_for_and_nobody_gets_it_twice(
    library: Library, database: Database, database_url: str, api: Api, zygote: asyncio.subprocess.Process, tmp_path: Path
) -> None:
    for number in range(RUNS):
        seed = SEED or secrets.token_hex(4)
        chats = range(1000 * (number + 1), 1000 * (number + 1) + RESIDENTS)
        folder = tmp_path / "content" / f"run{number}"
        mishaps = await run(random.Random(seed), library, database, database_url, api, zygote, folder, chats)
        await judge(database, api, chats, mishaps, seed)


async def run(
    dice: random.Random,
    library: Library,
    database: Database,
    url: str,
    api: Api,
    zygote: asyncio.subprocess.Process,
    folder: Path,
    chats: range,
) -> Mishaps:
    mishaps = Mishaps()
    before = len(api.deliveries())
    await begin(library, database, folder, chats)
    crew = Crew(zygote, {"url": url, "api": api.url, "token": api.token, "folder": str(folder)})
    for _ in range(SENDERS):
        await crew.hire()
    await api.control("wait", delivered=before + dice.randint(1, 60), timeout=30)
    for _ in range(dice.randint(4, 8)):
        await asyncio.sleep(dice.uniform(0.02, 0.35))
        await mishap(dice, crew, api, database, mishaps)
    await api.control("clear_faults")
    await crew.hire()
    try:
        async with asyncio.timeout(60):
            while not await over(database, chats):
                await asyncio.sleep(0.1)
    finally:
        await crew.dismiss()
    return mishaps


def campaign_of(chats: range) -> str:
    return f"thu_{chats.start}"


async def begin(library: Library, database: Database, folder: Path, chats: range) -> None:
    """New residents, the old ones gone, and a campaign due now."""
    folder.mkdir(parents=True)
    clock = SystemClock()
    joined = clock.now() - timedelta(days=1)
    row = {"channel": "telegram", "language": "vi", "joined_at": joined, "consent_version": "t", "consent_at": joined}
    async with database.write() as connection:
        await connection.execute(Subscriber.__table__.update().values(opted_out_at=joined))  # type: ignore[attr-defined]
        await connection.execute(insert(Subscriber), [{**row, "chat": str(chat)} for chat in chats])
    name = campaign_of(chats)
    at = clock.now() + timedelta(seconds=2)
    (folder / f"{name}.yml").write_text(
        CAMPAIGN.replace("id: thu", f"id: {name}").replace("AT", f"{at:%Y-%m-%d %H:%M:%S}"), encoding="utf-8"
    )
    service = Campaigns(LiveCampaigns(lambda: library, folder), lambda: library, database, clock)
    await service.submit(name, "An")
    await service.approve(name, "Bình")
    await service.start(name, "An")


@dataclass
class Crew:
    """The senders alive."""

    zygote: asyncio.subprocess.Process
    order: dict[str, str]
    pids: list[int] = field(default_factory=list)

    async def hire(self) -> None:
        assert self.zygote.stdin and self.zygote.stdout
        self.zygote.stdin.write(json.dumps(self.order).encode() + b"\n")
        await self.zygote.stdin.drain()
        self.pids.append(int(await self.zygote.stdout.readline()))

    def signal(self, pid: int, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)

    async def dismiss(self) -> None:
        """All of them, at once: what matters is on disk."""
        for pid in self.pids:
            self.signal(pid, signal.SIGKILL)
        self.pids.clear()


async def mishap(dice: random.Random, crew: Crew, api: Api, database: Database, mishaps: Mishaps) -> None:
    kinds = ["kill", "stop", "freeze", "429", "5xx", "reset", "refuse", "late", "garbage", "slow", "outage"]
    if not database.sqlite:
        kinds += ["database", "database"]
    kind = dice.choice(kinds)
    mishaps.log.append(kind)
    times = dice.randint(1, 6)
    match kind:
        case "kill" | "stop" if crew.pids:
            victim = crew.pids.pop(dice.randrange(len(crew.pids)))
            crew.signal(victim, signal.SIGKILL if kind == "kill" else signal.SIGTERM)
            mishaps.kills += 1
            await asyncio.sleep(dice.uniform(0, 0.3))
            await crew.hire()
        case "freeze" if crew.pids:
            # A machine that sleeps for longer than the others wait, and then goes on as if nothing had been.
            victim = dice.choice(crew.pids)
            crew.signal(victim, signal.SIGSTOP)
            await asyncio.sleep(dice.uniform(0.5, 2.0))
            crew.signal(victim, signal.SIGCONT)
            mishaps.frozen += 1
        case "429":
            await api.control("fault", kind="too_many", retry_after=1, times=times, method="sendMessage")
        case "5xx":
            mishaps.unclear += times
            await api.control(
                "fault", kind="error", status=dice.choice([500, 502, 504]), deliver=dice.random() < 0.5, times=times, method="sendMessage"
            )
        case "reset":
            mishaps.unclear += times
            await api.control("fault", kind=dice.choice(["deliver_close", "close"]), times=times, method="sendMessage")
        case "late":
            mishaps.unclear += times
            await api.control("fault", kind="deliver_late", wait=2.0, times=times, method="sendMessage")
        case "slow":
            mishaps.unclear += times
            await api.control("fault", kind="slow", wait=dice.uniform(0.2, 1.2), times=times, method="sendMessage")
        case "garbage":
            mishaps.unclear += times
            await api.control("fault", kind="malformed", times=times, method="sendMessage")
        case "outage" | "refuse":
            mishaps.unclear += IN_FLIGHT * (SENDERS + 1)  # every connection is cut with its requests on their way
            with contextlib.suppress(httpx.TransportError):  # it cuts this connection too
                await api.control("outage", seconds=dice.uniform(0.1, 0.6))
            await asyncio.sleep(0.7)
        case "database":
            await cut(database)


async def cut(database: Database) -> None:
    """Every connection to PostgreSQL is cut in mid-transaction, as by a restart of the server."""
    address = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    async with await psycopg.AsyncConnection.connect(address, autocommit=True) as connection:
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


async def over(database: Database, chats: range) -> bool:
    try:
        async with database.read() as connection:
            found = await occurrences.of_campaign(connection, campaign_of(chats))
            assert not [item for item in found if item.state in ("paused", "missed")]
            return bool(found) and all(item.state == "done" for item in found)
    except StoreError:  # our own connection was cut too
        return False


async def judge(database: Database, api: Api, chats: range, mishaps: Mishaps, seed: str) -> None:
    what = f"FAULT_SEED={seed} {mishaps.log}"
    async with database.read() as connection:
        rows = await connection.execute(
            select(Subscriber.chat, Delivery.state).join(Delivery, Delivery.subscriber_id == Subscriber.id)
            .where(Subscriber.chat.in_([str(chat) for chat in chats]))
        )  # fmt: skip
        states = {int(chat): state for chat, state in rows}
    got = Counter(call["chat"] for call in api.deliveries() if call["chat"] in chats)
    assert set(states) == set(chats), f"somebody was forgotten: {what}"
    assert not [chat for chat, count in got.items() if count > 1], f"somebody got it twice: {what}"
    assert set(states.values()) <= {"sent", "unknown"}, f"{Counter(states.values())}: {what}"
    assert all(got[chat] == 1 for chat, state in states.items() if state == "sent"), f"sent, but not delivered: {what}"
    unknown = sum(state == "unknown" for state in states.values())
    assert unknown <= mishaps.most_unknown, f"{unknown} unknown, {mishaps}: {what}"
    print(f"{what}: {Counter(states.values())}")
