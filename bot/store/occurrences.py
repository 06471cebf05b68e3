"""Occurrences: the moments at which campaigns go out, each once by (campaign, key), and the writing of their ledgers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.campaigns.audience import Target
from bot.campaigns.schedule import Slot
from bot.store.audience import capping, entries, meant
from bot.store.tables import Delivery, OccurrencePlace, OccurrenceRow, Subscriber
from bot.store.upsert import upsert

OPEN = ("due", "filling", "sending", "paused")
CHUNK = 50_000  # subscribers looked at in one transaction: residents' own writes wait no longer than that takes


@dataclass(frozen=True)
class Occurrence:
    """A row of `occurrences` as a value."""

    id: int
    campaign: str
    key: str
    hash: str
    body: Mapping[str, Any]
    due_at: datetime
    until: datetime
    moment: int | None
    since: datetime | None
    before: datetime | None
    topic: str | None
    state: str
    started_at: datetime | None
    finished_at: datetime | None
    filled_to: int
    audience: int


_COLUMNS = tuple(getattr(OccurrenceRow, name) for name in Occurrence.__dataclass_fields__)


def _value(row: Row[Any]) -> Occurrence:
    return Occurrence(**row._mapping)


async def plan(
    connection: AsyncConnection, campaign: str, hash_: str, body: Mapping[str, Any], slots: Sequence[Slot], state: str, now: datetime
) -> int:
    """Write slots down as `due` or `missed`; one that is there already stays as it is. Returns how many are new."""
    if not slots:
        return 0
    values = [
        {
            "campaign": campaign,
            "key": slot.key,
            "hash": hash_,
            "body": dict(body),
            "due_at": slot.at,
            "until": slot.until,
            "moment": slot.moment,
            "since": slot.since,
            "before": slot.before,
            "topic": slot.topic,
            "state": state,
            "finished_at": now if state == "missed" else None,
            "filled_to": 0,
            "audience": 0,
        }
        for slot in slots
    ]
    result = await connection.execute(upsert(connection, OccurrenceRow, values, ("campaign", "key")).returning(OccurrenceRow.id))
    return len(result.all())


async def find(connection: AsyncConnection, occurrence_id: int, lock: bool = False) -> Occurrence | None:
    query = select(*_COLUMNS).where(OccurrenceRow.id == occurrence_id)
    row = (await connection.execute(query.with_for_update() if lock else query)).first()
    return _value(row) if row else None


async def in_states(connection: AsyncConnection, states: Sequence[str]) -> list[Occurrence]:
    """Oldest due first."""
    rows = await connection.execute(
        select(*_COLUMNS).where(OccurrenceRow.state.in_(states)).order_by(OccurrenceRow.due_at, OccurrenceRow.id)
    )
    return [_value(row) for row in rows]


async def of_campaign(connection: AsyncConnection, campaign: str) -> list[Occurrence]:
    rows = await connection.execute(
        select(*_COLUMNS).where(OccurrenceRow.campaign == campaign).order_by(OccurrenceRow.due_at, OccurrenceRow.id)
    )
    return [_value(row) for row in rows]


async def start(connection: AsyncConnection, occurrence_id: int, ranks: Mapping[str, int], now: datetime) -> bool:
    """due → filling, at the moment that defines the audience. False if another scheduler did."""
    result = await connection.execute(
        update(OccurrenceRow).where(OccurrenceRow.id == occurrence_id, OccurrenceRow.state == "due").values(state="filling", started_at=now)
    )
    if result.rowcount == 0:
        return False
    if ranks:
        await connection.execute(
            insert(OccurrencePlace), [{"occurrence_id": occurrence_id, "place": place, "rank": rank} for place, rank in ranks.items()]
        )
    return True


async def fill(connection: AsyncConnection, occurrence_id: int, target: Target, then: str, chunk: int = CHUNK) -> bool:
    """Write the ledger for the next `chunk` subscribers. True when it is whole; the occurrence is then `sending` or `paused`.

    The occurrence's row is locked and says how far the ledger goes, so schedulers that meet here take turns and none repeats. Residents
    who get a row are held until we commit: who says stop at this moment is seen here, or sees the row.
    """
    occurrence = await find(connection, occurrence_id, lock=True)
    if occurrence is None or occurrence.state != "filling":
        return True
    window = select(Subscriber.id).where(Subscriber.id > occurrence.filled_to).order_by(Subscriber.id).limit(chunk).subquery()
    upto = await connection.scalar(select(func.max(window.c.id)))
    if upto is None:
        await connection.execute(update(OccurrenceRow).where(OccurrenceRow.id == occurrence_id).values(state=then))
        return True
    names = ["occurrence_id", "subscriber_id", "channel", "variant", "priority", "state", "kind", "pieces", "attempts"]
    others = (await connection.scalars(select(OccurrenceRow.id).where(capping(target), OccurrenceRow.id != occurrence_id))).all()
    held = entries(target, occurrence_id, others, occurrence.filled_to, upto).with_for_update(read=True, of=Subscriber)
    written = await connection.execute(
        insert(Delivery).from_select(names, held, include_defaults=False),
        execution_options={"preserve_rowcount": True},
    )
    await connection.execute(
        update(OccurrenceRow)
        .where(OccurrenceRow.id == occurrence_id)
        .values(filled_to=upto, audience=OccurrenceRow.audience + written.rowcount)
    )
    return False


async def set_state(
    connection: AsyncConnection, occurrence_id: int, old: Sequence[str], new: str, finished: datetime | None = None
) -> bool:
    values: dict[str, Any] = {"state": new} | ({"finished_at": finished} if finished else {})
    result = await connection.execute(
        update(OccurrenceRow).where(OccurrenceRow.id == occurrence_id, OccurrenceRow.state.in_(old)).values(**values)
    )
    return result.rowcount > 0


async def set_states(connection: AsyncConnection, campaign: str, old: Sequence[str], new: str) -> int:
    """Every occurrence of a campaign at once: pausing, resuming, cancelling."""
    result = await connection.execute(
        update(OccurrenceRow).where(OccurrenceRow.campaign == campaign, OccurrenceRow.state.in_(old)).values(state=new)
    )
    return result.rowcount


async def renew(connection: AsyncConnection, campaign: str, hash_: str, body: Mapping[str, Any]) -> None:
    """What is still to be sent goes on with the newly approved text."""
    await connection.execute(
        update(OccurrenceRow).where(OccurrenceRow.campaign == campaign, OccurrenceRow.state.in_(OPEN)).values(hash=hash_, body=dict(body))
    )


async def count(connection: AsyncConnection, target: Target) -> dict[str, int]:
    """How many the target means right now, by channel."""
    rows = await connection.execute(select(Subscriber.channel, func.count()).where(meant(target)).group_by(Subscriber.channel))
    return {row[0]: row[1] for row in rows}


async def missed(connection: AsyncConnection, after: datetime) -> list[Occurrence]:
    """Those that were given up after the moment `after`, the newest last."""
    rows = await connection.execute(
        select(*_COLUMNS)
        .where(OccurrenceRow.state == "missed", OccurrenceRow.finished_at > after)
        .order_by(OccurrenceRow.finished_at, OccurrenceRow.id)
    )
    return [_value(row) for row in rows]
