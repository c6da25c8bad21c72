"""What an event does to a ticket: decided here, carried out by the service. No I/O, no clock, nothing raised."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from core.definition.shape import suggest
from ticketing.messages import Actor, Ticket
from ticketing.workflow.effects import CHANGES
from ticketing.workflow.guards import NOTHING_DUE, Situation, holds, parts, situation
from ticketing.workflow.model import STAY, Event, Row, Workflow
from ticketing.workflow.values import CALL, Refusal, emptied, read_values


class Outcome(msgspec.Struct, frozen=True):
    """The ticket as it will be, what the history says of it, and who is to be told (`customer`, `department`, …)."""

    ticket: Ticket
    event: str
    from_state: str | None
    data: dict[str, Any]
    notices: tuple[str, ...] = ()


def decide(  # noqa: PLR0913, PLR0917  # the seven things that the decision rests on
    workflow: Workflow,
    ticket: Ticket,
    event: str,
    actor: Actor,
    data: Mapping[str, Any],
    now: float,
    due: Mapping[str, float | None] = NOTHING_DUE,
) -> Outcome | Refusal:
    """What the event does to the ticket, or why it does nothing. `due` is when each of its clocks is due.

    Refusals, in the order in which they are looked for: `not_allowed_in_state`, `role`, `missing_field` or
    `invalid`, `guard`.
    """
    rows = workflow.rows(ticket.state, event)
    row = _choose(workflow, rows, situation(ticket, actor, data, now, due))
    if row is None:
        return _not_here(workflow, ticket, event)
    if not workflow.acts_as(actor.roles) & set(row.roles):
        return Refusal(
            "role",
            f"{workflow.events[event].label.en} is for: {', '.join(row.roles)}.",
            {"event": event, "roles": list(row.roles)},
        )
    asked = workflow.events[event]
    values = read_values(workflow, asked.required, asked.optional, data)
    if isinstance(values, Refusal):
        return values
    values |= dict.fromkeys(emptied(workflow, asked.optional, data, ticket.fields))
    refusal = guarded(workflow, row.guards, situation(ticket, actor, values, now, due))
    return refusal or outcome(workflow, ticket, row, actor, values, now)


class Trial(msgspec.Struct, frozen=True):
    """An event that a role may have happen here: the row that decides, and what is in the way already, if anything."""

    row: Row
    refusal: Refusal | None = None


def trials(
    workflow: Workflow,
    ticket: Ticket,
    actor: Actor,
    now: float,
    due: Mapping[str, float | None] = NOTHING_DUE,
) -> tuple[Trial, ...]:
    """The events that this actor's roles have in this state, in the order of the definition.

    Guards that look at what is still to be filled in cannot be known yet; only those that no data could change
    are asked here.
    """
    as_it_is = situation(ticket, actor, {}, now, due)
    roles = workflow.acts_as(actor.roles)
    found = []
    for event, asked in workflow.events.items():
        row = _choose(workflow, workflow.rows(ticket.state, event), as_it_is)
        if row is None or not roles & set(row.roles):
            continue
        tests = [test for test in row.guards if not _looks_at(workflow, test, asked)]
        found.append(Trial(row, guarded(workflow, tuple(tests), as_it_is)))
    return tuple(found)


def offered(
    workflow: Workflow,
    ticket: Ticket,
    actor: Actor,
    now: float,
    due: Mapping[str, float | None] = NOTHING_DUE,
) -> tuple[str, ...]:
    """The events that this actor may try now, in the order of the definition: those that nothing is in the way of."""
    found = trials(workflow, ticket, actor, now, due)
    return tuple(trial.row.event for trial in found if trial.refusal is None)


def row_for(  # noqa: PLR0913, PLR0917  # the same seven
    workflow: Workflow,
    ticket: Ticket,
    event: str,
    actor: Actor,
    data: Mapping[str, Any],
    now: float,
    due: Mapping[str, float | None] = NOTHING_DUE,
) -> Row | None:
    """The row of the table that decides about the event, whether or not it then refuses; None where none does."""
    return _choose(workflow, workflow.rows(ticket.state, event), situation(ticket, actor, data, now, due))


def _choose(workflow: Workflow, rows: tuple[Row, ...], at: Situation) -> Row | None:
    for row in rows:
        if all(holds(test, at, workflow.guards) for test in row.when):
            return row
    return None


def guarded(workflow: Workflow, tests: tuple[Any, ...], at: Situation) -> Refusal | None:
    for test in tests:
        if holds(test, at, workflow.guards):
            continue
        name, _ = parts(test)
        if name in workflow.guards:
            label = workflow.guards[name].label
            return Refusal("guard", label.en, {"guard": name, "label": msgspec.to_builtins(label)})
        return Refusal("guard", f"A condition of this step does not hold: {name}.", {"guard": name})
    return None


def _looks_at(workflow: Workflow, test: Any, asked: Event) -> bool:
    """Whether a test looks at a field that the event itself asks for."""
    return not looked_at(workflow, test).isdisjoint((*asked.required, *asked.optional))


def looked_at(workflow: Workflow, test: Any) -> frozenset[str]:
    """The fields that a test looks at."""
    name, given = parts(test)
    if name in ("any_of", "all_of"):
        return frozenset(field for one in given for field in looked_at(workflow, one))
    if name == "not":
        return looked_at(workflow, given)
    if name in workflow.guards:
        return looked_at(workflow, workflow.guards[name].test)
    fields = given if name == "fields_known" else [given.get("field")] if isinstance(given, dict) else []
    return frozenset(field for field in fields if field)


def _not_here(workflow: Workflow, ticket: Ticket, event: str) -> Refusal:
    here = [row.event for row in workflow.rows(ticket.state)]
    details = {"event": event, "state": ticket.state, "possible": list(dict.fromkeys(here))}
    if event not in workflow.events:
        return Refusal(
            "not_allowed_in_state", f"There is no event `{event}`; {suggest(event, here)}", details
        )
    message = (
        f"{workflow.events[event].label.en} does not fit the state {workflow.states[ticket.state].label.en}."
    )
    return Refusal("not_allowed_in_state", message, details)


def outcome(  # noqa: PLR0913, PLR0917  # the same six, the event as its row
    workflow: Workflow, ticket: Ticket, row: Row, actor: Actor, values: dict[str, Any], now: float
) -> Outcome:
    state = ticket.state if row.to == STAY else row.to
    asked = workflow.events[row.event]
    ended = workflow.states[state].end
    after = replace(
        _with_values(workflow, ticket, asked.clears, values),
        state=state,
        version=ticket.version + 1,
        updated_at=now,
        counts=_counted(ticket.counts, row.event, asked.recounts),
        state_since=ticket.state_since if row.to == STAY else now,
        closed_at=(now if ticket.closed_at is None else ticket.closed_at) if ended else None,
    )
    notices = []
    for effect in (*asked.effects, *row.effects):
        if effect in CHANGES:
            after = CHANGES[effect](after, actor)
        else:
            notices.append(effect.removeprefix("tell_"))
    told = {**values, CALL: actor.call_id} if actor.call_id else values
    return Outcome(after, row.event, ticket.state, told, tuple(dict.fromkeys(notices)))


def _counted(counts: Mapping[str, int], event: str, recounts: tuple[str, ...]) -> dict[str, int]:
    kept = {name: count for name, count in counts.items() if name not in recounts}
    return {**kept, event: counts.get(event, 0) + 1}


def _with_values(
    workflow: Workflow, ticket: Ticket, clears: tuple[str, ...], values: dict[str, Any]
) -> Ticket:
    columns: dict[str, Any] = {}
    fields = {name: value for name, value in ticket.fields.items() if name not in clears}
    for name, value in values.items():
        field = workflow.fields.get(name)
        if field is None or not (field.keep or field.sets):
            continue
        if value is None:
            fields.pop(name, None)
        elif field.sets:
            columns[field.sets] = value
        else:
            fields[name] = value
    return replace(ticket, fields=fields, **columns)
