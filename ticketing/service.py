"""The one door that changes a ticket. Page, API, IVR, mail and timers alike come through `open` and `fire`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from core import trips
from core.bus import Bus
from core.clock import iso
from core.database import Database
from core.errors import Invalid, NotFound, Refused
from core.ids import new_id
from core.trips import Change
from ticketing import event_store, relations, store
from ticketing.errors import StaleVersion, refused
from ticketing.event_store import Found, Recent
from ticketing.library import Definition
from ticketing.lookup import Lookup
from ticketing.messages import Actor, HistoryRow, NewTicket, Ticket, TicketChanged, TicketOpened
from ticketing.staff import Staff, hand_over_problem, sees
from ticketing.takeover import Change as DefinitionChange
from ticketing.takeover import plan, require_places, take_over
from ticketing.workflow.decide import Outcome, decide
from ticketing.workflow.model import ESCALATE, TAKE_OVER, Workflow
from ticketing.workflow.opening import Birth, decide_open, takes_vip
from ticketing.workflow.values import Refusal
from ticketing.writing import Written, happening

Listener = Callable[[Sequence[tuple[Ticket, HistoryRow]]], Sequence[Change]]
"""Told of events that are about to be written; what it returns is written with them."""

MOST_REMINDERS = 20


class References(Protocol):
    """What ticketing needs to know of other rooms; wiring supplies it."""

    async def customer_exists(self, customer_id: str) -> bool: ...

    async def customer_is_vip(self, tx: AsyncConnection, customer_id: str) -> bool: ...

    async def call_exists(self, call_id: str) -> bool: ...


class _Command(NamedTuple):
    """What is to happen to a ticket."""

    event: str
    data: Mapping[str, Any]
    expected_version: int
    at: float


class Tickets(Lookup):
    """Tickets of all kinds. `zone` is the time zone whose days the numbers carry; `adopt` comes before use."""

    def __init__(
        self,
        db: Database,
        bus: Bus,
        references: References,
        zone: ZoneInfo,
        ids: Callable[[float], str] = new_id,
    ) -> None:
        super().__init__(db)
        self._bus = bus
        self._references = references
        self._zone = zone
        self._ids = ids
        self._recent = Recent()
        self.listeners: list[Listener] = []

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

    async def plan(self, workflows: Mapping[str, Workflow]) -> tuple[DefinitionChange, ...]:
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
            opened = await self._opened(tx, definition, actor, new, at, last=True)
        self._recent.keep(opened)
        self._bus.publish(TicketOpened(opened.ticket, actor.user))
        return opened.ticket

    async def _opened(  # noqa: PLR0913  # what is opened, by whom and when
        self,
        tx: AsyncConnection,
        definition: Definition,
        actor: Actor,
        new: NewTicket,
        at: float,
        *,
        last: bool = False,
    ) -> Found:
        day = f"{datetime.fromtimestamp(at, self._zone):%Y%m%d}"
        number = await store.next_number(tx, definition.workflow.prefix, day)
        vip = takes_vip(definition.workflow) and await self._is_vip(tx, new.customer_id)
        birth = Birth(self._ids(at), number, definition.version, at, vip)
        outcome = _granted(decide_open(definition.workflow, new, actor, birth))
        written = happening(definition.workflow, outcome, actor, at, None, self.reckoners)
        await trips.write(tx, [*written.changes, *self._told(outcome, written, at)], last=last)
        return written.after

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
        command = _Command(event, data, expected_version, at)
        staff = await self.directory.staff(at)
        actor = staff.standing(actor)
        known = self._recent.at(ticket_id, expected_version)
        if known is not None and (ticket := await self._fire_known(known, command, actor, staff)):
            return ticket
        return await self._fire(ticket_id, command, actor, staff)

    async def _fire_known(self, known: Found, command: _Command, actor: Actor, staff: Staff) -> Ticket | None:
        """Have the event happen to a ticket as this server saw it last. None where that is not enough to go by: then
        nothing was changed, and the database has to be asked."""
        workflow = self._library.seen(known.ticket.workflow, known.ticket.workflow_version)
        if workflow is None or relations.relates(workflow, command.event):
            return None
        try:
            outcome = _decided(workflow, known, command, actor, staff)
        except Refused:
            # Somebody else may have been quicker, at another server.
            self._recent.forget(known)
            return None
        written = happening(workflow, outcome, actor, command.at, known, self.reckoners)
        family: Sequence[Ticket] = ()
        if relations.passes_on(outcome):
            async with self._db.read() as tx:
                family = await relations.family(tx, known.ticket.id)
        changes = [*written.changes, *self._told(outcome, written, command.at, family)]
        if not await trips.write_alone(self._db, changes):
            self._recent.forget(known)
            return None
        return self._happened(written, command.event, actor)

    async def _fire(self, ticket_id: str, command: _Command, actor: Actor, staff: Staff) -> Ticket:
        expected, at = command.expected_version, command.at
        async with self._db.begin() as tx:
            found = await event_store.to_change(tx, ticket_id)
            if found is None or not sees(actor, found.ticket):
                raise _no_such_ticket()
            ticket = found.ticket
            if not await _has_seen(tx, ticket, expected):
                raise await _stale(tx, ticket, expected)
            workflow = await self._library.of(tx, ticket.workflow, ticket.workflow_version)
            outcome = _decided(workflow, found, command, actor, staff)
            related = await relations.relate(tx, workflow, ticket, outcome, actor, self._opener(at))
            outcome = related.outcome
            written = happening(workflow, outcome, actor, at, found, self.reckoners)
            family = await relations.family(tx, ticket_id) if relations.passes_on(outcome) else ()
            told = self._told(outcome, written, at, family)
            changes = [*written.changes, *told, *relations.kept(related, actor, at)]
            if not await trips.write(tx, changes, last=True):
                raise await _stale(tx, await self._found(tx, ticket_id), expected)
        if related.opened and related.other is not None:
            self._bus.publish(TicketOpened(related.other, actor.user))
        return self._happened(written, command.event, actor)

    def _happened(self, written: Written, event: str, actor: Actor) -> Ticket:
        """Remember and publish what has been committed."""
        self._recent.keep(written.after)
        self._bus.publish(TicketChanged(written.after.ticket, event, actor.user))
        return written.after.ticket

    def _opener(self, at: float) -> relations.Opener:
        async def opened(tx: AsyncConnection, actor: Actor, new: NewTicket) -> Ticket:
            return (await self._opened(tx, self._library.wanted(new.workflow), actor, new, at)).ticket

        return opened

    def _told(
        self, outcome: Outcome, written: Written, at: float, family: Sequence[Ticket] = ()
    ) -> list[Change]:
        """What is to go out, in the event's own transaction."""
        listened = self.listened([(outcome.ticket, written.row)])
        return [*listened, *relations.to_send(relations.notices(outcome, family), at)]

    def listened(self, events: Sequence[tuple[Ticket, HistoryRow]]) -> list[Change]:
        """What the listeners want to have written with these events."""
        return [change for listener in self.listeners for change in listener(events)]

    async def _is_vip(self, tx: AsyncConnection, customer_id: str | None) -> bool:
        return customer_id is not None and await self._references.customer_is_vip(tx, customer_id)

    async def _check_references(self, new: NewTicket) -> None:
        if new.customer_id is not None and not await self._references.customer_exists(new.customer_id):
            raise Invalid("There is no such customer.", field="customer_id")
        if new.call_id is not None and not await self._references.call_exists(new.call_id):
            raise Invalid("There is no such call.", field="call_id")


def _granted(decision: Outcome | Refusal) -> Outcome:
    if isinstance(decision, Refusal):
        raise refused(decision)
    return decision


def _decided(workflow: Workflow, found: Found, command: _Command, actor: Actor, staff: Staff) -> Outcome:
    """What the event does to the ticket; raises what `fire` does where it is refused."""
    ticket = found.ticket
    if not sees(actor, ticket):
        raise _no_such_ticket()
    outcome = _granted(decide(workflow, ticket, command.event, actor, command.data, command.at, found.due))
    if problem := hand_over_problem(staff, ticket, outcome.ticket, actor):
        raise Invalid(problem, field=_owner_field(workflow, outcome))
    return outcome


def _no_such_ticket() -> NotFound:
    """Also said of a ticket that is not the actor's to see."""
    return NotFound("There is no such ticket.")


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
