"""What a history says about its clocks, interval by interval."""

from tests.unit.ticketing.shipped import AT, COMPLAINT, REPAIR, opened
from ticketing.clocks import ClockState, Reading, readings
from ticketing.messages import HistoryRow, Ticket
from ticketing.workflow.model import Workflow

HOUR = 3600.0


def read(
    workflow: Workflow, ticket: Ticket, now: float, *steps: tuple[float, str, str]
) -> dict[str, Reading]:
    """The clocks by name after steps of (time, event, state)."""
    rows, state = [], None
    for seq, (at, event, to) in enumerate(steps, start=1):
        rows.append(HistoryRow(seq, at, event, "x", state, to, {}, seq, "", ""))
        state = to
    return {reading.name: reading for reading in readings(workflow, ticket, rows, now)}


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
    assert (clock.target_seconds, clock.due_at) == (2 * HOUR, AT + 30 + 2 * HOUR)


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
