"""The clockwork of campaigns. APScheduler only ticks; what is due, and that it happens once, is decided by rows in the database."""

import asyncio
import time
from collections.abc import Callable

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.campaigns.audience import Target, target
from bot.campaigns.library import LiveCampaigns, Loaded, seams
from bot.campaigns.lifecycle import BOUND, GOING
from bot.campaigns.render import Approved
from bot.campaigns.schedule import coalesce, slots, upcoming
from bot.clock import VIETNAM, Clock
from bot.content.library import Library
from bot.errors import StoreError
from bot.services.campaigns import SYSTEM, Campaigns
from bot.store import campaigns, deliveries, indicators, occurrences
from bot.store.campaigns import Standing
from bot.store.database import Database
from bot.store.occurrences import Occurrence

log = structlog.get_logger()

EVERY = 1.0  # seconds between ticks
FILL_FOR = 5.0  # seconds a tick may write ledgers before it looks at the other campaigns again


class CampaignClock:
    """Plans, opens, fills, expires and closes occurrences. Any number may run beside each other on one database."""

    def __init__(
        self,
        service: Campaigns,
        live: LiveCampaigns,
        library: Callable[[], Library],
        database: Database,
        clock: Clock,
        wake: Callable[[], None] = lambda: None,
        *,
        every: float = EVERY,
        chunk: int = occurrences.CHUNK,
    ):
        self._service, self._live, self._library, self._database, self._clock = service, live, library, database, clock
        self._wake, self._every, self._chunk = wake, every, chunk

    async def run(self, stop: asyncio.Event) -> None:
        # Its default of skipping a run that comes a second late, in silence, is switched off; ticks that pile up become one.
        scheduler = AsyncIOScheduler(job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1}, timezone=VIETNAM)
        ticking = asyncio.Lock()

        async def tick() -> None:
            async with ticking:
                if not stop.is_set():
                    await self._safely()

        scheduler.add_job(tick, "interval", seconds=self._every)
        scheduler.start()
        try:
            await stop.wait()
        finally:
            async with ticking:  # a tick under way ends first: shutting down would cancel it in mid-transaction
                scheduler.shutdown(wait=False)

    async def _safely(self) -> None:
        try:
            await self.tick()
        except StoreError as error:
            log.error("campaigns.no_database", error=str(error))
        except Exception:
            log.error("campaigns.tick_failed", exc_info=True)

    async def tick(self) -> None:
        """Everything that is due now. Raises StoreError; whatever was not done is done by a later tick."""
        await asyncio.to_thread(self._live.refresh)
        async with self._database.read() as connection:
            standings = await campaigns.in_states(connection, BOUND)
        for standing in standings:
            loaded = self._live.current.get(standing.id)
            if loaded and standing.hash != loaded.hash:
                await self._service.void(standing.id, "nội dung đã sửa sau khi duyệt hoặc gửi duyệt")
            elif loaded and standing.state in GOING:
                await self._plan(standing, loaded)
        await self._open()
        await self._fill()
        await self._close()

    # --- planning

    async def _plan(self, standing: Standing, loaded: Loaded) -> None:
        """Write down the slots that came due since the last look."""
        now = self._clock.now()
        since = standing.planned_until or now
        if since >= now:  # the clock was set back: what lies between was planned already
            return
        due = slots(loaded.campaign, since, now, seams(self._library()))
        sending, missed = coalesce(due, now)
        async with self._database.write() as connection:
            current = await campaigns.find(connection, standing.id, lock=True)
            if current is None or current.state not in GOING or current.hash != loaded.hash:
                return
            body = loaded.approved.body
            await occurrences.plan(connection, standing.id, loaded.hash, body, sending, "due", now)
            lost = await occurrences.plan(connection, standing.id, loaded.hash, body, missed, "missed", now)
            for slot in missed[:lost]:
                await campaigns.audit(connection, standing.id, SYSTEM, "missed", now, f"{slot.key}: lẽ ra gửi lúc {slot.at:%d/%m/%Y %H:%M}")
            await campaigns.planned(connection, standing.id, now)
        if lost:
            log.error("campaign.missed", campaign=standing.id, slots=lost)

    # --- opening and filling

    async def _open(self) -> None:
        now = self._clock.now()
        async with self._database.read() as connection:
            due = await occurrences.in_states(connection, ("due",))
            going = {standing.id for standing in await campaigns.in_states(connection, GOING)}
        for occurrence in due:
            if occurrence.campaign not in going or occurrence.until <= now:
                continue
            async with self._database.write() as connection:
                # The campaign before the occurrence, as everywhere: two schedulers that lock in different orders block each other.
                standing = await campaigns.find(connection, occurrence.campaign, lock=True)
                if standing is None or standing.state not in GOING:
                    continue
                ranks = (await self._target(connection, occurrence)).ranks
                if await occurrences.start(connection, occurrence.id, ranks, now):
                    await campaigns.put(connection, occurrence.campaign, now, state="running")
                    await campaigns.audit(connection, occurrence.campaign, SYSTEM, "open", now, occurrence.key)
                    log.info("campaign.open", campaign=occurrence.campaign, key=occurrence.key)

    async def _fill(self) -> None:
        """Write the ledgers, a chunk of each in turn, so that a huge one does not keep a small one waiting."""
        began = time.monotonic()
        async with self._database.read() as connection:
            filling = await occurrences.in_states(connection, ("filling",))
        while filling and time.monotonic() - began < FILL_FOR:
            for occurrence in list(filling):
                if await self._fill_some(occurrence):
                    filling.remove(occurrence)
                    self._wake()

    async def _fill_some(self, occurrence: Occurrence) -> bool:
        async with self._database.write() as connection:
            standing = await campaigns.find(connection, occurrence.campaign, lock=True)
            then = "sending" if standing and standing.state in GOING else "paused"
            wanted = await self._target(connection, occurrence)
            return await occurrences.fill(connection, occurrence.id, wanted, then, self._chunk)

    async def _target(self, connection, occurrence: Occurrence) -> Target:  # type: ignore[no-untyped-def]
        campaign = Approved.read(occurrence.body).campaign
        indicator = campaign.audience.indicator
        figures = await indicators.figures(connection, indicator.name) if indicator else {}
        at = occurrence.started_at or self._clock.now()
        return target(campaign, self._library().places, at, occurrence.since, occurrence.before, occurrence.topic, figures)

    # --- closing

    async def _close(self) -> None:
        now = self._clock.now()
        async with self._database.read() as connection:
            current = await occurrences.in_states(connection, ("due", "sending", "paused", "cancelled"))
        for occurrence in current:
            if occurrence.state == "cancelled":
                if occurrence.finished_at is None:
                    await self._end_rows(occurrence, "cancelled")
            elif occurrence.state == "due":
                if occurrence.until <= now:
                    await self._set(occurrence, ("due",), "missed")
            elif occurrence.until <= now:
                await self._end_rows(occurrence, "late")
            elif occurrence.state == "sending":
                await self._finish(occurrence)
        await self._finish_campaigns()

    async def _end_rows(self, occurrence: Occurrence, kind: str) -> None:
        more = True
        while more:
            async with self._database.write() as connection:
                more = await deliveries.expire(connection, occurrence.id, kind) > 0
        await self._finish(occurrence)

    async def _finish(self, occurrence: Occurrence) -> None:
        async with self._database.read() as connection:
            remaining = await deliveries.remaining(connection, occurrence.id)
        if not remaining:
            await self._set(occurrence, ("sending", "paused", "cancelled"), "cancelled" if occurrence.state == "cancelled" else "done")

    async def _set(self, occurrence: Occurrence, old: tuple[str, ...], new: str) -> None:
        async with self._database.write() as connection:
            if await occurrences.set_state(connection, occurrence.id, old, new, self._clock.now()):
                log.info("campaign.occurrence", campaign=occurrence.campaign, key=occurrence.key, state=new)

    async def _finish_campaigns(self) -> None:
        """A campaign with nothing open and nothing to come is done, or expired if its end cut it short."""
        now = self._clock.now()
        async with self._database.read() as connection:
            going = await campaigns.in_states(connection, GOING)
            busy = {item.campaign for item in await occurrences.in_states(connection, occurrences.OPEN)}
        for standing in going:
            loaded = self._live.current.get(standing.id)
            if loaded is None or standing.id in busy or upcoming(loaded.campaign, standing.planned_until or now, 1, seams(self._library())):
                continue
            expired = loaded.campaign.expires is not None and loaded.campaign.expires <= now
            async with self._database.write() as connection:
                await campaigns.put(connection, standing.id, now, state="expired" if expired else "done")
                await campaigns.audit(connection, standing.id, SYSTEM, "expired" if expired else "done", now)
