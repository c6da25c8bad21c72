"""PINs of accounts, and how often each was tried from where."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "account_pins",
        sa.Column("account", sa.String(64), nullable=False),
        sa.Column("pin_hash", sa.String(200), nullable=False),
        sa.Column("set_at", sa.Double, nullable=False),
        sa.Column("set_by", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("account", name="pk_account_pins"),
    )
    op.create_table(
        "pin_tries",
        sa.Column("key", sa.String(120), nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("last_at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_pin_tries"),
    )
    op.create_index("ix_pin_tries_last_at", "pin_tries", ["last_at"])
