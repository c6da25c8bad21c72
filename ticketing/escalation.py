"""Which step of a clock comes next, and what it does to a ticket. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from ticketing.calendar import Reckoner
from ticketing.clocks import Reckoners, Run, extended, intervals, moment, read, span
from ticketing.messages import Actor, Ticket
from ticketing.workflow.decide import Outcome, decide
from ticketing.workflow.durations import step as step_of
from ticketing.workflow.model import ESCALATE, Clock, Escalation, Workflow

TIMER = Actor("timer", frozenset({"timer"}))


class ClockRow(msgspec.Struct, frozen=True):
    """A clock as it is stored: its run, when it is due, the steps it has had, and the next one."""

    ticket_id: str
    name: str
    run: int
    state: str
    calendar: str
    basis: str
    target_seconds: int
    intervals: list[Any]
    fired: list[str]
    due_at: float | None
    next_step: str | None
    next_at: float | None


def seconds_until(at: str, target: int, reckoner: Reckoner | None) -> float:
    """How much has to count before a step (80%, +4h, -30m) comes; ValueError where the text is none."""
    share, sign, more = step_of(at)
    return max(target * share / 100 + sign * (span(more, reckoner) if more else 0), 0.0)


def stored(  # noqa: PLR0913, PLR0917  # the clock, its run and what it is reckoned by
    ticket: Ticket, name: str, clock: Clock, run: Run, fired: list[str], reckoners: Reckoners
) -> ClockRow:
    """The clock's row after an event; `fired` are the steps that this run has had."""
    reckoner = reckoners.get(clock.calendar)
    reading = read(ticket, name, clock, run, ticket.updated_at, reckoners)
    step = next_step(ticket, clock, run, fired, reckoner)
    return ClockRow(
        ticket_id=ticket.id,
        name=name,
        run=run.number,
        state=reading.state.value,
        calendar=clock.calendar,
        basis=reckoner.basis if reckoner else "",
        target_seconds=reading.target_seconds,
        intervals=msgspec.to_builtins(run.stretches),
        fired=fired,
        due_at=reading.due_at,
        next_step=step[0] if step else None,
        next_at=step[1] if step else None,
    )


def run_of(row: ClockRow) -> Run:
    """The run that a row keeps."""
    return msgspec.convert({"number": row.run, "stretches": row.intervals}, Run)


def next_step(
    ticket: Ticket, clock: Clock, run: Run, fired: list[str], reckoner: Reckoner | None
) -> tuple[str, float] | None:
    """The step that comes next and when; None where none is left, the run has ended, or nobody can say."""
    if reckoner is None or not run.live:
        return None
    whole = intervals(clock, run, reckoner)
    target = extended(ticket, clock, whole, reckoner)
    found = []
    for step in clock.escalations:
        if step.at not in fired:
            after = seconds_until(step.at, target, reckoner)
            at = moment(whole, after, reckoner)
            if at is not None:
                found.append((at, after, step.at))
    return (min(found)[2], min(found)[0]) if found else None


def escalate(
    workflow: Workflow, ticket: Ticket, row: ClockRow, now: float, due: Mapping[str, float | None]
) -> Outcome | None:
    """What the row's next step does to the ticket; None where the definition has no such step (any more). `due` is
    when each of the ticket's clocks is due.

    A step's event goes through the same `decide` as everybody's. Where that refuses it the step still happens: its
    row of the history says that the event was refused.
    """
    clock = workflow.clocks.get(row.name)
    step = next((one for one in clock.escalations if one.at == row.next_step), None) if clock else None
    if step is None:
        return None
    told = tuple(effect.removeprefix("tell_") for effect in step.effects)
    why: dict[str, Any] = {"clock": row.name, "step": step.at, "run": row.run}
    if step.event:
        outcome = _by_event(workflow, ticket, step, now, due)
        if outcome is not None:
            notices = tuple(dict.fromkeys((*outcome.notices, *told)))
            return replace(outcome, data={**outcome.data, **why}, notices=notices)
        why = {**why, "refused": step.event}
    after = replace(ticket, version=ticket.version + 1, updated_at=now)
    return Outcome(after, ESCALATE, ticket.state, why, tuple(dict.fromkeys(told)))


def _by_event(
    workflow: Workflow, ticket: Ticket, step: Escalation, now: float, due: Mapping[str, float | None]
) -> Outcome | None:
    decision = decide(workflow, ticket, step.event, TIMER, {}, now, due)
    return decision if isinstance(decision, Outcome) else None


def with_fired(row: ClockRow) -> ClockRow:
    """The row with its next step among those that it has had."""
    return replace(row, fired=[*row.fired, row.next_step or ""])


def fired_of(row: ClockRow | None, run: Run) -> list[str]:
    """The steps that this run has had; a new run begins without any."""
    return list(row.fired) if row is not None and row.run == run.number else []
