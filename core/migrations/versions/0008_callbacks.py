"""Callers to be called back, and how often the server has dialled by itself."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "callbacks",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("number", sa.String(24), nullable=False),
        sa.Column("open_number", sa.String(24)),
        sa.Column("open_line", sa.String(24)),
        sa.Column("pbx", sa.String(40), nullable=False),
        sa.Column("queue", sa.String(128), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("requested_at", sa.Double, nullable=False),
        sa.Column("since", sa.Double, nullable=False),
        sa.Column("next_at", sa.Double, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("reason", sa.String(40), nullable=False),
        sa.Column("asked_by", sa.String(24), nullable=False),
        sa.Column("customer_id", sa.String(40), nullable=False),
        sa.Column("asked_call", sa.String(80), nullable=False),
        sa.Column("agent", sa.String(64), nullable=False),
        sa.Column("channel_id", sa.String(100), nullable=False),
        sa.Column("call_id", sa.String(160), nullable=False),
        sa.Column("picked_up", sa.Boolean, nullable=False),
        sa.Column("lease_until", sa.Double, nullable=False),
        sa.Column("closed_at", sa.Double),
        sa.Column("closed_by", sa.String(64), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_callbacks"),
        sa.UniqueConstraint("open_number", name="uq_callbacks_open_number"),
        sa.UniqueConstraint("open_line", name="uq_callbacks_open_line"),
    )
    op.create_index("ix_callbacks_state", "callbacks", ["state", "since"])
    op.create_index("ix_callbacks_call_id", "callbacks", ["call_id"])
    op.create_index("ix_callbacks_requested_at", "callbacks", ["requested_at", "id"])
    op.create_table(
        "dial_counts",
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_dial_counts"),
    )
    op.create_index("ix_dial_counts_at", "dial_counts", ["at"])
