"""Call-backs stand where their callers would on the line: by priority, then by waiting. One agent has one at a time."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Add the priority; who waits already has none. Who is dialled at this moment may be given a second agent."""
    op.add_column("callbacks", sa.Column("priority", sa.Integer, server_default="0", nullable=False))
    op.add_column("callbacks", sa.Column("open_agent", sa.String(64)))
    op.create_index("ix_callbacks_open_agent", "callbacks", ["open_agent"], unique=True)
