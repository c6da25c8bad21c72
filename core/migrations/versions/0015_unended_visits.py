"""Who was in a flow when a server broke down is found without a look at all visits there ever were."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Few rows are in this index: visits that go on."""
    part = sa.text("ended IS NULL")
    op.create_index(
        "ix_ivr_visits_unended", "ivr_visits", ["started_at"], sqlite_where=part, postgresql_where=part
    )
