"""Departments on both databases: who sees which ticket, who stands in for whom, who is told."""

from zoneinfo import ZoneInfo

import pytest

from config.settings import SecuritySettings
from core.audit import entries
from core.bus import Bus
from core.database import Database
from core.errors import Conflict, Invalid, NotFound
from core.identity import Identity, Role
from tests.conftest import PASSWORD, START, cheap_hasher
from tests.integration.test_tickets import Others, complaint
from tests.unit.ticketing.shipped import AGENT, DISPATCHER, SHIPPED, SUPERVISOR
from ticketing.messages import Actor, Ticket, TicketFilter
from ticketing.service import Tickets
from ticketing.staff import Absence, Department

PEOPLE = {
    "bo": (Role.DEPARTMENT, "billing"),
    "bea": (Role.DEPARTMENT, ""),
    "mo": (Role.DEPARTMENT, "metering"),
    "hong": (Role.LEADER, ""),
}
DAY = 86_400.0


def actor(name: str) -> Actor:
    role, department = PEOPLE[name]
    return Actor(name, frozenset({role.value}), department)


@pytest.fixture
async def tickets(db: Database, bus: Bus) -> Tickets:
    return await staffed(db, bus)


async def staffed(db: Database, bus: Bus) -> Tickets:
    """Tickets of a house with two departments and the people in them."""
    identity = Identity(db, SecuritySettings(), bus=bus, hasher=cheap_hasher())
    for name, (role, department) in PEOPLE.items():
        await identity.add_user(name, PASSWORD, role, name.title(), None, START, department=department)
    made = Tickets(db, bus, Others(), ZoneInfo("Asia/Shanghai"))
    await made.adopt(SHIPPED, START)
    await made.directory.put("root", Department("billing", "Billing", "营业收费部", "hong"), START)
    await made.directory.put("root", Department("metering", "Metering", "计量部"), START)
    await made.directory.add_member("root", "billing", "bea", START)
    return made


async def dispatched(tickets: Tickets, department: str, at: float = START) -> Ticket:
    made = await tickets.open(AGENT, complaint(), at)
    await tickets.fire(made.id, "judge", DISPATCHER, {}, 1, at)
    return await tickets.fire(made.id, "dispatch", DISPATCHER, {"department": department}, 2, at)


async def seen_by(tickets: Tickets, name: str, at: float = START, **wanted: object) -> set[str]:
    viewer = await tickets.standing(actor(name), at)
    found = await tickets.list(TicketFilter(**wanted), viewer=viewer)  # type: ignore[arg-type]
    for ticket in found:
        assert await tickets.get(ticket.id, viewer) == ticket
    return {ticket.id for ticket in found}


async def test_a_department_sees_its_own_and_what_it_helps_with(tickets: Tickets) -> None:
    ours, theirs = await dispatched(tickets, "billing"), await dispatched(tickets, "metering")
    fresh = await tickets.open(AGENT, complaint(), START)
    assert await seen_by(tickets, "bo") == await seen_by(tickets, "bea") == {ours.id}
    assert await seen_by(tickets, "hong") == {ours.id, theirs.id, fresh.id}
    with pytest.raises(NotFound):
        await tickets.get(theirs.id, await tickets.standing(actor("bo"), START))
    with pytest.raises(NotFound):
        await tickets.fire(theirs.id, "comment", actor("bo"), {"note": "hm"}, 3, START)
    await tickets.fire(theirs.id, "co_handle", DISPATCHER, {"co_department": "billing"}, 3, START)
    assert await seen_by(tickets, "bo") == {ours.id, theirs.id}
    assert (await tickets.fire(theirs.id, "comment", actor("bo"), {"note": "hm"}, 4, START)).version == 5


async def test_what_lies_with_a_department_of_nobody_is_for_hands_who_belong_to_none(
    tickets: Tickets, db: Database, bus: Bus
) -> None:
    identity = Identity(db, SecuritySettings(), bus=bus, hasher=cheap_hasher())
    for name in ("flo", "fay"):
        await identity.add_user(name, PASSWORD, Role.DEPARTMENT, name.title(), None, START)
    flo = Actor("flo", frozenset({"department"}))
    works, billing = await dispatched(tickets, "works"), await dispatched(tickets, "billing")
    fresh = await tickets.open(AGENT, complaint(), START)
    viewer = await tickets.standing(flo, START)
    assert [t.id for t in await tickets.list(TicketFilter(), viewer=viewer)] == [works.id]
    for other in (billing, fresh):
        with pytest.raises(NotFound):
            await tickets.fire(other.id, "sign", flo, {}, other.version, START)
    signed = await tickets.fire(works.id, "sign", flo, {}, 3, START)
    handed = await tickets.fire(works.id, "assign", flo, {"new_owner": "fay"}, signed.version, START)
    assert handed.owner == "fay"
    with pytest.raises(Invalid, match="does not belong"):
        await tickets.fire(works.id, "assign", flo, {"new_owner": "mo"}, handed.version, START)
    await tickets.directory.put("root", Department("works", "Works", "工程部"), START)
    await tickets.directory.add_member("root", "works", "mo", START)
    assert not await tickets.list(TicketFilter(department="works"), viewer=await tickets.standing(flo, START))
    assert await seen_by(tickets, "mo") == {works.id}


async def test_a_stand_in_sees_and_signs_what_is_the_absent_ones(tickets: Tickets) -> None:
    ticket = await dispatched(tickets, "billing")
    await tickets.fire(ticket.id, "sign", actor("bo"), {}, 3, START)
    assert await seen_by(tickets, "mo") == set()
    away = Absence("", "bo", START + DAY, START + 3 * DAY, "mo")
    await tickets.directory.add_absence("bo", away, START)
    assert await seen_by(tickets, "mo", START + DAY - 10) == set()
    assert await seen_by(tickets, "mo", START + DAY, mine_of="mo") == {ticket.id}
    done = await tickets.fire(ticket.id, "contact", actor("mo"), {"contact_log": "Rang"}, 4, START + DAY)
    assert (done.owner, done.version) == ("bo", 5)
    assert await seen_by(tickets, "mo", START + 3 * DAY) == set()


async def test_an_absence_can_end_early_and_two_do_not_overlap(tickets: Tickets, db: Database) -> None:
    directory = tickets.directory
    away = Absence("", "bo", START, START + DAY, "mo")
    made = await directory.add_absence("bo", away, START)
    with pytest.raises(Conflict):
        await directory.add_absence("bo", Absence("", "bo", START + 60, START + 2 * DAY, "bea"), START)
    assert (await directory.staff(START)).present("bo") == "mo"
    await directory.end_absence("bo", made.id, START + 60)
    assert (await directory.staff(START + 60)).present("bo") == "bo"
    with pytest.raises(NotFound):
        await directory.end_absence("bo", made.id, START + 61)
    async with db.read() as tx:
        trail = await entries(tx, subject="user:bo")
    assert [e.action for e in trail if e.action.startswith("absence")] == ["absence.end", "absence.add"]


@pytest.mark.parametrize(
    ("user", "begin", "end", "stand_in"),
    [("bo", 0, 0, "mo"), ("bo", 0, 60, "bo"), ("bo", 0, 60, "nobody"), ("nobody", 0, 60, "mo")],
)
async def test_an_absence_that_makes_no_sense_is_refused(
    tickets: Tickets, user: str, begin: float, end: float, stand_in: str
) -> None:
    with pytest.raises(Invalid):
        await tickets.directory.add_absence(
            "root", Absence("", user, START + begin, START + end, stand_in), START
        )
    assert await tickets.directory.absences(START) == []


async def test_members_come_and_go(tickets: Tickets) -> None:
    directory = tickets.directory
    assert (await directory.staff(START)).members("billing") == ("bea", "bo", "hong")
    await directory.remove_member("root", "billing", "bea", START)
    assert (await directory.staff(START)).members("billing") == ("bo", "hong")
    with pytest.raises(NotFound):
        await directory.remove_member("root", "billing", "bea", START)
    with pytest.raises(NotFound):
        await directory.add_member("root", "none", "bea", START)
    with pytest.raises(Invalid):
        await directory.add_member("root", "billing", "nobody", START)
    with pytest.raises(Invalid):
        await directory.put("root", Department("bill ing", "Billing", "营业收费部"), START)
    renamed = await directory.put("root", Department("billing", "Bills", "账单部"), START)
    assert (renamed.label_en, renamed.head) == ("Bills", None)


async def test_a_supervisor_sees_all(tickets: Tickets) -> None:
    ticket = await dispatched(tickets, "billing")
    viewer = await tickets.standing(SUPERVISOR, START)
    assert (await tickets.get(ticket.id, viewer)).id == ticket.id
