"""Brings a database up to date, and says how old it is. The steps are in `core/migrations/versions`."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError

from core.database import Database
from core.errors import Conflict

_FOLDER = Path(__file__).parent / "migrations"
_LOCK = 0x52494E47
"""The key of PostgreSQL's advisory lock: two nodes that are started together migrate one after the other."""


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def head() -> str:
    """The revision that this version of Ringdesk works with."""
    return ScriptDirectory.from_config(_config()).get_current_head() or ""


async def revision(db: Database) -> str | None:
    """The revision of the database; None where it has no tables of ours yet."""
    async with db.read() as tx:
        return await tx.run_sync(
            lambda connection: MigrationContext.configure(connection).get_current_revision()
        )


async def upgrade(db: Database) -> None:
    """Take every step that is missing, in one transaction: after a failure the database is as it was.

    Raises `Conflict` (`database_too_new`) for a database that a newer Ringdesk has written.
    """
    await db.run_sync(_upgrade)


def _upgrade(connection: sa.Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("SET LOCAL statement_timeout = 0"))
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    config = _config()
    config.attributes["connection"] = connection
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    present = MigrationContext.configure(connection).get_current_revision()
    if present is not None and present not in known:
        raise Conflict(
            f"The database is of a newer Ringdesk (its revision is {present}); install that version.",
            code="database_too_new",
        )
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise Conflict(f"The database cannot be brought up to date: {error}") from error
