"""Subscribers, inbox, conversations, questions and feedback."""

import sqlalchemy as sa
from alembic import op

from bot.store.tables import BigId, Moment

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "subscribers",
        sa.Column("id", BigId, primary_key=True),
        sa.Column("channel", sa.String(20), nullable=False),
        sa.Column("chat", sa.String(64), nullable=False),
        sa.Column("place", sa.String(80)),
        sa.Column("name", sa.String(80)),
        sa.Column("language", sa.String(8), nullable=False),
        sa.Column("joined_at", Moment(), nullable=False),
        sa.Column("consent_version", sa.String(40), nullable=False),
        sa.Column("consent_at", Moment(), nullable=False),
        sa.Column("opted_out_at", Moment()),
        sa.Column("unreachable_at", Moment()),
        sa.Column("unreachable_why", sa.String(20)),
        sa.UniqueConstraint("channel", "chat"),
    )
    op.create_index("ix_subscribers_place", "subscribers", ["place"])
    op.create_table(
        "inbox",
        sa.Column("id", BigId, primary_key=True),
        sa.Column("channel", sa.String(20), nullable=False),
        sa.Column("incoming", sa.String(80), nullable=False),
        sa.Column("chat", sa.String(64), nullable=False),
        sa.Column("body", sa.JSON(none_as_null=True)),
        sa.Column("received_at", Moment(), nullable=False),
        sa.Column("handled_at", Moment()),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.UniqueConstraint("channel", "incoming"),
    )
    op.create_index("ix_inbox_waiting", "inbox", ["handled_at", "id"])
    op.create_table(
        "conversations",
        sa.Column("channel", sa.String(20), primary_key=True),
        sa.Column("chat", sa.String(64), primary_key=True),
        sa.Column("choices", sa.JSON, nullable=False),
        sa.Column("at", Moment(), nullable=False),
    )
    op.create_table(
        "questions",
        sa.Column("id", BigId, primary_key=True),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("channel", sa.String(20), nullable=False),
        sa.Column("place", sa.String(80)),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("decision", sa.String(20), nullable=False),
        sa.Column("topic", sa.String(80)),
        sa.Column("confidence", sa.Float, nullable=False),
    )
    op.create_index("ix_questions_at", "questions", ["at"])
    op.create_table(
        "feedback",
        sa.Column("id", BigId, primary_key=True),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("channel", sa.String(20), nullable=False),
        sa.Column("topic", sa.String(80)),
        sa.Column("good", sa.Boolean, nullable=False),
    )


def downgrade() -> None:
    for table in ("feedback", "questions", "conversations", "inbox", "subscribers"):
        op.drop_table(table)
