"""Two agents at two servers, one transition: exactly one wins each time, and the other is told who was quicker.

`make soak` runs 10,000 races on each database; the usual run is content with fewer.
"""

import asyncio
import os
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from core.bus import Bus
from core.database import Database
from tests.conftest import START
from tests.integration.ticket_store import Nobody
from tests.unit.ticketing.shipped import AGENT, SHIPPED, opened
from ticketing.errors import StaleVersion
from ticketing.event_store import Found, Recent
from ticketing.messages import Actor, NewTicket, Ticket
from ticketing.service import Tickets
from ticketing.verification import verify_all

RACES = int(os.environ.get("RINGDESK_SOAK_RACES", "200"))
AT_ONCE = 4
"""Tickets that are raced for at the same time."""
SECONDS = 60 + RACES / 5
THERE_AND_BACK = (("answer", {"answer": "At nine"}), ("ask_again", {"question": "On Sundays too?"}))


async def race(servers: list[Tickets], ticket: Ticket, step: int) -> Ticket:
    """Both servers fire the same event on the same version; returns the winner's ticket."""
    event, data = THERE_AND_BACK[step % 2]
    fired = await asyncio.gather(
        *(
            server.fire(ticket.id, event, Actor(name, AGENT.roles), data, ticket.version, START + step)
            for name, server in zip(("anna", "wei"), servers, strict=True)
        ),
        return_exceptions=True,
    )
    won = [(name, one) for name, one in zip(("anna", "wei"), fired, strict=True) if isinstance(one, Ticket)]
    lost = [one for one in fired if isinstance(one, StaleVersion)]
    assert (len(won), len(lost)) == (1, 1), fired
    assert [(c["event"], c["actor"]) for c in lost[0].details["changes"]] == [(event, won[0][0])]
    return won[0][1]


async def test_of_two_who_race_exactly_one_wins_each_time(db: Database, db_url: str) -> None:
    databases = [db, Database(db_url)]
    servers = [Tickets(one, Bus(), Nobody(), ZoneInfo("Asia/Shanghai")) for one in databases]
    for server in servers:
        await server.adopt(SHIPPED, START)

    async def lane() -> Ticket:
        ticket = await servers[0].open(AGENT, NewTicket("inquiry", "Hours?"), START)
        for step in range(RACES // AT_ONCE):
            ticket = await race(servers, ticket, step)
        return ticket

    async with asyncio.timeout(SECONDS):
        raced = await asyncio.gather(*(lane() for _ in range(AT_ONCE)))
    assert {ticket.version for ticket in raced} == {RACES // AT_ONCE + 1}
    found = await verify_all(db)
    assert (found.rows, found.breaks) == (RACES + AT_ONCE, ())
    await databases[1].close()


async def test_what_a_server_saw_last_is_never_the_reason_of_a_refusal(db: Database, db_url: str) -> None:
    """Each server keeps the tickets that it changed last; where another one was quicker it looks before it answers."""
    other_db = Database(db_url)
    one, other = (Tickets(each, Bus(), Nobody(), ZoneInfo("Asia/Shanghai")) for each in (db, other_db))
    for server in (one, other):
        await server.adopt(SHIPPED, START)
    ticket = await one.open(AGENT, NewTicket("inquiry", "Hours?"), START)
    ticket = await one.fire(ticket.id, "answer", AGENT, {"answer": "At nine"}, 1, START)
    moved = await other.fire(ticket.id, "ask_again", AGENT, {"question": "On Sundays too?"}, 2, START)
    # `ask_again` does not fit what the first server kept (version 2), nor may it be told so: it is stale.
    for event, data in (("ask_again", {"question": "x"}), ("close", {}), ("reopen", {"reason": "x"})):
        with pytest.raises(StaleVersion) as refused:
            await one.fire(ticket.id, event, AGENT, data, 2, START + 1)
        assert [c["event"] for c in refused.value.details["changes"]] == ["ask_again"]
    assert (await one.fire(ticket.id, "answer", AGENT, {"answer": "Yes"}, 3, START + 2)).version == 4
    assert (await other.fire(moved.id, "close", AGENT, {}, 4, START + 3)).state == "closed"
    assert (await verify_all(db)).breaks == ()
    await other_db.close()


def test_only_so_many_tickets_are_kept() -> None:
    recent = Recent(most=2)
    for number in range(3):
        recent.keep(Found(replace(opened(SHIPPED["inquiry"]), id=f"t{number}"), "0", {}))
    assert [recent.at(f"t{number}", 1) is not None for number in range(3)] == [False, True, True]
    assert recent.at("t2", 2) is None
    kept = recent.at("t2", 1)
    assert kept is not None
    recent.forget(replace(kept))
    assert recent.at("t2", 1) is kept
    recent.forget(kept)
    assert recent.at("t2", 1) is None
