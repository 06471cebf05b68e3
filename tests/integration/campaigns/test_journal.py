"""The ledger's pen while the database is away."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import StoreError
from bot.services import delivery
from bot.services.journal import Journal
from bot.store import deliveries
from bot.store.database import Database
from bot.store.deliveries import SENT
from tests.integration.campaigns.conftest import Province, simple, wait_for


class Outage(Database):
    """The same database over another way, which can be cut."""

    away = False
    tries = 0

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        self.tries += 1
        if self.away:
            raise StoreError("database: away")
        async with super().write() as connection:
            yield connection


@pytest.fixture
async def outage(database_url: str) -> AsyncIterator[Outage]:
    database = Outage(database_url)
    yield database
    await database.close()


async def test_what_was_sent_is_written_down_though_the_sender_stops_while_the_database_is_away(province: Province, outage: Outage) -> None:
    await province.subscribe([1, 2])
    province.write("thu", simple())
    await province.launch("thu")
    province.clock.advance(hours=1)
    await province.ticker.tick()
    [occurrence] = await province.occurrences()
    async with outage.write() as connection:
        sender = await deliveries.enlist(connection, "a")
        first, second = await deliveries.claim(connection, sender, occurrence.id, "telegram", 2, province.clock.now())
    journal = Journal(outage, sender, province.clock)
    writing = asyncio.create_task(journal.run())
    assert await journal.mark(first.id) == 0
    outage.away, outage.tries = True, 0
    asks = [asyncio.create_task(journal.record(first.id, SENT)), asyncio.create_task(journal.mark(second.id))]
    await wait_for(lambda: outage.tries)
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)
    outage.away = False
    await journal.close()
    assert await province.counts() == {"sent": 1, "queued": 1}, "nothing is marked as leaving by a sender that has stopped"
    for ask in asks:
        ask.cancel()
    await asyncio.gather(*asks, return_exceptions=True)


async def test_senders_that_were_all_cut_off_do_not_take_each_other_for_dead(province: Province, outage: Outage) -> None:
    others = Province(province.library, outage, province.clock, province.folder, province.channel)
    buried: list[int] = []
    steady = [1000.0]

    async def bury(connection: AsyncConnection, dead: int) -> tuple[int, int]:
        buried.append(dead)
        return 0, 0

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deliveries, "bury", bury)
        patch.setattr(delivery, "monotonic", lambda: steady[0])
        async with others.sending(grace=30.0), others.sending(grace=30.0):
            await wait_for(lambda: outage.tries > 10)
            outage.away, outage.tries = True, 0
            await wait_for(lambda: outage.tries > 4)
            steady[0] += 40.0
            outage.away, outage.tries = False, 0
            await wait_for(lambda: outage.tries > 10)
            assert not buried
