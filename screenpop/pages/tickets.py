"""The list of tickets: what waits for whoever looks, what is theirs, and filters for the rest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any
from urllib.parse import urlencode

import msgspec
from aiohttp import web

from core.cursors import cursor, place
from core.errors import Invalid
from core.identity.roles import Permission, Role
from core.identity.users import User
from core.web.routes import Ask, ListQuery, Route
from screenpop.pages.base import Pages
from screenpop.pages.records import Records
from screenpop.words import N_
from ticketing.messages import Actor, Due, Ticket, TicketFilter
from ticketing.next_steps import turns_of
from ticketing.views import state_label
from ticketing.workflow.model import Workflow

FILTERS = (("todo", N_("To do")), ("mine", N_("Mine")), ("open", N_("Open")), ("all", N_("All")))
ORDERS = (("due", N_("Due first")), ("new", N_("Newest first")))
OLDER_NAMES = {"due": ("open", "due")}
"""What a list was called once: its name now, and its order."""


class TicketsQuery(ListQuery, frozen=True):
    """`kind` is a workflow's name, or one with a state of it: `complaint/handling`."""

    show: Annotated[str, msgspec.Meta(max_length=16)] = ""
    kind: Annotated[str, msgspec.Meta(max_length=129)] = ""
    workflow: Annotated[str, msgspec.Meta(max_length=64)] = ""
    order: Annotated[str, msgspec.Meta(max_length=8)] = ""
    department: Annotated[str, msgspec.Meta(max_length=80)] = ""
    late: Annotated[str, msgspec.Meta(max_length=8)] = ""
    q: Annotated[str, msgspec.Meta(max_length=200)] = ""

    @property
    def filtered(self) -> bool:
        return bool(self.kind or self.department or self.late or self.q.strip())

    def address(self, **changes: str) -> str:
        """The address of the same list with these changes."""
        names = ("show", "kind", "order", "department", "late", "q")
        values = {name: getattr(self, name) for name in names} | changes
        return "/tickets?" + urlencode({name: value for name, value in values.items() if value})


def _first_view(user: User) -> str:
    """Agents begin with their own tickets, who handles them with what waits for them, the others with all open ones."""
    if user.role in (Role.DEPARTMENT, Role.DISPATCHER, Role.LEADER):
        return "todo"
    return "mine" if user.can(Permission.CALLS_OWN) and not user.can(Permission.CALLS_ALL) else "open"


def settled(query: TicketsQuery, user: User) -> TicketsQuery:
    """The query with everything said that was left open."""
    show, order = OLDER_NAMES.get(query.show, (query.show or _first_view(user), query.order))
    known = show if show in dict(FILTERS) else "open"
    wished = order if order in dict(ORDERS) else "due" if known == "todo" else "new"
    return msgspec.structs.replace(query, show=known, order=wished, kind=query.kind or query.workflow)


class TicketPages:
    """The handlers."""

    def __init__(self, pages: Pages, records: Records) -> None:
        self._pages = pages
        self._records = records

    async def list(self, ask: Ask[Any, TicketsQuery]) -> web.StreamResponse:
        """Tickets by filter; for htmx the rows alone."""
        query = settled(ask.query, ask.user)
        viewer = await self._pages.viewer_of(ask)
        wanted = self._wanted(query, ask.user, ask.at)
        found, places = await self._found(query, wanted, viewer) if wanted else ((), ())
        rows = await self._records.ticket_rows(found[: query.limit], self._pages.language_of(ask), True)
        more = query.address(after=places[query.limit - 1]) if len(found) > query.limit else None
        context = {
            "rows": rows,
            "query": query,
            "more": more,
            "edits": ask.user.can(Permission.TICKETS_EDIT),
        }
        if "HX-Request" in ask.request.headers:
            return self._pages.fragment(ask, "parts/ticket_rows.html", **context)
        return self._pages.page(
            ask,
            "tickets.html",
            "/tickets",
            filters=FILTERS,
            orders=ORDERS,
            kinds=self._kinds(self._pages.language_of(ask)),
            departments=await self._departments(viewer, self._pages.language_of(ask)),
            **context,
        )

    def _wanted(self, query: TicketsQuery, user: User, at: float) -> TicketFilter | None:
        """The filter of the query; None where nothing can fit."""
        workflow, _, state = query.kind.partition("/")
        wanted = TicketFilter(
            workflow=workflow,
            state=state,
            department=query.department,
            mine_of=user.name if query.show == "mine" else "",
            open=None if query.show == "all" else True,
            q=query.q.strip(),
            late_at=at if query.late else None,
        )
        if query.show != "todo":
            return wanted
        states = self._turns(user)
        # What somebody of the department has taken is that one's to do, not everybody's.
        free = user.name if user.role is Role.DEPARTMENT else ""
        return msgspec.structs.replace(wanted, states=states, free_for=free) if states else None

    def _turns(self, user: User) -> tuple[tuple[str, str], ...]:
        """The states in which tickets wait for this user's role."""
        roles = frozenset({user.role.value})
        return tuple(
            (workflow.name, state)
            for workflow in self._workflows()
            for state in turns_of(workflow, workflow.acts_as(roles) if user.role is Role.ADMIN else roles)
        )

    def _workflows(self) -> Sequence[Workflow]:
        return [found.workflow for found in self._pages.tickets.workflows()]

    def _kinds(self, language: str) -> Sequence[tuple[str, str, Sequence[tuple[str, str]]]]:
        """Each kind of ticket with its states: value and label of both."""
        return [
            (
                workflow.name,
                workflow.label.text(language),
                [
                    (f"{workflow.name}/{name}", state_label(workflow, name, language))
                    for name in workflow.states
                ],
            )
            for workflow in self._workflows()
        ]

    async def _departments(self, viewer: Actor, language: str) -> Sequence[tuple[str, str]]:
        """The departments whose tickets the viewer may see, where there is a choice."""
        found = await self._pages.tickets.directory.departments()
        own = viewer.departments if viewer.roles == {Role.DEPARTMENT.value} else None
        zh = language.startswith("zh")
        listed = [(d.name, d.label_zh if zh else d.label_en) for d in found if own is None or d.name in own]
        return listed if len(listed) > 1 else []

    async def _found(
        self, query: TicketsQuery, wanted: TicketFilter, viewer: Actor
    ) -> tuple[Sequence[Ticket], Sequence[str]]:
        """One more than asked for, and of each the place in the list to go on from."""
        tickets, most = self._pages.tickets, query.limit + 1
        if query.order != "due":
            found = await tickets.list(wanted, most, query.after, viewer)
            return found, [ticket.id for ticket in found]
        dues = await tickets.due(wanted, most, _place(query.after), viewer)
        return [ticket for ticket, _ in dues], [cursor(due.at, due.ticket_id) for _, due in dues]


def _place(after: str) -> Due | None:
    """A place in the list by deadlines; Invalid for what is none."""
    if not after:
        return None
    found = place(after)
    if found is None:
        raise Invalid("The page is out of date; load it again.", field="after")
    return Due(*found)


def routes(pages: Pages, records: Records) -> list[Route]:
    """The paths of the list."""
    own, see = TicketPages(pages, records), Permission.TICKETS_SEE
    return [Route("GET", "/tickets", own.list, see, "List of tickets", query=TicketsQuery, page=True)]
