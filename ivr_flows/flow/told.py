"""What a caller did in the phone menu, in words for people. Pure.

Flows change while visits stay: a flow or a variable that is no more keeps its name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from ivr_flows.flow.model import Flows
from ivr_flows.messages import Value


class Told(msgspec.Struct, frozen=True):
    """One answer: what it is about, and what was said. `recording` is the id of recorded words."""

    about: str
    said: str
    recording: str = ""


def flow_of(place: str) -> str:
    """The flow of a place, `flow/node`; of a flow's name itself."""
    return place.partition("/")[0]


def flows_on(path: Iterable[str]) -> tuple[str, ...]:
    """The flows of these places, each once, in their order."""
    return tuple(dict.fromkeys(map(flow_of, path)))


def way(flows: Flows, path: Sequence[str], language: str) -> list[str]:
    """The flows through which a caller came, in order, each once in a row."""
    found: list[str] = []
    for step in path:
        name = flow_of(step)
        flow = flows.by_name.get(name)
        label = flow.label.text(language) if flow is not None else name
        if not found or found[-1] != label:
            found.append(label)
    return found


def told(flows: Flows, path: Sequence[str], answers: Mapping[str, Value], language: str) -> list[Told]:
    """The answers in the order in which the flows on the way name them."""
    names = flows_on(path)
    shown = {
        var: one
        for name in reversed(names)  # of two flows that name a variable the first one's words count
        if name in flows.by_name
        for var, one in flows.by_name[name].answers.items()
    }
    order = [
        var
        for name in names
        if name in flows.by_name
        for var in flows.by_name[name].answers
        if var in answers
    ]
    found = []
    for var in dict.fromkeys([*order, *answers]):
        label, value = shown.get(var), str(answers[var])
        if label is None:
            found.append(Told(var, value))
            continue
        words = label.values.get(value)
        said = words.text(language) if words is not None else value
        found.append(Told(label.label.text(language), said, value if label.recording else ""))
    return found
