"""Updates on their way to the bot: kept until confirmed (polling) or acknowledged (webhook), whatever happens to the bot."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import aiohttp

from tests.doubles.bot_api_parts.errors import ApiError

TERMINATED = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
WEBHOOK_ACTIVE = "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
NOT_BY_DEFAULT = {"chat_member", "message_reaction", "message_reaction_count"}
FIRST_WAIT, LONGEST_WAIT = 2.0, 120.0


@dataclass(eq=False)
class Waiting:
    """`handed`: given to the bot at least once, so that a higher offset confirms it."""

    update: dict[str, Any]
    handed: bool = False

    @property
    def id(self) -> int:
        return int(self.update["update_id"])

    @property
    def lane(self) -> tuple[str, int]:
        """Messages of a chat are delivered one after another; so are callbacks of a person."""
        kind = next(key for key in self.update if key != "update_id")
        body = self.update[kind]
        if "message" in kind or "member" in kind:
            return "chat", body["chat"]["id"]
        return kind, body.get("from", {}).get("id", 0)


class Updates:
    def __init__(self) -> None:
        self.waiting: list[Waiting] = []
        self.confirmed: list[int] = []
        self.allowed: set[str] | None = None
        self.changed = asyncio.Event()
        self.webhook: Webhook | None = None
        self.polls = 0
        self._poller = 0

    def put(self, update: dict[str, Any]) -> None:
        """Queue an update, unless the bot did not ask for its kind."""
        kind = next(key for key in update if key != "update_id")
        if (kind in NOT_BY_DEFAULT) if not self.allowed else (kind not in self.allowed):
            return
        self.waiting.append(Waiting(update))
        self.notify()

    def notify(self) -> None:
        """Wake whoever waits for a change."""
        self.changed.set()
        self.changed = asyncio.Event()

    def remove(self, entry: Waiting) -> None:
        self.waiting.remove(entry)
        self.confirmed.append(entry.id)
        self.notify()

    async def poll(self, offset: int, limit: int, timeout: float, closing: asyncio.Event) -> list[dict[str, Any]]:
        """getUpdates. Unlike Telegram an update never handed out is not confirmed by a higher offset, so that tests can send old ids."""
        if self.webhook:
            raise ApiError(409, WEBHOOK_ACTIVE)
        self.polls += 1
        self._poller += 1
        mine = self._poller
        self._confirm(offset)
        self.notify()
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        while mine == self._poller and not closing.is_set():
            if found := self.waiting[:limit]:
                for entry in found:
                    entry.handed = True
                return [entry.update for entry in found]
            changed = self.changed
            left = deadline - loop.time()
            if left <= 0:
                return []
            await _first_of(changed, closing, timeout=left)
        if closing.is_set():
            return []
        raise ApiError(409, TERMINATED)

    def _confirm(self, offset: int) -> None:
        older = self.waiting[:offset] if offset < 0 else [entry for entry in self.waiting if entry.handed and entry.id < offset]
        for entry in older:
            self.waiting.remove(entry)
            self.confirmed.append(entry.id)


@dataclass
class Attempt:
    """One delivery to the webhook. `status` 0: no answer. `seconds`: how long the bot took."""

    at: float
    update_id: int
    status: int
    seconds: float


class Webhook:
    """Delivers updates to the bot's address as Telegram does: lanes in order and in parallel, repeated until acknowledged.

    `patience` multiplies the waits between repeats (1: as Telegram; 0: at once).
    """

    def __init__(self, updates: Updates, url: str, secret: str, connections: int, patience: float, clock: Callable[[], float]):
        self.url, self.secret, self.patience = url, secret, patience
        self.attempts: list[Attempt] = []
        self.last_error = ""
        self._updates, self._clock = updates, clock
        self._room = asyncio.Semaphore(connections)
        self._lanes: dict[tuple[str, int], asyncio.Task[None]] = {}
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60))
        self._task = asyncio.create_task(self._run(), name="webhook-sender")

    async def close(self) -> None:
        tasks = [self._task, *self._lanes.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._session.close()

    async def _run(self) -> None:
        while True:
            changed = self._updates.changed
            for entry in self._updates.waiting:
                if entry.lane not in self._lanes:
                    self._lanes[entry.lane] = asyncio.create_task(self._deliver(entry), name="webhook-lane")
            await changed.wait()

    async def _deliver(self, entry: Waiting) -> None:
        wait = 0.0
        while (asked := await self._post(entry)) is not None:
            await asyncio.sleep(max(wait, asked) * self.patience)
            wait = min(max(FIRST_WAIT, wait * 2), LONGEST_WAIT)
        del self._lanes[entry.lane]
        self._updates.remove(entry)

    async def _post(self, entry: Waiting) -> float | None:
        """None when acknowledged; else the seconds the bot asked to wait (0 if it did not)."""
        headers = {"Content-Type": "application/json"}
        if self.secret:
            headers["X-Telegram-Bot-Api-Secret-Token"] = self.secret
        began, status, asked = self._clock(), 0, 0.0
        async with self._room:
            try:
                async with self._session.post(self.url, data=json.dumps(entry.update).encode(), headers=headers) as answer:
                    status = answer.status
                    asked = float(answer.headers.get("Retry-After", 0))
                    self.last_error = "" if 200 <= status < 300 else f"Wrong response from the webhook: {status} {answer.reason}"
            except (aiohttp.ClientError, TimeoutError) as error:
                self.last_error = f"Connection failed: {type(error).__name__}"
        self.attempts.append(Attempt(began, entry.id, status, self._clock() - began))
        self._updates.notify()
        return None if 200 <= status < 300 else asked


async def _first_of(*events: asyncio.Event, timeout: float) -> None:
    tasks = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(tasks, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
