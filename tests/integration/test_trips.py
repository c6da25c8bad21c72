"""Several changes in one trip to the database: what is promised for them holds on SQLite and PostgreSQL alike."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from core import sqlite_thread, trips
from core.database import Database
from core.trips import Change, Insert, Query, Update

META = sa.MetaData()
JARS = sa.Table(
    "jars",
    META,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("weight", sa.Double),
    sa.Column("label", sa.JSON, nullable=False),
    sa.Column("open", sa.Boolean),
)
MARKS = sa.Table(
    "marks",
    META,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("jar", sa.String(40), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.UniqueConstraint("jar", "version"),
)
NOTES = sa.Table(
    "notes",
    META,
    sa.Column("jar", sa.String(40), primary_key=True),
    sa.Column("text", sa.String(40), nullable=False),
)

NEW = Insert(JARS)
MOVE = Update(
    sa.update(JARS)
    .where(JARS.c.id == sa.bindparam("this"), JARS.c.version == sa.bindparam("expected"))
    .values(version=sa.bindparam("next"))
)
MARK = Insert(MARKS, filled=("seq",))
NOTE = Insert(NOTES, key=("jar",))
FIRST_NOTE = Insert(NOTES, key=("jar",), keep=True)
BY_ID = Query(sa.select(JARS).where(JARS.c.id == sa.bindparam("this")))
OF_IDS = Query(
    sa.select(JARS.c.id, JARS.c.open)
    .where(JARS.c.id.in_(sa.bindparam("ids", expanding=True)), JARS.c.weight < sa.bindparam("below"))
    .where(JARS.c.version == 1)
    .order_by(JARS.c.id)
    .limit(sa.bindparam("most", type_=sa.Integer))
)


@pytest.fixture
async def db(empty_db_url: str) -> AsyncIterator[Database]:
    database = Database(empty_db_url)
    await database.run_sync(META.create_all)
    yield database
    await database.close()


def new(jar: str, label: Any = None, weight: float | None = None, is_open: bool | None = None) -> Change:
    return Change(NEW, {"id": jar, "version": 1, "weight": weight, "label": label or {}, "open": is_open})


def moved(jar: str, expected: int) -> list[Change]:
    """A jar's compare-and-set, and the mark that goes with it."""
    mark = Change(MARK, {"jar": jar, "version": expected + 1})
    return [Change(MOVE, {"this": jar, "expected": expected, "next": expected + 1}), mark]


async def rows(db: Database, table: sa.Table, *columns: str) -> list[tuple[Any, ...]]:
    async with db.read() as tx:
        found = await tx.execute(sa.select(*(table.c[name] for name in columns)).order_by(*table.primary_key))
        return [tuple(row) for row in found]


async def write(db: Database, *changes: Change, last: bool = False) -> bool:
    async with db.begin() as tx:
        return await trips.write(tx, changes, last=last)


async def test_what_is_written_is_read_again_with_its_types(db: Database) -> None:
    label = {"text": "表扬 'x' \"y\" %s :z ?", "list": [1, None, 0.5], "empty": {}}
    assert await write(db, new("a", label, 0.1), Change(NOTE, {"jar": "a", "text": "?%s"}))
    async with db.read() as tx:
        assert await trips.read(tx, BY_ID, {"this": "a"}) == [("a", 1, 0.1, label, None)]
        assert await trips.read(tx, BY_ID, {"this": "b"}) == []
    assert await rows(db, NOTES, "jar", "text") == [("a", "?%s")]


async def test_lists_of_any_length_and_truth_are_read(db: Database) -> None:
    for name, is_open in (("a", True), ("b", False), ("c", None)):
        await write(db, new(name, weight=0.5, is_open=is_open))
    async with db.read() as tx:
        for ids in ([], ["b"], ["c", "a", "x"], [str(n) for n in range(70)], ["c", "b", "a"]):
            found = await trips.named(tx, OF_IDS, {"ids": ids, "below": math.inf, "most": 2})
            expected = [("a", True), ("b", False), ("c", None)]
            assert [(one["id"], one["open"]) for one in found] == [one for one in expected if one[0] in ids][
                :2
            ]
            assert all(one["open"] is None or type(one["open"]) is bool for one in found)


async def test_what_one_transaction_reads_is_of_one_moment(db: Database) -> None:
    await write(db, new("a", weight=0.5))
    async with db.read() as tx:
        if db.dialect == "postgresql":
            await tx.execute(sa.text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        assert await trips.read(tx, BY_ID, {"this": "b"}) == []
        await write(db, new("b", weight=0.5))
        assert await trips.read(tx, BY_ID, {"this": "b"}) == []
    async with db.read() as tx:
        assert len(await trips.read(tx, BY_ID, {"this": "b"})) == 1


async def test_a_row_with_the_same_key_is_written_over_or_kept(db: Database) -> None:
    for insert, text in ((NOTE, "one"), (NOTE, "two"), (FIRST_NOTE, "three")):
        await write(db, new(text), Change(insert, {"jar": "a", "text": text}))
    assert await rows(db, NOTES, "jar", "text") == [("a", "two")]


@pytest.mark.parametrize("last", [False, True])
async def test_who_comes_second_changes_nothing_and_is_told(db: Database, last: bool) -> None:
    await write(db, new("a"))
    assert await write(db, *moved("a", 1), last=last)
    # The mark's key is taken too; yet it is the version that tells, not a broken key.
    assert not await write(db, *moved("a", 1), last=last)
    assert await rows(db, JARS, "id", "version") == [("a", 2)]
    assert await rows(db, MARKS, "jar", "version") == [("a", 2)]


async def test_what_is_written_in_a_transaction_that_fails_is_gone(db: Database) -> None:
    async def fail() -> None:
        async with db.begin() as tx:
            await trips.write(tx, [new("a")])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await rows(db, JARS, "id") == []


async def test_a_broken_rule_undoes_all_and_says_nothing_of_the_values(db: Database) -> None:
    await write(db, new("a"), Change(NOTE, {"jar": "a", "text": "secret"}))
    for send in (lambda *changes: write(db, *changes), lambda *changes: trips.write_alone(db, changes)):
        with pytest.raises(sa.exc.IntegrityError) as raised:
            await send(new("b"), new("a", {"text": "secret"}))
        assert "secret" not in str(raised.value)
        assert await rows(db, JARS, "id") == [("a",)]
        assert await trips.write_alone(db, [Change(NOTE, {"jar": "a", "text": "next"})])


async def test_many_inserts_of_several_kinds(db: Database) -> None:
    changes = [
        change for n in range(20) for change in (new(f"{n:02d}"), Change(NOTE, {"jar": f"{n}", "text": "x"}))
    ]
    async with db.begin() as tx:
        await trips.insert_all(tx, changes)
    assert (len(await rows(db, JARS, "id")), len(await rows(db, NOTES, "jar"))) == (20, 20)


# Changes alone, many at once


async def at_once(db: Database, *several: list[Change]) -> list[Any]:
    return await asyncio.gather(*(trips.write_alone(db, one) for one in several), return_exceptions=True)


async def test_of_many_at_once_each_wins_or_loses_by_its_own_version(db: Database) -> None:
    names = [f"{n:02d}" for n in range(30)]
    assert await at_once(db, *([new(name)] for name in names)) == [True] * 30
    # Three for each jar: the first wins, whoever they are in a group with.
    made = await at_once(db, *(moved(name, 1) for name in names for _ in range(3)))
    assert [made[at : at + 3].count(True) for at in range(0, 90, 3)] == [1] * 30
    assert made.count(False) == 60
    assert await rows(db, JARS, "version") == [(2,)] * 30
    assert len(await rows(db, MARKS, "jar")) == 30


async def test_one_that_breaks_takes_no_other_along(db: Database) -> None:
    await write(db, new("a"), Change(MARK, {"jar": "b", "version": 2}))
    await write(db, new("b"))
    first, broken, lost, unfit, last = await at_once(
        db,
        moved("a", 1),
        moved("b", 1),  # its mark is there already
        moved("a", 7),
        [Change(NOTE, {"jar": "z", "text": object()})],
        [new("c")],
    )
    assert (first, lost, last) == (True, False, True)
    assert isinstance(broken, sa.exc.IntegrityError)
    assert isinstance(unfit, Exception)
    assert await rows(db, JARS, "id", "version") == [("a", 2), ("b", 1), ("c", 1)]
    assert await rows(db, NOTES, "jar") == []


async def test_an_answer_comes_after_the_commit(db: Database, empty_db_url: str) -> None:
    other = Database(empty_db_url)

    async def check(name: str) -> list[tuple[Any, ...]]:
        assert await trips.write_alone(db, [new(name)])
        async with other.read() as tx:
            return await trips.read(tx, BY_ID, {"this": name})

    seen = await asyncio.gather(*(check(f"{n}") for n in range(20)))
    assert all(len(found) == 1 for found in seen)
    await other.close()


async def test_they_wait_for_a_transaction_that_writes(db: Database) -> None:
    await write(db, new("a"))
    async with db.begin() as tx:
        waiting = asyncio.create_task(trips.write_alone(db, moved("a", 1)))
        assert await trips.write(tx, moved("a", 1))
        assert not waiting.done()
    assert await waiting is False
    assert await rows(db, MARKS, "jar", "version") == [("a", 2)]


async def test_who_gives_up_while_waiting_changes_nothing(db: Database) -> None:
    async with db.begin() as tx:
        await trips.write(tx, [new("a")])
        gone, stays = (asyncio.create_task(trips.write_alone(db, [new(name)])) for name in ("b", "c"))
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.gather(gone, return_exceptions=True)
    assert await stays
    assert [id for (id,) in await rows(db, JARS, "id")] == ["a", "c"]


# SQLite's group commit


@pytest.fixture
async def sqlite(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'jars.db'}")
    await database.run_sync(META.create_all)
    yield database
    await database.close()


def statements(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many lists of changes each commit had from now on."""
    seen: list[int] = []
    each: Callable[..., Any] = sqlite_thread.Thread.each

    async def counted(self: sqlite_thread.Thread, several: Any) -> Any:
        seen.append(len(several))
        return await each(self, several)

    monkeypatch.setattr(sqlite_thread.Thread, "each", counted)
    return seen


async def test_what_waits_together_is_committed_together(
    sqlite: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await trips.write_alone(sqlite, [new("first")])
    seen = statements(monkeypatch)
    await at_once(sqlite, *([new(f"{n:03d}")] for n in range(100)))
    assert (sum(seen), max(seen)) == (100, 64)
    assert len(seen) <= 3


async def test_a_lock_that_is_not_given_is_told_to_all_and_no_longer_than_once(
    sqlite: Database, tmp_path: Path
) -> None:
    other = Database(f"sqlite:///{tmp_path / 'jars.db'}")
    async with sqlite.begin() as tx:
        await tx.exec_driver_sql("PRAGMA busy_timeout=1")
    async with other.begin() as tx:
        await trips.write(tx, [new("theirs")])
        told = await at_once(sqlite, [new("a")], [new("b")])
        assert [type(one) for one in told] == [sa.exc.OperationalError] * 2
    assert await at_once(sqlite, [new("a")], [new("b")]) == [True, True]
    await other.close()


async def test_a_closed_database_is_opened_again(sqlite: Database) -> None:
    assert await trips.write_alone(sqlite, [new("a")])
    await sqlite.close()
    assert await trips.write_alone(sqlite, [new("b")])
    assert await rows(sqlite, JARS, "id") == [("a",), ("b",)]
