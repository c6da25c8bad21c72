"""Clocks that escalate of themselves: once each, on both databases, with several servers and through restarts."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from config.files import shipped_calendars
from core.bus import Bus
from core.database import Database
from core.outbox import Relay
from tests.conftest import START, FakeClock
from tests.integration.test_tickets import Others
from tests.unit.ticketing.shipped import AGENT, SHIPPED
from ticketing.calendar_files import calendar_files, calendars_of, load_calendar, read_calendars
from ticketing.catch_up import catch_up
from ticketing.clock_store import clock_row
from ticketing.digest import WINDOW_SECONDS
from ticketing.errors import StaleVersion
from ticketing.messages import NewTicket, Ticket, TicketChanged, TicketNotice
from ticketing.notices import NOTICE_TOPIC, notice_handler
from ticketing.service import Tickets
from ticketing.tables import escalations, ticket_clocks, waiting_notices
from ticketing.timer import Timer
from ticketing.workflow.load import load

ZONE = ZoneInfo("Asia/Shanghai")
HOUR = 3600.0
CALENDARS = calendars_of(read_calendars(calendar_files(shipped_calendars())))
DEFINITION = """\
name: praise
prefix: P
label: {en: Praise, zh: 表扬}
open: {event: receive, to: received, roles: [agent]}
states:
  received: {label: {en: Received, zh: 已受理}}
  asked: {label: {en: Asked, zh: 询问中}}
  late: {label: {en: Late, zh: 已超时}}
  thanked: {label: {en: Thanked, zh: 已致谢}, end: true}
events:
  receive: {label: {en: Receive, zh: 受理}}
  ask: {label: {en: Ask, zh: 询问}}
  told: {label: {en: Told, zh: 已答}}
  overrun: {label: {en: Overrun, zh: 超时}, effects: [tell_leader]}
  thank: {label: {en: Thank, zh: 致谢}}
table:
  - {from: received, event: ask, to: asked, roles: [agent]}
  - {from: asked, event: told, to: received, roles: [agent]}
  - {from: received, event: overrun, to: late, roles: [timer]}
  - {from: any_open, event: thank, to: thanked, roles: [agent]}
clocks:
  thank:
    label: {en: Thank, zh: 致谢}
    target: 10h
    during: [received, late]
    pauses: [asked]
    cap: 2h
    calendar: always
    escalations:
      - {at: 80%, effects: [tell_owner]}
      - {at: 100%, effects: [tell_head], event: overrun}
      - {at: +4h, effects: [tell_head, tell_supervisor]}
"""
WORKFLOW = load(DEFINITION, "praise.yaml")


async def house(db: Database, bus: Bus) -> tuple[Tickets, Timer]:
    tickets = Tickets(db, bus, Others(), ZONE)
    tickets.reckoners = CALENDARS
    await tickets.adopt({"praise": WORKFLOW}, START)
    return tickets, Timer(db, bus, tickets)


@pytest.fixture
async def tickets(db: Database, bus: Bus) -> Tickets:
    made, _ = await house(db, bus)
    return made


@pytest.fixture
def timer(db: Database, bus: Bus, tickets: Tickets) -> Timer:
    return Timer(db, bus, tickets)


async def opened(tickets: Tickets, at: float = START, **given: str) -> Ticket:
    return await tickets.open(AGENT, NewTicket("praise", "Kind fitter", **given), at)  # type: ignore[arg-type]


async def rows(db: Database, table: sa.Table) -> Sequence[sa.RowMapping]:
    async with db.read() as tx:
        return (await tx.execute(sa.select(table))).mappings().all()


async def told(db: Database, bus: Bus, now: float) -> list[TicketNotice]:
    """What has gone out so far."""
    heard: list[TicketNotice] = []
    bus.subscribe(TicketNotice, heard.append)
    await Relay(db, {NOTICE_TOPIC: notice_handler(bus)}, FakeClock(now)).deliver_due()
    return heard


async def test_each_step_happens_once_and_is_written_down(
    tickets: Tickets, timer: Timer, db: Database, bus: Bus
) -> None:
    heard: list[TicketChanged] = []
    bus.subscribe(TicketChanged, heard.append)
    ticket = await opened(tickets)
    steps = [(7.9, 0), (8, 1), (8.1, 0), (10, 1), (10, 0), (13.9, 0), (14, 1), (99, 0)]
    for hours, fired in steps:
        assert await timer.tick(START + hours * HOUR) == fired, hours
    history = await tickets.history(ticket.id)
    assert [(r.event, r.actor, r.to_state, r.data.get("step")) for r in history] == [
        ("receive", "agent", "received", None),
        ("escalate", "timer", "received", "80%"),
        ("overrun", "timer", "late", "100%"),
        ("escalate", "timer", "late", "+4h"),
    ]
    assert (await tickets.verify(ticket.id)).ok
    assert [(c.event, c.actor, c.ticket.version) for c in heard] == [
        ("escalate", "timer", 2),
        ("overrun", "timer", 3),
        ("escalate", "timer", 4),
    ]
    found = {row["step"]: row["due_at"] - START for row in await rows(db, escalations)}
    assert found == {"80%": 8 * HOUR, "100%": 10 * HOUR, "+4h": 14 * HOUR}
    sent = [(n.to, n.event, n.clock, n.step, n.count) for n in await told(db, bus, START + 99 * HOUR)]
    assert sent == [
        ("owner", "escalate", "thank", "80%", 1),
        ("head", "overrun", "thank", "100%", 1),
        ("leader", "overrun", "thank", "100%", 1),
        ("head", "escalate", "thank", "+4h", 1),
        ("supervisor", "escalate", "thank", "+4h", 1),
    ]


async def test_a_closed_ticket_escalates_no_more(tickets: Tickets, timer: Timer, db: Database) -> None:
    ticket = await opened(tickets)
    assert await timer.tick(START + 8 * HOUR) == 1
    await tickets.fire(ticket.id, "thank", AGENT, {}, 2, START + 9 * HOUR)
    assert await timer.tick(START + 99 * HOUR) == 0
    (row,) = await rows(db, ticket_clocks)
    assert (row["state"], row["next_at"], row["due_at"]) == ("stopped", None, None)


@pytest.mark.parametrize("fraction", [0.0, 0.1, 0.3, 0.7])
async def test_the_shipped_ones_are_archived_and_closed_of_themselves(
    db: Database, bus: Bus, fraction: float
) -> None:
    """At the very moment that they are due, whatever the fraction of the second is."""
    tickets, timer = await house(db, bus)
    await tickets.adopt(SHIPPED, START)
    at = START + fraction
    ours = await tickets.open(AGENT, NewTicket("complaint", "Bill"), at)
    await tickets.fire(ours.id, "withdraw", AGENT, {"reason": "Found it"}, 1, at)
    asked = await tickets.open(AGENT, NewTicket("inquiry", "When?"), at)
    await tickets.fire(asked.id, "answer", AGENT, {"answer": "At nine"}, 1, at)
    days = 30 * 24 * HOUR
    await timer.tick(at + days - 1)
    assert (await tickets.get(ours.id)).state == "withdrawn"
    assert (await tickets.get(asked.id)).state == "closed"
    await timer.tick(at + days)
    archived = await tickets.get(ours.id)
    assert (archived.state, archived.closed_at) == ("archived", at)
    assert (await tickets.verify(ours.id)).ok


async def test_a_pause_moves_the_steps_as_far_as_its_cap(
    tickets: Tickets, timer: Timer, db: Database
) -> None:
    ticket = await opened(tickets)
    await tickets.fire(ticket.id, "ask", AGENT, {}, 1, START + 7 * HOUR)
    (row,) = await rows(db, ticket_clocks)
    assert (row["state"], row["next_step"]) == ("paused", "80%")
    # Two hours may it stand still; then it counts again, the ticket's state notwithstanding.
    assert (row["next_at"], row["due_at"]) == (START + 10 * HOUR, START + 12 * HOUR)
    assert await timer.tick(START + 9.9 * HOUR) == 0
    assert await timer.tick(START + 12 * HOUR) == 2
    assert (await tickets.get(ticket.id)).state == "asked"  # where the timer's event is not allowed
    last = (await tickets.history(ticket.id))[-1]
    assert (last.event, last.data["refused"]) == ("escalate", "overrun")
    _, (reading,) = await tickets.clocks(ticket.id, START + 13 * HOUR)
    assert [(i.seconds, i.counted, i.over_cap) for i in reading.intervals] == [
        (7 * HOUR, True, False),
        (0, False, False),
        (4 * HOUR, True, True),
    ]
    assert (reading.elapsed_seconds, reading.overdue) == (11 * HOUR, True)


async def test_what_came_due_while_nobody_ran_happens_afterwards(
    tickets: Tickets, db: Database, bus: Bus
) -> None:
    ticket = await opened(tickets)
    _, later = await house(db, bus)
    assert await later.tick(START + 1000 * HOUR) == 3
    assert [r.data["step"] for r in (await tickets.history(ticket.id))[1:]] == ["80%", "100%", "+4h"]


async def test_what_is_stored_is_what_the_history_says(tickets: Tickets, timer: Timer, db: Database) -> None:
    """The clock that grows by events and the one that is read from all of them agree."""
    ticket = await opened(tickets)
    await tickets.fire(ticket.id, "ask", AGENT, {}, 1, START + HOUR)
    await tickets.fire(ticket.id, "told", AGENT, {}, 2, START + 2 * HOUR)
    await timer.tick(START + 9 * HOUR)
    (row,) = [clock_row(found) for found in await rows(db, ticket_clocks)]
    _, (reading,) = await tickets.clocks(ticket.id, START + 9 * HOUR)
    assert (row.due_at, row.run, row.target_seconds) == (reading.due_at, reading.run, reading.target_seconds)
    assert [tuple(stretch[:3]) for stretch in row.intervals] == [
        (i.start, i.end, i.counted) for i in reading.intervals
    ]
    assert (row.fired, row.next_step, row.next_at) == (["80%"], "100%", START + 11 * HOUR)


async def test_several_for_one_recipient_become_one_notice(
    tickets: Tickets, timer: Timer, db: Database, bus: Bus
) -> None:
    numbers = [(await opened(tickets)).number for _ in range(25)]
    first = START + 10 * HOUR
    await timer.tick(first)
    sent = {n.to: n for n in await told(db, bus, first)}
    assert sent["head"].count == sent["owner"].count == 25
    assert set(sent["head"].numbers) < set(numbers)
    assert len(sent["head"].numbers) == 20


async def test_notices_within_the_window_wait_for_its_end(
    tickets: Tickets, timer: Timer, db: Database, bus: Bus
) -> None:
    calls: list[int] = []
    timer.told = lambda: calls.append(1)
    for minute in range(3):
        await opened(tickets, START + 10 * minute)
    for second in (0, 10, 20):
        assert await timer.tick(START + 8 * HOUR + second) == 1
    assert [n.count for n in await told(db, bus, START + 9 * HOUR)] == [1]
    assert len(await rows(db, waiting_notices)) == 2
    assert len(calls) == 1
    await timer.tick(START + 8 * HOUR + WINDOW_SECONDS)
    assert [n.count for n in await told(db, bus, START + 9 * HOUR)] == [2]


async def test_a_storm_is_braked_and_nothing_is_lost(tickets: Tickets, db: Database, bus: Bus) -> None:
    for _ in range(12):
        await opened(tickets)
    timer = Timer(db, bus, tickets, most=5)
    now = START + 8 * HOUR
    left = []
    for steps in (5, 5, 2, 0):
        assert await timer.tick(now) == steps
        left.append(timer.due)
    assert (left, timer.fired, timer.braked) == ([7, 2, 0, 0], 12, 2)
    assert len(await rows(db, escalations)) == 12


async def test_a_reminder_does_not_make_a_form_stale(tickets: Tickets, timer: Timer) -> None:
    ticket = await opened(tickets)
    assert await timer.tick(START + 8 * HOUR) == 1
    asked = await tickets.fire(ticket.id, "ask", AGENT, {}, 1, START + 8.5 * HOUR)
    assert (asked.version, asked.state) == (3, "asked")
    assert (await tickets.verify(ticket.id)).ok
    for version in (0, 1, 2, -1, 4):
        with pytest.raises(StaleVersion):
            await tickets.fire(ticket.id, "told", AGENT, {}, version, START + 9 * HOUR)


async def test_what_the_timer_moved_is_news(tickets: Tickets, timer: Timer) -> None:
    ticket = await opened(tickets)
    assert await timer.tick(START + 10 * HOUR) == 2
    with pytest.raises(StaleVersion):
        await tickets.fire(ticket.id, "thank", AGENT, {}, 2, START + 10 * HOUR)


async def test_an_agent_and_the_timer_at_the_same_ticket(tickets: Tickets, timer: Timer) -> None:
    ticket = await opened(tickets)
    now = START + 8 * HOUR
    results = await asyncio.gather(
        timer.tick(now), tickets.fire(ticket.id, "ask", AGENT, {}, 1, now), return_exceptions=True
    )
    # Who came second was told (the agent) or came back to it (the timer); the history is whole either way.
    assert await timer.tick(now + 3 * HOUR) >= 0
    assert (await tickets.verify(ticket.id)).ok, results
    steps = [r.data.get("step") for r in await tickets.history(ticket.id) if r.actor == "timer"]
    assert steps.count("80%") == 1


def working(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE).timestamp()


async def test_working_time_skips_the_week_end(db: Database, bus: Bus) -> None:
    definition = DEFINITION.replace("calendar: always", "calendar: working")
    tickets, timer = await house(db, bus)
    await tickets.adopt({"praise": load(definition, "x")}, START)
    await opened(tickets, working("2026-01-30 14:30"))  # a Friday
    due = working("2026-02-02 17:30")
    (row,) = await rows(db, ticket_clocks)
    assert (row["due_at"], row["calendar"]) == (due, "working")
    assert row["basis"] == CALENDARS["working"].basis
    assert await timer.tick(due - 2 * HOUR - 1) == 0
    assert await timer.tick(due - 2 * HOUR) == 1


async def test_another_calendar_moves_what_is_due_and_loses_nothing(db: Database, bus: Bus) -> None:
    definition = DEFINITION.replace("calendar: always", "calendar: working")
    tickets, timer = await house(db, bus)
    await tickets.adopt({"praise": load(definition, "x")}, START)
    ticket = await opened(tickets, working("2026-01-30 14:30"))
    assert await timer.tick(working("2026-02-02 16:00")) == 1
    # The house now closes at five, and its days are an hour shorter than they were.
    text = calendar_files(shipped_calendars())[0].read_text("utf-8").replace("13:30-17:30", "13:30-16:30")
    tickets.reckoners = calendars_of({"default": load_calendar(text, "x")})
    assert await catch_up(db, tickets) == 1
    assert await catch_up(db, tickets) == 0
    (row,) = [clock_row(found) for found in await rows(db, ticket_clocks)]
    assert (row.fired, row.next_step) == (["80%"], "100%")
    assert row.due_at == row.next_at == working("2026-02-03 10:30") + HOUR - 0.5 * HOUR
    assert (await tickets.history(ticket.id))[-1].data["step"] == "80%"


async def test_tickets_from_before_the_timer_get_their_clocks(
    tickets: Tickets, timer: Timer, db: Database
) -> None:
    for _ in range(3):
        await opened(tickets)
    closed = await opened(tickets)
    await tickets.fire(closed.id, "thank", AGENT, {}, 1, START + 1)
    before = await rows(db, ticket_clocks)
    async with db.begin() as tx:
        await tx.execute(sa.delete(ticket_clocks))
    assert await catch_up(db, tickets) == 3
    again = {row["ticket_id"]: row for row in await rows(db, ticket_clocks)}
    assert again == {row["ticket_id"]: row for row in before if row["ticket_id"] != closed.id}
    assert await timer.tick(START + 8 * HOUR) == 3
