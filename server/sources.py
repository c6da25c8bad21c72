"""What one room asks of another, supplied here: time lines of calls and tickets, what exists, how numbers read."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace
from sqlalchemy.ext.asyncio import AsyncConnection

from core.clock import Clock
from core.errors import NotFound
from core.identity.roles import Permission as P
from core.identity.users import User
from core.ids import new_id
from cti.messages import Call, CallState
from cti.store import CallStore
from customers.messages import Customer, TimelineEntry
from customers.numbers import normalise
from customers.service import Customers
from ivr_flows.flow.told import flows_on
from ivr_flows.messages import Ended, Visit
from ivr_flows.surveys.store import Score, Surveys
from ivr_flows.visit_store import VisitStore
from screenpop.pages.calls import Around, left_menu
from ticketing.api import actor_of
from ticketing.messages import Ticket
from ticketing.service import Tickets

if TYPE_CHECKING:
    from server.rooms import Rooms

LAST_NOISE = b"\xff" * 10
"""Makes the last id of a millisecond: tickets are listed by their ids, which sort by time."""


class CallTimeline:
    """A customer's calls: every call from or to one of the customer's numbers, with what the caller did in the phone
    menu. `menus` tells that, by call."""

    def __init__(
        self,
        calls: CallStore,
        person: Callable[[str], str],
        menus: Callable[[Iterable[str]], Awaitable[Mapping[str, tuple[Visit, ...]]]],
    ) -> None:
        self._calls = calls
        self._person = person
        self._menus = menus

    async def entries(
        self, customer: Customer, before: float | None, limit: int, viewer: User | None = None
    ) -> Sequence[TimelineEntry]:
        numbers = [phone.e164 for phone in customer.phones]
        found = await self._calls.of_numbers(numbers, before, limit) if numbers else []
        menus = await self._menus(call.id for call in found)
        return [_call_entry(call, self._person, viewer, menus.get(call.id, ())) for call in found]


class TicketTimeline:
    """A customer's tickets, at the moment of their opening; a department's user sees those of the department only."""

    def __init__(self, tickets: Tickets, clock: Clock) -> None:
        self._tickets = tickets
        self._clock = clock

    async def entries(
        self, customer: Customer, before: float | None, limit: int, viewer: User | None = None
    ) -> Sequence[TimelineEntry]:
        after = "" if before is None else new_id(before, LAST_NOISE)
        who = await self._tickets.standing(actor_of(viewer), self._clock.now()) if viewer else None
        found = await self._tickets.of_customer(customer.id, limit, after, who)
        return [_ticket_entry(ticket) for ticket in found]


class SurveyTimeline:
    """A customer's scores, given by them or from one of their numbers; a department sees those on its tickets only."""

    def __init__(self, surveys: Surveys) -> None:
        self._surveys = surveys

    async def entries(
        self, customer: Customer, before: float | None, limit: int, viewer: User | None = None
    ) -> Sequence[TimelineEntry]:
        if viewer is not None and not (viewer.can(P.CALLS_OWN) or viewer.can(P.REPORTS_SEE)):
            return []
        numbers = [phone.e164 for phone in customer.phones]
        found = await self._surveys.of_customer(customer.id, numbers, before, limit)
        return [TimelineEntry(one.at, "survey", str(one.score), _about(one), one.id) for one in found]


def _about(score: Score) -> str:
    return score.about if score.kind == "ticket" else ""


class VisitTimeline:
    """What a customer did in the phone menu from somebody else's line. Where it was one of their own, it stands at the
    call: one thing that happened is one row."""

    def __init__(self, visits: VisitStore, calls: CallStore) -> None:
        self._visits = visits
        self._calls = calls

    async def entries(
        self, customer: Customer, before: float | None, limit: int, viewer: User | None = None
    ) -> Sequence[TimelineEntry]:
        numbers, most = [phone.e164 for phone in customer.phones], limit
        while True:
            found = await self._visits.of_customer(customer.id, before, most)
            own = await self._calls.with_numbers({one.call_id for one in found}, numbers)
            kept = [one for one in found if one.call_id not in own]
            # Each call of `own` is a row that `CallTimeline` has: what is older than `limit` rows is not on this page.
            if len(kept) + len(own) > limit or len(found) < most:
                return [_visit_entry(one, viewer) for one in kept[:limit]]
            most *= 2


class OpenTickets:
    """Open tickets of a customer, or that were opened in a call, for pops. `call_ids`: the ids by which a call of now
    is known, without asking the database."""

    def __init__(self, tickets: Tickets, call_ids: Callable[[str], Collection[str]]) -> None:
        self._tickets = tickets
        self._call_ids = call_ids

    async def open_of_customer(self, customer_id: str, limit: int) -> Sequence[Ticket]:
        return await self._tickets.open_of_customer(customer_id, limit)

    async def open_of_call(self, call_id: str, limit: int) -> Sequence[Ticket]:
        return await self._tickets.open_of_calls(self._call_ids(call_id), limit)


def calls_around(house: Rooms) -> Around:
    """What the pages of calls stand on."""
    board = house.switchboard
    return Around(
        log=house.calls,
        live=board.call,
        recordings=house.recordings,
        visits=house.visits.store,
        agents=lambda: {seat.user for seat in board.seats.values()},
        queues=lambda: {queue.name for queue in board.snapshot().queues},
    )


class Existing:
    """What a ticket may refer to. A call that is live counts before it is stored."""

    def __init__(self, customers: Customers, calls: CallStore, is_live: Callable[[str], bool]) -> None:
        self._customers = customers
        self._calls = calls
        self._is_live = is_live

    async def customer_exists(self, customer_id: str) -> bool:
        try:
            await self._customers.get(customer_id)
        except NotFound:
            return False
        return True

    async def customer_is_vip(self, tx: AsyncConnection, customer_id: str) -> bool:
        return await self._customers.is_vip(tx, customer_id)

    async def call_exists(self, call_id: str) -> bool:
        return self._is_live(call_id) or await self._calls.get(call_id) is not None


class NumberKeys:
    """The one form in which calls are found by a customer's number."""

    def __init__(self, regions: Mapping[str, str]) -> None:
        self._regions = regions

    def key(self, text: str, pbx: str) -> str:
        """E.164 where the text is a number of the PBX's region; empty for an extension or an anonymous caller."""
        return normalise(text, self._regions.get(pbx, "CN")).e164 or ""


def _call_entry(
    call: Call, person: Callable[[str], str], viewer: User | None, menu: Sequence[Visit]
) -> TimelineEntry:
    agents = dict.fromkeys(
        segment.agent for segment in call.segments if segment.agent and segment.answered_at
    )
    if left := _alone(call, menu):
        return replace(_visit_entry(menu[-1], viewer), at=call.started_at, title=_flows(menu), state=left)
    before = [visit for visit in menu if visit.ended is Ended.TRANSFERRED]
    mine = viewer is not None and viewer.name in {segment.agent for segment in call.segments}
    return TimelineEntry(
        call.started_at,
        "call",
        call.queue or call.dialled,
        ", ".join(map(person, agents)),
        call.id,
        call.outcome.value if call.outcome else call.state.value,
        may_open=viewer is not None and (mine or viewer.can(P.CALLS_ALL)),
        menu=_flows(before),
    )


def _alone(call: Call, menu: Sequence[Visit]) -> str:
    """How it stands with a caller who was in the phone menu alone so far; empty for all others."""
    if call.outcome is None and call.state is CallState.IVR and menu:
        return CallState.IVR.value
    return left_menu(call, menu)


def _visit_entry(visit: Visit, viewer: User | None) -> TimelineEntry:
    """The title names the flows that the customer came through."""
    state = visit.ended.value if visit.ended else CallState.IVR.value
    sees = viewer is not None and viewer.can(P.CALLS_ALL)
    return TimelineEntry(visit.started_at, "ivr", _flows([visit]), "", visit.call_id, state, may_open=sees)


def _flows(visits: Iterable[Visit]) -> str:
    """The names of the flows that somebody came through, in their order."""
    return " ".join(flows_on(place for visit in visits for place in (visit.flow, *visit.path)))


def _ticket_entry(ticket: Ticket) -> TimelineEntry:
    state = f"{ticket.workflow}/{ticket.state}"
    return TimelineEntry(ticket.created_at, "ticket", ticket.subject, ticket.number, ticket.id, state)
