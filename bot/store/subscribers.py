"""Consent: who agreed to campaign messages, from where, and until when."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.messages import Address
from bot.store import deliveries
from bot.store.tables import Conversation, InboxItem, Press, Subscriber
from bot.store.upsert import upsert


@dataclass(frozen=True)
class Consent:
    """`in_force`: campaign messages may be sent. `place` is a locality id."""

    place: str | None
    version: str
    given_at: datetime
    opted_out_at: datetime | None

    @property
    def in_force(self) -> bool:
        return self.opted_out_at is None


def _is(address: Address):  # type: ignore[no-untyped-def]
    return (Subscriber.channel == address.channel) & (Subscriber.chat == address.chat)


async def find(connection: AsyncConnection, address: Address) -> Consent | None:
    row = (
        await connection.execute(
            select(Subscriber.place, Subscriber.consent_version, Subscriber.consent_at, Subscriber.opted_out_at).where(_is(address))
        )
    ).first()
    return Consent(*row) if row else None


async def opt_in(connection: AsyncConnection, address: Address, place: str | None, version: str, at: datetime) -> None:
    """Record consent, or renew it; a place of None keeps the one known."""
    values = {
        "channel": address.channel, "chat": address.chat, "place": place, "language": "vi", "joined_at": at,
        "consent_version": version, "consent_at": at, "opted_out_at": None, "unreachable_at": None, "unreachable_why": None,
    }
    changed = {key: values[key] for key in ("consent_version", "consent_at", "opted_out_at", "unreachable_at", "unreachable_why")}
    if place is not None:
        changed["place"] = place
    await connection.execute(upsert(connection, Subscriber, values, ("channel", "chat"), changed))


async def opt_out(connection: AsyncConnection, address: Address, at: datetime) -> bool:
    """End consent, and with it whatever campaign messages are still queued. False if there was none in force."""
    result = await connection.execute(
        update(Subscriber).where(_is(address), Subscriber.opted_out_at.is_(None)).values(opted_out_at=at)
    )
    await deliveries.leave_out(connection, _is(address), "opted_out")
    return result.rowcount > 0


async def unreachable(connection: AsyncConnection, address: Address, why: str, at: datetime) -> None:
    """The platform says the resident cannot be reached (blocked, gone); consent itself is untouched."""
    await connection.execute(update(Subscriber).where(_is(address)).values(unreachable_at=at, unreachable_why=why))
    await deliveries.leave_out(connection, _is(address), why)


async def reachable(connection: AsyncConnection, address: Address) -> None:
    """They unblocked the bot or wrote to it."""
    await connection.execute(
        update(Subscriber).where(_is(address), Subscriber.unreachable_at.is_not(None)).values(unreachable_at=None, unreachable_why=None)
    )


async def wipe(connection: AsyncConnection, address: Address) -> None:
    """Remove every row that names this chat. What is left anywhere (questions, feedback, counts) is tied to nobody."""
    await deliveries.leave_out(connection, _is(address), "wiped")
    await deliveries.forget(connection, _is(address))
    whose = select(Subscriber.id).where(_is(address))
    await connection.execute(update(Press).where(Press.subscriber_id.in_(whose)).values(subscriber_id=None))
    await connection.execute(delete(Subscriber).where(_is(address)))
    for table in (Conversation, InboxItem):
        await connection.execute(delete(table).where(table.channel == address.channel, table.chat == address.chat))
