"""Scores and their figures over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from core.clock import iso
from core.identity.roles import Permission
from core.web.routes import Ask, ListQuery, Page, Route, page
from ivr_flows.surveys.store import Figure, Score, Surveys, Wanted
from ivr_flows.unseen import Gaps, UnseenView, unseen_views

Text = Annotated[str, Meta(max_length=128)]
Moment = Annotated[datetime, Meta(tz=True)]


class SurveyQuery(ListQuery, frozen=True, forbid_unknown_fields=True):
    """`since` is included, `until` is not."""

    kind: Literal["", "call", "ticket"] = ""
    agent: Text = ""
    queue: Text = ""
    workflow: Text = ""
    since: Moment | None = None
    until: Moment | None = None


class FigureQuery(SurveyQuery, frozen=True, forbid_unknown_fields=True):
    by: Literal["", "agent", "queue", "workflow"] = ""


class ScoreView(msgspec.Struct, frozen=True):
    """`about` is the call's id or the ticket's number."""

    id: str
    at: str
    kind: str
    about: str
    call_id: str
    score: int
    agent: str
    queue: str
    workflow: str
    customer_id: str


class FiguresView(msgspec.Struct, frozen=True):
    """`average` = sum of scores / count; `satisfied` = scores of 4 and 5 / count; both null where there is none."""

    items: list[Figure]
    incomplete: bool
    """Something was not seen in this time: scores may lack."""
    gaps: tuple[UnseenView, ...]


def routes(surveys: Surveys, gaps: Gaps) -> list[Route]:
    """The paths of surveys."""

    async def many(ask: Ask[Any, SurveyQuery]) -> Page[ScoreView]:
        query = ask.query
        found = await surveys.page(_wanted(query), query.limit + 1, query.after)
        shown = found[: query.limit]
        return page([_view(one) for one in shown], shown[-1].id if len(found) > query.limit else None)

    async def figures(ask: Ask[Any, FigureQuery]) -> FiguresView:
        wanted = _wanted(ask.query)
        unseen = await gaps(wanted.since or 0.0, min(wanted.until or ask.at, ask.at))
        found = await surveys.figures(wanted, ask.query.by)
        return FiguresView(found, bool(unseen), unseen_views(unseen))

    see, path = Permission.REPORTS_SEE, "/api/v1/surveys"
    return [
        Route("GET", path, many, see, "Scores, newest first", query=SurveyQuery, reply=Page[ScoreView]),
        Route(
            "GET",
            path + "/figures",
            figures,
            see,
            "Count, average and share of the satisfied",
            query=FigureQuery,
            reply=FiguresView,
        ),
    ]


def _wanted(query: SurveyQuery) -> Wanted:
    return Wanted(
        query.kind,
        query.agent,
        query.queue,
        query.workflow,
        None if query.since is None else query.since.timestamp(),
        None if query.until is None else query.until.timestamp(),
    )


def _view(one: Score) -> ScoreView:
    return ScoreView(
        one.id,
        iso(one.at),
        one.kind,
        one.about,
        one.call_id,
        one.score,
        one.agent,
        one.queue,
        one.workflow,
        one.customer_id,
    )
