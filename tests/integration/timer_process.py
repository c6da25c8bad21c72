"""A server's timer as a process of its own, to be killed: prints a line for each step that it has committed."""

import asyncio
import sys

from core.bus import Bus
from core.database import Database
from tests.integration.test_timer import house
from ticketing.messages import TicketChanged


async def main(url: str, now: float) -> None:
    db, bus = Database(url), Bus()
    bus.subscribe(TicketChanged, lambda event: print(event.ticket.id, flush=True))
    _, timer = await house(db, bus)
    while await timer.tick(now):
        pass
    await db.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], float(sys.argv[2])))
