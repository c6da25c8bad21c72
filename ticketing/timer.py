"""Has things happen because time has passed: each step of a clock exactly once, whatever server comes to it.

A due row is claimed by locking it (PostgreSQL skips rows that another server has locked; SQLite has one writer), and
the step, the ticket, its history and the clock's next step are written in that one transaction. What a server that
dies has not committed is still due for the next one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from core import trips
from core.bus import Bus
from core.clock import Clock, SystemClock
from core.database import Database
from ticketing import digest
from ticketing.catch_up import catch_up
from ticketing.chain import row_of
from ticketing.clock_store import clock_row, followed, of_tickets, save
from ticketing.clocks import Reckoners
from ticketing.escalation import TIMER, ClockRow, escalate, with_fired
from ticketing.messages import HistoryRow, Ticket, TicketChanged, TicketNotice
from ticketing.notices import notice_of
from ticketing.service import Tickets
from ticketing.store_many import append_audits, append_histories, last_hashes, replace_locked, several
from ticketing.tables import escalations, ticket_clocks
from ticketing.tables import tickets as ticket_table
from ticketing.workflow.decide import Outcome

log = structlog.get_logger(__name__)

PAUSE_SECONDS = 0.5
SHORTEST_SECONDS = 0.05
BATCH = 100
MOST_PER_TICK = 1000
"""The storm brake: after so many steps a pause is made, so that people's own work comes in between."""


class Happened(msgspec.Struct, frozen=True):
    """A step that is to be written: the clock as it was claimed, what it does, its history row, the clocks after it."""

    claimed: ClockRow
    outcome: Outcome
    row: HistoryRow
    clocks: list[ClockRow]


class Timer:
    """`run()` is a task for an owner; `tick` is one round of it. `lag` is by how much the last step came late."""

    def __init__(
        self, db: Database, bus: Bus, tickets: Tickets, clock: Clock | None = None, most: int = MOST_PER_TICK
    ) -> None:
        self._db = db
        self._bus = bus
        self._tickets = tickets
        self._clock = clock or SystemClock()
        self._most = most
        self._caught_up: Reckoners | None = None
        self._next: float | None = None
        self.told: Callable[[], None] = lambda: None
        """Called when notices were put into the outbox."""
        self.fired = 0
        self.braked = 0
        self.failures = 0
        self.due = 0
        """Steps that the last round left for the next one, or for another server."""
        self.lag = 0.0

    async def run(self) -> None:
        """Look for what is due, twice a second or when it is, until cancelled; a round that fails is tried again."""
        while True:
            try:
                await self._catch_up()
                await self.tick(self._clock.now())
            except Exception:
                self.failures += 1
                log.exception("timer.round_failed")
            await asyncio.sleep(self._pause())

    def _pause(self) -> float:
        """Seconds until the next round: at the next step, as far as one is known, within bounds."""
        until = PAUSE_SECONDS if self._next is None else self._next - self._clock.now()
        return min(max(until, SHORTEST_SECONDS), PAUSE_SECONDS)

    async def _catch_up(self) -> None:
        """Reckon anew what was reckoned by other calendars, at the start and when they are changed."""
        reckoners = self._tickets.reckoners
        if reckoners is not self._caught_up:
            await catch_up(self._db, self._tickets)
            self._caught_up = reckoners

    async def tick(self, now: float) -> int:
        """Have happen what is due, as much as the brake allows, and tell who is to be told; returns the steps."""
        fired = 0
        while left := await self.is_due(now):
            if fired >= self._most:
                self.braked += 1
                log.warning("timer.braked", fired=fired)
                break
            done = await self._round(now, min(BATCH, self._most - fired))
            if done is None:  # another server is at it
                break
            fired += done
        self.fired += fired
        self.due = await self._count(now) if left else 0
        if await digest.tell(self._db, now):
            self.told()
        return fired

    async def is_due(self, now: float) -> bool:
        """Whether a step should have happened by now."""
        async with self._db.read() as tx:
            first = (await tx.execute(sa.select(sa.func.min(ticket_clocks.c.next_at)))).scalar_one()
        self._next = first
        return first is not None and first <= now

    async def _count(self, now: float) -> int:
        query = sa.select(sa.func.count()).where(ticket_clocks.c.next_at <= now)
        async with self._db.read() as tx:
            return int((await tx.execute(query)).scalar_one())

    async def _round(self, now: float, limit: int) -> int | None:
        """Claim some rows and have their steps happen; None where there were none to claim."""
        async with self._db.begin() as tx:
            claimed = await _claim(tx, now, limit)
            if not claimed:
                return None
            happened = await self._decide(tx, claimed, now)
            await _write(tx, happened, now)
            listened = self._tickets.listened([(one.outcome.ticket, one.row) for one in happened])
            await trips.insert_all(tx, listened)
        for one in happened:
            self.lag = now - (one.claimed.next_at or now)
            self._bus.publish(TicketChanged(one.outcome.ticket, one.outcome.event, TIMER.user))
        return len(happened)

    async def _decide(self, tx: AsyncConnection, claimed: Sequence[ClockRow], now: float) -> list[Happened]:
        ids = [row.ticket_id for row in claimed]
        tickets, hashes = await several(tx, ids), await last_hashes(tx, ids)
        clocks = await of_tickets(tx, ids)
        found, idle = [], []
        for row in claimed:
            ticket = tickets[row.ticket_id]
            workflow = await self._tickets.definition_of(ticket)
            due = {name: clock.due_at for name, clock in clocks[ticket.id].items()}
            outcome = escalate(workflow, ticket, row, now, due)
            if outcome is None:
                idle.append(msgspec.structs.replace(row, next_step=None, next_at=None))
                continue
            history = row_of(outcome, TIMER.user, now, hashes[ticket.id])
            known = {**clocks[ticket.id], row.name: with_fired(row)}
            after = followed(workflow, outcome.ticket, history, known, self._tickets.reckoners)
            found.append(Happened(row, outcome, history, after))
        await save(tx, idle)
        return found


async def _claim(tx: AsyncConnection, now: float, limit: int) -> list[ClockRow]:
    """Due rows, locked with their tickets; of each ticket one, since its steps come one after the other."""
    query = (
        sa.select(ticket_clocks)
        .join(ticket_table, ticket_table.c.id == ticket_clocks.c.ticket_id)
        .where(ticket_clocks.c.next_at <= now)
        .order_by(ticket_clocks.c.next_at)
        .limit(limit)
        .with_for_update(of=[ticket_clocks, ticket_table], skip_locked=True)
    )
    found: dict[str, ClockRow] = {}
    for row in (await tx.execute(query)).mappings():
        found.setdefault(row["ticket_id"], clock_row(row))
    return list(found.values())


async def _write(tx: AsyncConnection, happened: Sequence[Happened], now: float) -> None:
    """All rows of these steps, each table at once."""
    if not happened:
        return
    await replace_locked(tx, [one.outcome.ticket for one in happened])
    await append_histories(tx, [(one.outcome.ticket.id, one.row) for one in happened])
    await save(tx, [row for one in happened for row in one.clocks])
    await tx.execute(sa.insert(escalations), [_escalation(one.claimed, now) for one in happened])
    trail = [
        (
            "ticket.escalate",
            f"ticket:{one.outcome.ticket.number}",
            {"clock": one.claimed.name, "step": one.claimed.next_step, "version": one.row.version},
        )
        for one in happened
    ]
    await append_audits(tx, now, TIMER.user, trail)
    await digest.wait(tx, now, [notice for one in happened for notice in _notices(one)])


def _escalation(row: ClockRow, now: float) -> dict[str, Any]:
    key = {"ticket_id": row.ticket_id, "clock": row.name, "run": row.run, "step": row.next_step}
    return {**key, "due_at": row.next_at, "at": now}


def _notices(one: Happened) -> list[TicketNotice]:
    ticket: Ticket = one.outcome.ticket
    return [
        msgspec.structs.replace(
            notice_of(ticket, one.outcome.event, to), clock=one.claimed.name, step=one.claimed.next_step or ""
        )
        for to in one.outcome.notices
    ]
