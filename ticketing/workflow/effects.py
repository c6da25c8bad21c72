"""Every effect that a definition can name, in one table: what changes on the ticket, and who is to be told.

Telling is not done here: a notice goes into the outbox in the ticket's own transaction and out after it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec.structs import replace

from ticketing.messages import Actor, Ticket


def _take(ticket: Ticket, actor: Actor) -> Ticket:
    return replace(ticket, owner=actor.user)


def _release(ticket: Ticket, _: Actor) -> Ticket:
    return replace(ticket, owner=None)


def _leave_department(ticket: Ticket, _: Actor) -> Ticket:
    return replace(ticket, department="", owner=None)


CHANGES: Mapping[str, Callable[[Ticket, Actor], Ticket]] = {
    "take": _take,
    "release": _release,
    "leave_department": _leave_department,
}
"""Effects on the ticket itself."""

NOTICES = frozenset(
    {
        "tell_customer",
        "tell_department",
        "tell_dispatcher",
        "tell_head",
        "tell_leader",
        "tell_owner",
        "tell_supervisor",
    }
)
"""Effects that tell somebody; the word after `tell_` is whom."""

EFFECTS = frozenset(CHANGES) | NOTICES
