"""How satisfied callers were: the figures of scores, by agent and by kind of ticket, and the last scores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import msgspec
from aiohttp import web

from core.identity.roles import Permission
from core.web.routes import Ask, Route
from ivr_flows.surveys.store import Figure, Score, Wanted
from ivr_flows.unseen import Gaps
from screenpop.pages.base import Pages
from screenpop.pages.unseen import unseen
from screenpop.words import N_

DAY = 86_400.0
PERIODS = ((1, N_("24 hours")), (7, N_("7 days")), (30, N_("30 days")))
LAST = 20


class Surveys(Protocol):
    """The scores."""

    async def page(self, wanted: Wanted, limit: int, after: str) -> Sequence[Score]: ...
    async def figures(self, wanted: Wanted, by: str = "") -> Sequence[Figure]: ...


class SatisfactionQuery(msgspec.Struct, frozen=True):
    days: int = 7


class SatisfactionPages:
    """The handlers."""

    def __init__(self, pages: Pages, surveys: Surveys, gaps: Gaps) -> None:
        self._pages, self._surveys, self._gaps = pages, surveys, gaps

    async def show(self, ask: Ask[Any, SatisfactionQuery]) -> web.StreamResponse:
        """The figures of a period, calls and tickets apart."""
        days = ask.query.days if ask.query.days in dict(PERIODS) else 7
        since = ask.at - days * DAY
        calls, tickets = Wanted("call", since=since), Wanted("ticket", since=since)
        last = await self._surveys.page(Wanted(since=since), LAST, "")
        names = await self._pages.customers.names(one.customer_id for one in last)
        return self._pages.page(
            ask,
            "satisfaction.html",
            "/satisfaction",
            days=days,
            periods=PERIODS,
            **await unseen(self._gaps, since, ask.at),
            may_call=ask.user.can(Permission.CALLS_OWN),
            may_know=ask.user.can(Permission.CUSTOMERS_SEE),
            whole=[(wanted.kind, (await self._surveys.figures(wanted))[0]) for wanted in (calls, tickets)],
            agents=[one for one in await self._surveys.figures(calls, "agent") if one.name],
            kinds=[(self._kind(ask, one), one) for one in await self._surveys.figures(tickets, "workflow")],
            last=[(one, names.get(one.customer_id, "")) for one in last],
        )

    def _kind(self, ask: Ask[Any, Any], one: Figure) -> str:
        """The kind of ticket as its workflow calls it."""
        language = self._pages.language_of(ask)
        known = {found.workflow.name: found.workflow for found in self._pages.tickets.workflows()}
        return known[one.name].label.text(language) if one.name in known else one.name


def routes(pages: Pages, surveys: Surveys, gaps: Gaps) -> list[Route]:
    """The path: for who sees reports."""
    own, path = SatisfactionPages(pages, surveys, gaps), "/satisfaction"
    see, about = Permission.REPORTS_SEE, "How satisfied callers were"
    return [Route("GET", path, own.show, see, about, query=SatisfactionQuery, page=True)]
