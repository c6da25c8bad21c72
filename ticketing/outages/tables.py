"""The table of outages. Times are epoch seconds."""

from __future__ import annotations

import sqlalchemy as sa

from core.database import metadata

outages = sa.Table(
    "outages",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("ticket_id", sa.String(40), sa.ForeignKey("tickets.id"), nullable=False),
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
    sa.Index("ix_outages_ended_at", "ended_at", "starts_at"),
    sa.Index("ix_outages_number", "number"),
)
