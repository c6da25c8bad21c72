"""Who is told of an event: put into the outbox with the change, published on the bus after its commit."""

from __future__ import annotations

import msgspec

from core.bus import Bus
from core.clock import Clock, SystemClock
from core.outbox import Delivery, Handler
from ticketing.directory import Directory
from ticketing.messages import Ticket, TicketNotice
from ticketing.staff import CO_DEPARTMENT

NOTICE_TOPIC = "ticket.notice"
"""Topic of the outbox for `TicketNotice`."""


def notice_of(ticket: Ticket, event: str, to: str) -> TicketNotice:
    """The notice that tells `to` (customer, department, head, …) of an event."""
    return TicketNotice(
        ticket.id,
        ticket.number,
        ticket.subject,
        event,
        to,
        ticket.department,
        ticket.owner,
        workflow=ticket.workflow,
        co_department=str(ticket.fields.get(CO_DEPARTMENT, "")),
    )


def notice_handler(bus: Bus, directory: Directory | None = None, clock: Clock | None = None) -> Handler:
    """A handler for the outbox's topic that publishes each notice on the bus, with the users it is for now."""
    now = (clock or SystemClock()).now

    async def deliver(delivery: Delivery) -> None:
        notice = msgspec.convert(delivery.payload, TicketNotice)
        if directory is not None:
            users = (await directory.staff(now())).recipients(notice)
            notice = msgspec.structs.replace(notice, users=users)
        bus.publish(notice)

    return deliver
