"""What a workflow file says, typed. One file describes one kind of ticket."""

from __future__ import annotations

from enum import Enum
from typing import Any, Literal

import msgspec

from core.definition.label import Label

ANY_OPEN = "any_open"
"""In `from`: every state that is not an end."""
STAY = "stay"
"""In `to`: the ticket keeps its state, as with an urge or a note."""

TAKE_OVER = "take_over"
"""In the history: the ticket came to another version of its definition."""

ROLES = frozenset({"agent", "dispatcher", "department", "leader", "supervisor", "auditor", "admin"})
MACHINES = frozenset({"system", "ivr", "mail", "timer"})
"""Actors that are no people; a row names them among its roles like anybody else."""


ESCALATE = "escalate"
"""The event of a history row that time itself has made; no definition may call one of its own so."""


class FieldType(Enum):
    TEXT = "text"
    NUMBER = "number"
    CHOICE = "choice"
    DATE = "date"
    BOOL = "bool"
    PHONE = "phone"


class Field(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something that is asked: on the opening form or with an event."""

    label: Label
    type: FieldType = FieldType.TEXT
    choices: dict[str, Label] = {}
    sets: Literal["", "department", "owner", "priority", "category"] = ""
    """The column of the ticket that the value goes to; otherwise it goes to the ticket's own fields."""
    keep: bool = True
    """False: the value belongs to this one event and is found in the history only (a reason, a note)."""
    multiline: bool = False
    min: float | None = None
    max: float | None = None
    help: Label | None = None
    from_customer: Literal["", "vip"] = ""
    """Filled in at the opening from the customer's record, whatever the form says: `vip` ticks a box."""


class State(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A state; in an `end` state the ticket counts as closed."""

    label: Label
    end: bool = False


class Relates(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An event that ties the ticket to another one, whose number is in `field`."""

    kind: Literal["merged_into", "converted_to", "follows", "outage"]
    """`merged_into`: the other one has to be open, and is told on to this one's customer and owner."""
    field: str
    opens: str = ""
    """Where no number is given: the workflow of which a ticket is opened, or the field that says which."""
    priority: str = ""
    """The new ticket's priority; this one's where not given."""
    exists: bool = True
    """False: a number that is no ticket's is kept as a text and nothing is tied."""


class Event(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What can be done: its name on the button and what it asks."""

    label: Label
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    effects: tuple[str, ...] = ()
    relates: Relates | None = None
    clears: tuple[str, ...] = ()
    """Fields that are no longer filled in, unless this event fills them in anew: proof of an earlier round is none."""
    recounts: tuple[str, ...] = ()
    """Events that are counted from here on anew: each round has its own three tries."""


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """One row of the table: in these states this event leads there, for these roles, if the guards hold.

    `when` chooses among rows for the same state and event (the first whose tests all hold);
    `guards` refuse once the row is chosen.
    """

    from_: str | tuple[str, ...]
    event: str
    to: str
    roles: tuple[str, ...]
    when: tuple[Any, ...] = ()
    guards: tuple[Any, ...] = ()
    effects: tuple[str, ...] = ()


class Opening(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a ticket of this kind begins."""

    event: str
    to: str
    roles: tuple[str, ...]
    guards: tuple[Any, ...] = ()
    effects: tuple[str, ...] = ()


class Guard(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A named test with the sentence people read when it refuses."""

    label: Label
    test: Any


class Target(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A target that depends on a field's value, such as 45 minutes in town and 120 in the hills."""

    field: str
    values: dict[str, str]
    otherwise: str


class Escalation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What happens of itself when so much of a clock's time has passed; once in each run."""

    at: str
    """A share of the target (80%, 100%), or time after or before it (+4h, -30m)."""
    effects: tuple[str, ...] = ()
    """Who is told: tell_owner, tell_head …"""
    event: str = ""
    """An event that the timer has happen, where a row of the table lets it; it must not ask for anything."""


class Clock(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A time limit: it counts in the states of `during`, stands still in those of `pauses`, and ends elsewhere."""

    label: Label
    target: str | Target
    """A duration: 45m, 2h, 7d; in a working calendar a day is a working day."""
    during: tuple[str, ...]
    pauses: tuple[str, ...] = ()
    never_pauses_when: tuple[Any, ...] = ()
    until: str = ""
    """A date field: where it is filled in, the clock is due at the end of that day, if that is later."""
    cap: str = ""
    """The longest time that the pauses of one run may add up to."""
    stops_on: tuple[str, ...] = ()
    """Events that end the run while the state goes on."""
    calendar: str = "working"
    """`always`, `working` (the calendar called default), or another calendar's name."""
    escalations: tuple[Escalation, ...] = ()


class Workflow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A kind of ticket. States are listed in the order in which a ticket usually passes them."""

    name: str
    prefix: str
    label: Label
    open: Opening
    states: dict[str, State]
    events: dict[str, Event]
    table: tuple[Row, ...]
    fields: dict[str, Field] = {}
    categories: dict[str, Label] = {}
    priorities: dict[str, Label] = {}
    guards: dict[str, Guard] = {}
    clocks: dict[str, Clock] = {}
    includes: dict[str, tuple[str, ...]] = {}
    """Who may also act as whom: `supervisor: [agent, dispatcher]`."""
    map: dict[str, str] | None = None
    """Given, be it empty: open tickets of other versions come along to this one, from the states that are no longer
    there as it says. None: they stay on the version that they began with."""

    def sources(self, row: Row) -> tuple[str, ...]:
        """The states that a row starts from, `any_open` written out."""
        named = (row.from_,) if isinstance(row.from_, str) else row.from_
        opened = tuple(name for name, state in self.states.items() if not state.end)
        return tuple(dict.fromkeys(s for name in named for s in (opened if name == ANY_OPEN else (name,))))

    def rows(self, state: str, event: str | None = None) -> tuple[Row, ...]:
        """The rows that start from this state, in the order of the file."""
        return tuple(
            row
            for row in self.table
            if (event is None or row.event == event) and self._starts_from(row, state)
        )

    def _starts_from(self, row: Row, state: str) -> bool:
        """Whether the state is among the row's `sources`, without writing them out: each event asks this of rows."""
        named = (row.from_,) if isinstance(row.from_, str) else row.from_
        known = self.states.get(state)
        return state in named or (ANY_OPEN in named and known is not None and not known.end)

    def acts_as(self, roles: frozenset[str]) -> frozenset[str]:
        """The roles with those that they include (one step, not further)."""
        return roles | {more for role in roles for more in self.includes.get(role, ())}
