"""What the pages stand on, and what each page of a signed-in user has in common."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from aiohttp import web

from core.i18n import pick_language
from core.identity.roles import Permission
from core.identity.users import NOBODY, SignedIn, User
from core.web.errors import Problem
from core.web.routes import Ask
from cti.messages import Call
from customers.accounts.model import Account
from customers.messages import Customer, Lookup, TimelineEntry
from customers.pins.service import PinState
from ivr_flows.callbacks.model import Callback
from screenpop.pages.problems import error_page
from screenpop.pops import Pop
from screenpop.render import Renderer
from screenpop.words import N_
from screenpop.work import WorkView
from ticketing.clocks import Reading
from ticketing.directory import Directory
from ticketing.library import Definition
from ticketing.messages import Actor, Due, HistoryRow, Ticket, TicketFilter
from ticketing.next_steps import NextSteps
from ticketing.outages.model import Outage
from ticketing.outages.service import NewOutage
from ticketing.relations import Link
from ticketing.views import FormView
from ticketing.workflow.model import Workflow

YEAR = 31_536_000
LANGUAGE_COOKIE = "ringdesk_language"
RAIL: tuple[tuple[str, str, str, Permission], ...] = (
    ("/desk", "desk", N_("Desk"), Permission.DESK_USE),
    ("/tickets", "ticket", N_("Tickets"), Permission.TICKETS_SEE),
    ("/calls", "phone", N_("Calls"), Permission.CALLS_OWN),
    ("/customers", "people", N_("Customers"), Permission.CUSTOMERS_SEE),
    ("/outages", "warn", N_("Outages"), Permission.OUTAGES_MANAGE),
    ("/callbacks", "back_call", N_("Call-backs"), Permission.CALLBACKS_SEE),
    ("/flows", "flow", N_("Flows"), Permission.CALLS_ALL),
    ("/recordings", "play", N_("Recordings"), Permission.CALLS_ALL),
    ("/satisfaction", "score", N_("Satisfaction"), Permission.REPORTS_SEE),
    ("/wall", "wall", N_("Wallboard"), Permission.CALLS_ALL),
    ("/audit", "check", N_("Audit trail"), Permission.AUDIT_SEE),
    ("/settings", "settings", N_("Settings"), Permission.DESK_USE),
)


class Accounts(Protocol):
    """What the pages need of `core.identity`."""

    async def sign_in(
        self, name: str, password: str, client_address: str, at: float, *, old_token: str = ""
    ) -> SignedIn: ...
    async def sign_out(self, token: str, at: float) -> None: ...
    async def set_preference(
        self, name: str, at: float, *, language: str | None = None, theme: str | None = None
    ) -> User: ...


class CustomerRecords(Protocol):
    """What the pages need of the customers room."""

    async def get(self, id: str) -> Customer: ...
    async def names(self, ids: Iterable[str]) -> dict[str, str]: ...
    def shown(self, number_text: str) -> str: ...
    async def lookup(self, number_text: str, region: str | None = None) -> Lookup: ...
    async def search(
        self, text: str = "", limit: int = 50, after: str = ""
    ) -> tuple[list[Customer], str | None]: ...
    async def timeline(
        self, id: str, limit: int = 50, after: str = "", viewer: User | None = None
    ) -> tuple[list[TimelineEntry], str | None]: ...
    async def add_note(self, actor: str, id: str, text: str, at: float) -> TimelineEntry: ...


class Billing(Protocol):
    """Where the pages read what customers owe."""

    async def of_customer(self, customer_id: str) -> Sequence[Account]: ...


class PinRoom(Protocol):
    """What the pages need of the PINs."""

    async def state(self, account: str, at: float) -> PinState: ...
    async def set(self, actor: str, account: str, pin: str, at: float) -> PinState: ...
    async def unlock(self, actor: str, account: str, at: float) -> PinState: ...


class OutageRoom(Protocol):
    """What the pages need of the outages."""

    async def announce(self, actor: Actor, new: NewOutage, at: float) -> Outage: ...
    async def change(
        self, actor: Actor, id: str, changes: dict[str, Any], version: int, at: float
    ) -> Outage: ...
    async def end(self, actor: Actor, id: str, version: int, at: float) -> Outage: ...
    async def get(self, id: str) -> Outage: ...
    async def page(self, open: bool | None, limit: int, after: str) -> Sequence[Outage]: ...


class Scores(Protocol):
    """How satisfied callers were."""

    async def of_calls(self, call_ids: Sequence[str]) -> dict[str, int]: ...


class CallbackStore(Protocol):
    async def page(self, open: bool | None, limit: int, after: str) -> Sequence[Callback]: ...
    async def open(self) -> Sequence[Callback]: ...


class CallbackRoom(Protocol):
    """What the pages need of the call-backs."""

    @property
    def store(self) -> CallbackStore: ...

    async def cancel(self, id: str, actor: str) -> Callback: ...


class TicketRoom(Protocol):
    """What the pages need of ticketing."""

    @property
    def directory(self) -> Directory: ...

    async def standing(self, actor: Actor, at: float) -> Actor: ...
    async def get(self, ticket_id: str, viewer: Actor | None = None) -> Ticket: ...
    async def of_ids(self, ids: Collection[str], viewer: Actor) -> dict[str, Ticket]: ...
    async def list(
        self, wanted: TicketFilter, limit: int = 50, after: str = "", viewer: Actor | None = None
    ) -> Sequence[Ticket]: ...
    async def due(
        self, wanted: TicketFilter, limit: int, after: Due | None = None, viewer: Actor | None = None
    ) -> Sequence[tuple[Ticket, Due]]: ...
    async def first_due(self, ids: Collection[str]) -> dict[str, float]: ...
    async def history(
        self, ticket_id: str, after: int = 0, limit: int | None = None
    ) -> Sequence[HistoryRow]: ...
    async def clocks(self, ticket_id: str, at: float) -> tuple[Workflow, Sequence[Reading]]: ...
    async def next_steps(
        self, ticket: Ticket, actor: Actor, at: float, language: str = "en"
    ) -> NextSteps: ...
    async def links(self, ticket_id: str, viewer: Actor | None = None) -> Sequence[Link]: ...
    async def definition_of(self, ticket: Ticket) -> Workflow: ...
    async def fire(  # noqa: PLR0913, PLR0917 - the room's own door
        self, ticket_id: str, event: str, actor: Actor, data: dict[str, Any], expected_version: int, at: float
    ) -> Ticket: ...
    def form(self, workflow: str, language: str) -> FormView: ...
    def workflows(self) -> Sequence[Definition]: ...


class Calls(Protocol):
    """Where an old call is read."""

    async def get(self, id: str, /) -> Call | None: ...
    async def of_ids(self, ids: Collection[str], /) -> dict[str, Call]: ...


class Pops(Protocol):
    """The open pops; `pop` raises `NotFound` for another user's."""

    def pop(self, user: str, id_: str) -> Pop: ...


class ReadsWork(Protocol):
    """What agents wrote in a call."""

    async def read(self, call_id: str, user: str = "") -> list[WorkView]: ...


@dataclass(frozen=True)
class Pages:
    """All of it, handed over by the composition root."""

    renderer: Renderer
    accounts: Accounts
    customers: CustomerRecords
    tickets: TicketRoom
    calls: Calls
    pops: Pops
    billing: Billing
    callbacks: CallbackRoom
    outages: OutageRoom
    scores: Scores
    works: ReadsWork
    pins: PinRoom

    async def viewer_of(self, ask: Ask[Any, Any]) -> Actor:
        """Who asks, with what ticketing knows of them: which tickets they may see follows from it."""
        return await self.tickets.standing(actor_of(ask.user), ask.at)

    def language_of(self, ask: Ask[Any, Any]) -> str:
        """The language of who asks."""
        return self.language_for(ask.user, ask.request)

    def language_for(self, user: User, request: web.Request) -> str:
        """The user's own language, else the browser's, else the installation's."""
        wished = request.headers.get("Accept-Language", "")
        kept = request.cookies.get(LANGUAGE_COOKIE, "") if user is NOBODY else ""
        return pick_language(user.language or kept, wished, self.renderer.desk.language)

    @staticmethod
    def remember_language(response: web.StreamResponse, language: str) -> None:
        """Keep the language for pages that come before anyone has signed in."""
        response.set_cookie(LANGUAGE_COOKIE, language, max_age=YEAR, samesite="Lax", httponly=True)

    def fragment(self, ask: Ask[Any, Any], template: str, **context: Any) -> web.Response:
        """A piece of a page."""
        language = self.language_of(ask)
        names = {"user": ask.user, "csrf": ask.session.csrf if ask.session else "", "now": ask.at}
        text = self.renderer.page(template, language, **{**names, **context})
        return web.Response(text=text, content_type="text/html")

    def page(self, ask: Ask[Any, Any], template: str, here: str, **context: Any) -> web.Response:
        """A whole page in its frame; `here` is the address of its place on the rail."""
        language = self.language_of(ask)
        data = {
            "user": ask.user.name,
            "language": language,
            "details": ask.user.can(Permission.SYSTEM_SEE),
            "time_zone": self.renderer.desk.time_zone,
            "texts": self.renderer.texts(language),
        }
        return self.fragment(
            ask,
            template,
            **{
                "theme": ask.user.theme,
                "rail": self.rail(ask.user, here, language),
                **context,
                "page_data": {**data, **context.get("page_data", {})},
            },
        )

    def render_error(self, request: web.Request, problem: Problem) -> web.Response:
        """The page, or piece of a page, that says what went wrong."""
        return error_page(self, request, problem)

    def rail(self, user: User, here: str, language: str) -> list[dict[str, Any]]:
        """Where this user may go."""
        gettext = self.renderer.gettext(language)
        return [
            {"href": href, "icon": icon, "label": gettext(label), "here": href == here}
            for href, icon, label, permission in RAIL
            if user.can(permission)
        ]


def actor_of(user: User) -> Actor:
    """The user as ticketing knows who does something."""
    return Actor(user.name, frozenset({user.role.value}), user.department)
