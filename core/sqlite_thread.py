"""SQLite behind one thread a connection, as aiosqlite has it, with one trip to the thread for each statement.

aiosqlite goes there four times for a statement (cursor, execute, fetch, close) and twice to end a transaction that has
read; at fifty calls a second these trips were a third of all the server did. Here a statement brings its rows along,
BEGIN goes with the first statement, and nobody waits for a rollback.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from functools import partial
from typing import Any, Self

import aiosqlite
import sqlalchemy as sa
from aiosqlite.core import _STOP_RUNNING_SENTINEL

Asked = Sequence[tuple[str, Sequence[Any]]]
"""Statements with their values."""

_DRIVER = "sqlite+aiosqlite"


def opener(url: sa.URL) -> Callable[[], Thread]:
    """What opens a connection to the file of `url`: an `async_creator` for SQLAlchemy."""
    dialect = url.set(drivername=_DRIVER).get_dialect()()
    files, options = dialect.create_connect_args(url)
    return lambda: Thread(partial(sqlite3.connect, *files, **options))


class Thread(aiosqlite.Connection):
    """A connection. What is asked is done in order, so that a rollback which nobody waits for comes before the next
    statement.
    """

    def __init__(self, connector: Callable[[], sqlite3.Connection]) -> None:
        super().__init__(connector, iter_chunk_size=64)
        self._thread.daemon = True
        self._begin = ""
        self._untouched = True

    def begin(self, sql: str) -> None:
        """Run this BEGIN right before the next statement."""
        self._begin = sql

    def cursor(self) -> Cursor:  # type: ignore[override] # awaitable in aiosqlite; SQLAlchemy enters either
        """A cursor, without asking the thread for it."""
        return Cursor(self)

    async def do(self, work: Callable[[sqlite3.Cursor], Any]) -> _Done:
        """Run one statement, after the BEGIN that is due."""
        begin, self._begin, self._untouched = self._begin, "", False
        done: _Done = await self._execute(_run, self._conn, begin, work)  # type: ignore[no-untyped-call]
        return done

    async def together(self, asked: Asked, *, finish: bool = False) -> list[_Done]:
        """Run several statements in one trip, after the BEGIN that is due; none after the first if that one writes and
        changed no row. `finish`: commit too, unless it was so."""
        begin, self._begin, self._untouched = self._begin, "", False
        done: list[_Done] = await self._execute(_run_all, self._conn, begin, asked, finish)  # type: ignore[no-untyped-call]
        self._untouched = finish and done[0].rowcount != 0
        return done

    async def each(self, several: Sequence[Asked]) -> list[bool | Exception]:
        """Run each list as a transaction of its own, all of them in one BEGIN and COMMIT. What became of each: False
        where its first statement changed no row and nothing else of it was run; what went wrong with it alone. Raises
        where SQLite gives no lock or cannot commit, and then nothing was changed."""
        found: list[bool | Exception] = await self._execute(_run_each, self._conn, several)  # type: ignore[no-untyped-call]
        return found

    @property
    def lives(self) -> bool:
        """Whether it can still be asked."""
        return self._running and self._connection is not None

    async def rollback(self) -> None:
        """End the transaction, if there is one. Returns before it is done; what is asked next is done after it."""
        self._begin = ""
        if not self._untouched:
            self._untouched = True
            self._tx.put_nowait((None, self._conn.rollback))

    async def commit(self) -> None:
        """Keep what was done; returns once it is safe."""
        self._begin = ""
        if not self._untouched:
            await super().commit()
            self._untouched = True

    def stop(self) -> None:
        """Have the thread end, once it has done what was asked. Nobody waits for that: a command whose file cannot be
        opened is over before its thread, which would complain that there is no loop to report to.
        """
        self._running = False
        self._tx.put_nowait((None, self._end))

    def _end(self) -> object:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        return _STOP_RUNNING_SENTINEL


class _Done:
    """What a statement left: its rows and the cursor's attributes."""

    __slots__ = ("description", "lastrowid", "rowcount", "rows")

    def __init__(self, cursor: sqlite3.Cursor | None) -> None:
        self.description = cursor.description if cursor else None
        self.rows: list[Any] = cursor.fetchall() if cursor and cursor.description else []
        self.rowcount = cursor.rowcount if cursor else -1
        self.lastrowid = cursor.lastrowid if cursor else None


_NOTHING = _Done(None)


def _run(connection: sqlite3.Connection, begin: str, work: Callable[[sqlite3.Cursor], Any]) -> _Done:
    """In the connection's thread."""
    cursor = connection.cursor()
    try:
        if begin:
            cursor.execute(begin)
        work(cursor)
        return _Done(cursor)
    finally:
        cursor.close()


def _run_all(connection: sqlite3.Connection, begin: str, asked: Asked, finish: bool) -> list[_Done]:
    """In the connection's thread."""
    cursor = connection.cursor()
    try:
        if begin:
            cursor.execute(begin)
        done: list[_Done] = []
        for sql, parameters in asked:
            done.append(_Done(cursor.execute(sql, parameters)))
            if done[0].rowcount == 0:
                return done
        if finish:
            connection.commit()
        return done
    finally:
        cursor.close()


def _run_each(connection: sqlite3.Connection, several: Sequence[Asked]) -> list[bool | Exception]:
    """In the connection's thread. Where one of them breaks, all are undone and each is run alone: that hardly ever
    happens, and a savepoint for each would cost all of them always."""
    with closing(connection.cursor()) as cursor:
        cursor.execute("BEGIN IMMEDIATE")
        try:
            made: list[bool | Exception] = [_made(cursor, asked) for asked in several]
        except Exception as error:
            connection.rollback()
            return [error] if len(several) == 1 else [_run_alone(connection, asked) for asked in several]
        try:
            connection.commit()
        except sqlite3.Error:
            connection.rollback()
            raise
        return made


def _run_alone(connection: sqlite3.Connection, asked: Asked) -> bool | Exception:
    try:
        return _run_each(connection, [asked])[0]
    except sqlite3.Error as error:
        return error


def _made(cursor: sqlite3.Cursor, asked: Asked) -> bool:
    (first, values), *others = asked
    if cursor.execute(first, values).rowcount == 0:
        return False
    for sql, parameters in others:
        cursor.execute(sql, parameters)
    return True


class Cursor:
    """A statement and its rows, as SQLAlchemy's adapter asks for them."""

    def __init__(self, thread: Thread) -> None:
        self._thread = thread
        self._done = _NOTHING
        self.arraysize = 1

    async def __aenter__(self) -> Self:
        return self

    async def close(self) -> None:
        """The thread closed its own cursor already."""

    @property
    def description(self) -> Any:
        return self._done.description

    @property
    def rowcount(self) -> int:
        return self._done.rowcount

    @property
    def lastrowid(self) -> int | None:
        return self._done.lastrowid

    async def execute(self, sql: str, parameters: Sequence[Any] = ()) -> Self:
        self._done = await self._thread.do(lambda cursor: cursor.execute(sql, parameters))
        return self

    async def executemany(self, sql: str, parameters: Iterable[Sequence[Any]]) -> Self:
        self._done = await self._thread.do(lambda cursor: cursor.executemany(sql, parameters))
        return self

    async def fetchall(self) -> list[Any]:
        """All rows that were not fetched yet."""
        return await self.fetchmany(len(self._done.rows))

    async def fetchmany(self, size: int | None = None) -> list[Any]:
        size = self.arraysize if size is None else size
        rows, self._done.rows[:size] = self._done.rows[:size], []
        return rows

    async def fetchone(self) -> Any:
        rows = await self.fetchmany(1)
        return rows[0] if rows else None
