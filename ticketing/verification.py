"""Every ticket's history against its chain, and every number against its counter: what was edited or taken out shows.

A whole chain that somebody wrote anew with right hashes does not show; that takes a copy kept elsewhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from itertools import groupby
from typing import Any

import msgspec
import sqlalchemy as sa

from core.database import Database
from ticketing.chain import Head, verify
from ticketing.messages import HistoryRow
from ticketing.tables import ticket_counters, ticket_history, tickets

BATCH = 500
"""Tickets per statement; each statement sees one moment, so that a change meanwhile is no false alarm."""
_COLUMNS = [ticket_history.c[name] for name in HistoryRow.__struct_fields__]


class Break(msgspec.Struct, frozen=True):
    """Where something is not as it was written. `row` is the history's seq, 0 for the ticket itself."""

    number: str
    row: int
    reason: str


class Findings(msgspec.Struct, frozen=True):
    tickets: int
    rows: int
    breaks: tuple[Break, ...]


async def verify_all(db: Database) -> Findings:
    """Go through all tickets. A million rows take about half a minute."""
    counters = await _counters(db)
    seen: Counter[str] = Counter()
    breaks: list[Break] = []
    count = rows = 0
    async for number, head, history in _histories(db):
        count, rows = count + 1, rows + len(history)
        seen[number.rpartition("-")[0]] += 1
        found = verify(head, history)
        if not found.ok:
            breaks.append(Break(number, found.broken_at or 0, found.reason))
    for kind, last in counters.items():
        if seen[kind] < last:
            breaks += [Break(number, 0, "the ticket is gone") for number in await _gone(db, kind, last)]
    return Findings(count, rows, tuple(breaks))


async def _counters(db: Database) -> dict[str, int]:
    """By prefix and day the last number given. Numbers have no gaps: a refused opening gives its number back."""
    async with db.read() as tx:
        found = await tx.execute(sa.select(ticket_counters))
        return {f"{row.prefix}-{row.day}": row.last for row in found}


async def _gone(db: Database, kind: str, last: int) -> list[str]:
    numbers = tickets.c.number
    async with db.read() as tx:
        there = set((await tx.execute(sa.select(numbers).where(numbers.startswith(f"{kind}-")))).scalars())
    return [number for n in range(1, last + 1) if (number := f"{kind}-{n:04d}") not in there]


async def _histories(db: Database) -> AsyncIterator[tuple[str, Head, list[HistoryRow]]]:
    after = ""
    while batch := await _batch(db, after):
        for (number, *head), rows in groupby(batch, key=lambda row: tuple(row[:4])):
            history = [HistoryRow(*row[4:]) for row in rows if row[4] is not None]
            after = head[0]
            yield number, Head(*head), history


async def _batch(db: Database, after: str) -> list[Any]:
    t = tickets.c
    some = sa.select(t.id).where(t.id > after).order_by(t.id).limit(BATCH).scalar_subquery()
    query = (
        sa.select(t.number, t.id, t.version, t.state, *_COLUMNS)
        .outerjoin_from(tickets, ticket_history, ticket_history.c.ticket_id == t.id)
        .where(t.id.in_(some))
        .order_by(t.id, ticket_history.c.seq)
    )
    async with db.read() as tx:
        return list((await tx.execute(query)).all())
