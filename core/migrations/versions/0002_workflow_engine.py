"""The workflow engine: clocks with their escalations, and what waits to be told of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the engine's tables; clocks of tickets that are there already are reckoned at the next start."""
    _clocks()
    _notices()


def _clocks() -> None:
    """Where each clock of a ticket stands, and which steps of it have happened."""
    op.create_table(
        "ticket_clocks",
        sa.Column("ticket_id", sa.String(40), nullable=False),
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("run", sa.Integer, nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("calendar", sa.String(40), nullable=False),
        sa.Column("basis", sa.String(64), nullable=False),
        sa.Column("target_seconds", sa.Integer, nullable=False),
        sa.Column("intervals", sa.JSON, nullable=False),
        sa.Column("fired", sa.JSON, nullable=False),
        sa.Column("due_at", sa.Double),
        sa.Column("next_step", sa.String(20)),
        sa.Column("next_at", sa.Double),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], "fk_ticket_clocks_ticket_id_tickets"),
        sa.PrimaryKeyConstraint("ticket_id", "name", name="pk_ticket_clocks"),
    )
    op.create_index("ix_ticket_clocks_due_at", "ticket_clocks", ["due_at"])
    op.create_index("ix_ticket_clocks_next_at", "ticket_clocks", ["next_at"])
    op.create_table(
        "escalations",
        sa.Column("ticket_id", sa.String(40), nullable=False),
        sa.Column("clock", sa.String(40), nullable=False),
        sa.Column("run", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("step", sa.String(20), nullable=False),
        sa.Column("due_at", sa.Double, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], "fk_escalations_ticket_id_tickets"),
        sa.PrimaryKeyConstraint("ticket_id", "clock", "run", "step", name="pk_escalations"),
    )
    op.create_index("ix_escalations_at", "escalations", ["at"])


def _notices() -> None:
    """Notices that wait to be told together, and when each recipient was told last."""
    op.create_table(
        "waiting_notices",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("recipient", sa.String(200), nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("payload", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_waiting_notices"),
    )
    op.create_index("ix_waiting_notices_recipient", "waiting_notices", ["recipient"])
    op.create_table(
        "notice_windows",
        sa.Column("recipient", sa.String(200), nullable=False),
        sa.Column("sent_at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("recipient", name="pk_notice_windows"),
    )
