"""Where campaigns stand in their life, and the audit of how they got there."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.tables import AuditRow, CampaignRow
from bot.store.upsert import upsert


@dataclass(frozen=True)
class Standing:
    """A campaign's place in its life; one that nobody submitted yet has none and is a draft."""

    id: str
    state: str
    hash: str | None
    author: str
    submitted_by: str | None
    approved_by: str | None
    planned_until: datetime | None
    why: str | None
    paid: int


@dataclass(frozen=True)
class Entry:
    """A line of the audit."""

    at: datetime
    actor: str
    campaign: str
    action: str
    detail: str | None


_COLUMNS = tuple(getattr(CampaignRow, name) for name in Standing.__dataclass_fields__)


async def find(connection: AsyncConnection, campaign: str, lock: bool = False) -> Standing | None:
    query = select(*_COLUMNS).where(CampaignRow.id == campaign)
    row = (await connection.execute(query.with_for_update() if lock else query)).first()
    return Standing(*row) if row else None


async def in_states(connection: AsyncConnection, states: Sequence[str] | None = None) -> list[Standing]:
    query = select(*_COLUMNS).order_by(CampaignRow.id)
    rows = await connection.execute(query if states is None else query.where(CampaignRow.state.in_(states)))
    return [Standing(*row) for row in rows]


async def put(connection: AsyncConnection, campaign: str, now: datetime, **values: Any) -> None:
    """Write `values` (fields of Standing); a campaign seen for the first time needs `author`."""
    changed = {**values, "updated_at": now}
    first = {"id": campaign, "state": "draft", "author": "", **changed}
    await connection.execute(upsert(connection, CampaignRow, first, ("id",), changed))


async def planned(connection: AsyncConnection, campaign: str, until: datetime) -> None:
    await connection.execute(update(CampaignRow).where(CampaignRow.id == campaign).values(planned_until=until))


async def affordable(connection: AsyncConnection, campaign: str, budget: int) -> int:
    """How many more messages the campaign may send for money. Nobody else spends until the transaction ends."""
    spent = await connection.scalar(select(CampaignRow.paid).where(CampaignRow.id == campaign).with_for_update())
    return max(budget - (spent or 0), 0)


async def spend(connection: AsyncConnection, campaign: str, messages: int) -> None:
    """Count messages that are about to be sent for money; negative for those that were not."""
    await connection.execute(update(CampaignRow).where(CampaignRow.id == campaign).values(paid=CampaignRow.paid + messages))


async def audit(connection: AsyncConnection, campaign: str, actor: str, action: str, now: datetime, detail: str | None = None) -> None:
    await connection.execute(insert(AuditRow).values(at=now, actor=actor, campaign=campaign, action=action, detail=detail))


async def history(connection: AsyncConnection, campaign: str) -> list[Entry]:
    rows = await connection.execute(
        select(AuditRow.at, AuditRow.actor, AuditRow.campaign, AuditRow.action, AuditRow.detail)
        .where(AuditRow.campaign == campaign)
        .order_by(AuditRow.id)
    )
    return [Entry(*row) for row in rows]


async def audited(connection: AsyncConnection, actor: str, action: str, after: int, since: datetime) -> list[tuple[int, Entry]]:
    """(id, entry) of what `actor` did, in the order it was done, above the id `after` and not before `since`."""
    rows = await connection.execute(
        select(AuditRow.id, AuditRow.at, AuditRow.actor, AuditRow.campaign, AuditRow.action, AuditRow.detail)
        .where(AuditRow.id > after, AuditRow.at >= since, AuditRow.actor == actor, AuditRow.action == action)
        .order_by(AuditRow.id)
    )
    return [(row[0], Entry(*row[1:])) for row in rows]
