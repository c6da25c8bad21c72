"""Calls that turned out to be part of another are found by that one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Few rows are in this index: those that are part of another."""
    part = sa.text("joined <> ''")
    op.create_index("ix_calls_joined", "calls", ["joined"], sqlite_where=part, postgresql_where=part)
