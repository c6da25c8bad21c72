"""What workflows ask of a caller who opens a ticket: flows are held to it before the first one calls."""

from __future__ import annotations

from collections.abc import Mapping

from ivr_flows.flow.checks import Opening
from ticketing.workflow.model import Workflow

BY_ITSELF = frozenset({"contact_phone", "recording"})
"""Fields that are filled in from the call where the workflow has them (`server.ivr_tickets`)."""


def openings(workflows: Mapping[str, Workflow]) -> dict[str, Opening]:
    """By workflow, how a caller opens one."""
    return {name: _opening(one) for name, one in workflows.items()}


def _opening(workflow: Workflow) -> Opening:
    event = workflow.events[workflow.open.event]
    return Opening(
        by_callers=bool(workflow.acts_as(frozenset({"ivr"})) & set(workflow.open.roles)),
        required=tuple(name for name in event.required if name not in BY_ITSELF),
        fields=(*event.required, *event.optional),
        categories=tuple(workflow.categories),
    )
