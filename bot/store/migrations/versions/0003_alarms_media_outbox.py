"""What staff were told, handles of uploaded files, messages that wait for a web page."""

import sqlalchemy as sa
from alembic import op

from bot.store.tables import BigId, Moment

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "alarms",
        sa.Column("kind", sa.String(20), primary_key=True),
        sa.Column("mark", sa.String(80), nullable=False),
        sa.Column("said_at", Moment(), nullable=False),
    )
    op.create_table(
        "media_ids",
        sa.Column("account", sa.String(64), primary_key=True),
        sa.Column("key", sa.String(300), primary_key=True),
        sa.Column("media_id", sa.Text, nullable=False),
    )
    op.create_table(
        "outbox",
        sa.Column("id", BigId, primary_key=True),
        sa.Column("channel", sa.String(20), nullable=False),
        sa.Column("chat", sa.String(64), nullable=False),
        sa.Column("body", sa.JSON, nullable=False),
        sa.Column("put_at", Moment(), nullable=False),
        sa.Column("handed_at", Moment()),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_outbox_chat", "outbox", ["channel", "chat", "id"])
    unknown = sa.text("state = 'unknown'")
    op.create_index("ix_deliveries_unknown", "deliveries", ["occurrence_id"], sqlite_where=unknown, postgresql_where=unknown)


def downgrade() -> None:
    op.drop_index("ix_deliveries_unknown", "deliveries")
    for table in ("outbox", "media_ids", "alarms"):
        op.drop_table(table)
