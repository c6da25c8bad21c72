"""Every test that a definition can name, in one table of pure functions.

A test is written as `has_customer`, `{within: 2d}`, `{field_is: {field: medium, value: [gas]}}`, the name of a guard
of the file itself, or put together with `any_of`, `all_of` and `not`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from ticketing.messages import Actor, Ticket
from ticketing.workflow.durations import seconds
from ticketing.workflow.model import Guard


class Situation(msgspec.Struct, frozen=True):
    """What a test may look at. `values` are the ticket's fields and columns with the event's own data on top."""

    ticket: Ticket
    actor: Actor
    values: Mapping[str, Any]
    now: float
    due: Mapping[str, float | None] = {}
    """When each clock of the ticket that has begun is due."""


class FieldIs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    field: str
    value: str | float | bool | tuple[str | float | bool, ...]


class FieldBound(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    field: str
    value: float


class Times(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    event: str
    times: int


class Primitive(msgspec.Struct, frozen=True):
    """One row of the table: what it takes and the test itself."""

    takes: Any
    test: Callable[[Situation, Any], bool]


def known(value: Any) -> bool:
    """Whether a field holds something: an unticked box and 0 are answers, an empty text is none."""
    return value is not None and value != ""


def _field_is(s: Situation, a: FieldIs) -> bool:
    wanted = a.value if isinstance(a.value, tuple) else (a.value,)
    value = s.values.get(a.field)
    # True == 1 in Python, but a ticked box is not the number one.
    return any(value == one and isinstance(value, bool) == isinstance(one, bool) for one in wanted)


def _number(s: Situation, field: str) -> float | None:
    value = s.values.get(field)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _at_least(s: Situation, a: FieldBound) -> bool:
    number = _number(s, a.field)
    return number is not None and number >= a.value


def _at_most(s: Situation, a: FieldBound) -> bool:
    number = _number(s, a.field)
    return number is not None and number <= a.value


def _in_department(s: Situation, _: object) -> bool:
    return s.actor.of_department(s.ticket.department)


def _before_due(s: Situation, clock: str) -> bool:
    """A clock that has not begun, has ended, or stands still without a cap, has nothing to be late for."""
    due = s.due.get(clock)
    return due is None or s.now < due


def _is_owner(s: Situation, _: object) -> bool:
    """A stand-in acts as the owner, with all that is forbidden to an owner."""
    return s.ticket.owner is not None and s.ticket.owner in s.actor.stands_for | {s.actor.user}


GUARDS: Mapping[str, Primitive] = {
    "field_is": Primitive(FieldIs, _field_is),
    "field_at_least": Primitive(FieldBound, _at_least),
    "field_at_most": Primitive(FieldBound, _at_most),
    "fields_known": Primitive(tuple[str, ...], lambda s, names: all(known(s.values.get(n)) for n in names)),
    "happened_less_than": Primitive(Times, lambda s, a: s.ticket.counts.get(a.event, 0) < a.times),
    "happened_at_least": Primitive(Times, lambda s, a: s.ticket.counts.get(a.event, 0) >= a.times),
    "within": Primitive(str, lambda s, text: s.now - s.ticket.state_since <= seconds(text)),
    "after": Primitive(str, lambda s, text: s.now - s.ticket.state_since >= seconds(text)),
    "before_due": Primitive(str, _before_due),
    "has_customer": Primitive(None, lambda s, _: s.ticket.customer_id is not None),
    "has_owner": Primitive(None, lambda s, _: s.ticket.owner is not None),
    "actor_is_owner": Primitive(None, _is_owner),
    "actor_is_not_owner": Primitive(None, lambda s, a: not _is_owner(s, a)),
    "actor_in_department": Primitive(None, _in_department),
    "actor_outside_department": Primitive(None, lambda s, a: not _in_department(s, a)),
}

COMBINED = ("all_of", "any_of", "not")


def parts(test: Any) -> tuple[str, Any]:
    """A test as its name and what is given to it; ValueError where it is written as neither word nor pair."""
    if isinstance(test, str):
        return test, None
    if isinstance(test, dict) and len(test) == 1:
        ((name, given),) = test.items()
        return str(name), given
    raise ValueError("a test is a name, or one name with what it takes: {within: 2d}")


def holds(test: Any, situation: Situation, named: Mapping[str, Guard]) -> bool:
    """Whether a test holds. The definition has been checked at load, so names and arguments are sound."""
    name, given = parts(test)
    if name == "all_of":
        return all(holds(one, situation, named) for one in given)
    if name == "any_of":
        return any(holds(one, situation, named) for one in given)
    if name == "not":
        return not holds(given, situation, named)
    if name in named:
        return holds(named[name].test, situation, named)
    primitive = GUARDS[name]
    return primitive.test(situation, msgspec.convert(given, primitive.takes))


def counted_events(test: Any) -> Iterator[str]:
    """The events whose times a test counts."""
    name, given = parts(test)
    if name in ("all_of", "any_of"):
        for one in given:
            yield from counted_events(one)
    elif name == "not":
        yield from counted_events(given)
    elif name in ("happened_less_than", "happened_at_least"):
        yield msgspec.convert(given, Times).event


COLUMNS = ("priority", "category", "channel", "department", "owner")
"""Columns of a ticket that tests may look at as if they were fields."""


NOTHING_DUE: Mapping[str, float | None] = {}


def situation(
    ticket: Ticket,
    actor: Actor,
    data: Mapping[str, Any],
    now: float,
    due: Mapping[str, float | None] = NOTHING_DUE,
) -> Situation:
    """The situation in which an event with this data would happen."""
    columns = {name: getattr(ticket, name) for name in COLUMNS}
    return Situation(ticket, actor, {**columns, **ticket.fields, **data}, now, due)
