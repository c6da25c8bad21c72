"""What pages and the API show of a workflow: forms, buttons, tickets. Pure."""

from __future__ import annotations

from typing import Any

import msgspec

from core.clock import iso, iso_or_none
from core.definition.label import Label
from ticketing.messages import Ticket
from ticketing.workflow.model import ESCALATE, TAKE_OVER, Field, Workflow
from ticketing.workflow.values import CALL, NOTE, NOTE_FIELD, with_choices

BUILT_IN = {
    ESCALATE: Label(en="Time limit", zh="时限提醒"),
    TAKE_OVER: Label(en="New definition", zh="流程更新"),
}
"""Labels of events that no definition declares."""
STEP_DATA: dict[str, Label | None] = {
    "clock": Label(en="Clock", zh="时限"),
    "step": Label(en="Step", zh="节点"),
    "refused": Label(en="Not possible", zh="未能执行"),
    "run": None,
    CALL: Label(en="Call", zh="通话"),
}


class Choice(msgspec.Struct, frozen=True):
    value: str
    label: str


class FieldView(msgspec.Struct, frozen=True):
    """A field to fill in. `type`: text, number, choice, date, bool, phone; `value` is what is known already."""

    name: str
    label: str
    type: str
    required: bool
    choices: tuple[Choice, ...] = ()
    multiline: bool = False
    min: float | None = None
    max: float | None = None
    help: str = ""
    value: Any = None


class FormView(msgspec.Struct, frozen=True):
    """The opening form of a workflow, in one language."""

    workflow: str
    label: str
    fields: tuple[FieldView, ...]
    categories: tuple[Choice, ...]
    priorities: tuple[Choice, ...]


class EventView(msgspec.Struct, frozen=True):
    """Something that may be done with a ticket now, and what it asks."""

    name: str
    label: str
    fields: tuple[FieldView, ...]


class TicketView(msgspec.Struct, frozen=True):
    """A ticket as the API and the live socket show it: times are ISO 8601."""

    id: str
    number: str
    workflow: str
    workflow_version: int
    state: str
    version: int
    subject: str
    body: str
    priority: str
    category: str
    channel: str
    customer_id: str | None
    call_id: str | None
    created_by: str
    owner: str | None
    department: str
    fields: dict[str, Any]
    created_at: str
    updated_at: str
    closed_at: str | None
    state_since: str


def ticket_view(ticket: Ticket) -> TicketView:
    """The ticket for the outside."""
    values = {name: getattr(ticket, name) for name in TicketView.__struct_fields__}
    values |= {name: iso(values[name]) for name in ("created_at", "updated_at", "state_since")}
    return TicketView(**{**values, "closed_at": iso_or_none(ticket.closed_at)})


def form(workflow: Workflow, language: str) -> FormView:
    """The fields that opening such a ticket asks for, with labels in `language` (`en`, `zh_CN`)."""
    return FormView(
        workflow=workflow.name,
        label=workflow.label.text(language),
        fields=_asked(workflow, workflow.open.event, language, None),
        categories=_choices(workflow.categories, language),
        priorities=_choices(workflow.priorities, language),
    )


def event_view(workflow: Workflow, ticket: Ticket, event: str, language: str) -> EventView:
    """One event with its fields and what is known for them; the note that every event takes comes last."""
    note = _field(workflow, NOTE, NOTE_FIELD, language, required=False)
    fields = (*_asked(workflow, event, language, ticket), note)
    return EventView(event, workflow.events[event].label.text(language), fields)


def state_label(workflow: Workflow, state: str, language: str) -> str:
    return workflow.states[state].label.text(language)


def column_label(workflow: Workflow, column: str, value: str, language: str) -> str:
    """A department's name and the like as the definition's choices call it; the bare value where none does."""
    choices = [field.choices for field in workflow.fields.values() if field.sets == column]
    label = next((labels[value] for labels in choices if value in labels), None)
    return label.text(language) if label else value


def event_label(workflow: Workflow, event: str, language: str) -> str:
    """The label of an event; its bare name where an older version knew it and this one does not."""
    if event in BUILT_IN:
        return BUILT_IN[event].text(language)
    return workflow.events[event].label.text(language) if event in workflow.events else event


def shown_values(workflow: Workflow, data: dict[str, Any], language: str) -> list[tuple[str, str]]:
    """Fields as pairs of label and text, for a page: choices by their labels."""
    shown = []
    for name, value in data.items():
        field = NOTE_FIELD if name == NOTE else workflow.fields.get(name)
        if field is None:
            shown.extend(_unasked(workflow, name, value, language))
            continue
        choices = with_choices(workflow, field).choices
        yes_no = {True: Label(en="yes", zh="是"), False: Label(en="no", zh="否")}
        label = yes_no.get(value) if isinstance(value, bool) else choices.get(str(value))
        shown.append((field.label.text(language), label.text(language) if label else str(value)))
    return shown


def _unasked(workflow: Workflow, name: str, value: Any, language: str) -> list[tuple[str, str]]:
    """What no field asked for: of a clock's step which clock and which step it was."""
    if name not in STEP_DATA:
        return [(name, str(value))]
    label = STEP_DATA[name]
    if label is None:
        return []
    clock = workflow.clocks.get(str(value)) if name == "clock" else None
    event = workflow.events.get(str(value)) if name == "refused" else None
    named = clock or event
    return [(label.text(language), named.label.text(language) if named else str(value))]


def _asked(workflow: Workflow, event: str, language: str, ticket: Ticket | None) -> tuple[FieldView, ...]:
    asked = workflow.events[event]
    views = []
    for name in dict.fromkeys((*asked.required, *asked.optional)):
        field = workflow.fields[name]
        view = _field(workflow, name, field, language, required=name in asked.required)
        # What the event clears is asked for anew: the old answer in its form would be given again unread.
        if ticket is not None and (field.keep or field.sets) and name not in asked.clears:
            value = getattr(ticket, field.sets) if field.sets else ticket.fields.get(name)
            view = msgspec.structs.replace(view, value=value)
        views.append(view)
    return tuple(views)


def _field(workflow: Workflow, name: str, field: Field, language: str, *, required: bool) -> FieldView:
    field = with_choices(workflow, field)
    return FieldView(
        name=name,
        label=field.label.text(language),
        type=field.type.value,
        required=required,
        choices=_choices(field.choices, language),
        multiline=field.multiline,
        min=field.min,
        max=field.max,
        help=field.help.text(language) if field.help else "",
    )


def _choices(labels: dict[str, Label], language: str) -> tuple[Choice, ...]:
    return tuple(Choice(value, label.text(language)) for value, label in labels.items())
