"""The list of tickets, and one ticket with what may be done next."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, Any
from urllib.parse import urlencode

import msgspec
from aiohttp import web

from core.errors import Invalid, NotFound, Refused
from core.identity.roles import Permission, Role
from core.identity.users import User
from core.web.parse import form_of, plain
from core.web.routes import Ask, ListQuery, Route
from customers.messages import Customer
from screenpop.pages.base import Pages, actor_of
from screenpop.pages.clocks import clock_lines
from screenpop.pages.problems import of_refusal
from screenpop.pages.records import Records
from screenpop.words import N_
from ticketing.messages import Actor, Due, HistoryRow, Ticket, TicketFilter
from ticketing.views import EventView, FieldView, column_label, event_label, shown_values, state_label
from ticketing.workflow.model import Workflow

LONGEST_NUMBER = 10
"""Digits of a version; int() itself refuses more than some thousand."""
FILTERS = (("mine", N_("Mine")), ("due", N_("Due first")), ("open", N_("Open")), ("all", N_("All")))


class TicketsQuery(ListQuery, frozen=True):
    show: Annotated[str, msgspec.Meta(max_length=16)] = ""
    workflow: Annotated[str, msgspec.Meta(max_length=64)] = ""
    q: Annotated[str, msgspec.Meta(max_length=200)] = ""


def _first_view(user: User) -> str:
    """Agents begin with their own tickets, departments with what is due first, who oversees others with all open
    ones."""
    if user.role is Role.DEPARTMENT:
        return "due"
    return "mine" if user.can(Permission.CALLS_OWN) and not user.can(Permission.CALLS_ALL) else "open"


class TicketPages:
    """The handlers."""

    def __init__(self, pages: Pages, records: Records) -> None:
        self._pages = pages
        self._records = records

    async def list(self, ask: Ask[Any, TicketsQuery]) -> web.StreamResponse:
        """Tickets by filter, the newest first; for htmx the rows alone."""
        query = msgspec.structs.replace(ask.query, show=ask.query.show or _first_view(ask.user))
        wanted = TicketFilter(
            workflow=query.workflow,
            mine_of=ask.user.name if query.show == "mine" else "",
            open=None if query.show == "all" else True,
            q=query.q.strip(),
        )
        found, places = await self._found(query, wanted, await self._pages.viewer_of(ask))
        rows = await self._records.ticket_rows(found[: query.limit], self._pages.language_of(ask), True)
        more = None
        if len(found) > query.limit:
            rest = {"show": query.show, "workflow": query.workflow, "q": query.q}
            more = f"/tickets?{urlencode(rest | {'after': places[query.limit - 1]})}"
        context = {"rows": rows, "query": query, "more": more}
        if "HX-Request" in ask.request.headers:
            return self._pages.fragment(ask, "parts/ticket_rows.html", **context)
        kinds = [found.workflow.name for found in self._pages.tickets.workflows()]
        return self._pages.page(ask, "tickets.html", "/tickets", filters=FILTERS, kinds=kinds, **context)

    async def _found(
        self, query: TicketsQuery, wanted: TicketFilter, viewer: Actor
    ) -> tuple[Sequence[Ticket], Sequence[str]]:
        """One more than asked for, and of each the place in the list to go on from."""
        tickets, most = self._pages.tickets, query.limit + 1
        if query.show != "due":
            found = await tickets.list(wanted, most, query.after, viewer)
            return found, [ticket.id for ticket in found]
        dues = await tickets.due(wanted, most, _place(query.after), viewer)
        return [ticket for ticket, _ in dues], [f"{due.at!r}:{due.ticket_id}" for _, due in dues]

    async def show(self, ask: Ask[Any, Any]) -> web.StreamResponse:
        """One ticket as a page."""
        context = await self._one(ask, ask.path["id"])
        return self._pages.page(ask, "ticket.html", "/tickets", **context)

    async def piece(self, ask: Ask[Any, Any]) -> web.StreamResponse:
        """One ticket for the middle of the desk."""
        return self._pages.fragment(ask, "parts/ticket.html", **await self._one(ask, ask.path["id"]))

    async def fire(self, ask: Ask[Any, Any]) -> web.StreamResponse:
        """Have an event happen; answers with the ticket as it then is, or with why not and what was typed."""
        form = {key: str(value) for key, value in plain(await form_of(ask.request)).items()}
        id, event = ask.path["id"], form.get("event", "")
        language = self._pages.language_of(ask)
        try:
            ticket = await self._pages.tickets.get(id, await self._pages.viewer_of(ask))
            data = await self._data(ask, ticket, event, form, language)
            await self._pages.tickets.fire(id, event, actor_of(ask.user), data, _version(form), ask.at)
        except NotFound:
            raise
        except Refused as refusal:
            wrong = of_refusal(refusal, self._pages.renderer.gettext(language))
            tried = {"event": event, "wrong": wrong, "field": refusal.details.get("field", ""), "typed": form}
            return self._pages.fragment(ask, "parts/ticket.html", **await self._one(ask, id, tried))
        return self._pages.fragment(ask, "parts/ticket.html", **await self._one(ask, id))

    async def _data(
        self, ask: Ask[Any, Any], ticket: Ticket, event: str, form: dict[str, str], language: str
    ) -> dict[str, Any]:
        allowed = await self._pages.tickets.allowed(ticket, actor_of(ask.user), ask.at, language)
        asked = next((view.fields for view in allowed if view.name == event), ())
        given = {field.name: _typed(field, form.get(f"fields.{field.name}", "").strip()) for field in asked}
        return {name: value for name, value in given.items() if value is not None}

    async def _one(self, ask: Ask[Any, Any], id: str, tried: dict[str, Any] | None = None) -> dict[str, Any]:
        tickets, language = self._pages.tickets, self._pages.language_of(ask)
        viewer = await self._pages.viewer_of(ask)
        ticket = await tickets.get(id, viewer)
        workflow = await tickets.definition_of(ticket)
        events: Sequence[EventView] = ()
        if ask.user.can(Permission.TICKETS_EDIT):
            events = await tickets.allowed(ticket, actor_of(ask.user), ask.at, language)
        return {
            "ticket": ticket,
            "state": state_label(workflow, ticket.state, language),
            "department": column_label(workflow, "department", ticket.department, language),
            "diagram": f"/api/v1/workflows/{ticket.workflow}/diagram?{urlencode({'lang': language})}",
            "category": _label(workflow.categories, ticket.category, language),
            "values": shown_values(workflow, ticket.fields, language),
            "events": events,
            "clocks": clock_lines(*await tickets.clocks(id, ask.at), language),
            "history": [_shown(workflow, row, language) for row in reversed(await tickets.history(id))],
            "links": await self._links(id, viewer, language),
            "customer": await self._customer(ticket),
            "tried": tried or {"event": "", "wrong": "", "field": "", "typed": {}},
        }

    async def _links(self, id: str, viewer: Actor, language: str) -> Sequence[dict[str, Any]]:
        """The tickets that this one is linked with: how, and where they stand."""
        return [
            {
                "how": link.kind if link.outgoing else f"{link.kind}_back",
                "ticket": link.other,
                "state": await self._records.state_label(link.other, language),
            }
            for link in await self._pages.tickets.links(id, viewer)
        ]

    async def _customer(self, ticket: Ticket) -> Customer | None:
        try:
            return await self._pages.customers.get(ticket.customer_id) if ticket.customer_id else None
        except NotFound:
            return None


def _place(after: str) -> Due | None:
    """A place in the list by deadlines; Invalid for what is none."""
    if not after:
        return None
    at, _, id = after.partition(":")
    try:
        place = float(at)
    except ValueError:
        place = math.nan
    if not math.isfinite(place):
        raise Invalid("The page is out of date; load it again.", field="after")
    return Due(place, id)


def _version(form: dict[str, str]) -> int:
    text = form.get("version", "")
    if not (text.isascii() and text.isdigit() and len(text) < LONGEST_NUMBER):
        raise Invalid("The page is out of date; load it again.", field="version")
    return int(text)


def _typed(field: FieldView, text: str) -> Any:
    """What a form sent, as the field's type; None where nothing was given."""
    if field.type == "bool":
        return text == "true"
    if not text:
        return None
    if field.type != "number":
        return text
    try:
        return float(text) if "." in text else int(text)
    except ValueError:
        return text


def _label(labels: Any, name: str, language: str) -> str:
    return labels[name].text(language) if name in labels else name


def _shown(workflow: Workflow, row: HistoryRow, language: str) -> dict[str, Any]:
    """A row of the history with its labels."""
    state = workflow.states.get(row.to_state)
    return {
        "at": row.at,
        "actor": row.actor,
        "event": event_label(workflow, row.event, language),
        "moved": row.from_state != row.to_state,
        "state": state.label.text(language) if state else row.to_state,
        "values": shown_values(workflow, row.data, language),
    }


def routes(pages: Pages, records: Records) -> list[Route]:
    """The paths of tickets."""
    own, see, edit = TicketPages(pages, records), Permission.TICKETS_SEE, Permission.TICKETS_EDIT
    return [
        Route("GET", "/tickets", own.list, see, "List of tickets", query=TicketsQuery, page=True),
        Route("GET", "/tickets/{id}", own.show, see, "A ticket", page=True),
        Route("GET", "/desk/tickets/{id}", own.piece, see, "A ticket, for the desk", page=True),
        Route("POST", "/desk/tickets/{id}/events", own.fire, edit, "Change a ticket", page=True),
    ]
