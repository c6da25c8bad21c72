"""Brings stored clocks up to date with what they are reckoned by: after an upgrade, or a change of a calendar.

What has counted and the steps that have happened are kept; only due times and next steps are reckoned anew.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from core.database import Database
from ticketing import store
from ticketing.clock_store import from_history, of_tickets, save
from ticketing.clocks import Reckoners
from ticketing.escalation import run_of, stored
from ticketing.messages import Ticket
from ticketing.service import Tickets
from ticketing.store_many import several
from ticketing.tables import ticket_clocks, tickets
from ticketing.workflow.model import Workflow

BATCH = 100


async def catch_up(db: Database, service: Tickets) -> int:
    """Reckon the clocks of open tickets anew that have none yet or go by another calendar; returns the tickets."""
    done, after = 0, ""
    while True:
        async with db.begin() as tx:
            ids = await _behind(tx, service.reckoners, after)
            for ticket in (await several(tx, ids)).values():
                workflow = await service.definition_of(ticket)
                await renew(tx, workflow, ticket, service.reckoners)
        if not ids:
            return done
        done, after = done + len(ids), ids[-1]


async def _behind(tx: AsyncConnection, reckoners: Reckoners, after: str) -> Sequence[str]:
    """Ids of tickets to look at, in their order, locked."""
    clocks, live = ticket_clocks.c, ticket_clocks.c.state.in_(("running", "paused"))
    of_ticket = clocks.ticket_id == tickets.c.id
    current = [sa.and_(clocks.calendar == name, clocks.basis == r.basis) for name, r in reckoners.items()]
    outdated = sa.exists().where(of_ticket, live, sa.not_(sa.or_(*current)), clocks.basis != "")
    none_yet = sa.and_(tickets.c.closed_at.is_(None), ~sa.exists().where(of_ticket))
    known_again = sa.exists().where(of_ticket, live, clocks.basis == "", clocks.calendar.in_(reckoners))
    query = (
        sa.select(tickets.c.id)
        .where(tickets.c.id > after, sa.or_(outdated, none_yet, known_again))
        .order_by(tickets.c.id)
        .limit(BATCH)
        .with_for_update()
    )
    return list((await tx.execute(query)).scalars())


async def renew(tx: AsyncConnection, workflow: Workflow, ticket: Ticket, reckoners: Reckoners) -> None:
    """Reckon a ticket's clocks anew: from what is stored of them, or from the history where nothing is."""
    known = (await of_tickets(tx, [ticket.id]))[ticket.id]
    if not known:
        history = await store.history(tx, ticket.id)
        await save(tx, from_history(workflow, ticket, history, known, reckoners))
        return
    rows = [
        stored(ticket, name, workflow.clocks[name], run_of(row), row.fired, reckoners)
        for name, row in known.items()
        if name in workflow.clocks and row.state != "stopped"
    ]
    await save(tx, rows)
