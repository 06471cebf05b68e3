"""A province in small: subscribers in a real database, campaigns in real files, a channel that remembers what it was asked to send."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert

from bot.campaigns.library import LiveCampaigns
from bot.campaigns.pace import NoPace
from bot.channels.base import Sent
from bot.clock import ManualClock
from bot.content.library import Library
from bot.messages import Address, Limits, Message
from bot.services.campaign_clock import CampaignClock
from bot.services.campaigns import Campaigns
from bot.services.delivery import Sender
from bot.store import deliveries, occurrences
from bot.store.database import Database
from bot.store.tables import Subscriber

TELEGRAM = Limits(text=4096, caption=1024, buttons=100, media=frozenset({"photo", "video", "document", "audio"}))


@dataclass
class Remembering:
    """A channel without a platform: what happens to a send is decided by `answer(chat, times tried)`, which may raise or wait."""

    answer: Callable[[str, int], object] = lambda chat, times: None
    name: str = "telegram"
    limits: Limits = TELEGRAM
    sent: list[tuple[str, Message]] = field(default_factory=list)
    tried: Counter[str] = field(default_factory=Counter)

    async def send(self, to: Address, message: Message) -> Sent:
        self.tried[to.chat] += 1
        result = self.answer(to.chat, self.tried[to.chat])
        if asyncio.iscoroutine(result):
            await result
        self.sent.append((to.chat, message))
        return Sent(str(len(self.sent)))

    def secrets(self) -> tuple[str, ...]:
        return ()

    @property
    def got(self) -> Counter[str]:
        """Messages each chat got."""
        return Counter(chat for chat, _ in self.sent)


@dataclass
class Province:
    """Everything a campaign needs, and the people to run it: `soạn` writes, `duyệt` approves."""

    library: Library
    database: Database
    clock: ManualClock
    folder: Path
    channel: Remembering

    def __post_init__(self) -> None:
        self.live = LiveCampaigns(lambda: self.library, self.folder, {"telegram": TELEGRAM})
        self.service = Campaigns(self.live, lambda: self.library, self.database, self.clock)
        self.ticker = CampaignClock(self.service, self.live, lambda: self.library, self.database, self.clock, chunk=50)

    def write(self, name: str, text: str) -> None:
        (self.folder / f"{name}.yml").write_text(text, encoding="utf-8")
        self.live.refresh()

    async def subscribe(self, chats: Iterable[int], place: str | None = "district:dien-chau", **values: object) -> None:
        joined = self.clock.now() - timedelta(days=30)
        row = {
            "channel": "telegram",
            "place": place,
            "language": "vi",
            "joined_at": joined,
            "consent_version": "t",
            "consent_at": joined,
            **values,
        }
        async with self.database.write() as connection:
            await connection.execute(insert(Subscriber), [{**row, "chat": str(chat)} for chat in chats])

    async def launch(self, name: str) -> None:
        """The whole way from file to schedule."""
        await self.service.submit(name, "Lê Thị Soạn")
        await self.service.approve(name, "Trần Văn Duyệt")
        await self.service.start(name, "Lê Thị Soạn")

    def sender(self, **options: object) -> Sender:
        return Sender(
            lambda: self.library,
            self.database,
            {"telegram": self.channel},
            {"telegram": options.pop("pace", NoPace())},  # type: ignore[dict-item]
            self.clock,
            self.service.pause_itself,
            **{"look_every": 0.01, "beat_every": 0.05, "grace": 0.3, **options},  # type: ignore[arg-type]
        )

    @asynccontextmanager
    async def sending(self, **options: object) -> AsyncIterator[Sender]:
        """A sender at work beside the block; it is stopped in order at the end."""
        sender, stop = self.sender(**options), asyncio.Event()
        task = asyncio.create_task(sender.run(stop))
        try:
            yield sender
        finally:
            stop.set()
            await task

    async def drain(self, seconds: float = 20.0) -> None:
        """Until nothing is queued or on its way, while the clock ticks."""
        async with asyncio.timeout(seconds):
            while any(item.state in ("due", "filling", "sending") for item in await self.occurrences()):
                await self.ticker.tick()
                await asyncio.sleep(0.01)

    async def occurrences(self) -> list[occurrences.Occurrence]:
        async with self.database.read() as connection:
            return await occurrences.in_states(connection, ("due", "filling", "sending", "paused", "done", "missed", "cancelled"))

    async def counts(self) -> Counter[str]:
        """Ledger rows by state over everything; states without rows are left out."""
        total: Counter[str] = Counter()
        async with self.database.read() as connection:
            for item in await occurrences.in_states(connection, ("filling", "sending", "paused", "done", "cancelled")):
                total.update({state: count for state, count in (await deliveries.counts(connection, item.id)).items() if count})
        return total


async def wait_for(condition: Callable[[], object], seconds: float = 10.0) -> None:
    """Let the loop run until `condition()` holds."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)


@pytest.fixture
def province(library: Library, database: Database, clock: ManualClock, tmp_path: Path) -> Province:
    folder = tmp_path / "content" / "campaigns"
    folder.mkdir(parents=True)
    return Province(library, database, clock, folder, Remembering())


def simple(name: str = "thu", at: datetime | str = "2022-11-07 10:00", **extra: str) -> str:
    """The YAML of a one-off campaign; `extra` are further top-level lines."""
    more = "\n".join(f"{key}: {value}" for key, value in extra.items())
    return f"""
id: {name}
title: Thử
author: Lê Thị Soạn
sender: Tổ công tác Đề án 06
schedule: {{at: {at}}}
message:
  text: Chào bà con ở {{{{ place }}}}.
  buttons:
    - {{text: Đăng ký ở đâu, topic: dinh_danh/o_dau}}
{more}
"""
