"""One step for several tickets at once: what all of them allow, and what became of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, NamedTuple

import msgspec
from aiohttp import web

from core.errors import Invalid, NotFound, Refused
from core.identity.roles import Permission
from core.web.parse import form_of, plain
from core.web.routes import Ask, Route
from screenpop.pages.base import Pages, actor_of
from screenpop.pages.refusals import Told, told
from screenpop.pages.ticket import TicketPage, typed, version_of
from ticketing.messages import Actor, Ticket
from ticketing.next_steps import Action, NextSteps
from ticketing.views import state_label

MOST_AT_ONCE = 200
LONGEST = 60
"""Characters of a ticket's id and version."""


class ChosenQuery(msgspec.Struct, frozen=True):
    """The ids of the chosen tickets, with commas between."""

    ids: Annotated[str, msgspec.Meta(max_length=MOST_AT_ONCE * LONGEST)] = ""


class Done(NamedTuple):
    """What became of one ticket; `told` says why nothing did."""

    id: str
    ticket: Ticket | None
    state: str
    told: Told | None
    field: str = ""


class TicketBulk:
    """The handlers."""

    def __init__(self, pages: Pages, one: TicketPage) -> None:
        self._pages = pages
        self._one = one

    async def choices(self, ask: Ask[Any, ChosenQuery]) -> web.StreamResponse:
        """The forms of the steps that all the chosen tickets allow."""
        ids = [id for id in ask.query.ids.split(",") if id][:MOST_AT_ONCE]
        viewer, language = await self._pages.viewer_of(ask), self._pages.language_of(ask)
        found, states = [], Counter[str]()
        for id in dict.fromkeys(ids):
            try:
                ticket = await self._pages.tickets.get(id, viewer)
            except NotFound:
                continue
            found.append((ticket, await self._one.steps(ask, ticket)))
            workflow = await self._pages.tickets.definition_of(ticket)
            kind = workflow.label.text(language)
            states[f"{kind}: {state_label(workflow, ticket.state, language)}"] += 1
        common = shared([steps for _, steps in found])
        return self._pages.fragment(
            ask, "parts/ticket_bulk.html", steps=common, states=states.most_common(), count=len(found)
        )

    async def fire(self, ask: Ask[Any, Any]) -> web.StreamResponse:
        """Have one event happen to each of the tickets named; each is carried out, or refused, by itself."""
        form = {key: str(value) for key, value in plain(await form_of(ask.request)).items()}
        named = [one for one in form.get("tickets", "").split(",") if one]
        if not named or len(named) > MOST_AT_ONCE:
            raise Invalid("The page is out of date; load it again.", field="tickets")
        viewer = await self._pages.viewer_of(ask)
        results = [await self._fire(ask, viewer, one, form) for one in dict.fromkeys(named)]
        return self._pages.fragment(ask, "parts/ticket_bulk_results.html", results=results)

    async def _fire(self, ask: Ask[Any, Any], viewer: Actor, named: str, form: Mapping[str, str]) -> Done:
        id, _, version = named.partition(":")
        event, tickets = form.get("event", ""), self._pages.tickets
        try:
            ticket = await tickets.get(id, viewer)
        except NotFound as refusal:
            gettext = self._pages.renderer.gettext(self._pages.language_of(ask))
            return Done(id, None, "", Told(gettext(refusal.message)))
        words = await self._one.words(ask, ticket)
        steps = await self._one.steps(ask, ticket)
        asked = next((one.view.fields for one in steps.actions if one.view.name == event), ())
        try:
            seen = version_of({"version": version})
            ticket = await tickets.fire(id, event, actor_of(ask.user), typed(asked, form), seen, ask.at)
        except Refused as refusal:
            why = told(words, self._one.attempt(ask, event, form), refusal)
            field = words.field(why.field) if why.field else None
            return Done(id, ticket, "", why, field.label.text(words.language) if field else "")
        return Done(id, ticket, state_label(words.workflow, ticket.state, words.language), None)


def shared(all_steps: Sequence[NextSteps]) -> NextSteps:
    """The steps that every one of them has, asking for the same; the forms are empty, for no value is everybody's."""
    if not all_steps:
        return NextSteps()
    forms = [{_form(action) for action in steps.actions} for steps in all_steps]
    common = frozenset[Any]().union(*forms).intersection(*forms)
    first = all_steps[0]
    return NextSteps(
        steps=tuple(_empty(action) for action in first.steps if _form(action) in common),
        side=tuple(_empty(action) for action in first.side if _form(action) in common),
        leads=all(steps.leads for steps in all_steps) and _form(first.steps[0]) in common,
    )


def _form(action: Action) -> tuple[Any, ...]:
    """What makes two steps the same one: name, label, and what is asked of what kind."""
    fields = tuple((one.name, one.type, one.required, one.choices) for one in action.view.fields)
    return action.view.name, action.view.label, fields


def _empty(action: Action) -> Action:
    return action.with_fields(lambda one: msgspec.structs.replace(one, value=None))


def routes(pages: Pages, one: TicketPage) -> list[Route]:
    """The paths of several tickets; they stand before those of one, whose id `bulk` would be."""
    own, edit = TicketBulk(pages, one), Permission.TICKETS_EDIT
    choices, change = "What can be done with several tickets", "Change several tickets"
    return [
        Route("GET", "/tickets/bulk", own.choices, edit, choices, query=ChosenQuery, page=True),
        Route("POST", "/tickets/bulk", own.fire, edit, change, page=True),
    ]
