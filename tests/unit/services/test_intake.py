"""Stored before confirmed, handled once, in order for each chat."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import select

from bot.clock import ManualClock
from bot.messages import Address, Incoming
from bot.services.intake import AT_ONCE, TRIES, Intake
from bot.store.database import Database
from bot.store.tables import InboxItem
from tests.conftest import until


def item(number: int, chat: str = "1", text: str = "riêng tư") -> Incoming:
    return Incoming(Address("telegram", chat), str(number), "text", text)


class Running:
    """An intake with its worker, as an async context."""

    def __init__(self, database: Database, clock: ManualClock, handle: Callable[[Incoming], Awaitable[None]]):
        self.intake = Intake("telegram", handle, database, clock)
        self.stop = asyncio.Event()

    async def __aenter__(self) -> Intake:
        self.task = asyncio.create_task(self.intake.run(self.stop))
        return self.intake

    async def __aexit__(self, *_: object) -> None:
        self.stop.set()
        await self.task


async def bodies(database: Database) -> list[object]:
    async with database.read() as connection:
        return [row.body for row in await connection.execute(select(InboxItem.body).order_by(InboxItem.id))]


async def test_each_id_is_handled_once_however_often_it_comes(database: Database, clock: ManualClock) -> None:
    seen: list[str] = []

    async def handle(incoming: Incoming) -> None:
        seen.append(incoming.id)

    async with Running(database, clock, handle) as intake:
        await intake.receive([item(1), item(1)])
        await intake.receive([item(1), item(2)])
        await until(lambda: len(seen) >= 2)
    assert seen == ["1", "2"]


async def test_a_chat_is_handled_in_order_while_others_go_on(sqlite: Database, clock: ManualClock) -> None:
    seen: list[str] = []
    gate = asyncio.Event()

    async def handle(incoming: Incoming) -> None:
        if incoming.id == "1":
            await gate.wait()
        seen.append(incoming.id)

    async with Running(sqlite, clock, handle) as intake:
        await intake.receive([item(1, "a"), item(2, "a"), item(3, "b")])
        await until(lambda: "3" in seen)
        assert seen == ["3"]
        gate.set()
        await until(lambda: len(seen) == 3)
    assert seen == ["3", "1", "2"]


async def test_what_was_stored_before_a_crash_is_handled_after_the_restart(database: Database, clock: ManualClock) -> None:
    seen: list[str] = []

    async def handle(incoming: Incoming) -> None:
        seen.append(incoming.text)

    await Intake("telegram", handle, database, clock).receive([item(1, text="lệ phí?")])
    async with Running(database, clock, handle):
        await until(lambda: seen == ["lệ phí?"])


async def test_the_text_leaves_the_disk_once_handled(sqlite: Database, clock: ManualClock) -> None:
    done = asyncio.Event()

    async def handle(_: Incoming) -> None:
        done.set()

    async with Running(sqlite, clock, handle) as intake:
        await intake.receive([item(1)])
        assert await bodies(sqlite) != [None]
        await done.wait()
    assert await bodies(sqlite) == [None]


async def test_one_that_always_fails_is_put_aside_and_the_next_is_handled(sqlite: Database, clock: ManualClock) -> None:
    tries: list[str] = []

    async def handle(incoming: Incoming) -> None:
        tries.append(incoming.id)
        if incoming.id == "1":
            raise RuntimeError("hostile update")

    async with Running(sqlite, clock, handle) as intake:
        await intake.receive([item(1), item(2)])
        await until(lambda: "2" in tries)
    assert tries == ["1"] * TRIES + ["2"]


async def test_many_chats_wait_in_the_database_not_in_memory(sqlite: Database, clock: ManualClock) -> None:
    at_once = most = 0
    gate = asyncio.Event()

    async def handle(_: Incoming) -> None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await gate.wait()
        at_once -= 1

    async with Running(sqlite, clock, handle) as intake:
        await intake.receive([item(n, chat=str(n)) for n in range(AT_ONCE * 2)])
        await until(lambda: at_once == AT_ONCE)
        gate.set()
        await until(lambda: at_once == 0 and most == AT_ONCE)
    assert most == AT_ONCE


@pytest.mark.parametrize("kind", ["text", "media"])
async def test_what_comes_back_from_the_store_is_what_went_in(sqlite: Database, clock: ManualClock, kind: str) -> None:
    sent = Incoming(Address("telegram", "7"), "9", kind, "Chào 👋", "voice", clock.now(), edited=True)  # type: ignore[arg-type]
    got: list[Incoming] = []

    async def handle(incoming: Incoming) -> None:
        got.append(incoming)

    async with Running(sqlite, clock, handle) as intake:
        await intake.receive([sent])
        await until(lambda: bool(got))
    assert got == [sent]
