"""Consent: who agreed to campaign messages, from where, and until when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import case, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.messages import Address
from bot.store import deliveries, outbox
from bot.store.tables import Conversation, InboxItem, OutboxItem, Press, Subscriber
from bot.store.upsert import upsert


@dataclass(frozen=True)
class Consent:
    """`in_force`: campaign messages may be sent. `place` is a locality id. `name`: only of who wrote it down with a consent on paper."""

    place: str | None
    version: str
    given_at: datetime
    opted_out_at: datetime | None
    name: str | None

    @property
    def in_force(self) -> bool:
        return self.opted_out_at is None


def _is(address: Address):  # type: ignore[no-untyped-def]
    return (Subscriber.channel == address.channel) & (Subscriber.chat == address.chat)


async def find(connection: AsyncConnection, address: Address) -> Consent | None:
    row = (
        await connection.execute(
            select(Subscriber.place, Subscriber.consent_version, Subscriber.consent_at, Subscriber.opted_out_at, Subscriber.name).where(
                _is(address)
            )
        )
    ).first()
    return Consent(*row) if row else None


async def opt_in(connection: AsyncConnection, address: Address, place: str | None, version: str, at: datetime) -> None:
    """Record consent given in a chat, or renew it; a place of None keeps the one known. A name is not kept: the words agreed to say so."""
    values = {
        "channel": address.channel,
        "chat": address.chat,
        "place": place,
        "language": "vi",
        "joined_at": at,
        "consent_version": version,
        "consent_at": at,
        "opted_out_at": None,
        "unreachable_at": None,
        "unreachable_why": None,
        "name": None,
    }
    changed = {key: values[key] for key in ("consent_version", "consent_at", "opted_out_at", "unreachable_at", "unreachable_why", "name")}
    if place is not None:
        changed["place"] = place
    await connection.execute(upsert(connection, Subscriber, values, ("channel", "chat"), changed))


async def opt_out(connection: AsyncConnection, address: Address, at: datetime) -> bool:
    """End consent, and with it whatever campaign messages are still queued or wait for a page. False if there was none in force."""
    result = await connection.execute(update(Subscriber).where(_is(address), Subscriber.opted_out_at.is_(None)).values(opted_out_at=at))
    await deliveries.leave_out(connection, _is(address), "opted_out")
    await outbox.clear(connection, address)
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
    for table in (Conversation, InboxItem, OutboxItem):
        await connection.execute(delete(table).where(table.channel == address.channel, table.chat == address.chat))


# --- many at once


class Enrolling(Protocol):
    """Somebody who agreed elsewhere, with the proof of it."""

    @property
    def channel(self) -> str: ...
    @property
    def chat(self) -> str: ...
    @property
    def place(self) -> str | None: ...
    @property
    def consent_version(self) -> str: ...
    @property
    def consent_at(self) -> datetime: ...
    @property
    def opted_out_at(self) -> datetime | None: ...
    @property
    def unreachable(self) -> str | None: ...
    @property
    def name(self) -> str | None: ...


async def enrol(connection: AsyncConnection, people: Sequence[Enrolling], now: datetime) -> tuple[int, int]:
    """Add those who are not there yet; anyone known keeps what is known of them. Only a stop goes both ways: one that came after the consent
    we know of ends it. Returns (how many are new, how many were stopped)."""
    rows = [
        {
            "channel": person.channel,
            "chat": person.chat,
            "place": person.place,
            "language": "vi",
            "joined_at": person.consent_at,
            "consent_version": person.consent_version,
            "consent_at": person.consent_at,
            "opted_out_at": person.opted_out_at,
            "unreachable_at": now if person.unreachable else None,
            "unreachable_why": person.unreachable,
            "name": person.name,
        }
        for person in people
    ]
    added = (await connection.execute(upsert(connection, Subscriber, rows, ("channel", "chat")).returning(Subscriber.id))).all()
    stopped = 0
    for person in people:
        if person.opted_out_at:
            whose = _is(Address(person.channel, person.chat)) & (Subscriber.consent_at <= person.opted_out_at)
            if await connection.scalar(select(Subscriber.id).where(whose, Subscriber.opted_out_at.is_(None))):
                stopped += await opt_out(connection, Address(person.channel, person.chat), person.opted_out_at)
    return len(added), stopped


async def tally(connection: AsyncConnection) -> list[tuple[str, int, int, int]]:
    """(channel, all, consent in force, of those reachable)."""
    in_force = case((Subscriber.opted_out_at.is_(None), 1), else_=0)
    reached = case((Subscriber.opted_out_at.is_(None) & Subscriber.unreachable_at.is_(None), 1), else_=0)
    rows = await connection.execute(
        select(Subscriber.channel, func.count(), func.sum(in_force), func.sum(reached))
        .group_by(Subscriber.channel)
        .order_by(Subscriber.channel)
    )
    return [(row[0], row[1], int(row[2]), int(row[3])) for row in rows]


async def by_place(connection: AsyncConnection) -> list[tuple[str | None, int]]:
    """Those with consent in force by locality, most first."""
    rows = await connection.execute(
        select(Subscriber.place, func.count())
        .where(Subscriber.opted_out_at.is_(None))
        .group_by(Subscriber.place)
        .order_by(func.count().desc())
    )
    return [(row[0], row[1]) for row in rows]


async def page(connection: AsyncConnection, after: int, limit: int = 10_000) -> list[tuple[Any, ...]]:
    """(id, channel, chat, place, consent version, consent at, opted out at, unreachable why, name) in order of id."""
    rows = await connection.execute(
        select(
            Subscriber.id,
            Subscriber.channel,
            Subscriber.chat,
            Subscriber.place,
            Subscriber.consent_version,
            Subscriber.consent_at,
            Subscriber.opted_out_at,
            Subscriber.unreachable_why,
            Subscriber.name,
        )
        .where(Subscriber.id > after)
        .order_by(Subscriber.id)
        .limit(limit)
    )
    return [tuple(row) for row in rows]
