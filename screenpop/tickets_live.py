"""Tickets on the live socket: their owner and whoever opened them hear of every change."""

from __future__ import annotations

from typing import Any

from core.bus import Bus
from core.clock import Clock, iso
from core.identity.users import User
from customers.messages import Customer, CustomerChanged, CustomerCreated
from screenpop.hub import Hub
from screenpop.labels import TicketLabels
from screenpop.lookups import Changed
from screenpop.popper import Popper
from screenpop.session import Audience
from screenpop.wire import ticket_data
from ticketing.messages import Ticket, TicketChanged, TicketOpened
from ticketing.service import Tickets

OPEN_TICKETS_SHOWN = 50


class TicketsLive:
    """Tells tickets, and has the cards refreshed on which they stand."""

    def __init__(
        self, hub: Hub, popper: Popper, tickets: Tickets, labels: TicketLabels, clock: Clock
    ) -> None:
        self._hub = hub
        self._popper = popper
        self._tickets = tickets
        self._labels = labels
        self._clock = clock

    def subscribe(self, bus: Bus) -> None:
        """Follow tickets and the records of those who call."""
        bus.subscribe(TicketOpened, lambda event: self._changed(event.ticket))
        bus.subscribe(TicketChanged, lambda event: self._changed(event.ticket))
        bus.subscribe(CustomerCreated, lambda event: self._customer(event.customer))
        bus.subscribe(CustomerChanged, lambda event: self._customer(event.customer))

    async def open_of(self, user: User, language: str) -> list[dict[str, Any]]:
        """The user's open tickets, newest first, for a hello."""
        return [
            self._data(ticket, language)
            for ticket in await self._tickets.open_of(user.name, OPEN_TICKETS_SHOWN)
        ]

    def _changed(self, ticket: Ticket) -> None:
        """One entry for each of the two: the label is in the language of the one who reads it."""
        at = iso(self._clock.now())
        for user in {ticket.created_by, ticket.owner or ticket.created_by}:
            data = self._data(ticket, self._hub.language_of(user, "en"))
            self._hub.publish("ticket", {"data": data}, Audience(frozenset({user})), at)
        self._popper.refresh(Changed(ticket.customer_id, ticket.call_id))

    def _customer(self, customer: Customer) -> None:
        """A record changed, or learned the number of a caller who was unknown until now."""
        numbers = frozenset(phone.e164 for phone in customer.phones)
        self._popper.refresh(Changed(customer.id, numbers=numbers))

    def _data(self, ticket: Ticket, language: str) -> dict[str, Any]:
        return ticket_data(ticket, self._labels.state(ticket.workflow, ticket.state, language))
