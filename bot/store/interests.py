"""Which topics a subscriber asked, and when last. Nothing is kept of anybody without consent in force."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.messages import Address
from bot.store.tables import Interest, Subscriber
from bot.store.upsert import upsert


async def add(connection: AsyncConnection, address: Address, topic: str, at: datetime) -> None:
    subscriber = await connection.scalar(
        select(Subscriber.id).where(
            Subscriber.channel == address.channel, Subscriber.chat == address.chat, Subscriber.opted_out_at.is_(None)
        )
    )
    if subscriber is not None:
        row = {"subscriber_id": subscriber, "topic": topic, "asked_at": at}
        await connection.execute(upsert(connection, Interest, row, ("subscriber_id", "topic"), {"asked_at": at}))
