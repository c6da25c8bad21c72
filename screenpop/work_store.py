"""Agents' work on calls in the database."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import msgspec
import sqlalchemy as sa

from core.database import Database, insert_in
from screenpop.tables import call_work
from screenpop.work import Work

Works = dict[str, Work]
"""Of one call, by user."""
DRAFT_DAYS = 3
COLUMNS = tuple(str(column.name) for column in call_work.columns)


class WorkStore:
    """Writes and reads `call_work`. Notes stay with their call; drafts that nobody sent go after some days."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def save(self, work: Work) -> None:
        """Writes the work unless a later version is there already."""
        async with self._db.begin() as tx:
            await tx.execute(_upsert(tx.dialect.name), [msgspec.structs.asdict(work)])

    async def of_call(self, call_id: str) -> Works:
        async with self._db.read() as tx:
            found = await tx.execute(sa.select(call_work).where(call_work.c.call_id == call_id))
            return {row["user"]: _work(row) for row in found.mappings()}

    async def since(self, at: float) -> list[Work]:
        """All that was written since `at` (epoch s)."""
        async with self._db.read() as tx:
            found = await tx.execute(sa.select(call_work).where(call_work.c.updated_at >= at))
            return [_work(row) for row in found.mappings()]

    async def forget(self, call_ids: Sequence[str]) -> None:
        """Deletes all that was written in these calls."""
        async with self._db.begin() as tx:
            await tx.execute(sa.delete(call_work).where(call_work.c.call_id.in_(call_ids)))

    async def forget_drafts(self, before: float) -> int:
        """Empties drafts that were last touched before `before`; returns how many."""
        old = (call_work.c.draft_at < before, call_work.c.draft_at.is_not(None))
        async with self._db.begin() as tx:
            done = await tx.execute(
                sa.update(call_work).where(*old).values(draft={}, draft_at=None, origin="")
            )
            return int(done.rowcount)


def _work(row: sa.RowMapping) -> Work:
    return msgspec.convert({name: row[name] for name in COLUMNS}, Work)


@cache
def _upsert(dialect: str) -> sa.Executable:
    statement = insert_in(dialect, call_work)
    changed = {name: statement.excluded[name] for name in COLUMNS if name not in ("call_id", "user")}
    return statement.on_conflict_do_update(
        index_elements=["call_id", "user"],
        set_=changed,
        where=call_work.c.version < statement.excluded.version,
    )
