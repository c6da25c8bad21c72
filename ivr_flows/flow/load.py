"""From the text of a file to a flow that may be used, or to the list of all that is wrong with it. Pure."""

from __future__ import annotations

from typing import Any

import msgspec

from core.definition.shape import check_shape
from core.definition.source import Faulty, Problem, Source, read_yaml
from ivr_flows.flow.model import Flow

MAX_BYTES = 1024 * 1024


class Loaded(msgspec.Struct, frozen=True):
    """A flow whose shape is right, with the lines of its file."""

    flow: Flow
    source: Source


def load(text: str, file: str) -> Loaded:
    """The flow in this YAML text; raises `Faulty` with all that is wrong with its shape. `file` is for the messages.

    Whether it makes sense can only be said of all flows together: `ivr_flows.flow.checks`.
    """
    if len(text) > MAX_BYTES:
        raise Faulty((Problem(file, 1, f"longer than {MAX_BYTES} bytes", "is this the right file?"),))
    source = read_yaml(text, file)
    if problems := [*source.problems] or check_shape(source, Flow):
        raise Faulty(tuple(problems))
    return Loaded(msgspec.convert(source.data, Flow), source)


def flow_schema() -> dict[str, Any]:
    """The JSON Schema of a flow file (draft 2020-12)."""
    schema = msgspec.json.schema(Flow)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Ringdesk flow", **schema}
