"""The long-lived parts of a process: started together, watched, and stopped in order within a bound."""

import asyncio
import gc
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog

log = structlog.get_logger()

GRACE = 7.0  # seconds for parts to finish what they are doing; with the rest of the way down this stays under ten
GARBAGE = (10_000, 20, 50)  # as gc.set_threshold: a fifth of a sender's time went into looking, at Python's own thresholds


@dataclass(frozen=True)
class Part:
    """`run(stop)` lives until `stop` is set and then finishes its work; one that ignores `stop` is cancelled after the grace."""

    name: str
    run: Callable[[asyncio.Event], Awaitable[None]]


def settle() -> None:
    """Everything is loaded: look for cyclic garbage only among what comes from now on, and less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE)


async def run_parts(parts: Sequence[Part], stop: asyncio.Event) -> bool:
    """Run all until `stop` is set or one of them dies, then bring all down. False if one died: its error was logged."""
    settle()
    tasks = {asyncio.ensure_future(part.run(stop)): part for part in parts}
    stopping = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({*tasks, stopping}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stop.set()
        stopping.cancel()
        # Cancelled ourselves (a second Ctrl-C): no grace.
        pending = set(tasks)
        try:
            _, pending = await asyncio.wait(tasks, timeout=GRACE)
        finally:
            for task in pending:
                task.cancel()
            await asyncio.gather(*tasks, stopping, return_exceptions=True)
    died = [(task, part) for task, part in tasks.items() if not task.cancelled() and task.exception()]
    for task, part in died:
        log.error("part.died", part=part.name, exc_info=task.exception())
    return not died


def until_stopped(work: Callable[[], Awaitable[None]]) -> Callable[[asyncio.Event], Awaitable[None]]:
    """A part out of something that runs for ever and may be cancelled at any await."""

    async def run(stop: asyncio.Event) -> None:
        task, stopping = asyncio.ensure_future(work()), asyncio.ensure_future(stop.wait())
        try:
            await asyncio.wait({task, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                task.result()
        finally:
            for one in (task, stopping):
                one.cancel()
            await asyncio.gather(task, stopping, return_exceptions=True)

    return run


@asynccontextmanager
async def stop_on_signals() -> AsyncIterator[asyncio.Event]:
    """An event set by the first SIGINT or SIGTERM; the second cancels the task that waits here."""
    stop = asyncio.Event()
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None

    def asked() -> None:
        if stop.is_set():
            task.cancel()
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, asked)
    try:
        yield stop
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
