"""Two servers on one PostgreSQL with many due clocks: each step happens once."""

import asyncio
import os
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from core.audit import audit
from core.bus import Bus
from core.database import Database
from tests.conftest import START
from tests.integration.test_timer import HOUR, house
from tests.integration.ticket_crowd import crowd
from tests.postgres import Cluster
from ticketing.tables import escalations, ticket_clocks, ticket_history
from ticketing.timer import Timer

CLOCKS = int(os.environ.get("RINGDESK_DUE_CLOCKS", "10000"))


@pytest.fixture
def url(postgres: Cluster, postgres_template: str) -> Iterator[str]:
    name = postgres.create(postgres_template)
    yield postgres.url(name)
    postgres.drop(name)


async def count(db: Database, table: sa.Table, *where: sa.ColumnElement[bool]) -> int:
    async with db.read() as tx:
        return int(
            (await tx.execute(sa.select(sa.func.count()).select_from(table).where(*where))).scalar_one()
        )


async def drain(timer: Timer, now: float) -> int:
    """Rounds of one server until nothing is due; the other one may hold the last rows."""
    fired = 0
    for _ in range(CLOCKS):
        done = await timer.tick(now)
        fired += done
        if not done and not await timer.is_due(now):
            return fired
        await asyncio.sleep(0)
    raise AssertionError("there is always something due")


async def test_two_servers_and_ten_thousand_due_clocks(url: str) -> None:
    one, other = Database(url), Database(url)
    try:
        tickets, first = await house(one, Bus())
        _, second = await house(other, Bus())
        await crowd(one, tickets, CLOCKS, START)
        now = START + 8 * HOUR
        async with asyncio.timeout(300):
            shares = await asyncio.gather(drain(first, now), drain(second, now))
        assert sum(shares) == CLOCKS
        assert min(shares) > 0
        for table in (escalations, audit):
            wanted = (table.c.action == "ticket.escalate",) if table is audit else ()
            assert await count(one, table, *wanted) == CLOCKS
        assert await count(one, ticket_history, ticket_history.c.event == "escalate") == CLOCKS
        assert await count(one, ticket_clocks, ticket_clocks.c.next_at <= now) == 0
    finally:
        await one.close()
        await other.close()
