"""Tables of the telephone side. Times are epoch seconds, durations seconds, enums their values."""

from __future__ import annotations

import sqlalchemy as sa

from core.database import metadata

_PART = sa.text("joined <> ''")

calls = sa.Table(
    "calls",
    metadata,
    sa.Column("id", sa.String(80), primary_key=True),
    sa.Column("pbx", sa.String(40), nullable=False),
    sa.Column("direction", sa.String(20), nullable=False),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("caller_number", sa.String(256), nullable=False),
    sa.Column("caller_name", sa.String(256), nullable=False),
    sa.Column("dialled", sa.String(256), nullable=False),
    # The caller's number, or the dialled one of an outbound call, in the one form customers are matched by.
    sa.Column("number_key", sa.String(64), nullable=False, server_default=""),
    sa.Column("queue", sa.String(128)),
    sa.Column("started_at", sa.Double, nullable=False),
    sa.Column("queued_at", sa.Double),
    sa.Column("answered_at", sa.Double),
    sa.Column("ended_at", sa.Double),
    sa.Column("outcome", sa.String(20)),
    sa.Column("wait_seconds", sa.Double, nullable=False, server_default="0"),
    sa.Column("talk_seconds", sa.Double, nullable=False, server_default="0"),
    sa.Column("hold_seconds", sa.Double, nullable=False, server_default="0"),
    sa.Column("incomplete", sa.Boolean, nullable=False, server_default=sa.false()),
    # The call that this one turned out to be part of: nothing counts such a row.
    sa.Column("joined", sa.String(80), nullable=False, server_default=""),
    sa.Index("ix_calls_started_at", "started_at", "id"),
    sa.Index("ix_calls_number_key", "number_key", "started_at"),
    sa.Index("ix_calls_queue", "queue", "started_at"),
    # Few calls are part of another, and those of one call are asked for.
    sa.Index("ix_calls_joined", "joined", sqlite_where=_PART, postgresql_where=_PART),
    # Live calls are read at each start of the server: few among many.
    sa.Index("ix_calls_pbx_ended_at", "pbx", "ended_at"),
)

segments = sa.Table(
    "segments",
    metadata,
    sa.Column("id", sa.String(100), primary_key=True),
    sa.Column("call_id", sa.String(80), sa.ForeignKey("calls.id", ondelete="CASCADE"), nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("interface", sa.String(128), nullable=False),
    sa.Column("agent", sa.String(64)),
    sa.Column("queue", sa.String(128)),
    sa.Column("how", sa.String(20), nullable=False),
    sa.Column("offered_at", sa.Double, nullable=False),
    sa.Column("answered_at", sa.Double),
    sa.Column("ended_at", sa.Double),
    sa.Column("end_reason", sa.String(30)),
    sa.Column("hold_seconds", sa.Double, nullable=False, server_default="0"),
    sa.Column("held_since", sa.Double),
    sa.Column("consult_seconds", sa.Double, nullable=False, server_default="0"),
    sa.Column("consult_since", sa.Double),
    sa.Index("ix_segments_call_id", "call_id", "position"),
    sa.Index("ix_segments_agent", "agent", "offered_at"),
)

duties = sa.Table(
    "duties",
    metadata,
    sa.Column("user", sa.String(64), primary_key=True),
    sa.Column("queues", sa.JSON, nullable=False),
    # Where the agent served last: a sign-in that names no queues goes there again.
    sa.Column("last_queues", sa.JSON, nullable=False, server_default="[]"),
    sa.Column("paused", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("reason", sa.String(128), nullable=False, server_default=""),
    sa.Column("since", sa.Double, nullable=False),
)

link_gaps = sa.Table(
    "link_gaps",
    metadata,
    sa.Column("pbx", sa.String(40), primary_key=True),
    sa.Column("from_at", sa.Double, primary_key=True),
    sa.Column("to_at", sa.Double, nullable=False),
    sa.Column("cause", sa.String(20), nullable=False),
    sa.Index("ix_link_gaps_to_at", "to_at"),
)

# One row for each PBX: until when it was watched, so that a gap of our own is known after a crash too.
link_seen = sa.Table(
    "link_seen",
    metadata,
    sa.Column("pbx", sa.String(40), primary_key=True),
    sa.Column("startup", sa.String(64), nullable=False),
    sa.Column("at", sa.Double, nullable=False),
)

dial_counts = sa.Table(
    "dial_counts",
    metadata,
    # An hour, a day, or a number on a day.
    sa.Column("key", sa.String(64), primary_key=True),
    sa.Column("count", sa.Integer, nullable=False),
    sa.Column("at", sa.Double, nullable=False),
    sa.Index("ix_dial_counts_at", "at"),
)

recordings = sa.Table(
    "recordings",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("kind", sa.String(10), nullable=False),
    sa.Column("pbx", sa.String(40), nullable=False),
    # No foreign keys: a call is stored later than its caller speaks, and the index outlives what it points to.
    sa.Column("call_id", sa.String(100), nullable=False),
    sa.Column("visit", sa.String(40), nullable=False),
    sa.Column("ticket_id", sa.String(40), nullable=False),
    sa.Column("started_at", sa.Double, nullable=False),
    sa.Column("seconds", sa.Double, nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("file", sa.String(200), nullable=False),
    sa.Column("deleted_at", sa.Double),
    sa.UniqueConstraint("file"),
    sa.Index("ix_recordings_call_id", "call_id"),
    sa.Index("ix_recordings_ticket_id", "ticket_id"),
    sa.Index("ix_recordings_started_at", "started_at"),
)
