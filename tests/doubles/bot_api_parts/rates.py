"""How fast the bot sends: always measured, refused with 429 only when asked to."""

import math
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.doubles.bot_api_parts.errors import too_many


class Window:
    """Events of the last `length` seconds, and the most there ever were at once."""

    def __init__(self, length: float):
        self.length, self.highest = length, 0
        self._times: deque[float] = deque()

    def count(self, now: float) -> int:
        while self._times and now - self._times[0] >= self.length:
            self._times.popleft()
        return len(self._times)

    def add(self, now: float) -> None:
        self._times.append(now)
        self.highest = max(self.highest, self.count(now))

    def wait(self, now: float, room: int) -> float:
        """Seconds until fewer than `room` events lie in the window."""
        return 0.0 if self.count(now) < room else self._times[-room] + self.length - now


@dataclass
class Rates:
    """Telegram's guidance as rules. `second` is how long a second lasts here, so that a test need not live through a minute.

    Once the bot is told to wait, everything it sends is refused until then, answers included, as users report of Telegram.
    """

    clock: Callable[[], float]
    enforced: bool = False
    per_second: int = 30
    chat_per_second: int = 1
    group_per_minute: int = 20
    second: float = 1.0
    refused: int = 0  # 429 answers given
    impatient: int = 0  # of them, sends that came while the bot had been told to wait
    overall: Window = field(init=False)
    chats: dict[int, Window] = field(init=False)
    _closed_until: float = 0.0

    def __post_init__(self) -> None:
        self.overall = Window(self.second)
        self.chats = defaultdict(lambda: Window(self.second))
        self._groups: dict[int, Window] = defaultdict(lambda: Window(60 * self.second))

    def check(self, chat: int) -> None:
        """Count one message to `chat`, or raise 429. `retry_after` is in this double's seconds, rounded up."""
        now = self.clock()
        if self.enforced:
            if now < self._closed_until:
                self.impatient += 1
                self._refuse(now, self._closed_until - now)
            waits = [self.overall.wait(now, self.per_second)]
            if chat > 0:
                waits.append(self.chats[chat].wait(now, self.chat_per_second))
            else:
                waits.append(self._groups[chat].wait(now, self.group_per_minute))
            if max(waits) > 0:
                self._refuse(now, max(waits))
        self.overall.add(now)
        (self.chats if chat > 0 else self._groups)[chat].add(now)

    def _refuse(self, now: float, wait: float) -> None:
        self.refused += 1
        retry_after = max(1, math.ceil(wait / self.second))
        self._closed_until = max(self._closed_until, now + wait)
        raise too_many(retry_after)

    def highest(self) -> dict[str, int]:
        """The most messages in any second overall, in any second to one person, in any minute to one group."""
        return {
            "overall": self.overall.highest,
            "chat": max((window.highest for window in self.chats.values()), default=0),
            "group": max((window.highest for window in self._groups.values()), default=0),
            "refused": self.refused,
            "impatient": self.impatient,
        }
