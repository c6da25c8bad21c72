"""Killed while it escalates and people write: nothing acknowledged is lost, and no step happens twice."""

import asyncio
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import sqlalchemy as sa

import tests
from core import migrate
from core.database import Database
from tests.conftest import START
from tests.integration.busy_server import Server
from tests.integration.test_ticket_crashes import check
from tests.integration.test_timer import HOUR
from tests.integration.ticket_crowd import crowd
from tests.postgres import cluster
from tests.real.parts import require
from ticketing.tables import escalations, ticket_history
from ticketing.tables import tickets as ticket_table

DUE = 400
NOW = START + 8 * HOUR
WRITES, STEPS = 40, 80
"""So much is acknowledged before each blow."""
BLOWS = 2
SECONDS = 120
ROOT = Path(tests.__file__).parent.parent


class Heard:
    """What was acknowledged, and when it is enough for the next blow."""

    def __init__(self) -> None:
        self.versions: dict[str, int] = {}
        self.steps: list[str] = []
        self.enough = asyncio.Event()
        self._goal = (0, 0)
        self._writes = 0

    def next_blow(self) -> None:
        self.enough.clear()
        self._goal = (self._writes + WRITES, len(self.steps) + STEPS)

    def wrote(self, ticket: str, version: int) -> None:
        self.versions[ticket] = version
        self._writes += 1
        self._look()

    def stepped(self, ticket: str) -> None:
        self.steps.append(ticket)
        self._look()

    def line(self, line: bytes) -> None:
        match line.decode().split():
            case ["write", ticket, version]:
                self.wrote(ticket, int(version))
            case ["step", ticket]:
                self.stepped(ticket)

    def _look(self) -> None:
        if self._writes >= self._goal[0] and len(self.steps) >= self._goal[1]:
            self.enough.set()


async def check_steps(db: Database, told: list[str]) -> int:
    """Nothing told is lost and nothing happened twice; returns how many steps happened."""
    async with db.read() as tx:
        kept = list((await tx.execute(sa.select(escalations.c.ticket_id))).scalars())
        of_history = sa.select(ticket_history.c.ticket_id).where(ticket_history.c.event == "escalate")
        written = list((await tx.execute(of_history)).scalars())
    assert len(told) == len(set(told)), "a step was told twice"
    assert len(kept) == len(set(kept))
    assert sorted(kept) == sorted(written), "each step is in the history once"
    assert set(told) <= set(kept), "an acknowledged step is lost"
    return len(kept)


async def check_all(db: Database, heard: Heard) -> None:
    """Both promises; what was written but never answered is taken over for the next blow."""
    await check_steps(db, heard.steps)
    async with db.read() as tx:
        pairs = await tx.execute(
            sa.select(ticket_table.c.id, ticket_table.c.version).where(ticket_table.c.workflow == "praise")
        )
        crowd_of = {row.id: row.version for row in pairs}
    await check(db, {**crowd_of, **heard.versions})
    async with db.read() as tx:
        found = await tx.execute(sa.select(ticket_table.c.id, ticket_table.c.version))
        heard.versions = {row.id: row.version for row in found if row.id not in crowd_of}


async def finish(db: Database, server: Server, heard: Heard) -> None:
    """After the last blow the rest of the steps happens, each once."""
    before = await check_steps(db, heard.steps)
    assert before < DUE, "it was killed too late to prove anything"
    async with asyncio.timeout(SECONDS):
        while await server.timer.tick(NOW):
            pass
    assert await check_steps(db, heard.steps) == DUE


async def test_postgresql_killed_while_tickets_escalate_under_load() -> None:
    with cluster(require("postgresql")) as postgres:
        db = Database(postgres.url(postgres.create()))
        await migrate.upgrade(db)
        await crowd(db, (await adopted(db)).tickets, DUE, START)
        heard = Heard()
        for _ in range(BLOWS):
            heard.next_blow()
            server = await adopted(db)
            working = asyncio.create_task(server.work(NOW, heard.wrote, heard.stepped))
            async with asyncio.timeout(SECONDS):
                await heard.enough.wait()
                await asyncio.to_thread(postgres.kill)
                await working
            await asyncio.to_thread(postgres.start)
            await check_all(db, heard)
        await finish(db, await adopted(db), heard)
        await db.close()


async def adopted(db: Database) -> Server:
    server = Server(db)
    await server.adopt()
    return server


async def test_a_server_on_sqlite_killed_while_it_escalates_under_load(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'r.db'}"
    db = Database(url)
    await migrate.upgrade(db)
    server = await adopted(db)
    await crowd(db, server.tickets, DUE, START)
    heard = Heard()
    for _ in range(BLOWS):
        heard.next_blow()
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.integration.busy_server", url, str(NOW)), stdout=PIPE, cwd=ROOT
        )
        assert child.stdout is not None
        async with asyncio.timeout(SECONDS):
            while not heard.enough.is_set():
                heard.line(await child.stdout.readline())
            child.kill()
            # What it had said before it died counts too.
            async for line in child.stdout:
                if line.endswith(b"\n"):
                    heard.line(line)
            await child.wait()
        await check_all(db, heard)
    await finish(db, server, heard)
    await db.close()
