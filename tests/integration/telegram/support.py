"""What the Telegram tests share: a `receive` that can be held shut, waits that take no time, a channel that listens."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from bot.channels.telegram import TelegramChannel
from bot.clock import SystemClock
from bot.errors import StoreError
from bot.messages import Address, Incoming
from tests.doubles.bot_api import BotApi

CHAT, GROUP = 42, -1_000_000_000_077
TO = Address("telegram", str(CHAT))


class Mailbox:
    """Keeps what came in. While `open` is not set it does not return; `failing` times it cannot store."""

    def __init__(self) -> None:
        self.items: list[Incoming] = []
        self.asked = asyncio.Event()
        self.open = asyncio.Event()
        self.open.set()
        self.failing = 0

    async def __call__(self, items: list[Incoming]) -> None:
        self.asked.set()
        await self.open.wait()
        if self.failing:
            self.failing -= 1
            raise StoreError("the disk is full")
        self.items += items

    @property
    def texts(self) -> list[str]:
        return [item.text for item in self.items]


class Waits:
    """A `sleep` that returns at once and remembers for how long it was asked to wait; `enough` is set after so many waits."""

    def __init__(self, enough: int = 0) -> None:
        self.seconds: list[float] = []
        self.enough = asyncio.Event()
        self._enough = enough

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)
        if len(self.seconds) == self._enough:
            self.enough.set()
        await asyncio.sleep(0)


@asynccontextmanager
async def open_channel(api: BotApi, **options: Any) -> AsyncIterator[TelegramChannel]:
    options = {"api_url": api.url, "sleep": Waits()} | options
    async with TelegramChannel(options.pop("token", api.token), options.pop("clock", SystemClock()), **options) as channel:
        yield channel


@asynccontextmanager
async def listening(api: BotApi, receive: Any, **options: Any) -> AsyncIterator[TelegramChannel]:
    async with open_channel(api, **options) as channel:
        task = asyncio.create_task(channel.listen(receive))
        try:
            yield channel
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task  # anything else that ended it fails the test
