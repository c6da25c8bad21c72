"""The database killed under load: what was acknowledged is there, once, and the record is whole."""

import asyncio
import subprocess
import sys
from collections import Counter
from pathlib import Path

import sqlalchemy as sa

from core import migrate
from core.database import Database
from tests.conftest import START
from tests.integration.ticket_writer import WORKERS, tickets_on, write_many
from tests.postgres import cluster
from tests.real.parts import require
from tests.unit.ticketing.shipped import AGENT, SHIPPED
from ticketing.messages import NewTicket, TicketFilter
from ticketing.tables import ticket_history, tickets
from ticketing.verification import verify_all

ACKNOWLEDGED = 150
"""So many writes before the blow falls."""
SECONDS = 60


class Heard:
    """What was acknowledged, and when it was enough."""

    def __init__(self) -> None:
        self.versions: dict[str, int] = {}
        self.enough = asyncio.Event()
        self._writes = 0

    def told(self, ticket: str, version: int) -> None:
        self.versions[ticket] = version
        self._writes += 1
        if self._writes >= ACKNOWLEDGED:
            self.enough.set()


async def check(db: Database, acknowledged: dict[str, int]) -> None:
    """Nothing acknowledged is lost or doubled, and all histories are whole."""
    async with db.read() as tx:
        versions = {
            row.id: row.version for row in await tx.execute(sa.select(tickets.c.id, tickets.c.version))
        }
        rows = Counter((await tx.execute(sa.select(ticket_history.c.ticket_id))).scalars())
    for ticket, version in acknowledged.items():
        assert versions[ticket] in (version, version + 1), (
            "an acknowledged write is lost, or one too many is there"
        )
        assert rows[ticket] == versions[ticket]
    # Each writer may have had one write under way whose answer never came.
    assert len(versions) - len(acknowledged) <= WORKERS
    assert (await verify_all(db)).breaks == ()


async def test_postgresql_killed_under_load() -> None:
    with cluster(require("postgresql")) as postgres:
        db = Database(postgres.url(postgres.create()))
        await migrate.upgrade(db)
        ours = tickets_on(db)
        await ours.adopt(SHIPPED, START)
        for _ in range(2):
            heard = Heard()
            before = {t.id: t.version for t in await ours.list(TicketFilter(), 200_000)}
            writing = asyncio.create_task(write_many(ours, heard.told))
            async with asyncio.timeout(SECONDS):
                await heard.enough.wait()
                await asyncio.to_thread(postgres.kill)
                await writing
            await asyncio.to_thread(postgres.start)
            await check(db, {**before, **heard.versions})
        # It goes on where it was.
        assert (await ours.open(AGENT, NewTicket("complaint", "After the crash"), START)).version == 1
        await db.close()


async def test_a_server_on_sqlite_killed_under_load(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'r.db'}"
    db = Database(url)
    await migrate.upgrade(db)
    acknowledged: dict[str, int] = {}
    for _ in range(2):
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.integration.ticket_writer", url, stdout=subprocess.PIPE
        )
        assert child.stdout is not None
        before = dict(acknowledged)
        async with asyncio.timeout(SECONDS):
            for _ in range(ACKNOWLEDGED):
                ticket, version = (await child.stdout.readline()).split()
                acknowledged[ticket.decode()] = int(version)
            child.kill()
            # What it had said before it died counts too.
            async for line in child.stdout:
                if line.endswith(b"\n"):
                    ticket, version = line.split()
                    acknowledged[ticket.decode()] = int(version)
            await child.wait()
        assert len(acknowledged) > len(before)
        await check(db, acknowledged)
        async with db.read() as tx:
            found = await tx.execute(sa.select(tickets.c.id, tickets.c.version))
            acknowledged = {row.id: row.version for row in found}
    await db.close()
