"""The spine: users, calls, customers, tickets, and what goes with every change.

Written out in full instead of taken from the rooms' tables: a step must stay what it was when they change.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables of the first version."""
    _identity()
    _core()
    _cti()
    _customers()
    _ticketing()


def _identity() -> None:
    """Users, their seats, sessions and API tokens."""
    op.create_table(
        "users",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("full_name", sa.String(120), nullable=False),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("language", sa.String(10), nullable=False),
        sa.Column("theme", sa.String(10), nullable=False),
        sa.Column("department", sa.String(64), nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("password_hash", sa.String(200), nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_users"),
    )
    op.create_table(
        "seats",
        sa.Column("pbx", sa.String(64), nullable=False),
        sa.Column("interface", sa.String(120), nullable=False),
        sa.Column("user", sa.String(64), nullable=False),
        sa.Column("extension", sa.String(32), nullable=False),
        sa.ForeignKeyConstraint(["user"], ["users.name"], "fk_seats_user_users", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("pbx", "interface", name="pk_seats"),
    )
    op.create_index("ix_seats_user", "seats", ["user"])
    op.create_table(
        "sessions",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("user", sa.String(64), nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("signed_in_at", sa.Double, nullable=False),
        sa.Column("seen_at", sa.Double, nullable=False),
        sa.ForeignKeyConstraint(["user"], ["users.name"], "fk_sessions_user_users", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_sessions"),
        sa.UniqueConstraint("token_hash", name="uq_sessions_token_hash"),
    )
    op.create_index("ix_sessions_user", "sessions", ["user"])
    op.create_table(
        "api_tokens",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("user", sa.String(64), nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.ForeignKeyConstraint(["user"], ["users.name"], "fk_api_tokens_user_users", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_api_tokens"),
        sa.UniqueConstraint("token_hash", name="uq_api_tokens_token_hash"),
    )
    op.create_index("ix_api_tokens_user", "api_tokens", ["user"])


def _core() -> None:
    """The audit trail, the outbox and idempotency keys."""
    op.create_table(
        "audit",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("actor", sa.String(64), nullable=False),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("details", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
    )
    op.create_index("ix_audit_actor_at", "audit", ["actor", "at"])
    op.create_index("ix_audit_at", "audit", ["at"])
    op.create_index("ix_audit_subject_at", "audit", ["subject", "at"])
    op.create_table(
        "outbox",
        sa.Column(
            "seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("topic", sa.String(64), nullable=False),
        sa.Column("payload", sa.JSON, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("due_at", sa.Double, nullable=False),
        sa.Column("failed_at", sa.Double),
        sa.Column("error", sa.String(500), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_outbox"),
    )
    op.create_index("ix_outbox_topic_failed_at_seq", "outbox", ["topic", "failed_at", "seq"])
    op.create_table(
        "idempotency",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("headers", sa.JSON, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_idempotency"),
    )
    op.create_index("ix_idempotency_at", "idempotency", ["at"])


def _cti() -> None:
    """Calls, their segments, and the agents' duties."""
    op.create_table(
        "calls",
        sa.Column("id", sa.String(80), nullable=False),
        sa.Column("pbx", sa.String(40), nullable=False),
        sa.Column("direction", sa.String(20), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("caller_number", sa.String(256), nullable=False),
        sa.Column("caller_name", sa.String(256), nullable=False),
        sa.Column("dialled", sa.String(256), nullable=False),
        sa.Column("number_key", sa.String(64), server_default="", nullable=False),
        sa.Column("queue", sa.String(128)),
        sa.Column("started_at", sa.Double, nullable=False),
        sa.Column("queued_at", sa.Double),
        sa.Column("answered_at", sa.Double),
        sa.Column("ended_at", sa.Double),
        sa.Column("outcome", sa.String(20)),
        sa.Column("wait_seconds", sa.Double, server_default="0", nullable=False),
        sa.Column("talk_seconds", sa.Double, server_default="0", nullable=False),
        sa.Column("hold_seconds", sa.Double, server_default="0", nullable=False),
        sa.Column("incomplete", sa.Boolean, server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_calls"),
    )
    op.create_index("ix_calls_number_key", "calls", ["number_key", "started_at"])
    op.create_index("ix_calls_pbx_ended_at", "calls", ["pbx", "ended_at"])
    op.create_index("ix_calls_queue", "calls", ["queue", "started_at"])
    op.create_index("ix_calls_started_at", "calls", ["started_at", "id"])
    op.create_table(
        "segments",
        sa.Column("id", sa.String(100), nullable=False),
        sa.Column("call_id", sa.String(80), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("interface", sa.String(128), nullable=False),
        sa.Column("agent", sa.String(64)),
        sa.Column("queue", sa.String(128)),
        sa.Column("how", sa.String(20), nullable=False),
        sa.Column("offered_at", sa.Double, nullable=False),
        sa.Column("answered_at", sa.Double),
        sa.Column("ended_at", sa.Double),
        sa.Column("end_reason", sa.String(30)),
        sa.Column("hold_seconds", sa.Double, server_default="0", nullable=False),
        sa.Column("held_since", sa.Double),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], "fk_segments_call_id_calls", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_segments"),
    )
    op.create_index("ix_segments_agent", "segments", ["agent", "offered_at"])
    op.create_index("ix_segments_call_id", "segments", ["call_id", "position"])
    op.create_table(
        "duties",
        sa.Column("user", sa.String(64), nullable=False),
        sa.Column("queues", sa.JSON, nullable=False),
        sa.Column("last_queues", sa.JSON, server_default="[]", nullable=False),
        sa.Column("paused", sa.Boolean, server_default=sa.false(), nullable=False),
        sa.Column("reason", sa.String(128), server_default="", nullable=False),
        sa.Column("since", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("user", name="pk_duties"),
    )


def _customers() -> None:
    """Customers, their numbers and notes."""
    op.create_table(
        "customers",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("grade", sa.String(1), server_default="C", nullable=False),
        sa.Column("vip", sa.Boolean, server_default=sa.false(), nullable=False),
        sa.Column("account", sa.String(64)),
        sa.Column("language", sa.String(16), server_default="", nullable=False),
        sa.Column("address", sa.String(500)),
        sa.Column("meter", sa.String(64), server_default="", nullable=False),
        sa.Column("district", sa.String(128), server_default="", nullable=False),
        sa.Column("email", sa.String(254), server_default="", nullable=False),
        sa.Column("note", sa.Text, server_default="", nullable=False),
        sa.Column("name_key", sa.String(200), nullable=False),
        sa.Column("search_key", sa.Text, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("updated_at", sa.Double, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_customers"),
        sa.UniqueConstraint("account", name="uq_customers_account"),
    )
    op.create_index("ix_customers_name_key", "customers", ["name_key", "id"])
    op.create_table(
        "customer_phones",
        sa.Column("customer_id", sa.String(40), nullable=False),
        sa.Column("e164", sa.String(24), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("label", sa.String(64), server_default="", nullable=False),
        sa.Column("shared", sa.Boolean, server_default=sa.false(), nullable=False),
        sa.Column("national", sa.String(24), nullable=False),
        sa.Column("tail", sa.String(8), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], "fk_customer_phones_customer_id_customers", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("customer_id", "e164", name="pk_customer_phones"),
    )
    op.create_index("ix_customer_phones_e164", "customer_phones", ["e164", "customer_id"])
    op.create_index("ix_customer_phones_national", "customer_phones", ["national", "customer_id"])
    op.create_index("ix_customer_phones_tail", "customer_phones", ["tail", "customer_id"])
    op.create_table(
        "customer_notes",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("customer_id", sa.String(40), nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("actor", sa.String(64), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], "fk_customer_notes_customer_id_customers", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_customer_notes"),
    )
    op.create_index("ix_customer_notes_customer_id", "customer_notes", ["customer_id", "at"])


def _ticketing() -> None:
    """Tickets, their history, counters and definitions."""
    op.create_table(
        "tickets",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("number", sa.String(40), nullable=False),
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
        sa.Column("call_id", sa.String(200)),
        sa.Column("created_by", sa.String(80), nullable=False),
        sa.Column("owner", sa.String(80)),
        sa.Column("department", sa.String(80), nullable=False),
        sa.Column("fields", sa.JSON, nullable=False),
        sa.Column("counts", sa.JSON, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("updated_at", sa.Double, nullable=False),
        sa.Column("state_since", sa.Double, nullable=False),
        sa.Column("closed_at", sa.Double),
        sa.PrimaryKeyConstraint("id", name="pk_tickets"),
        sa.UniqueConstraint("number", name="uq_tickets_number"),
    )
    op.create_index("ix_tickets_call_id", "tickets", ["call_id"])
    op.create_index("ix_tickets_closed_at", "tickets", ["closed_at"])
    op.create_index("ix_tickets_customer_id", "tickets", ["customer_id"])
    op.create_index("ix_tickets_owner_closed_at", "tickets", ["owner", "closed_at"])
    op.create_index("ix_tickets_workflow_state", "tickets", ["workflow", "state"])
    op.create_table(
        "ticket_history",
        sa.Column("ticket_id", sa.String(40), nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("event", sa.String(40), nullable=False),
        sa.Column("actor", sa.String(80), nullable=False),
        sa.Column("from_state", sa.String(40)),
        sa.Column("to_state", sa.String(40), nullable=False),
        sa.Column("data", sa.JSON, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("previous", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], "fk_ticket_history_ticket_id_tickets"),
        sa.PrimaryKeyConstraint("ticket_id", "seq", name="pk_ticket_history"),
    )
    op.create_table(
        "ticket_counters",
        sa.Column("prefix", sa.String(10), nullable=False),
        sa.Column("day", sa.String(8), nullable=False),
        sa.Column("last", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("prefix", "day", name="pk_ticket_counters"),
    )
    op.create_table(
        "workflow_versions",
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("version", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("stored_at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("name", "version", name="pk_workflow_versions"),
    )
