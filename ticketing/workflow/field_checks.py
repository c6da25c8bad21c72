"""Whether the fields of a definition make sense."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from core.definition.source import Path, Problem
from ticketing.workflow.model import Field, FieldType
from ticketing.workflow.values import CALL, NOTE

if TYPE_CHECKING:
    from ticketing.workflow.checks import Checker


def check_fields(c: Checker) -> Iterator[Problem]:
    """Everything that is wrong with the fields, and with the priorities that some of them set."""
    for name, field in c.workflow.fields.items():
        path: Path = ("fields", name)
        if name == NOTE:
            yield c.source.problem(path, "every event has a note already", "remove it or name it otherwise")
        if name == CALL:
            message = "the history keeps the call already"
            yield c.source.problem(path, message, "remove it or name it otherwise")
        for message, fix in (*_choices(name, field), *_bounds(name, field)):
            yield c.source.problem(path, message, fix)
    if c.workflow.priorities and "normal" not in c.workflow.priorities:
        message = "there is no priority `normal`, which a ticket has when nobody says otherwise"
        yield c.source.problem(("priorities",), message, "add `normal:`")


def _choices(name: str, field: Field) -> Iterator[tuple[str, str]]:
    if field.type is FieldType.CHOICE and not field.choices and field.sets not in ("priority", "category"):
        yield f"the choice `{name}` has no choices", "add `choices:` with their labels"
    if field.choices and field.type is not FieldType.CHOICE:
        yield f"`{name}` has choices but is no choice", "write `type: choice`"
    if field.sets and field.type not in (FieldType.TEXT, FieldType.CHOICE):
        yield f"`{field.sets}` is a text", "write `type: text` or `type: choice`"
    if field.from_customer and field.type is not FieldType.BOOL:
        yield f"`{field.from_customer}` of a customer is a yes or no", "write `type: bool`"
    if field.multiline and field.type is not FieldType.TEXT:
        yield f"`{name}` has several lines but is no text", "remove `multiline`"


def _bounds(name: str, field: Field) -> Iterator[tuple[str, str]]:
    bounds = [bound for bound in (field.min, field.max) if bound is not None]
    if bounds and field.type is not FieldType.NUMBER:
        yield f"`{name}` has bounds but is no number", "write `type: number`, or remove `min` and `max`"
    if not all(math.isfinite(bound) for bound in bounds):
        yield f"a bound of `{name}` is no number", "leave it out where there is none"
    elif len(bounds) == 2 and bounds[0] > bounds[1]:
        yield f"the least of `{name}` is more than its most", "exchange `min` and `max`"
