"""What people and other rooms ask of tickets; nothing is changed here."""

from __future__ import annotations

import builtins
from collections.abc import Awaitable, Callable, Collection, Iterable

from msgspec.structs import replace
from sqlalchemy.ext.asyncio import AsyncConnection

from core.database import Database
from core.errors import NotFound
from ticketing import clock_store, relations, store
from ticketing.chain import Verified, verify
from ticketing.clocks import ONLY_ALWAYS, Reading, Reckoners, readings
from ticketing.directory import Directory
from ticketing.library import Definition, Library
from ticketing.messages import Actor, Due, HistoryRow, Ticket, TicketFilter
from ticketing.next_steps import NextSteps, next_steps
from ticketing.relations import Link
from ticketing.staff import sees
from ticketing.views import EventView, FormView, event_view, form
from ticketing.workflow.decide import offered
from ticketing.workflow.model import TAKE_OVER, Workflow

LEAST_KEYS, MOST_KEYS = 12, 18
"""Digits of a ticket's number: eight of the day, four or more that count."""


IdsOfCall = Callable[[str], Awaitable[Iterable[str]]]


async def _that_one(call_id: str) -> Iterable[str]:
    return (call_id,)


class Lookup:
    """Tickets, their histories, clocks and links, and the definitions that they follow."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._library = Library()
        self.reckoners: Reckoners = ONLY_ALWAYS
        """By name what clocks are reckoned by; wiring puts the installation's calendars here."""
        self.directory = Directory(db)
        self.ids_of_call: IdsOfCall = _that_one
        """By which ids a call is known; wiring puts the telephone side's answer here."""

    async def standing(self, actor: Actor, at: float) -> Actor:
        """The actor with the departments it belongs to and those it stands in for."""
        return (await self.directory.staff(at)).standing(actor)

    async def get(self, ticket_id: str, viewer: Actor | None = None) -> Ticket:
        """The ticket; raises `NotFound`, also where it is not for this viewer (whose `standing` is known)."""
        async with self._db.read() as tx:
            return await self._found(tx, ticket_id, viewer)

    async def of_ids(self, ids: Collection[str], viewer: Actor) -> dict[str, Ticket]:
        """Those of these tickets that are for this viewer (whose `standing` is known), by id."""
        if not ids:
            return {}
        async with self._db.read() as tx:
            return {one.id: one for one in await store.by_ids(tx, ids) if sees(viewer, one)}

    async def by_number(self, number: str) -> Ticket | None:
        """The ticket with this number, None where there is none."""
        async with self._db.read() as tx:
            return await store.by_number(tx, number)

    async def by_keys(self, keys: str) -> builtins.list[Ticket]:
        """The tickets whose number a caller has keyed in on a telephone, its digits alone: 202601310007. One of each
        kind at most; none where these are not the digits of a number."""
        if not (keys.isascii() and keys.isdigit() and LEAST_KEYS <= len(keys) <= MOST_KEYS):
            return []
        numbers = [f"{one.workflow.prefix}-{keys[:8]}-{keys[8:]}" for one in self._library.current()]
        async with self._db.read() as tx:
            return await store.by_numbers(tx, numbers)

    async def of_customer(
        self, customer_id: str, limit: int = 50, after: str = "", viewer: Actor | None = None
    ) -> list[Ticket]:
        """A customer's tickets, as `list` has them. The newest of all are asked for with every call that rings."""
        if after or viewer is not None:
            return await self.list(TicketFilter(customer_id=customer_id), limit, after, viewer)
        async with self._db.read() as tx:
            return await store.of_customer(tx, customer_id, limit)

    async def open_of_customer(self, customer_id: str, limit: int = 50) -> list[Ticket]:
        """A customer's open tickets, the newest first."""
        async with self._db.read() as tx:
            return await store.open_of_customer(tx, customer_id, limit)

    async def open_of_calls(self, call_ids: Collection[str], limit: int = 50) -> list[Ticket]:
        """The open tickets that name one of these calls, the newest first."""
        async with self._db.read() as tx:
            return await store.open_of_calls(tx, call_ids, limit)

    async def open_of(self, user: str, limit: int = 50) -> list[Ticket]:
        """The open tickets that a user owns or has opened, the newest first."""
        return await self.list(TicketFilter(mine_of=user, open=True), limit)

    async def history(self, ticket_id: str, after: int = 0, limit: int | None = None) -> list[HistoryRow]:
        """The ticket's history, oldest first, from the row after `after`; raises `NotFound`."""
        async with self._db.read() as tx:
            await self._found(tx, ticket_id)
            return await store.history(tx, ticket_id, after, limit)

    async def verify(self, ticket_id: str) -> Verified:
        """Whether the ticket's history is whole and untouched; raises `NotFound`."""
        async with self._db.read() as tx:
            return verify(await self._found(tx, ticket_id), await store.history(tx, ticket_id))

    async def clocks(self, ticket_id: str, at: float) -> tuple[Workflow, list[Reading]]:
        """The ticket's clocks as its history has them, with the definition that declares them."""
        async with self._db.read() as tx:
            ticket = await self._found(tx, ticket_id)
            workflow = await self._library.of(tx, ticket.workflow, ticket.workflow_version)
            history = await store.history(tx, ticket_id)
            if any(row.event == TAKE_OVER for row in history):
                # Its older rows tell of another definition's states: what was counted is what was stored.
                kept = (await clock_store.of_tickets(tx, [ticket_id]))[ticket_id]
                return workflow, clock_store.readings_of(workflow, ticket, kept, at, self.reckoners)
            return workflow, readings(workflow, ticket, history, at, self.reckoners)

    async def allowed(self, ticket: Ticket, actor: Actor, at: float, language: str = "en") -> list[EventView]:
        """The events that the actor may try on the ticket now, with what each asks."""
        actor = await self.standing(actor, at)
        workflow = await self.definition_of(ticket)
        names = offered(workflow, ticket, actor, at, await self._dues(ticket))
        return [event_view(workflow, ticket, name, language) for name in names]

    async def next_steps(self, ticket: Ticket, actor: Actor, at: float, language: str = "en") -> NextSteps:
        """The same for a page: in the order of the work, with what is in the way and whom the ticket waits for."""
        actor = await self.standing(actor, at)
        workflow = await self.definition_of(ticket)
        return next_steps(workflow, ticket, actor, at, await self._dues(ticket), language)

    async def _dues(self, ticket: Ticket) -> dict[str, float | None]:
        """When each of the ticket's clocks is due."""
        async with self._db.read() as tx:
            clocks = (await clock_store.of_tickets(tx, [ticket.id]))[ticket.id]
        return {name: clock.due_at for name, clock in clocks.items()}

    async def definition_of(self, ticket: Ticket) -> Workflow:
        """The definition that the ticket follows: the version it began with."""
        if seen := self._library.seen(ticket.workflow, ticket.workflow_version):
            return seen
        async with self._db.read() as tx:
            return await self._library.of(tx, ticket.workflow, ticket.workflow_version)

    def form(self, workflow: str, language: str) -> FormView:
        """The opening form of the workflow in force; raises `NotFound`."""
        return form(self._library.named(workflow).workflow, language)

    def workflow(self, name: str) -> Definition:
        """The definition in force; raises `NotFound`."""
        return self._library.named(name)

    def workflows(self) -> tuple[Definition, ...]:
        """The definitions in force, by name."""
        return self._library.current()

    async def list(
        self, wanted: TicketFilter, limit: int = 50, after: str = "", viewer: Actor | None = None
    ) -> list[Ticket]:
        """The newest tickets that fit and that the viewer (whose `standing` is known) may see; everything where
        there is none. `after` is the id of the last one of the page before."""
        known = await self._by_all_ids(wanted)
        async with self._db.read() as tx:
            return await store.select(tx, known, limit, after, viewer)

    async def calls_of_open(self, call_ids: Collection[str]) -> frozenset[str]:
        """Those of these calls that an open ticket names."""
        async with self._db.read() as tx:
            return await store.calls_of_open(tx, call_ids)

    async def first_due(self, ids: Collection[str]) -> dict[str, float]:
        """When the first running clock of each of these tickets is due (epoch seconds)."""
        async with self._db.read() as tx:
            return await store.first_due(tx, ids)

    async def due(
        self, wanted: TicketFilter, limit: int, after: Due | None = None, viewer: Actor | None = None
    ) -> builtins.list[tuple[Ticket, Due]]:
        """The same tickets in the order of their deadlines; those that no clock runs for come last."""
        known = await self._by_all_ids(wanted)
        async with self._db.read() as tx:
            return await store.select_due(tx, known, limit, after, viewer)

    async def _by_all_ids(self, wanted: TicketFilter) -> TicketFilter:
        """A ticket keeps the id of the call in which it was opened, also where that call became part of another."""
        if not wanted.call_id:
            return wanted
        return replace(wanted, call_id="", call_ids=tuple(await self.ids_of_call(wanted.call_id)))

    async def _found(self, tx: AsyncConnection, ticket_id: str, viewer: Actor | None = None) -> Ticket:
        ticket = await store.get(tx, ticket_id)
        if ticket is None or (viewer is not None and not sees(viewer, ticket)):
            raise NotFound("There is no such ticket.")
        return ticket

    async def links(self, ticket_id: str, viewer: Actor | None = None) -> builtins.list[Link]:
        """The tickets that this one is linked with, as far as the viewer may see them, the oldest link first."""
        async with self._db.read() as tx:
            found = await relations.links(tx, ticket_id)
        return [link for link in found if viewer is None or sees(viewer, link.other)]
