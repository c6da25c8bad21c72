"""Escalations with many live clocks: how late they come, and what looking for them costs.

    python -m bench.clocks --clocks 100000 --due 100 [--database postgresql]

Opens so many tickets with a running clock in a new database,
makes some of them due at once, and lets the timer run as a server runs it. Prints one JSON object: `lag_ms` from the
moment at which a step was due to its commit (median, 99th percentile, worst), `idle_tick_ms` for a round in which
nothing is due, and what 1,000 steps at once take.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from zoneinfo import ZoneInfo

import sqlalchemy as sa

import ticketing.tables  # noqa: F401  # brings its tables along
from core import audit, outbox  # noqa: F401  # and so do these
from core.bus import Bus
from core.database import Database
from core.migrate import upgrade
from tests.integration.test_tickets import Others
from tests.integration.ticket_crowd import crowd
from tests.postgres import cluster
from tests.real.parts import require
from ticketing.calendar_files import calendar_files, calendars_of, read_calendars
from ticketing.messages import TicketChanged
from ticketing.service import Tickets
from ticketing.tables import ticket_clocks
from ticketing.timer import Timer
from ticketing.workflow.load import load

DEFINITION = """\
name: praise
prefix: P
label: {en: Praise, zh: 表扬}
open: {event: receive, to: received, roles: [agent]}
states:
  received: {label: {en: Received, zh: 已受理}}
  thanked: {label: {en: Thanked, zh: 已致谢}, end: true}
events:
  receive: {label: {en: Receive, zh: 受理}}
  thank: {label: {en: Thank, zh: 致谢}}
table:
  - {from: received, event: thank, to: thanked, roles: [agent]}
clocks:
  thank:
    label: {en: Thank, zh: 致谢}
    target: 7d
    during: [received]
    escalations: [{at: 80%, effects: [tell_owner]}, {at: 100%, effects: [tell_head]}]
"""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--clocks", type=int, default=100_000)
    options.add_argument("--due", type=int, default=100, help="how many come due one after the other")
    options.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    given = options.parse_args()
    with ExitStack() as stack:
        if given.database == "sqlite":
            url = f"sqlite:///{stack.enter_context(tempfile.TemporaryDirectory())}/bench.db"
        else:
            postgres = stack.enter_context(cluster(require("postgresql")))
            url = postgres.url(postgres.create())
        asyncio.run(bench(url, given.clocks, given.due))


async def bench(url: str, clocks: int, due: int) -> None:
    db = Database(url)
    try:
        await upgrade(db)
        print(json.dumps(await measure(db, clocks, due), indent=1))
    finally:
        await db.close()


async def measure(db: Database, clocks: int, due: int) -> dict[str, object]:
    """The figures, in milliseconds where the name says so."""
    bus, start = Bus(), time.time()
    tickets = Tickets(db, bus, Others(), ZoneInfo("Asia/Shanghai"))
    calendars = Path(__file__).parent.parent / "config" / "calendars"
    tickets.reckoners = calendars_of(read_calendars(calendar_files(calendars)))
    await tickets.adopt({"praise": load(DEFINITION, "praise.yaml")}, start)
    await crowd(db, tickets, clocks, start)
    filled = time.time() - start
    timer = Timer(db, bus, tickets)
    idle = [await timed(timer.tick(time.time())) for _ in range(20)]
    lags = await lag(db, bus, timer, due)
    await make_due(db, 1000, time.time() - 1, 0.0)
    at_once = await timed(timer.tick(time.time()))
    return {
        "database": db.dialect,
        "live_clocks": clocks,
        "opened_per_second": round(clocks / filled),
        "idle_tick_ms": round(statistics.median(idle) * 1000, 2),
        "lag_ms": {
            "median": round(statistics.median(lags) * 1000),
            "p99": round(statistics.quantiles(lags, n=100)[98] * 1000),
            "worst": round(max(lags) * 1000),
        },
        "steps": len(lags),
        "thousand_at_once_ms": round(at_once * 1000),
    }


async def timed(work: object) -> float:
    begin = time.perf_counter()
    await work  # type: ignore[misc]
    return time.perf_counter() - begin


async def make_due(db: Database, count: int, at: float, apart: float) -> dict[str, float]:
    """Have so many clocks come due from `at` on; returns when each ticket's is."""
    async with db.begin() as tx:
        query = sa.select(ticket_clocks.c.ticket_id).where(ticket_clocks.c.next_step == "80%").limit(count)
        ids = list((await tx.execute(query)).scalars())
        moments = {id: at + apart * number for number, id in enumerate(ids)}
        change = sa.update(ticket_clocks).where(ticket_clocks.c.ticket_id == sa.bindparam("this"))
        rows = [{"this": id, "then": moment} for id, moment in moments.items()]
        await tx.execute(change.values(next_at=sa.bindparam("then")), rows)
    return moments


async def lag(db: Database, bus: Bus, timer: Timer, count: int) -> list[float]:
    """How late each of some steps came that were due 20 ms apart, the timer running as in a server."""
    late: list[float] = []
    done = asyncio.Event()
    moments = await make_due(db, count, time.time() + 1, 0.02)

    def heard(event: TicketChanged) -> None:
        if event.ticket.id in moments:
            late.append(time.time() - moments.pop(event.ticket.id))
        if not moments:
            done.set()

    bus.subscribe(TicketChanged, heard)
    running = asyncio.create_task(timer.run())
    try:
        async with asyncio.timeout(60):
            await done.wait()
    finally:
        running.cancel()
    return late


if __name__ == "__main__":
    main()
