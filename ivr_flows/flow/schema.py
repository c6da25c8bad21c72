"""The JSON Schema of a flow file, for editors that complete and underline. Pure.

The types say the shape; the limits are those of the checks, from the same tables, so that an editor refuses nothing
that the checks take. What needs more than one place of a file, such as whether a node is there, only the checks say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from config.settings import PRIORITIES
from ivr_flows.flow.checks import LIMITS, MOST_NODES
from ivr_flows.flow.key_checks import ENDS, LENGTHS, MENU_KEYS
from ivr_flows.flow.model import Flow
from ivr_flows.flow.name_checks import MAX_NAME, POINTERS
from ivr_flows.flow.services import SERVICES
from ivr_flows.messages import PLACE

Schema = dict[str, Any]
NAME = {"pattern": f"^[A-Za-z_][A-Za-z0-9_]{{0,{MAX_NAME - 1}}}$"}
KEY = {"enum": sorted(MENU_KEYS)}
SAID = {"pattern": r"\S"}


def flow_schema() -> Schema:
    """The schema (draft 2020-12)."""
    schema = msgspec.json.schema(Flow)
    kinds: Mapping[str, Schema] = schema["$defs"]
    for kind, part, limit in _limits(kinds):
        kinds[kind]["properties"][part].update(limit)
    defs = {**kinds, "Test": TEST}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Ringdesk flow",
        **schema,
        "$defs": defs,
    }


def _limits(kinds: Mapping[str, Schema]) -> Iterator[tuple[str, str, Schema]]:
    """What the checks ask of a part besides its type: the kind, the part and the limit."""
    yield "Flow", "name", NAME
    yield "Flow", "nodes", {"propertyNames": NAME, "maxProperties": MOST_NODES}
    yield "Flow", "everywhere", {"propertyNames": KEY}
    yield "Flow", "examples", {"propertyNames": {"enum": sorted(SERVICES)}, "additionalProperties": _OBJECT}
    yield "Menu", "choices", {"propertyNames": KEY, "minProperties": 1}
    yield "Branch", "cases", {"minItems": 1}
    yield "Case", "when", _TESTED
    yield "Confirm", "yes", KEY
    yield "Collect", "end", {"enum": list(ENDS)}
    yield "LookUp", "service", {"enum": sorted(SERVICES.keys() - {"pin.check"})}
    yield "Transfer", "queue", {"pattern": rf"^(\$.*|{PLACE.pattern})?$"}
    yield "Transfer", "priority", {"anyOf": [_between("integer", *PRIORITIES), _POINTER]}
    yield "Callback", "priority", {"anyOf": [_between("integer", *PRIORITIES), _POINTER, {"const": ""}]}
    for part in ("min", "max"):
        yield "Collect", part, _between("integer", *LENGTHS)
    for language in ("en", "zh"):
        yield "Label", language, SAID
    for kind, one in kinds.items():
        for part in one["properties"]:
            if part in LIMITS and kind != "Flow":
                low, high = LIMITS[part]
                yield kind, part, {"minimum": low, "maximum": high}
            elif part in POINTERS and kind not in ("Flow", "Shown"):
                yield kind, part, {"pattern": r"^(\$.*)?$"}


_OBJECT = {"type": "object"}
_TESTED = {"$ref": "#/$defs/Test"}
_TESTS = {"type": "array", "minItems": 1, "items": _TESTED}
_BOUNDS = {"type": "object", "minProperties": 1, "additionalProperties": {"type": ["number", "string"]}}
TEST: Schema = {
    "title": "Test",
    "description": "Variables and what they are to be, such as {who.vip: true}; all of it has to hold.",
    "type": "object",
    "minProperties": 1,
    "properties": {
        "any_of": _TESTS,
        "all_of": _TESTS,
        "not": _TESTED,
        "known": {"type": ["string", "array"], "items": {"type": "string"}},
        "at_least": _BOUNDS,
        "at_most": _BOUNDS,
    },
    "additionalProperties": {"not": {"type": "object"}},
}
_POINTER = {"type": "string", "pattern": r"^\$"}


def _between(kind: str, low: float, high: float) -> Schema:
    return {"type": kind, "minimum": low, "maximum": high}
