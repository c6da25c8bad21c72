"""The integrator's pages of the phone menu: each flow with its diagram, who is where in it now, what went wrong last,
and where callers give up."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Protocol
from urllib.parse import urlencode

import msgspec
from aiohttp import web
from markupsafe import Markup

from core.errors import NotFound
from core.identity.roles import Permission
from core.web.routes import Ask, Route
from ivr_flows.figures import FlowFigures, NodeFigures, Which, added
from ivr_flows.flow.diagram import KINDS, kind_of, svg
from ivr_flows.flow.model import SILENT, Flow, Flows
from ivr_flows.flow.told import flow_of, way
from ivr_flows.last_days import DAY, LastDays
from ivr_flows.last_days import Store as EndedVisits
from ivr_flows.messages import Ended, Visit
from ivr_flows.reports import counted_visit, place_of, place_text
from ivr_flows.troubles import Trouble
from ivr_flows.unseen import Gaps
from screenpop.pages.base import Pages
from screenpop.pages.unseen import unseen
from screenpop.words import N_, trouble

PERIODS = ((1, N_("24 hours")), (7, N_("7 days")))
MOST_TROUBLES = 10
ROWS = 50


class Store(EndedVisits, Protocol):
    """Where ended visits are read."""

    async def counted(
        self, span: tuple[float, float], which: Which, limit: int, after: tuple[float, str] | None = None
    ) -> list[Visit]: ...


class VisitRoom(Protocol):
    """What the pages need of the visits."""

    @property
    def store(self) -> Store: ...

    @property
    def troubles(self) -> Sequence[Trouble]: ...

    def live(self) -> list[Visit]: ...
    def in_nodes(self) -> Mapping[str, int]: ...


class FlowRoom(Protocol):
    """The flows in force, and what keeps changed files from being so."""

    def __call__(self) -> Flows: ...

    @property
    def problems(self) -> Sequence[str]: ...

    @property
    def doubts(self) -> Sequence[str]: ...


class FlowsQuery(msgspec.Struct, frozen=True):
    days: int = 1


class LiveQuery(msgspec.Struct, frozen=True):
    seen: str = ""
    """What the page shows already."""


class CountedQuery(FlowsQuery, frozen=True):
    """The callers that a figure counts, which was reckoned at `at` (epoch seconds; 0: now)."""

    at: float = 0.0
    ended: Ended | None = None
    node: str = ""
    dropped: bool = False
    after: str = ""


class FlowPages:
    """The handlers."""

    def __init__(self, pages: Pages, flows: FlowRoom, visits: VisitRoom, gaps: Gaps) -> None:
        self._gaps = gaps
        self._pages = pages
        self._flows = flows
        self._visits = visits
        self._last_days = LastDays(visits.store)

    async def list(self, ask: Ask[Any, FlowsQuery]) -> web.StreamResponse:
        """Every flow with its figures."""
        days = self._days(ask.query)
        found = await self._last_days.figures(days, ask.at)
        figures = {one.flow: one for one in found.figures}
        language = self._pages.language_of(ask)
        flows = self._flows().by_name
        rows = [
            {
                "flow": flows[name],
                "label": flows[name].label.text(language),
                "figures": figures.get(name),
                "through": found.through.get(name, 0),
            }
            for name in sorted(flows, key=lambda name: (name not in figures, name))
        ]
        context = {"rows": rows, "days": days, "periods": PERIODS, "callers": self._callers(), "at": found.at}
        context |= self._wrong()
        context["troubles"] = [self._worded(one, language) for one in self._troubles("")]
        context |= await unseen(self._gaps, found.at - days * DAY, found.at)
        if "HX-Request" in ask.request.headers:
            return self._pages.fragment(ask, "parts/flow_rows.html", **context)
        return self._pages.page(ask, "flows.html", "/flows", **context)

    async def one(self, ask: Ask[Any, FlowsQuery]) -> web.StreamResponse:
        """One flow: diagram, callers in it, troubles, and its nodes with their figures."""
        flow, language = self._named(ask), self._pages.language_of(ask)
        days = self._days(ask.query)
        found = await self._last_days.figures(days, ask.at)
        nodes = _of_nodes(flow, found.figures)
        return self._pages.page(
            ask,
            "flow.html",
            "/flows",
            days=days,
            at=found.at,
            periods=PERIODS,
            nodes=[self._row(flow, name, nodes.get(name), language) for name in _heard(flow)],
            **await unseen(self._gaps, found.at - days * DAY, found.at),
            **self._wrong(),
            **self._live(flow, language),
        )

    def _wrong(self) -> dict[str, Any]:
        """What is wrong with the files, for the bars above the page."""
        return {"problems": self._flows.problems, "doubts": self._flows.doubts}

    async def counted(self, ask: Ask[Any, CountedQuery]) -> web.StreamResponse:
        """The callers whom one of the figures counts. Those of a node come from every flow that leads to it."""
        flow, language, query = self._named(ask), self._pages.language_of(ask), ask.query
        days, at = self._days(query), query.at if 0 < query.at < ask.at else ask.at
        node = f"{flow.name}/{query.node}" if query.node else ""
        which = Which("" if node else flow.name, query.ended, node, query.dropped)
        span = (at - days * DAY, at + 1)
        found = await self._visits.store.counted(span, which, ROWS + 1, place_of(query.after))
        shown, more = found[:ROWS], ""
        if len(found) > ROWS:
            asked = {"days": days, "at": at, "node": query.node, "after": place_text(shown[-1])}
            asked |= {"ended": query.ended.value} if query.ended else {}
            asked |= {"dropped": "true"} if query.dropped else {}
            more = f"/flows/{flow.name}/visits?{urlencode(asked)}"
        context = {
            "rows": [self._counted_row(one, node, language) for one in shown],
            "more": more,
            "query": query,
        }
        if query.after:
            return self._pages.fragment(ask, "parts/flow_visit_rows.html", **context)
        context |= {"flow": flow, "label": flow.label.text(language), "days": dict(PERIODS)[days]}
        context["node"] = flow.shown(query.node, language) if query.node else ""
        return self._pages.page(ask, "flow_visits.html", "/flows", **context)

    def _counted_row(self, visit: Visit, node: str, language: str) -> dict[str, Any]:
        way_there = " › ".join(way(self._flows(), visit.path, language))
        counted = counted_visit(visit, node)
        last = self._shown(counted.node, language)
        number = self._pages.customers.shown(visit.number)
        return {"visit": visit, "number": number, "way": way_there, "counted": counted, "last": last}

    async def live(self, ask: Ask[Any, LiveQuery]) -> web.StreamResponse:
        """What changes by the second; nothing where the page shows it already."""
        context = self._live(self._named(ask), self._pages.language_of(ask))
        if context["seen"] == ask.query.seen:
            return web.Response(status=204)
        return self._pages.fragment(ask, "parts/flow_live.html", **context)

    def _named(self, ask: Ask[Any, Any]) -> Flow:
        found = self._flows().by_name.get(ask.path["name"])
        if found is None:
            raise NotFound("There is no such flow.")
        return found

    @staticmethod
    def _days(query: FlowsQuery) -> int:
        return query.days if query.days in dict(PERIODS) else 1

    def _callers(self) -> dict[str, int]:
        """By flow how many are in it: a caller counts in the flow that was called and in the one where it is now."""
        found: dict[str, int] = {}
        for visit in self._visits.live():
            for name in {visit.flow, flow_of(visit.node)}:
                found[name] = found.get(name, 0) + 1
        return found

    def _live(self, flow: Flow, language: str) -> dict[str, Any]:
        here = {
            node.partition("/")[2]: count
            for node, count in self._visits.in_nodes().items()
            if node.startswith(f"{flow.name}/")
        }
        troubles, further = self._troubles(flow.name), self._further(flow, language)
        picture = svg(flow, language, {name: str(count) for name, count in here.items()})
        seen = hashlib.sha256(f"{picture}{troubles[:1]}{len(troubles)}{further}".encode()).hexdigest()[:16]
        return {
            "flow": flow,
            "label": flow.label.text(language),
            "diagram": Markup(picture),  # noqa: S704  # our own drawing, every text in it escaped
            "inside": [(name, flow.shown(name, language), here[name]) for name in flow.nodes if name in here],
            "callers": sum(here.values()),
            "further": further,
            "troubles": [self._worded(one, language) for one in troubles],
            "seen": seen,
        }

    def _further(self, flow: Flow, language: str) -> Sequence[tuple[str, str, int]]:
        """Who came in by this flow and is in another one now, by that flow and its label."""
        inside = (flow_of(v.node) for v in self._visits.live() if v.flow == flow.name)
        found = Counter(name for name in inside if name not in ("", flow.name))
        return [(name, self._label(name, language), count) for name, count in sorted(found.items())]

    def _worded(self, one: Trouble, language: str) -> tuple[Trouble, str, str]:
        """A trouble, what people call its node, and what it is in their language."""
        gettext = self._pages.renderer.gettext(language)
        return one, self._shown(one.node, language), trouble(one.kind, one.about, gettext)

    def _label(self, flow: str, language: str) -> str:
        known = self._flows().by_name.get(flow)
        return known.label.text(language) if known is not None else flow

    def _shown(self, node: str, language: str) -> str:
        """What people call `flow/node`."""
        flow, _, name = node.partition("/")
        known = self._flows().by_name.get(flow)
        return known.shown(name, language) if known is not None else name

    def _troubles(self, flow: str) -> Sequence[Trouble]:
        """The last ones, the newest first; of one flow where it is named."""
        found = [one for one in self._visits.troubles if flow in ("", one.flow, flow_of(one.node))]
        return found[::-1][:MOST_TROUBLES]

    @staticmethod
    def _row(flow: Flow, name: str, figures: NodeFigures | None, language: str) -> dict[str, Any]:
        kind = KINDS[kind_of(flow.nodes[name])].text(language)
        return {"name": name, "label": flow.shown(name, language), "kind": kind, "figures": figures}


def _heard(flow: Flow) -> Sequence[str]:
    """The nodes that a caller notices, in the order of the file."""
    return [name for name, node in flow.nodes.items() if not isinstance(node, SILENT)]


def _of_nodes(flow: Flow, figures: Sequence[FlowFigures]) -> dict[str, NodeFigures]:
    """The figures of a flow's nodes, added up over the flows from which callers came through it."""
    found: dict[str, NodeFigures] = {}
    for one in (node for whole in figures for node in whole.nodes):
        name = one.node.partition("/")[2]
        if one.node.startswith(f"{flow.name}/"):
            found[name] = added(found[name], one) if name in found else one
    return found


def routes(pages: Pages, flows: FlowRoom, visits: VisitRoom, gaps: Gaps) -> list[Route]:
    """The paths of the flows' pages: for who sees all calls."""
    own, see = FlowPages(pages, flows, visits, gaps), Permission.CALLS_ALL
    return [
        Route("GET", "/flows", own.list, see, "Phone-menu flows", query=FlowsQuery, page=True),
        Route("GET", "/flows/{name}", own.one, see, "One flow", query=FlowsQuery, page=True),
        Route(
            "GET",
            "/flows/{name}/visits",
            own.counted,
            see,
            "Callers of a figure",
            query=CountedQuery,
            page=True,
        ),
        Route("GET", "/flows/{name}/live", own.live, see, "Who is in it now", query=LiveQuery, page=True),
    ]
