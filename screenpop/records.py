"""What is known of a caller, read for the pops: who it may be, what is open, what was last."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from msgspec.structs import replace

from core.clock import iso
from core.errors import NotFound
from customers.messages import Candidate, Certainty, Customer, Lookup, Match, TimelineEntry
from screenpop.pops import HISTORY_SHOWN, TICKETS_SHOWN, Context, PopHistory, Question
from ticketing.messages import Ticket


class FindsCustomers(Protocol):
    async def lookup(self, number_text: str, region: str | None = None) -> Lookup: ...
    async def get(self, customer_id: str) -> Customer: ...
    async def contacts(self, customer: Customer, limit: int) -> list[TimelineEntry]: ...


class FindsTickets(Protocol):
    async def open_of_customer(self, customer_id: str, limit: int) -> Sequence[Ticket]: ...
    async def open_of_call(self, call_id: str, limit: int) -> Sequence[Ticket]: ...


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

    async def about(self, question: Question) -> Context:
        """Who may be calling; where it is one, also their open tickets and last contacts; and what was opened in this
        very call, whoever it is.
        """
        async with self._together():
            lookup = await self._customers.lookup(question.number, self._regions.get(question.pbx))
            candidate = await self._candidate(lookup, question.customer_id)
            of_call = await self._tickets.open_of_call(question.call_id, TICKETS_SHOWN)
            if candidate is None:
                return Context(lookup, tuple(of_call))
            customer = candidate.customer
            tickets = await self._tickets.open_of_customer(customer.id, TICKETS_SHOWN)
            contacts = await self._customers.contacts(customer, HISTORY_SHOWN + 1)
        shown = "" if lookup.match is Match.ANONYMOUS else lookup.shown
        return Context(
            replace(lookup, match=Match.ONE, shown=shown, candidates=(candidate,)),
            _merged(of_call, tickets),
            tuple(history_row(entry) for entry in contacts),
            customer_id=question.customer_id,
        )

    async def _candidate(self, lookup: Lookup, customer_id: str) -> Candidate | None:
        """Whom an agent chose, else the one whom the number tells."""
        for candidate in lookup.candidates:
            if candidate.customer.id == customer_id:
                return candidate
        if customer_id:
            try:
                return Candidate(await self._customers.get(customer_id), Certainty.EXACT)
            except NotFound:  # merged or taken away since
                pass
        return lookup.candidates[0] if lookup.match is Match.ONE else None


def _merged(first: Sequence[Ticket], then: Sequence[Ticket]) -> tuple[Ticket, ...]:
    """All tickets, each once, those of the first list in front."""
    return tuple({ticket.id: ticket for ticket in (*first, *then)}.values())


def history_row(entry: TimelineEntry) -> PopHistory:
    """A time line entry as pops and pages carry it."""
    return PopHistory(iso(entry.at), entry.kind, entry.title, entry.text, entry.ref, entry.state, entry.menu)
