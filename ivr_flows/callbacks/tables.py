"""The table of call-backs. Times are epoch seconds, enums their values."""

from __future__ import annotations

import sqlalchemy as sa

from core.database import metadata

callbacks = sa.Table(
    "callbacks",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("number", sa.String(24), nullable=False),
    # The same while it is open, NULL afterwards: so that one number has one open call-back, whoever asks. With a ? in
    # front where the caller is to be asked about a ticket: who waits for that may ask for a call-back all the same.
    sa.Column("open_number", sa.String(24)),
    # Likewise of who asked for it.
    sa.Column("open_line", sa.String(24)),
    # The agent while they are rung for it, NULL else: so that two servers do not give one agent two callers.
    sa.Column("open_agent", sa.String(64)),
    sa.Column("pbx", sa.String(40), nullable=False),
    sa.Column("queue", sa.String(128), nullable=False),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("requested_at", sa.Double, nullable=False),
    sa.Column("since", sa.Double, nullable=False),
    sa.Column("next_at", sa.Double, nullable=False),
    sa.Column("priority", sa.Integer, nullable=False, server_default="0"),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("reason", sa.String(40), nullable=False),
    sa.Column("asked_by", sa.String(24), nullable=False),
    sa.Column("customer_id", sa.String(40), nullable=False),
    sa.Column("asked_call", sa.String(80), nullable=False),
    sa.Column("agent", sa.String(64), nullable=False),
    sa.Column("channel_id", sa.String(100), nullable=False),
    sa.Column("call_id", sa.String(160), nullable=False),
    sa.Column("picked_up", sa.Boolean, nullable=False),
    sa.Column("lease_until", sa.Double, nullable=False),
    sa.Column("closed_at", sa.Double),
    sa.Column("closed_by", sa.String(64), nullable=False),
    sa.Column("ticket", sa.String(40), nullable=False, server_default=""),
    sa.Column("version", sa.Integer, nullable=False),
    sa.UniqueConstraint("open_number"),
    sa.UniqueConstraint("open_line"),
    sa.Index("ix_callbacks_open_agent", "open_agent", unique=True),
    sa.Index("ix_callbacks_ticket", "ticket"),
    sa.Index("ix_callbacks_state", "state", "since"),
    sa.Index("ix_callbacks_call_id", "call_id"),
    sa.Index("ix_callbacks_requested_at", "requested_at", "id"),
)
