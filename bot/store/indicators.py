"""Figures of localities, as imported from a CSV: what campaigns with an indicator go by."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.tables import IndicatorRow
from bot.store.upsert import upsert


async def put(connection: AsyncConnection, name: str, values: Mapping[str, float], at: datetime) -> None:
    """Figures of `name` by locality id; the newest import wins."""
    for place, value in values.items():
        row = {"name": name, "place": place, "value": value, "at": at}
        await connection.execute(upsert(connection, IndicatorRow, row, ("name", "place"), {"value": value, "at": at}))


async def figures(connection: AsyncConnection, name: str) -> dict[str, float]:
    rows = await connection.execute(select(IndicatorRow.place, IndicatorRow.value).where(IndicatorRow.name == name))
    return {row[0]: row[1] for row in rows}


async def names(connection: AsyncConnection) -> dict[str, tuple[int, datetime]]:
    """(localities, newest import) by name."""
    rows = await connection.execute(
        select(IndicatorRow.name, func.count(), func.max(IndicatorRow.at)).group_by(IndicatorRow.name).order_by(IndicatorRow.name)
    )
    return {row[0]: (row[1], row[2]) for row in rows}
