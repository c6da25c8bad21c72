"""The steps make exactly the tables that the rooms declare, on SQLite and PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from core import audit
from core.database import Database, metadata
from core.errors import Conflict
from core.migrate import head, revision, upgrade
from tests.conftest import START


@pytest.fixture
async def empty_db(empty_db_url: str) -> AsyncIterator[Database]:
    database = Database(empty_db_url)
    yield database
    await database.close()


def compare_default(
    context: MigrationContext, found: sa.Column[Any], declared: sa.Column[Any], *_defaults: Any
) -> bool | None:
    """None: Alembic compares. False: it cannot ('' on SQLite, any default of JSON on PostgreSQL)."""
    cannot = context.dialect.name == "sqlite" or isinstance(declared.type, sa.JSON)
    return (found.server_default is None) != (declared.server_default is None) if cannot else None


async def test_the_steps_make_the_rooms_tables(empty_db: Database) -> None:
    await upgrade(empty_db)

    def compare(connection: sa.Connection) -> list[Any]:
        options = {"compare_type": True, "compare_server_default": compare_default}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))

    async with empty_db.read() as tx:
        assert await tx.run_sync(compare) == []


async def test_the_revision_tells_how_old_a_database_is(empty_db: Database) -> None:
    assert await revision(empty_db) is None
    await upgrade(empty_db)
    assert await revision(empty_db) == head() != ""


async def test_a_second_upgrade_changes_nothing(empty_db: Database) -> None:
    await upgrade(empty_db)
    async with empty_db.begin() as tx:
        await audit.record(tx, START, "anna", "ticket.open", "ticket:1")
    await upgrade(empty_db)
    async with empty_db.read() as tx:
        assert len(await audit.entries(tx)) == 1


async def test_two_nodes_may_upgrade_at_once(empty_db: Database, empty_db_url: str) -> None:
    other = Database(empty_db_url)
    try:
        await asyncio.gather(upgrade(empty_db), upgrade(other))
    finally:
        await other.close()
    assert await revision(empty_db) == head()


async def test_a_database_of_a_newer_version_is_left_alone(empty_db: Database) -> None:
    await upgrade(empty_db)
    async with empty_db.begin() as tx:
        await tx.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(Conflict, match="newer Ringdesk"):
        await upgrade(empty_db)
    assert await revision(empty_db) == "9999"
