"""The agent's desk, the pieces that its middle shows, the wallboard, and where "/" leads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from aiohttp import web

from core.errors import NotFound
from core.identity.roles import Permission
from core.identity.users import User
from core.web.routes import Ask, Route
from cti.messages import Direction
from customers.messages import Candidate, Certainty, Customer, Match
from screenpop.pages.base import Pages
from screenpop.pages.records import Records
from screenpop.pops import with_customer
from screenpop.records import history_row
from ticketing.messages import Ticket, TicketFilter

FOUND = 8
LAST_CONTACTS = 6


class FindQuery(msgspec.Struct, frozen=True):
    """`attach` is "1" where choosing a customer attaches the caller's number to it."""

    q: Annotated[str, msgspec.Meta(max_length=200)] = ""
    attach: str = ""


class CardQuery(msgspec.Struct, frozen=True):
    customer: Annotated[str, msgspec.Meta(max_length=64)]


class Desk:
    """The handlers."""

    def __init__(self, pages: Pages, records: Records) -> None:
        self._pages = pages
        self._records = records

    async def home(self, ask: Ask[Any, Any]) -> web.StreamResponse:
        """Lead everyone to the page of their work."""
        raise web.HTTPSeeOther(home_of(ask.user))

    async def show(self, ask: Ask[Any, Any]) -> web.StreamResponse:
        """The desk; calls and states come over the live socket."""
        language = self._pages.language_of(ask)
        tickets = self._pages.tickets
        kinds = [tickets.form(found.workflow.name, language) for found in tickets.workflows()]
        return self._pages.page(
            ask,
            "desk.html",
            "/desk",
            kinds=kinds if ask.user.can(Permission.TICKETS_OPEN) else [],
            pause_reasons=self._pages.renderer.desk.pause_reasons,
            page_data={"name": ask.user.full_name},
        )

    async def wall(self, ask: Ask[Any, Any]) -> web.StreamResponse:
        """Queues and agents, to be read from five metres."""
        return self._pages.page(ask, "wall.html", "/wall")

    async def session(self, ask: Ask[Any, Any]) -> web.StreamResponse:
        """Nothing, for who is signed in; the live socket's script asks after a refused handshake."""
        return web.Response(status=204)

    async def search(self, ask: Ask[Any, FindQuery]) -> web.StreamResponse:
        """Customers and tickets that match what is typed into the search field."""
        text = ask.query.q.strip()
        customers, _ = await self._pages.customers.search(text, FOUND) if text else ([], None)
        tickets = await self._found(ask, TicketFilter(q=text), FOUND) if text else []
        rows = await self._records.ticket_rows(tickets, self._pages.language_of(ask))
        return self._pages.fragment(ask, "parts/search.html", q=text, customers=customers, tickets=rows)

    async def _found(self, ask: Ask[Any, Any], wanted: TicketFilter, limit: int) -> Sequence[Ticket]:
        """The newest tickets that fit and that who asks may see."""
        return await self._pages.tickets.list(wanted, limit, viewer=await self._pages.viewer_of(ask))

    async def find(self, ask: Ask[Any, FindQuery]) -> web.StreamResponse:
        """Customers that match, to be chosen for the call."""
        text = ask.query.q.strip()
        customers, _ = await self._pages.customers.search(text, FOUND) if text else ([], None)
        return self._pages.fragment(
            ask, "parts/found.html", q=text, customers=customers, attach=bool(ask.query.attach)
        )

    async def card(self, ask: Ask[Any, CardQuery]) -> web.StreamResponse:
        """The card of an open pop as it is with the customer whom the agent has found out."""
        pop = self._pages.pops.pop(ask.user.name, ask.path["pop_id"])
        customer = await self._pages.customers.get(ask.query.customer)
        language = self._pages.language_of(ask)
        tickets = await self._found(ask, TicketFilter(customer_id=customer.id, open=True), 8)
        labels = [(ticket, await self._records.state_label(ticket, language)) for ticket in tickets]
        entries, _ = await self._pages.customers.timeline(customer.id, LAST_CONTACTS, viewer=ask.user)
        contacts = [history_row(entry) for entry in entries if entry.kind != "created"]
        shown = with_customer(pop, Candidate(customer, Certainty.EXACT), labels, contacts)
        return web.Response(text=self._pages.renderer.render_pop(shown, language), content_type="text/html")

    async def call(self, ask: Ask[Any, Any]) -> web.StreamResponse:
        """An old call and who it was with."""
        call = await self._pages.calls.get(ask.path["id"])
        own = call is not None and ask.user.name in {segment.agent for segment in call.segments}
        if call is None or not (own or ask.user.can(Permission.CALLS_ALL)):
            raise NotFound("There is no such call.")
        other = call.dialled if call.direction is Direction.OUTBOUND else call.caller.number
        lookup = await self._pages.customers.lookup(other) if other else None
        customers: list[Customer] = [one.customer for one in lookup.candidates] if lookup else []
        shown = lookup.shown if lookup and lookup.match is not Match.ANONYMOUS else ""
        score = (await self._pages.scores.of_calls([call.id])).get(call.id)
        written = [work for work in await self._pages.works.read(call.id) if work.note]
        names = {"call": call, "shown": shown, "customers": customers, "score": score, "written": written}
        names["hears"] = ask.user.can(Permission.RECORDINGS_LISTEN)
        return self._pages.fragment(ask, "parts/call.html", **names)


def home_of(user: User) -> str:
    """The page of a user's work: the wallboard, the desk, or the tickets."""
    if user.can(Permission.CALLS_ALL):
        return "/wall"
    return "/desk" if user.can(Permission.CALLS_OWN) else "/tickets"


def routes(pages: Pages, records: Records) -> list[Route]:
    """The paths of the desk."""
    desk, use = Desk(pages, records), Permission.DESK_USE
    see = Permission.CUSTOMERS_SEE
    return [
        Route("GET", "/", desk.home, use, "The page of the user's work", page=True),
        Route("GET", "/desk", desk.show, use, "The agent's desk", page=True),
        Route("GET", "/desk/session", desk.session, use, "Whether the session is good", status=204),
        Route("GET", "/desk/search", desk.search, see, "Search", query=FindQuery, page=True),
        Route("GET", "/desk/find", desk.find, see, "Find the caller", query=FindQuery, page=True),
        Route("GET", "/desk/pops/{pop_id}/card", desk.card, see, "Card of a pop", query=CardQuery, page=True),
        Route("GET", "/desk/calls/{id}", desk.call, use, "An old call", page=True),
        Route("GET", "/wall", desk.wall, Permission.CALLS_ALL, "The wallboard", page=True),
    ]
