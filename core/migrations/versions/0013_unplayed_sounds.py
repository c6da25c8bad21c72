"""Which sounds a PBX could not play."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "unplayed_sounds",
        sa.Column("pbx", sa.String(40), nullable=False),
        sa.Column("sound", sa.String(64), nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("times", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("pbx", "sound", name="pk_unplayed_sounds"),
    )
