"""The figures of phone menus over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec

from core.clock import iso, iso_or_none
from core.cursors import cursor, place
from core.errors import Invalid
from core.identity.roles import Permission
from core.web.routes import Ask, ListQuery, Page, Route, page
from ivr_flows.figures import FlowFigures, Tally, Which, length, stays
from ivr_flows.messages import Ended, Visit
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


class CountedQuery(ListQuery, frozen=True, rename={"since": "from", "until": "to"}, kw_only=True):
    """The visits that a figure counts: its span, and which of them. Of a `flow`, that `ended` so, that came to a `node`
    (`flow/node`), that were `dropped` there by hanging up."""

    since: datetime
    until: datetime
    flow: Annotated[str, msgspec.Meta(max_length=200)] = ""
    ended: Ended | None = None
    node: Annotated[str, msgspec.Meta(max_length=200)] = ""
    dropped: bool = False


class CountedVisit(msgspec.Struct, frozen=True):
    """One visit that a figure counts. `node` is where it ended; `entered` and `seconds` are of the node that was asked
    for (how often it was come to, and for how long altogether), or of the whole visit."""

    id: str
    call_id: str
    pbx: str
    flow: str
    started_at: str
    ended_at: str | None
    ended: str
    node: str
    entered: int
    seconds: float


def counted_visit(visit: Visit, node: str = "") -> CountedVisit:
    """The visit with the part that it has in a node's figures."""
    own = [seconds for name, seconds in stays(visit) if not node or name == node]
    return CountedVisit(
        visit.id,
        visit.call_id,
        visit.pbx,
        visit.flow,
        iso(visit.started_at),
        iso_or_none(visit.ended_at),
        visit.ended.value if visit.ended else "",
        visit.path[-1] if visit.path else "",
        len(own),
        round(sum(own) if node else length(visit), 3),
    )


def routes(visits: VisitStore, gaps: Gaps) -> list[Route]:
    """The figures, and the visits that each counts."""

    async def report(ask: Ask[Any, Span]) -> IvrReport:
        since, until = _span(ask.query)
        tally = Tally()
        async for some in visits.ended_between(since, until):
            tally.add(some)
        found = tuple(one for one in tally.figures() if ask.query.flow in ("", one.flow))
        unseen = await gaps(since, min(until, ask.at))
        return IvrReport(iso(since), iso(until), found, bool(unseen), unseen_views(unseen))

    async def counted(ask: Ask[Any, CountedQuery]) -> Page[CountedVisit]:
        query = ask.query
        which = Which(query.flow, query.ended, query.node, query.dropped)
        found = await visits.counted(_span(query), which, query.limit + 1, place_of(query.after))
        more = place_text(found[query.limit - 1]) if len(found) > query.limit else None
        return page([counted_visit(one, query.node) for one in found[: query.limit]], more)

    path, see = "/api/v1/reports/ivr", Permission.REPORTS_SEE
    text = "Phone menus: containment, drop-off by node, time in nodes"
    which = "The visits that a figure of phone menus counts, in the order of their beginning"
    return [
        Route("GET", path, report, see, text, query=Span, reply=IvrReport),
        Route("GET", f"{path}/visits", counted, see, which, query=CountedQuery, reply=Page[CountedVisit]),
    ]


def place_text(visit: Visit) -> str:
    """`after` for what comes behind this visit."""
    return cursor(visit.started_at, visit.id)


def place_of(after: str) -> tuple[float, str] | None:
    """What `place_text` wrote; raises `Invalid`."""
    if not after:
        return None
    found = place(after)
    if found is None:
        raise Invalid("`after` is the `next` of the page before.", field="after")
    return found


def _span(query: Span | CountedQuery) -> tuple[float, float]:
    since, until = _moment(query.since, "from"), _moment(query.until, "to")
    if not 0 < until - since <= LONGEST_DAYS * 86_400:
        raise Invalid(f"A report is of up to {LONGEST_DAYS} days, and ends after it begins.", field="to")
    return since, until


def _moment(at: datetime, field: str) -> float:
    if at.tzinfo is None:
        raise Invalid("The time needs a time zone, such as 2026-11-25T00:00:00Z.", field=field)
    return at.timestamp()
