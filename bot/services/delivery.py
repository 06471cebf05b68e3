"""Delivery: rows of the ledger become messages, each at most once, behind every reply, at the pace the platform allows.

The way of a row: claimed (held by this sender) → its turn in the pace → marked as leaving, on disk → sent → its outcome on disk.
Whatever dies in between: a row that was not marked is sent by another, a row that was marked is `unknown`, and there are never more
of those than `in_flight`.
"""

import asyncio
import contextlib
import os
import socket
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from bot.campaigns.policy import Health, Policy, policy_for
from bot.campaigns.render import Approved, Composer
from bot.campaigns.schedule import quiet_at
from bot.channels.base import Channel
from bot.channels.fit import choices, fit
from bot.clock import VIETNAM, Clock, monotonic
from bot.content.library import Library
from bot.errors import DeliveryError, Migrated, StoreError, Throttled
from bot.messages import Address, Message
from bot.metrics import DELIVERIES, SECONDS_PAUSED
from bot.services.journal import Journal
from bot.services.reply import Pace
from bot.store import campaigns, conversations, deliveries, occurrences
from bot.store.database import Database
from bot.store.deliveries import SENT, Claimed, Outcome
from bot.store.occurrences import Occurrence
from bot.tasks import first_of

log = structlog.get_logger()

IN_FLIGHT = 60  # requests on their way at once, per channel: two seconds' worth at 30/s
LOOK_EVERY = 0.5  # seconds between looks for new work
BEAT_EVERY, GRACE = 5.0, 30.0  # seconds: signs of life, and how long without one until a sender counts as dead
STOP_WITHIN = 5.0  # seconds requests on their way may take to end when stopping
HOLD_FIRST, HOLD_LONGEST = 0.5, 60.0  # seconds a channel's campaigns wait after trouble, doubling while it lasts
TRIES_AGAIN_IN = timedelta(seconds=1)


@dataclass
class Opening:
    """An occurrence being sent, ready to compose its messages."""

    occurrence: Occurrence
    approved: Approved

    def may_send(self, now: datetime) -> bool:
        return now < self.occurrence.until and not quiet_at(self.approved.campaign.schedule.quiet, now)


class Trouble:
    """How long a channel's campaigns hold after the network or the platform failed: doubling while it lasts, over at the first success."""

    def __init__(self) -> None:
        self._until, self._next = 0.0, HOLD_FIRST

    def happened(self) -> None:
        now = monotonic()
        if now >= self._until:  # the requests that were in flight together are one trouble
            self._until = now + self._next
            self._next = min(self._next * 2, HOLD_LONGEST)

    def over(self) -> None:
        self._until, self._next = 0.0, HOLD_FIRST

    async def pass_by(self) -> None:
        while (wait := self._until - monotonic()) > 0:  # noqa: ASYNC110 - waiting for a moment, not for an event
            await asyncio.sleep(wait)


# While it is open a message is on its way to the platform.
Leaving = contextlib.AbstractContextManager[None]

# Called when a campaign must pause itself: (campaign, why).
PauseCampaign = Callable[[str, str], Awaitable[None]]


class Sender:
    """One sender process' worth of delivery over all its channels. `run` until `stop` is set and what is on its way has ended.

    paid_budget: everything it sends costs money, so it sends only for campaigns that ask for that, and for each so many messages.
    """

    def __init__(
        self,
        library: Callable[[], Library],
        database: Database,
        channels: Mapping[str, Channel],
        paces: Mapping[str, Pace],
        clock: Clock,
        pause_campaign: PauseCampaign,
        *,
        in_flight: int = IN_FLIGHT,
        beat_every: float = BEAT_EVERY,
        grace: float = GRACE,
        look_every: float = LOOK_EVERY,
        paid_budget: int | None = None,
    ):
        self._library, self._database, self._channels, self._paces, self._clock = library, database, channels, paces, clock
        self._pause_campaign, self._in_flight, self._beat_every, self._grace, self._look_every = (
            pause_campaign,
            in_flight,
            beat_every,
            grace,
            look_every,
        )
        self._paid_budget = paid_budget
        self._unspent: Counter[str] = Counter()  # messages of a campaign that are counted as paid and did not leave
        self.name = f"{socket.gethostname()}:{os.getpid()}"
        self._id = 0
        self._openings: dict[int, Opening] = {}
        self._composed: dict[tuple[object, ...], list[Message]] = {}
        self._slots = {name: asyncio.Semaphore(in_flight) for name in channels}
        self._trouble = {name: Trouble() for name in channels}
        self._health: defaultdict[int, Health] = defaultdict(Health)
        self._parked: set[asyncio.Task[None]] = set()
        # Rows that a task here will send or give back. Taken for dead while the database was away, this sender gets its own rows
        # a second time: they need no second task.
        self._in_hand: set[int] = set()
        self._tasks: dict[str, set[asyncio.Task[None]]] = {name: set() for name in channels}
        self._seen_beats: dict[int, tuple[int, float]] = {}
        self._looked_at = monotonic()
        self._wakes = {name: asyncio.Event() for name in channels}
        self._stopping = False

    def wake(self) -> None:
        """There may be something to send: look now."""
        for wake in self._wakes.values():
            wake.set()

    # --- life

    async def run(self, stop: asyncio.Event) -> None:
        if not await self._enlist(stop):
            return
        self._journal = Journal(self._database, self._id, self._clock)
        async with asyncio.TaskGroup() as group:
            writing = group.create_task(self._journal.run(), name="ledger")
            beating = group.create_task(self._beat(), name="sender-beat")
            lanes = [group.create_task(self._lane(name, group, stop), name=f"send-{name}") for name in self._channels]
            await stop.wait()
            await self._wind_down(lanes)
            writing.cancel()
            beating.cancel()
        await self._journal.close()
        with contextlib.suppress(StoreError):  # then the others find out by its silence
            async with self._database.write() as connection:
                for campaign, messages in self._unspent.items():
                    await campaigns.spend(connection, campaign, -messages)
                await deliveries.dismiss(connection, self._id)

    async def _enlist(self, stop: asyncio.Event) -> bool:
        while not stop.is_set():
            try:
                async with self._database.write() as connection:
                    self._id = await deliveries.enlist(connection, self.name)
                return True
            except StoreError as error:
                log.error("sender.no_database", error=str(error))
                await first_of(1.0, stop.wait())
        return False

    async def _wind_down(self, lanes: Sequence[asyncio.Task[None]]) -> None:
        """Nothing new; what waits for its turn goes back; what is on its way gets some time to end."""
        self._stopping = True
        await asyncio.gather(*lanes)
        for task in list(self._parked):
            task.cancel()
        running = [task for tasks in self._tasks.values() for task in tasks]
        if running:
            _, late = await asyncio.wait(running, timeout=STOP_WITHIN)
            for task in late:
                task.cancel()

    async def _beat(self) -> None:
        while True:
            try:
                await self._look_for_dead()
            except StoreError as error:
                log.error("sender.no_database", error=str(error))
            await asyncio.sleep(self._beat_every)

    async def _look_for_dead(self) -> None:
        async with self._database.write() as connection:
            beats = await deliveries.beat(connection, self._id, self.name)
            processes = await deliveries.senders(connection)
            now = monotonic()
            if now - self._looked_at > self._grace / 2:
                # Cut off ourselves, we heard nobody: had the others beaten we would not know it.
                self._seen_beats.clear()
            self._looked_at = now
            for sender, count in beats.items():
                if self._seen_beats.get(sender, (-1, 0.0))[0] != count:
                    self._seen_beats[sender] = (count, now)
            dead = {sender for sender, (_, seen) in self._seen_beats.items() if sender != self._id and now - seen > self._grace}
            for sender in dead | await deliveries.orphans(connection) - {self._id}:
                again, unknown = await deliveries.bury(connection, sender)
                self._seen_beats.pop(sender, None)
                log.warning("sender.died", queued_again=again, unknown=unknown)
        if not self._database.sqlite:  # which serves one process, and a crash must not halve the rate of the next
            for pace in self._paces.values():
                pace.shared_by(processes)

    # --- finding work

    async def _lane(self, channel: str, group: asyncio.TaskGroup, stop: asyncio.Event) -> None:
        tasks = self._tasks[channel]
        while not stop.is_set():
            found = 0
            try:
                if len(tasks) < self._in_flight:
                    await self._refresh()
                    found = await self._take(channel, 2 * self._in_flight - len(tasks), group)
            except StoreError as error:
                log.error("sender.no_database", error=str(error))
            if not found:
                await first_of(self._look_every, stop.wait(), self._wakes[channel].wait())
                self._wakes[channel].clear()

    async def _refresh(self) -> None:
        """Which occurrences are being sent now."""
        async with self._database.read() as connection:
            current = await occurrences.in_states(connection, ("sending",))
        self._openings = {item.id: self._opening(item) for item in current}

    def _opening(self, occurrence: Occurrence) -> Opening:
        known = self._openings.get(occurrence.id)
        if known and known.occurrence.hash == occurrence.hash:
            return Opening(occurrence, known.approved)
        return Opening(occurrence, Approved.read(occurrence.body))

    async def _take(self, channel: str, room: int, group: asyncio.TaskGroup) -> int:
        taken = 0
        now = self._clock.now()
        for opening in self._openings.values():
            if taken >= room or not opening.may_send(now):
                continue
            rows = await self._claim(opening, channel, room - taken, now)
            taken += len(rows)
            for row in rows:
                if row.id in self._in_hand:
                    self._spare(opening)
                    continue
                self._in_hand.add(row.id)
                task = group.create_task(self._deliver(row, opening), name=f"deliver-{channel}")
                self._tasks[channel].add(task)
                task.add_done_callback(lambda done: self._ended(channel, done))
        return taken

    async def _claim(self, opening: Opening, channel: str, room: int, now: datetime) -> list[Claimed]:
        """Up to `room` rows, and no more than there is money for."""
        campaign = opening.occurrence.campaign
        if self._paid_budget is not None and not opening.approved.campaign.paid:
            return []
        async with self._database.write() as connection:
            if self._paid_budget is None:
                return await deliveries.claim(connection, self._id, opening.occurrence.id, channel, room, now)
            back = self._unspent[campaign]
            await campaigns.spend(connection, campaign, -back)
            room = min(room, await campaigns.affordable(connection, campaign, self._paid_budget))
            rows = await deliveries.claim(connection, self._id, opening.occurrence.id, channel, room, now) if room else []
            await campaigns.spend(connection, campaign, len(rows))
        self._unspent[campaign] -= back
        return rows

    def _spare(self, opening: Opening) -> None:
        """One message less to pay for than was counted."""
        if self._paid_budget is not None:
            self._unspent[opening.occurrence.campaign] += 1

    def _ended(self, channel: str, task: asyncio.Task[None]) -> None:
        tasks = self._tasks[channel]
        tasks.discard(task)
        if len(tasks) == self._in_flight - 1:  # room for the next lot
            self._wakes[channel].set()

    # --- one row

    async def _deliver(self, row: Claimed, opening: Opening) -> None:
        task = asyncio.current_task()
        assert task
        self._parked.add(task)
        left = True  # what may have left counts as paid
        try:
            left = await self._through(task, row, opening)
        except asyncio.CancelledError:
            left = task not in self._parked
            raise
        finally:
            self._parked.discard(task)
            if not left:
                self._spare(opening)

    async def _through(self, task: asyncio.Task[None], row: Claimed, opening: Opening) -> bool:
        """Wait for the row's turn, send it, write down what came of it. False if the resident surely did not get it."""
        async with self._slots[row.channel]:
            await self._trouble[row.channel].pass_by()
            await self._paces[row.channel].campaign(row.chat)
            self._parked.discard(task)
            pieces = await self._compose(row, opening)
            arrived = await self._may_leave(row) if pieces else None
            if pieces is None or arrived is None:
                self._paces[row.channel].back_out()
                await self._give_back(row)
                return False
            # From here on the row is on disk as leaving; another sender may have sent a part of it since it was claimed.
            row = replace(row, pieces=arrived)
            leaving = await self._leave(row, pieces[arrived:])
            outcome = await self._send(row, opening, pieces, leaving) if leaving else Outcome("queued", pieces=row.pieces, tried=False)
            self._in_hand.discard(row.id)
            await self._journal.record(row.id, outcome)
        DELIVERIES.labels(row.channel, outcome.kind or outcome.state).inc()
        return outcome.state in ("sent", "unknown")

    async def _leave(self, row: Claimed, pieces: list[Message]) -> Leaving | None:
        """Wait for the moment of the first of these pieces. None if it is not to leave."""
        pace = self._paces[row.channel]
        if not pieces:  # all of it has arrived before, by another sender
            pace.back_out()
            return contextlib.nullcontext()
        return await pace.leave(pieces[0].count)

    async def _compose(self, row: Claimed, opening: Opening) -> list[Message] | None:
        """Not sooner than this: what waited over midnight says how many days are left now. None if it cannot be."""
        try:
            return self._pieces(row, opening)
        except Exception:
            # What passed every check and yet cannot be composed concerns this campaign only.
            log.error("delivery.not_composed", campaign=opening.occurrence.campaign, exc_info=True)
            await self._pause(opening, "không soạn được tin từ mẫu; xem nhật ký của máy")
            return None

    async def _may_leave(self, row: Claimed) -> int | None:
        """None if not; else how many of its pieces have arrived."""
        current = self._openings.get(row.occurrence_id)
        if self._stopping or current is None or not current.may_send(self._clock.now()):
            return None
        return await self._journal.mark(row.id)

    async def _give_back(self, row: Claimed) -> None:
        self._in_hand.discard(row.id)
        with contextlib.suppress(StoreError):  # a row that stays claimed is freed when this sender ends
            async with self._database.write() as connection:
                await deliveries.release(connection, self._id, [row.id])

    async def _send(self, row: Claimed, opening: Opening, pieces: list[Message], leaving: Leaving) -> Outcome:
        """Send what has not arrived yet of the row's message. Never raises but for cancellation."""
        channel, to = self._channels[row.channel], Address(row.channel, row.chat)
        arrived = row.pieces
        try:
            for piece in pieces[arrived:]:
                if arrived > row.pieces:
                    async with self._database.write() as connection:
                        await deliveries.progress(connection, self._id, row.id, arrived)
                    turn = await self._turn_of_next_piece(row, opening, piece)
                    if turn is None:
                        return Outcome("queued", pieces=arrived)  # left out at once if the resident has gone
                    leaving = turn
                with leaving:
                    await channel.send(to, piece)
                arrived += 1
        except DeliveryError as error:
            return await self._failed(row, opening, error, arrived)
        except StoreError:
            return Outcome("unknown", "unknown", pieces=arrived)
        except Exception:
            log.error("delivery.broken", channel=row.channel, exc_info=True)
            self._trouble[row.channel].happened()
            return Outcome("unknown", "unknown", pieces=arrived)
        self._trouble[row.channel].over()
        await self._judge(opening, None, False)
        await self._remember_choices(to, pieces[-1], opening, row)
        return SENT

    async def _turn_of_next_piece(self, row: Claimed, opening: Opening, piece: Message) -> Leaving | None:
        """Wait for it, and for as long as the platform wants silence. None if the rest is not to leave: the message goes back.

        While it waits the resident may say stop, the campaign be paused, night fall.
        """
        pace = self._paces[row.channel]
        while True:
            await pace.campaign(row.chat)
            goes_on = False
            try:
                goes_on = opening.may_send(self._clock.now()) and await self._goes_on(row)
            finally:
                if not goes_on:
                    pace.back_out()
            if not goes_on:
                return None
            if leaving := await pace.leave(piece.count):
                return leaving

    async def _goes_on(self, row: Claimed) -> bool:
        async with self._database.read() as connection:
            return await deliveries.goes_on(connection, self._id, row.id)

    async def _failed(self, row: Claimed, opening: Opening, error: DeliveryError, arrived: int) -> Outcome:
        policy = policy_for(error)
        if isinstance(error, Throttled):
            SECONDS_PAUSED.labels(row.channel).inc(error.retry_after)
            await self._paces[row.channel].pause(error.retry_after)
        elif policy.campaign == "waits":
            self._trouble[row.channel].happened()
        elif policy.campaign == "stops":
            await self._pause(opening, policy.words)
        await self._judge(opening, error.kind, policy.campaign == "counts")
        log.info("delivery.failed", channel=row.channel, kind=error.kind, campaign=opening.occurrence.campaign)
        return self._outcome(error, policy, arrived)

    def _outcome(self, error: DeliveryError, policy: Policy, arrived: int) -> Outcome:
        again = policy.row == "queued"
        return Outcome(
            state=policy.row,
            kind=None if again else error.kind,
            pieces=arrived,
            tried=True,
            again_at=self._clock.now() + TRIES_AGAIN_IN if again and not isinstance(error, Migrated) else None,
            unreachable=error.kind if policy.resident else None,
            chat=error.new_chat if isinstance(error, Migrated) else None,
        )

    async def _judge(self, opening: Opening, kind: str | None, counts: bool) -> None:
        why = self._health[opening.occurrence.id].saw(kind, counts)
        if why:
            self._health.pop(opening.occurrence.id)
            await self._pause(opening, why)

    async def _pause(self, opening: Opening, why: str) -> None:
        try:
            await self._pause_campaign(opening.occurrence.campaign, why)
        except StoreError as error:  # it goes on failing, and is paused at the next try
            log.error("sender.no_database", error=str(error))

    # --- words

    def _pieces(self, row: Claimed, opening: Opening) -> list[Message]:
        """The row's message fitted to its channel; residents of one locality share it unless it calls them by name."""
        day = self._clock.now().astimezone(VIETNAM).date()
        library = self._library()
        occurrence = opening.occurrence
        composer = Composer(opening.approved, occurrence.id, occurrence.moment, day, library.media)
        key = (occurrence.id, occurrence.hash, day, row.variant, row.channel, row.place, id(library))
        if key in self._composed:
            return self._composed[key]
        personal = composer.personal(row.variant, row.channel)
        place = library.places.name_on(row.place, day) if row.place and row.place in library.places else None
        message = composer.message(row.variant, row.channel, place, row.name if personal else None)
        pieces = fit(message, self._channels[row.channel].limits)
        if not personal:
            if len(self._composed) > 5000:
                self._composed.clear()
            self._composed[key] = pieces
        return pieces

    async def _remember_choices(self, to: Address, message: Message, opening: Opening, row: Claimed) -> None:
        """Where there are no buttons, the numbers in the text stand for them."""
        limits = self._channels[row.channel].limits
        if limits.buttons:
            return
        day = self._clock.now().astimezone(VIETNAM).date()
        composer = Composer(opening.approved, opening.occurrence.id, opening.occurrence.moment, day, Path())
        shown = choices(composer.message(row.variant, row.channel), limits)
        with contextlib.suppress(StoreError):
            async with self._database.write() as connection:
                await conversations.remember(connection, to, shown, self._clock.now())
