"""A server that is killed among its escalations: what it committed stays, the next one does the rest, none twice."""

import asyncio
import signal
import sys
from pathlib import Path

import tests
from core.bus import Bus
from core.database import Database
from tests.conftest import START
from tests.integration.test_timer import HOUR, house, rows
from tests.integration.ticket_crowd import crowd
from ticketing.tables import escalations, ticket_history

TICKETS = 600
ROOT = Path(tests.__file__).parent.parent


async def test_a_killed_server_loses_and_repeats_nothing(db: Database, db_url: str, bus: Bus) -> None:
    tickets, timer = await house(db, bus)
    await crowd(db, tickets, TICKETS, START)
    now = START + 8 * HOUR
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.integration.timer_process", db_url, str(now)),
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    assert process.stdout is not None
    async with asyncio.timeout(120):
        told = [(await process.stdout.readline()).decode().strip() for _ in range(150)]
        process.send_signal(signal.SIGKILL)
        await process.wait()
    before = {row["ticket_id"] for row in await rows(db, escalations)}
    assert set(told) <= before, "a step that was told had been committed"
    assert len(before) < TICKETS, "it was killed too late to prove anything"
    async with asyncio.timeout(120):
        while await timer.tick(now):
            pass
    steps = [row["ticket_id"] for row in await rows(db, escalations)]
    assert len(steps) == len(set(steps)) == TICKETS
    history = [row for row in await rows(db, ticket_history) if row["event"] == "escalate"]
    assert len(history) == TICKETS
    for ticket_id in (told[0], told[-1], steps[-1]):
        assert (await tickets.verify(ticket_id)).ok
