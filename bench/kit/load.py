"""Questions asked at a given concurrency, and how long each took."""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

# ask(worker, number): one turn; raises when it was not answered.
Ask = Callable[[int, int], Awaitable[None]]


@dataclass(frozen=True)
class Sample:
    """`milliseconds`: of each turn. `seconds`: of all of them together."""

    milliseconds: tuple[float, ...]
    seconds: float

    @property
    def p50(self) -> float:
        return percentile(self.milliseconds, 0.50)

    @property
    def p99(self) -> float:
        return percentile(self.milliseconds, 0.99)

    @property
    def rate(self) -> float:
        """Turns a second."""
        return len(self.milliseconds) / self.seconds


def percentile(values: Sequence[float], share: float) -> float:
    """Nearest rank: the least value that `share` of them do not exceed. Raises ValueError for no values."""
    if not values:
        raise ValueError("no values have no percentile")
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


async def drive(ask: Ask, turns: int, concurrency: int, tick: Callable[[], None] = lambda: None, until: float = math.inf) -> Sample:
    """`turns` turns, `concurrency` at a time; each worker waits for its reply before it asks again.

    until: seconds after which no new turn begins. The first failing turn stops everything and is raised.
    """
    numbers = iter(range(turns))
    taken: list[float] = []
    started = time.perf_counter()

    async def work(worker: int) -> None:
        for number in numbers:
            begun = time.perf_counter()
            if begun - started > until:
                return
            await ask(worker, number)
            taken.append((time.perf_counter() - begun) * 1000)
            tick()

    try:
        async with asyncio.TaskGroup() as group:
            for worker in range(concurrency):
                group.create_task(work(worker))
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None
    return Sample(tuple(taken), time.perf_counter() - started)
