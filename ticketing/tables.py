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
    sa.Index("ix_tickets_department", "department", "id"),
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

ticket_clocks = sa.Table(
    "ticket_clocks",
    metadata,
    sa.Column("ticket_id", sa.String(40), sa.ForeignKey("tickets.id"), primary_key=True),
    sa.Column("name", sa.String(40), primary_key=True),
    # Counts up each time the clock begins anew; the row always tells of the last run.
    sa.Column("run", sa.Integer, nullable=False),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("calendar", sa.String(40), nullable=False),
    # Digest of the calendar that the times below were reckoned by: rows of another one are reckoned again.
    sa.Column("basis", sa.String(64), nullable=False),
    sa.Column("target_seconds", sa.Integer, nullable=False),
    # The run's stretches, and the escalation steps that it has had.
    sa.Column("intervals", sa.JSON, nullable=False),
    sa.Column("fired", sa.JSON, nullable=False),
    sa.Column("due_at", sa.Double),
    # What the timer looks at: the next step and when it is to happen; NULL where none is.
    sa.Column("next_step", sa.String(20)),
    sa.Column("next_at", sa.Double),
    sa.Index("ix_ticket_clocks_due_at", "due_at"),
    sa.Index("ix_ticket_clocks_next_at", "next_at"),
)

escalations = sa.Table(
    "escalations",
    metadata,
    # The key is the promise: a step of a run happens once, whatever server comes to it.
    sa.Column("ticket_id", sa.String(40), sa.ForeignKey("tickets.id"), primary_key=True),
    sa.Column("clock", sa.String(40), primary_key=True),
    sa.Column("run", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("step", sa.String(20), primary_key=True),
    sa.Column("due_at", sa.Double, nullable=False),
    sa.Column("at", sa.Double, nullable=False),
    sa.Index("ix_escalations_at", "at"),
)

waiting_notices = sa.Table(
    "waiting_notices",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    # Whom it is for, as one text: many for the same one become a single notice.
    sa.Column("recipient", sa.String(200), nullable=False),
    sa.Column("at", sa.Double, nullable=False),
    sa.Column("payload", sa.JSON, nullable=False),
    sa.Index("ix_waiting_notices_recipient", "recipient"),
)

notice_windows = sa.Table(
    "notice_windows",
    metadata,
    sa.Column("recipient", sa.String(200), primary_key=True),
    sa.Column("sent_at", sa.Double, nullable=False),
)

departments = sa.Table(
    "departments",
    metadata,
    # As definitions write it in the choices of a field that sets the department.
    sa.Column("name", sa.String(80), primary_key=True),
    sa.Column("label_en", sa.String(120), nullable=False),
    sa.Column("label_zh", sa.String(120), nullable=False),
    sa.Column("head", sa.String(64)),
)

department_members = sa.Table(
    "department_members",
    metadata,
    sa.Column(
        "department", sa.String(80), sa.ForeignKey("departments.name", ondelete="CASCADE"), primary_key=True
    ),
    sa.Column("user", sa.String(64), primary_key=True),
)

absences = sa.Table(
    "absences",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("user", sa.String(64), nullable=False),
    sa.Column("from_at", sa.Double, nullable=False),
    sa.Column("until_at", sa.Double, nullable=False),
    sa.Column("stand_in", sa.String(64), nullable=False),
    sa.Index("ix_absences_until_at", "until_at"),
)

ticket_links = sa.Table(
    "ticket_links",
    metadata,
    sa.Column("ticket_id", sa.String(40), sa.ForeignKey("tickets.id"), primary_key=True),
    sa.Column("other_id", sa.String(40), sa.ForeignKey("tickets.id"), primary_key=True),
    # merged_into, converted_to, follows or outage: read from ticket to other.
    sa.Column("kind", sa.String(20), primary_key=True),
    sa.Column("at", sa.Double, nullable=False),
    sa.Column("actor", sa.String(80), nullable=False),
    sa.Index("ix_ticket_links_other_id", "other_id"),
)

webhook_deliveries = sa.Table(
    "webhook_deliveries",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("webhook", sa.String(40), nullable=False),
    sa.Column("ticket_id", sa.String(40), nullable=False),
    # The history row that it tells of: of one ticket the earlier row goes first.
    sa.Column("seq", sa.Integer, nullable=False),
    sa.Column("event", sa.String(81), nullable=False),
    sa.Column("at", sa.Double, nullable=False),
    # Exactly what is sent, so that a replay sends the same bytes.
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False),
    # The HTTP status of the last answer; 0 where there was none.
    sa.Column("status", sa.Integer, nullable=False),
    # When to try next; NULL once it is delivered or given up.
    sa.Column("due_at", sa.Double),
    sa.Column("delivered_at", sa.Double),
    sa.Index("ix_webhook_deliveries_at", "at"),
    sa.Index("ix_webhook_deliveries_due_at", "webhook", "due_at"),
    sa.Index("ix_webhook_deliveries_ticket_id", "ticket_id", "webhook", "seq"),
)

workflow_current = sa.Table(
    "workflow_current",
    metadata,
    sa.Column("name", sa.String(40), primary_key=True),
    # The version in force for new tickets; every server follows this.
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("at", sa.Double, nullable=False),
)
