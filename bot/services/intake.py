"""From the platform's hand-over to the reply: stored first, handled once, in order for each chat, many chats at a time."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from bot.clock import Clock
from bot.errors import StoreError
from bot.messages import Incoming
from bot.store import inbox
from bot.store.database import Database
from bot.tasks import first_of

log = structlog.get_logger()

AT_ONCE = 32  # chats handled together; more wait in the database, not in memory
LOOK_EVERY = 1.0  # seconds, in case another process stored something or a wake-up was lost
TRIES = 3  # an item that fails (or kills the process) this often is put aside, so that it cannot hold up its chat for ever


class Intake:
    """`receive` is what a listening channel calls; `run` works things off until `stop` is set and what runs has finished."""

    def __init__(self, channel: str, handle: Callable[[Incoming], Awaitable[None]], database: Database, clock: Clock):
        self._channel, self._handle, self._database, self._clock = channel, handle, database, clock
        self._wake = asyncio.Event()
        self._running: dict[str, asyncio.Task[None]] = {}

    async def receive(self, items: list[Incoming]) -> None:
        """Store durably; returns when it is safe to confirm to the platform. Raises StoreError: then nothing is confirmed."""
        async with self._database.write() as connection:
            await inbox.add(connection, items, self._clock.now())
        self._wake.set()

    async def run(self, stop: asyncio.Event) -> None:
        async with asyncio.TaskGroup() as group:
            while not stop.is_set():
                self._wake.clear()
                try:
                    await self._start_waiting(group)
                except StoreError as error:
                    log.error("inbox.unavailable", error=str(error))
                await first_of(LOOK_EVERY, self._wake.wait(), stop.wait())
        # Leaving the group waited for the handlers that were running; what is still stored is for the next start.

    async def _start_waiting(self, group: asyncio.TaskGroup) -> None:
        room = AT_ONCE - len(self._running)
        if room <= 0:
            return
        async with self._database.read() as connection:
            found = await inbox.waiting(connection, self._channel, room, list(self._running))
        for item_id, item in found:
            chat = item.address.chat
            self._running[chat] = group.create_task(self._work_off(item_id, item), name=f"handle-{self._channel}")

    async def _work_off(self, item_id: int, item: Incoming) -> None:
        try:
            async with self._database.write() as connection:
                tries = await inbox.attempt(connection, item_id)
            if tries <= TRIES:
                await self._handle(item)
            else:
                log.error("inbox.put_aside", channel=self._channel, tries=tries)
            async with self._database.write() as connection:
                await inbox.handled(connection, item_id, self._clock.now())
        except StoreError as error:
            log.error("inbox.unavailable", error=str(error))
            await asyncio.sleep(LOOK_EVERY)
        except Exception as error:
            # One hostile or unlucky update must not stop the others; it is tried again and put aside after TRIES.
            log.error("inbox.failed", channel=self._channel, error=type(error).__name__, exc_info=True)
            await asyncio.sleep(0.1)
        finally:
            self._running.pop(item.address.chat, None)
            self._wake.set()
