"""From the text of a file to a flow that may be used, or to the list of all that is wrong with it. Pure."""

from __future__ import annotations

import msgspec

from core.definition.shape import as_far_as_it_goes, check_shape
from core.definition.source import Faulty, Problem, Source, read_yaml
from ivr_flows.flow.model import Flow

MAX_BYTES = 1024 * 1024


class Loaded(msgspec.Struct, frozen=True):
    """A flow with the lines of its file. Where its shape has `problems`, it is not to be used but to look for more."""

    flow: Flow
    source: Source
    problems: tuple[Problem, ...] = ()


def load(text: str, file: str) -> Loaded:
    """The flow in this YAML text; raises `Faulty` with all that is wrong with its shape. `file` is for the messages.

    Whether it makes sense can only be said of all flows together: `ivr_flows.flow.checks`.
    """
    found = read(text, file)
    if found.problems:
        raise Faulty(found.problems)
    return found


def read(text: str, file: str) -> Loaded:
    """The same as far as it goes: raises `Faulty` only for what cannot be read as a flow at all."""
    if len(text) > MAX_BYTES:
        raise Faulty((Problem(file, 1, f"longer than {MAX_BYTES} bytes", "is this the right file?"),))
    source = read_yaml(text, file)
    problems = (*source.problems, *(check_shape(source, Flow) if source.data is not None else ()))
    flow = as_far_as_it_goes(source.data, Flow, faulty=bool(problems))
    if flow is None:
        raise Faulty(problems)
    return Loaded(flow, source, problems)
