"""Ways between nodes: the silent ones that a caller passes at once, keys that work everywhere, the fallback. Pure."""

from __future__ import annotations

from msgspec.structs import replace

from ivr_flows.engine.state import Frame, State, ended, given, moved, node_of
from ivr_flows.flow.conditions import holds
from ivr_flows.flow.model import QUESTIONS, SILENT, Branch, Call, Flows, Return, Say, Set
from ivr_flows.flow.words import resolve
from ivr_flows.messages import Ended

MOST_SILENT = 200
"""Silent nodes one after another; load checks allow no circle, so that this is only a net."""


def settle(flows: Flows, state: State) -> State:
    """The state at the next node that a caller notices, or ended where the flow has none."""
    for _ in range(MOST_SILENT):
        node = None if state.ended else node_of(flows, state)
        if not isinstance(node, SILENT):
            return state
        state = _pass(flows, state, node)
    return ended(state, Ended.FAILED, "a circle of nodes that say nothing")


def _pass(flows: Flows, state: State, node: Branch | Set | Call | Return) -> State:
    if isinstance(node, Branch):
        values = {**state.vars, "language": state.language.value}
        return moved(state, next((c.next for c in node.cases if holds(c.when, values)), node.otherwise))
    if isinstance(node, Set):
        values = {name: resolve(state.vars, value) for name, value in node.values.items()}
        return moved(given(state, values), node.next)
    if isinstance(node, Call):
        called = flows.by_name[node.flow]
        stack = (*state.stack, Frame(state.flow, node.next))
        return moved(replace(state, flow=called.name, stack=stack), called.start)
    if not state.stack:
        return ended(state, Ended.SERVED)
    back = state.stack[-1]
    return moved(replace(state, flow=back.flow, stack=state.stack[:-1]), back.next)


def asks_next(flows: Flows, state: State) -> bool:
    """Whether the caller is asked something next, with nothing but words before it: those begin the question then."""
    for _ in range(MOST_SILENT):
        state = settle(flows, state)
        if state.ended:
            return False
        node = node_of(flows, state)
        if not isinstance(node, Say) or node.whole:
            return isinstance(node, QUESTIONS)
        state = moved(state, node.next)
    return False


def everywhere(flows: Flows, state: State, key: str) -> State | None:
    """Where a key leads that works everywhere in this flow or in those that called it; None for every other key."""
    while True:
        found = flows.by_name[state.flow].everywhere.get(key)
        if found is not None:
            return moved(state, found.next)
        if not state.stack:
            return None
        state = replace(state, flow=state.stack[-1].flow, stack=state.stack[:-1])


def fallback(flows: Flows, state: State, own: str = "") -> State:
    """The node's own way out, else the flow's, else that of the flows that called it; ended where there is none."""
    if own:
        return moved(state, own)
    while True:
        found = flows.by_name[state.flow].fallback
        if found:
            return moved(state, found)
        if not state.stack:
            return ended(state, Ended.FAILED, "no way out")
        state = replace(state, flow=state.stack[-1].flow, stack=state.stack[:-1])


def last_resort(flows: Flows, state: State) -> State:
    """The main flow's fallback, from wherever the caller is."""
    return fallback(flows, replace(state, flow=state.main, stack=()))
