"""Deletes what is older than an installation wants to keep, in batches: who writes meanwhile waits for one."""

from __future__ import annotations

import asyncio

import sqlalchemy as sa

from core.database import Database

BATCH = 500
PAUSE = 0.02
"""Seconds between two batches. SQLite has one writer at a time, and it is the callers' turn."""


async def forget(
    db: Database, key: sa.Column[str], at: sa.Column[float], before: float, *also: sa.ColumnElement[bool]
) -> int:
    """Deletes the rows of a table that are older than `before` (epoch seconds) and fulfil `also`; how many."""
    old = sa.select(key).where(at < before, *also).order_by(at).limit(BATCH)
    statement = sa.delete(key.table).where(key.in_(old))
    count = 0
    while True:
        async with db.begin() as tx:
            gone = int((await tx.execute(statement)).rowcount)
        count += gone
        if gone < BATCH:
            return count
        await asyncio.sleep(PAUSE)
