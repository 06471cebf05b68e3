"""Whatever dies, hangs or lies while a campaign goes out: everybody is accounted for, and nobody gets it twice.

The witness is the log of the loopback Bot API, written by another process than any that dies here. Two runs on each database by
default; `./loa test -- tests/faults --runs 100` is the long version, `--seed …` draws the same plans again.
"""

import asyncio
import contextlib
import subprocess
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import insert, select

from bench.kit.bot_api import Api
from bot.campaigns.library import LiveCampaigns
from bot.clock import SystemClock, monotonic
from bot.content.library import Library
from bot.errors import StoreError
from bot.services.campaigns import Campaigns
from bot.store import inbox, occurrences
from bot.store.database import Database
from bot.store.tables import Delivery, Subscriber
from tests.faults.conftest import Tally
from tests.faults.crew import ROLES, Crew
from tests.faults.mishaps import Trouble
from tests.faults.plan import Plan, plan
from tests.faults.zygote import Order
from tests.integration.pace.conftest import RedisServer

SENTENCE = "Đây là tin thử lửa của xã {{ place }}. "
PIECES = {1: 1, 2: 120}  # sentences that make so many pieces
CAMPAIGN = """
id: thu
title: Thử
author: An
sender: Tổ công tác
schedule: {at: AT, quiet: null}
message: {text: "TEXT"}
"""
FIRST_CHAT = 1000
ON_ITS_WAY = 2.5  # seconds: a piece of a message that had been marked as leaving by a process that then was frozen or lost Redis


@dataclass(frozen=True)
class Row:
    """A resident's line in the ledger; no state: they have none."""

    state: str | None
    pieces: int
    opted_out: bool


@pytest.mark.timeout(180)
async def test_everybody_is_accounted_for_and_nobody_gets_it_twice(
    run: int,
    library: Library,
    database: Database,
    database_url: str,
    request: pytest.FixtureRequest,
    api: Api,
    redis: RedisServer,
    zygote: subprocess.Popen[str],
    tmp_path: Path,
    tally: Tally,
) -> None:
    drawn = plan(tally.seed, run, "sqlite" if database.sqlite else "postgresql")
    print(drawn)  # shown with a failure
    server = None if database.sqlite else request.getfixturevalue("server")
    crew = Crew(zygote, Order("", database_url, redis.url if server else None, api.url, api.token, str(tmp_path / "content")))
    trouble = Trouble(crew, api, database, server, redis, drawn.pieces)
    await begin(drawn, library, database, tmp_path / "content")
    try:
        await live(drawn, crew, api, database, trouble)
    finally:
        crew.dismiss()
    rows = await judge(drawn, database, api, trouble.most_unknown)
    tally.runs += 1
    tally.rows.update(rows)
    tally.mishaps.update(mishap.kind for mishap in (drawn.filling, *drawn.mishaps))


async def begin(drawn: Plan, library: Library, database: Database, folder: Path) -> None:
    """Residents, and a campaign due in a moment."""
    folder.mkdir()
    clock = SystemClock()
    joined = clock.now() - timedelta(days=1)
    row = {"channel": "telegram", "language": "vi", "joined_at": joined, "consent_version": "t", "consent_at": joined}
    async with database.write() as connection:
        await connection.execute(insert(Subscriber), [{**row, "chat": str(FIRST_CHAT + n)} for n in range(drawn.residents)])
    at = clock.now() + timedelta(seconds=2)
    text = CAMPAIGN.replace("AT", f"{at:%Y-%m-%d %H:%M:%S}").replace("TEXT", SENTENCE * PIECES[drawn.pieces])
    (folder / "thu.yml").write_text(text, encoding="utf-8")
    service = Campaigns(LiveCampaigns(lambda: library, folder), lambda: library, database, clock)
    await service.submit("thu", "An")
    await service.approve("thu", "Bình")
    await service.start("thu", "An")


async def live(drawn: Plan, crew: Crew, api: Api, database: Database, trouble: Trouble) -> None:
    """The campaign, with all that happens to it, until it is over."""
    await api.control("lag", seconds=drawn.lag)
    await crew.hire(*ROLES)
    began = monotonic()
    await being_filled(database)
    await trouble.happen(drawn.filling)
    leaving = list(drawn.leaving)
    for mishap in drawn.mishaps:
        await gone_out(api, round(mishap.at * drawn.residents * drawn.pieces))
        while leaving and leaving[0][0] <= mishap.at:
            await api.control("say", chat=FIRST_CHAT + leaving.pop(0)[1], text="DỪNG")
        print(f"{monotonic() - began:5.1f} s {mishap}")
        await trouble.happen(mishap)
    for _, resident in leaving:
        await api.control("say", chat=FIRST_CHAT + resident, text="DỪNG")
    await api.control("clear_faults")
    async with asyncio.timeout(60):
        while not await over(drawn, database):
            await asyncio.sleep(0.1)
    print(f"{monotonic() - began:5.1f} s over")


async def being_filled(database: Database) -> None:
    async with asyncio.timeout(20):
        while True:
            async with database.read() as connection:
                found = await occurrences.of_campaign(connection, "thu")
            if found and found[0].filled_to:
                return
            await asyncio.sleep(0.005)


async def gone_out(api: Api, messages: int) -> None:
    """Until so many were delivered; trouble that holds everything up does not hold up the next mishap for long."""
    with contextlib.suppress(httpx.HTTPStatusError):
        await api.control("wait", delivered=messages, timeout=1)


async def over(drawn: Plan, database: Database) -> bool:
    """The campaign is done, and everything that residents said was heard."""
    try:
        async with database.read() as connection:
            found = await occurrences.of_campaign(connection, "thu")
            waiting = sum((await inbox.count_waiting(connection)).values())
            left = await connection.execute(select(Subscriber.chat).where(Subscriber.opted_out_at.is_not(None)))
            gone = len(left.all())
    except StoreError:  # our own connection was cut too
        return False
    assert not [item for item in found if item.state in ("paused", "missed")]
    return bool(found) and all(item.state == "done" for item in found) and not waiting and gone == len(drawn.leaving)


async def judge(drawn: Plan, database: Database, api: Api, most_unknown: int) -> Counter[str]:
    """Ledger and witness side by side. Returns the ledger's rows by state."""
    rows = await ledger(database)
    delivered = api.deliveries()
    arrived = [call for call in delivered if "thử lửa" in call["text"]]
    told = {call["chat"]: call["at"] for call in reversed(delivered) if "thử lửa" not in call["text"]}  # that they are out
    got: dict[int, Counter[str]] = {chat: Counter() for chat in rows}
    for call in arrived:
        got[call["chat"]][call["text"]] += 1
    forgotten = [chat for chat, row in rows.items() if row.state is None and not row.opted_out]
    assert len(rows) == drawn.residents and not forgotten, f"somebody was forgotten: {forgotten}"
    twice = {chat for chat, pieces in got.items() if any(count > 1 for count in pieces.values())}
    assert not twice, f"somebody got it twice: {[call | {'text': len(call['text'])} for call in arrived if call['chat'] in twice]}"
    late = [call["chat"] for call in arrived if call["at"] > told.get(call["chat"], call["at"]) + ON_ITS_WAY]
    assert not late, f"somebody got it long after they were out: {late}"
    # Who says stop while the ledger is being filled may never come into it.
    states = Counter(row.state or "left_out" for row in rows.values())
    assert set(states) <= {"sent", "unknown", "left_out"}, states
    assert all(row.opted_out for row in rows.values() if row.state == "left_out"), "somebody was left out who had not left"
    assert all(len(got[chat]) == drawn.pieces for chat, row in rows.items() if row.state == "sent"), "sent, but not delivered"
    # Who says stop between two pieces of a message has the first, and the ledger says so.
    assert all(len(got[chat]) == row.pieces for chat, row in rows.items() if row.state in ("left_out", None)), "left out, but delivered"
    assert states["unknown"] <= most_unknown, f"{states}, but at most {most_unknown} may be unknown"
    return states


async def ledger(database: Database) -> dict[int, Row]:
    async with database.read() as connection:
        found = await connection.execute(
            select(Subscriber.chat, Delivery.state, Delivery.pieces, Subscriber.opted_out_at).outerjoin(
                Delivery, Delivery.subscriber_id == Subscriber.id
            )
        )
        return {int(chat): Row(state, pieces or 0, opted_out is not None) for chat, state, pieces, opted_out in found}
