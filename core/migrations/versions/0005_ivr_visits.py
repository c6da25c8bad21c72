"""What callers did in the phone menu."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "ivr_visits",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("call_id", sa.String(80), nullable=False),
        sa.Column("pbx", sa.String(40), nullable=False),
        sa.Column("flow", sa.String(64), nullable=False),
        sa.Column("language", sa.String(10), nullable=False),
        sa.Column("number", sa.String(256), nullable=False),
        sa.Column("started_at", sa.Double, nullable=False),
        sa.Column("node", sa.String(140), nullable=False),
        sa.Column("path", sa.JSON, nullable=False),
        sa.Column("entered", sa.JSON, nullable=False),
        sa.Column("answers", sa.JSON, nullable=False),
        sa.Column("auth", sa.String(20), nullable=False),
        sa.Column("customer_id", sa.String(40), nullable=False),
        sa.Column("account", sa.String(64), nullable=False),
        sa.Column("recordings", sa.JSON, nullable=False),
        sa.Column("ended", sa.String(20)),
        sa.Column("ended_at", sa.Double),
        sa.Column("detail", sa.String(256), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_ivr_visits"),
    )
    op.create_index("ix_ivr_visits_call_id", "ivr_visits", ["call_id", "started_at"])
    op.create_index("ix_ivr_visits_started_at", "ivr_visits", ["started_at", "id"])
    op.create_index("ix_ivr_visits_customer_id", "ivr_visits", ["customer_id", "started_at"])
