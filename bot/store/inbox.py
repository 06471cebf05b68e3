"""Incoming things between the platform's hand-over and their handling: kept once by id, handled in order per chat, then emptied."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.messages import Address, Incoming
from bot.store.tables import InboxItem
from bot.store.upsert import upsert

KEEP_IDS = timedelta(hours=48)  # Telegram keeps updates 24 h: a repeat cannot come later


async def add(connection: AsyncConnection, items: Sequence[Incoming], at: datetime) -> None:
    """Store what is new; an id seen before is left alone."""
    if not items:
        return
    values = [
        {
            "channel": item.address.channel,
            "incoming": item.id,
            "chat": item.address.chat,
            "body": _pack(item),
            "received_at": at,
            "attempts": 0,
        }
        for item in items
    ]
    await connection.execute(upsert(connection, InboxItem, values, ("channel", "incoming")))


async def waiting(connection: AsyncConnection, channel: str, limit: int, besides: Sequence[str] = ()) -> list[tuple[int, Incoming]]:
    """The oldest unhandled item of each chat not in `besides`, oldest first: a chat's next one comes only when this is handled."""
    first = select(func.min(InboxItem.id)).where(InboxItem.channel == channel, InboxItem.handled_at.is_(None)).group_by(InboxItem.chat)
    if besides:
        first = first.where(InboxItem.chat.not_in(besides))
    rows = await connection.execute(select(InboxItem.id, InboxItem.body).where(InboxItem.id.in_(first)).order_by(InboxItem.id).limit(limit))
    return [(row.id, _unpack(row.body)) for row in rows]


async def attempt(connection: AsyncConnection, item_id: int) -> int:
    """Count a try at handling; returns how many there have been, so that one that kills the process is not tried for ever."""
    result = await connection.execute(
        update(InboxItem).where(InboxItem.id == item_id).values(attempts=InboxItem.attempts + 1).returning(InboxItem.attempts)
    )
    return result.scalar_one_or_none() or 0


async def handled(connection: AsyncConnection, item_id: int, at: datetime) -> None:
    """Done: the resident's text leaves the disk, the id stays for deduplication."""
    await connection.execute(update(InboxItem).where(InboxItem.id == item_id).values(handled_at=at, body=None))


async def count_waiting(connection: AsyncConnection) -> dict[str, int]:
    """Unhandled items by channel; a channel that has ever had one is named even when none waits."""
    waiting = func.count().filter(InboxItem.handled_at.is_(None))
    rows = await connection.execute(select(InboxItem.channel, waiting).group_by(InboxItem.channel))
    return {channel: count for channel, count in rows}


async def forget_old(connection: AsyncConnection, at: datetime) -> None:
    await connection.execute(delete(InboxItem).where(InboxItem.handled_at < at - KEEP_IDS))


def _pack(item: Incoming) -> dict[str, Any]:
    body = asdict(item)
    body["at"] = item.at.isoformat() if item.at else None
    return body


def _unpack(body: dict[str, Any]) -> Incoming:
    at = datetime.fromisoformat(body["at"]) if body["at"] else None
    return Incoming(**{**body, "address": Address(**body["address"]), "at": at})
