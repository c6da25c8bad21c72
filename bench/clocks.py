"""Escalations with many live clocks: how late they come, and what looking for them costs.

Opens so many tickets with a running clock in a new database of each kind, makes some of them due one after the other,
and lets the timer run as a server runs it. The lag is from the moment at which a step was due to its commit.
Run: python -m bench.clocks [CLOCKS [DUE [DATABASE]]]
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import sqlalchemy as sa

import ticketing.tables  # noqa: F401  # brings its tables along
from bench.figures import ms, percentile, table
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


DATABASES = ("sqlite", "postgresql")


class Measured(msgspec.Struct, frozen=True):
    """Seconds: of each step from the moment at which it was due to its commit, of a round in which nothing is due,
    and of a thousand steps at once."""

    lags: list[float]
    idle: float
    thousand: float


def main(clocks: int = 100_000, due: int = 100, databases: Sequence[str] = DATABASES) -> None:
    print(f"clocks: {clocks} live ones, {due} of them due 20 ms apart")
    rows = [["database", "lag p50", "p95", "worst", "idle round", "1000 at once"]]
    for database in databases:
        with address(database) as url:
            one = asyncio.run(bench(url, clocks, due))
        lags = [percentile(one.lags, part) for part in (0.5, 0.95, 1.0)]
        rows.append([database, *map(ms, (*lags, one.idle, one.thousand))])
    print(table(rows))


@contextmanager
def address(database: str) -> Iterator[str]:
    """Of a new database of this kind."""
    if database == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            yield f"sqlite:///{folder}/bench.db"
        return
    with cluster(require("postgresql")) as postgres:
        yield postgres.url(postgres.create())


async def bench(url: str, clocks: int, due: int) -> Measured:
    db = Database(url)
    try:
        await upgrade(db)
        return await measure(db, clocks, due)
    finally:
        await db.close()


async def measure(db: Database, clocks: int, due: int) -> Measured:
    bus, start = Bus(), time.time()
    tickets = Tickets(db, bus, Others(), ZoneInfo("Asia/Shanghai"))
    calendars = Path(__file__).parent.parent / "config" / "calendars"
    tickets.reckoners = calendars_of(read_calendars(calendar_files(calendars)))
    await tickets.adopt({"praise": load(DEFINITION, "praise.yaml")}, start)
    await crowd(db, tickets, clocks, start)
    timer = Timer(db, bus, tickets)
    idle = [await timed(timer.tick(time.time())) for _ in range(20)]
    lags = await lag(db, bus, timer, due)
    await make_due(db, 1000, time.time() - 1, 0.0)
    return Measured(lags, statistics.median(idle), await timed(timer.tick(time.time())))


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
    main(*map(int, sys.argv[1:3]), databases=sys.argv[3:] or DATABASES)
