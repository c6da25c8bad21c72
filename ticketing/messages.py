"""The public face of ticketing."""

from __future__ import annotations

from typing import Any

import msgspec


class Actor(msgspec.Struct, frozen=True):
    """Who does it. `user` is a user's name, or `system`, `ivr`, `mail`, `timer`; `roles` are role names."""

    user: str
    roles: frozenset[str] = frozenset()
    department: str = ""
    departments: frozenset[str] = frozenset()
    """All departments that the actor belongs to or stands in for; the directory fills it in."""
    stands_for: frozenset[str] = frozenset()
    """Absent users whose work is with the actor now."""
    call_id: str = ""
    """The call in which it is done, where it is done in one: kept with the event in the ticket's history."""
    staffed: frozenset[str] | None = None
    """Of a department's hand who belongs to none: the departments that have members. It acts for all others."""

    def of_department(self, name: str) -> bool:
        """Whether a department's tickets are the actor's."""
        if not name:
            return False
        return name in self.departments | {self.department} or (
            self.staffed is not None and name not in self.staffed
        )


def caller(call_id: str) -> Actor:
    """The caller who serves themselves in the phone menu, during this call. A definition lets it do what its rows say
    for the role `ivr`."""
    return Actor("ivr", frozenset({"ivr"}), call_id=call_id)


class Ticket(msgspec.Struct, frozen=True):
    """A ticket as it stands. `version` goes up by one with every event; times are epoch seconds."""

    id: str
    number: str
    workflow: str
    workflow_version: int
    state: str
    version: int
    subject: str
    body: str
    priority: str
    category: str
    channel: str
    customer_id: str | None
    call_id: str | None
    created_by: str
    owner: str | None
    department: str
    fields: dict[str, Any]
    created_at: float
    updated_at: float
    closed_at: float | None = None
    counts: dict[str, int] = {}
    """How often each event has happened to it."""
    state_since: float = 0.0


class HistoryRow(msgspec.Struct, frozen=True):
    """One event of a ticket. `hash` chains over `previous`, so that a later edit shows."""

    seq: int
    at: float
    event: str
    actor: str
    from_state: str | None
    to_state: str
    data: dict[str, Any]
    version: int
    previous: str
    hash: str


class NewTicket(msgspec.Struct, frozen=True):
    """The command that opens a ticket."""

    workflow: str
    subject: str
    body: str = ""
    customer_id: str | None = None
    call_id: str | None = None
    channel: str = "phone"
    category: str = ""
    priority: str = "normal"
    fields: dict[str, Any] = {}


class TicketFilter(msgspec.Struct, frozen=True):
    """Which tickets are wanted; what is empty does not matter. `mine_of`: owned or opened by this user. A viewer who
    is the user named has the work of those it stands in for as well."""

    workflow: str = ""
    state: str = ""
    owner: str = ""
    customer_id: str = ""
    call_id: str = ""
    department: str = ""
    mine_of: str = ""
    open: bool | None = None
    q: str = ""
    """Part of the number or the subject."""
    call_ids: tuple[str, ...] = ()
    """All ids by which the call is known that `call_id` asks for; whoever looks it up fills them in."""

    states: tuple[tuple[str, str], ...] = ()
    """Pairs of workflow and state, one of which it is in."""
    free_for: str = ""
    """Owned by this user, or by nobody."""
    late_at: float | None = None
    """One of its clocks runs and was due before this moment (epoch seconds)."""


class Due(msgspec.Struct, frozen=True):
    """When the first of a ticket's running clocks is due (epoch seconds), and whose place in a list it marks."""

    at: float
    ticket_id: str


class TicketOpened(msgspec.Struct, frozen=True):
    ticket: Ticket
    actor: str


class TicketChanged(msgspec.Struct, frozen=True):
    ticket: Ticket
    event: str
    actor: str


class TicketNotice(msgspec.Struct, frozen=True):
    """An effect of an event is that somebody is told. `to` is whom: customer, department, dispatcher, head, leader,
    owner or supervisor; which users those are is decided where notices are delivered."""

    ticket_id: str
    number: str
    subject: str
    event: str
    to: str
    department: str
    owner: str | None
    co_department: str = ""
    users: tuple[str, ...] = ()
    """The users that it is for, stand-ins in the place of the absent; filled in when it is delivered."""
    clock: str = ""
    """The clock whose step it is, where time itself is what happened; `step` is 80%, 100%, +4h …"""
    step: str = ""
    count: int = 1
    """Of how many tickets it tells: several for one recipient within a while become one notice."""
    numbers: tuple[str, ...] = ()
    """The numbers of the first of them, where there are several."""
    workflow: str = ""


class DefinitionsRefused(msgspec.Struct, frozen=True):
    """Changed definitions cannot be used; those before stay in force. Each problem is a line with file and line."""

    problems: tuple[str, ...]
