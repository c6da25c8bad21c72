"""The figures of phone menus over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from core.clock import iso
from core.errors import Invalid
from core.identity.roles import Permission
from core.web.routes import Ask, Route
from ivr_flows.figures import FlowFigures, Tally
from ivr_flows.unseen import Gaps, UnseenView, unseen_views
from ivr_flows.visit_store import VisitStore

LONGEST_DAYS = 92


class Span(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"since": "from", "until": "to"}):
    """Visits that began in [from, to); both ISO 8601 with a time zone. `flow`: of this one only."""

    since: datetime
    until: datetime
    flow: str = ""


class IvrReport(msgspec.Struct, frozen=True, rename={"since": "from", "until": "to"}):
    """Figures by flow; each has its formula in the documentation of `FlowFigures` and `NodeFigures`."""

    since: str
    until: str
    flows: tuple[FlowFigures, ...]
    incomplete: bool
    """Something was not seen in this time: what callers did then lacks in the figures."""
    gaps: tuple[UnseenView, ...]


def routes(visits: VisitStore, gaps: Gaps) -> list[Route]:
    async def report(ask: Ask[Any, Span]) -> IvrReport:
        since, until = _moment(ask.query.since, "from"), _moment(ask.query.until, "to")
        if not 0 < until - since <= LONGEST_DAYS * 86_400:
            raise Invalid(f"A report is of up to {LONGEST_DAYS} days, and ends after it begins.", field="to")
        tally = Tally()
        async for some in visits.ended_between(since, until):
            tally.add(some)
        found = tuple(one for one in tally.figures() if ask.query.flow in ("", one.flow))
        unseen = await gaps(since, min(until, ask.at))
        return IvrReport(iso(since), iso(until), found, bool(unseen), unseen_views(unseen))

    text = "Phone menus: containment, drop-off by node, time in nodes"
    path, see = "/api/v1/reports/ivr", Permission.REPORTS_SEE
    return [Route("GET", path, report, see, text, query=Span, reply=IvrReport)]


def _moment(at: datetime, field: str) -> float:
    if at.tzinfo is None:
        raise Invalid("The time needs a time zone, such as 2026-11-25T00:00:00Z.", field=field)
    return at.timestamp()
