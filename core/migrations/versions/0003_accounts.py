"""Accounts: what a customer owes, and the last bill."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "accounts",
        sa.Column("account", sa.String(64), nullable=False),
        sa.Column("customer_id", sa.String(40)),
        sa.Column("balance", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("bill", sa.BigInteger),
        sa.Column("due", sa.String(10), server_default="", nullable=False),
        sa.Column("period", sa.String(7), server_default="", nullable=False),
        sa.Column("updated_at", sa.Double, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], "fk_accounts_customer_id_customers", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("account", name="pk_accounts"),
    )
    op.create_index("ix_accounts_customer_id", "accounts", ["customer_id"])
