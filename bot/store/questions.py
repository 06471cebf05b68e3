"""The redacted question log and the feedback under answers: tied to nobody, so they outlive a wiped resident."""

from datetime import datetime

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.tables import FeedbackRow, Question


async def add(
    connection: AsyncConnection,
    *,
    at: datetime,
    channel: str,
    text: str,
    decision: str,
    topic: str | None,
    confidence: float,
    place: str | None = None,
) -> None:
    """`text` must be redacted already."""
    await connection.execute(
        insert(Question).values(at=at, channel=channel, text=text, decision=decision, topic=topic, confidence=confidence, place=place)
    )


async def add_feedback(connection: AsyncConnection, *, at: datetime, channel: str, topic: str | None, good: bool) -> None:
    await connection.execute(insert(FeedbackRow).values(at=at, channel=channel, topic=topic, good=good))
