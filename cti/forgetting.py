"""Deletes old calls with their segments; what is recorded of them goes by ages of its own (`cti.recordings`)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence

import sqlalchemy as sa

from core.database import Database
from core.forgetting import BATCH, PAUSE
from cti.tables import calls, recordings, segments

Needed = Callable[[Sequence[str]], Awaitable[Collection[str]]]
"""Which of these calls somebody else still needs."""
Going = Callable[[Sequence[str]], Awaitable[object]]
"""Who keeps something by a call's id deletes it first: so nothing is left over when we are cut off in between."""


async def forget_calls(db: Database, before: float, needed: Needed, going: Going) -> int:
    """Deletes calls that began before `before` (epoch seconds) and have ended; how many.

    A call stays as long as a recording of it is kept, for who spoke in it may listen, and as long as it is `needed`.
    """
    count, after = 0, (0.0, "")
    while batch := await _batch(db, before, after):
        held = await needed([id for _, id in batch])
        gone = [id for _, id in batch if id not in held]
        if gone:
            await going(gone)
            await _delete(db, gone)
        count, after = count + len(gone), batch[-1]
        await asyncio.sleep(PAUSE)
    return count


async def _batch(db: Database, before: float, after: tuple[float, str]) -> list[tuple[float, str]]:
    whole = calls.alias()
    is_part = sa.exists().where(
        whole.c.id == calls.c.joined
    )  # goes after what it is part of: its id is known till then
    recorded = sa.exists().where(recordings.c.call_id == calls.c.id, recordings.c.deleted_at.is_(None))
    place = sa.tuple_(calls.c.started_at, calls.c.id)
    query = (
        sa.select(calls.c.started_at, calls.c.id)
        .where(place > sa.tuple_(*after), calls.c.started_at < before, calls.c.ended_at.is_not(None))
        .where(~recorded, ~is_part)
        .order_by(calls.c.started_at, calls.c.id)
        .limit(BATCH)
    )
    async with db.read() as tx:
        return [(row.started_at, row.id) for row in await tx.execute(query)]


async def _delete(db: Database, ids: Sequence[str]) -> None:
    async with db.begin() as tx:
        await tx.execute(sa.delete(segments).where(segments.c.call_id.in_(ids)))
        await tx.execute(sa.delete(calls).where(calls.c.id.in_(ids)))
