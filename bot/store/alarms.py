"""What staff were told, when last: once among all processes that share the database. And which troubles any of them still sees."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.tables import AlarmRow
from bot.store.upsert import upsert

SEEN = "seen:"  # a row with this before its kind says when the trouble was last seen, not told


@dataclass(frozen=True)
class Told:
    """`mark`: which trouble of its kind it was; empty once that was over."""

    mark: str
    said_at: datetime


async def told(connection: AsyncConnection) -> dict[str, Told]:
    """By kind."""
    query = select(AlarmRow.kind, AlarmRow.mark, AlarmRow.said_at).where(~AlarmRow.kind.startswith(SEEN))
    return {row[0]: Told(row[1], row[2]) for row in await connection.execute(query)}


async def seen(connection: AsyncConnection) -> dict[str, datetime]:
    """By kind, when any process last saw such a trouble."""
    query = select(AlarmRow.kind, AlarmRow.said_at).where(AlarmRow.kind.startswith(SEEN))
    return {row[0].removeprefix(SEEN): row[1] for row in await connection.execute(query)}


async def saw(connection: AsyncConnection, kinds: Iterable[str], now: datetime) -> None:
    """Note that troubles of these kinds last, as far as this process can tell."""
    for kind in sorted(kinds):  # in one order, so that no two processes wait for each other
        row = {"kind": SEEN + kind, "mark": "", "said_at": now}
        await connection.execute(upsert(connection, AlarmRow, row, ("kind",), {"said_at": now}))


async def claim(connection: AsyncConnection, kind: str, mark: str, now: datetime, every: timedelta) -> bool:
    """Note that staff are being told now. False if this mark was told already, or anything of its kind less than `every` ago."""
    row = {"kind": kind, "mark": mark, "said_at": now}
    first = await connection.execute(upsert(connection, AlarmRow, row, ("kind",)).returning(AlarmRow.kind))
    if first.first():
        return True
    # A moment ahead of us is left from a rehearsal on another day.
    over = (AlarmRow.said_at <= now - every) | (AlarmRow.said_at > now)
    result = await connection.execute(
        update(AlarmRow).where(AlarmRow.kind == kind, AlarmRow.mark != mark, over).values(mark=mark, said_at=now)
    )
    return result.rowcount > 0


async def put(connection: AsyncConnection, kind: str, mark: str, said_at: datetime | None = None) -> None:
    """The trouble is over (no mark), or telling it failed (the mark before, and when it counts as told)."""
    values = {"mark": mark} | ({"said_at": said_at} if said_at else {})
    await connection.execute(update(AlarmRow).where(AlarmRow.kind == kind).values(**values))
