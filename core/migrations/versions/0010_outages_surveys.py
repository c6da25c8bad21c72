"""Outages that callers are told of, and how satisfied they say they were."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "outages",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("ticket_id", sa.String(40), nullable=False),
        sa.Column("number", sa.String(40), nullable=False),
        sa.Column("districts", sa.JSON, nullable=False),
        sa.Column("places", sa.JSON, nullable=False),
        sa.Column("text_en", sa.Text, nullable=False),
        sa.Column("text_zh", sa.Text, nullable=False),
        sa.Column("starts_at", sa.Double, nullable=False),
        sa.Column("until_at", sa.Double),
        sa.Column("ended_at", sa.Double),
        sa.Column("announced_by", sa.String(64), nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("updated_at", sa.Double, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], "fk_outages_ticket_id_tickets"),
        sa.PrimaryKeyConstraint("id", name="pk_outages"),
    )
    op.create_index("ix_outages_ended_at", "outages", ["ended_at", "starts_at"])
    op.create_index("ix_outages_number", "outages", ["number"])
    op.create_table(
        "surveys",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("about", sa.String(80), nullable=False),
        sa.Column("call_id", sa.String(80), nullable=False),
        sa.Column("score", sa.Integer, nullable=False),
        sa.Column("agent", sa.String(64), nullable=False),
        sa.Column("queue", sa.String(128), nullable=False),
        sa.Column("workflow", sa.String(40), nullable=False),
        sa.Column("number", sa.String(24), nullable=False),
        sa.Column("customer_id", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_surveys"),
        sa.UniqueConstraint("kind", "about", "call_id", name="uq_surveys_kind_about_call_id"),
    )
    op.create_index("ix_surveys_at", "surveys", ["at"])
    op.create_index("ix_surveys_customer_id", "surveys", ["customer_id", "at"])
    op.create_index("ix_surveys_number", "surveys", ["number", "at"])
