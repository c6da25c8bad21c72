"""The index of recordings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from core import forgetting
from core.database import Database, insert_for
from cti.recordings.model import Kind, Recording
from cti.tables import recordings as t


class Wanted(msgspec.Struct, frozen=True):
    """Which recordings: empty fields ask for nothing in particular."""

    call_ids: tuple[str, ...] | None = None
    ticket_id: str = ""
    kind: Kind | None = None


async def insert(tx: AsyncConnection, recording: Recording) -> bool:
    """Add it; False where its file has a row already."""
    row = {**msgspec.structs.asdict(recording), "kind": recording.kind.value}
    insert = insert_for(tx, t).values(row).on_conflict_do_nothing(index_elements=["file"])
    # PostgreSQL's driver counts no rows of such a statement.
    return await tx.scalar(insert.returning(t.c.id)) is not None


async def get(tx: AsyncConnection, id: str) -> Recording | None:
    """The recording."""
    row = (await tx.execute(sa.select(t).where(t.c.id == id))).mappings().one_or_none()
    return None if row is None else _recording(row)


async def find(tx: AsyncConnection, wanted: Wanted, limit: int, after: str = "") -> list[Recording]:
    """The newest first; `after` is the id of the last one seen (ids sort by the time of their making)."""
    query = sa.select(t).order_by(t.c.id.desc()).limit(limit)
    if wanted.call_ids is not None:
        query = query.where(t.c.call_id.in_(wanted.call_ids))
    if wanted.ticket_id:
        query = query.where(t.c.ticket_id == wanted.ticket_id)
    if wanted.kind is not None:
        query = query.where(t.c.kind == wanted.kind.value)
    if after:
        query = query.where(t.c.id < after)
    return [_recording(row) for row in (await tx.execute(query)).mappings()]


async def files(tx: AsyncConnection) -> set[str]:
    """Every file that is kept, by the index."""
    return set((await tx.scalars(sa.select(t.c.file).where(t.c.deleted_at.is_(None)))).all())


async def older(tx: AsyncConnection, kind: Kind, before: float, after: str, limit: int) -> list[Recording]:
    """Those that are still kept from before then, by id."""
    query = (
        sa.select(t)
        .where(t.c.kind == kind.value, t.c.deleted_at.is_(None), t.c.started_at < before, t.c.id > after)
        .order_by(t.c.id)
        .limit(limit)
    )
    return [_recording(row) for row in (await tx.execute(query)).mappings()]


async def attach(tx: AsyncConnection, id: str, ticket_id: str) -> bool:
    """Say which ticket a caller's words belong to; the first one it was said of."""
    own = sa.and_(t.c.id == id, t.c.kind == Kind.WORDS.value, t.c.ticket_id == "")
    return bool((await tx.execute(sa.update(t).where(own).values(ticket_id=ticket_id))).rowcount)


async def move(tx: AsyncConnection, gone: str, call_id: str) -> None:
    """What was recorded of a call is the other one's."""
    await tx.execute(sa.update(t).where(t.c.call_id == gone).values(call_id=call_id))


async def mark_deleted(tx: AsyncConnection, ids: Iterable[str], at: float) -> None:
    """Their files are gone; the rows stay, so that a page can say so."""
    await tx.execute(sa.update(t).where(t.c.id.in_(list(ids))).values(deleted_at=at))


async def forget(db: Database, before: float) -> int:
    """Deletes the rows of recordings from before `before` (epoch seconds) whose files are deleted; how many."""
    return await forgetting.forget(db, t.c.id, t.c.started_at, before, t.c.deleted_at.is_not(None))


def _recording(row: Mapping[Any, Any]) -> Recording:
    return Recording(**{**row, "kind": Kind(row["kind"])})
