"""The variables of a flow: known, set before they are spoken or sent, and services asked as they want it. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from core.definition.shape import suggest
from core.definition.source import Path, Problem
from ivr_flows.flow import model
from ivr_flows.flow.conditions import mistakes, names
from ivr_flows.flow.edges import Cause, Edge, edges
from ivr_flows.flow.load import Loaded
from ivr_flows.flow.model import AnyNode, Flow
from ivr_flows.flow.services import NO, SERVICES
from ivr_flows.flow.slots import slots
from ivr_flows.flow.words import parts

ALWAYS = frozenset({"caller", "dialled", "language"})
"""What every visit begins with."""
PLAIN = frozenset({""})
"""The parts of a value that has none: keys that were pressed, a recording, a score."""
Flows = Mapping[str, Flow]
Use = tuple[Path, str]
"""Where a variable is used, and its name with its part."""


def check_vars(one: Loaded, flows: Flows) -> Iterator[Problem]:
    """Everything that is wrong with variables and services of one flow."""
    known = known_vars(one.flow, flows)
    yield from _services(one)
    for path, name in _all_uses(one.flow):
        yield from _known(one, path, name, known)
    for name, node in one.flow.nodes.items():
        for at, case in enumerate(node.cases if isinstance(node, model.Branch) else ()):
            for message, fix in mistakes(case.when):
                yield one.source.problem(("nodes", name, "cases", at, "when"), message, fix)
    yield from _set_in_time(one, flows, known)


def known_vars(flow: Flow, flows: Flows) -> dict[str, frozenset[str]]:
    """Every variable that some node sets, or that the flow needs, with the parts it can have (empty: any)."""
    found = {**dict.fromkeys(ALWAYS, PLAIN), **dict.fromkeys(flow.needs, frozenset[str]())}
    for node in flow.nodes.values():
        if isinstance(node, model.Call) and node.flow in flows:
            for name, inner in known_vars(flows[node.flow], flows).items():
                found.setdefault(name, inner)
        for name, gives in _sets(node).items():
            before = found.get(name)
            found[name] = gives if before is None else before | gives if before and gives else frozenset()
    return found


def _sets(node: AnyNode) -> dict[str, frozenset[str]]:
    """The variables that a node sets, each with the parts of its value."""
    if isinstance(node, model.Set):
        return dict.fromkeys(node.values, frozenset())
    if isinstance(node, model.Menu):
        return dict.fromkeys((name for c in node.choices.values() for name in c.set), frozenset())
    into = getattr(node, "into", "")
    if not into:
        return {}
    service = service_of(node)
    if service is None or isinstance(node, model.Survey):
        return {into: PLAIN}
    if service not in SERVICES:
        return {into: frozenset()}  # that there is no such service is said once
    return {into: frozenset((*SERVICES[service].gives, *NO))}


def service_of(node: AnyNode) -> str | None:
    """The service that a node asks; None for all that ask nobody."""
    if isinstance(node, model.LookUp):
        return node.service
    if isinstance(node, model.Event):
        return f"ticket.{node.event}"
    table: dict[type, str] = {
        model.Ticket: "ticket.open",
        model.Callback: "callback.request",
        model.Survey: "survey.save",
        model.Pin: "pin.check",
    }
    return table.get(type(node))


def _known(one: Loaded, path: Path, name: str, known: Mapping[str, frozenset[str]]) -> Iterator[Problem]:
    root, _, part = name.partition(".")
    if root not in known:
        yield one.source.problem(path, f"no node sets `{root}`", suggest(root, known))
    elif part and known[root] and part not in known[root]:
        there = known[root] - PLAIN
        fix = suggest(part, there) if there else f"write `{root}`: it is one value"
        yield one.source.problem(path, f"`{root}` has no part `{part}`", fix)


def _all_uses(flow: Flow) -> Iterator[Use]:
    for name in flow.answers:
        yield ("answers", name), name
    for name, node in flow.nodes.items():
        yield from _uses(flow, name, node)
        for at, case in enumerate(node.cases if isinstance(node, model.Branch) else ()):
            for var in names(case.when):
                yield ("nodes", name, "cases", at, "when"), str(var)


def _uses(flow: Flow, name: str, node: AnyNode) -> Iterator[Use]:
    """What a node says or sends: `{x|…}` in texts, `$x` in what it gives."""
    base: Path = ("nodes", name)
    for slot in slots(flow.name, name, node):
        for language in ("en", "zh"):
            for part in parts(getattr(slot.label, language)):
                if part.var:
                    yield (*base, *slot.part, language), part.var
    for field in ("account", "ticket", "number", "agent", "queue", "priority", "outage", "recording"):
        yield from _dollars((*base, field), getattr(node, field, None))
    for field in ("with_", "fields", "values"):
        yield from _dollars((*base, field.rstrip("_")), getattr(node, field, None))
    if isinstance(node, model.Menu):
        for key, choice in node.choices.items():
            yield from _dollars((*base, "choices", key, "set"), choice.set)
    if isinstance(node, model.Ticket) and node.subject is not None:
        for language in ("en", "zh"):
            for part in parts(getattr(node.subject, language)):
                if part.var:
                    yield (*base, "subject", language), part.var


def _dollars(path: Path, given: Any) -> Iterator[Use]:
    if isinstance(given, str) and given.startswith("$"):
        yield path, given[1:]
    elif isinstance(given, dict):
        for key, value in given.items():
            yield from _dollars((*path, key), value)


def _services(one: Loaded) -> Iterator[Problem]:
    for name, node in one.flow.nodes.items():
        if not isinstance(node, model.LookUp):
            continue
        path: Path = ("nodes", name)
        service = SERVICES.get(node.service)
        if node.service == "pin.check":
            fix = "use `do: pin`, which asks for the digits and checks them in one"
            yield one.source.problem((*path, "service"), "a PIN must not be in a variable", fix)
        elif service is None:
            fix = suggest(node.service, SERVICES)
            yield one.source.problem((*path, "service"), f"there is no service `{node.service}`", fix)
        else:
            takes = (*service.needs, *service.takes)
            for arg in node.with_:
                if arg not in takes:
                    message = f"`{node.service}` does not take `{arg}`"
                    yield one.source.problem((*path, "with", arg), message, suggest(arg, takes))
            for arg in service.needs:
                if arg not in node.with_:
                    message = f"`{node.service}` needs `{arg}`"
                    yield one.source.problem(path, message, f"add `{arg}:` under `with:`")


def _set_in_time(one: Loaded, flows: Flows, known: Collection[str]) -> Iterator[Problem]:
    """A variable that a caller may come by without: what is said would have a hole, what is asked no argument. One that
    nobody sets anywhere has been told of."""
    sure = surely_set(one.flow, flows)
    told: set[str] = set()
    for name, node in one.flow.nodes.items():
        for path, used in _wanted(one.flow, name, flows):
            root = used.partition(".")[0]
            if root not in known and not isinstance(node, model.Call):
                continue
            if _wanted_name(used) not in sure.get(name, _NONE) | _own(node) and f"{name} {root}" not in told:
                told.add(f"{name} {root}")
                message = f"`{root}` may have no value here: not every way to `{name}` sets it"
                if isinstance(node, model.Call):
                    message = f"`{node.flow}` needs `{root}`, and not every way to `{name}` sets it"
                fix = "set it on every way, or branch on `known` before"
                yield one.source.problem(path, message, fix)


_NONE: frozenset[str] = frozenset()


def _wanted(flow: Flow, name: str, flows: Flows) -> Iterator[Use]:
    node = flow.nodes[name]
    if isinstance(node, model.Call) and node.flow in flows:
        yield from ((("nodes", name, "flow"), need) for need in flows[node.flow].needs)
    yield from (use for use in _uses(flow, name, node) if not _optional(node, use))


def _wanted_name(used: str) -> str:
    """What has to be set for this to have a value: `x`, or `x.` for a part that only a real answer has."""
    root, _, part = used.partition(".")
    return f"{root}." if part and part not in NO else root


def _both(names_: Iterable[str]) -> frozenset[str]:
    """The variables as set, each with its parts."""
    return frozenset(n for name in names_ for n in (name, f"{name}."))


def _own(node: AnyNode) -> frozenset[str]:
    """What a node sets before it says its last words."""
    return _both(_sets(node)) if isinstance(node, model.Collect | model.Survey) else _NONE


def _optional(node: AnyNode, use: Use) -> bool:
    """Whether the node can do without: what a service may take, a target that has an `otherwise` of its own."""
    part = str(use[0][2]) if len(use[0]) > 2 else ""
    if isinstance(node, model.LookUp):
        service = SERVICES.get(node.service)
        return part == "with" and (service is None or str(use[0][3]) in service.takes)
    if isinstance(node, model.Ticket):
        return part in ("account", "recording", "outage", "fields")
    if isinstance(node, model.Callback):
        return part == "priority"
    return isinstance(node, model.Set | model.Menu | model.Transfer) and part in (
        "values",
        "choices",
        "agent",
        "number",
        "queue",
        "priority",
    )


def surely_set(flow: Flow, flows: Flows) -> dict[str, frozenset[str]]:
    """By node that a caller can reach, the variables that every way to it has set."""
    sure: dict[str, frozenset[str]] = {flow.start: _both((*ALWAYS, *flow.needs))}
    todo = [flow.start]
    while todo:
        at = todo.pop()
        out = edges(flow, at)
        if isinstance(flow.nodes[at], model.Call) and flow.fallback:
            out += (Edge(flow.fallback, Cause.NOTHING),)
        for edge in out:
            there = sure[at] | _sure_on(flow, at, edge, flows)
            there &= sure.get(edge.to, there)
            if edge.to and sure.get(edge.to) != there:
                sure[edge.to] = there
                todo.append(edge.to)
    return sure


def _sure_on(flow: Flow, name: str, edge: Edge, flows: Flows) -> frozenset[str]:
    """What taking this way out of a node sets for certain."""
    node = flow.nodes[name]
    if isinstance(node, model.Menu):
        return _both(node.choices[edge.key].set) if edge.cause is Cause.CALLER else _NONE
    if isinstance(node, model.Branch):
        return _both(_tested(node.cases[int(edge.path[1])].when)) if edge.cause is Cause.CASE else _NONE
    if edge.cause in (Cause.REFUSED, Cause.FAILED):
        return frozenset(_sets(node))  # a no has a reason, but none of the answer's parts
    if edge.path != ("next",):
        return _NONE
    if isinstance(node, model.Call) and node.flow in flows:
        return _at_return(flows[node.flow], flows)
    return _both(_sets(node))


def _at_return(flow: Flow, flows: Flows) -> frozenset[str]:
    sure = surely_set(flow, flows)
    ends = [sure[n] for n, node in flow.nodes.items() if isinstance(node, model.Return) and n in sure]
    return frozenset.intersection(*ends) if ends else _both(known_vars(flow, flows))


def _tested(test: Any) -> frozenset[str]:
    """Variables that have a value where this test holds."""
    if not isinstance(test, dict):
        return frozenset()
    found: set[str] = set()
    for name, given in test.items():
        if name == "all_of" and isinstance(given, list):
            found.update(*(_tested(one) for one in given))
        elif name in ("known", "at_least", "at_most"):
            found.update(str(one).partition(".")[0] for one in names({name: given}))
        elif name not in ("any_of", "not") and given not in (None, ""):
            found.add(str(name).partition(".")[0])
    return frozenset(found)
