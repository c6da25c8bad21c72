"""What is known of a caller, read for the pops: who it may be, what is open, what was last."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from core.clock import iso
from customers.messages import Customer, Lookup, Match, TimelineEntry
from screenpop.pops import HISTORY_SHOWN, TICKETS_SHOWN, Context, PopHistory
from ticketing.messages import Ticket


class FindsCustomers(Protocol):
    async def lookup(self, number_text: str, region: str | None = None) -> Lookup: ...
    async def contacts(self, customer: Customer, limit: int) -> list[TimelineEntry]: ...


class FindsTickets(Protocol):
    async def open_of_customer(self, customer_id: str, limit: int) -> Sequence[Ticket]: ...


class CallerRecords:
    """Reads customers and tickets for a number. `regions` is each PBX's default region; what is read inside a
    `together` is read in one transaction.
    """

    def __init__(
        self,
        customers: FindsCustomers,
        tickets: FindsTickets,
        regions: Mapping[str, str],
        together: Callable[[], AbstractAsyncContextManager[None]],
    ) -> None:
        self._customers = customers
        self._tickets = tickets
        self._regions = regions
        self._together = together

    async def about(self, number: str, pbx: str) -> Context:
        """Who may be calling; where it is one, also their open tickets and last contacts."""
        async with self._together():
            lookup = await self._customers.lookup(number, self._regions.get(pbx))
            if lookup.match is not Match.ONE:
                return Context(lookup)
            customer = lookup.candidates[0].customer
            tickets = await self._tickets.open_of_customer(customer.id, TICKETS_SHOWN)
            contacts = await self._customers.contacts(customer, HISTORY_SHOWN + 1)
        return Context(lookup, tuple(tickets), tuple(history_row(entry) for entry in contacts))


def history_row(entry: TimelineEntry) -> PopHistory:
    """A time line entry as pops and pages carry it."""
    return PopHistory(iso(entry.at), entry.kind, entry.title, entry.text, entry.ref, entry.state)
