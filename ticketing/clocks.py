"""A ticket's clocks: which stretch of a run counted, which did not, why, and when it is due. Pure.

A run is a list of stretches that grows by one event at a time, so that the same function serves the event that
happens now and a history that is read again. Nothing that has counted is lost when a target or a calendar changes:
the stretches stay and are reckoned anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from enum import Enum
from typing import Any

import msgspec
from msgspec.structs import replace

from ticketing.calendar import ALWAYS, Reckoner
from ticketing.messages import Actor, HistoryRow, Ticket
from ticketing.workflow.durations import days_and_seconds
from ticketing.workflow.guards import holds, situation
from ticketing.workflow.model import TAKE_OVER, Clock, Target, Workflow

Reckoners = Mapping[str, Reckoner]
ONLY_ALWAYS: Reckoners = {"always": ALWAYS}
"""Where no working calendar is at hand: working time is then shown without figures rather than guessed."""


class ClockState(Enum):
    NOT_STARTED = "not_started"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"


class Stretch(msgspec.Struct, frozen=True, array_like=True):
    """A part of a run as events made it; `end` is None while it lasts. `reason` is the state the ticket was in."""

    start: float
    end: float | None
    counted: bool
    reason: str


class Run(msgspec.Struct, frozen=True):
    """The clock from where it began to where it ended; `number` counts from 1."""

    number: int
    stretches: tuple[Stretch, ...]

    @property
    def live(self) -> bool:
        return self.stretches[-1].end is None


class Interval(msgspec.Struct, frozen=True):
    """A stretch as it is reckoned. `seconds` is what of it counts, None where no calendar is at hand.

    `over_cap`: the ticket was in a state that pauses, but the pauses had lasted as long as they may.
    """

    start: float
    end: float | None
    counted: bool
    reason: str
    seconds: float | None = None
    over_cap: bool = False


class Reading(msgspec.Struct, frozen=True):
    """A clock as it stands; of a clock that ran several times, the last run.

    `due_at` (epoch seconds) is None while nobody can say: it stands still without a cap, or stopped in time. With a
    cap it is the latest moment. `unknown_years` are years on the way whose holidays are not known.
    """

    name: str
    state: ClockState
    target_seconds: int
    calendar: str
    intervals: tuple[Interval, ...] = ()
    elapsed_seconds: float | None = None
    due_at: float | None = None
    run: int = 0
    overdue: bool = False
    unknown_years: tuple[int, ...] = ()


def readings(
    workflow: Workflow,
    ticket: Ticket,
    history: Sequence[HistoryRow],
    now: float,
    reckoners: Reckoners = ONLY_ALWAYS,
) -> list[Reading]:
    """Every clock of the definition, read from the ticket's history."""
    runs = runs_of(workflow, ticket, history)
    return [
        read(ticket, name, clock, runs.get(name), now, reckoners) for name, clock in workflow.clocks.items()
    ]


def runs_of(workflow: Workflow, ticket: Ticket, history: Sequence[HistoryRow]) -> dict[str, Run]:
    """The last run of each clock that has begun."""
    runs: dict[str, Run] = {}
    for row, then in zip(history, _as_it_was(workflow, ticket, history), strict=True):
        for name, clock in workflow.clocks.items():
            run = advance(workflow, clock, runs.get(name), row, then)
            if run is not None:
                runs[name] = run
    return runs


def advance(workflow: Workflow, clock: Clock, run: Run | None, row: HistoryRow, ticket: Ticket) -> Run | None:
    """The run after an event that led to `ticket`; the very same one where the event does not matter to it."""
    stopped = row.event in clock.stops_on
    if run is not None and run.live:
        return _gone_on(workflow, clock, run, row, ticket, stopped)
    # A run that was stopped stays so until the ticket comes from elsewhere.
    inside = clock.during if run is None else (*clock.during, *clock.pauses)
    stays = row.from_state in inside and not (run is None and row.event == TAKE_OVER)
    if stopped or row.to_state not in clock.during or stays:
        return run
    return Run(1 if run is None else run.number + 1, (Stretch(row.at, None, True, row.to_state),))


def _gone_on(  # noqa: PLR0913, PLR0917  # the run, the event and what it led to
    workflow: Workflow, clock: Clock, run: Run, row: HistoryRow, ticket: Ticket, stopped: bool
) -> Run:
    last = run.stretches[-1]
    ended = (*run.stretches[:-1], replace(last, end=row.at))
    rests = row.to_state in clock.pauses
    if stopped or not (rests or row.to_state in clock.during):
        return replace(run, stretches=ended)
    counted = not rests or _never_pauses(workflow, ticket, clock)
    if row.to_state == row.from_state and counted == last.counted:
        return run
    return replace(run, stretches=(*ended, Stretch(row.at, None, counted, row.to_state)))


def _never_pauses(workflow: Workflow, ticket: Ticket, clock: Clock) -> bool:
    at = situation(ticket, Actor("system"), {}, ticket.updated_at)
    tests = clock.never_pauses_when
    return bool(tests) and all(holds(test, at, workflow.guards) for test in tests)


def _as_it_was(workflow: Workflow, ticket: Ticket, history: Sequence[HistoryRow]) -> list[Ticket]:
    """The ticket after each row, as far as the rows tell: a value that no row brought was always there."""
    brought = {name for row in history for name in row.data}
    fields = {name: value for name, value in ticket.fields.items() if name not in brought}
    found, then = [], ticket
    for row in history:
        columns: dict[str, Any] = {}
        for name, value in row.data.items():
            field = workflow.fields.get(name)
            if field is not None and field.sets:
                columns[field.sets] = value
            elif field is not None and field.keep:
                fields = {**fields, name: value}
        then = replace(then, fields=fields, updated_at=row.at, state=row.to_state, **columns)
        found.append(then)
    return found


def read(  # noqa: PLR0913, PLR0917  # the clock, its run, and what it is reckoned by
    ticket: Ticket, name: str, clock: Clock, run: Run | None, now: float, reckoners: Reckoners
) -> Reading:
    """The clock as it stands now."""
    reckoner = reckoners.get(clock.calendar)
    if run is None:
        target = target_of(ticket, clock, reckoner)
        return Reading(name, ClockState.NOT_STARTED, target, clock.calendar)
    if reckoner is None:
        bare = tuple(Interval(s.start, s.end, s.counted, s.reason) for s in run.stretches)
        target = target_of(ticket, clock, reckoner)
        return Reading(name, _state(run, bare), target, clock.calendar, bare, run=run.number)
    whole = intervals(clock, run, reckoner)
    target = extended(ticket, clock, whole, reckoner)
    shown = tuple(_until(i, now, reckoner) for i in whole if i.start <= now) or (
        _until(whole[0], now, reckoner),
    )
    due = moment(whole, target, reckoner)
    return Reading(
        name,
        _state(run, shown),
        target,
        clock.calendar,
        shown,
        elapsed_seconds=sum(i.seconds or 0.0 for i in shown),
        due_at=due,
        run=run.number,
        overdue=due is not None and due < (run.stretches[-1].end or now),
        unknown_years=reckoner.unknown_years(
            whole[0].start, due or whole[-1].end or max(now, whole[-1].start)
        ),
    )


def _until(interval: Interval, now: float, reckoner: Reckoner) -> Interval:
    """The interval with what has counted of it so far; one that lasts or ends later lasts still."""
    end = None if interval.end is None or interval.end > now else interval.end
    counted = (
        reckoner.working_seconds(interval.start, now if end is None else end) if interval.counted else 0.0
    )
    return replace(interval, end=end, seconds=counted)


def intervals(clock: Clock, run: Run, reckoner: Reckoner) -> list[Interval]:
    """The stretches, pauses cut where their cap is reached; the last one may begin in the future."""
    left: float | None = span(clock.cap, reckoner) if clock.cap else None
    found: list[Interval] = []
    for s in run.stretches:
        if s.counted or left is None:
            found.append(Interval(s.start, s.end, s.counted, s.reason))
            continue
        reached = reckoner.due(s.start, left)
        if s.end is not None and s.end <= reached:
            left -= reckoner.working_seconds(s.start, s.end)
            found.append(Interval(s.start, s.end, False, s.reason))
            continue
        left = 0
        if reached > s.start:
            found.append(Interval(s.start, reached, False, s.reason))
        found.append(Interval(reached, s.end, True, s.reason, over_cap=True))
    return found


def moment(whole: Sequence[Interval], seconds: float, reckoner: Reckoner) -> float | None:
    """When so much has counted over these intervals; None where it never will as things stand."""
    for interval in whole:
        if not interval.counted:
            continue
        if interval.end is None:
            return reckoner.due(interval.start, seconds)
        counted = reckoner.working_seconds(interval.start, interval.end)
        if counted >= seconds:
            return reckoner.due(interval.start, seconds)
        seconds -= counted
    return None


def _state(run: Run, shown: Sequence[Interval]) -> ClockState:
    if not run.live:
        return ClockState.STOPPED
    return ClockState.RUNNING if shown[-1].counted else ClockState.PAUSED


def span(text: str, reckoner: Reckoner | None) -> int:
    """A duration of a definition in seconds; a day is one of the calendar (24 hours where there is none)."""
    days, rest = days_and_seconds(text)
    return days * (reckoner or ALWAYS).day_seconds + rest


def target_of(ticket: Ticket, clock: Clock, reckoner: Reckoner | None) -> int:
    """The target in seconds, by the ticket's fields as they are now."""
    text = clock.target
    if isinstance(text, Target):
        text = text.values.get(str(ticket.fields.get(text.field)), text.otherwise)
    return span(text, reckoner)


def extended(ticket: Ticket, clock: Clock, whole: Sequence[Interval], reckoner: Reckoner) -> int:
    """The target, or as much more as counts until the end of the day that the clock was put off to."""
    target = target_of(ticket, clock, reckoner)
    try:
        end = reckoner.end_of(date.fromisoformat(str(ticket.fields.get(clock.until, ""))))
    except ValueError:
        return target
    counted = sum(
        reckoner.working_seconds(i.start, end if i.end is None else min(i.end, end))
        for i in whole
        if i.counted
    )
    return max(target, int(counted))
