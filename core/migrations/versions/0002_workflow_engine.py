"""The workflow engine: clocks with their escalations, what waits to be told, departments, links and webhooks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the engine's tables; clocks of tickets that are there already are reckoned at the next start."""
    _clocks()
    _notices()
    _departments()
    _links()
    _webhooks()
    _definitions()


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


def _departments() -> None:
    """Who belongs where, and who stands in for whom."""
    op.create_table(
        "departments",
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("label_en", sa.String(120), nullable=False),
        sa.Column("label_zh", sa.String(120), nullable=False),
        sa.Column("head", sa.String(64)),
        sa.PrimaryKeyConstraint("name", name="pk_departments"),
    )
    op.create_table(
        "department_members",
        sa.Column("department", sa.String(80), nullable=False),
        sa.Column("user", sa.String(64), nullable=False),
        sa.ForeignKeyConstraint(
            ["department"],
            ["departments.name"],
            "fk_department_members_department_departments",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("department", "user", name="pk_department_members"),
    )
    op.create_table(
        "absences",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("user", sa.String(64), nullable=False),
        sa.Column("from_at", sa.Double, nullable=False),
        sa.Column("until_at", sa.Double, nullable=False),
        sa.Column("stand_in", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_absences"),
    )
    op.create_index("ix_absences_until_at", "absences", ["until_at"])


def _links() -> None:
    """How tickets belong together, and what a list by department looks at."""
    op.create_table(
        "ticket_links",
        sa.Column("ticket_id", sa.String(40), nullable=False),
        sa.Column("other_id", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("actor", sa.String(80), nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], "fk_ticket_links_ticket_id_tickets"),
        sa.ForeignKeyConstraint(["other_id"], ["tickets.id"], "fk_ticket_links_other_id_tickets"),
        sa.PrimaryKeyConstraint("ticket_id", "other_id", "kind", name="pk_ticket_links"),
    )
    op.create_index("ix_ticket_links_other_id", "ticket_links", ["other_id"])
    op.create_index("ix_tickets_department", "tickets", ["department", "id"])


def _webhooks() -> None:
    """What webhooks are told, kept for a while so that it can be told again."""
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("webhook", sa.String(40), nullable=False),
        sa.Column("ticket_id", sa.String(40), nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("event", sa.String(81), nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("due_at", sa.Double),
        sa.Column("delivered_at", sa.Double),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_deliveries"),
    )
    op.create_index("ix_webhook_deliveries_at", "webhook_deliveries", ["at"])
    op.create_index("ix_webhook_deliveries_due_at", "webhook_deliveries", ["webhook", "due_at"])
    op.create_index("ix_webhook_deliveries_ticket_id", "webhook_deliveries", ["ticket_id", "webhook", "seq"])


def _definitions() -> None:
    """Which version of each workflow is in force, so that all servers go by the same."""
    op.create_table(
        "workflow_current",
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_workflow_current"),
    )
