"""What ticketing stores. Times are seconds since the epoch, ids are opaque text.

`ticket_history` is append-only. `workflow_versions` keeps each definition that a ticket has ever followed, so that
a ticket stays on the version it began with when the file has long changed.
"""

from __future__ import annotations

import sqlalchemy as sa

from core.database import metadata

tickets = sa.Table(
    "tickets",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("number", sa.String(40), nullable=False, unique=True),
    sa.Column("workflow", sa.String(40), nullable=False),
    sa.Column("workflow_version", sa.Integer, nullable=False),
    sa.Column("state", sa.String(40), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("subject", sa.String(200), nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("priority", sa.String(40), nullable=False),
    sa.Column("category", sa.String(40), nullable=False),
    sa.Column("channel", sa.String(40), nullable=False),
    sa.Column("customer_id", sa.String(40)),
    # The telephone side's id: `{pbx}-{uniqueid}`, longer than an id of our own.
    sa.Column("call_id", sa.String(200)),
    sa.Column("created_by", sa.String(80), nullable=False),
    sa.Column("owner", sa.String(80)),
    sa.Column("department", sa.String(80), nullable=False),
    sa.Column("fields", sa.JSON, nullable=False),
    # How often each event has happened, for guards such as "returned twice at most".
    sa.Column("counts", sa.JSON, nullable=False),
    sa.Column("created_at", sa.Double, nullable=False),
    sa.Column("updated_at", sa.Double, nullable=False),
    # Since when the ticket is in its state; an event that keeps the state keeps this too.
    sa.Column("state_since", sa.Double, nullable=False),
    sa.Column("closed_at", sa.Double),
    sa.Index("ix_tickets_customer_id", "customer_id"),
    sa.Index("ix_tickets_call_id", "call_id"),
    sa.Index("ix_tickets_workflow_state", "workflow", "state"),
    sa.Index("ix_tickets_owner_closed_at", "owner", "closed_at"),
    sa.Index("ix_tickets_closed_at", "closed_at"),
)

ticket_history = sa.Table(
    "ticket_history",
    metadata,
    sa.Column("ticket_id", sa.String(40), sa.ForeignKey("tickets.id"), primary_key=True),
    sa.Column("seq", sa.Integer, primary_key=True),
    sa.Column("at", sa.Double, nullable=False),
    sa.Column("event", sa.String(40), nullable=False),
    sa.Column("actor", sa.String(80), nullable=False),
    sa.Column("from_state", sa.String(40)),
    sa.Column("to_state", sa.String(40), nullable=False),
    sa.Column("data", sa.JSON, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("previous", sa.String(64), nullable=False),
    sa.Column("hash", sa.String(64), nullable=False),
)

ticket_counters = sa.Table(
    "ticket_counters",
    metadata,
    sa.Column("prefix", sa.String(10), primary_key=True),
    # The local day as 20260131.
    sa.Column("day", sa.String(8), primary_key=True),
    sa.Column("last", sa.Integer, nullable=False),
)

workflow_versions = sa.Table(
    "workflow_versions",
    metadata,
    sa.Column("name", sa.String(40), primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    # SHA-256 of the definition's meaning: comments and order of keys do not make a new version.
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("stored_at", sa.Double, nullable=False),
)
