"""Whether the clocks of a definition make sense, their escalations included."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from core.definition.source import Path, Problem
from ticketing.workflow.durations import seconds, step
from ticketing.workflow.effects import NOTICES
from ticketing.workflow.model import ESCALATE, Clock, Escalation, FieldType, Target
from ticketing.workflow.values import with_choices

if TYPE_CHECKING:
    from ticketing.workflow.checks import Checker

TIMER = "timer"


def check_clocks(c: Checker) -> Iterator[Problem]:
    """Everything that is wrong with the clocks."""
    if ESCALATE in c.workflow.events:
        message = f"`{ESCALATE}` is what the history says where a clock's step has happened"
        yield c.source.problem(("events", ESCALATE), message, "name the event otherwise")
    for name, clock in c.workflow.clocks.items():
        path: Path = ("clocks", name)
        yield from c.each((*path, "during"), clock.during, "state", c.workflow.states)
        yield from c.each((*path, "pauses"), clock.pauses, "state", c.workflow.states)
        yield from c.each((*path, "stops_on"), clock.stops_on, "event", c.workflow.events)
        yield from c.tests((*path, "never_pauses_when"), clock.never_pauses_when)
        if isinstance(clock.target, Target):
            yield from _by_field(c, path, clock.target)
        if not clock.during:
            yield c.source.problem(path, "this clock never counts", "name states in `during`")
        if clock.cap and not clock.pauses:
            message = "pauses are capped, but no state pauses this clock"
            yield c.source.problem((*path, "cap"), message, "name states in `pauses`, or remove `cap`")
        if clock.until:
            yield from c.known((*path, "until"), clock.until, "field", c.workflow.fields)
            field = c.workflow.fields.get(clock.until)
            if field is not None and field.type is not FieldType.DATE:
                message = f"`{clock.until}` is no date"
                yield c.source.problem((*path, "until"), message, "name a field of the type date")
        for text in _durations(clock):
            try:
                if not seconds(text):
                    yield c.source.problem(path, f"`{text}` is no time at all", "write 1m or more")
            except ValueError as error:
                yield c.source.problem(path, str(error), "write a number and s, m, h or d")
        for at, escalation in enumerate(clock.escalations):
            yield from _escalation(c, (*path, "escalations", at), clock, escalation)
        yield from _twice(c, path, clock)


def _by_field(c: Checker, path: Path, target: Target) -> Iterator[Problem]:
    yield from c.known((*path, "target", "field"), target.field, "field", c.workflow.fields)
    field = c.workflow.fields.get(target.field)
    choices = with_choices(c.workflow, field).choices if field else {}
    for value in target.values if choices else ():
        yield from c.known((*path, "target", "values", value), value, f"choice of `{target.field}`", choices)


def _durations(clock: Clock) -> tuple[str, ...]:
    target = clock.target
    given = (target,) if isinstance(target, str) else (*target.values.values(), target.otherwise)
    return (*given, clock.cap) if clock.cap else given


def _twice(c: Checker, path: Path, clock: Clock) -> Iterator[Problem]:
    seen: set[str] = set()
    for at, escalation in enumerate(clock.escalations):
        if escalation.at in seen:
            message = f"the step {escalation.at} is there twice"
            yield c.source.problem((*path, "escalations", at), message, "put their effects into one")
        seen.add(escalation.at)
    for state in clock.during:
        if state in clock.pauses:
            yield c.source.problem(
                (*path, "pauses"), f"`{state}` counts and pauses", "name it in one of the two"
            )


def _escalation(c: Checker, path: Path, clock: Clock, escalation: Escalation) -> Iterator[Problem]:
    try:
        _, sign, text = step(escalation.at)
        if sign < 0 and isinstance(clock.target, str) and _longer(text, clock.target):
            message = f"`{escalation.at}` comes before the clock has begun: it has {clock.target}"
            yield c.source.problem((*path, "at"), message, "write a step within its time")
    except ValueError as error:
        yield c.source.problem((*path, "at"), str(error), "write a share of the target, or time after it")
    yield from c.each((*path, "effects"), escalation.effects, "effect that tells somebody", NOTICES)
    if not escalation.effects and not escalation.event:
        yield c.source.problem(path, "nothing happens at this step", "name effects or an event")
    if not escalation.event:
        return
    yield from c.known((*path, "event"), escalation.event, "event", c.workflow.events)
    event = c.workflow.events.get(escalation.event)
    if event is None:
        return
    if event.required:
        message = f"`{escalation.event}` asks for {', '.join(event.required)}, which a timer cannot answer"
        yield c.source.problem((*path, "event"), message, "take an event that asks for nothing")
    if not _may(c, clock, escalation.event):
        message = f"no row lets the timer have `{escalation.event}` happen while this clock counts"
        yield c.source.problem((*path, "event"), message, "add `timer` to the roles of such a row")


def _longer(text: str, target: str) -> bool:
    try:
        return seconds(text) >= seconds(target)
    except ValueError:
        return False  # the target's own mistake is told at its place


def _may(c: Checker, clock: Clock, event: str) -> bool:
    states = {*clock.during, *clock.pauses}
    rows = (row for row in c.workflow.table if row.event == event and TIMER in row.roles)
    return any(states.intersection(c.workflow.sources(row)) for row in rows)


def check_calendars(c: Checker, calendars: Collection[str]) -> Iterator[Problem]:
    """Clocks that go by a calendar that there is not."""
    for name, clock in c.workflow.clocks.items():
        yield from c.known(("clocks", name, "calendar"), clock.calendar, "calendar", calendars)
