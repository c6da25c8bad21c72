"""One ticket: what is known of it, what may be done next and by whom, and why a step was refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from aiohttp import web
from markupsafe import Markup

from core.errors import Invalid, NotFound, Refused
from core.identity.roles import Permission
from core.web.parse import form_of, plain
from core.web.routes import Ask, Route
from customers.messages import Customer
from screenpop.pages import refusals
from screenpop.pages.base import Pages, actor_of
from screenpop.pages.clocks import clock_lines
from screenpop.pages.records import Records
from screenpop.pages.refusals import Attempt, Tried
from screenpop.pages.ticket_values import Words
from ticketing.diagram import svg
from ticketing.messages import Actor, Ticket, TicketFilter
from ticketing.next_steps import NextSteps, counted
from ticketing.relations import Link
from ticketing.views import Choice, FieldView, column_label, state_label
from ticketing.workflow.model import Workflow

LONGEST_NUMBER = 10
"""Digits of a version; int() itself refuses more than some thousand."""
NEIGHBOURS = 8
"""How many other open tickets of the customer are shown."""


class TicketPage:
    """The handlers."""

    def __init__(self, pages: Pages, records: Records) -> None:
        self._pages = pages
        self._records = records

    async def show(self, ask: Ask[Any, Any]) -> web.StreamResponse:
        """One ticket as a page."""
        context = await self._one(ask, ask.path["id"])
        return self._pages.page(ask, "ticket.html", "/tickets", **context)

    async def piece(self, ask: Ask[Any, Any]) -> web.StreamResponse:
        """One ticket for the middle of the desk."""
        return self._pages.fragment(ask, "parts/ticket.html", **await self._one(ask, ask.path["id"]))

    async def diagram(self, ask: Ask[Any, Any]) -> web.StreamResponse:
        """The steps of its workflow as a drawing, with the state that it is in now."""
        ticket = await self._pages.tickets.get(ask.path["id"], await self._pages.viewer_of(ask))
        workflow = await self._pages.tickets.definition_of(ticket)
        drawn = svg(workflow, self._pages.language_of(ask), ticket.state)
        return self._pages.fragment(ask, "parts/ticket_diagram.html", picture=Markup(drawn))  # noqa: S704  # our own drawing, every text in it escaped

    async def fire(self, ask: Ask[Any, Any]) -> web.StreamResponse:
        """Have an event happen; answers with the ticket as it then is, or with why not and what was typed."""
        form = {key: str(value) for key, value in plain(await form_of(ask.request)).items()}
        id, event = ask.path["id"], form.get("event", "")
        tickets = self._pages.tickets
        ticket = await tickets.get(id, await self._pages.viewer_of(ask))
        steps = await self.steps(ask, ticket)
        asked = next((one.view.fields for one in steps.actions if one.view.name == event), ())
        try:
            await tickets.fire(id, event, actor_of(ask.user), typed(asked, form), version_of(form), ask.at)
        except Refused as refusal:
            return await self._refused(ask, ticket, event, form, refusal)
        try:
            context = await self._one(ask, id, done=event)
        except NotFound:
            # It went where this user cannot follow: back to the list, not into an error.
            return self._pages.fragment(ask, "parts/ticket_gone.html", ticket=ticket)
        return self._pages.fragment(ask, "parts/ticket.html", **context)

    async def _refused(
        self, ask: Ask[Any, Any], ticket: Ticket, event: str, form: Mapping[str, str], refusal: Refused
    ) -> web.StreamResponse:
        """The ticket as it is now, with the form as it was typed."""
        words = await self.words(ask, ticket)
        told = refusals.told(words, self.attempt(ask, event, form), refusal)
        tried = Tried(event, form, told, refusals.lost(words, event, form))
        context = await self._one(ask, ticket.id, tried)
        return self._pages.fragment(ask, "parts/ticket.html", **context)

    def attempt(self, ask: Ask[Any, Any], event: str, form: Mapping[str, str]) -> Attempt:
        """What was wanted; moments are written as short as they can be told apart today."""
        written = self._pages.renderer.filter("when", self._pages.language_of(ask))
        return Attempt(event, form, lambda at: written(at, ask.at))

    async def steps(self, ask: Ask[Any, Any], ticket: Ticket) -> NextSteps:
        """What whoever asks may do with the ticket now, with people to choose from where one is asked for."""
        language = self._pages.language_of(ask)
        steps = await self._pages.tickets.next_steps(ticket, actor_of(ask.user), ask.at, language)
        if not ask.user.can(Permission.TICKETS_EDIT):
            return NextSteps(waits=steps.waits)
        return await self._with_people(ticket, steps, ask.at)

    async def words(
        self, ask: Ask[Any, Any], ticket: Ticket, hrefs: Mapping[str, str] | None = None
    ) -> Words:
        """The ticket's labels in the language of who asks."""
        language, renderer = self._pages.language_of(ask), self._pages.renderer
        workflow = await self._pages.tickets.definition_of(ticket)
        person = renderer.filter("person", language)
        return Words(workflow, language, renderer.gettext(language), person, hrefs or {})

    async def _one(
        self, ask: Ask[Any, Any], id: str, tried: Tried = refusals.NOTHING, done: str = ""
    ) -> dict[str, Any]:
        tickets, viewer = self._pages.tickets, await self._pages.viewer_of(ask)
        ticket = await tickets.get(id, viewer)
        links = await tickets.links(id, viewer)
        words = await self.words(ask, ticket, {one.other.number: f"/tickets/{one.other.id}" for one in links})
        language, workflow = words.language, words.workflow
        near = await self._near(ticket, links, viewer)
        return {
            "ticket": ticket,
            "state": state_label(workflow, ticket.state, language),
            "department": column_label(workflow, "department", ticket.department, language),
            "stand_in": await self._stand_in(ticket, ask.at),
            "category": _label(workflow, ticket.category, language),
            "values": words.values(ticket.fields),
            "steps": await self.steps(ask, ticket),
            "others": _others(workflow),
            "counted": counted(workflow, ticket, language),
            "done": workflow.events[done].label.text(language) if done in workflow.events else "",
            "clocks": clock_lines(*await tickets.clocks(id, ask.at), language, ask.at),
            "history": words.history((await tickets.history(id))[::-1]),
            "links": await self._links(links, language),
            "near": await self._records.ticket_rows(near, language),
            "customer": await self._customer(ticket),
            "tried": tried,
        }

    async def _stand_in(self, ticket: Ticket, at: float) -> str:
        """Who has the work of an owner that is away; "" where the owner is there."""
        if not ticket.owner:
            return ""
        present = (await self._pages.tickets.directory.staff(at)).present(ticket.owner)
        return "" if present == ticket.owner else present

    async def _with_people(self, ticket: Ticket, steps: NextSteps, at: float) -> NextSteps:
        """Where a new owner is asked for, the people who may be it are there to choose from."""
        staff = await self._pages.tickets.directory.staff(at)
        names = staff.members(ticket.department) if ticket.department else ()
        choices = tuple(Choice(name, name) for name in names if name != ticket.owner)
        workflow = await self._pages.tickets.definition_of(ticket)
        owners = {name for name, field in workflow.fields.items() if field.sets == "owner"}
        return offering(steps, owners, choices)

    async def _near(self, ticket: Ticket, links: Sequence[Link], viewer: Actor) -> list[Ticket]:
        """Other open tickets of the same customer that are not linked with this one."""
        if not ticket.customer_id:
            return []
        known = {ticket.id, *(link.other.id for link in links)}
        wanted = TicketFilter(customer_id=ticket.customer_id, open=True)
        found = await self._pages.tickets.list(wanted, NEIGHBOURS + len(known), "", viewer)
        return [one for one in found if one.id not in known][:NEIGHBOURS]

    async def _links(self, links: Sequence[Link], language: str) -> Sequence[dict[str, Any]]:
        """The tickets that this one is linked with: how, and where they stand."""
        return [
            {
                "how": link.kind if link.outgoing else f"{link.kind}_back",
                "ticket": link.other,
                "state": await self._records.state_label(link.other, language),
            }
            for link in links
        ]

    async def _customer(self, ticket: Ticket) -> Customer | None:
        try:
            return await self._pages.customers.get(ticket.customer_id) if ticket.customer_id else None
        except NotFound:
            return None


def offering(steps: NextSteps, owners: set[str], choices: tuple[Choice, ...]) -> NextSteps:
    """The steps with these people to choose from in every field of `owners`."""

    def filled(field: FieldView) -> FieldView:
        if field.name not in owners or not choices:
            return field
        return msgspec.structs.replace(field, type="person", choices=choices, value=None)

    return msgspec.structs.replace(
        steps,
        steps=tuple(one.with_fields(filled) for one in steps.steps),
        side=tuple(one.with_fields(filled) for one in steps.side),
    )


def _others(workflow: Workflow) -> frozenset[str]:
    """The fields that take another ticket's number."""
    return frozenset(event.relates.field for event in workflow.events.values() if event.relates)


def version_of(form: Mapping[str, str]) -> int:
    """The version that the page has shown."""
    text = form.get("version", "")
    if not (text.isascii() and text.isdigit() and len(text) < LONGEST_NUMBER):
        raise Invalid("The page is out of date; load it again.", field="version")
    return int(text)


def typed(fields: Sequence[FieldView], form: Mapping[str, str]) -> dict[str, Any]:
    """What a form sent for these fields, each as its type. What was left empty is left out, what the form had filled in
    (its `had.…`) and came back empty is to be emptied.
    """
    given = {field.name: _typed(field, form.get(f"fields.{field.name}", "").strip()) for field in fields}
    empty = {name for name in given if form.get(f"fields.{name}", "-") == "" and f"had.{name}" in form}
    return {name: value for name, value in given.items() if value is not None or name in empty}


def _typed(field: FieldView, text: str) -> Any:
    """What a form sent, as the field's type; None where nothing was given."""
    if field.type == "bool":
        return text == "true"
    if not text:
        return None
    if field.type != "number":
        return text
    try:
        return float(text) if "." in text else int(text)
    except ValueError:
        return text


def _label(workflow: Workflow, name: str, language: str) -> str:
    return workflow.categories[name].text(language) if name in workflow.categories else name


def routes(own: TicketPage) -> list[Route]:
    """The paths of one ticket."""
    see, edit = Permission.TICKETS_SEE, Permission.TICKETS_EDIT
    return [
        Route("GET", "/tickets/{id}", own.show, see, "A ticket", page=True),
        Route("GET", "/tickets/{id}/diagram", own.diagram, see, "Where a ticket stands", page=True),
        Route("GET", "/desk/tickets/{id}", own.piece, see, "A ticket, for the desk", page=True),
        Route("POST", "/desk/tickets/{id}/events", own.fire, edit, "Change a ticket", page=True),
    ]
