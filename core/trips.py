"""Several statements in one trip to the database, each compiled once.

Through SQLAlchemy a statement costs 0.2 to 0.4 ms of Python and a trip of its own (to SQLite's thread, or over
PostgreSQL's socket); an event of a ticket has nine of them, which was four fifths of its time. Here the statements
are still SQLAlchemy's, compiled when they are first used, but they go together, in the `AsyncConnection`'s transaction.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, cast

import msgspec
import sqlalchemy as sa
from psycopg import AsyncRawCursor
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql import visitors

from core.database import Database
from core.json_text import json_text
from core.sqlite_thread import Asked, Thread

_DIALECTS: Mapping[str, Any] = {
    "sqlite": sqlite.dialect(paramstyle="qmark"),
    "postgresql": postgresql.psycopg.dialect(paramstyle="format"),  # type: ignore[no-untyped-call]  # SQLAlchemy's own
}
MOST_SIZES = 64
"""So many lengths of its lists a query is kept compiled for."""
_INSERT = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
_FIRST = sa.exists(sa.select(sa.literal_column("1")).select_from(sa.text("done0")))
"""In PostgreSQL's single statement: the first change has been made."""


class _Sql(NamedTuple):
    """A statement as a database takes it: its parameters in order (those that it brings along with their values), which
    of them are JSON, and how a value of a column is read where the driver gives something else."""

    text: str
    names: tuple[str, ...]
    own: Mapping[str, Any]
    given: tuple[int, ...]
    found: tuple[tuple[int, Callable[[Any], Any]], ...]

    def values(self, named: Mapping[str, Any]) -> list[Any]:
        values = [named[name] if name in named else self.own[name] for name in self.names]
        for at in self.given:
            values[at] = json_text(values[at])
        return values

    def row(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        if not self.found:
            return row
        read = list(row)
        for at, reader in self.found:
            read[at] = None if row[at] is None else reader(row[at])
        return tuple(read)


def _compiled(statement: Any, dialect: str, lists: Mapping[str, int] | None = None) -> _Sql:
    """`lists`: how many values each parameter has that is a list."""
    done = statement.compile(dialect=_DIALECTS[dialect])
    binds = done.binds
    if lists:
        wanted = {name: [None] * lists[name] if name in lists else bind.value for name, bind in binds.items()}
        options = {"render_postcompile": True}
        done = statement.params(wanted).compile(dialect=_DIALECTS[dialect], compile_kwargs=options)
    names = tuple(done.positiontup)
    return _Sql(
        done.string,
        names,
        {name: bind.value for name, bind in binds.items() if not bind.required},
        tuple(at for at, name in enumerate(names) if name in binds and isinstance(binds[name].type, sa.JSON)),
        # PostgreSQL's driver reads all of them itself.
        _readers(getattr(statement, "selected_columns", ())) if dialect == "sqlite" else (),
    )


def _readers(columns: Iterable[sa.ColumnElement[Any]]) -> tuple[tuple[int, Callable[[Any], Any]], ...]:
    """By place, what reads SQLite's value of a column: truth comes as a number, JSON as a text."""
    found = []
    for at, column in enumerate(columns):
        is_json = isinstance(column.type, sa.JSON)
        kind = column.type.dialect_impl(_DIALECTS["sqlite"])
        reader = msgspec.json.decode if is_json else kind.result_processor(_DIALECTS["sqlite"], None)
        if reader is not None:
            found.append((at, reader))
    return tuple(found)


class Query:
    """A SELECT, its values given by name (`bindparam`; with `expanding` a list of them)."""

    def __init__(self, statement: sa.Select[Any]) -> None:
        self._statement = statement
        self._lists = tuple(
            bind.key
            for bind in visitors.iterate(statement)
            if isinstance(bind, sa.BindParameter) and bind.expanding
        )
        self._sql = lru_cache(MOST_SIZES)(self._of)
        self.columns = tuple(statement.selected_columns.keys())

    def _of(self, dialect: str, sizes: tuple[int, ...]) -> _Sql:
        return _compiled(self._statement, dialect, dict(zip(self._lists, sizes, strict=True)))

    def asked(self, dialect: str, values: Mapping[str, Any]) -> tuple[_Sql, list[Any]]:
        """The statement for lists as long as these, and its values in order."""
        if not self._lists:
            sql = self._sql(dialect, ())
            return sql, sql.values(values)
        sql = self._sql(dialect, tuple(len(values[name]) for name in self._lists))
        single = {f"{name}_{at}": one for name in self._lists for at, one in enumerate(values[name], 1)}
        return sql, sql.values({**values, **single})


class Update:
    """An UPDATE, its values given by name; a row of changes begins with it, or with an insert."""

    def __init__(self, statement: sa.Update) -> None:
        self.sql = lru_cache(2)(lambda dialect, _follows: _compiled(statement, dialect))


class Insert:
    """An INSERT of one row. `filled`: columns that the database fills in itself. `key`: a row with the same values
    there is written over; `keep`: it stays as it is."""

    def __init__(
        self, table: sa.Table, filled: Collection[str] = (), key: Sequence[str] = (), *, keep: bool = False
    ) -> None:
        self._table, self._key, self._keep = table, list(key), keep
        self._columns = [column for column in table.c if column.name not in filled]
        self.sql = lru_cache(4)(self._sql)
        self.plain = sa.insert(table)

    def _sql(self, dialect: str, follows: bool) -> _Sql:
        made: Any = _INSERT[dialect](self._table).inline()
        given = {c.name: sa.bindparam(c.name, type_=c.type) for c in self._columns}
        if follows and dialect == "postgresql":
            # A NULL has no type of its own in a SELECT; the driver gives texts and integers theirs.
            typed = [sa.cast(p, p.type) if isinstance(p.type, sa.Float) else p for p in given.values()]
            made = made.from_select(list(given), sa.select(*typed).where(_FIRST))
        else:
            made = made.values(given)
        if self._keep:
            made = made.on_conflict_do_nothing(index_elements=self._key)
        elif self._key:
            changed = {name: made.excluded[name] for name in given if name not in self._key}
            made = made.on_conflict_do_update(index_elements=self._key, set_=changed)
        return _compiled(made, dialect)


class Change(NamedTuple):
    """A statement that writes, with its values by name."""

    statement: Update | Insert
    values: Mapping[str, Any]


async def read(tx: AsyncConnection, query: Query, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """The query's rows."""
    sql, given = query.asked(tx.dialect.name, values)
    send = _read_sqlite if tx.dialect.name == "sqlite" else _read_postgres
    connection = cast(sa.Connection, tx.sync_connection)
    if not connection.in_transaction():
        connection.begin()  # as `execute` would have; nothing is sent before the first statement
    return [sql.row(row) for row in await _sent(tx, [(sql.text, given)], send)]


async def named(tx: AsyncConnection, query: Query, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The query's rows by the names of their columns."""
    return [dict(zip(query.columns, row, strict=True)) for row in await read(tx, query, values)]


async def write(tx: AsyncConnection, changes: Sequence[Change], *, last: bool = False) -> bool:
    """Make these changes; no two of them may concern the same row, and all but the first are inserts.

    False where the first one changed no row: the others are then not made, or have to be rolled back, so raise.
    `last`: nothing else comes in this transaction, so that SQLite may commit in the same trip.
    """
    dialect = tx.dialect.name
    asked = _asked(changes, dialect)
    send = _write_postgres if dialect == "postgresql" else _finish_sqlite if last else _write_sqlite
    done: bool = await _sent(tx, asked, send)
    return done


async def write_alone(db: Database, changes: Sequence[Change]) -> bool:
    """Make these changes in a transaction of their own; False where the first one changed no row: then nothing was
    changed. What several tasks have to write at the same moment is kept by one COMMIT of SQLite."""
    if db.group is None:
        async with db.begin() as tx:
            return await write(tx, changes)
    asked = _asked(changes, db.dialect)
    try:
        return await db.group.change(asked)
    except sqlite3.Error as error:
        raise _raised(asked, error, sqlite3.Error, lost=False) from error


def _asked(changes: Sequence[Change], dialect: str) -> Asked:
    made = [change.statement.sql(dialect, at > 0) for at, change in enumerate(changes)]
    return [(sql.text, sql.values(change.values)) for sql, change in zip(made, changes, strict=True)]


async def insert_all(tx: AsyncConnection, changes: Sequence[Change]) -> None:
    """Make these inserts, those of one kind in one statement each: for many rows at once, which nobody waits for."""
    by_kind: dict[Insert, list[dict[str, Any]]] = {}
    for statement, values in changes:
        by_kind.setdefault(cast(Insert, statement), []).append(dict(values))
    for statement, rows in by_kind.items():
        await tx.execute(statement.plain, rows)


async def _sent(tx: AsyncConnection, asked: Asked, send: Callable[[Any, Asked], Awaitable[Any]]) -> Any:
    """Send them over the driver's own connection; what goes wrong there is raised as SQLAlchemy raises it."""
    connection = cast(sa.Connection, tx.sync_connection)
    driver, errors = connection.connection.driver_connection, connection.dialect.loaded_dbapi.Error
    try:
        return await send(driver, asked)
    except errors as error:
        lost = connection.dialect.is_disconnect(error, cast(Any, driver), None)
        if lost:
            await tx.invalidate()
        raise _raised(asked, error, errors, lost) from error


def _raised(asked: Asked, error: Exception, errors: type[Exception], lost: bool) -> BaseException:
    """The error as SQLAlchemy raises it, without the values: they are what callers said."""
    text = "; ".join(text for text, _ in asked)
    return sa.exc.DBAPIError.instance(
        text, None, error, errors, hide_parameters=True, connection_invalidated=lost
    )


async def _read_sqlite(thread: Thread, asked: Asked) -> list[tuple[Any, ...]]:
    return (await thread.together(asked))[0].rows


async def _write_sqlite(thread: Thread, asked: Asked) -> bool:
    return (await thread.together(asked))[0].rowcount > 0


async def _finish_sqlite(thread: Thread, asked: Asked) -> bool:
    return (await thread.together(asked, finish=True))[0].rowcount > 0


async def _read_postgres(driver: Any, asked: Asked) -> list[tuple[Any, ...]]:
    ((text, values),) = asked
    cursor = await AsyncRawCursor(driver).execute(_numbered(text), values)
    return await cursor.fetchall()


async def _write_postgres(driver: Any, asked: Asked) -> bool:
    one = _numbered(_as_one(tuple(text for text, _ in asked)))
    cursor = await AsyncRawCursor(driver).execute(one, [value for _, values in asked for value in values])
    row = await cursor.fetchone()
    return row is not None and row[0] > 0


@lru_cache(512)
def _numbered(text: str) -> bytes:
    """The statement with parameters as PostgreSQL itself writes them. The driver would read a long statement anew
    each time to do the same, in 1 ms."""
    first, *rest = text.split("%s")
    return (first + "".join(f"${at}{part}" for at, part in enumerate(rest, 1))).encode()


@lru_cache(256)
def _as_one(texts: tuple[str, ...]) -> str:
    """These statements as one, which tells how many rows the first of them changed. PostgreSQL carries all of them
    out, in an order of its own: that is why the others ask whether the first one did anything."""
    parts = ", ".join(f"done{at} AS ({text} RETURNING 1)" for at, text in enumerate(texts))
    return f"WITH {parts} SELECT count(*) FROM done0"  # noqa: S608  # compiled statements, values apart
