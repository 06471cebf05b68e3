"""The tables. Times are UTC in the database and aware everywhere else; migrations/ is the history of this file."""

from datetime import UTC, datetime
from typing import Any, ClassVar

from sqlalchemy import JSON, BigInteger, DateTime, Float, ForeignKey, Index, Integer, String, Text, TypeDecorator, UniqueConstraint, text
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


class CampaignRow(Base):
    """Where a campaign of `content/campaigns/` stands in its life. `hash` is what was submitted or approved, nothing else may be sent.

    `planned_until`: every slot up to here has its occurrence (or was before the start). `why`: why it is paused, void or over.
    `paid`: messages sent, or about to be, for money.
    """

    __tablename__ = "campaigns"
    id: Mapped[str] = mapped_column(String(60), primary_key=True)
    state: Mapped[str] = mapped_column(String(12))
    hash: Mapped[str | None] = mapped_column(String(64))
    author: Mapped[str] = mapped_column(String(80))
    submitted_by: Mapped[str | None] = mapped_column(String(80))
    approved_by: Mapped[str | None] = mapped_column(String(80))
    planned_until: Mapped[datetime | None]
    why: Mapped[str | None] = mapped_column(Text)
    paid: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    updated_at: Mapped[datetime]


class AuditRow(Base):
    """Who did what with a campaign, when. Rows are only ever added."""

    __tablename__ = "audit"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(80))
    campaign: Mapped[str] = mapped_column(String(60))
    action: Mapped[str] = mapped_column(String(20))
    detail: Mapped[str | None] = mapped_column(Text)
    __table_args__ = (Index("ix_audit_campaign", "campaign", "id"),)


class OccurrenceRow(Base):
    """One moment at which a campaign goes out. `body` is the campaign as approved: what is sent, whatever the files say later.

    state: due → filling (the ledger is being written, `filled_to` is the last subscriber looked at) → sending ⇄ paused → done;
    or missed (too late to be useful), cancelled.
    """

    __tablename__ = "occurrences"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    campaign: Mapped[str] = mapped_column(String(60))
    key: Mapped[str] = mapped_column(String(80))
    hash: Mapped[str] = mapped_column(String(64))
    body: Mapped[dict[str, Any]] = mapped_column(JSON)
    due_at: Mapped[datetime]
    until: Mapped[datetime]
    moment: Mapped[int | None]
    since: Mapped[datetime | None]
    before: Mapped[datetime | None]
    topic: Mapped[str | None] = mapped_column(String(80))
    state: Mapped[str] = mapped_column(String(12))
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    filled_to: Mapped[int] = mapped_column(BigInteger, default=0)
    audience: Mapped[int] = mapped_column(Integer, default=0)
    __table_args__ = (UniqueConstraint("campaign", "key"), Index("ix_occurrences_state", "state"))


class Delivery(Base):
    """The ledger: one row a recipient and occurrence, written before anything is sent.

    state: queued → sending → sent | failed | blocked | expired | unknown | left_out; `kind` says why. `claimed_by` is the sender that
    holds the row (a queued one it is about to send, or one whose request is on its way). `pieces`: how many of a message's pieces
    have arrived. `subscriber_id` becomes null when the resident's data is wiped: the count stays, tied to nobody.
    """

    __tablename__ = "deliveries"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    occurrence_id: Mapped[int] = mapped_column(ForeignKey("occurrences.id"))
    subscriber_id: Mapped[int | None] = mapped_column(BigInteger)
    channel: Mapped[str] = mapped_column(String(20))
    variant: Mapped[str | None] = mapped_column(String(1))
    priority: Mapped[int] = mapped_column(Integer, default=0)
    state: Mapped[str] = mapped_column(String(10))
    kind: Mapped[str | None] = mapped_column(String(20))
    pieces: Mapped[int] = mapped_column(Integer, default=0)
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    not_before: Mapped[datetime | None]
    claimed_by: Mapped[int | None] = mapped_column(BigInteger)
    sent_at: Mapped[datetime | None]
    # The partial indexes hold only what is still to do, so they stay small while the ledger grows.
    __table_args__ = (
        UniqueConstraint("occurrence_id", "subscriber_id"),
        Index(
            "ix_deliveries_queued",
            "occurrence_id",
            "channel",
            "priority",
            "id",
            sqlite_where=text("state = 'queued'"),
            postgresql_where=text("state = 'queued'"),
        ),
        Index(
            "ix_deliveries_held", "claimed_by", sqlite_where=text("claimed_by IS NOT NULL"), postgresql_where=text("claimed_by IS NOT NULL")
        ),
        Index("ix_deliveries_unknown", "occurrence_id", sqlite_where=text("state = 'unknown'"), postgresql_where=text("state = 'unknown'")),
    )


class OccurrencePlace(Base):
    """The rank of a locality in an occurrence that goes by an indicator: the lowest is reached first."""

    __tablename__ = "occurrence_places"
    occurrence_id: Mapped[int] = mapped_column(ForeignKey("occurrences.id"), primary_key=True)
    place: Mapped[str] = mapped_column(String(80), primary_key=True)
    rank: Mapped[int] = mapped_column(Integer)


class SenderRow(Base):
    """A process that sends. `beats` counts up while it lives; others tell by it, never by anybody's clock, that it died."""

    __tablename__ = "senders"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    beats: Mapped[int] = mapped_column(BigInteger, default=0)


class Interest(Base):
    """A topic a subscriber with consent in force asked, and when last: what campaigns on an event go by."""

    __tablename__ = "interests"
    subscriber_id: Mapped[int] = mapped_column(ForeignKey("subscribers.id", ondelete="CASCADE"), primary_key=True)
    topic: Mapped[str] = mapped_column(String(80), primary_key=True)
    asked_at: Mapped[datetime]
    __table_args__ = (Index("ix_interests_topic", "topic", "asked_at"),)


class Press(Base):
    """A campaign's button pressed, once a resident and button. `correct` is set by a quiz."""

    __tablename__ = "presses"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    occurrence_id: Mapped[int] = mapped_column(ForeignKey("occurrences.id"))
    subscriber_id: Mapped[int | None] = mapped_column(BigInteger)
    button: Mapped[str] = mapped_column(String(60))
    variant: Mapped[str | None] = mapped_column(String(1))
    action: Mapped[str] = mapped_column(String(10))
    correct: Mapped[bool | None]
    at: Mapped[datetime]
    __table_args__ = (UniqueConstraint("occurrence_id", "subscriber_id", "button"),)


class IndicatorRow(Base):
    """A figure of a locality (`online_rate` of `unit:vinh-phu`), as imported last."""

    __tablename__ = "indicators"
    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    place: Mapped[str] = mapped_column(String(80), primary_key=True)
    value: Mapped[float] = mapped_column(Float)
    at: Mapped[datetime]


class AlarmRow(Base):
    """What staff were told last of each kind of trouble, so that they hear of it once whichever process notices, and however often it starts anew.

    `mark` tells one trouble of the kind from the next; empty once it is over.
    """

    __tablename__ = "alarms"
    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    mark: Mapped[str] = mapped_column(String(80))
    said_at: Mapped[datetime]


class MediaId(Base):
    """A platform's handle of an uploaded file. `account`: the bot it is good for; `key` names the bytes, not the file."""

    __tablename__ = "media_ids"
    account: Mapped[str] = mapped_column(String(64), primary_key=True)
    key: Mapped[str] = mapped_column(String(300), primary_key=True)
    media_id: Mapped[str] = mapped_column(Text)


class OutboxItem(Base):
    """A message that waits until the resident's page fetches it. `handed_at`: given out, and kept until the page says that it has it."""

    __tablename__ = "outbox"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    channel: Mapped[str] = mapped_column(String(20))
    chat: Mapped[str] = mapped_column(String(64))
    body: Mapped[dict[str, Any]] = mapped_column(JSON)
    put_at: Mapped[datetime]
    handed_at: Mapped[datetime | None]
    # An id is never given again, though rows go: pages remember the last one they have seen.
    __table_args__ = (Index("ix_outbox_chat", "channel", "chat", "id"), {"sqlite_autoincrement": True})
