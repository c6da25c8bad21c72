"""Tickets and workflows over HTTP: parse, execute, render."""

from __future__ import annotations

import re
from typing import Annotated, Any

import msgspec
from aiohttp import web

from core.clock import iso, iso_or_none
from core.definition.label import Label
from core.errors import Invalid
from core.identity.roles import Permission
from core.identity.users import User
from core.web.media import diagram
from core.web.routes import Ask, ListQuery, Page, Route, page
from ticketing.clocks import Interval, Reading
from ticketing.diagram import mermaid, svg
from ticketing.library import Definition
from ticketing.messages import Actor, HistoryRow, NewTicket, TicketFilter
from ticketing.service import Tickets
from ticketing.views import EventView, FormView, TicketView, ticket_view


class TicketBody(NewTicket, frozen=True, forbid_unknown_fields=True):
    """What `POST /tickets` takes."""


class EventBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What `POST /tickets/{id}/events` takes; `version` is the one that the client has seen."""

    event: Annotated[str, msgspec.Meta(max_length=64)]
    version: int
    data: dict[str, Any] = {}


class TicketQuery(ListQuery, frozen=True, forbid_unknown_fields=True):
    state: str = ""
    workflow: str = ""
    owner: str = ""
    customer_id: str = ""
    call_id: str = ""
    department: str = ""
    open: bool | None = None
    mine: bool = False
    q: str = ""


class LanguageQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    lang: str = ""


class TicketDetail(TicketView, frozen=True):
    """A ticket with the events that the asking user may try on it now."""

    events: tuple[EventView, ...] = ()


class HistoryView(msgspec.Struct, frozen=True):
    seq: int
    at: str
    event: str
    actor: str
    from_state: str | None
    to_state: str
    data: dict[str, Any]
    version: int
    previous: str
    hash: str


class IntervalView(msgspec.Struct, frozen=True, rename={"from_": "from"}):
    from_: str
    to: str | None
    counted: bool
    reason: str
    seconds: float | None = None
    """What of it counts; null where its calendar is not known any more."""
    over_cap: bool = False
    """It counts although the ticket is in a state that pauses: the pauses have lasted as long as they may."""


class ClockView(msgspec.Struct, frozen=True):
    """A clock, of several runs the last. `due_at` is null where nobody can say or it stopped in time; holidays of
    `unknown_years` on the way are not known yet, so that it may move."""

    name: str
    label: Label
    state: str
    calendar: str
    target_seconds: int
    due_at: str | None
    elapsed_seconds: float | None
    intervals: list[IntervalView]
    run: int = 0
    overdue: bool = False
    unknown_years: tuple[int, ...] = ()


class WorkflowView(msgspec.Struct, frozen=True):
    """A workflow in force and what opens it."""

    name: str
    version: int
    prefix: str
    label: Label
    categories: dict[str, Label]
    priorities: dict[str, Label]


def actor_of(user: User) -> Actor:
    """The user as somebody who acts on tickets."""
    return Actor(user.name, frozenset({user.role.value}), user.department)


def _language(ask: Ask[Any, Any]) -> str:
    asked: str = ask.query.lang or ask.user.language
    return asked or ask.request.headers.get("Accept-Language", "en")


class TicketApi:
    """The handlers; each turns one request into one call of the service."""

    def __init__(self, tickets: Tickets) -> None:
        self._tickets = tickets

    async def open(self, ask: Ask[TicketBody, None]) -> TicketView:
        new = msgspec.convert(ask.body, NewTicket, from_attributes=True)
        return ticket_view(await self._tickets.open(actor_of(ask.user), new, ask.at))

    async def list(self, ask: Ask[None, TicketQuery]) -> Page[TicketView]:
        query = ask.query
        names = ("state", "workflow", "owner", "customer_id", "call_id", "department", "open", "q")
        wanted = TicketFilter(
            **{name: getattr(query, name) for name in names}, mine_of=ask.user.name if query.mine else ""
        )
        viewer = await self._viewer(ask)
        found = await self._tickets.list(wanted, query.limit + 1, query.after, viewer)
        shown = found[: query.limit]
        return page([ticket_view(t) for t in shown], shown[-1].id if len(found) > query.limit else None)

    async def one(self, ask: Ask[None, LanguageQuery]) -> TicketDetail:
        ticket = await self._tickets.get(ask.path["id"], await self._viewer(ask))
        events = await self._tickets.allowed(ticket, actor_of(ask.user), ask.at, _language(ask))
        return TicketDetail(**msgspec.structs.asdict(ticket_view(ticket)), events=tuple(events))

    async def history(self, ask: Ask[None, ListQuery]) -> Page[HistoryView]:
        after = _seq(ask.query.after)
        await self._tickets.get(ask.path["id"], await self._viewer(ask))
        rows = await self._tickets.history(ask.path["id"], after, ask.query.limit + 1)
        shown = rows[: ask.query.limit]
        return page([_history(r) for r in shown], str(shown[-1].seq) if len(rows) > ask.query.limit else None)

    async def clocks(self, ask: Ask[None, None]) -> Page[ClockView]:
        await self._tickets.get(ask.path["id"], await self._viewer(ask))
        workflow, found = await self._tickets.clocks(ask.path["id"], ask.at)
        return page([_clock(reading, workflow.clocks[reading.name].label) for reading in found])

    async def _viewer(self, ask: Ask[Any, Any]) -> Actor:
        return await self._tickets.standing(actor_of(ask.user), ask.at)

    async def fire(self, ask: Ask[EventBody, None]) -> TicketView:
        body = ask.body
        ticket = await self._tickets.fire(
            ask.path["id"], body.event, actor_of(ask.user), body.data, body.version, ask.at
        )
        return ticket_view(ticket)

    async def workflows(self, ask: Ask[None, None]) -> Page[WorkflowView]:
        return page([_workflow(definition) for definition in self._tickets.workflows()])

    async def workflow(self, ask: Ask[None, None]) -> dict[str, Any]:
        definition = self._tickets.workflow(ask.path["name"])
        found: dict[str, Any] = msgspec.to_builtins(definition.workflow)
        return {**found, "version": definition.version}

    async def form(self, ask: Ask[None, LanguageQuery]) -> FormView:
        return self._tickets.form(ask.path["name"], _language(ask))

    async def diagram(self, ask: Ask[None, LanguageQuery]) -> web.Response:
        workflow = self._tickets.workflow(ask.path["name"]).workflow
        language = _language(ask)
        return diagram(ask.request, lambda: mermaid(workflow, language), lambda: svg(workflow, language))


def _seq(after: str) -> int:
    """The `next` of a page of the history; the beginning where none is given."""
    if not re.fullmatch(r"[0-9]{0,15}", after, re.ASCII):
        raise Invalid("This is not the `next` of a ticket's history.", field="after")
    return int(after or 0)


def _history(row: HistoryRow) -> HistoryView:
    return HistoryView(**{**msgspec.structs.asdict(row), "at": iso(row.at)})


def _interval(i: Interval) -> IntervalView:
    return IntervalView(iso(i.start), iso_or_none(i.end), i.counted, i.reason, i.seconds, i.over_cap)


def _clock(r: Reading, label: Label) -> ClockView:
    intervals = [_interval(i) for i in r.intervals]
    due = iso_or_none(r.due_at)
    return ClockView(
        r.name,
        label,
        r.state.value,
        r.calendar,
        r.target_seconds,
        due,
        r.elapsed_seconds,
        intervals,
        run=r.run,
        overdue=r.overdue,
        unknown_years=r.unknown_years,
    )


def _workflow(definition: Definition) -> WorkflowView:
    w = definition.workflow
    return WorkflowView(w.name, definition.version, w.prefix, w.label, w.categories, w.priorities)


def routes(tickets: Tickets) -> list[Route]:
    """The rows of the API that belong to tickets and workflows."""
    api, see, p, q = TicketApi(tickets), Permission.TICKETS_SEE, "/api/v1/tickets", "/api/v1/workflows"
    opens, edits = Permission.TICKETS_OPEN, Permission.TICKETS_EDIT
    return [
        Route("POST", p, api.open, opens, "Open a ticket", body=TicketBody, reply=TicketView, status=201),
        Route("GET", p, api.list, see, "List tickets", query=TicketQuery, reply=Page[TicketView]),
        Route("GET", f"{p}/{{id}}", api.one, see, "A ticket", query=LanguageQuery, reply=TicketDetail),
        Route(
            "GET",
            f"{p}/{{id}}/history",
            api.history,
            see,
            "Its history",
            query=ListQuery,
            reply=Page[HistoryView],
        ),
        Route("GET", f"{p}/{{id}}/clocks", api.clocks, see, "Its clocks", reply=Page[ClockView]),
        Route(
            "POST",
            f"{p}/{{id}}/events",
            api.fire,
            edits,
            "Have an event happen",
            body=EventBody,
            reply=TicketView,
        ),
        Route("GET", q, api.workflows, see, "The workflows in force", reply=Page[WorkflowView]),
        Route("GET", f"{q}/{{name}}", api.workflow, see, "A workflow's definition", reply=dict[str, Any]),
        Route(
            "GET",
            f"{q}/{{name}}/form",
            api.form,
            see,
            "Its opening form",
            query=LanguageQuery,
            reply=FormView,
        ),
        Route(
            "GET",
            f"{q}/{{name}}/diagram",
            api.diagram,
            see,
            "Its diagram",
            query=LanguageQuery,
            media=("image/svg+xml", "text/plain"),
        ),
    ]
