"""Customers who are rung up and asked about a ticket."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Add the ticket to call-backs."""
    op.add_column("callbacks", sa.Column("ticket", sa.String(40), server_default="", nullable=False))
    op.create_index("ix_callbacks_ticket", "callbacks", ["ticket"])
