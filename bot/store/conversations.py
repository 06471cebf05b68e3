"""The numbered choices last shown in a chat without buttons."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.messages import Address
from bot.store.tables import Conversation
from bot.store.upsert import upsert

KEEP = timedelta(hours=48)  # who comes back later is shown a menu again anyway


async def forget_old(connection: AsyncConnection, at: datetime) -> None:
    await connection.execute(delete(Conversation).where(Conversation.at < at - KEEP))


async def choices(connection: AsyncConnection, address: Address) -> list[str]:
    """Payloads by position: the first is choice 1."""
    found = await connection.scalar(
        select(Conversation.choices).where(Conversation.channel == address.channel, Conversation.chat == address.chat)
    )
    return list(found or [])


async def remember(connection: AsyncConnection, address: Address, payloads: Sequence[str], at: datetime) -> None:
    values = {"channel": address.channel, "chat": address.chat, "choices": list(payloads), "at": at}
    await connection.execute(upsert(connection, Conversation, values, ("channel", "chat"), {"choices": list(payloads), "at": at}))
