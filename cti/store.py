"""Calls, their segments, and the agents' duties in the database."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import cache
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from core import audit, trips
from core.cursors import cursor, place
from core.database import Database, insert_in
from core.errors import Invalid
from core.trips import Query
from cti import rows
from cti.duty import Duty
from cti.gap_store import GapStore
from cti.messages import Call, Direction, Outcome
from cti.tables import calls, duties, segments

Calls = list[Call]


class CallFilter(msgspec.Struct, frozen=True):
    """Which calls; None and empty ask for nothing. `agent`: who was offered or had it. Times are epoch seconds.

    `menu`: only calls that called nobody and whose caller left the phone menu so; `not_menu`: without those.
    """

    agent: str = ""
    queue: str = ""
    pbx: str = ""
    direction: Direction | None = None
    outcome: Outcome | None = None
    number_key: str = ""
    since: float | None = None
    until: float | None = None
    live: bool | None = None
    menu: tuple[str, ...] = ()
    not_menu: tuple[str, ...] = ()


MenuEnd = Callable[[sa.ColumnElement[str]], sa.ColumnElement[Any]]
"""From the id of a call to how its caller left the phone menu for the last time, as SQL: others keep that."""


def no_menu(call_id: sa.ColumnElement[str]) -> sa.ColumnElement[Any]:
    """For an installation without phone menus."""
    return sa.literal("")


def no_key(text: str, pbx: str) -> str:
    """The digits of a number as they are, for an installation without customers."""
    return "".join(c for c in text if c in "0123456789+")


_HOPS = 8
"""So often a call may have become part of another, which became part of a third."""

# Asked with every call that comes: made once.
_OF_NUMBERS = Query(
    sa.select(calls)
    .where(
        calls.c.number_key.in_(sa.bindparam("keys", expanding=True)),
        calls.c.started_at < sa.bindparam("before"),
        calls.c.joined == "",
    )
    .order_by(calls.c.started_at.desc(), calls.c.id.desc())
    .limit(sa.bindparam("most", type_=sa.Integer))
)
_PARTS = sa.select(calls.c.id, calls.c.joined).where(
    calls.c.joined.in_(sa.bindparam("ids", expanding=True)), calls.c.joined != ""
)
_WHOLES = sa.select(calls.c.id, calls.c.joined).where(
    calls.c.id.in_(sa.bindparam("ids", expanding=True)), calls.c.joined != ""
)
_WITH_NUMBERS = Query(
    sa.select(calls.c.id).where(
        calls.c.id.in_(sa.bindparam("ids", expanding=True)),
        calls.c.number_key.in_(sa.bindparam("keys", expanding=True)),
        calls.c.joined == "",
    )
)
_SEGMENTS = Query(
    sa.select(segments)
    .where(segments.c.call_id.in_(sa.bindparam("ids", expanding=True)))
    .order_by(segments.c.position)
)


class CallStore:
    """What is known of calls for good. `number_key` gives a number the form that customers are found by."""

    def __init__(
        self, db: Database, number_key: rows.NumberKey = no_key, menu_end: MenuEnd = no_menu
    ) -> None:
        self._db = db
        self._key = number_key
        self._menu_end = menu_end
        self.gaps = GapStore(db)

    async def save(self, call: Call) -> None:
        """Writes the call and its segments as they are now, in one transaction."""
        await self.save_many([call])

    async def save_many(self, many: Sequence[Call]) -> None:
        """The same for several, all or none."""
        if not many:
            return
        latest = {call.id: call for call in many}
        segment_rows = [row for call in latest.values() for row in rows.segment_rows(call)]
        async with self._db.begin() as tx:
            await _upsert(tx, calls, [rows.call_row(call, self._key) for call in latest.values()])
            await _upsert(tx, segments, segment_rows)

    async def get(self, call_id: str) -> Call | None:
        """The call of that id, or the one that it turned out to be part of."""
        async with self._db.read() as tx:
            for _ in range(_HOPS):
                found = await _select(tx, sa.select(calls).where(calls.c.id == call_id))
                if not found or not found[0].joined:
                    return found[0] if found else None
                call_id = found[0].joined
        return None

    async def of_ids(self, call_ids: Collection[str]) -> dict[str, Call]:
        """The same as `get` for several, by the id that was asked for; those that are not there are left out."""
        wholes = await self.wholes_of(call_ids) if call_ids else {}
        if not wholes:
            return {}
        query = sa.select(calls).where(calls.c.id.in_(sorted(set(wholes.values()))))
        async with self._db.read() as tx:
            found = {call.id: call for call in await _select(tx, query)}
        return {id: found[whole] for id, whole in wholes.items() if whole in found}

    async def wholes_of(self, call_ids: Collection[str]) -> dict[str, str]:
        """For each of these ids, the one of the call that it is, or turned out to be part of."""
        found = {id: id for id in call_ids}
        async with self._db.read() as tx:
            for _ in range(_HOPS):
                rows_ = await tx.execute(_WHOLES, {"ids": sorted(set(found.values()))})
                above = {row.id: row.joined for row in rows_}
                if not above:
                    break
                found = {id: above.get(now, now) for id, now in found.items()}
        return found

    async def parts_of(self, call_ids: Collection[str]) -> dict[str, str]:
        """Calls that turned out to be part of these: by the id that each had, the one of these that it is part of."""
        found: dict[str, str] = {}
        below = {id: id for id in call_ids}
        async with self._db.read() as tx:
            for _ in range(_HOPS):
                if not below:
                    break
                rows_ = await tx.execute(_PARTS, {"ids": sorted(below)})
                below = {row.id: below[row.joined] for row in rows_ if row.id not in found}
                found |= below
        return found

    async def live(self, pbx: str) -> dict[str, Call]:
        """Calls of the PBX that had not ended when they were written, by id."""
        query = sa.select(calls).where(calls.c.pbx == pbx, calls.c.ended_at.is_(None))
        async with self._db.read() as tx:
            return {call.id: call for call in await _select(tx, query)}

    async def joined_since(self, at: float) -> Sequence[tuple[str, str]]:
        """Calls begun since then that turned out to be part of another: their ids, and that one's."""
        query = sa.select(calls.c.id, calls.c.joined).where(calls.c.started_at >= at, calls.c.joined != "")
        async with self._db.read() as tx:
            return [(row.id, row.joined) for row in await tx.execute(query.order_by(calls.c.started_at))]

    async def list(self, wanted: CallFilter, limit: int, after: str = "") -> Calls:
        """The newest first, at most `limit`; `after` is the cursor of the last call seen (see `cursor_of`)."""
        query = sa.select(calls).where(*_conditions(wanted), *self._of_menu(wanted))
        if after:
            at, call_id = _position(after)
            query = query.where(sa.tuple_(calls.c.started_at, calls.c.id) < sa.tuple_(at, call_id))
        query = query.order_by(calls.c.started_at.desc(), calls.c.id.desc()).limit(limit)
        async with self._db.read() as tx:
            return await _select(tx, query)

    def _of_menu(self, wanted: CallFilter) -> Sequence[sa.ColumnElement[bool]]:
        """As `Call.called_nobody` has it, and how it ended in the menu."""
        nobody = sa.and_(
            calls.c.outcome == Outcome.ABANDONED.value, sa.func.coalesce(calls.c.queue, "") == ""
        )
        left = sa.func.coalesce(self._menu_end(calls.c.id), "")
        found: list[sa.ColumnElement[bool]] = [sa.and_(nobody, left.in_(wanted.menu))] if wanted.menu else []
        if wanted.not_menu:
            found.append(sa.or_(sa.not_(nobody), left.not_in(wanted.not_menu)))
        return found

    async def of_numbers(self, keys: Iterable[str], before: float | None, limit: int) -> Calls:
        """Calls from or to these numbers (as `number_key` has them), begun before `before`, the newest first."""
        wanted = sorted({key for key in keys if key})
        if not wanted:
            return []
        of = {"keys": wanted, "before": math.inf if before is None else before, "most": limit}
        async with self._db.read() as tx:
            return await _with_segments(tx, await trips.named(tx, _OF_NUMBERS, of))

    async def with_numbers(self, call_ids: Collection[str], keys: Iterable[str]) -> set[str]:
        """Those of these calls that were from or to one of these numbers."""
        of = {"ids": sorted(call_ids), "keys": sorted(keys)}
        if not of["ids"] or not of["keys"]:
            return set()
        async with self._db.read() as tx:
            return {id for (id,) in await trips.read(tx, _WITH_NUMBERS, of)}

    async def save_duty(self, duty: Duty, at: float, actor: str, action: str) -> None:
        """Writes the duty, and who changed it, in one transaction."""
        async with self._db.begin() as tx:
            await _upsert(tx, duties, [rows.duty_row(duty)], key="user")
            details: dict[str, Any] = {
                "queues": list(duty.queues),
                "paused": duty.paused,
                "reason": duty.reason,
            }
            await audit.record(tx, at, actor, action, f"user:{duty.user}", details)

    async def record(self, at: float, actor: str, action: str, subject: str, details: dict[str, Any]) -> None:
        """Writes down a command that leaves its result on the PBX: dial, hang up, transfer."""
        async with self._db.begin() as tx:
            await audit.record(tx, at, actor, action, subject, details)

    async def duties(self) -> dict[str, Duty]:
        async with self._db.read() as tx:
            found = (await tx.execute(sa.select(duties))).mappings().all()
        return {row["user"]: rows.duty_of(row) for row in found}


def cursor_of(call: Call) -> str:
    """Where a list goes on after this call."""
    return cursor(call.started_at, call.id)


def _position(after: str) -> tuple[float, str]:
    found = place(after)
    if found is None:
        raise Invalid("This is not the `next` of a list of calls.", field="after")
    return found


def _conditions(wanted: CallFilter) -> list[sa.ColumnElement[bool]]:
    found = [
        column == value
        for column, value in (
            (calls.c.queue, wanted.queue),
            (calls.c.pbx, wanted.pbx),
            (calls.c.direction, wanted.direction and wanted.direction.value),
            (calls.c.outcome, wanted.outcome and wanted.outcome.value),
            (calls.c.number_key, wanted.number_key),
        )
        if value
    ]
    found.append(calls.c.joined == "")
    if wanted.agent:
        had = sa.exists().where(segments.c.call_id == calls.c.id, segments.c.agent == wanted.agent)
        found.append(had)
    if wanted.since is not None:
        found.append(calls.c.started_at >= wanted.since)
    if wanted.until is not None:
        found.append(calls.c.started_at < wanted.until)
    if wanted.live is not None:
        found.append(calls.c.ended_at.is_(None) if wanted.live else calls.c.ended_at.is_not(None))
    return found


async def _select(tx: AsyncConnection, query: sa.Select[Any]) -> Calls:
    """The calls of a query with their segments: two statements, however many calls."""
    return await _with_segments(tx, (await tx.execute(query)).mappings().all())


async def _with_segments(tx: AsyncConnection, found: Sequence[rows.Row]) -> Calls:
    if not found:
        return []
    return rows.calls_of(found, await trips.named(tx, _SEGMENTS, {"ids": [row["id"] for row in found]}))


async def _upsert(
    tx: AsyncConnection, table: sa.Table, values: Sequence[dict[str, Any]], key: str = "id"
) -> None:
    """Inserts the rows, or brings those that are there up to date."""
    if values:
        await tx.execute(_upserting(tx.dialect.name, table, tuple(values[0]), key), list(values))


@cache
def _upserting(dialect: str, table: sa.Table, columns: tuple[str, ...], key: str) -> sa.Executable:
    """The statement, made once: to make it takes longer than to run it."""
    statement = insert_in(dialect, table)
    changed = {name: statement.excluded[name] for name in columns if name != key}
    return statement.on_conflict_do_update(index_elements=[key], set_=changed)
