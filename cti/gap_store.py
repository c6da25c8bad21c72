"""Gaps of the links in the database, written off the path: what could not be written is tried again."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa
import structlog

from core.database import Database, insert_in
from cti.gaps import Cause, Gap, Seen
from cti.tables import link_gaps, link_seen

log = structlog.get_logger(__name__)
SEEN_SECONDS = 30.0
"""How often it is written down until when each PBX was watched; after a crash of ours the gap is longer by that."""
RETRY_SECONDS = 5.0
UNSAVED = 1000
DATABASE_SECONDS = 10.0


class GapStore:
    """Gaps of all PBXs."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._unsaved: list[Gap] = []
        self._seen: dict[str, Seen] = {}
        self._news = asyncio.Event()
        self._writing = asyncio.Lock()

    async def last_seen(self) -> dict[str, Seen]:
        """Until when each PBX was watched by a server before this one, by its name."""
        async with self._db.read() as tx:
            rows = (await tx.execute(sa.select(link_seen))).all()
        return {row.pbx: Seen(row.pbx, row.startup, row.at) for row in rows}

    async def find(
        self, pbx: str = "", since: float = 0.0, until: float | None = None, limit: int = 100
    ) -> Sequence[Gap]:
        """Gaps that touch the interval, the newest first; of all PBXs where none is named."""
        query = sa.select(link_gaps).where(link_gaps.c.to_at > since)
        if until is not None:
            query = query.where(link_gaps.c.from_at < until)
        if pbx:
            query = query.where(link_gaps.c.pbx == pbx)
        query = query.order_by(link_gaps.c.from_at.desc(), link_gaps.c.pbx).limit(limit)
        async with self._db.read() as tx:
            rows = (await tx.execute(query)).all()
        return [Gap(row.pbx, row.from_at, row.to_at, Cause(row.cause)) for row in rows]

    def add(self, gap: Gap) -> None:
        """Has a gap that is over written soon; never waits."""
        self._unsaved.append(gap)
        del self._unsaved[:-UNSAVED]
        self._news.set()

    def seen(self, seen: Seen) -> None:
        """The PBX is watched, or was until then."""
        self._seen[seen.pbx] = seen

    async def run(self) -> None:
        """Writes until cancelled."""
        while True:
            seconds = SEEN_SECONDS if not self._unsaved else RETRY_SECONDS
            try:
                async with asyncio.timeout(seconds):
                    await self._news.wait()
            except TimeoutError:
                pass
            self._news.clear()
            await self.flush()

    async def flush(self) -> None:
        """Writes what waits, now; what fails stays for the next time."""
        async with self._writing:
            await self._flush()

    async def _flush(self) -> None:
        gaps, self._unsaved = self._unsaved, []
        seen, self._seen = self._seen, {}
        try:
            async with asyncio.timeout(DATABASE_SECONDS):
                await self._save(gaps, list(seen.values()))
        except BaseException as error:
            self._unsaved = [*gaps, *self._unsaved]
            self._seen = {**seen, **self._seen}
            if not isinstance(error, Exception):
                raise
            log.warning("gaps.unsaved", gaps=len(gaps), error=str(error)[:300])

    async def _save(self, gaps: Sequence[Gap], seen: Sequence[Seen]) -> None:
        if not gaps and not seen:
            return
        async with self._db.begin() as tx:
            if gaps:
                await tx.execute(_keeping(tx.dialect.name), [_row(gap) for gap in gaps])
            for one in seen:
                values = {"pbx": one.pbx, "startup": one.startup[:64], "at": one.at}
                await tx.execute(_seeing(tx.dialect.name), values)


def _row(gap: Gap) -> dict[str, Any]:
    return {"pbx": gap.pbx, "from_at": gap.from_at, "to_at": gap.to_at, "cause": gap.cause.value}


@cache
def _keeping(dialect: str) -> sa.Executable:
    """Written twice (the answer to the first time was lost) it is there once."""
    return insert_in(dialect, link_gaps).on_conflict_do_nothing()


@cache
def _seeing(dialect: str) -> sa.Executable:
    statement = insert_in(dialect, link_seen)
    changed = {name: statement.excluded[name] for name in ("startup", "at")}
    return statement.on_conflict_do_update(index_elements=["pbx"], set_=changed)
