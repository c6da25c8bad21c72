"""The one door that changes a ticket. Page, API, IVR, mail and timers alike come through `open` and `fire`."""

from __future__ import annotations

import builtins
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from core import audit, outbox
from core.bus import Bus
from core.clock import iso
from core.database import Database
from core.errors import Invalid, NotFound
from core.ids import new_id
from ticketing import clock_store, relations, store
from ticketing.chain import FIRST, Verified, row_of, verify
from ticketing.clocks import ONLY_ALWAYS, Reading, Reckoners, readings
from ticketing.directory import Directory
from ticketing.errors import StaleVersion, refused
from ticketing.library import Definition, Library
from ticketing.messages import (
    Actor,
    HistoryRow,
    NewTicket,
    Ticket,
    TicketChanged,
    TicketFilter,
    TicketOpened,
)
from ticketing.notices import NOTICE_TOPIC
from ticketing.relations import Link
from ticketing.staff import hand_over_problem, sees
from ticketing.takeover import Change, plan, require_places, take_over
from ticketing.views import EventView, FormView, event_view, form
from ticketing.workflow.decide import Outcome, decide, offered
from ticketing.workflow.model import ESCALATE, TAKE_OVER, Workflow
from ticketing.workflow.opening import Birth, decide_open
from ticketing.workflow.values import Refusal

Listener = Callable[[AsyncConnection, Sequence[tuple[Ticket, HistoryRow]]], Awaitable[None]]


MOST_REMINDERS = 20
LEAST_KEYS, MOST_KEYS = 12, 18
"""Digits of a ticket's number: eight of the day, four or more that count."""


class References(Protocol):
    """What ticketing needs to know of other rooms; wiring supplies it."""

    async def customer_exists(self, customer_id: str) -> bool: ...

    async def call_exists(self, call_id: str) -> bool: ...


class Tickets:
    """Tickets of all kinds. `zone` is the time zone whose days the numbers carry; `adopt` comes before use."""

    def __init__(
        self,
        db: Database,
        bus: Bus,
        references: References,
        zone: ZoneInfo,
        ids: Callable[[float], str] = new_id,
    ) -> None:
        self._db = db
        self._bus = bus
        self._references = references
        self._zone = zone
        self._ids = ids
        self._library = Library()
        self.reckoners: Reckoners = ONLY_ALWAYS
        """By name what clocks are reckoned by; wiring puts the installation's calendars here."""
        self.directory = Directory(db)
        self.listeners: list[Listener] = []
        """Called with every event that was written, in its transaction."""

    async def adopt(self, workflows: Mapping[str, Workflow], at: float) -> None:
        """Put these definitions in force; the ones before stay for the tickets that follow them, but a definition
        with a `map` takes open tickets along. Raises `Unmapped` where some would be left without a state."""
        async with self._db.begin() as tx:
            require_places(await plan(tx, workflows))
            await self._library.adopt(tx, workflows, at)
        for definition in self._library.current():
            await take_over(self._db, definition, at, self.reckoners, self._came_along)

    async def follow(self) -> tuple[Definition, ...]:
        """Take over the definitions that another process has put in force; returns those that are new here."""
        async with self._db.read() as tx:
            return await self._library.follow(tx)

    async def plan(self, workflows: Mapping[str, Workflow]) -> tuple[Change, ...]:
        """What `adopt` would do; nothing is changed."""
        async with self._db.read() as tx:
            return await plan(tx, workflows)

    def _came_along(self, ticket: Ticket) -> None:
        self._bus.publish(TicketChanged(ticket, TAKE_OVER, "system"))

    async def open(self, actor: Actor, new: NewTicket, at: float) -> Ticket:
        """Open a ticket; raises `WrongRole`, `MissingField`, `GuardRefused` or `Invalid`."""
        definition = self._library.wanted(new.workflow)
        actor = await self.standing(actor, at)
        await self._check_references(new)
        async with self._db.begin() as tx:
            ticket = await self._opened(tx, definition, actor, new, at)
        self._bus.publish(TicketOpened(ticket, actor.user))
        return ticket

    async def _opened(
        self, tx: AsyncConnection, definition: Definition, actor: Actor, new: NewTicket, at: float
    ) -> Ticket:
        day = f"{datetime.fromtimestamp(at, self._zone):%Y%m%d}"
        number = await store.next_number(tx, definition.workflow.prefix, day)
        birth = Birth(self._ids(at), number, definition.version, at)
        outcome = _granted(decide_open(definition.workflow, new, actor, birth))
        await store.insert(tx, outcome.ticket)
        await self._write(tx, definition.workflow, outcome, actor, at, FIRST)
        return outcome.ticket

    async def fire(  # noqa: PLR0913, PLR0917  # the door's signature is fixed by the architecture
        self,
        ticket_id: str,
        event: str,
        actor: Actor,
        data: Mapping[str, Any],
        expected_version: int,
        at: float,
    ) -> Ticket:
        """Have an event happen to a ticket that is still at `expected_version`, reminders of the timer aside.

        Raises `NotFound` (also where the ticket is not the actor's to see), `StaleVersion`, `NotAllowedInState`,
        `WrongRole`, `MissingField`, `GuardRefused` or `Invalid`, each having changed nothing. An event that
        relates the ticket to another one raises what `relations.relate` does.
        """
        staff = await self.directory.staff(at)
        actor = staff.standing(actor)
        async with self._db.begin() as tx:
            ticket, previous = await self._found_to_change(tx, ticket_id, actor)
            if not await _has_seen(tx, ticket, expected_version):
                raise await _stale(tx, ticket, expected_version)
            workflow = await self._library.of(tx, ticket.workflow, ticket.workflow_version)
            outcome = _granted(decide(workflow, ticket, event, actor, data, at))
            if problem := hand_over_problem(staff, ticket, outcome.ticket, actor):
                raise Invalid(problem, field=_owner_field(workflow, outcome))
            related = await relations.relate(tx, workflow, ticket, outcome, actor, self._opener(at))
            outcome = related.outcome
            if not await store.replace_at(tx, outcome.ticket, ticket.version):
                raise await _stale(tx, await self._found(tx, ticket_id), expected_version)
            await self._write(tx, workflow, outcome, actor, at, previous or FIRST)
            await relations.keep(tx, related, actor, at)
        if related.opened and related.other is not None:
            self._bus.publish(TicketOpened(related.other, actor.user))
        self._bus.publish(TicketChanged(outcome.ticket, event, actor.user))
        return outcome.ticket

    def _opener(self, at: float) -> relations.Opener:
        async def opened(tx: AsyncConnection, actor: Actor, new: NewTicket) -> Ticket:
            return await self._opened(tx, self._library.wanted(new.workflow), actor, new, at)

        return opened

    async def links(self, ticket_id: str, viewer: Actor | None = None) -> builtins.list[Link]:
        """The tickets that this one is linked with, as far as the viewer may see them, the oldest link first."""
        async with self._db.read() as tx:
            found = await relations.links(tx, ticket_id)
        return [link for link in found if viewer is None or sees(viewer, link.other)]

    async def standing(self, actor: Actor, at: float) -> Actor:
        """The actor with the departments it belongs to and those it stands in for."""
        return (await self.directory.staff(at)).standing(actor)

    async def get(self, ticket_id: str, viewer: Actor | None = None) -> Ticket:
        """The ticket; raises `NotFound`, also where it is not for this viewer (whose `standing` is known)."""
        async with self._db.read() as tx:
            return await self._found(tx, ticket_id, viewer)

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

    async def of_customer(self, customer_id: str, limit: int = 50, after: str = "") -> list[Ticket]:
        """A customer's tickets, the newest first."""
        return await self.list(TicketFilter(customer_id=customer_id), limit, after)

    async def open_of_customer(self, customer_id: str, limit: int = 50) -> list[Ticket]:
        """A customer's open tickets, the newest first."""
        return await self.list(TicketFilter(customer_id=customer_id, open=True), limit)

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
        names = offered(workflow, ticket, actor, at)
        return [event_view(workflow, ticket, name, language) for name in names]

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
        async with self._db.read() as tx:
            return await store.select(tx, wanted, limit, after, viewer)

    async def _found(self, tx: AsyncConnection, ticket_id: str, viewer: Actor | None = None) -> Ticket:
        ticket = await store.get(tx, ticket_id)
        if ticket is None or (viewer is not None and not sees(viewer, ticket)):
            raise NotFound("There is no such ticket.")
        return ticket

    async def _found_to_change(
        self, tx: AsyncConnection, ticket_id: str, viewer: Actor
    ) -> tuple[Ticket, str]:
        """The ticket and the last hash of its history."""
        found = await store.get_to_change(tx, ticket_id)
        if found is None or not sees(viewer, found[0]):
            raise NotFound("There is no such ticket.")
        return found

    async def _check_references(self, new: NewTicket) -> None:
        if new.customer_id is not None and not await self._references.customer_exists(new.customer_id):
            raise Invalid("There is no such customer.", field="customer_id")
        if new.call_id is not None and not await self._references.call_exists(new.call_id):
            raise Invalid("There is no such call.", field="call_id")

    async def written(self, tx: AsyncConnection, events: Sequence[tuple[Ticket, HistoryRow]]) -> None:
        """Tell the listeners what was written in this transaction."""
        for listener in self.listeners:
            await listener(tx, events)

    async def _write(  # noqa: PLR0913, PLR0917  # all of one event's rows
        self,
        tx: AsyncConnection,
        workflow: Workflow,
        outcome: Outcome,
        actor: Actor,
        at: float,
        previous: str,
    ) -> None:
        """The history row, the clocks, the audit row and what is to go out, in the ticket's own transaction."""
        ticket = outcome.ticket
        row = row_of(outcome, actor.user, at, previous)
        await store.append_history(tx, ticket.id, row)
        await clock_store.follow(tx, workflow, ticket, row, self.reckoners)
        details = {"event": outcome.event, "state": ticket.state, "version": ticket.version}
        action = "ticket.open" if outcome.from_state is None else "ticket.fire"
        await audit.record(tx, at, actor.user, action, ticket.number, details)
        await self.written(tx, [(ticket, row)])
        for notice in await relations.notices(tx, outcome):
            await outbox.put(tx, at, NOTICE_TOPIC, notice)


def _granted(decision: Outcome | Refusal) -> Outcome:
    if isinstance(decision, Refusal):
        raise refused(decision)
    return decision


def _owner_field(workflow: Workflow, outcome: Outcome) -> str:
    """The field of the event that names the new owner."""
    return next((n for n in outcome.data if n in workflow.fields and workflow.fields[n].sets == "owner"), "")


async def _has_seen(tx: AsyncConnection, ticket: Ticket, version: int) -> bool:
    """Whether somebody who saw this version saw all that matters: a reminder of the timer changes nothing else."""
    since = ticket.version - version
    if not 0 < since <= MOST_REMINDERS or version < 1:
        return since == 0
    rows = await store.history(tx, ticket.id, after=version)
    return len(rows) == since and all(row.event == ESCALATE for row in rows)


async def _stale(tx: AsyncConnection, ticket: Ticket, expected: int) -> StaleVersion:
    """The refusal that tells who did what since the version that the actor saw."""
    since = await store.history(tx, ticket.id, after=max(expected, 0), limit=20)
    changes = [
        {"version": r.version, "event": r.event, "actor": r.actor, "state": r.to_state, "at": iso(r.at)}
        for r in since
    ]
    who = f" by {since[-1].actor}" if since else ""
    return StaleVersion(
        f"The ticket was changed meanwhile{who}: it is at version {ticket.version} now, not {expected}.",
        version=ticket.version,
        state=ticket.state,
        changes=changes,
    )
