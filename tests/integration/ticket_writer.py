"""Writes tickets as fast as it can, says what was acknowledged: python -m tests.integration.ticket_writer URL"""

import asyncio
import sys
from collections.abc import Callable
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from core.bus import Bus
from core.database import Database
from core.errors import Refused
from tests.conftest import START
from tests.integration.ticket_store import Nobody
from tests.unit.ticketing.shipped import AGENT, SHIPPED
from ticketing.messages import NewTicket
from ticketing.service import Tickets

WORKERS = 8
AWAY = (OSError, sa.exc.SQLAlchemyError, Refused, TimeoutError)
"""What a call raises while the database is away: the write may have happened or not, nobody was told."""

Told = Callable[[str, int], None]


def tickets_on(db: Database) -> Tickets:
    return Tickets(db, Bus(), Nobody(), ZoneInfo("Asia/Shanghai"))


async def write(tickets: Tickets, told: Told) -> None:
    """Open tickets and comment on them until the database goes away; `told` gets each acknowledged version."""
    while True:
        ticket = await tickets.open(AGENT, NewTicket("complaint", "Bill doubled"), START)
        told(ticket.id, ticket.version)
        for version in (1, 2):
            ticket = await tickets.fire(ticket.id, "comment", AGENT, {"note": "x"}, version, START + version)
            told(ticket.id, ticket.version)


async def write_many(tickets: Tickets, told: Told) -> None:
    """Several at once, until each was cut off."""

    async def one() -> None:
        try:
            await write(tickets, told)
        except AWAY:
            return

    await asyncio.gather(*(one() for _ in range(WORKERS)))


async def main(url: str) -> None:
    db = Database(url)
    tickets = tickets_on(db)
    await tickets.adopt(SHIPPED, START)
    await write_many(tickets, lambda ticket, version: print(ticket, version, flush=True))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
