"""What a ticket's history says about its clocks: which interval counted, which did not, and why. Pure.

A clock of the calendar `always` is reckoned in full. One in working time needs a calendar to be reckoned by; until
there is one its elapsed and due time are None rather than a guess.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

import msgspec

from ticketing.messages import Actor, HistoryRow, Ticket
from ticketing.workflow.durations import seconds
from ticketing.workflow.guards import holds, situation
from ticketing.workflow.model import Clock, Target, Workflow


class ClockState(Enum):
    NOT_STARTED = "not_started"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"


class Interval(msgspec.Struct, frozen=True):
    """A stretch of a run; `end` is None while it lasts. `reason` is the state the ticket was in."""

    start: float
    end: float | None
    counted: bool
    reason: str


class Reading(msgspec.Struct, frozen=True):
    """A clock as it stands; of a clock that ran several times, the last run. `due_at` is epoch seconds."""

    name: str
    state: ClockState
    target_seconds: int
    calendar: str
    intervals: tuple[Interval, ...] = ()
    elapsed_seconds: float | None = None
    due_at: float | None = None


def readings(workflow: Workflow, ticket: Ticket, history: Sequence[HistoryRow], now: float) -> list[Reading]:
    """Every clock of the definition, read from the ticket's history."""
    return [_read(workflow, ticket, name, clock, history, now) for name, clock in workflow.clocks.items()]


def _read(  # noqa: PLR0913, PLR0917  # the definition, the facts and the time
    workflow: Workflow, ticket: Ticket, name: str, clock: Clock, history: Sequence[HistoryRow], now: float
) -> Reading:
    run = _last_run(workflow, ticket, clock, history)
    target = _target(ticket, clock)
    reading = Reading(name, _state(run), target, clock.calendar, tuple(run))
    if not run or clock.calendar != "always":
        return reading
    elapsed = sum((i.end or now) - i.start for i in run if i.counted)
    last = run[-1]
    due = (last.start if last.counted else now) + target - _counted_before(run) if last.end is None else None
    due = due if last.counted else None  # while it stands still nobody can say when it will be due
    return msgspec.structs.replace(reading, elapsed_seconds=elapsed, due_at=due)


def _counted_before(run: Sequence[Interval]) -> float:
    return sum(i.end - i.start for i in run if i.counted and i.end is not None)


def _state(run: Sequence[Interval]) -> ClockState:
    if not run:
        return ClockState.NOT_STARTED
    if run[-1].end is not None:
        return ClockState.STOPPED
    return ClockState.RUNNING if run[-1].counted else ClockState.PAUSED


def _last_run(
    workflow: Workflow, ticket: Ticket, clock: Clock, history: Sequence[HistoryRow]
) -> list[Interval]:
    run: list[Interval] = []
    for row in history:
        running = bool(run) and run[-1].end is None
        stopped = row.event in clock.stops_on
        if row.to_state == row.from_state and not stopped:
            continue
        if running:
            run[-1] = msgspec.structs.replace(run[-1], end=row.at)
        counts = row.to_state in clock.during
        rests = row.to_state in clock.pauses and running
        if stopped or not (counts or rests):
            continue
        if not running:
            run = []
        counted = counts or _never_pauses(workflow, ticket, clock)
        run.append(Interval(row.at, None, counted, row.to_state))
    return run


def _never_pauses(workflow: Workflow, ticket: Ticket, clock: Clock) -> bool:
    at = situation(ticket, Actor("system"), {}, ticket.updated_at)
    tests = clock.never_pauses_when
    return bool(tests) and all(holds(test, at, workflow.guards) for test in tests)


def _target(ticket: Ticket, clock: Clock) -> int:
    """The target in seconds; a working day counts as eight hours of them."""
    text = clock.target
    if isinstance(text, Target):
        text = text.values.get(str(ticket.fields.get(text.field)), text.otherwise)
    whole = seconds(text)
    days, rest = divmod(whole, 86400)
    return whole if clock.calendar == "always" else days * 8 * 3600 + rest
