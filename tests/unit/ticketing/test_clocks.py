"""What a history says about its clocks, interval by interval."""

from datetime import datetime
from zoneinfo import ZoneInfo

from config.files import shipped_calendars
from tests.unit.ticketing.shipped import AT, COMPLAINT, REPAIR, opened
from ticketing.calendar_files import calendar_files, calendars_of, read_calendars
from ticketing.clocks import ONLY_ALWAYS, ClockState, Reading, Reckoners, readings
from ticketing.messages import HistoryRow, Ticket
from ticketing.workflow.model import Workflow

HOUR = 3600.0
BY = calendars_of(read_calendars(calendar_files(shipped_calendars())))


def cn(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Asia/Shanghai")).timestamp()


def read(
    workflow: Workflow,
    ticket: Ticket,
    now: float,
    *steps: tuple[float, str, str],
    by: Reckoners = ONLY_ALWAYS,
) -> dict[str, Reading]:
    """The clocks by name after steps of (time, event, state)."""
    rows, state = [], None
    for seq, (at, event, to) in enumerate(steps, start=1):
        rows.append(HistoryRow(seq, at, event, "x", state, to, {}, seq, "", ""))
        state = to
    return {reading.name: reading for reading in readings(workflow, ticket, rows, now, by)}


def spans(reading: Reading) -> list[tuple[float, float | None, bool, str]]:
    return [
        (i.start - AT, None if i.end is None else i.end - AT, i.counted, i.reason) for i in reading.intervals
    ]


ON_SITE = ((AT, "arrive", "on_site"), (AT + HOUR, "make_safe", "made_safe"))


def test_a_pause_moves_the_due_time() -> None:
    steps = (
        *ON_SITE,
        (AT + 2 * HOUR, "wait_parts", "waiting_parts"),
        (AT + 5 * HOUR, "parts_here", "repairing"),
    )
    clock = read(REPAIR, opened(REPAIR), AT + 6 * HOUR, *steps)["restore"]
    assert spans(clock) == [
        (0, HOUR, True, "on_site"),
        (HOUR, 2 * HOUR, True, "made_safe"),
        (2 * HOUR, 5 * HOUR, False, "waiting_parts"),
        (5 * HOUR, None, True, "repairing"),
    ]
    assert (clock.state, clock.elapsed_seconds) == (ClockState.RUNNING, 3 * HOUR)
    assert clock.due_at == AT + 27 * HOUR


def test_while_it_stands_still_nothing_is_due() -> None:
    steps = (*ON_SITE, (AT + 2 * HOUR, "wait_parts", "waiting_parts"))
    clock = read(REPAIR, opened(REPAIR), AT + 9 * HOUR, *steps)["restore"]
    assert (clock.state, clock.elapsed_seconds, clock.due_at) == (ClockState.PAUSED, 2 * HOUR, None)


def test_an_emergency_never_pauses() -> None:
    ticket = opened(REPAIR)
    ticket.fields["urgency"] = "emergency"
    steps = (*ON_SITE, (AT + 2 * HOUR, "wait_parts", "waiting_parts"))
    clock = read(REPAIR, ticket, AT + 9 * HOUR, *steps)["restore"]
    assert (clock.state, clock.elapsed_seconds, clock.due_at) == (
        ClockState.RUNNING,
        9 * HOUR,
        AT + 24 * HOUR,
    )


def test_the_target_goes_by_the_area() -> None:
    ticket = opened(REPAIR, fields={"area": "remote"})
    clock = read(REPAIR, ticket, AT + 60, (AT, "report", "reported"), (AT + 30, "triage", "triaged"))[
        "arrive"
    ]
    assert (clock.target_seconds, clock.due_at) == (2 * HOUR, AT + 2 * HOUR)


def test_a_clock_that_stops_stays_stopped_until_it_begins_anew() -> None:
    begin = (
        (AT, "sign", "handling"),
        (AT + HOUR, "contact", "handling"),
        (AT + 2 * HOUR, "comment", "handling"),
    )
    clock = read(COMPLAINT, opened(COMPLAINT), AT + 9 * HOUR, *begin)["contact"]
    assert (clock.state, clock.elapsed_seconds) == (ClockState.STOPPED, HOUR)
    again = (*begin, (AT + 3 * HOUR, "reply", "callback_due"), (AT + 4 * HOUR, "dissatisfied", "handling"))
    clock = read(COMPLAINT, opened(COMPLAINT), AT + 5 * HOUR, *again)["contact"]
    assert spans(clock) == [(4 * HOUR, None, True, "handling")]


def test_working_time_is_not_guessed() -> None:
    clock = read(COMPLAINT, opened(COMPLAINT), AT + HOUR, (AT, "register", "registered"))["assess"]
    assert (clock.state, clock.elapsed_seconds, clock.due_at) == (ClockState.RUNNING, None, None)
    assert read(COMPLAINT, opened(COMPLAINT), AT)["handle"].state is ClockState.NOT_STARTED


def test_working_time_by_the_shipped_calendar() -> None:
    clock = read(COMPLAINT, opened(COMPLAINT), cn("2026-02-02 10:00"), (AT, "register", "registered"), by=BY)
    # AT is a Saturday afternoon: nothing counts until Monday at nine.
    assert (clock["assess"].elapsed_seconds, clock["assess"].due_at) == (HOUR, cn("2026-02-02 11:00"))
    assert clock["assess"].unknown_years == ()


DISPATCHED = cn("2026-02-02 09:00")  # a Monday, two weeks before the Spring Festival


def test_a_pause_counts_again_beyond_its_cap() -> None:
    steps = (
        (DISPATCHED, "dispatch", "dispatched"),
        (cn("2026-02-03 09:00"), "wait", "waiting_customer"),  # one day was counted
        (cn("2026-02-04 09:00"), "resume", "handling"),  # one of the five days of pause is used up
        (cn("2026-02-05 09:00"), "wait", "waiting_customer"),
    )
    clock = read(COMPLAINT, opened(COMPLAINT), cn("2026-02-12 09:00"), *steps, by=BY)["handle"]
    # Four days more may it stand still: to Tuesday evening. Then it counts, whatever the state.
    assert [(i.counted, i.over_cap, i.seconds) for i in clock.intervals] == [
        (True, False, 7 * HOUR),
        (False, False, 0),
        (True, False, 7 * HOUR),
        (False, False, 0),
        (True, True, 7 * HOUR),
    ]
    assert clock.intervals[-1].start == cn("2026-02-10 17:30")
    assert (clock.state, clock.elapsed_seconds, clock.overdue) == (ClockState.RUNNING, 21 * HOUR, False)
    # Four days are left: 12, 13, 14 (a Saturday that is made up) and, after the festival, 24 February.
    assert clock.due_at == cn("2026-02-24 17:30")


def test_an_extension_puts_the_due_time_off_and_keeps_what_was_counted() -> None:
    ticket = opened(COMPLAINT)
    steps = ((DISPATCHED, "dispatch", "dispatched"), (cn("2026-02-03 09:00"), "sign", "handling"))
    now = cn("2026-02-04 09:00")
    before = read(COMPLAINT, ticket, now, *steps, by=BY)["handle"]
    assert before.due_at == cn("2026-02-10 17:30")
    ticket.fields["extended_until"] = "2026-02-13"
    after = read(COMPLAINT, ticket, now, *steps, by=BY)["handle"]
    assert (after.due_at, after.target_seconds) == (cn("2026-02-13 17:30"), 10 * 7 * HOUR)
    assert after.elapsed_seconds == before.elapsed_seconds == 14 * HOUR
    ticket.fields["extended_until"] = "2026-02-05"  # sooner than it is due anyway
    assert read(COMPLAINT, ticket, now, *steps, by=BY)["handle"].due_at == before.due_at


def test_what_stopped_stays_so_over_a_pause() -> None:
    steps = (
        (AT, "sign", "handling"),
        (AT + HOUR, "wait", "waiting_customer"),
        (AT + 2 * HOUR, "resume", "handling"),
    )
    clock = read(COMPLAINT, opened(COMPLAINT), AT + 9 * HOUR, *steps)["contact"]
    assert (clock.state, clock.elapsed_seconds, clock.run) == (ClockState.STOPPED, HOUR, 1)


def test_an_emergency_from_now_on_does_not_undo_the_pause_before() -> None:
    ticket = opened(REPAIR)
    rows, state = [], None
    for seq, (at, event, to, data) in enumerate(
        (
            (AT, "arrive", "on_site", {"urgency": "normal"}),
            (AT + HOUR, "wait_parts", "waiting_parts", {}),
            (AT + 3 * HOUR, "triage", "waiting_parts", {"urgency": "emergency"}),
        ),
        start=1,
    ):
        rows.append(HistoryRow(seq, at, event, "x", state, to, data, seq, "", ""))
        state = to
    ticket.fields["urgency"] = "emergency"
    (clock,) = [r for r in readings(REPAIR, ticket, rows, AT + 4 * HOUR) if r.name == "restore"]
    assert [(i.counted, i.seconds) for i in clock.intervals] == [(True, HOUR), (False, 0), (True, HOUR)]
