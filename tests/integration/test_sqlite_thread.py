"""The connection to SQLite: what SQLAlchemy and aiosqlite promise still holds with fewer trips to its thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from core import sqlite_thread
from core.database import Database

TABLE = sa.Table(
    "things", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True), sa.Column("n", sa.Integer)
)


@pytest.fixture
async def db(tmp_path: Path) -> Any:
    database = Database(f"sqlite:///{tmp_path / 'things.db'}")
    await database.run_sync(TABLE.metadata.create_all)
    yield database
    await database.close()


async def numbers(db: Database) -> list[int]:
    async with db.read() as tx:
        return list((await tx.execute(sa.select(TABLE.c.n).order_by(TABLE.c.n))).scalars())


async def add(db: Database, *values: int) -> None:
    async with db.begin() as tx:
        await tx.execute(sa.insert(TABLE), [{"n": value} for value in values])


def trips(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the threads are asked to do from now on and waited for."""
    seen: list[str] = []
    ask: Callable[..., Any] = sqlite_thread.Thread._execute

    async def counted(self: sqlite_thread.Thread, work: Any, *args: Any) -> Any:
        seen.append(getattr(work, "__name__", ""))
        return await ask(self, work, *args)

    monkeypatch.setattr(sqlite_thread.Thread, "_execute", counted)
    return seen


async def test_a_read_is_one_trip_and_a_write_two(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    await add(db, 1)
    await numbers(db)
    seen = trips(monkeypatch)
    assert await numbers(db) == [1]
    assert seen == ["_run"]
    await add(db, 2)
    assert seen[1:] == ["_run", "commit"]


async def hurry(tx: AsyncConnection) -> None:
    """Have it wait for no lock."""
    raw = await tx.get_raw_connection()
    await raw.driver_connection.execute("PRAGMA busy_timeout=0")


async def test_the_writer_holds_the_lock_from_its_first_statement(db: Database, tmp_path: Path) -> None:
    other = Database(f"sqlite:///{tmp_path / 'things.db'}")
    async with db.begin() as tx:
        await tx.execute(sa.select(TABLE))
        async with other._writer.connect() as second:
            await hurry(second)
            with pytest.raises(sa.exc.OperationalError, match="locked"):
                await second.execute(sa.insert(TABLE).values(n=1))
    await other.close()


async def test_what_is_rolled_back_is_gone_for_the_next_one(db: Database) -> None:
    async def fail() -> None:
        async with db.begin() as tx:
            await tx.execute(sa.insert(TABLE).values(n=1))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    await add(db, 2)
    assert await numbers(db) == [2]


async def test_a_transaction_that_is_broken_off_in_the_middle_leaves_nothing(db: Database) -> None:
    begun = asyncio.Event()

    async def write() -> None:
        async with db.begin() as tx:
            await tx.execute(sa.insert(TABLE).values(n=1))
            begun.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(write())
    await begun.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await add(db, 2)
    assert await numbers(db) == [2]


async def test_a_reader_sees_one_state_for_the_length_of_its_transaction(db: Database) -> None:
    await add(db, 1)
    async with db.read() as tx:
        assert len((await tx.execute(sa.select(TABLE))).all()) == 1
        await add(db, 2)
        assert len((await tx.execute(sa.select(TABLE))).all()) == 1
    assert await numbers(db) == [1, 2]


async def test_ids_and_counts_come_back(db: Database) -> None:
    async with db.begin() as tx:
        assert (await tx.execute(sa.insert(TABLE).values(n=7))).inserted_primary_key == (1,)
        assert (await tx.execute(sa.update(TABLE).values(n=8))).rowcount == 1


async def test_a_faulty_statement_raises_and_the_connection_goes_on(db: Database) -> None:
    with pytest.raises(sa.exc.OperationalError):
        async with db.read() as tx:
            await tx.exec_driver_sql("SELECT * FROM nowhere")
    assert await numbers(db) == []


async def test_rows_can_be_streamed(db: Database) -> None:
    await add(db, *range(100))
    async with db.read() as tx:
        result = await tx.stream(sa.select(TABLE.c.n))
        assert [row.n async for row in result] == list(range(100))


async def test_what_is_read_together_is_of_one_moment(db: Database) -> None:
    await add(db, 1)
    async with db.together():
        assert await numbers(db) == [1]
        await add(db, 2)
        assert await numbers(db) == [1]
        assert await asyncio.create_task(numbers(db)) == [1, 2]
    assert await numbers(db) == [1, 2]
