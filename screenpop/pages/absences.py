"""Who is away and who stands in: one's own absences, and everybody's for who oversees them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import msgspec
from aiohttp import web

from core.errors import Forbidden, Invalid, NotFound, Refused
from core.identity.roles import Permission
from core.web.routes import Ask, Route
from screenpop.pages.base import Pages
from screenpop.pages.problems import of_refusal
from screenpop.words import N_
from ticketing.staff import Absence

Text = Annotated[str, msgspec.Meta(max_length=80)]
SAID = (
    N_("An absence ends after it begins."),
    N_("Nobody stands in for themselves."),
    N_("This is no date and time."),
    N_("Only a supervisor notes other people's absences."),
    N_("There is no such absence."),
    N_("It has passed already."),
)
"""What a refusal says, for the catalogue."""


class AbsenceForm(msgspec.Struct, frozen=True):
    """Times as the browser's own field writes them, in the installation's time zone."""

    user: Text = ""
    from_: Annotated[str, msgspec.Meta(max_length=40)] = msgspec.field(default="", name="from")
    until: Annotated[str, msgspec.Meta(max_length=40)] = ""
    stand_in: Text = ""


class AbsencePages:
    """The handlers."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._zone = ZoneInfo(pages.renderer.desk.time_zone)

    async def show(self, ask: Ask[Any, Any]) -> web.StreamResponse:
        """Absences that are not over, and the form of a new one."""
        return await self._page(ask, AbsenceForm())

    async def add(self, ask: Ask[AbsenceForm, Any]) -> web.StreamResponse:
        """Note an absence, or say what is wrong beside the field with all that was typed."""
        form = ask.body
        try:
            user = form.user or ask.user.name
            if user != ask.user.name and not ask.user.can(Permission.AGENTS_ALL):
                raise Forbidden("Only a supervisor notes other people's absences.")
            until = self._moment(form.until, "until")
            if until <= ask.at:
                raise Invalid("It has passed already.", field="until")
            starts = self._moment(form.from_, "from") if form.from_ else ask.at
            wanted = Absence("", user, starts, until, form.stand_in)
            await self._pages.tickets.directory.add_absence(ask.user.name, wanted, ask.at)
        except Refused as refusal:
            return await self._page(ask, form, refusal)
        return _back()

    async def end(self, ask: Ask[Any, Any]) -> web.StreamResponse:
        """Somebody is back, or does not go."""
        directory, id = self._pages.tickets.directory, ask.path["id"]
        try:
            own = {one.id for one in await directory.absences(ask.at, ask.user.name)}
            if id not in own and not ask.user.can(Permission.AGENTS_ALL):
                raise NotFound("There is no such absence.")
            await directory.end_absence(ask.user.name, id, ask.at)
        except Refused as refusal:
            return await self._page(ask, AbsenceForm(), refusal)
        return _back()

    async def _page(
        self, ask: Ask[Any, Any], form: AbsenceForm, refusal: Refused | None = None
    ) -> web.StreamResponse:
        directory = self._pages.tickets.directory
        oversees = ask.user.can(Permission.AGENTS_ALL)
        found = await directory.absences(ask.at, "" if oversees else ask.user.name)
        people = (await directory.staff(ask.at)).people.values()
        person = self._pages.renderer.filter("person", self._pages.language_of(ask))
        named = sorted((person(one.name), one.name) for one in people if one.active)
        field, problem = self._wrong(ask, refusal)
        response = self._pages.page(
            ask,
            "absences.html",
            "/settings",
            rows=found,
            people=named,
            oversees=oversees,
            form=form,
            wrong={field: problem} if field else {},
            problem="" if field else problem,
        )
        if refusal is not None:
            response.set_status(422 if isinstance(refusal, Invalid) else 409)
        return response

    def _wrong(self, ask: Ask[Any, Any], refusal: Refused | None) -> tuple[str, str]:
        """The field that a refusal is about, if it is about one, and what it says."""
        if refusal is None:
            return "", ""
        gettext = self._pages.renderer.gettext(self._pages.language_of(ask))
        field = str(refusal.details.get("field", ""))
        if field in ("user", "stand_in") and refusal.message not in SAID:
            return field, gettext(N_("Choose somebody who works here."))
        return field, gettext(refusal.message) if refusal.message in SAID else of_refusal(refusal, gettext)

    def _moment(self, text: str, field: str) -> float:
        try:
            return datetime.strptime(text[:16], "%Y-%m-%dT%H:%M").replace(tzinfo=self._zone).timestamp()
        except ValueError:
            raise Invalid("This is no date and time.", field=field) from None


def _back() -> web.Response:
    return web.Response(status=303, headers={"Location": "/absences"})


def routes(pages: Pages) -> list[Route]:
    """The paths of absences."""
    own, edit = AbsencePages(pages), Permission.TICKETS_EDIT
    path, add = "/absences", "Note an absence"
    return [
        Route("GET", path, own.show, edit, "Absences", page=True),
        Route("POST", path, own.add, edit, add, body=AbsenceForm, page=True),
        Route("POST", f"{path}/{{id}}/end", own.end, edit, "End an absence", page=True),
    ]
