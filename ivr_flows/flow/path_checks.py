"""The ways through flows: every node can be reached, every caller gets out, nothing goes round in silence. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from core.definition.shape import suggest
from core.definition.source import Problem
from ivr_flows.flow.edges import Edge, edges, uses_outer_fallback
from ivr_flows.flow.load import Loaded
from ivr_flows.flow.model import AnyNode, Call, Flow, HangUp, Return, Transfer

Flows = Mapping[str, Flow]


def check_calls(files: Iterable[Loaded], flows: Flows, unread: Collection[str] = ()) -> list[Problem]:
    """Sub-flows that are not there, or that call themselves round about. `unread` are there, but broken."""
    found: list[Problem] = []
    for one in files:
        for name, node in one.flow.nodes.items():
            if not isinstance(node, Call):
                continue
            path = ("nodes", name, "flow")
            if node.flow not in flows and node.flow in unread:
                continue  # its own file's problem
            if node.flow not in flows:
                fix = suggest(node.flow, flows)
                found.append(one.source.problem(path, f"there is no flow `{node.flow}`", fix))
            elif one.flow.name in called_by(node.flow, flows):
                message = f"`{node.flow}` comes back to `{one.flow.name}` by calling it"
                found.append(one.source.problem(path, message, "let it return instead"))
    return found


def called_by(name: str, flows: Flows) -> set[str]:
    """The flow itself and every flow that it calls, near or far."""
    found: set[str] = set()
    todo = [name]
    while todo:
        at = todo.pop()
        if at in flows and at not in found:
            found.add(at)
            todo += [node.flow for node in flows[at].nodes.values() if isinstance(node, Call)]
    return found


def check_paths(one: Loaded, flows: Flows) -> Iterator[Problem]:
    """What is wrong with the ways of a flow whose names are all right."""
    ways = {name: _ways(one.flow, name, flows) for name in one.flow.nodes}
    yield from _reachable(one, ways)
    yield from _ends(one, ways, flows)
    yield from _silent_loops(one, ways)
    if not one.flow.fallback and not _returns(one.flow) and uses_outer_fallback(one.flow):
        lost = [name for name in one.flow.nodes if any(not edge.to for edge in edges(one.flow, name))]
        named = ", ".join(f"`{name}`" for name in lost[:3]) + (" and others" if len(lost) > 3 else "")
        message = f"no way out of {named} where a caller does nothing or a service fails"
        fix = "add `fallback:` with the node that helps such a caller, for instance a transfer"
        yield one.source.problem(("nodes", lost[0]), message, fix)


def _returns(flow: Flow) -> bool:
    return any(isinstance(node, Return) for node in flow.nodes.values())


def _ways(flow: Flow, name: str, flows: Flows) -> tuple[Edge, ...]:
    """The ways out of a node with what the flow it calls adds or takes."""
    found = edges(flow, name)
    node = flow.nodes[name]
    if not isinstance(node, Call):
        return found
    inner = [flows[one] for one in called_by(node.flow, flows)]
    if any(uses_outer_fallback(one) for one in inner) and flow.fallback:
        found += (Edge(flow.fallback, found[0].cause),)
    return found if _can_return(flows[node.flow]) else found[1:]


def _can_return(flow: Flow) -> bool:
    steps = {name: [e.to for e in edges(flow, name)] for name in flow.nodes}
    return any(isinstance(flow.nodes[name], Return) for name in _grow([flow.start], steps))


def _grow(start: Iterable[str], steps: Mapping[str, Iterable[str]]) -> set[str]:
    reached: set[str] = set()
    todo = list(start)
    while todo:
        at = todo.pop()
        if at and at not in reached:
            reached.add(at)
            todo += steps.get(at, ())
    return reached


def _reachable(one: Loaded, ways: Mapping[str, tuple[Edge, ...]]) -> Iterator[Problem]:
    reached = _grow([one.flow.start], {name: [e.to for e in found] for name, found in ways.items()})
    for name in one.flow.nodes:
        if name not in reached:
            fix = "lead another node to it, or remove it"
            yield one.source.problem(("nodes", name), f"no caller can reach `{name}`", fix)


def _ends(one: Loaded, ways: Mapping[str, tuple[Edge, ...]], flows: Flows) -> Iterator[Problem]:
    """A way whose `to` is empty leads to the fallback of a calling flow, which is an end of this one."""
    out = [name for name, node in one.flow.nodes.items() if _is_end(node, flows)]
    out += [name for name, found in ways.items() if any(not e.to for e in found)]
    back: dict[str, list[str]] = {}
    for name, found in ways.items():
        for edge in found:
            back.setdefault(edge.to, []).append(name)
    ending = _grow(out, back)
    for name in one.flow.nodes:
        if name not in ending:
            fix = "lead it to a transfer, a hangup or a return"
            yield one.source.problem(("nodes", name), f"a caller in `{name}` never gets out", fix)


def _is_end(node: AnyNode, flows: Flows) -> bool:
    """Whether a way can end here; one that calls a flow which transfers or hangs up by itself can."""
    if not isinstance(node, Call):
        return isinstance(node, Transfer | HangUp | Return)
    inner = [one for name in called_by(node.flow, flows) for one in flows[name].nodes.values()]
    return any(isinstance(one, Transfer | HangUp) for one in inner)


def _silent_loops(one: Loaded, ways: Mapping[str, tuple[Edge, ...]]) -> Iterator[Problem]:
    """A circle that needs nothing of the caller: it would hold the line for ever, with nobody there."""
    steps = {name: [e.to for e in found if e.silent and e.to] for name, found in ways.items()}
    told: set[str] = set()
    for name in one.flow.nodes:
        circle = _circle(name, steps)
        if circle and told.isdisjoint(circle):
            told.update(circle)
            message = f"{' → '.join((*circle, circle[0]))} goes round without the caller doing anything"
            fix = (
                "put a question in between, or lead `otherwise`, `failed` or the `fallback` out of the circle"
            )
            yield one.source.problem(("nodes", circle[0]), message, fix)


def _circle(start: str, steps: Mapping[str, list[str]]) -> list[str]:
    """The shortest way from a node back to itself; empty where there is none."""
    before: dict[str, str] = {}
    todo = [start]
    for at in todo:
        for to in steps.get(at, ()):
            if to == start:
                way = [at]
                while way[-1] != start:
                    way.append(before[way[-1]])
                return way[::-1]
            if to not in before:
                before[to] = at
                todo.append(to)
    return []
