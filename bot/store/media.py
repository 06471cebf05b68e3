"""Handles that platforms gave for files we uploaded, so that a file goes up once in its life and not once a run."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.tables import MediaId
from bot.store.upsert import upsert


async def find(connection: AsyncConnection, account: str, key: str) -> str | None:
    found: str | None = await connection.scalar(select(MediaId.media_id).where(MediaId.account == account, MediaId.key == key))
    return found


async def put(connection: AsyncConnection, account: str, key: str, media_id: str) -> None:
    values = {"account": account, "key": key, "media_id": media_id}
    await connection.execute(upsert(connection, MediaId, values, ("account", "key"), {"media_id": media_id}))
