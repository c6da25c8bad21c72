"""Tickets tied together by events, on both databases; handing over; who of the merged is told."""

import asyncio
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from core.bus import Bus
from core.database import Database
from core.errors import Conflict, Invalid, Refused
from core.outbox import Relay
from tests.conftest import START, FakeClock
from tests.integration.test_departments import actor, dispatched, staffed
from tests.integration.test_tickets import complaint, everything
from tests.unit.ticketing.shipped import AGENT, DISPATCHER
from ticketing.messages import Actor, NewTicket, Ticket, TicketNotice, TicketOpened
from ticketing.notices import NOTICE_TOPIC, notice_handler
from ticketing.service import Tickets
from ticketing.tables import ticket_links


@pytest.fixture
async def tickets(db: Database, bus: Bus) -> Tickets:
    return await staffed(db, bus)


async def linked(tickets: Tickets, ticket: Ticket) -> list[tuple[str, bool, str]]:
    return [(link.kind, link.outgoing, link.other.number) for link in await tickets.links(ticket.id)]


async def merge(tickets: Tickets, one: Ticket, other: Ticket) -> Ticket:
    data = {"other_ticket": other.number}
    return await tickets.fire(one.id, "merge", DISPATCHER, data, one.version, START)


async def test_a_merge_ties_two_and_both_show_it(tickets: Tickets) -> None:
    one, other = [await tickets.open(AGENT, complaint(), START) for _ in range(2)]
    assert (await merge(tickets, one, other)).state == "merged"
    assert await linked(tickets, one) == [("merged_into", True, other.number)]
    assert await linked(tickets, other) == [("merged_into", False, one.number)]
    assert (await tickets.verify(one.id)).ok


@pytest.mark.parametrize("typed", [str.lower, lambda number: f" {number.replace('C-', 'Ｃ－')} "])
async def test_a_number_may_be_typed_as_keyboards_write_it(
    tickets: Tickets, typed: Callable[[str], str]
) -> None:
    one, other = [await tickets.open(AGENT, complaint(), START) for _ in range(2)]
    data = {"other_ticket": typed(other.number)}
    done = await tickets.fire(one.id, "merge", DISPATCHER, data, one.version, START)
    assert done.fields["other_ticket"] == other.number
    assert (await tickets.history(one.id))[-1].data["other_ticket"] == other.number
    assert await linked(tickets, one) == [("merged_into", True, other.number)]


@pytest.mark.parametrize("number", ["C-20000101-0001", "itself", "closed"])
async def test_a_merge_into_nothing_itself_or_what_is_closed_changes_nothing(
    tickets: Tickets, db: Database, number: str
) -> None:
    one, other, third = [await tickets.open(AGENT, complaint(), START) for _ in range(3)]
    await merge(tickets, other, third)
    given = {"itself": one.number, "closed": other.number}.get(number, number)
    before = await everything(db)
    with pytest.raises(Refused) as caught:
        await tickets.fire(one.id, "merge", DISPATCHER, {"other_ticket": given}, 1, START)
    assert isinstance(caught.value, Conflict if number == "closed" else Invalid)
    assert caught.value.details["field"] == "other_ticket"
    assert await everything(db) == before


async def test_two_merged_into_each_other_at_once_leave_one_open(tickets: Tickets) -> None:
    for _ in range(15):
        one, other = [await tickets.open(AGENT, complaint(), START) for _ in range(2)]
        ends = await asyncio.gather(
            merge(tickets, one, other), merge(tickets, other, one), return_exceptions=True
        )
        assert sorted(type(end).__name__ for end in ends) == ["Conflict", "Ticket"]
        after = [await tickets.get(ticket.id) for ticket in (one, other)]
        assert sorted(ticket.state for ticket in after) == ["merged", "registered"]


async def test_the_merged_are_told_what_happens_to_the_one_they_are_in(
    tickets: Tickets, db: Database, bus: Bus, clock: FakeClock
) -> None:
    child, parent, grand = [await tickets.open(AGENT, complaint(), START) for _ in range(3)]
    await merge(tickets, child, parent)
    await merge(tickets, parent, grand)
    told: list[TicketNotice] = []
    relay = Relay(db, {NOTICE_TOPIC: notice_handler(bus, tickets.directory, clock)}, clock)
    await relay.deliver_due()
    bus.subscribe(TicketNotice, told.append)
    supervisor = Actor("sam", frozenset({"supervisor"}))
    await tickets.fire(grand.id, "reject", supervisor, {"reason": "Not ours"}, 1, START)
    await relay.deliver_due()
    assert {(n.number, n.to) for n in told} == {(t.number, "customer") for t in (child, parent, grand)}


async def test_a_conversion_opens_the_other_ticket_with_it(tickets: Tickets, bus: Bus) -> None:
    opened: list[TicketOpened] = []
    bus.subscribe(TicketOpened, opened.append)
    made = await tickets.open(AGENT, complaint(customer_id="anna", body="It hisses"), START)
    done = await tickets.fire(made.id, "danger", DISPATCHER, {"reason": "Gas"}, 1, START + 60)
    repair = opened[-1].ticket
    assert (repair.workflow, repair.state, repair.priority) == ("repair", "reported", "urgent")
    assert (repair.subject, repair.body, repair.customer_id) == (made.subject, "It hisses", "anna")
    assert (repair.created_by, repair.created_at) == ("dispatcher", START + 60)
    assert (done.state, done.fields["other_ticket"]) == ("converted", repair.number)
    assert (await tickets.history(made.id))[-1].data["other_ticket"] == repair.number
    assert await linked(tickets, repair) == [("converted_to", False, made.number)]
    assert (await tickets.verify(made.id)).ok
    assert (await tickets.verify(repair.id)).ok


async def test_a_field_says_what_an_inquiry_becomes(tickets: Tickets) -> None:
    for kind in ("complaint", "repair"):
        made = await tickets.open(AGENT, NewTicket("inquiry", "A question"), START)
        await tickets.fire(made.id, "convert", AGENT, {"new_kind": kind}, 1, START)
        assert [link.other.workflow for link in await tickets.links(made.id)] == [kind]
    known = await tickets.open(AGENT, complaint(), START)
    made = await tickets.open(AGENT, NewTicket("inquiry", "A question"), START)
    data = {"new_kind": "complaint", "other_ticket": known.number}
    await tickets.fire(made.id, "convert", AGENT, data, 1, START)
    assert await linked(tickets, made) == [("converted_to", True, known.number)]


async def test_an_outage_need_not_be_a_ticket(tickets: Tickets, db: Database) -> None:
    made = await tickets.open(AGENT, NewTicket("repair", "No gas"), START)
    done = await tickets.fire(made.id, "attach_to_outage", DISPATCHER, {"outage": "O-7"}, 1, START)
    assert (done.state, done.fields["outage"], await tickets.links(made.id)) == ("in_outage", "O-7", [])
    async with db.read() as tx:
        assert (await tx.execute(sa.select(ticket_links))).all() == []


async def test_a_department_neither_links_with_nor_sees_what_is_not_its_own(tickets: Tickets) -> None:
    ours, theirs = await dispatched(tickets, "billing"), await dispatched(tickets, "metering")
    with pytest.raises(Invalid):
        await tickets.fire(ours.id, "link", actor("bo"), {"other_ticket": theirs.number}, 3, START)
    await tickets.fire(ours.id, "link", DISPATCHER, {"other_ticket": theirs.number}, 3, START)
    assert await tickets.links(ours.id, await tickets.standing(actor("bo"), START)) == []
    assert len(await tickets.links(ours.id, await tickets.standing(AGENT, START))) == 1


async def test_a_ticket_is_handed_over_to_members_only(
    tickets: Tickets, db: Database, bus: Bus, clock: FakeClock
) -> None:
    ticket = await dispatched(tickets, "billing")
    await tickets.fire(ticket.id, "sign", actor("bo"), {}, 3, START)
    for stranger in ("mo", "nobody"):
        with pytest.raises(Invalid) as caught:
            await tickets.fire(ticket.id, "assign", actor("bo"), {"new_owner": stranger}, 4, START)
        assert caught.value.details["field"] == "new_owner"
    relay = Relay(db, {NOTICE_TOPIC: notice_handler(bus, tickets.directory, clock)}, clock)
    await relay.deliver_due()
    told: list[TicketNotice] = []
    bus.subscribe(TicketNotice, told.append)
    done = await tickets.fire(ticket.id, "assign", actor("bo"), {"new_owner": "bea"}, 4, START)
    await relay.deliver_due()
    assert (done.owner, done.state, [n.users for n in told]) == ("bea", "handling", [("bea",)])
