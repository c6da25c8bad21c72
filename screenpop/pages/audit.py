"""The audit trail for who may read it: who did what to what, the newest first."""

from __future__ import annotations

from typing import Annotated, Any, Protocol
from urllib.parse import quote, urlencode

import msgspec
from aiohttp import web

from core.audit import Entry, Wanted
from core.identity.roles import Permission
from core.web.routes import Ask, ListQuery, Route
from screenpop.audit_details import told
from screenpop.audit_words import ACTIONS, KINDS
from screenpop.days import day_of
from screenpop.pages.base import Pages

Text = Annotated[str, msgspec.Meta(max_length=64)]


class AuditQuery(ListQuery, frozen=True):
    """`who` is a user's name, `subject` an object as the trail writes it (`ticket:C-20260131-0001`)."""

    who: Text = ""
    action: Text = ""
    subject: Annotated[str, msgspec.Meta(max_length=200)] = ""
    day: Annotated[str, msgspec.Meta(max_length=10)] = ""


class Trail(Protocol):
    """Where the rows are read."""

    async def page(self, wanted: Wanted, limit: int, after: str = "") -> list[Entry]: ...


class AuditPages:
    """The handler."""

    def __init__(self, pages: Pages, trail: Trail) -> None:
        self._pages, self._trail = pages, trail

    async def list(self, ask: Ask[Any, AuditQuery]) -> web.StreamResponse:
        """Rows by filter; for htmx the rows alone."""
        query = ask.query
        days = day_of(query.day, self._pages.renderer.desk.time_zone) if query.day else (None, None)
        found: list[Entry] = []
        if days is not None:
            wanted = Wanted(query.who.strip(), query.action, query.subject.strip(), *days)
            found = await self._trail.page(wanted, query.limit + 1, query.after)
        more = None
        if len(found) > query.limit:
            rest = msgspec.structs.asdict(query)
            more = f"/audit?{urlencode(rest | {'after': found[query.limit - 1].id})}"
        gettext = self._pages.renderer.gettext(self._pages.language_of(ask))
        actions = {name: gettext(label) for name, label in ACTIONS.items()}
        kinds = {name: gettext(label) for name, label in KINDS.items()}
        rows = [self._row(ask, one, actions, kinds) for one in found[: query.limit]]
        context: dict[str, Any] = {"rows": rows, "query": query, "more": more, "odd": days is None}
        if "HX-Request" in ask.request.headers:
            return self._pages.fragment(ask, "parts/audit_rows.html", **context)
        return self._pages.page(ask, "audit.html", "/audit", actions=actions, **context)

    def _row(
        self, ask: Ask[Any, Any], entry: Entry, actions: dict[str, str], kinds: dict[str, str]
    ) -> dict[str, Any]:
        """The row with its words; an action that nobody has named yet stands as it is."""
        kind, _, name = entry.subject.partition(":")
        return {
            "entry": entry,
            "action": actions.get(entry.action, entry.action),
            "kind": kinds.get(kind, kind),
            "name": name,
            "person": kind == "user",
            "href": _href(kind, name),
            "details": told(entry.action, entry.details),
            "words": self._ticket_words(name, self._pages.language_of(ask)) if kind == "ticket" else {},
        }

    def _ticket_words(self, number: str, language: str) -> dict[str, dict[str, str]]:
        """Events, states and clocks by the workflow that tickets of this number follow, as it is now."""
        prefix = number.partition("-")[0]
        for found in self._pages.tickets.workflows():
            workflow = found.workflow
            if workflow.prefix == prefix:
                return {
                    "event": {key: one.label.text(language) for key, one in workflow.events.items()},
                    "state": {key: one.label.text(language) for key, one in workflow.states.items()},
                    "clock": {key: one.label.text(language) for key, one in workflow.clocks.items()},
                }
        return {}


def _href(kind: str, name: str) -> str:
    """Where the object itself is to be seen; empty where there is no page of it."""
    if kind == "ticket":
        return f"/tickets?{urlencode({'show': 'all', 'q': name})}"
    return f"/{kind}s/{quote(name)}" if kind in ("call", "customer") else ""


def routes(pages: Pages, trail: Trail) -> list[Route]:
    """The path of the audit trail."""
    own, see = AuditPages(pages, trail), Permission.AUDIT_SEE
    return [Route("GET", "/audit", own.list, see, "The audit trail", query=AuditQuery, page=True)]
