"""Where each node can lead: for the checks, and for the diagram. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum

import msgspec

from core.definition.label import Label
from core.definition.source import Path
from ivr_flows.flow import model
from ivr_flows.flow.model import AnyNode, Flow


class Cause(Enum):
    """Why a way is taken."""

    NEXT = "next"
    CALLER = "caller"
    """The caller did something: a key, digits, words."""
    CASE = "case"
    REFUSED = "refused"
    FAILED = "failed"
    NOTHING = "nothing"
    """The caller did nothing, or nothing right, as often as the node lets it."""
    EVERYWHERE = "everywhere"


class Edge(msgspec.Struct, frozen=True):
    """A way out of a node. `to` is empty where it leads to the fallback of a calling flow. `path` is where the file
    says so; empty where it follows from the flow as a whole."""

    to: str
    cause: Cause
    path: Path = ()
    key: str = ""
    label: Label | None = None

    @property
    def silent(self) -> bool:
        """Whether it can be taken without the caller doing anything."""
        return self.cause not in (Cause.CALLER, Cause.EVERYWHERE)


def edges(flow: Flow, name: str) -> tuple[Edge, ...]:
    """Every way out of a node, in the order of the file."""
    node = flow.nodes[name]
    found = [*_own(flow, node)]
    # Not while words are recorded; and a flow that is called takes the key for the one that called it.
    if isinstance(node, (model.Menu, model.Collect, model.Pin, model.Survey, model.Call)):
        found += [Edge(e.next, Cause.EVERYWHERE, (), key, e.label) for key, e in flow.everywhere.items()]
    return tuple(found)


def _own(flow: Flow, node: AnyNode) -> Iterator[Edge]:
    if isinstance(node, model.Menu):
        for key, choice in node.choices.items():
            yield Edge(choice.next, Cause.CALLER, ("choices", key, "next"), key, choice.label)
    elif isinstance(node, model.Branch):
        for at, case in enumerate(node.cases):
            yield Edge(case.next, Cause.CASE, ("cases", at, "next"))
        yield Edge(node.otherwise, Cause.NEXT, ("otherwise",))
    elif hasattr(node, "next"):
        asked = isinstance(node, model.QUESTIONS)
        yield Edge(node.next, Cause.CALLER if asked else Cause.NEXT, ("next",))
    yield from _elsewhere(flow, node)


def _elsewhere(flow: Flow, node: AnyNode) -> Iterator[Edge]:
    """What happens where it goes otherwise than planned."""
    if isinstance(node, model.Pin) and node.locked:
        yield Edge(node.locked, Cause.CALLER, ("locked",))
    for code, to in getattr(node, "refused", {}).items():
        yield Edge(to, Cause.REFUSED, ("refused", code), code)
    if isinstance(node, (*model.SERVICES, model.Survey)):
        yield _or_fallback(flow, node.failed, Cause.FAILED, "failed")
    if isinstance(node, model.QUESTIONS):
        yield _or_fallback(flow, node.otherwise, Cause.NOTHING, "otherwise")
    if isinstance(node, model.Transfer) and target(node).startswith("$"):
        yield _or_fallback(flow, node.otherwise, Cause.FAILED, "otherwise")


def _or_fallback(flow: Flow, own: str, cause: Cause, part: str) -> Edge:
    return Edge(own, cause, (part,)) if own else Edge(flow.fallback, cause)


def target(node: model.Transfer) -> str:
    """Whereto a transfer leads, as the file says it."""
    return node.queue or node.agent or node.number


def uses_outer_fallback(flow: Flow) -> bool:
    """Whether something in this flow can lead to the fallback of the flow that called it."""
    return any(not edge.to for name in flow.nodes for edge in edges(flow, name))
