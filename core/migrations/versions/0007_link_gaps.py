"""When a PBX was not seen, and until when each was watched."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Make the tables; times of before were not written down."""
    op.create_table(
        "link_gaps",
        sa.Column("pbx", sa.String(40), nullable=False),
        sa.Column("from_at", sa.Double, nullable=False),
        sa.Column("to_at", sa.Double, nullable=False),
        sa.Column("cause", sa.String(20), nullable=False),
        sa.PrimaryKeyConstraint("pbx", "from_at", name="pk_link_gaps"),
    )
    op.create_index("ix_link_gaps_to_at", "link_gaps", ["to_at"])
    op.create_table(
        "link_seen",
        sa.Column("pbx", sa.String(40), nullable=False),
        sa.Column("startup", sa.String(64), nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("pbx", name="pk_link_seen"),
    )
