"""Call-backs in the database, safe on two servers: every change is a compare-and-set on the version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from msgspec.structs import asdict, replace

from core import audit
from core.database import Database
from core.forgetting import forget
from ivr_flows.callbacks.model import OPEN, Callback, State
from ivr_flows.callbacks.tables import callbacks as t

MOST_OPEN = 2000
"""How many open ones a dialer looks at in a round."""
PLACE = (-t.c.priority, t.c.since, t.c.id)
_NAMES = Callback.__struct_fields__


class CallbackStore:
    """Rows in, rows out."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def add(self, callback: Callback, actor: str) -> bool:
        """Keep a new one; False where its number, or who asks, has an open one already."""
        try:
            async with self._db.begin() as tx:
                await tx.execute(sa.insert(t), _row(callback))
                details = {"number": callback.number, "queue": callback.queue}
                subject = f"callback:{callback.id}"
                at = callback.requested_at
                await audit.record(tx, at, actor, "callback.request", subject, details)
        except sa.exc.IntegrityError:
            return False
        return True

    async def replace(
        self, before: Callback, after: Callback, at: float, actor: str = "system"
    ) -> Callback | None:
        """Write `after` over `before`; None, and nothing written, where somebody else was quicker: with this one, or
        with its agent."""
        kept = replace(after, version=before.version + 1)
        try:
            return kept if await self._write(before, kept, at, actor) else None
        except sa.exc.IntegrityError:
            return None

    async def _write(self, before: Callback, kept: Callback, at: float, actor: str) -> bool:
        query = sa.update(t).where(t.c.id == before.id, t.c.version == before.version).values(_row(kept))
        async with self._db.begin() as tx:
            if (await tx.execute(query)).rowcount != 1:
                return False
            if before.state is not kept.state:
                details = {"state": kept.state.value, "reason": kept.reason, "agent": kept.agent}
                await audit.record(
                    tx, at, actor, f"callback.{kept.state.value}", f"callback:{kept.id}", details
                )
        return True

    async def get(self, id: str) -> Callback | None:
        return await self._one(t.c.id == id)

    async def of_call(self, call_id: str) -> Callback | None:
        """The call-back whose last try was this call."""
        return await self._one(t.c.call_id == call_id)

    async def of_ticket(self, ticket: str) -> Callback | None:
        """The one in which the caller is, or was, asked about a ticket."""
        return await self._one(t.c.ticket == ticket)

    async def open(self, due: float | None = None) -> list[Callback]:
        """All that wait or are dialled, in the order of `rule.order`. Who is to be asked about a ticket comes last, for
        a crowd of them would keep callers off the list. With `due` (epoch seconds) only those of them whose time has
        come."""
        query = sa.select(t).where(t.c.state.in_([state.value for state in OPEN]))
        dialled, asks = t.c.state == State.DIALLING.value, t.c.ticket != ""
        if due is not None:
            query = query.where(sa.or_(sa.not_(asks), dialled, t.c.next_at <= due))
        first = sa.case((dialled, 0), (asks, 2), else_=1)
        return await self._many(query.order_by(first, *PLACE).limit(MOST_OPEN))

    async def ahead(self, callback: Callback) -> int:
        """How many open ones of its queue come before it."""
        query = sa.select(sa.func.count()).where(
            t.c.state.in_([state.value for state in OPEN]),
            t.c.pbx == callback.pbx,
            t.c.queue == callback.queue,
            sa.tuple_(*PLACE) < sa.tuple_(-callback.priority, callback.since, callback.id),
        )
        async with self._db.read() as tx:
            return int((await tx.execute(query)).scalar_one())

    async def page(self, open: bool | None, limit: int, after: str) -> list[Callback]:
        """The newest first, from the one after the id `after`."""
        query = sa.select(t).order_by(t.c.id.desc()).limit(limit)
        states = [state.value for state in OPEN]
        if open is not None:
            query = query.where(t.c.state.in_(states) if open else t.c.state.not_in(states))
        return await self._many(query.where(t.c.id < after) if after else query)

    async def forget(self, before: float) -> int:
        """Deletes those that were asked for before `before` (epoch seconds) and are closed; how many."""
        closed = t.c.state.not_in([state.value for state in OPEN])
        return await forget(self._db, t.c.id, t.c.requested_at, before, closed)

    async def _one(self, condition: sa.ColumnElement[bool]) -> Callback | None:
        found = await self._many(sa.select(t).where(condition).limit(1))
        return found[0] if found else None

    async def _many(self, query: sa.Select[Any]) -> list[Callback]:
        async with self._db.read() as tx:
            return [_callback(row) for row in (await tx.execute(query)).mappings()]


def _row(callback: Callback) -> dict[str, Any]:
    return {
        **asdict(callback),
        "state": callback.state.value,
        "open_number": f"{'?' if callback.ticket else ''}{callback.number}" if callback.open else None,
        "open_line": (callback.asked_by or None) if callback.open else None,
        "open_agent": (callback.agent or None) if callback.state is State.DIALLING else None,
    }


def _callback(row: Mapping[Any, Any]) -> Callback:
    values = {name: row[name] for name in _NAMES}
    return Callback(**{**values, "state": State(row["state"]), "picked_up": bool(row["picked_up"])})
