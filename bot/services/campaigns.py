"""Use cases of campaigns: their life, who may do what, what residents press, and what came of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.campaigns import lifecycle
from bot.campaigns.audience import target
from bot.campaigns.library import LiveCampaigns, Loaded, advice, lint, seams
from bot.campaigns.lifecycle import BOUND, GOING, OVER, NotAllowed
from bot.campaigns.policy import STATES
from bot.campaigns.render import Approved, Ref, effect
from bot.campaigns.schedule import Slot, upcoming
from bot.clock import Clock
from bot.content.library import Library
from bot.errors import Problem
from bot.messages import Address, Message
from bot.store import campaigns, deliveries, indicators, interests, occurrences, presses
from bot.store.campaigns import Entry, Standing
from bot.store.database import Database
from bot.store.occurrences import Occurrence

log = structlog.get_logger()

SYSTEM = "hệ thống"  # who acts in the audit when nobody did


@dataclass(frozen=True)
class Status:
    """How a campaign stands. `counts`: rows of the ledger by state, for each occurrence that has begun."""

    id: str
    title: str
    state: str
    why: str | None
    standing: Standing | None
    loaded: Loaded | None
    occurrences: tuple[Occurrence, ...] = ()
    counts: Mapping[int, Mapping[str, int]] = field(default_factory=dict)
    next: Slot | None = None


@dataclass
class Campaigns:
    """`actor` is always a person's name, for the audit. Every step raises NotAllowed with the way out."""

    live: LiveCampaigns
    library: Callable[[], Library]
    database: Database
    clock: Clock
    paid_budget: int = 0  # messages a campaign may send for money

    # --- life

    async def submit(self, campaign: str, actor: str) -> None:
        loaded = self.loaded(campaign)
        self._lint(loaded)
        async with self.database.write() as connection:
            await self._move(
                connection,
                campaign,
                "submit",
                actor,
                loaded.hash[:12],
                hash=loaded.hash,
                author=loaded.campaign.author,
                submitted_by=actor,
                approved_by=None,
                why=None,
            )

    async def approve(self, campaign: str, actor: str) -> None:
        """Binds to the content as it stands now, which must be what was submitted."""
        loaded = self.loaded(campaign)
        self._lint(loaded)
        async with self.database.write() as connection:
            standing = await campaigns.find(connection, campaign, lock=True)
            if standing and standing.hash and standing.hash != loaded.hash and standing.state == "submitted":
                raise NotAllowed("nội dung đã sửa sau khi gửi duyệt. Gửi duyệt lại: ./loa campaign submit " + campaign)
            lifecycle.check_approver(actor, loaded.campaign.author, standing.submitted_by if standing else None)
            await self._move(connection, campaign, "approve", actor, loaded.hash[:12], approved_by=actor)

    async def reject(self, campaign: str, actor: str, why: str) -> None:
        async with self.database.write() as connection:
            await self._move(connection, campaign, "reject", actor, why, hash=None, approved_by=None, why=why)

    async def start(self, campaign: str, actor: str) -> None:
        """From now on its slots come due; what was begun under an earlier approval goes on with the new text."""
        loaded = self.loaded(campaign)
        self._lint(loaded)
        now = self.clock.now()
        async with self.database.write() as connection:
            await self._approved(connection, loaded)
            await self._move(connection, campaign, "start", actor, planned_until=now, why=None)
            await occurrences.renew(connection, campaign, loaded.hash, loaded.approved.body)
            await occurrences.set_states(connection, campaign, ("paused",), "sending")

    async def pause(self, campaign: str, actor: str, why: str | None = None) -> None:
        """At once: nothing leaves after this returns but the requests already on their way."""
        async with self.database.write() as connection:
            await self._move(connection, campaign, "pause", actor, why, why=why)
            await occurrences.set_states(connection, campaign, ("sending",), "paused")

    async def resume(self, campaign: str, actor: str) -> None:
        async with self.database.write() as connection:
            standing = await campaigns.find(connection, campaign, lock=True)
            loaded = self.live.current.get(campaign)
            if standing and loaded and standing.hash != loaded.hash:
                raise NotAllowed("nội dung đã sửa nên duyệt cũ không còn giá trị. Gửi duyệt lại: ./loa campaign submit " + campaign)
            await self._move(connection, campaign, "resume", actor, why=None)
            await occurrences.set_states(connection, campaign, ("paused",), "sending")

    async def cancel(self, campaign: str, actor: str, why: str | None = None) -> None:
        async with self.database.write() as connection:
            await self._move(connection, campaign, "cancel", actor, why, why=why)
            await occurrences.set_states(connection, campaign, occurrences.OPEN, "cancelled")

    async def pause_itself(self, campaign: str, why: str) -> None:
        """The engine pauses a campaign that fails too often. Idempotent: many sends may find out at once."""
        async with self.database.write() as connection:
            standing = await campaigns.find(connection, campaign, lock=True)
            if standing is None or standing.state not in GOING:
                return
            await self._move(connection, campaign, "pause", SYSTEM, why, why=why)
            await occurrences.set_states(connection, campaign, ("sending",), "paused")
        log.error("campaign.paused_itself", campaign=campaign, why=why)

    async def void(self, campaign: str, why: str) -> None:
        """An edit voids the approval: nothing more is sent until the new text is approved and started."""
        async with self.database.write() as connection:
            standing = await campaigns.find(connection, campaign, lock=True)
            if standing is None or standing.state not in BOUND:
                return
            await campaigns.put(connection, campaign, self.clock.now(), state="draft", hash=None, approved_by=None, why=why)
            await campaigns.audit(connection, campaign, SYSTEM, "void", self.clock.now(), why)
            await occurrences.set_states(connection, campaign, ("sending",), "paused")
        log.warning("campaign.void", campaign=campaign)

    async def resend(self, campaign: str, actor: str, states: tuple[str, ...]) -> int:
        """Queue again what failed, or what staff decided to risk sending twice (`unknown`). Returns how many rows."""
        async with self.database.write() as connection:
            standing = await campaigns.find(connection, campaign, lock=True)
            if standing is None or standing.state not in (*GOING, "paused", "done"):
                raise NotAllowed("chỉ gửi lại được khi chiến dịch đang gửi, tạm dừng hoặc đã xong")
            count = 0
            for occurrence in await occurrences.of_campaign(connection, campaign):
                if occurrence.until > self.clock.now() and (again := await deliveries.again(connection, occurrence.id, states)):
                    count += again
                    await occurrences.set_state(connection, occurrence.id, ("done",), "paused" if standing.state == "paused" else "sending")
            if count and standing.state == "done":
                await campaigns.put(connection, campaign, self.clock.now(), state="running")
            await campaigns.audit(
                connection, campaign, actor, "resend", self.clock.now(), f"{', '.join(STATES[state] for state in states)}: {count} tin"
            )
        return count

    async def _move(
        self, connection: AsyncConnection, campaign: str, action: str, actor: str, detail: str | None = None, **values: object
    ) -> None:
        if not actor.strip():
            raise NotAllowed('ghi tên người thực hiện: --by "Họ tên"')
        standing = await campaigns.find(connection, campaign, lock=True)
        if standing is None:
            self.loaded(campaign)  # says so if nobody ever wrote it
        state = lifecycle.move(action, standing.state if standing else "draft")
        if action == "cancel" and standing is None:
            raise NotAllowed(f'chưa có ai gửi duyệt "{campaign}", nên không có gì để hủy')
        await campaigns.put(connection, campaign, self.clock.now(), state=state, **values)
        await campaigns.audit(connection, campaign, actor.strip(), action, self.clock.now(), detail)

    async def _approved(self, connection: AsyncConnection, loaded: Loaded) -> None:
        standing = await campaigns.find(connection, loaded.campaign.id, lock=True)
        if standing and standing.state == "approved" and standing.hash != loaded.hash:
            raise NotAllowed("nội dung đã sửa sau khi duyệt nên phải duyệt lại: ./loa campaign submit " + loaded.campaign.id)

    def loaded(self, campaign: str) -> Loaded:
        """The campaign as its file says. Raises NotAllowed, with the file's mistakes if it has any."""
        if campaign in self.live.current:
            return self.live.current[campaign]
        broken = [str(problem) for problem in self.live.problems if not problem.warning and f"/{campaign}." in problem.file]
        if broken:
            raise NotAllowed("tệp chiến dịch còn lỗi:\n" + "\n".join(broken))
        known = ", ".join(sorted(self.live.current)) or "chưa có chiến dịch nào"
        raise NotAllowed(f'không có chiến dịch "{campaign}". Đang có: {known}')

    def _lint(self, loaded: Loaded) -> None:
        if found := lint(loaded, self.library(), self.clock.now(), self.paid_budget):
            raise NotAllowed("chưa gửi được:\n" + "\n".join(map(str, found)))

    async def advice(self, campaign: str) -> list[Problem]:
        """What its author should look at once more, though it stands against nothing."""
        loaded = self.loaded(campaign)
        found = advice(loaded, self.library(), self.clock.now())
        # Whom an event or a resident's own day will concern is not known yet.
        if loaded.campaign.schedule.kind in ("at", "cron", "every", "countdown") and not await self.reach(campaign):
            found.append(
                loaded.document.problem(("audience",), "lúc này không có ai trong đối tượng nên chưa ai nhận được tin", warning=True)
            )
        return found

    # --- what staff see

    async def status(self, campaign: str) -> Status:
        async with self.database.read() as connection:
            standing = await campaigns.find(connection, campaign)
            found = await occurrences.of_campaign(connection, campaign)
            counts = await deliveries.counts_of(connection, [item.id for item in found if item.started_at])
        loaded = self.live.current.get(campaign)
        if loaded is None and standing is None:
            self.loaded(campaign)
        ahead = upcoming(loaded.campaign, self.clock.now(), 1, seams(self.library())) if loaded else []
        state = standing.state if standing else "draft"
        return Status(
            campaign,
            loaded.campaign.title if loaded else campaign,
            state,
            standing.why if standing else None,
            standing,
            loaded,
            tuple(found),
            counts,
            ahead[0] if ahead and state not in OVER else None,
        )

    async def everything(self) -> list[Status]:
        async with self.database.read() as connection:
            known = [standing.id for standing in await campaigns.in_states(connection)]
        return [await self.status(name) for name in sorted({*self.live.current, *known})]

    async def reach(self, campaign: str, slot: Slot | None = None) -> dict[str, int]:
        """How many residents it would reach now, by channel."""
        loaded = self.loaded(campaign)
        async with self.database.read() as connection:
            indicator = loaded.campaign.audience.indicator
            figures = await indicators.figures(connection, indicator.name) if indicator else {}
            since, before, topic = (slot.since, slot.before, slot.topic) if slot else (None, None, None)
            wanted = target(loaded.campaign, self.library().places, self.clock.now(), since, before, topic, figures)
            return await occurrences.count(connection, wanted)

    async def history(self, campaign: str) -> list[Entry]:
        async with self.database.read() as connection:
            return await campaigns.history(connection, campaign)

    # --- what residents do

    async def pressed(self, address: Address, ref: str) -> str | Message | None:
        """A campaign's button was pressed (`/c <ref>`): written down once, however often it is tapped.

        Returns the payload to go on with, the message to answer with, or None if there is no such button.
        """
        parsed = Ref.parse(ref)
        if parsed is None:
            return None
        async with self.database.write() as connection:
            occurrence = await occurrences.find(connection, parsed.occurrence)
            if occurrence is None:
                return None
            found = effect(Approved.read(occurrence.body), occurrence.moment, address.channel, parsed)
            if found is None:
                return None
            await presses.add(connection, address, occurrence.id, found, parsed.variant, self.clock.now())
        return found.payload or found.message

    async def asked(self, address: Address, topic: str) -> None:
        """A resident asked a topic: kept for campaigns on events, if and only if their consent is in force."""
        async with self.database.write() as connection:
            await interests.add(connection, address, topic, self.clock.now())

    # --- what came of it

    async def report(self, campaign: str) -> "Report":
        async with self.database.read() as connection:
            standing = await campaigns.find(connection, campaign)
            found = [item for item in await occurrences.of_campaign(connection, campaign)]
            ids = [item.id for item in found]
            if standing is None:
                self.loaded(campaign)  # says so if nobody ever wrote it
            if not ids:
                raise NotAllowed(f'"{campaign}" chưa gửi lần nào, nên chưa có gì để báo cáo')
            return Report(
                occurrences=tuple(found),
                kinds=tuple(await deliveries.kinds(connection, ids)),
                breakdown={name: tuple(await presses.breakdown(connection, ids, name)) for name in ("channel", "variant", "place")},
                pressed=tuple(await presses.buttons(connection, ids)),
                opted_out=await presses.opted_out(connection, ids, timedelta(hours=24)),
                asked=await presses.asked_after(connection, ids, timedelta(hours=24)),
                paid=standing.paid if standing else 0,
            )


@dataclass(frozen=True)
class Report:
    """`kinds`: (state, kind, rows). `breakdown`: by channel, variant, place: (value, audience, sent, pressed). `pressed`: (button, action,
    residents, right answers). `opted_out`, `asked`: residents who stopped, or asked a topic, within 24 h of the message. `paid`: messages sent for money."""

    occurrences: tuple[Occurrence, ...]
    kinds: tuple[tuple[str, str | None, int], ...]
    breakdown: Mapping[str, tuple[tuple[str | None, int, int, int], ...]]
    pressed: tuple[tuple[str, str, int, int], ...]
    opted_out: int
    asked: int
    paid: int

    def total(self, state: str) -> int:
        return sum(count for name, _, count in self.kinds if name == state)

    @property
    def audience(self) -> int:
        return sum(count for _, _, count in self.kinds)

    @property
    def first(self) -> datetime | None:
        return min((item.started_at for item in self.occurrences if item.started_at), default=None)
