"""Tables of the phone menus. Times are epoch seconds, enums their values."""

from __future__ import annotations

import sqlalchemy as sa

from core.database import metadata

_UNENDED = sa.text("ended IS NULL")

visits = sa.Table(
    "ivr_visits",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("call_id", sa.String(80), nullable=False),
    sa.Column("pbx", sa.String(40), nullable=False),
    sa.Column("flow", sa.String(64), nullable=False),
    sa.Column("language", sa.String(10), nullable=False),
    sa.Column("number", sa.String(256), nullable=False),
    sa.Column("started_at", sa.Double, nullable=False),
    sa.Column("node", sa.String(140), nullable=False),
    sa.Column("path", sa.JSON, nullable=False),
    sa.Column("entered", sa.JSON, nullable=False),
    sa.Column("answers", sa.JSON, nullable=False),
    sa.Column("auth", sa.String(20), nullable=False),
    sa.Column("customer_id", sa.String(40), nullable=False),
    sa.Column("account", sa.String(64), nullable=False),
    sa.Column("recordings", sa.JSON, nullable=False),
    sa.Column("ended", sa.String(20)),
    sa.Column("ended_at", sa.Double),
    sa.Column("detail", sa.String(256), nullable=False),
    sa.Index("ix_ivr_visits_call_id", "call_id", "started_at"),
    sa.Index("ix_ivr_visits_started_at", "started_at", "id"),
    sa.Index("ix_ivr_visits_customer_id", "customer_id", "started_at"),
    # Some dozens of rows: who is in a flow now, which a server asks before it takes callers.
    sa.Index("ix_ivr_visits_unended", "started_at", sqlite_where=_UNENDED, postgresql_where=_UNENDED),
)

unplayed_sounds = sa.Table(
    "unplayed_sounds",
    metadata,
    sa.Column("pbx", sa.String(40), primary_key=True),
    sa.Column("sound", sa.String(64), primary_key=True),
    sa.Column("at", sa.Double, nullable=False),
    sa.Column("times", sa.Integer, nullable=False),
)
