"""The web as a channel: replies go back in the resident's own request, everything else waits in the session's outbox.

An open page follows its outbox (`GET /api/messages`); a page opened later finds what came meanwhile. The outbox is in memory and
bounded: a session keeps its newest messages, the sessions least recently written to go first.
"""

import asyncio
import secrets
from collections import OrderedDict, deque
from dataclasses import dataclass
from weakref import WeakValueDictionary

from bot.channels.base import Sent
from bot.messages import Address, Limits, Message


@dataclass(frozen=True)
class Posted:
    """`id` orders the messages of one run of the server; a page names the last one it has seen."""

    id: str
    message: Message


class Outbox:
    """`sessions`: how many are remembered. `each`: messages kept a session."""

    def __init__(self, sessions: int = 10_000, each: int = 20):
        self.closed = False
        self._sessions, self._each = sessions, each
        self._messages: OrderedDict[str, deque[tuple[int, Posted]]] = OrderedDict()
        self._changed: WeakValueDictionary[str, asyncio.Event] = WeakValueDictionary()
        # Ids of an earlier run mean nothing in this one: their prefix tells them apart.
        self._run = secrets.token_hex(4)
        self._count = 0

    def put(self, session: str, message: Message) -> str:
        self._count += 1
        posted = Posted(f"{self._run}-{self._count}", message)
        self._messages.setdefault(session, deque(maxlen=self._each)).append((self._count, posted))
        self._messages.move_to_end(session)
        if len(self._messages) > self._sessions:
            self._messages.popitem(last=False)
        self._wake(session)
        return posted.id

    def after(self, session: str, last: str | None) -> list[Posted]:
        """What came after the message `last`; everything kept if that id is none of this run's."""
        run, _, number = (last or "").partition("-")
        seen = int(number) if run == self._run and number.isdecimal() else 0
        return [posted for count, posted in self._messages.get(session, ()) if count > seen]

    async def wait(self, session: str, last: str | None) -> list[Posted]:
        """As `after`, but not before there is something; empty once the outbox is closed. The caller bounds the wait."""
        while not (found := self.after(session, last)) and not self.closed:
            changed = self._changed.setdefault(session, asyncio.Event())
            await changed.wait()
        return found

    def close(self) -> None:
        """End every wait: open pages must not hold up the stop of the server."""
        self.closed = True
        for session in list(self._changed):
            self._wake(session)

    def _wake(self, session: str) -> None:
        changed = self._changed.pop(session, None)
        if changed:
            changed.set()


class WebChannel:
    name = "web"
    limits = Limits(text=4096, caption=1024, buttons=100, button_text=120, media=frozenset({"photo", "video", "audio"}), album=10)

    def __init__(self, outbox: Outbox):
        self.outbox = outbox

    async def send(self, to: Address, message: Message) -> Sent:
        return Sent(self.outbox.put(to.chat, message))

    def secrets(self) -> tuple[str, ...]:
        return ()
