"""Outages for dispatchers: announce one in both languages, change what callers hear of it, end it."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import msgspec
from aiohttp import web

from core.errors import Invalid, Refused
from core.identity.roles import Permission
from core.web.routes import Ask, ListQuery, Route
from screenpop.pages.base import Pages, actor_of
from screenpop.pages.problems import of_refusal
from screenpop.words import N_
from ticketing.outages.model import Outage
from ticketing.outages.service import NewOutage

FILTERS = (("open", N_("Known now")), ("ended", N_("Ended")))
Text = Annotated[str, msgspec.Meta(max_length=4000)]
Short = Annotated[str, msgspec.Meta(max_length=64)]


class OutagesQuery(ListQuery, frozen=True):
    show: Annotated[str, msgspec.Meta(max_length=16)] = "open"


class OutageForm(msgspec.Struct, frozen=True):
    """What was typed; times are those of a clock on our wall."""

    text_en: Text = ""
    text_zh: Text = ""
    districts: Text = ""
    places: Text = ""
    starts_at: Short = ""
    until: Short = ""
    ticket: Short = ""
    major: str = ""
    version: int = 0


class EndForm(msgspec.Struct, frozen=True):
    version: int = 0


class OutagePages:
    """The handlers."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._zone = ZoneInfo(pages.renderer.desk.time_zone)

    async def list(self, ask: Ask[Any, OutagesQuery]) -> web.StreamResponse:
        """Those that callers are told of, or those that have ended."""
        found = list(await self._pages.outages.page(ask.query.show != "ended", 101, ask.query.after))
        more = f"/outages?show={ask.query.show}&after={found[99].id}" if len(found) > 100 else None
        context = {"rows": found[:100], "show": ask.query.show, "filters": FILTERS, "more": more}
        return self._pages.page(ask, "outages.html", "/outages", **context)

    async def blank(self, ask: Ask[Any, Any]) -> web.StreamResponse:
        """The form of a new one."""
        return self._form(ask, OutageForm())

    async def announce(self, ask: Ask[OutageForm, Any]) -> web.StreamResponse:
        """Announce it, or show what is wrong beside the field with all that was typed."""
        form = ask.body
        try:
            starts_at = self._moment(form.starts_at, "starts_at")
            new = NewOutage(
                form.text_en,
                form.text_zh,
                _names(form.districts),
                _names(form.places),
                starts_at,
                self._moment(form.until, "until"),
                form.ticket,
                bool(form.major),
            )
            await self._pages.outages.announce(actor_of(ask.user), new, ask.at)
        except Refused as refusal:
            return self._form(ask, form, refusal=refusal)
        return _to_list()

    async def show(self, ask: Ask[Any, Any]) -> web.StreamResponse:
        """One outage, to be changed or ended."""
        outage = await self._pages.outages.get(ask.path["id"])
        return self._form(ask, self._typed(outage), outage)

    async def change(self, ask: Ask[OutageForm, Any]) -> web.StreamResponse:
        """Change what callers hear."""
        form, id = ask.body, ask.path["id"]
        outage = await self._pages.outages.get(id)
        try:
            changes = {
                "text_en": form.text_en,
                "text_zh": form.text_zh,
                "districts": _names(form.districts),
                "places": _names(form.places),
                "until_at": self._moment(form.until, "until"),
            }
            await self._pages.outages.change(actor_of(ask.user), id, changes, form.version, ask.at)
        except Refused as refusal:
            return self._form(ask, form, outage, refusal)
        return _to_list()

    async def end(self, ask: Ask[EndForm, Any]) -> web.StreamResponse:
        """Supply is back."""
        id = ask.path["id"]
        try:
            await self._pages.outages.end(actor_of(ask.user), id, ask.body.version, ask.at)
        except Refused as refusal:
            outage = await self._pages.outages.get(id)
            return self._form(ask, self._typed(outage), outage, refusal)
        return _to_list()

    def _form(
        self,
        ask: Ask[Any, Any],
        form: OutageForm,
        outage: Outage | None = None,
        refusal: Refused | None = None,
    ) -> web.Response:
        wrong: dict[str, str] = {}
        problem = ""
        if refusal is not None:
            gettext = self._pages.renderer.gettext(self._pages.language_of(ask))
            field = str(refusal.details.get("field", ""))
            text = gettext(refusal.message) if field else of_refusal(refusal, gettext)
            wrong, problem = ({field: text}, "") if field else ({}, text)
        response = self._pages.page(
            ask, "outage.html", "/outages", form=form, outage=outage, wrong=wrong, problem=problem
        )
        if refusal is not None:
            response.set_status(422 if isinstance(refusal, Invalid) else 409)
        return response

    def _typed(self, outage: Outage) -> OutageForm:
        until = outage.until_at
        return OutageForm(
            outage.text_en,
            outage.text_zh,
            "\n".join(outage.districts),
            "\n".join(outage.places),
            until="" if until is None else f"{datetime.fromtimestamp(until, self._zone):%Y-%m-%dT%H:%M}",
            ticket=outage.number,
            version=outage.version,
        )

    def _moment(self, text: str, field: str) -> float | None:
        if not text:
            return None
        try:
            return datetime.strptime(text[:16], "%Y-%m-%dT%H:%M").replace(tzinfo=self._zone).timestamp()
        except ValueError:
            raise Invalid("This is no date and time.", field=field) from None


def routes(pages: Pages) -> list[Route]:
    """The paths of outages."""
    own, manage = OutagePages(pages), Permission.OUTAGES_MANAGE
    one = "/outages/{id}"
    return [
        Route("GET", "/outages", own.list, manage, "List of outages", query=OutagesQuery, page=True),
        Route("GET", "/outages/new", own.blank, manage, "Form of a new outage", page=True),
        Route("POST", "/outages/new", own.announce, manage, "Announce an outage", OutageForm, page=True),
        Route("GET", one, own.show, manage, "An outage", page=True),
        Route("POST", one, own.change, manage, "Change an announcement", OutageForm, page=True),
        Route("POST", one + "/end", own.end, manage, "End an outage", EndForm, page=True),
    ]


def _names(text: str) -> tuple[str, ...]:
    """One name a line, or several with commas between."""
    return tuple(name for part in re.split(r"[\n,，;；、]+", text) if (name := part.strip()))


def _to_list() -> web.Response:
    return web.Response(status=303, headers={"Location": "/outages"})
