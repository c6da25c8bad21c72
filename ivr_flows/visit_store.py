"""Visits in the database."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import RowMapping

from core import trips
from core.database import Database, insert_in
from core.forgetting import forget
from core.trips import Query
from ivr_flows.figures import Which, counted
from ivr_flows.messages import Ended, Language, Visit
from ivr_flows.tables import visits

PAGE = 200
"""Visits read in one go: making them of rows, and counting them, holds the loop for some 8 ms."""
_CUT = {"call_id": 80, "pbx": 40, "number": 256, "node": 140, "account": 64, "detail": 256, "customer_id": 40}


_OF_CUSTOMER = Query(
    sa.select(visits)
    .where(visits.c.customer_id == sa.bindparam("customer"), visits.c.started_at <= sa.bindparam("before"))
    .order_by(visits.c.started_at.desc())
    .limit(sa.bindparam("most", type_=sa.Integer))
)
_OF_CALLS = Query(
    sa.select(visits)
    .where(visits.c.call_id.in_(sa.bindparam("ids", expanding=True)))
    .order_by(visits.c.started_at)
)
"""Asked with every call of a customer: made once."""


def last_ended(call_id: sa.ColumnElement[str]) -> sa.ColumnElement[str | None]:
    """How the last visit of a call ended, as SQL, for lists of calls. NULL where there is none, or it goes on."""
    own = sa.select(visits.c.ended).where(visits.c.call_id == call_id)
    return own.order_by(visits.c.started_at.desc()).limit(1).scalar_subquery()


class VisitStore:
    """What callers did in phone menus, until it is forgotten by age."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def save_many(self, many: Sequence[Visit]) -> None:
        """Write the visits as they are now, all or none."""
        if not many:
            return
        async with self._db.begin() as tx:
            await tx.execute(_upserting(tx.dialect.name), [row_of(visit) for visit in many])

    async def of_calls(self, call_ids: Iterable[str]) -> dict[str, tuple[Visit, ...]]:
        """By call, its visits in order."""
        wanted = sorted(set(call_ids))
        if not wanted:
            return {}
        async with self._db.read() as tx:
            rows = await trips.named(tx, _OF_CALLS, {"ids": wanted})
        found: dict[str, tuple[Visit, ...]] = {}
        for visit in map(visit_of, rows):
            found[visit.call_id] = (*found.get(visit.call_id, ()), visit)
        return found

    async def of_customer(self, customer_id: str, before: float | None, limit: int) -> list[Visit]:
        """A customer's visits at or before a time, the newest first."""
        of = {"customer": customer_id, "before": math.inf if before is None else before, "most": limit}
        async with self._db.read() as tx:
            return [visit_of(row) for row in await trips.named(tx, _OF_CUSTOMER, of)]

    async def since(self, at: float, limit: int, pbxs: Collection[str] = ()) -> list[Visit]:
        """The newest visits begun since then, in the order of their beginning; of these PBXs, or of all."""
        query = sa.select(visits).where(visits.c.started_at >= at, _of(pbxs))
        return (await self._read(query.order_by(visits.c.started_at.desc()).limit(limit)))[::-1]

    async def unended(self, pbxs: Collection[str], before: float) -> list[Visit]:
        """Visits that had not ended when they were written: of these PBXs, and from before `before` of any."""
        old = visits.c.started_at < before
        return await self._read(sa.select(visits).where(visits.c.ended.is_(None), sa.or_(_of(pbxs), old)))

    async def break_off(self, many: Sequence[Visit]) -> None:
        """Write how these ended, each unless somebody else has done so meanwhile."""
        if not many:
            return
        statement = sa.update(visits).where(visits.c.id == sa.bindparam("visit"), visits.c.ended.is_(None))
        names = ("ended", "ended_at", "detail")
        rows = [{"visit": one.id, **{name: row_of(one)[name] for name in names}} for one in many]
        async with self._db.begin() as tx:
            await tx.execute(statement.values({name: sa.bindparam(name) for name in names}), rows)

    async def ended_between(
        self, since: float, until: float, after: tuple[float, str] | None = None
    ) -> AsyncIterator[list[Visit]]:
        """Ended visits that began in [since, until), in order, a page at a time; `after` is `place` of the last one
        that was seen."""
        seen = after or (since, "")
        while True:
            query = sa.select(visits).where(
                sa.tuple_(visits.c.started_at, visits.c.id) > sa.tuple_(*seen),
                visits.c.started_at >= since,
                visits.c.started_at < until,
                visits.c.ended.is_not(None),
            )
            found = await self._read(query.order_by(visits.c.started_at, visits.c.id).limit(PAGE))
            yield found
            if len(found) < PAGE:
                return
            seen = place(found[-1])

    async def counted(
        self, span: tuple[float, float], which: Which, limit: int, after: tuple[float, str] | None = None
    ) -> list[Visit]:
        """Those of them that a figure counts, `limit` at most."""
        found: list[Visit] = []
        async for some in self.ended_between(*span, after):
            found += [visit for visit in some if counted(visit, which)]
            if len(found) >= limit:
                break
        return found[:limit]

    async def forget(self, before: float) -> int:
        """Deletes visits that began before `before` (epoch seconds) and have ended; how many."""
        return await forget(self._db, visits.c.id, visits.c.started_at, before, visits.c.ended.is_not(None))

    async def _read(self, query: sa.Select[Any]) -> list[Visit]:
        async with self._db.read() as tx:
            return [visit_of(row) for row in (await tx.execute(query)).mappings()]


def _of(pbxs: Collection[str]) -> sa.ColumnElement[bool]:
    """Of one of these; an empty collection asks for nothing in particular."""
    return visits.c.pbx.in_(sorted(pbxs)) if pbxs else sa.true()


def place(visit: Visit) -> tuple[float, str]:
    """Where a visit stands in the order of their beginning."""
    return visit.started_at, visit.id


def row_of(visit: Visit) -> dict[str, Any]:
    """The visit as a row; texts from outside are cut to what the columns hold."""
    row: dict[str, Any] = {
        column.name: getattr(visit, column.name) for column in visits.columns if column.name != "ended"
    }
    row |= {name: row[name][:size] for name, size in _CUT.items()}
    row |= {"path": list(visit.path), "entered": list(visit.entered), "recordings": list(visit.recordings)}
    row |= {"language": visit.language.value, "ended": visit.ended.value if visit.ended else None}
    return row


def visit_of(row: Mapping[str, Any] | RowMapping) -> Visit:
    values = dict(row)
    values |= {name: tuple(values[name]) for name in ("path", "entered", "recordings")}
    values |= {"language": Language(row["language"]), "ended": Ended(row["ended"]) if row["ended"] else None}
    return Visit(**values)


@cache
def _upserting(dialect: str) -> sa.Executable:
    """The statement, made once: to make it takes longer than to run it."""
    statement = insert_in(dialect, visits)
    changed = {
        column.name: statement.excluded[column.name] for column in visits.columns if column.name != "id"
    }
    return statement.on_conflict_do_update(index_elements=["id"], set_=changed)
