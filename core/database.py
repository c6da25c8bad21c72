"""The database: one set of tables, two engines (SQLite by default, PostgreSQL when one machine is too small).

SQLAlchemy Core only: rooms declare `Table`s on `metadata` and write statements. Times are seconds since the
epoch in `Double`, ids `String(40)`, JSON `JSON`.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from contextvars import ContextVar
from typing import Any, NamedTuple, cast

import msgspec
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from core import sqlite_thread
from core.errors import Invalid, Unavailable
from core.group_commit import GroupCommit
from core.json_text import json_text

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

BUSY_MILLISECONDS = 5000
"""How long SQLite waits for another process (an import, a migration) that writes."""
STATEMENT_SECONDS = 30
CONNECT_SECONDS = 5
POOL_SECONDS = 10
IDLE_SECONDS = 1.0
"""A connection to PostgreSQL that rested for longer is asked whether it still lives."""


def _driver_url(text: str) -> sa.URL:
    try:
        url = sa.make_url(text)
    except sa.exc.ArgumentError:
        raise Invalid(
            "database.url is no database address; use sqlite:///file.db or postgresql://…"
        ) from None
    backend = url.get_backend_name()
    if backend == "sqlite":
        if url.database in (None, "", ":memory:"):
            raise Invalid("database.url needs a file: sqlite:///ringdesk.db")
        return url.set(drivername="sqlite+aiosqlite")
    if backend in ("postgresql", "postgres"):
        return url.set(drivername="postgresql+psycopg")
    raise Invalid(f"database.url: {backend} is not supported; use sqlite:///file.db or postgresql://…")


def _sqlite_engine(url: sa.URL, *, writes: bool) -> AsyncEngine:
    size = 1 if writes else 4
    engine = create_async_engine(
        url,
        pool_size=size,
        max_overflow=0,
        pool_timeout=POOL_SECONDS,
        json_serializer=json_text,
        json_deserializer=msgspec.json.decode,
        async_creator=sqlite_thread.opener(url),
    )

    @event.listens_for(engine.sync_engine, "connect")
    def _connected(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves, see below
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={BUSY_MILLISECONDS}")
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA foreign_keys=ON")
        # FULL: a ticket that was confirmed to a caller survives a power cut.
        cursor.execute("PRAGMA synchronous=FULL")
        if not writes:
            cursor.execute("PRAGMA query_only=ON")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _begun(connection: sa.Connection) -> None:
        # IMMEDIATE: a transaction that will write takes the lock first, so that it never fails half way.
        thread = cast(sqlite_thread.Thread, connection.connection.driver_connection)
        thread.begin("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _postgres_engine(url: sa.URL) -> AsyncEngine:
    engine = create_async_engine(
        url,
        pool_size=10,
        max_overflow=5,
        pool_timeout=POOL_SECONDS,
        json_serializer=json_text,
        json_deserializer=msgspec.json.decode,
        connect_args={
            "connect_timeout": CONNECT_SECONDS,
            "options": f"-c statement_timeout={STATEMENT_SECONDS * 1000} -c timezone=UTC",
        },
    )
    _ping_when_idle(engine.sync_engine)
    return engine


def _ping_when_idle(engine: sa.Engine) -> None:
    """Have a connection that was not used for a while asked whether it still lives, before it is used again. Asking
    every time (`pool_pre_ping`) took a fifth of a transition's time; not asking lets the first request after a restart
    of the database fail.
    """

    @event.listens_for(engine, "checkin")
    def _returned(_connection: Any, record: Any) -> None:
        record.info["used"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def _taken(connection: Any, record: Any, _proxy: Any) -> None:
        if time.monotonic() - record.info.get("used", math.inf) < IDLE_SECONDS:
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            raise sa.exc.InvalidatePoolError from error


class _Turns:
    """Whoever writes to SQLite waits for its turn here, in the order of asking, instead of polling SQLite's lock."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()

    async def __aenter__(self) -> None:
        try:
            async with asyncio.timeout(POOL_SECONDS):
                await self._lock.acquire()
        except TimeoutError:
            raise sa.exc.TimeoutError(f"The database was busy for {POOL_SECONDS} s.") from None

    async def __aexit__(self, *_: object) -> None:
        self._lock.release()


class _Shared(NamedTuple):
    """The transaction of a `together` and the task that may use it."""

    tx: AsyncConnection
    task: asyncio.Task[Any] | None


class Database:
    """Hands out transactions. Making one opens nothing; the first transaction does.

    Raises `Invalid` where the address is neither SQLite's nor PostgreSQL's.
    """

    def __init__(self, url: str) -> None:
        self._url = _driver_url(url)
        self._shared: ContextVar[_Shared | None] = ContextVar("shared", default=None)
        self.dialect = "sqlite" if self._url.get_backend_name() == "sqlite" else "postgresql"
        self._turns: AbstractAsyncContextManager[None] = nullcontext()
        self.group: GroupCommit | None = None
        """SQLite only: what keeps changes together that need nothing but to be written."""
        if self.dialect == "sqlite":
            self._turns = _Turns()
            self.group = GroupCommit(self._writing)
            self._thread: sqlite_thread.Thread | None = None
            self._writer = _sqlite_engine(self._url, writes=True)
            self._reader = _sqlite_engine(self._url, writes=False)
        else:
            self._writer = _postgres_engine(self._url)
            self._reader = self._writer.execution_options(postgresql_readonly=True)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        """One write transaction: committed at the end, rolled back where the block raises."""
        async with self._turns, self._writer.begin() as tx:
            yield tx

    @asynccontextmanager
    async def _writing(self) -> AsyncIterator[sqlite_thread.Thread]:
        """The pool's only connection that writes to SQLite, without the pool: nobody else has it during our turn, and
        to take it from there and give it back costs 0.2 ms."""
        async with self._turns:
            if self._thread is None or not self._thread.lives:
                async with self._writer.connect() as tx:
                    raw = await tx.get_raw_connection()
                    self._thread = cast(sqlite_thread.Thread, raw.driver_connection)
            yield self._thread

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """One read-only transaction; a statement that writes fails in it. Inside `together`, that one."""
        shared = self._shared.get()
        if shared is not None and shared.task is asyncio.current_task():
            yield shared.tx
            return
        async with self._reader.connect() as tx:
            yield tx  # begins with the first statement; nothing to commit

    @asynccontextmanager
    async def together(self) -> AsyncIterator[None]:
        """All that this task reads inside the block is read in one transaction, whichever rooms it asks: of one
        moment, and cheaper. Tasks that it starts have transactions of their own.
        """
        async with self.read() as tx:
            before = self._shared.set(_Shared(tx, asyncio.current_task()))
            try:
                yield
            finally:
                self._shared.reset(before)

    async def ping(self) -> None:
        """Ask the database for an answer; raises `Unavailable` where there is none."""
        try:
            async with self.read() as tx:
                await tx.execute(sa.select(1))
        except (sa.exc.SQLAlchemyError, OSError) as error:
            raise Unavailable("The database does not answer.") from error

    async def create_tables(self) -> None:
        """Create every table that was imported, without a migration: for tests."""
        async with self.begin() as tx:
            await tx.run_sync(metadata.create_all)

    async def run_sync(self, work: Callable[[sa.Connection], Any]) -> Any:
        """Run `work` on a plain connection inside one write transaction (Alembic wants it so)."""
        async with self.begin() as tx:
            return await tx.run_sync(work)

    async def close(self) -> None:
        """Close every connection."""
        if self.group is not None:
            await self.group.close()
        await self._writer.dispose()
        if self._reader.sync_engine.pool is not self._writer.sync_engine.pool:
            await self._reader.dispose()


def insert_for(tx: AsyncConnection, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
    """The dialect's own `insert`, which has `on_conflict_do_update` and `on_conflict_do_nothing`."""
    return insert_in(tx.dialect.name, table)


def insert_in(dialect: str, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
    """The same by the dialect's name, for statements that are made once."""
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)
