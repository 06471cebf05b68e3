"""What a campaign has sent for money."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("campaigns", sa.Column("paid", sa.Integer, nullable=False, server_default="0"))


def downgrade() -> None:
    op.drop_column("campaigns", "paid")
