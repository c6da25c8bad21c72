"""Which deadlines of open tickets a changed definition or calendar would move. Reads only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import sqlalchemy as sa

from core.database import Database
from ticketing.chain import FIRST, row_of
from ticketing.clock_store import followed, of_tickets
from ticketing.clocks import Reckoners
from ticketing.escalation import ClockRow, run_of, stored
from ticketing.library import Definition
from ticketing.messages import Ticket
from ticketing.service import Tickets
from ticketing.store_many import several
from ticketing.tables import ticket_clocks
from ticketing.takeover import came_along
from ticketing.workflow.model import Workflow

BATCH = 200
SAME_SECONDS = 1.0


class Moved(msgspec.Struct):
    """How many deadlines of one clock move. `overdue` of them would be past at once; `ended` clocks stop counting."""

    workflow: str
    clock: str
    earlier: int = 0
    later: int = 0
    overdue: int = 0
    ended: int = 0
    begun: int = 0


async def forecast(
    db: Database, service: Tickets, changed: Mapping[str, Definition], reckoners: Reckoners, now: float
) -> list[Moved]:
    """The clocks whose deadlines move once `changed` and these calendars are in force, by workflow and name."""
    moved: dict[tuple[str, str], Moved] = {}
    after = ""
    while ids := await _batch(db, after):
        after = ids[-1]
        async with db.read() as tx:
            found, clocks = await several(tx, ids), await of_tickets(tx, ids)
        for ticket in found.values():
            known = {name: row for name, row in clocks[ticket.id].items() if row.state != "stopped"}
            own = await service.definition_of(ticket)
            for name, due in _dues(ticket, own, changed.get(ticket.workflow), known, reckoners, now).items():
                one = moved.setdefault((ticket.workflow, name), Moved(ticket.workflow, name))
                _count(one, known.get(name), due, now)
    return [one for _, one in sorted(moved.items()) if one.earlier or one.later or one.ended or one.begun]


async def _batch(db: Database, after: str) -> Sequence[str]:
    c = ticket_clocks.c
    query = sa.select(c.ticket_id).where(c.state != "stopped", c.ticket_id > after).distinct()
    async with db.read() as tx:
        return list((await tx.execute(query.order_by(c.ticket_id).limit(BATCH))).scalars())


def _dues(  # noqa: PLR0913, PLR0917  # the ticket, its definitions, its clocks and what they are reckoned by
    ticket: Ticket,
    own: Workflow,
    definition: Definition | None,
    known: dict[str, ClockRow],
    reckoners: Reckoners,
    now: float,
) -> dict[str, ClockRow | None]:
    """The clocks as they would be; None for one that ends."""
    if definition is None or not _comes_along(ticket, definition):
        return {
            name: stored(ticket, name, own.clocks[name], run_of(row), row.fired, reckoners)
            for name, row in known.items()
            if name in own.clocks
        }
    outcome = came_along(ticket, definition, now)
    row = row_of(outcome, "system", now, FIRST)
    rows = followed(definition.workflow, outcome.ticket, row, known, reckoners)
    changed: dict[str, ClockRow | None] = {one.name: one for one in rows}
    gone = {name: None for name in known if name not in definition.workflow.clocks}
    return {**changed, **gone}


def _comes_along(ticket: Ticket, definition: Definition) -> bool:
    mapping = definition.workflow.map
    if mapping is None or ticket.workflow_version == definition.version or ticket.closed_at is not None:
        return False
    return mapping.get(ticket.state, ticket.state) in definition.workflow.states


def _count(one: Moved, before: ClockRow | None, after: ClockRow | None, now: float) -> None:
    if before is None:
        one.begun += after is not None and after.state != "stopped"
        return
    if after is None or after.state == "stopped":
        one.ended += 1
        return
    if before.due_at is None or after.due_at is None:
        return
    if abs(after.due_at - before.due_at) < SAME_SECONDS:
        return
    one.earlier += after.due_at < before.due_at
    one.later += after.due_at > before.due_at
    one.overdue += after.due_at < now <= before.due_at
