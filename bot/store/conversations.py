"""The numbered choices last shown in a chat without buttons."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.messages import Address
from bot.store.tables import Conversation
from bot.store.upsert import upsert


async def choices(connection: AsyncConnection, address: Address) -> list[str]:
    """Payloads by position: the first is choice 1."""
    found = await connection.scalar(
        select(Conversation.choices).where(Conversation.channel == address.channel, Conversation.chat == address.chat)
    )
    return list(found or [])


async def remember(connection: AsyncConnection, address: Address, payloads: Sequence[str], at: datetime) -> None:
    values = {"channel": address.channel, "chat": address.chat, "choices": list(payloads), "at": at}
    await connection.execute(upsert(connection, Conversation, values, ("channel", "chat"), {"choices": list(payloads), "at": at}))
