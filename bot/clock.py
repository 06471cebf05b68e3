"""The only source of time. Vietnam has one zone without daylight saving: Asia/Ho_Chi_Minh is the wall clock of content and campaigns."""

import time
from datetime import date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")


class Clock(Protocol):
    def now(self) -> datetime:
        """Aware, in Asia/Ho_Chi_Minh."""
        ...


def today(clock: Clock) -> date:
    return clock.now().date()


class SystemClock:
    """The machine's clock, optionally moved so that it reads `as_of` at the moment of construction and runs on from there."""

    def __init__(self, as_of: datetime | None = None):
        self._shift = as_of - datetime.now(VIETNAM) if as_of else timedelta()

    def now(self) -> datetime:
        return datetime.now(VIETNAM) + self._shift


class ManualClock:
    """A clock that moves only when told: for tests and simulations."""

    def __init__(self, now: datetime):
        self.moment = now if now.tzinfo else now.replace(tzinfo=VIETNAM)

    def now(self) -> datetime:
        return self.moment

    def advance(self, **delta: float) -> None:
        self.moment += timedelta(**delta)


def parse_as_of(text: str) -> datetime:
    """`2022-11-07` (08:00 that day) or `2022-11-07T23:59` as Vietnam time. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    if len(text) <= 10:
        moment = moment.replace(hour=8)
    return moment if moment.tzinfo else moment.replace(tzinfo=VIETNAM)


monotonic = time.monotonic
