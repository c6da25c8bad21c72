"""Many open tickets at once, written as the one door writes them but in few statements."""

import sqlalchemy as sa
from msgspec.structs import asdict

from core.database import Database
from tests.unit.ticketing.shipped import AGENT
from ticketing.chain import FIRST, row_of
from ticketing.clock_store import followed, save
from ticketing.messages import NewTicket
from ticketing.service import Tickets
from ticketing.store_many import append_histories
from ticketing.tables import tickets as table
from ticketing.workflow.decide import Outcome
from ticketing.workflow.opening import Birth, decide_open

BATCH = 1000


async def crowd(
    db: Database, service: Tickets, count: int, at: float, workflow: str = "praise", after: int = 0
) -> None:
    """Open so many tickets at `at`, numbered from `after` on."""
    definition = service.workflow(workflow)
    for start in range(after, after + count, BATCH):
        rows, clocks, made = [], [], []
        for number in range(start, min(start + BATCH, after + count)):
            birth = Birth(f"t{number:08d}", f"X-{number}", definition.version, at)
            outcome = decide_open(definition.workflow, NewTicket(workflow, "One of many"), AGENT, birth)
            assert isinstance(outcome, Outcome)
            row = row_of(outcome, "agent", at, FIRST)
            rows.append((birth.id, row))
            made.append(asdict(outcome.ticket))
            clocks += followed(definition.workflow, outcome.ticket, row, {}, service.reckoners)
        async with db.begin() as tx:
            await tx.execute(sa.insert(table), made)
            await append_histories(tx, rows)
            await save(tx, clocks)
