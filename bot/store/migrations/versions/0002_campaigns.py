"""Campaigns: life cycle, audit, occurrences, the ledger of deliveries, senders, interests, presses, indicators."""

import sqlalchemy as sa
from alembic import op

from bot.store.tables import BigId, Moment

revision = "0002"
down_revision = "0001"

TABLES = ("indicators", "presses", "interests", "senders", "occurrence_places", "deliveries", "occurrences", "audit", "campaigns")


def upgrade() -> None:
    op.create_table(
        "campaigns",
        sa.Column("id", sa.String(60), primary_key=True),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("hash", sa.String(64)),
        sa.Column("author", sa.String(80), nullable=False),
        sa.Column("submitted_by", sa.String(80)),
        sa.Column("approved_by", sa.String(80)),
        sa.Column("planned_until", Moment()),
        sa.Column("why", sa.Text),
        sa.Column("updated_at", Moment(), nullable=False),
    )
    op.create_table(
        "audit",
        sa.Column("id", BigId, primary_key=True),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("actor", sa.String(80), nullable=False),
        sa.Column("campaign", sa.String(60), nullable=False),
        sa.Column("action", sa.String(20), nullable=False),
        sa.Column("detail", sa.Text),
    )
    op.create_index("ix_audit_campaign", "audit", ["campaign", "id"])
    op.create_table(
        "occurrences",
        sa.Column("id", BigId, primary_key=True),
        sa.Column("campaign", sa.String(60), nullable=False),
        sa.Column("key", sa.String(80), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("body", sa.JSON, nullable=False),
        sa.Column("due_at", Moment(), nullable=False),
        sa.Column("until", Moment(), nullable=False),
        sa.Column("moment", sa.Integer),
        sa.Column("since", Moment()),
        sa.Column("before", Moment()),
        sa.Column("topic", sa.String(80)),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("started_at", Moment()),
        sa.Column("finished_at", Moment()),
        sa.Column("filled_to", sa.BigInteger, nullable=False),
        sa.Column("audience", sa.Integer, nullable=False),
        sa.UniqueConstraint("campaign", "key"),
    )
    op.create_index("ix_occurrences_state", "occurrences", ["state"])
    op.create_table(
        "deliveries",
        sa.Column("id", BigId, primary_key=True),
        sa.Column("occurrence_id", BigId, sa.ForeignKey("occurrences.id"), nullable=False),
        sa.Column("subscriber_id", sa.BigInteger),
        sa.Column("channel", sa.String(20), nullable=False),
        sa.Column("variant", sa.String(1)),
        sa.Column("priority", sa.Integer, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("kind", sa.String(20)),
        sa.Column("pieces", sa.Integer, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("not_before", Moment()),
        sa.Column("claimed_by", sa.BigInteger),
        sa.Column("sent_at", Moment()),
        sa.UniqueConstraint("occurrence_id", "subscriber_id"),
    )
    queued, held = sa.text("state = 'queued'"), sa.text("claimed_by IS NOT NULL")
    op.create_index(
        "ix_deliveries_queued", "deliveries", ["occurrence_id", "channel", "priority", "id"], sqlite_where=queued, postgresql_where=queued
    )
    op.create_index("ix_deliveries_held", "deliveries", ["claimed_by"], sqlite_where=held, postgresql_where=held)
    op.create_table(
        "occurrence_places",
        sa.Column("occurrence_id", BigId, sa.ForeignKey("occurrences.id"), primary_key=True),
        sa.Column("place", sa.String(80), primary_key=True),
        sa.Column("rank", sa.Integer, nullable=False),
    )
    op.create_table(
        "senders",
        sa.Column("id", BigId, primary_key=True),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("beats", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "interests",
        sa.Column("subscriber_id", BigId, sa.ForeignKey("subscribers.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("topic", sa.String(80), primary_key=True),
        sa.Column("asked_at", Moment(), nullable=False),
    )
    op.create_index("ix_interests_topic", "interests", ["topic", "asked_at"])
    op.create_table(
        "presses",
        sa.Column("id", BigId, primary_key=True),
        sa.Column("occurrence_id", BigId, sa.ForeignKey("occurrences.id"), nullable=False),
        sa.Column("subscriber_id", sa.BigInteger),
        sa.Column("button", sa.String(60), nullable=False),
        sa.Column("variant", sa.String(1)),
        sa.Column("action", sa.String(10), nullable=False),
        sa.Column("correct", sa.Boolean),
        sa.Column("at", Moment(), nullable=False),
        sa.UniqueConstraint("occurrence_id", "subscriber_id", "button"),
    )
    op.create_table(
        "indicators",
        sa.Column("name", sa.String(40), primary_key=True),
        sa.Column("place", sa.String(80), primary_key=True),
        sa.Column("value", sa.Float, nullable=False),
        sa.Column("at", Moment(), nullable=False),
    )


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
