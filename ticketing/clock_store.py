"""Clocks in the database: written with the event that moved them, in its transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from core.trips import Change, Insert
from ticketing.clocks import Reading, Reckoners, advance, read, runs_of
from ticketing.escalation import ClockRow, fired_of, run_of, stored
from ticketing.messages import HistoryRow, Ticket
from ticketing.tables import ticket_clocks
from ticketing.workflow.model import Workflow

COLUMNS = ClockRow.__struct_fields__
_KEY = ("ticket_id", "name")
_SAVE = Insert(ticket_clocks, key=_KEY)
_OF_TICKETS = sa.select(ticket_clocks).where(
    ticket_clocks.c.ticket_id.in_(sa.bindparam("these", expanding=True))
)


def clock_row(row: Any) -> ClockRow:
    """A row of the database, typed."""
    return ClockRow(**{name: row[name] for name in COLUMNS})


async def of_tickets(tx: AsyncConnection, ids: Iterable[str]) -> dict[str, dict[str, ClockRow]]:
    """The clocks of these tickets that have begun, by ticket and name."""
    found: dict[str, dict[str, ClockRow]] = {id: {} for id in ids}
    for row in (await tx.execute(_OF_TICKETS, {"these": list(found)})).mappings():
        found[row["ticket_id"]][row["name"]] = clock_row(row)
    return found


def saved(rows: Iterable[ClockRow]) -> list[Change]:
    """These rows over the ones that there are, to be written together with other changes."""
    return [Change(_SAVE, msgspec.structs.asdict(row)) for row in rows]


async def save(tx: AsyncConnection, rows: Sequence[ClockRow]) -> None:
    """Write these rows over the ones that there are."""
    if not rows:
        return
    await tx.execute(_upsert(tx.dialect.name), [msgspec.structs.asdict(row) for row in rows])


@cache
def _upsert(dialect: str) -> sqlite.Insert | postgresql.Insert:
    """Built once for each kind of database: building it costs ten times as much as running it."""
    insert = sqlite.insert(ticket_clocks) if dialect == "sqlite" else postgresql.insert(ticket_clocks)
    changed = {name: insert.excluded[name] for name in COLUMNS if name not in _KEY}
    return insert.on_conflict_do_update(index_elements=list(_KEY), set_=changed)


def followed(
    workflow: Workflow,
    ticket: Ticket,
    row: HistoryRow,
    known: dict[str, ClockRow],
    reckoners: Reckoners,
) -> list[ClockRow]:
    """The clocks that an event changes, as they are after it."""
    changed = []
    for name, clock in workflow.clocks.items():
        before = known.get(name)
        run = advance(workflow, clock, run_of(before) if before else None, row, ticket)
        if run is None:
            continue
        if before is not None and before.run == run.number and not run.live and before.state == "stopped":
            continue
        after = stored(ticket, name, clock, run, fired_of(before, run), reckoners)
        if after != before:
            changed.append(after)
    return changed


def from_history(
    workflow: Workflow,
    ticket: Ticket,
    history: Sequence[HistoryRow],
    known: dict[str, ClockRow],
    reckoners: Reckoners,
) -> list[ClockRow]:
    """All clocks of a ticket read anew from its history, the steps that they have had kept."""
    return [
        stored(ticket, name, workflow.clocks[name], run, fired_of(known.get(name), run), reckoners)
        for name, run in runs_of(workflow, ticket, history).items()
    ]


def readings_of(
    workflow: Workflow, ticket: Ticket, known: dict[str, ClockRow], now: float, reckoners: Reckoners
) -> list[Reading]:
    """Every clock of the definition, read from what is stored."""
    return [
        read(ticket, name, clock, run_of(known[name]) if name in known else None, now, reckoners)
        for name, clock in workflow.clocks.items()
    ]
