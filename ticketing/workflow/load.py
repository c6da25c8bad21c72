"""From the text of a file to a definition that may be used, or to the list of all that is wrong with it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import msgspec

from core.definition.shape import as_far_as_it_goes, check_shape
from core.definition.source import Faulty, Problem, read_yaml
from ticketing.workflow.checks import check
from ticketing.workflow.model import Workflow

MAX_BYTES = 512 * 1024


def too_long(file: str) -> Problem:
    return Problem(file, 1, f"longer than {MAX_BYTES} bytes", "is this the right file?")


def load(text: str, file: str, calendars: Collection[str] | None = None) -> Workflow:
    """The definition in this YAML text; raises `Faulty` with everything that is wrong. `file` is for the messages,
    `calendars` are those that clocks may name."""
    if len(text) > MAX_BYTES:
        raise Faulty((too_long(file),))
    source = read_yaml(text, file)
    problems = [*source.problems]
    if source.data is not None:
        problems += check_shape(source, Workflow)
    workflow = as_far_as_it_goes(source.data, Workflow, faulty=bool(problems))
    if workflow is not None:
        problems += check(source, workflow, calendars)
    if problems or workflow is None:
        raise Faulty(tuple(sorted(problems, key=lambda p: p.line)))
    return workflow


def canonical(workflow: Workflow) -> bytes:
    """The definition's meaning as bytes: the same for files that differ in comments and layout only.

    The order of states, events and rows counts, since pages and `when` follow it. `map` does not: it says how
    tickets come to this definition, not what it is.
    """
    return msgspec.json.encode(msgspec.structs.replace(workflow, map=None))


def from_canonical(text: str | bytes) -> Workflow:
    """A definition as `canonical` wrote it, which was checked before it was stored."""
    return msgspec.json.decode(text, type=Workflow)


def workflow_schema() -> dict[str, Any]:
    """The JSON Schema of a workflow file (draft 2020-12)."""
    schema = msgspec.json.schema(Workflow)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Ringdesk workflow", **schema}
