"""Outages over HTTP: the list, announcing, changing and ending one."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from core.clock import iso, iso_or_none
from core.identity.roles import Permission
from core.web.routes import Ask, ListQuery, Page, Route, page
from ticketing.api import actor_of
from ticketing.outages.model import LONGEST_PLACE, MOST_PLACES, Outage
from ticketing.outages.service import NewOutage, Outages

Text = Annotated[str, Meta(max_length=2000)]
Names = Annotated[tuple[Annotated[str, Meta(max_length=LONGEST_PLACE)], ...], Meta(max_length=MOST_PLACES)]
Moment = Annotated[datetime, Meta(tz=True)]


class OutageQuery(ListQuery, frozen=True, forbid_unknown_fields=True):
    open: bool | None = None


class OutageBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Times with their zone. `ticket` is the number of the repair; without it one is opened."""

    text_en: Text
    text_zh: Text
    districts: Names = ()
    places: Names = ()
    starts_at: Moment | None = None
    until: Moment | None = None
    ticket: Annotated[str, Meta(max_length=40)] = ""
    major: bool = False


class OutagePatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is unset stays."""

    version: int
    text_en: Text | UnsetType = UNSET
    text_zh: Text | UnsetType = UNSET
    districts: Names | UnsetType = UNSET
    places: Names | UnsetType = UNSET
    until: Moment | UnsetType | None = UNSET


class EndBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: int


class OutageView(msgspec.Struct, frozen=True):
    id: str
    number: str
    ticket_id: str
    districts: tuple[str, ...]
    places: tuple[str, ...]
    text_en: str
    text_zh: str
    starts_at: str
    until: str | None
    ended_at: str | None
    announced_by: str
    updated_at: str
    version: int


def outage_view(one: Outage) -> OutageView:
    """The outage as JSON."""
    return OutageView(
        one.id,
        one.number,
        one.ticket_id,
        one.districts,
        one.places,
        one.text_en,
        one.text_zh,
        iso(one.starts_at),
        iso_or_none(one.until_at),
        iso_or_none(one.ended_at),
        one.announced_by,
        iso(one.updated_at),
        one.version,
    )


def routes(outages: Outages) -> list[Route]:
    """The paths of outages."""

    async def many(ask: Ask[Any, OutageQuery]) -> Page[OutageView]:
        query = ask.query
        found = await outages.page(query.open, query.limit + 1, query.after)
        shown = found[: query.limit]
        return page([outage_view(one) for one in shown], shown[-1].id if len(found) > query.limit else None)

    async def one(ask: Ask[Any, Any]) -> OutageView:
        return outage_view(await outages.get(ask.path["id"]))

    async def announce(ask: Ask[OutageBody, Any]) -> OutageView:
        body = ask.body
        new = NewOutage(
            body.text_en,
            body.text_zh,
            body.districts,
            body.places,
            _seconds(body.starts_at),
            _seconds(body.until),
            body.ticket,
            body.major,
        )
        return outage_view(await outages.announce(actor_of(ask.user), new, ask.at))

    async def change(ask: Ask[OutagePatch, Any]) -> OutageView:
        body = ask.body
        names = ("text_en", "text_zh", "districts", "places")
        changes = {name: value for name in names if (value := getattr(body, name)) is not UNSET}
        if not isinstance(body.until, UnsetType):
            changes["until_at"] = _seconds(body.until)
        actor = actor_of(ask.user)
        return outage_view(await outages.change(actor, ask.path["id"], changes, body.version, ask.at))

    async def end(ask: Ask[EndBody, Any]) -> OutageView:
        return outage_view(await outages.end(actor_of(ask.user), ask.path["id"], ask.body.version, ask.at))

    see, manage = Permission.TICKETS_SEE, Permission.OUTAGES_MANAGE
    path, reply = "/api/v1/outages", OutageView
    listed = Page[OutageView]
    return [
        Route("GET", path, many, see, "Outages, newest first", query=OutageQuery, reply=listed),
        Route("POST", path, announce, manage, "Announce an outage", OutageBody, reply=reply, status=201),
        Route("GET", path + "/{id}", one, see, "An outage", reply=reply),
        Route("PATCH", path + "/{id}", change, manage, "Change an announcement", OutagePatch, reply=reply),
        Route("POST", path + "/{id}/end", end, manage, "End an outage", EndBody, reply=reply),
    ]


def _seconds(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()
