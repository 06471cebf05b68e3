"""The ledger's rows on their way: claimed, marked before the request leaves, and given an end that is never taken back blindly."""

import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ARRAY, BigInteger, ColumnElement, any_, delete, exists, func, insert, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.tables import Delivery, OccurrenceRow, SenderRow, Subscriber

STATES = ("queued", "sending", "sent", "failed", "blocked", "expired", "unknown", "left_out")
FINAL = ("sent", "failed", "blocked", "expired", "unknown", "left_out")
# Rows wait for seconds before they are tried again: a moment further ahead was written down before the clock was set back.
SET_BACK = timedelta(minutes=1)


def _state(name: str) -> ColumnElement[str]:
    # Written into the statement itself: a partial index is only used where its condition is plain to see.
    return literal(name, literal_execute=True)


def _among(connection: AsyncConnection, ids: Iterable[int]) -> ColumnElement[bool]:
    """The rows of these ids, as one value: with a placeholder for each, every length would be another statement to parse and plan."""
    if connection.dialect.name == "sqlite":
        return Delivery.id.in_(select(func.json_each(json.dumps(list(ids))).table_valued("value").c.value))
    return Delivery.id == any_(literal(list(ids), ARRAY(BigInteger)))


@dataclass(frozen=True)
class Claimed:
    """A queued row that this sender holds, with what is needed to write to the resident."""

    id: int
    occurrence_id: int
    subscriber_id: int
    channel: str
    chat: str
    place: str | None
    name: str | None
    variant: str | None
    pieces: int
    attempts: int


@dataclass(frozen=True)
class Outcome:
    """What became of a row: an end state, or `queued` to try again not before `again_at`.

    `unreachable`: the subscriber cannot be reached (why). `chat`: the subscriber's new chat id. `pieces`: those that arrived.
    """

    state: str
    kind: str | None = None
    again_at: datetime | None = None
    pieces: int = 0
    tried: bool = True
    unreachable: str | None = None
    chat: str | None = None


async def claim(connection: AsyncConnection, sender: int, occurrence_id: int, channel: str, limit: int, now: datetime) -> list[Claimed]:
    """Take up to `limit` queued rows, in order of priority; other senders skip them."""
    picked = (
        select(Delivery.id)
        .where(
            Delivery.occurrence_id == occurrence_id,
            Delivery.channel == channel,
            Delivery.state == _state("queued"),
            Delivery.claimed_by.is_(None),
            (Delivery.not_before.is_(None)) | (Delivery.not_before <= now) | (Delivery.not_before > now + SET_BACK),
        )
        .order_by(Delivery.priority, Delivery.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("picked")
    )
    taken = await connection.execute(
        update(Delivery).where(Delivery.id.in_(select(picked.c.id))).values(claimed_by=sender).returning(Delivery.id)
    )
    ids = list(taken.scalars())
    if not ids:
        return []
    rows: Any = await connection.execute(
        select(
            Delivery.id,
            Delivery.occurrence_id,
            Subscriber.id,
            Delivery.channel,
            Subscriber.chat,
            Subscriber.place,
            Subscriber.name,
            Delivery.variant,
            Delivery.pieces,
            Delivery.attempts,
        )
        .join(Subscriber, Subscriber.id == Delivery.subscriber_id)
        .where(_among(connection, ids))
        .order_by(Delivery.priority, Delivery.id)
    )
    return [Claimed(*row) for row in rows]


async def mark(connection: AsyncConnection, sender: int, ids: Sequence[int]) -> dict[int, int]:
    """queued → sending, durable before the requests leave. Returns the rows that may be sent, and how many of their pieces have arrived.

    A row is left out if its campaign was paused, the resident said stop, or another sender took over. Repeating the call after a
    lost connection is harmless: a row this sender marked before is returned again.
    """
    going = exists(select(OccurrenceRow.id).where(OccurrenceRow.id == Delivery.occurrence_id, OccurrenceRow.state == "sending"))
    result = await connection.execute(
        update(Delivery)
        .where(_among(connection, ids), Delivery.claimed_by == sender, Delivery.state.in_(("queued", "sending")), going)
        .values(state="sending")
        .returning(Delivery.id, Delivery.pieces)
    )
    return {row[0]: row[1] for row in result}


async def record(connection: AsyncConnection, sender: int, outcomes: Mapping[int, Outcome], now: datetime) -> None:
    """Give marked rows their end. What was declared unknown meanwhile is corrected, for this sender knows better."""
    again = [row for row, outcome in outcomes.items() if outcome.state == "queued"]
    if concerned := [row for row, outcome in outcomes.items() if outcome.state == "queued" or outcome.unreachable or outcome.chat]:
        # Held until we commit: who says stop at this moment is seen here, or sees the rows that are put back.
        whose = select(Delivery.subscriber_id).where(Delivery.id.in_(concerned))
        await connection.execute(select(Subscriber.id).where(Subscriber.id.in_(whose)).order_by(Subscriber.id).with_for_update())
    arrived = [row for row, outcome in outcomes.items() if outcome == SENT]
    if arrived:
        await connection.execute(
            update(Delivery).where(_among(connection, arrived), _mine(sender)).values(state="sent", sent_at=now, claimed_by=None, kind=None)
        )
    for row, outcome in outcomes.items():
        if outcome == SENT:
            continue
        values: dict[str, Any] = {
            "state": outcome.state,
            "kind": outcome.kind,
            "not_before": outcome.again_at,
            "pieces": outcome.pieces,
            "claimed_by": None,
            "attempts": Delivery.attempts + int(outcome.tried),
        }
        if outcome.state == "sent":
            values["sent_at"] = now
        await connection.execute(update(Delivery).where(Delivery.id == row, _mine(sender)).values(**values))
        await _tell_subscriber(connection, row, outcome, now)
    if again:
        await _put_back(connection, again)


SENT = Outcome("sent")


def _mine(sender: int) -> ColumnElement[bool]:
    return (Delivery.claimed_by == sender) & Delivery.state.in_(("sending", "unknown"))


async def _put_back(connection: AsyncConnection, rows: Sequence[int]) -> None:
    """Rows to be tried again while nobody looked after them: their residents may have left, their occurrence may have been closed."""
    queued = Delivery.id.in_(rows) & (Delivery.state == "queued")
    stopped = Delivery.subscriber_id.in_(select(Subscriber.id).where(Subscriber.opted_out_at.is_not(None)))
    for left, kind in ((stopped, "opted_out"), (Delivery.subscriber_id.is_(None), "wiped")):
        await connection.execute(update(Delivery).where(queued, left).values(state="left_out", kind=kind))
    await connection.execute(
        update(OccurrenceRow)
        .where(OccurrenceRow.id.in_(select(Delivery.occurrence_id).where(queued)), OccurrenceRow.state == "done")
        .values(state="sending", finished_at=None)
    )


async def _tell_subscriber(connection: AsyncConnection, row: int, outcome: Outcome, now: datetime) -> None:
    whose = Subscriber.id == select(Delivery.subscriber_id).where(Delivery.id == row).scalar_subquery()
    if outcome.unreachable:
        await connection.execute(update(Subscriber).where(whose).values(unreachable_at=now, unreachable_why=outcome.unreachable))
    if outcome.chat:
        await connection.execute(update(Subscriber).where(whose).values(chat=outcome.chat))


async def progress(connection: AsyncConnection, sender: int, row: int, pieces: int) -> None:
    """A message of several pieces: so many have arrived."""
    await connection.execute(update(Delivery).where(Delivery.id == row, _mine(sender)).values(pieces=pieces))


async def goes_on(connection: AsyncConnection, sender: int, row: int) -> bool:
    """Whether the next piece may leave: the row is still this sender's, its occurrence is being sent, its resident has not left."""
    going = (
        select(Delivery.id)
        .join(OccurrenceRow, OccurrenceRow.id == Delivery.occurrence_id)
        .join(Subscriber, Subscriber.id == Delivery.subscriber_id)
        .where(Delivery.id == row, _mine(sender), OccurrenceRow.state == "sending", Subscriber.opted_out_at.is_(None))
    )
    return bool(await connection.scalar(select(exists(going))))


async def release(connection: AsyncConnection, sender: int, ids: Sequence[int] | None = None) -> None:
    """Give back queued rows this sender holds (all of them without `ids`): they never left."""
    query = update(Delivery).where(Delivery.claimed_by == sender, Delivery.state == "queued").values(claimed_by=None)
    await connection.execute(query if ids is None else query.where(_among(connection, ids)))


async def remaining(connection: AsyncConnection, occurrence_id: int) -> bool:
    """Whether any row of the occurrence is still to come to an end."""
    queued = select(Delivery.id).where(Delivery.occurrence_id == occurrence_id, Delivery.state == _state("queued"))
    held = select(Delivery.id).where(
        Delivery.occurrence_id == occurrence_id, Delivery.claimed_by.is_not(None), Delivery.state.in_(("sending", "queued"))
    )
    return bool(await connection.scalar(select(exists(queued) | exists(held))))


async def expire(connection: AsyncConnection, occurrence_id: int, kind: str, limit: int = 50_000) -> int:
    """End up to `limit` queued rows (`late`, `cancelled`); one that a sender is about to mark is then not sent. Returns how many."""
    rows = (
        select(Delivery.id)
        .where(Delivery.occurrence_id == occurrence_id, Delivery.state == _state("queued"))
        .limit(limit)
        .with_for_update()
        .cte("rows")
    )
    result = await connection.execute(
        update(Delivery)
        .where(Delivery.id.in_(select(rows.c.id)), Delivery.state == "queued")
        .values(state="expired" if kind == "late" else "left_out", kind=kind, claimed_by=None)
    )
    return result.rowcount


async def leave_out(connection: AsyncConnection, subscriber: ColumnElement[bool], kind: str) -> None:
    """A resident who stopped, blocked the bot or was wiped gets nothing of what is still queued. `subscriber` picks their row."""
    # Residents before their rows, as everywhere: who writes rows for them at this moment is waited for, and the rows are seen.
    await connection.execute(select(Subscriber.id).where(subscriber).with_for_update())
    await connection.execute(
        update(Delivery)
        .where(
            Delivery.occurrence_id.in_(select(OccurrenceRow.id).where(OccurrenceRow.state.in_(("filling", "sending", "paused")))),
            Delivery.subscriber_id.in_(select(Subscriber.id).where(subscriber)),
            Delivery.state == "queued",
        )
        .values(state="left_out", kind=kind, claimed_by=None)
    )


async def forget(connection: AsyncConnection, subscriber: ColumnElement[bool]) -> None:
    """Cut the tie between the ledger and a resident; the rows stay as counts."""
    await connection.execute(
        update(Delivery).where(Delivery.subscriber_id.in_(select(Subscriber.id).where(subscriber))).values(subscriber_id=None)
    )


async def counts(connection: AsyncConnection, occurrence_id: int) -> dict[str, int]:
    """Rows by state; the sum is the audience, always."""
    return (await counts_of(connection, [occurrence_id]))[occurrence_id]


async def counts_of(connection: AsyncConnection, occurrence_ids: Sequence[int]) -> dict[int, dict[str, int]]:
    """The same of several occurrences, by their id: a campaign that goes out daily soon has a thousand."""
    rows = await connection.execute(
        select(Delivery.occurrence_id, Delivery.state, func.count())
        .where(Delivery.occurrence_id.in_(occurrence_ids))
        .group_by(Delivery.occurrence_id, Delivery.state)
    )
    found = {occurrence: dict.fromkeys(STATES, 0) for occurrence in occurrence_ids}
    for occurrence, state, count in rows:
        found[occurrence][state] = count
    return found


async def kinds(connection: AsyncConnection, occurrence_ids: Sequence[int]) -> list[tuple[str, str | None, int]]:
    """(state, kind, rows) over several occurrences."""
    rows = await connection.execute(
        select(Delivery.state, Delivery.kind, func.count())
        .where(Delivery.occurrence_id.in_(occurrence_ids))
        .group_by(Delivery.state, Delivery.kind)
        .order_by(Delivery.state, Delivery.kind)
    )
    return [(row[0], row[1], row[2]) for row in rows]


async def undecided(connection: AsyncConnection, now: datetime) -> dict[str, int]:
    """Unknown rows by campaign that could still be sent again."""
    rows = await connection.execute(
        select(OccurrenceRow.campaign, func.count())
        .join(Delivery, Delivery.occurrence_id == OccurrenceRow.id)
        .where(Delivery.state == _state("unknown"), OccurrenceRow.until > now, OccurrenceRow.state != "cancelled")
        .group_by(OccurrenceRow.campaign)
        .order_by(OccurrenceRow.campaign)
    )
    return {row[0]: row[1] for row in rows}


async def again(connection: AsyncConnection, occurrence_id: int, states: Sequence[str]) -> int:
    """Queue rows once more that staff chose to resend; a resident who stopped since is not among them."""
    chosen = (Delivery.occurrence_id == occurrence_id) & Delivery.state.in_(states)
    # Held until we commit: who says stop at this moment is seen here, or sees the rows that are queued.
    whose = select(Delivery.subscriber_id).where(chosen)
    await connection.execute(select(Subscriber.id).where(Subscriber.id.in_(whose)).order_by(Subscriber.id).with_for_update(read=True))
    in_force = exists(
        select(Subscriber.id).where(
            Subscriber.id == Delivery.subscriber_id, Subscriber.opted_out_at.is_(None), Subscriber.unreachable_at.is_(None)
        )
    )
    result = await connection.execute(
        update(Delivery).where(chosen, in_force).values(state="queued", kind=None, claimed_by=None, not_before=None)
    )
    return result.rowcount


# --- senders


async def enlist(connection: AsyncConnection, name: str) -> int:
    """Register a sender; returns its id, which is never given twice (a buried sender may turn out to live)."""
    sender = secrets.randbits(62)
    await connection.execute(insert(SenderRow).values(id=sender, name=name, beats=0))
    return sender


async def beat(connection: AsyncConnection, sender: int, name: str) -> dict[int, int]:
    """Say that this sender lives; returns every sender's beats. One that was taken for dead is listed again."""
    result = await connection.execute(update(SenderRow).where(SenderRow.id == sender).values(beats=SenderRow.beats + 1))
    if result.rowcount == 0:
        await connection.execute(insert(SenderRow).values(id=sender, name=name, beats=1))
    rows = await connection.execute(select(SenderRow.id, SenderRow.beats))
    return {row[0]: row[1] for row in rows}


async def senders(connection: AsyncConnection) -> int:
    """How many processes are listed: those that live, and those not found dead yet."""
    return await connection.scalar(select(func.count(SenderRow.name.distinct()))) or 0


async def bury(connection: AsyncConnection, dead: int) -> tuple[int, int]:
    """A sender died: what it had not sent is queued again, what it may have sent is unknown. Returns (queued again, unknown)."""
    result = await connection.execute(
        update(Delivery).where(Delivery.claimed_by == dead, Delivery.state == "queued").values(claimed_by=None)
    )
    # claimed_by stays: should the sender turn out to live, it may still correct these.
    lost = await connection.execute(
        update(Delivery).where(Delivery.claimed_by == dead, Delivery.state == "sending").values(state="unknown", kind="sender_died")
    )
    await connection.execute(delete(SenderRow).where(SenderRow.id == dead))
    return result.rowcount, lost.rowcount


async def dismiss(connection: AsyncConnection, sender: int) -> None:
    """An orderly end."""
    await release(connection, sender)
    await bury(connection, sender)


async def orphans(connection: AsyncConnection) -> set[int]:
    """Senders that hold rows and are not listed (any more)."""
    rows = await connection.execute(
        select(Delivery.claimed_by)
        .where(
            Delivery.claimed_by.is_not(None), Delivery.state.in_(("queued", "sending")), Delivery.claimed_by.not_in(select(SenderRow.id))
        )
        .distinct()
    )
    return {row[0] for row in rows if row[0] is not None}


# --- who did and who did not


async def listing(
    connection: AsyncConnection, occurrence_ids: Iterable[int], after: int = 0, limit: int = 10_000, states: Sequence[str] = STATES
) -> list[tuple[int, str, str, str | None, str, str | None, str | None, datetime | None]]:
    """(id, occurrence key, channel, place, state, kind, variant, sent at), in order of id after `after`. No chat ids."""
    rows = await connection.execute(
        select(
            Delivery.id,
            OccurrenceRow.key,
            Delivery.channel,
            Subscriber.place,
            Delivery.state,
            Delivery.kind,
            Delivery.variant,
            Delivery.sent_at,
        )
        .join(OccurrenceRow, OccurrenceRow.id == Delivery.occurrence_id)
        .outerjoin(Subscriber, Subscriber.id == Delivery.subscriber_id)
        .where(Delivery.occurrence_id.in_(list(occurrence_ids)), Delivery.id > after, Delivery.state.in_(states))
        .order_by(Delivery.id)
        .limit(limit)
    )
    return [tuple(row) for row in rows]  # type: ignore[misc]
