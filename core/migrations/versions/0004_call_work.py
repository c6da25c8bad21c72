"""What agents write during calls: drafts, notes, and who the caller turned out to be."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "call_work",
        sa.Column("call_id", sa.String(80), nullable=False),
        sa.Column("user", sa.String(64), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("draft", sa.JSON, nullable=False),
        sa.Column("draft_version", sa.Integer, nullable=False, server_default="0"),
        sa.Column("draft_at", sa.Double),
        sa.Column("origin", sa.String(64), nullable=False, server_default=""),
        sa.Column("note", sa.Text, nullable=False, server_default=""),
        sa.Column("note_version", sa.Integer, nullable=False, server_default="0"),
        sa.Column("note_at", sa.Double),
        sa.Column("customer_id", sa.String(40), nullable=False, server_default=""),
        sa.Column("customer_at", sa.Double),
        sa.Column("ticket_id", sa.String(40), nullable=False, server_default=""),
        sa.Column("updated_at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("call_id", "user", name="pk_call_work"),
    )
    op.create_index("ix_call_work_updated_at", "call_work", ["updated_at"])
