"""Transfers: what an agent talked with a colleague before it had the caller, and calls that became part of another."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the columns; what was written before had no consultation that was told apart."""
    op.add_column("calls", sa.Column("joined", sa.String(80), nullable=False, server_default=""))
    op.add_column("segments", sa.Column("consult_seconds", sa.Double, nullable=False, server_default="0"))
    op.add_column("segments", sa.Column("consult_since", sa.Double))
