"""Scores in the database, and the figures made of them.

count: scores that fit. average: their sum / count, None where there is none. satisfied: scores of 4 and 5 / count.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from msgspec.structs import asdict

from core import trips
from core.database import Database, insert_for
from core.forgetting import forget
from core.trips import Query
from ivr_flows.surveys.tables import surveys as t

LOWEST, HIGHEST, CONTENT = 1, 5, 4


class Score(msgspec.Struct, frozen=True):
    """One answer. `kind` is `call` or `ticket`, `about` that call's or ticket's id (a ticket's number for `ticket`);
    `call_id` is the call in which it was given."""

    id: str
    at: float
    kind: str
    about: str
    call_id: str
    score: int
    agent: str = ""
    queue: str = ""
    workflow: str = ""
    number: str = ""
    customer_id: str = ""


class Wanted(msgspec.Struct, frozen=True):
    """Which scores; what is empty does not matter. Times are epoch seconds, `until` is not included."""

    kind: str = ""
    agent: str = ""
    queue: str = ""
    workflow: str = ""
    since: float | None = None
    until: float | None = None


class Figure(msgspec.Struct, frozen=True):
    """`name` is the agent, queue or workflow, empty for the whole; `scores` counts 1 to 5 in order."""

    name: str
    count: int
    average: float | None
    satisfied: float | None
    scores: tuple[int, int, int, int, int]


_OF_CUSTOMER = Query(
    sa.select(t)
    .where(
        sa.or_(
            t.c.customer_id == sa.bindparam("customer"),
            sa.and_(
                sa.func.coalesce(t.c.customer_id, "") == "",  # so that the number finds them, not this
                t.c.number != "",
                t.c.number.in_(sa.bindparam("numbers", expanding=True)),
            ),
        ),
        t.c.at <= sa.bindparam("before"),
    )
    .order_by(t.c.at.desc(), t.c.id.desc())
    .limit(sa.bindparam("most", type_=sa.Integer))
)
"""Asked with every call of a customer: made once."""

PartsOf = Callable[[Collection[str]], Awaitable[Mapping[str, str]]]
"""Which calls turned out to be part of these, each with the one of these: scores may name a call by such an id."""


async def _no_parts(call_ids: Collection[str]) -> Mapping[str, str]:
    return {}


class Surveys:
    """All scores of an installation."""

    def __init__(self, db: Database, parts_of: PartsOf = _no_parts) -> None:
        self._db = db
        self._parts_of = parts_of

    async def save(self, score: Score) -> None:
        """Keep it; who answers twice in one call about the same thing, or about the same ticket in a later call, has
        changed their mind: the last answer is the one that counts."""
        async with self._db.begin() as tx:
            if score.kind == "ticket":
                earlier = (t.c.kind == score.kind, t.c.about == score.about, t.c.call_id != score.call_id)
                await tx.execute(sa.delete(t).where(*earlier))
            first = insert_for(tx, t).values(asdict(score))
            changed = {"score": score.score, "at": score.at}
            keys = ["kind", "about", "call_id"]
            await tx.execute(first.on_conflict_do_update(index_elements=keys, set_=changed))

    async def page(self, wanted: Wanted, limit: int, after: str) -> list[Score]:
        """The newest first, from the one after the id `after`."""
        query = sa.select(t).where(*_conditions(wanted)).order_by(t.c.id.desc()).limit(limit)
        return await self._read(query.where(t.c.id < after) if after else query)

    async def of_customer(
        self, customer_id: str, numbers: Sequence[str], before: float | None, limit: int
    ) -> list[Score]:
        """What a customer, or a caller from one of these numbers, has answered at or before that moment."""
        of = {"customer": customer_id, "numbers": list(numbers), "most": limit}
        async with self._db.read() as tx:
            found = await trips.named(
                tx, _OF_CUSTOMER, {**of, "before": math.inf if before is None else before}
            )
        return [Score(**row) for row in found]

    async def of_call(self, call_id: str) -> Score | None:
        """The last score that was given for a call."""
        ids = [call_id, *await self._parts_of([call_id])]
        about = (t.c.kind == "call", t.c.about.in_(ids))
        found = await self._read(sa.select(t).where(*about).order_by(t.c.at.desc()).limit(1))
        return found[0] if found else None

    async def of_calls(self, call_ids: Sequence[str]) -> dict[str, int]:
        """The last score that was given for each of these calls."""
        calls = {**await self._parts_of(call_ids), **{one: one for one in call_ids}} if call_ids else {}
        query = sa.select(t.c.about, t.c.score).where(t.c.kind == "call", t.c.about.in_(list(calls)))
        async with self._db.read() as tx:
            rows = await tx.execute(query.order_by(t.c.at))
            return {calls[about]: int(score) for about, score in rows}

    async def figures(self, wanted: Wanted, by: str = "") -> list[Figure]:
        """One figure, or one for each agent, queue or workflow (`by`), by name."""
        group = t.c[by] if by else sa.literal("")
        query = (
            sa.select(group.label("name"), t.c.score, sa.func.count().label("n"))
            .where(*_conditions(wanted))
            .group_by(group, t.c.score)
        )
        async with self._db.read() as tx:
            rows = (await tx.execute(query)).all()
        counts: dict[str, list[int]] = {} if by else {"": [0] * HIGHEST}
        for name, score, n in rows:
            counts.setdefault(name, [0] * HIGHEST)[score - LOWEST] += n
        return [figure(name, scores) for name, scores in sorted(counts.items())]

    async def forget(self, before: float) -> int:
        """Deletes scores that were given before `before` (epoch seconds); how many."""
        return await forget(self._db, t.c.id, t.c.at, before)

    async def _read(self, query: sa.Select[Any]) -> list[Score]:
        async with self._db.read() as tx:
            return [Score(**row) for row in (await tx.execute(query)).mappings()]


def figure(name: str, scores: Sequence[int]) -> Figure:
    """The figure of these counts of 1 to 5. Pure."""
    count = sum(scores)
    total = sum(n * value for value, n in enumerate(scores, LOWEST))
    one, two, three, four, five = scores
    if not count:
        return Figure(name, 0, None, None, (one, two, three, four, five))
    satisfied = sum(scores[CONTENT - LOWEST :]) / count
    return Figure(name, count, round(total / count, 4), round(satisfied, 4), (one, two, three, four, five))


def _conditions(wanted: Wanted) -> list[sa.ColumnElement[bool]]:
    names = ("kind", "agent", "queue", "workflow")
    found = [t.c[name] == value for name in names if (value := getattr(wanted, name))]
    if wanted.since is not None:
        found.append(t.c.at >= wanted.since)
    if wanted.until is not None:
        found.append(t.c.at < wanted.until)
    return found
