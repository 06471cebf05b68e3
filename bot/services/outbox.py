"""What a resident gets without asking, kept in the database until their page has it: an open page is told at once, a closed one finds it."""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime
from weakref import WeakValueDictionary

from bot.clock import VIETNAM, Clock
from bot.messages import Address, Message
from bot.store import outbox
from bot.store.database import Database


@dataclass(frozen=True)
class Posted:
    """`id` is a number as text, higher for later messages; a page names the last one it has seen."""

    id: str
    message: Message


class Outbox:
    """`channel`: whose sessions. `each`: messages kept a session. Raises StoreError, but for `close`."""

    def __init__(self, database: Database, clock: Clock, channel: str = "web", each: int = 20):
        self.closed = False
        self._database, self._clock, self._channel, self._each = database, clock, channel, each
        self._changed: WeakValueDictionary[str, asyncio.Event] = WeakValueDictionary()

    async def put(self, session: str, message: Message, consent: bool = False) -> str | None:
        """Returns the message's id. `consent`: only with the resident's consent in force; without it, None."""
        async with self._database.write() as connection:
            number = await outbox.put(connection, Address(self._channel, session), message, self._clock.now(), self._each, consent)
        if number is None:
            return None
        self._wake(session)
        return str(number)

    async def seen(self, session: str, last: str | None) -> None:
        """The page has the message `last` and what it was given before: they are kept no longer."""
        if number := _number(last):
            async with self._database.write() as connection:
                await outbox.arrived(connection, Address(self._channel, session), number)

    async def after(self, session: str, last: str | None) -> list[Posted]:
        """What came after the message `last`; all that is kept if that is no id. Given again until it is `seen`: pages know an id they had."""
        now = self._clock.now()
        async with self._database.read() as connection:
            found = await outbox.waiting(connection, Address(self._channel, session), _number(last), now)
        if new := [item.id for item in found if not item.handed]:
            async with self._database.write() as connection:
                await outbox.handed(connection, new, now)
        return [Posted(str(item.id), _dated(item.message, item.put_at, now)) for item in found]

    async def wait(self, session: str, last: str | None) -> list[Posted]:
        """As `after`, but not before there is something; empty once the outbox is closed. The caller bounds the wait: what another process
        put is seen when it asks again."""
        while True:
            changed = self._changed.setdefault(session, asyncio.Event())
            if (found := await self.after(session, last)) or self.closed:
                return found
            await changed.wait()

    def close(self) -> None:
        """End every wait: open pages must not hold up the stop of the server."""
        self.closed = True
        for session in list(self._changed):
            self._wake(session)

    def _wake(self, session: str) -> None:
        if changed := self._changed.pop(session, None):
            changed.set()


def _number(last: str | None) -> int:
    return int(last) if last and last.isascii() and last.isdecimal() and len(last) < 19 else 0


def _dated(message: Message, put_at: datetime, now: datetime) -> Message:
    """What was written for another day says so: "còn 3 ngày" is true of that day only."""
    day = put_at.astimezone(VIETNAM).date()
    if not message.text or day == now.astimezone(VIETNAM).date():
        return message
    return replace(message, text=f"(Tin gửi ngày {day:%d/%m/%Y})\n\n{message.text}")
