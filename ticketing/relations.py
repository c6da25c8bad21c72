"""How tickets belong together: one is merged into another, turned into another, follows it, or is part of an outage.

A link is made by an event of the definition (its `relates`), in the event's own transaction.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

import msgspec
import sqlalchemy as sa
from msgspec.structs import replace
from sqlalchemy.ext.asyncio import AsyncConnection

from core import outbox
from core.errors import Conflict, Invalid
from core.trips import Change, Insert
from ticketing import store
from ticketing.messages import Actor, NewTicket, Ticket, TicketNotice
from ticketing.notices import NOTICE_TOPIC, notice_of
from ticketing.staff import sees
from ticketing.tables import ticket_links, tickets
from ticketing.workflow.decide import Outcome
from ticketing.workflow.model import Event, Relates, Workflow

MERGED = "merged_into"
FAMILY = 200
"""How many merged tickets are told of what happens to the one that they were merged into."""
PASSED_ON = ("customer", "owner")
"""Notices that go to the customers and owners of merged tickets too."""

_LINK = Insert(ticket_links, key=("ticket_id", "other_id", "kind"), keep=True)

Opener = Callable[[AsyncConnection, Actor, NewTicket], Awaitable[Ticket]]
"""Opens a ticket in the transaction given."""


class Link(msgspec.Struct, frozen=True):
    """A link as seen from one of the two: `outgoing` where it was made from this one to the other."""

    kind: str
    outgoing: bool
    at: float
    actor: str
    other: Ticket


class Related(msgspec.Struct, frozen=True):
    """What an event's `relates` comes to: the outcome with the other's number in it, the other, if it is new."""

    outcome: Outcome
    other: Ticket | None = None
    kind: str = ""
    opened: bool = False


def relates(workflow: Workflow, event: str) -> bool:
    """Whether the event ties the ticket to another one, which then has to be found, locked or opened."""
    asked = workflow.events.get(event)
    return asked is not None and asked.relates is not None


async def relate(  # noqa: PLR0913, PLR0917  # the ticket before and after, and who opens how
    tx: AsyncConnection, workflow: Workflow, before: Ticket, outcome: Outcome, actor: Actor, opener: Opener
) -> Related:
    """Find or open the other ticket that the event speaks of.

    Raises `Invalid` where there is no such ticket, `Conflict` where the one to merge into is closed, and what
    opening raises. Both tickets are locked, always in the same order, so that two which are merged into each
    other at one moment do not wait for each other.
    """
    asked = workflow.events.get(outcome.event)
    if asked is None or asked.relates is None:
        return Related(outcome)
    relates = asked.relates
    number = outcome.data.get(relates.field)
    if number is None:
        return await _opened(tx, workflow, asked, before, outcome, actor, opener)
    other = await store.by_number(tx, str(number))
    if other is not None and not sees(actor, other):
        other = None
    if other is None and not relates.exists:
        return Related(outcome)
    if other is None or other.id == before.id:
        what = "There is no such ticket." if other is None else "This is the ticket itself."
        raise Invalid(what, field=relates.field)
    both = sa.select(tickets).where(tickets.c.id.in_([before.id, other.id])).order_by(tickets.c.id)
    locked = {row["id"]: Ticket(**row) for row in (await tx.execute(both.with_for_update())).mappings()}
    other = locked[other.id]
    if relates.kind == MERGED and other.closed_at is not None:
        message = f"{other.number} is closed; a ticket is merged into one that is open."
        raise Conflict(message, code="other_closed", field=relates.field)
    return Related(_naming(workflow, relates.field, outcome, other), other, relates.kind)


def _naming(workflow: Workflow, field: str, outcome: Outcome, other: Ticket) -> Outcome:
    """The outcome with the other ticket's number as it is written, however it was typed."""
    ticket = outcome.ticket
    if workflow.fields[field].keep:
        ticket = replace(ticket, fields={**ticket.fields, field: other.number})
    return replace(outcome, ticket=ticket, data={**outcome.data, field: other.number})


async def _opened(  # noqa: PLR0913, PLR0917  # the ticket before and after, and who opens how
    tx: AsyncConnection,
    workflow: Workflow,
    asked: Event,
    before: Ticket,
    outcome: Outcome,
    actor: Actor,
    opener: Opener,
) -> Related:
    relates = asked.relates
    kind = _kind_to_open(workflow, relates, outcome) if relates else ""
    if relates is None or not kind:
        return Related(outcome)
    new = NewTicket(
        workflow=kind,
        subject=before.subject,
        body=before.body,
        customer_id=before.customer_id,
        call_id=before.call_id,
        channel=before.channel,
        priority=relates.priority or before.priority,
    )
    # Whoever may turn a ticket into another may open that one: the step itself was allowed.
    other = await opener(tx, Actor(actor.user, frozenset({"system"})), new)
    return Related(_naming(workflow, relates.field, outcome, other), other, relates.kind, opened=True)


def _kind_to_open(workflow: Workflow, relates: Relates, outcome: Outcome) -> str:
    """The workflow that is named, or the one that a field of the event names."""
    if relates.opens in workflow.fields:
        return str(outcome.data.get(relates.opens, ""))
    return relates.opens


def kept(related: Related, actor: Actor, at: float) -> list[Change]:
    """The link, to be written with the event; one that is there already stays as it is."""
    if related.other is None:
        return []
    key = {
        "ticket_id": related.outcome.ticket.id,
        "other_id": related.other.id,
        "kind": related.kind,
    }
    return [Change(_LINK, {**key, "at": at, "actor": actor.user})]


async def links(tx: AsyncConnection, ticket_id: str, limit: int = FAMILY) -> list[Link]:
    """The links of a ticket in both directions, the oldest first."""
    found = []
    for outgoing in (True, False):
        own, other = ticket_links.c.ticket_id, ticket_links.c.other_id
        mine, theirs = (own, other) if outgoing else (other, own)
        query = (
            sa.select(
                ticket_links.c.kind, ticket_links.c.at.label("linked_at"), ticket_links.c.actor, tickets
            )
            .join(tickets, tickets.c.id == theirs)
            .where(mine == ticket_id)
            .order_by(ticket_links.c.at)
            .limit(limit)
        )
        for row in (await tx.execute(query)).mappings():
            ticket = Ticket(**{name: row[name] for name in Ticket.__struct_fields__})
            found.append(Link(row["kind"], outgoing, row["linked_at"], row["actor"], ticket))
    return sorted(found, key=lambda link: link.at)


def passes_on(outcome: Outcome) -> bool:
    """Whether the event is told to those whose tickets were merged into this one, if there are any."""
    return outcome.from_state is not None and any(to in PASSED_ON for to in outcome.notices)


def notices(outcome: Outcome, family: Iterable[Ticket] = ()) -> list[TicketNotice]:
    """Who is told of an event: of this ticket, and of its `family`, one of another."""
    ticket, event = outcome.ticket, outcome.event
    found = [notice_of(ticket, event, to) for to in outcome.notices]
    passed = [to for to in outcome.notices if to in PASSED_ON]
    return found + [notice_of(child, event, to) for child in family for to in passed]


def to_send(notices: Iterable[TicketNotice], at: float) -> list[Change]:
    """These notices in the outbox."""
    return [outbox.entry(at, NOTICE_TOPIC, notice) for notice in notices]


async def family(tx: AsyncConnection, ticket_id: str) -> list[Ticket]:
    """The tickets that were merged into this one, and into those; UNION ends a ring, though there should be none."""
    merged = sa.select(ticket_links.c.ticket_id).where(
        ticket_links.c.other_id == ticket_id, ticket_links.c.kind == MERGED
    )
    found = merged.cte("family", recursive=True)
    more = sa.select(ticket_links.c.ticket_id).where(
        ticket_links.c.other_id == found.c.ticket_id, ticket_links.c.kind == MERGED
    )
    found = found.union(more)
    query = sa.select(tickets).where(
        tickets.c.id.in_(sa.select(found.c.ticket_id)), tickets.c.id != ticket_id
    )
    rows = await tx.execute(query.order_by(tickets.c.id).limit(FAMILY))
    return [Ticket(**row) for row in rows.mappings()]
