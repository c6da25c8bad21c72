"""Who is told of an event: put into the outbox with the change, published on the bus after its commit."""

from __future__ import annotations

import msgspec

from core.bus import Bus
from core.outbox import Delivery, Handler
from ticketing.messages import Ticket, TicketNotice

NOTICE_TOPIC = "ticket.notice"
"""Topic of the outbox for `TicketNotice`."""


def notice_of(ticket: Ticket, event: str, to: str) -> TicketNotice:
    """The notice that tells `to` (customer, department, head, …) of an event."""
    return TicketNotice(ticket.id, ticket.number, ticket.subject, event, to, ticket.department, ticket.owner)


def notice_handler(bus: Bus) -> Handler:
    """A handler for the outbox's topic that publishes each notice on the bus."""

    async def deliver(delivery: Delivery) -> None:
        bus.publish(msgspec.convert(delivery.payload, TicketNotice))

    return deliver
