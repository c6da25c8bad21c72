"""Several tickets over HTTP: one event for many, and the links between them."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from core.clock import iso
from core.errors import Invalid, Refused
from core.identity.roles import Permission
from core.web.routes import Ask, Page, Route, page
from ticketing.api import actor_of
from ticketing.relations import Link
from ticketing.service import Tickets
from ticketing.views import TicketView, ticket_view

MOST_AT_ONCE = 200


class SeenTicket(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A ticket and the version of it that the client has seen."""

    id: Annotated[str, msgspec.Meta(max_length=40)]
    version: int


class BulkBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One event that is to happen to each of these tickets, with the same data."""

    event: str
    tickets: Annotated[tuple[SeenTicket, ...], msgspec.Meta(min_length=1, max_length=MOST_AT_ONCE)]
    data: dict[str, Any] = {}


class ItemError(msgspec.Struct, frozen=True):
    """Why nothing happened to this one: as in any error, for this ticket alone."""

    code: str
    message: str
    details: dict[str, Any] = {}


class BulkItem(msgspec.Struct, frozen=True):
    """What became of one: the ticket as it is now, or the error."""

    id: str
    ticket: TicketView | None = None
    error: ItemError | None = None


class BulkReply(msgspec.Struct, frozen=True):
    """In the order in which they were sent; each was carried out, or refused, by itself."""

    done: int
    refused: int
    items: tuple[BulkItem, ...]


class LinkView(msgspec.Struct, frozen=True):
    """A link. `direction` is `to` where it was made from this ticket to the other, else `from`."""

    kind: str
    direction: str
    at: str
    actor: str
    id: str
    number: str
    workflow: str
    state: str
    subject: str


class GroupApi:
    """The handlers."""

    def __init__(self, tickets: Tickets) -> None:
        self._tickets = tickets

    async def bulk(self, ask: Ask[BulkBody, None]) -> BulkReply:
        seen = [one.id for one in ask.body.tickets]
        if len(set(seen)) < len(seen):
            raise Invalid("A ticket is named twice.", field="tickets")
        items = tuple([await self._one(ask, one) for one in ask.body.tickets])
        refused = sum(item.error is not None for item in items)
        return BulkReply(len(items) - refused, refused, items)

    async def _one(self, ask: Ask[BulkBody, None], seen: SeenTicket) -> BulkItem:
        body, actor = ask.body, actor_of(ask.user)
        try:
            ticket = await self._tickets.fire(seen.id, body.event, actor, body.data, seen.version, ask.at)
        except Refused as refusal:
            error = ItemError(refusal.code, refusal.message, dict(refusal.details))
            return BulkItem(seen.id, error=error)
        return BulkItem(seen.id, ticket_view(ticket))

    async def links(self, ask: Ask[None, None]) -> Page[LinkView]:
        viewer = await self._tickets.standing(actor_of(ask.user), ask.at)
        ticket = await self._tickets.get(ask.path["id"], viewer)
        return page([link_view(link) for link in await self._tickets.links(ticket.id, viewer)])


def link_view(link: Link) -> LinkView:
    """The link for the outside."""
    other, direction = link.other, "to" if link.outgoing else "from"
    return LinkView(
        link.kind,
        direction,
        iso(link.at),
        link.actor,
        other.id,
        other.number,
        other.workflow,
        other.state,
        other.subject,
    )


def routes(tickets: Tickets) -> list[Route]:
    """The rows of the API that belong to several tickets."""
    api, p = GroupApi(tickets), "/api/v1/tickets"
    see, edit, text = Permission.TICKETS_SEE, Permission.TICKETS_EDIT, "Have an event happen to many tickets"
    return [
        Route("POST", f"{p}/bulk", api.bulk, edit, text, body=BulkBody, reply=BulkReply),
        Route("GET", f"{p}/{{id}}/links", api.links, see, "Its links", reply=Page[LinkView]),
    ]
