"""What may be done with a ticket next, in the order in which people do it, and for whom it waits. Pure.

The steps of a state are those that the definition writes for this state alone: they stand first, the one that leads
furthest in front. What is possible in several states (an urge, a link, an emergency) stands apart from them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec
from msgspec.structs import replace

from core.definition.label import Label
from ticketing.messages import Actor, Ticket
from ticketing.staff import own_names
from ticketing.views import EventView, FieldView, event_view
from ticketing.workflow.decide import Trial, row_for, trials
from ticketing.workflow.guards import NOTHING_DUE, counted_events
from ticketing.workflow.model import ANY_OPEN, MACHINES, STAY, Row, Workflow

OWNERS = "department"
"""The role whose people take tickets over."""


class Action(msgspec.Struct, frozen=True):
    """An event with its form, where it leads (the state's label, empty where it stays) and who is told of it."""

    view: EventView
    to: str
    tells: tuple[str, ...] = ()

    def with_fields(self, change: Callable[[FieldView], FieldView]) -> Action:
        """The same with each field of its form changed."""
        fields = tuple(change(one) for one in self.view.fields)
        return replace(self, view=replace(self.view, fields=fields))


class Barred(msgspec.Struct, frozen=True):
    """An event that the actor's role has, and the condition in its way, in the words of the definition."""

    label: str
    why: str


class Wait(msgspec.Struct, frozen=True):
    """Whom a ticket waits for (the role that its rows name first), with what that one can do."""

    role: str
    labels: tuple[str, ...]


class NextSteps(msgspec.Struct, frozen=True):
    """`leads`: the first of the steps is what this ticket waits for, and the actor may do it."""

    steps: tuple[Action, ...] = ()
    side: tuple[Action, ...] = ()
    barred: tuple[Barred, ...] = ()
    waits: tuple[Wait, ...] = ()
    leads: bool = False

    @property
    def actions(self) -> tuple[Action, ...]:
        return (*self.steps, *self.side)


def next_steps(  # noqa: PLR0913, PLR0917  # what `trials` looks at, and the language
    workflow: Workflow,
    ticket: Ticket,
    actor: Actor,
    now: float,
    due: Mapping[str, float | None] = NOTHING_DUE,
    language: str = "en",
) -> NextSteps:
    """The next steps of this actor, with labels in `language`."""
    tried = trials(workflow, ticket, actor, now, due)
    free = [trial.row for trial in tried if trial.refusal is None]
    steps = sorted((r for r in free if _is_step(workflow, r)), key=lambda r: _rank(workflow, ticket, r))
    return NextSteps(
        steps=tuple(_action(workflow, ticket, row, language) for row in steps),
        side=tuple(_action(workflow, ticket, r, language) for r in free if not _is_step(workflow, r)),
        barred=tuple(_barred(workflow, trial, language) for trial in tried if trial.refusal),
        waits=_waits(workflow, ticket, actor, now, language),
        leads=bool(steps) and _is_turn(workflow, ticket, steps[0], actor),
    )


def turns(workflow: Workflow, state: str) -> tuple[Row, ...]:
    """The rows by which a ticket is meant to leave this state: those that are written for the fewest states. None in
    an end, which nobody is waited for in."""
    if workflow.states[state].end:
        return ()
    leaving = [row for row in workflow.rows(state) if row.from_ != ANY_OPEN and row.to not in (STAY, state)]
    least = min((len(workflow.sources(row)) for row in leaving), default=0)
    return tuple(row for row in leaving if len(workflow.sources(row)) == least)


def turns_of(workflow: Workflow, roles: frozenset[str]) -> tuple[str, ...]:
    """The states in which a ticket waits for one of these roles: the first that a row names; others may help out."""
    return tuple(
        name for name in workflow.states if any(row.roles[0] in roles for row in turns(workflow, name))
    )


def counted(workflow: Workflow, ticket: Ticket, language: str) -> list[tuple[str, int]]:
    """How often that has happened which the definition counts (urged, returned, not reached), by label."""
    tests = [test for row in workflow.table for test in (*row.when, *row.guards)]
    tests += [guard.test for guard in workflow.guards.values()]
    names = {name for test in tests for name in counted_events(test)}
    return [
        (event.label.text(language), ticket.counts[name])
        for name, event in workflow.events.items()
        if name in names and ticket.counts.get(name)
    ]


def _is_turn(workflow: Workflow, ticket: Ticket, row: Row, actor: Actor) -> bool:
    """A ticket that somebody of the department has taken waits for that one, not for the whole department."""
    if row not in turns(workflow, ticket.state) or row.roles[0] not in workflow.acts_as(actor.roles):
        return False
    return row.roles[0] != OWNERS or ticket.owner is None or ticket.owner in own_names(actor)


def _is_step(workflow: Workflow, row: Row) -> bool:
    """Whether it moves the ticket on its way, or is something that belongs to one state alone."""
    if row.from_ == ANY_OPEN:
        return False
    return row.to not in (STAY, *workflow.sources(row)) or len(workflow.sources(row)) == 1


def _rank(workflow: Workflow, ticket: Ticket, row: Row) -> tuple[int, bool, int]:
    """What leads furthest along the states' order comes first, what keeps the state after it."""
    stays = row.to in (STAY, ticket.state)
    return len(workflow.sources(row)), stays, 0 if stays else -list(workflow.states).index(row.to)


def _action(workflow: Workflow, ticket: Ticket, row: Row, language: str) -> Action:
    asked = workflow.events[row.event]
    to = "" if row.to in (STAY, ticket.state) else workflow.states[row.to].label.text(language)
    told = [one.removeprefix("tell_") for one in (*asked.effects, *row.effects) if one.startswith("tell_")]
    return Action(event_view(workflow, ticket, row.event, language), to, tuple(dict.fromkeys(told)))


def _barred(workflow: Workflow, trial: Trial, language: str) -> Barred:
    refusal = trial.refusal
    label = refusal.details.get("label") if refusal else None
    why = msgspec.convert(label, Label).text(language) if label else ""
    return Barred(workflow.events[trial.row.event].label.text(language), why)


def _waits(workflow: Workflow, ticket: Ticket, actor: Actor, now: float, language: str) -> tuple[Wait, ...]:
    found: dict[str, list[str]] = {}
    rows: Sequence[Row] = sorted(turns(workflow, ticket.state), key=lambda row: _rank(workflow, ticket, row))
    for row in rows:
        decides = row_for(workflow, ticket, row.event, actor, {}, now) is row
        if decides and row.roles[0] not in MACHINES:
            found.setdefault(row.roles[0], []).append(workflow.events[row.event].label.text(language))
    return tuple(Wait(role, tuple(dict.fromkeys(labels))) for role, labels in found.items())
