"""The audit trail: who did what to what, append-only, in the transaction of the change itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from core import forgetting
from core.database import Database, metadata
from core.ids import new_id
from core.trips import Change, Insert

audit = sa.Table(
    "audit",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("at", sa.Double, nullable=False),
    sa.Column("actor", sa.String(64), nullable=False),
    sa.Column("action", sa.String(64), nullable=False),
    sa.Column("subject", sa.String(200), nullable=False),
    sa.Column("details", sa.JSON, nullable=False),
    sa.Index(None, "at"),
    sa.Index(None, "subject", "at"),
    sa.Index(None, "actor", "at"),
)


_INSERT = sa.insert(audit)
"""Built once: building a statement costs ten times as much as running it."""
_ADD = Insert(audit)


class Entry(msgspec.Struct, frozen=True):
    """One row of the trail; `at` is epoch seconds."""

    id: str
    at: float
    actor: str
    action: str
    subject: str
    details: dict[str, Any]


async def record(  # noqa: PLR0913, PLR0917 - the columns of a row, in the order of the table
    tx: AsyncConnection,
    at: float,
    actor: str,
    action: str,
    subject: str,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Write one row: `actor` a user's name or `system`, `action` like `ticket.open`, `subject` its
    object as `kind:name`: `ticket:C-20260131-0001`, `user:anna`, `customer:ID`, `call:ID`."""
    await tx.execute(_INSERT, _row(at, actor, action, subject, details))


def entry(
    at: float, actor: str, action: str, subject: str, details: Mapping[str, Any] | None = None
) -> Change:
    """The same row, to be written together with other changes."""
    return Change(_ADD, _row(at, actor, action, subject, details))


def _row(
    at: float, actor: str, action: str, subject: str, details: Mapping[str, Any] | None
) -> dict[str, Any]:
    return {
        "id": new_id(at),
        "at": at,
        "actor": actor[:64],
        "action": action,
        "subject": subject[:200],
        "details": dict(details or {}),
    }


class Wanted(msgspec.Struct, frozen=True):
    """Which rows: what is empty does not matter. Times are epoch seconds, `until` is not included."""

    actor: str = ""
    action: str = ""
    subject: str = ""
    since: float | None = None
    until: float | None = None


async def entries(
    tx: AsyncConnection, *, subject: str = "", actor: str = "", limit: int = 50, after: str = ""
) -> list[Entry]:
    """The newest rows first, of one subject or actor where given; `after` is the id of the last row seen."""
    return await _page(tx, Wanted(actor, "", subject), limit, after)


async def _page(tx: AsyncConnection, wanted: Wanted, limit: int, after: str) -> list[Entry]:
    query = sa.select(audit).order_by(audit.c.id.desc()).limit(limit)
    for name in ("actor", "action", "subject"):
        if value := getattr(wanted, name):
            query = query.where(audit.c[name] == value)
    if wanted.since is not None:
        query = query.where(audit.c.at >= wanted.since)
    if wanted.until is not None:
        query = query.where(audit.c.at < wanted.until)
    if after:
        query = query.where(audit.c.id < after)
    return [Entry(**row) for row in (await tx.execute(query)).mappings()]


class Trail:
    """The trail of an installation, for who may read it."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def page(self, wanted: Wanted, limit: int, after: str = "") -> list[Entry]:
        """The newest rows first; `after` is the id of the last row seen."""
        async with self._db.read() as tx:
            return await _page(tx, wanted, limit, after)


async def forget(db: Database, before: float) -> int:
    """Deletes rows from before `before` (epoch seconds); how many. What was deleted elsewhere is told by later rows."""
    return await forgetting.forget(db, audit.c.id, audit.c.at, before)
