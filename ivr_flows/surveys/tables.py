"""The table of scores. Times are epoch seconds."""

from __future__ import annotations

import sqlalchemy as sa

from core.database import metadata

surveys = sa.Table(
    "surveys",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("at", sa.Double, nullable=False),
    # What it is about: `call` or `ticket`, and in which call it was said. One score for each.
    sa.Column("kind", sa.String(10), nullable=False),
    sa.Column("about", sa.String(80), nullable=False),
    sa.Column("call_id", sa.String(80), nullable=False),
    sa.Column("score", sa.Integer, nullable=False),
    sa.Column("agent", sa.String(64), nullable=False),
    sa.Column("queue", sa.String(128), nullable=False),
    sa.Column("workflow", sa.String(40), nullable=False),
    sa.Column("number", sa.String(24), nullable=False),
    sa.Column("customer_id", sa.String(40), nullable=False),
    sa.UniqueConstraint("kind", "about", "call_id"),
    sa.Index("ix_surveys_at", "at"),
    sa.Index("ix_surveys_customer_id", "customer_id", "at"),
    sa.Index("ix_surveys_number", "number", "at"),
)
