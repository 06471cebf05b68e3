"""Buttons of campaigns that were pressed, and what else residents did after a message."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import case, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.campaigns.render import Effect
from bot.messages import Address
from bot.store.tables import Delivery, Interest, Press, Subscriber
from bot.store.upsert import upsert


async def add(connection: AsyncConnection, address: Address, occurrence_id: int, effect: Effect, variant: str | None, at: datetime) -> None:
    """Once a resident and button: the first answer of a quiz counts."""
    subscriber = await connection.scalar(
        select(Subscriber.id).where(Subscriber.channel == address.channel, Subscriber.chat == address.chat)
    )
    if effect.action in ("quiz", "poll") and subscriber is not None:
        answered = select(Press.id).where(
            Press.occurrence_id == occurrence_id, Press.subscriber_id == subscriber, Press.action == effect.action
        )
        if await connection.scalar(answered):
            return
    row = {
        "occurrence_id": occurrence_id,
        "subscriber_id": subscriber,
        "button": effect.button,
        "variant": variant,
        "action": effect.action,
        "correct": effect.correct,
        "at": at,
    }
    await connection.execute(upsert(connection, Press, row, ("occurrence_id", "subscriber_id", "button")))


async def buttons(connection: AsyncConnection, occurrence_ids: Sequence[int]) -> list[tuple[str, str, int, int]]:
    """(button, action, presses, right answers)."""
    rows = await connection.execute(
        select(Press.button, Press.action, func.count(), func.sum(case((Press.correct.is_(True), 1), else_=0)))
        .where(Press.occurrence_id.in_(occurrence_ids))
        .group_by(Press.button, Press.action)
        .order_by(func.count().desc(), Press.button)
    )
    return [(row[0], row[1], row[2], int(row[3] or 0)) for row in rows]


async def breakdown(connection: AsyncConnection, occurrence_ids: Sequence[int], by: str) -> list[tuple[str | None, int, int, int]]:
    """(value, audience, sent, residents who pressed), by `channel`, `variant` or `place`, largest audience first."""
    column = {"channel": Delivery.channel, "variant": Delivery.variant, "place": Subscriber.place}[by]
    pressed = (
        select(Press.subscriber_id.label("who"), Press.occurrence_id.label("what"))
        .where(Press.occurrence_id.in_(occurrence_ids))
        .distinct()
        .subquery()
    )
    query = (
        select(column, func.count(), func.sum(case((Delivery.state == "sent", 1), else_=0)), func.count(pressed.c.who))
        .select_from(Delivery)
        .outerjoin(Subscriber, Subscriber.id == Delivery.subscriber_id)
        .outerjoin(pressed, (pressed.c.who == Delivery.subscriber_id) & (pressed.c.what == Delivery.occurrence_id))
        .where(Delivery.occurrence_id.in_(occurrence_ids))
        .group_by(column)
        .order_by(func.count().desc(), column)
    )
    return [(row[0], row[1], int(row[2] or 0), row[3]) for row in await connection.execute(query)]


async def opted_out(connection: AsyncConnection, occurrence_ids: Sequence[int], within: timedelta) -> int:
    """Residents who said stop within so long of a message."""
    return await _after(connection, occurrence_ids, within, Subscriber.opted_out_at, join_interests=False)


async def asked_after(connection: AsyncConnection, occurrence_ids: Sequence[int], within: timedelta) -> int:
    """Residents who asked some topic within so long of a message."""
    return await _after(connection, occurrence_ids, within, Interest.asked_at, join_interests=True)


async def _after(connection: AsyncConnection, occurrence_ids: Sequence[int], within: timedelta, moment, join_interests: bool) -> int:  # type: ignore[no-untyped-def]
    # Interval arithmetic differs between databases, so the two moments are compared here; only candidates come over.
    query = (
        select(Delivery.subscriber_id, Delivery.sent_at, moment)
        .join(Subscriber, Subscriber.id == Delivery.subscriber_id)
        .where(Delivery.occurrence_id.in_(occurrence_ids), Delivery.state == "sent", moment >= Delivery.sent_at)
    )
    if join_interests:
        query = query.join(Interest, Interest.subscriber_id == Subscriber.id)
    who = set()
    async for subscriber, sent_at, at in await connection.stream(query):
        if at - sent_at <= within:
            who.add(subscriber)
    return len(who)
