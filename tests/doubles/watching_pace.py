"""A pace that never waits and knows how many messages are on their way, by what it was told."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from bot.campaigns.pace import NoPace


class WatchingPace(NoPace):
    """`open`: on their way now; `closed`: answered or failed."""

    def __init__(self) -> None:
        self.open = self.closed = 0

    async def reply(self, chat: str, messages: int = 1) -> AbstractContextManager[None]:
        return self._on_its_way()

    async def leave(self, messages: int = 1) -> AbstractContextManager[None] | None:
        return self._on_its_way()

    @contextmanager
    def _on_its_way(self) -> Iterator[None]:
        self.open += 1
        try:
            yield
        finally:
            self.open, self.closed = self.open - 1, self.closed + 1
