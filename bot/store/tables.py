"""The tables. Times are UTC in the database and aware everywhere else; migrations/ is the history of this file."""

from datetime import UTC, datetime
from typing import Any, ClassVar

from sqlalchemy import JSON, BigInteger, DateTime, Float, Index, Integer, String, Text, TypeDecorator, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Moment(TypeDecorator[datetime]):
    """An aware datetime, stored as UTC; SQLite has no zone of its own, so it is put back on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("naive datetime")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


# SQLite gives rowids only to INTEGER primary keys.
BigId = BigInteger().with_variant(Integer, "sqlite")


class Base(DeclarativeBase):
    type_annotation_map: ClassVar[dict[Any, Any]] = {datetime: Moment, str: String, dict[str, Any]: JSON}


class Subscriber(Base):
    """A resident who agreed to campaign messages, with the proof of it; no row means no consent was ever given.

    Consent is in force while `opted_out_at` is null. `unreachable_at` is the platform's word (blocked, gone), not the resident's.
    """

    __tablename__ = "subscribers"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    channel: Mapped[str] = mapped_column(String(20))
    chat: Mapped[str] = mapped_column(String(64))
    place: Mapped[str | None] = mapped_column(String(80))
    name: Mapped[str | None] = mapped_column(String(80))
    language: Mapped[str] = mapped_column(String(8), default="vi")
    joined_at: Mapped[datetime]
    consent_version: Mapped[str] = mapped_column(String(40))
    consent_at: Mapped[datetime]
    opted_out_at: Mapped[datetime | None]
    unreachable_at: Mapped[datetime | None]
    unreachable_why: Mapped[str | None] = mapped_column(String(20))
    __table_args__ = (UniqueConstraint("channel", "chat"), Index("ix_subscribers_place", "place"))


class InboxItem(Base):
    """One incoming thing, stored before the platform is told it was received. `body` is removed once handled."""

    __tablename__ = "inbox"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    channel: Mapped[str] = mapped_column(String(20))
    incoming: Mapped[str] = mapped_column(String(80))
    chat: Mapped[str] = mapped_column(String(64))
    body: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    received_at: Mapped[datetime]
    handled_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    __table_args__ = (UniqueConstraint("channel", "incoming"), Index("ix_inbox_waiting", "handled_at", "id"))


class Conversation(Base):
    """What the bot itself remembers of a chat: the numbered choices last shown where there are no buttons."""

    __tablename__ = "conversations"
    channel: Mapped[str] = mapped_column(String(20), primary_key=True)
    chat: Mapped[str] = mapped_column(String(64), primary_key=True)
    choices: Mapped[list[str]] = mapped_column(JSON, default=list)
    at: Mapped[datetime]


class Question(Base):
    """A question as redacted text, tied to nobody."""

    __tablename__ = "questions"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    at: Mapped[datetime]
    channel: Mapped[str] = mapped_column(String(20))
    place: Mapped[str | None] = mapped_column(String(80))
    text: Mapped[str] = mapped_column(Text)
    decision: Mapped[str] = mapped_column(String(20))
    topic: Mapped[str | None] = mapped_column(String(80))
    confidence: Mapped[float] = mapped_column(Float)
    __table_args__ = (Index("ix_questions_at", "at"),)


class FeedbackRow(Base):
    """👍 or 👎 under an answer, tied to nobody."""

    __tablename__ = "feedback"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    at: Mapped[datetime]
    channel: Mapped[str] = mapped_column(String(20))
    topic: Mapped[str | None] = mapped_column(String(80))
    good: Mapped[bool]
