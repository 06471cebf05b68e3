"""Messages that wait until the resident's page fetches them: the newest few of each chat, for a week."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.messages import Address, Button, Media, Message
from bot.store.tables import OutboxItem, Subscriber

KEEP = timedelta(days=7)


@dataclass(frozen=True)
class Waiting:
    """`handed`: given out before, and not known to have arrived."""

    id: int
    message: Message
    put_at: datetime
    handed: bool


def _of(address: Address) -> ColumnElement[bool]:
    return (OutboxItem.channel == address.channel) & (OutboxItem.chat == address.chat)


async def put(connection: AsyncConnection, address: Address, message: Message, at: datetime, each: int, consent: bool) -> int | None:
    """Returns the message's id, higher than every earlier one of the chat. Of a chat the newest `each` are kept.

    `consent`: only with the resident's consent in force; without it, None.
    """
    if consent:
        # Held until we commit: who says stop at this moment is seen here, or finds the message and removes it.
        whose = (Subscriber.channel == address.channel) & (Subscriber.chat == address.chat) & Subscriber.opted_out_at.is_(None)
        if await connection.scalar(select(Subscriber.id).where(whose).with_for_update(read=True)) is None:
            return None
    row = {"channel": address.channel, "chat": address.chat, "body": asdict(message), "put_at": at}
    number: int = (await connection.execute(insert(OutboxItem).values(**row).returning(OutboxItem.id))).scalar_one()
    newest = select(OutboxItem.id).where(_of(address)).order_by(OutboxItem.id.desc()).limit(each)
    await connection.execute(delete(OutboxItem).where(_of(address), OutboxItem.id.not_in(newest)))
    return number


async def waiting(connection: AsyncConnection, address: Address, after: int, now: datetime) -> list[Waiting]:
    """Oldest first: what came after the message `after`, and what was never handed out (two that come at once may commit out of order)."""
    rows = await connection.execute(
        select(OutboxItem.id, OutboxItem.body, OutboxItem.put_at, OutboxItem.handed_at)
        .where(_of(address), OutboxItem.put_at > now - KEEP, (OutboxItem.id > after) | OutboxItem.handed_at.is_(None))
        .order_by(OutboxItem.id)
    )
    return [Waiting(row.id, _unpack(row.body), row.put_at, row.handed_at is not None) for row in rows]


async def handed(connection: AsyncConnection, ids: Sequence[int], at: datetime) -> None:
    await connection.execute(update(OutboxItem).where(OutboxItem.id.in_(ids)).values(handed_at=at))


async def arrived(connection: AsyncConnection, address: Address, last: int) -> None:
    """The page has seen the message `last`, and with it all that it was handed before."""
    await connection.execute(delete(OutboxItem).where(_of(address), OutboxItem.id <= last, OutboxItem.handed_at.is_not(None)))


async def clear(connection: AsyncConnection, address: Address) -> None:
    await connection.execute(delete(OutboxItem).where(_of(address)))


async def forget_old(connection: AsyncConnection, at: datetime) -> None:
    await connection.execute(delete(OutboxItem).where(OutboxItem.put_at < at - KEEP))


def _unpack(body: dict[str, Any]) -> Message:
    """A message as `asdict` took it apart. Polls do not wait: no page shows them."""
    return Message(
        text=body["text"],
        closing=body["closing"],
        buttons=tuple(tuple(Button(**button) for button in row) for row in body["buttons"]),
        sources=tuple(body["sources"]),
        topic=body["topic"],
        media=tuple(Media(**item) for item in body["media"]),
    )
