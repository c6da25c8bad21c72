"""Tables of the desk. Times are epoch seconds."""

from __future__ import annotations

import sqlalchemy as sa

from core.database import metadata

call_work = sa.Table(
    "call_work",
    metadata,
    # No foreign key: an agent writes while the call is live, and the call's own row may come later.
    sa.Column("call_id", sa.String(80), primary_key=True),
    sa.Column("user", sa.String(64), primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("draft", sa.JSON, nullable=False),
    sa.Column("draft_version", sa.Integer, nullable=False, server_default="0"),
    sa.Column("draft_at", sa.Double),
    sa.Column("origin", sa.String(64), nullable=False, server_default=""),
    sa.Column("note", sa.Text, nullable=False, server_default=""),
    sa.Column("note_version", sa.Integer, nullable=False, server_default="0"),
    sa.Column("note_at", sa.Double),
    sa.Column("customer_id", sa.String(40), nullable=False, server_default=""),
    sa.Column("customer_at", sa.Double),
    sa.Column("ticket_id", sa.String(40), nullable=False, server_default=""),
    sa.Column("updated_at", sa.Double, nullable=False),
    # Drafts that nobody sent are dropped after some days, and the latest are read at each start.
    sa.Index("ix_call_work_updated_at", "updated_at"),
)
