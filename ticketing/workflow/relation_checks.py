"""Whether the events of a definition that relate tickets to each other make sense."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from core.definition.source import Path, Problem
from ticketing.workflow.model import FieldType

if TYPE_CHECKING:
    from ticketing.workflow.checks import Checker


def check_relations(c: Checker) -> Iterator[Problem]:
    """Everything that is wrong with `relates`."""
    for name, event in c.workflow.events.items():
        if event.relates is None:
            continue
        path: Path = ("events", name, "relates")
        field = event.relates.field
        yield from c.known((*path, "field"), field, "field", c.workflow.fields)
        if field in c.workflow.fields and field not in (*event.required, *event.optional):
            message = f"the event does not ask for `{field}`, the number of the other ticket"
            yield c.source.problem(path, message, f"add `{field}` to its `required` or `optional`")
        if field in c.workflow.fields and c.workflow.fields[field].type is not FieldType.TEXT:
            yield c.source.problem(path, "a ticket's number is a text", f"make `{field}` a text")
        if name == c.workflow.open.event:
            yield c.source.problem(path, "a ticket that is just opened relates to none", "use another event")
        if event.relates.priority and event.relates.priority not in c.workflow.priorities:
            yield from c.known((*path, "priority"), event.relates.priority, "priority", c.workflow.priorities)
