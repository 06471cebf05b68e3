"""Content that follows the files: the last good version answers, a broken edit is reported and changes nothing."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import structlog

from bot.content.library import Library, fingerprint, load
from bot.errors import ContentError, Problem

log = structlog.get_logger()


class LiveContent:
    """`current` is always a whole, checked Library. `problems` are the mistakes of the newest edit, empty when it is live."""

    def __init__(self, content: Path):
        self.content = content
        self._fingerprint = fingerprint(content)
        self.current: Library = load(content)
        self.problems: list[Problem] = []
        self.version = 1

    def refresh(self) -> bool:
        """Read again if a file changed. True if a new version went live. Blocking: call in a thread."""
        now = fingerprint(self.content)
        if now == self._fingerprint:
            return False
        self._fingerprint = now
        try:
            self.current = load(self.content)
        except ContentError as error:
            self.problems = error.problems
            log.error("content.rejected", problems=len(error.problems), first=str(error.problems[0]))
            return False
        self.problems = []
        self.version += 1
        log.info("content.live", version=self.version, topics=len(self.current.topics))
        return True

    async def follow(self, every: float = 1.0, changed: Callable[[], None] = lambda: None) -> None:
        """Run until cancelled, looking at the files every `every` seconds."""
        while True:
            await asyncio.sleep(every)
            try:
                if await asyncio.to_thread(self.refresh):
                    changed()
            except OSError as error:  # the disk is away for a moment: the version in memory goes on answering
                log.error("content.unreadable", error=error.strerror)
