"""What several pages read together: ticket rows with labels in the page's language."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from screenpop.pages.base import Pages
from ticketing.messages import Ticket
from ticketing.views import column_label, state_label


class TicketRow(msgspec.Struct, frozen=True):
    """A ticket as lists show it."""

    ticket: Ticket
    state: str
    customer_name: str = ""
    department: str = ""
    """As the ticket's definition calls it."""
    due_at: float | None = None
    """When the first of its running clocks is due."""


class Records:
    """Reads through the rooms' services and puts labels to what they say."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    async def state_label(self, ticket: Ticket, language: str) -> str:
        """The ticket's state as its own workflow version calls it."""
        return state_label(await self._pages.tickets.definition_of(ticket), ticket.state, language)

    async def department_label(self, ticket: Ticket, language: str) -> str:
        """The ticket's department as its own workflow version calls it."""
        workflow = await self._pages.tickets.definition_of(ticket)
        return column_label(workflow, "department", ticket.department, language)

    async def ticket_rows(
        self, tickets: Sequence[Ticket], language: str, with_names: bool = False
    ) -> list[TicketRow]:
        """The tickets with their states' labels and, where asked for, their customers' names."""
        named = (ticket.customer_id or "" for ticket in tickets) if with_names else ()
        names = await self._pages.customers.names(named)
        due = await self._pages.tickets.first_due([ticket.id for ticket in tickets])
        return [
            TicketRow(
                ticket,
                await self.state_label(ticket, language),
                names.get(ticket.customer_id or "", ""),
                await self.department_label(ticket, language),
                due.get(ticket.id),
            )
            for ticket in tickets
        ]
