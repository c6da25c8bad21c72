"""A server that escalates while people write: python -m tests.integration.busy_server URL NOW

Prints `write TICKET VERSION` and `step TICKET` for what was acknowledged, until it is killed.
"""

import asyncio
import sys
from collections.abc import Callable
from contextlib import suppress

from core.bus import Bus
from core.database import Database
from tests.conftest import START
from tests.integration.test_tickets import Others
from tests.integration.test_timer import CALENDARS, WORKFLOW, ZONE
from tests.integration.ticket_writer import AWAY, Told, write_many
from tests.unit.ticketing.shipped import SHIPPED
from ticketing.messages import TicketChanged
from ticketing.service import Tickets
from ticketing.timer import Timer

STEPS_A_ROUND = 10


class Server:
    """Tickets and a timer that takes small bites, so that a blow falls among them."""

    def __init__(self, db: Database) -> None:
        self.bus = Bus()
        self.tickets = Tickets(db, self.bus, Others(), ZONE)
        self.tickets.reckoners = CALENDARS
        self.timer = Timer(db, self.bus, self.tickets, most=STEPS_A_ROUND)

    async def adopt(self) -> None:
        await self.tickets.adopt({**SHIPPED, "praise": WORKFLOW}, START)

    async def work(self, now: float, wrote: Told, stepped: Callable[[str], None]) -> None:
        """Write and escalate until the database goes away."""
        self.bus.subscribe(
            TicketChanged, lambda event: stepped(event.ticket.id) if event.actor == "timer" else None
        )
        await asyncio.gather(write_many(self.tickets, wrote), self._escalate(now))

    async def _escalate(self, now: float) -> None:
        with suppress(*AWAY):
            while await self.timer.tick(now):
                pass


async def main(url: str, now: float) -> None:
    server = Server(Database(url))
    await server.adopt()
    await server.work(
        now,
        lambda ticket, version: print("write", ticket, version, flush=True),
        lambda ticket: print("step", ticket, flush=True),
    )


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], float(sys.argv[2])))
