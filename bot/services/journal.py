"""The ledger's pen: many sends, one transaction.

A send needs two durable writes: "it is leaving" before, and "this became of it" after. Done one by one they would cost a disk flush
each. Here everything that asks while one transaction is under way goes into the next: alone a send waits for nobody, under load
hundreds share a flush.
"""

import asyncio
from collections.abc import Iterable, Mapping

import structlog

from bot.clock import Clock
from bot.errors import StoreError
from bot.store import deliveries
from bot.store.database import Database
from bot.store.deliveries import Outcome

log = structlog.get_logger()

GATHER = 0.01  # seconds in which those who ask share a transaction
RETRY = (0.1, 0.5, 1.0, 2.0)  # seconds between tries while the database is away


class Journal:
    """Writes for one sender. `run` until cancelled, and `close` to write what is left."""

    def __init__(self, database: Database, sender: int, clock: Clock):
        self._database, self._sender, self._clock = database, sender, clock
        self._marks: dict[int, asyncio.Future[int | None]] = {}
        self._outcomes: dict[int, tuple[Outcome, asyncio.Future[None]]] = {}
        self._wake = asyncio.Event()

    async def mark(self, row: int) -> int | None:
        """None if the row may not be sent. Else how many of its pieces have arrived before, and that it is on its way is on disk."""
        future: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
        self._marks[row] = future
        self._wake.set()
        return await future

    async def record(self, row: int, outcome: Outcome) -> None:
        """Returns once the outcome is on disk."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._outcomes[row] = (outcome, future)
        self._wake.set()
        await future

    async def run(self) -> None:
        while True:
            await self._wake.wait()
            await asyncio.sleep(GATHER)
            self._wake.clear()
            await self._write()

    async def close(self) -> None:
        """One last try at the outcomes that wait. Nothing leaves any more: who still asks to is not marked."""
        self._marks.clear()
        await self._write(tries=1)

    async def _write(self, tries: int | None = None) -> None:
        marks, self._marks = self._marks, {}
        outcomes, self._outcomes = self._outcomes, {}
        if not marks and not outcomes:
            return
        try:
            allowed = await self._on_disk(marks, outcomes, tries)
        except asyncio.CancelledError:  # stopped in the middle of it: `close` has the last try
            self._outcomes = outcomes | self._outcomes
            raise
        for row, future in marks.items():
            if not future.done():
                future.set_result(allowed.get(row))
        for _, done in outcomes.values():
            if not done.done():
                done.set_result(None)

    async def _on_disk(self, marks: Iterable[int], outcomes: Mapping[int, tuple[Outcome, object]], tries: int | None) -> dict[int, int]:
        """Both in one transaction, as often as it takes or `tries` allows. Returns what `deliveries.mark` allowed."""
        allowed: dict[int, int] = {}
        attempt = 0
        while True:
            try:
                async with self._database.write() as connection:
                    now = self._clock.now()
                    if outcomes:
                        await deliveries.record(connection, self._sender, {row: outcome for row, (outcome, _) in outcomes.items()}, now)
                    if marks:
                        allowed = await deliveries.mark(connection, self._sender, list(marks))
                return allowed
            except StoreError as error:
                # Whether a lost commit arrived is not known; both writes may be repeated.
                attempt += 1
                log.error("ledger.unavailable", error=str(error), attempt=attempt)
                if tries is not None and attempt >= tries:
                    return {}
                await asyncio.sleep(RETRY[min(attempt, len(RETRY)) - 1])
