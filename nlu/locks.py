"""One turn at a time for each conversation."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary

from rasa.core.lock_store import LOCK_LIFETIME, LockError, LockStore


class PromptLockStore(LockStore):
    """Locks within this process, held only while somebody wants them.

    Rasa's own in-memory lock makes the second message of a conversation poll once a second; this one wakes it at once.
    Across processes the bot keeps a chat's messages in order, so no shared lock is needed.
    """

    def __init__(self) -> None:
        super().__init__()
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def lock(
        self, conversation_id: str, lock_lifetime: float = LOCK_LIFETIME, wait_time_in_seconds: float = 1
    ) -> AsyncIterator[None]:
        """Raises LockError when the conversation stays busy for `lock_lifetime` seconds."""
        lock = self._locks.setdefault(conversation_id, asyncio.Lock())
        try:
            await asyncio.wait_for(lock.acquire(), lock_lifetime)
        except asyncio.TimeoutError:
            raise LockError("The conversation was busy for too long.") from None
        try:
            yield
        finally:
            lock.release()

    def __len__(self) -> int:
        return len(self._locks)
