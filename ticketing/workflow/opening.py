"""What opening a ticket makes: decided here, carried out by the service."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from core.definition.shape import suggest
from ticketing.messages import Actor, NewTicket, Ticket
from ticketing.workflow.decide import Outcome, guarded, outcome
from ticketing.workflow.guards import situation
from ticketing.workflow.model import Row, Workflow
from ticketing.workflow.values import MAX_SUBJECT, MAX_TEXT, Refusal, clean, invalid, read_values

CHANNELS = ("phone", "ivr", "email", "web", "chat", "counter", "social", "letter", "api", "other")
"""Where a ticket comes from."""


class Birth(msgspec.Struct, frozen=True):
    """What a new ticket is given from outside: its id and number, the definition's version, the time."""

    id: str
    number: str
    workflow_version: int
    at: float
    vip: bool = False
    """What the customer's record says."""


def decide_open(workflow: Workflow, new: NewTicket, actor: Actor, birth: Birth) -> Outcome | Refusal:
    """The ticket that opening it makes, or why it is not opened."""
    opening = workflow.open
    if not workflow.acts_as(actor.roles) & set(opening.roles):
        message = f"Opening a {workflow.label.en.lower()} is for: {', '.join(opening.roles)}."
        return Refusal("role", message, {"roles": list(opening.roles)})
    texts = _texts(workflow, new)
    if isinstance(texts, Refusal):
        return texts
    asked = workflow.events[opening.event]
    values = read_values(workflow, asked.required, asked.optional, new.fields)
    if isinstance(values, Refusal):
        return _inside_fields(values)
    if birth.vip:
        values |= dict.fromkeys(_vip_fields(workflow), True)
    blank = _blank(workflow, new, texts, actor, birth)
    refusal = guarded(workflow, opening.guards, situation(blank, actor, values, birth.at))
    if refusal:
        return refusal
    row = Row(from_=(), event=opening.event, to=opening.to, roles=opening.roles, effects=opening.effects)
    return replace(outcome(workflow, blank, row, actor, values, birth.at), from_state=None)


def takes_vip(workflow: Workflow) -> bool:
    """Whether the definition asks the customer's record who is important."""
    return bool(_vip_fields(workflow))


def _vip_fields(workflow: Workflow) -> list[str]:
    return [name for name, field in workflow.fields.items() if field.from_customer == "vip"]


def _texts(workflow: Workflow, new: NewTicket) -> tuple[str, str] | Refusal:
    subject, body = clean(new.subject), clean(new.body, multiline=True)
    if not subject:
        label = {"en": "Subject", "zh": "主题"}
        return Refusal("missing_field", "Subject is missing.", {"field": "subject", "label": label})
    if len(subject) > MAX_SUBJECT:
        return invalid("subject", f"at most {MAX_SUBJECT} characters; these are {len(subject)}")
    if len(body) > MAX_TEXT:
        return invalid("body", f"at most {MAX_TEXT} characters; these are {len(body)}")
    for name, value, listed in (
        ("category", new.category, workflow.categories),
        ("priority", new.priority, workflow.priorities),
    ):
        if value and listed and value not in listed:
            return invalid(name, f"{suggest(value, listed)}", choices=list(listed))
        if len(value) > 40:
            return invalid(name, "at most 40 characters")
    if new.channel not in CHANNELS:
        return invalid("channel", suggest(new.channel, CHANNELS), choices=list(CHANNELS))
    return subject, body


def _inside_fields(refusal: Refusal) -> Refusal:
    return replace(refusal, details={**refusal.details, "field": f"fields.{refusal.details['field']}"})


def _blank(workflow: Workflow, new: NewTicket, texts: tuple[str, str], actor: Actor, birth: Birth) -> Ticket:
    """The ticket before its first event, at version 0."""
    return Ticket(
        id=birth.id,
        number=birth.number,
        workflow=workflow.name,
        workflow_version=birth.workflow_version,
        state=workflow.open.to,
        version=0,
        subject=texts[0],
        body=texts[1],
        priority=new.priority or next(iter(workflow.priorities), "normal"),
        category=new.category,
        channel=new.channel,
        customer_id=new.customer_id,
        call_id=new.call_id,
        created_by=actor.user,
        owner=None,
        department=actor.department if "department" in actor.roles else "",
        fields={},
        created_at=birth.at,
        updated_at=birth.at,
        state_since=birth.at,
    )
