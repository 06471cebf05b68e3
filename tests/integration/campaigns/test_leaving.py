"""Who leaves in the very moment in which a row of theirs is written: PostgreSQL runs both at once, SQLite one after the other."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import DeliveryError
from bot.messages import Address
from bot.store import deliveries, occurrences, subscribers
from bot.store.database import Database
from tests.integration.campaigns.conftest import Province, simple

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)

Leave = Callable[[Province, AsyncConnection], Awaitable[object]]


async def stop(province: Province, connection: AsyncConnection) -> object:
    return await subscribers.opt_out(connection, Address("telegram", "2"), province.clock.now())


async def wipe(province: Province, connection: AsyncConnection) -> object:
    return await subscribers.wipe(connection, Address("telegram", "2"))


either = pytest.mark.parametrize("leave", [stop, wipe])


@either
async def test_who_leaves_while_the_ledger_is_being_written_gets_nothing(
    province: Province, leave: Leave, monkeypatch: pytest.MonkeyPatch
) -> None:
    await due(province)
    fill, leaving = occurrences.fill, []

    async def fill_as_they_leave(connection: AsyncConnection, *rest: Any) -> bool:
        whole = await fill(connection, *rest)
        if not leaving:
            leaving.append(asyncio.create_task(alone(province, leave)))
            await through_or_waiting(province.database, leaving[0])
        return whole

    monkeypatch.setattr(occurrences, "fill", fill_as_they_leave)
    async with province.sending():
        await province.ticker.tick()
        await leaving[0]
        await province.drain()
    assert province.channel.got == {"1": 1, "3": 1}
    assert await province.counts() == {"sent": 2, "left_out": 1}


@either
async def test_who_is_about_to_leave_when_the_ledger_is_written_is_not_in_it(province: Province, leave: Leave) -> None:
    await due(province)
    async with province.sending():
        async with province.database.write() as connection:
            await leave(province, connection)
            filling = asyncio.create_task(province.ticker.tick())
            await through_or_waiting(province.database, filling)
        await filling
        await province.drain()
    assert province.channel.got == {"1": 1, "3": 1}
    assert await province.counts() == {"sent": 2}


@either
async def test_who_leaves_while_staff_send_what_failed_again_gets_nothing(province: Province, leave: Leave) -> None:
    await failed(province)
    async with province.database.write() as connection:
        [occurrence] = await occurrences.in_states(connection, ("done",))
        assert await deliveries.again(connection, occurrence.id, ("failed",)) == 3
        await occurrences.set_state(connection, occurrence.id, ("done",), "sending")
        leaving = asyncio.create_task(alone(province, leave))
        await through_or_waiting(province.database, leaving)
    await leaving
    async with province.sending():
        await province.drain()
    assert province.channel.got == {"1": 1, "3": 1}
    assert await province.counts() == {"sent": 2, "left_out": 1}


@either
async def test_who_is_about_to_leave_is_not_among_those_sent_to_again(province: Province, leave: Leave) -> None:
    await failed(province)
    async with province.database.write() as connection:
        await leave(province, connection)
        resending = asyncio.create_task(province.service.resend("thu", "Lê Thị Soạn", ("failed",)))
        await through_or_waiting(province.database, resending)
    assert await resending == 2
    async with province.sending():
        await province.drain()
    assert province.channel.got == {"1": 1, "3": 1}
    assert await province.counts() == {"sent": 2, "failed": 1}


async def failed(province: Province) -> None:
    """A campaign whose three messages the platform refused for good."""

    def refuse(chat: str, times: int) -> None:
        if times == 1:
            raise DeliveryError

    province.channel.answer = refuse
    await due(province)
    async with province.sending():
        await province.ticker.tick()
        await province.drain()
    assert await province.counts() == {"failed": 3}


async def due(province: Province) -> None:
    """A campaign to three residents whose hour has come."""
    await province.subscribe([1, 2, 3])
    province.write("thu", simple())
    await province.launch("thu")
    province.clock.advance(hours=1)


async def alone(province: Province, leave: Leave) -> None:
    async with province.database.write() as connection:
        await leave(province, connection)


async def through_or_waiting(database: Database, task: asyncio.Task[Any]) -> None:
    """Until the task has ended, or waits in the database for what another transaction holds."""
    waiting = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
    async with asyncio.timeout(10):
        while not task.done():
            async with database.read() as connection:
                if await connection.scalar(waiting):
                    return
            await asyncio.sleep(0.005)
