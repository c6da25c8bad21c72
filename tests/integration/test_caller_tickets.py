"""A caller in the phone menu: finds a ticket by its keys, urges, confirms, rates; the history keeps the call."""

from zoneinfo import ZoneInfo

import pytest

from core.bus import Bus
from core.database import Database
from tests.conftest import START
from tests.integration.ticket_store import Nobody
from tests.unit.ticketing.shipped import AGENT, SHIPPED
from ticketing.errors import WrongRole
from ticketing.messages import NewTicket, caller
from ticketing.service import Tickets
from ticketing.views import shown_values

CALLER = caller("main-1769846400.7")


@pytest.fixture
async def tickets(db: Database) -> Tickets:
    made = Tickets(db, Bus(), Nobody(), ZoneInfo("Asia/Shanghai"))
    await made.adopt(SHIPPED, START)
    return made


async def test_a_caller_finds_confirms_and_rates_a_ticket(tickets: Tickets) -> None:
    opened = await tickets.open(CALLER, NewTicket("inquiry", "Opening hours", channel="ivr"), START)
    answered = await tickets.fire(opened.id, "answer", AGENT, {"answer": "At nine"}, 1, START)
    keys = answered.number.translate({ord(c): None for c in "Q-"})
    assert await tickets.by_keys(keys) == [answered]
    may = {event.name for event in await tickets.allowed(answered, CALLER, START)}
    assert may == {"ask_again", "close", "rate", "urge"}
    closed = await tickets.fire(answered.id, "close", CALLER, {}, 2, START)
    rated = await tickets.fire(answered.id, "rate", CALLER, {"satisfaction": 4}, 3, START + 60)
    assert (closed.state, rated.state, rated.fields["satisfaction"]) == ("closed", "closed", 4)
    last = (await tickets.history(rated.id))[-1]
    assert (last.actor, last.data) == ("ivr", {"satisfaction": 4, "call_id": CALLER.call_id})
    assert shown_values(SHIPPED["inquiry"], last.data, "zh")[-1] == ("通话", CALLER.call_id)
    assert (await tickets.verify(rated.id)).ok
    with pytest.raises(WrongRole):
        await tickets.fire(rated.id, "reopen", CALLER, {"reason": "x"}, 4, START + 60)


async def test_keys_find_one_ticket_of_each_kind(tickets: Tickets) -> None:
    opened = [await tickets.open(AGENT, NewTicket(kind, "Leak"), START) for kind in ("repair", "complaint")]
    keys = opened[0].number.removeprefix("R-").replace("-", "")
    assert {one.id for one in await tickets.by_keys(keys)} == {one.id for one in opened}


@pytest.mark.parametrize("keys", ["", "1", "202601319999", "2026013100\uff11\uff11", "'; --", "0" * 400])
async def test_other_keys_find_nothing(tickets: Tickets, keys: str) -> None:
    await tickets.open(AGENT, NewTicket("repair", "Leak"), START)
    assert await tickets.by_keys(keys) == []
