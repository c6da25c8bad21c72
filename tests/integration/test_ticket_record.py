"""The whole record looked through: what was edited, cut off or taken out is named by ticket and row."""

import asyncio
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from core import migrate
from core.bus import Bus
from core.database import Database
from server.cli import app
from tests.conftest import START
from tests.integration.ticket_store import Nobody
from tests.unit.ticketing.shipped import AGENT, SHIPPED
from ticketing.messages import NewTicket, Ticket
from ticketing.service import Tickets
from ticketing.tables import ticket_clocks as clocks
from ticketing.tables import ticket_history as history
from ticketing.tables import tickets as table
from ticketing.verification import BATCH, Break, verify_all


async def record(db: Database, count: int = 3) -> list[Ticket]:
    """So many complaints with three rows each."""
    tickets = Tickets(db, Bus(), Nobody(), ZoneInfo("Asia/Shanghai"))
    await tickets.adopt(SHIPPED, START)
    made = []
    for at in range(count):
        ticket = await tickets.open(AGENT, NewTicket("complaint", f"No {at} 你好"), START + at)
        for version in (1, 2):
            ticket = await tickets.fire(ticket.id, "comment", AGENT, {"note": "é"}, version, START + at + 0.1)
        made.append(ticket)
    return made


async def test_a_whole_record_is_whole(db: Database) -> None:
    assert (await verify_all(db)).breaks == ()
    await record(db)
    found = await verify_all(db)
    assert (found.tickets, found.rows, found.breaks) == (3, 9, ())


async def test_batches_leave_nobody_out(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ticketing.verification.BATCH", 2)
    await record(db, 5)
    found = await verify_all(db)
    assert (found.tickets, found.rows, found.breaks) == (5, 15, ())
    assert BATCH > 2


@pytest.mark.parametrize(
    ("values", "row", "reason"),
    [
        ({"data": {"note": "all fine"}}, 2, "the row was changed after it was written"),
        ({"actor": "eve"}, 2, "the row was changed after it was written"),
        ({"seq": 9}, 2, "a row is missing"),
    ],
)
async def test_an_edit_is_named_by_ticket_and_row(
    db: Database, values: dict[str, object], row: int, reason: str
) -> None:
    made = await record(db)
    here = sa.and_(history.c.ticket_id == made[1].id, history.c.seq == 2)
    async with db.begin() as tx:
        await tx.execute(sa.update(history).where(here).values(**values))
    assert (await verify_all(db)).breaks == (Break(made[1].number, row, reason),)


async def test_what_was_taken_out_shows(db: Database) -> None:
    made = await record(db, 4)
    async with db.begin() as tx:
        await tx.execute(sa.delete(history).where(history.c.ticket_id == made[0].id, history.c.seq == 3))
        await tx.execute(sa.delete(history).where(history.c.ticket_id.in_([made[1].id, made[2].id])))
        await tx.execute(sa.delete(clocks).where(clocks.c.ticket_id == made[2].id))
        await tx.execute(sa.delete(table).where(table.c.id == made[2].id))
        await tx.execute(sa.update(table).where(table.c.id == made[3].id).values(state="closed"))
    assert (await verify_all(db)).breaks == (
        Break(made[0].number, 3, "the last rows are missing"),
        Break(made[1].number, 1, "the last rows are missing"),
        Break(made[3].number, 3, "the ticket's state is not the one that its history ends in"),
        Break(made[2].number, 0, "the ticket is gone"),
    )


def test_the_command_exits_with_1_and_names_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"sqlite:///{tmp_path / 'r.db'}"
    monkeypatch.setenv("RINGDESK_DATABASE__URL", url)
    monkeypatch.chdir(tmp_path)

    async def fill() -> None:
        db = Database(url)
        await migrate.upgrade(db)
        await record(db)
        await db.close()

    async def edit() -> None:
        db = Database(url)
        async with db.begin() as tx:
            await tx.execute(sa.update(history).where(history.c.seq == 2).values(actor="eve"))
        await db.close()

    asyncio.run(fill())
    good = CliRunner().invoke(app, ["audit", "verify"])
    assert (good.exit_code, good.output) == (0, "3 tickets with 9 rows of history: whole\n")
    asyncio.run(edit())
    bad = CliRunner().invoke(app, ["audit", "verify"])
    assert bad.exit_code == 1
    assert "C-20260131-0002: row 2: the row was changed after it was written" in bad.output
