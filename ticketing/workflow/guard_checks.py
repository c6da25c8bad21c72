"""Whether the tests of a definition make sense: known names, and arguments that could ever hold."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from typing import Any

import msgspec

from core.definition.shape import suggest
from ticketing.workflow.durations import seconds
from ticketing.workflow.guards import COLUMNS, COMBINED, GUARDS, FieldBound, FieldIs, Times, parts
from ticketing.workflow.model import FieldType, Workflow
from ticketing.workflow.opening import CHANNELS
from ticketing.workflow.values import with_choices

Mistake = tuple[str, str]
"""What is wrong, and what to do."""


def mistakes(test: Any, workflow: Workflow, inside: tuple[str, ...] = ()) -> Iterator[Mistake]:
    """What is wrong with a test. A guard of the file that it names is looked at where it is written; `inside` are
    the guards that have led here."""
    try:
        name, given = parts(test)
    except ValueError as error:
        yield str(error), "write one test per entry of the list"
        return
    if name in inside:
        yield f"the guard `{name}` refers to itself", "name the tests themselves there"
    elif name in COMBINED:
        several = given if isinstance(given, list | tuple) else [given]
        if name != "not" and not (isinstance(given, list | tuple) and given):
            yield f"`{name}` takes a list of tests", f"write {name}: [one, other]"
            return
        for one in several:
            yield from mistakes(one, workflow, inside)
    elif name in workflow.guards:
        if inside:
            yield from _circles(workflow.guards[name].test, workflow, (*inside, name))
    elif name in GUARDS:
        yield from _arguments(name, given, workflow)
    else:
        yield f"there is no guard `{name}`", suggest(name, (*GUARDS, *workflow.guards, *COMBINED))


def _circles(test: Any, workflow: Workflow, inside: tuple[str, ...]) -> Iterator[Mistake]:
    """Whether a guard comes back to itself over others; their other mistakes are told at their own place."""
    for message, fix in mistakes(test, workflow, inside):
        if message.endswith("refers to itself"):
            yield message, fix


def named(test: Any) -> Iterator[str]:
    """The names in a test, those within a combination too."""
    try:
        name, given = parts(test)
    except ValueError:
        return
    if name not in COMBINED:
        yield name
        return
    for one in given if isinstance(given, list | tuple) else [given]:
        yield from named(one)


def _arguments(name: str, given: Any, workflow: Workflow) -> Iterator[Mistake]:
    try:
        args = msgspec.convert(given, GUARDS[name].takes)
        if name in ("within", "after"):
            seconds(args)
    except ValueError as error:
        yield f"the guard `{name}`: {error}", "docs/workflows.md lists what each guard takes"
        return
    if name == "fields_known":
        for field in args:
            yield from _field(field, workflow)
    if name == "before_due" and args not in workflow.clocks:
        yield f"there is no clock `{args}`", suggest(args, workflow.clocks)
    if isinstance(args, Times):
        yield from _times(args, workflow)
    if isinstance(args, FieldBound):
        yield from _bound(args, workflow)
    if isinstance(args, FieldIs):
        yield from _value(args, workflow)


def _field(field: str, workflow: Workflow) -> Iterator[Mistake]:
    if field not in workflow.fields and field not in COLUMNS:
        yield f"there is no field `{field}`", suggest(field, (*workflow.fields, *COLUMNS))


def _times(args: Times, workflow: Workflow) -> Iterator[Mistake]:
    if args.event not in workflow.events:
        yield f"there is no event `{args.event}`", suggest(args.event, workflow.events)
    if args.times < 1:
        yield f"`times: {args.times}` counts nothing", "write 1 or more"


def _bound(args: FieldBound, workflow: Workflow) -> Iterator[Mistake]:
    yield from _field(args.field, workflow)
    field = workflow.fields.get(args.field)
    if args.field in COLUMNS or (field and field.type is not FieldType.NUMBER):
        yield f"`{args.field}` is no number", "name a field of the type number"
    if not math.isfinite(args.value):
        yield "the bound is no number", "write a number such as 100"


def _value(args: FieldIs, workflow: Workflow) -> Iterator[Mistake]:
    yield from _field(args.field, workflow)
    for value in args.value if isinstance(args.value, tuple) else (args.value,):
        if value == "" and not isinstance(value, bool):
            continue  # nothing is filled in
        kind, choices = _may_be(args.field, workflow)
        if kind and not isinstance(value, kind):
            yield f"`{args.field}` is never `{value}`", f"write {_WORDS[kind]}"
        elif choices and value not in choices:
            yield f"`{args.field}` is never `{value}`", suggest(str(value), choices)


_WORDS = {str: "a text (in quotes, if it looks like something else)", bool: "true or false"}


def _may_be(name: str, workflow: Workflow) -> tuple[type | None, Collection[str]]:
    """The type of a field's values, None where it does not matter, and its choices, none where anything may stand."""
    columns: dict[str, Collection[str]] = {
        "priority": workflow.priorities,
        "category": workflow.categories,
        "channel": CHANNELS,
    }
    field = workflow.fields.get(name)
    if field is None:
        return (str, columns.get(name, ())) if name in COLUMNS else (None, ())
    if field.type is FieldType.NUMBER:
        return None, ()
    if field.type is FieldType.BOOL:
        return bool, ()
    return str, with_choices(workflow, field).choices
