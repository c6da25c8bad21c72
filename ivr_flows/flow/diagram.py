"""A flow's diagram, made from its nodes: as Mermaid text, or as a picture (`core.definition.picture`). Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from core.definition.label import Label
from core.definition.picture import Edge as Arrow
from core.definition.picture import Graph, draw
from ivr_flows.flow import model
from ivr_flows.flow.conditions import WORDS as TESTS
from ivr_flows.flow.edges import Cause, Edge, edges, target
from ivr_flows.flow.model import AnyNode, Flow, HangUp, Return, Transfer

KINDS: Mapping[str, Label] = {
    "say": Label(en="says", zh="播报"),
    "menu": Label(en="menu", zh="菜单"),
    "collect": Label(en="digits", zh="收号"),
    "pin": Label(en="PIN", zh="密码"),
    "look_up": Label(en="looks up", zh="查询"),
    "branch": Label(en="branches", zh="分支"),
    "set": Label(en="sets", zh="赋值"),
    "record": Label(en="records", zh="录音"),
    "ticket": Label(en="opens a ticket", zh="建单"),
    "event": Label(en="ticket event", zh="工单事件"),
    "callback": Label(en="call-back", zh="回呼"),
    "survey": Label(en="survey", zh="满意度"),
    "transfer": Label(en="transfers", zh="转接"),
    "hangup": Label(en="hangs up", zh="挂机"),
    "call": Label(en="flow", zh="子流程"),
    "return": Label(en="returns", zh="返回"),
}
FAILED = Label(en="failed", zh="失败")
LOCKED = Label(en="locked", zh="已锁定")
NOTHING = Label(en="no answer", zh="无应答")
OTHERWISE = Label(en="otherwise", zh="其他")
EVERYWHERE = Label(en="Everywhere", zh="任意节点")
DONE = Label(en="done", zh="完成")
"""At an arrow that is taken also where it goes otherwise than planned."""
NO_ANSWER = Label(en="No answer, or a service fails", zh="无应答或服务失败")
LONGEST = 40
"""Characters of a test in a diagram; the file has all of it."""


def graph(flow: Flow, language: str, badges: Mapping[str, str] | None = None) -> Graph:
    """The flow as boxes and arrows; what holds everywhere becomes notes instead of a dozen arrows.

    `badges` are marks on nodes, such as how many callers are there.
    """
    found: dict[tuple[str, str], list[str]] = {}
    side: dict[str, list[str]] = {}
    for name, node in flow.nodes.items():
        for edge in edges(flow, name):
            if edge.cause is Cause.EVERYWHERE or not edge.path or not edge.to:
                continue
            if edge.to == name:
                side.setdefault(name, []).append(_said(node, edge, language))
            else:
                found.setdefault((name, edge.to), []).append(_said(node, edge, language))
    return Graph(
        title=flow.label.text(language),
        start=flow.start,
        states={name: flow.shown(name, language) for name in flow.nodes},
        ends=frozenset(n for n, node in flow.nodes.items() if isinstance(node, Transfer | HangUp | Return)),
        edges=tuple(Arrow(source, to, _once(labels, language)) for (source, to), labels in found.items()),
        side={name: _once(labels, language) for name, labels in side.items()},
        notes=_notes(flow, language),
        lines={name: (_named(flow, name, language),) for name in flow.nodes},
        badges=dict(badges or {}),
    )


def _named(flow: Flow, name: str, language: str) -> str:
    """What it is; of a node with a label its name too, by which the file and programs know it."""
    said = _line(flow.nodes[name], language)
    return said if flow.nodes[name].label is None else f"{name} · {said}"


def _once(labels: list[str], language: str) -> tuple[str, ...]:
    """Each label once; one that says nothing has a word only beside others."""
    found = dict.fromkeys(label or DONE.text(language) for label in labels)
    return tuple(found) if any(labels) else ()


def _line(node: AnyNode, language: str) -> str:
    """What kind of node it is, and what it does."""
    kind = KINDS[kind_of(node)].text(language)
    match node:
        case model.LookUp():
            return f"{kind}: {node.service}"
        case model.Call():
            return f"{kind}: {node.flow}"
        case model.Transfer():
            return f"{kind}: {target(node)}"
        case model.Set():
            return f"{kind}: {', '.join(node.values)}"
        case model.Ticket():
            return f"{kind}: {node.workflow}"
        case model.Event():
            return f"{kind}: {node.event}"
        case model.Callback():
            return f"{kind}: {node.queue}"
    return kind


def kind_of(node: AnyNode) -> str:
    """The word that the file has under `do`."""
    return str(type(node).__struct_config__.tag)


def _said(node: AnyNode, edge: Edge, language: str) -> str:
    """What stands at an arrow."""
    if edge.label is not None:
        return f"{edge.key} {edge.label.text(language)}"
    match edge.cause:
        case Cause.CASE if isinstance(node, model.Branch):
            text = worded_test(node.cases[int(edge.path[1])].when)
            return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
        case Cause.REFUSED:
            return edge.key
        case Cause.FAILED:
            return FAILED.text(language)
        case Cause.NOTHING:
            return NOTHING.text(language)
        case Cause.NEXT if isinstance(node, model.Branch):
            return OTHERWISE.text(language)
    return LOCKED.text(language) if edge.path == ("locked",) else ""


def worded_test(test: Any) -> str:
    """A test as a short text: who.grade = A or B"""
    return ", ".join(_tests(test))


def _tests(test: Any) -> Iterator[str]:
    for name, given in test.items() if isinstance(test, dict) else ():
        if name == "any_of":
            yield " / ".join(worded_test(one) for one in given)
        elif name == "all_of":
            yield ", ".join(worded_test(one) for one in given)
        elif name == "not":
            empty = isinstance(given, dict) and given.keys() == {"known"} and isinstance(given["known"], str)
            yield f"{given['known']} = –" if empty else f"¬ ({worded_test(given)})"
        elif name == "known":
            yield f"{given if isinstance(given, str) else ', '.join(given)} ≠ –"
        elif name in TESTS:
            sign = "≥" if name == "at_least" else "≤"
            yield from (f"{var} {sign} {bound}" for var, bound in given.items())
        elif given is True:
            yield str(name)
        elif given is False:
            yield f"¬ {name}"
        else:
            yield f"{name} = {'/'.join(map(str, given)) if isinstance(given, list) else given}"


def _notes(flow: Flow, language: str) -> tuple[str, ...]:
    keys = flow.everywhere.items()
    found = [f"{key} {one.label.text(language)} → {flow.shown(one.next, language)}" for key, one in keys]
    notes = (EVERYWHERE.text(language), *found) if found else ()
    lost = f"{NO_ANSWER.text(language)} → {flow.shown(flow.fallback, language)}"
    return (*notes, lost) if flow.fallback else notes


def svg(flow: Flow, language: str = "en", badges: Mapping[str, str] | None = None) -> str:
    """The diagram as SVG; it takes the colour of the text around it, so that it suits light and dark pages."""
    return draw(graph(flow, language, badges))


def mermaid(flow: Flow, language: str = "en") -> str:
    """The diagram as Mermaid's `flowchart`."""
    drawn = graph(flow, language)
    lines = ["flowchart TD", f"    begin(( )) --> n_{drawn.start}"]
    for name in drawn.states:
        said = _written(f"{drawn.states[name]} · {drawn.lines[name][0]}")
        loops = "".join(f" ↻ {_written(label)}" for label in drawn.side.get(name, ()))
        lines.append(f'    n_{name}(["{said}"])' if name in drawn.ends else f'    n_{name}["{said}{loops}"]')
    for edge in drawn.edges:
        said = _written(" / ".join(edge.labels))
        lines.append(
            f'    n_{edge.source} -->|"{said}"| n_{edge.target}'
            if said
            else f"    n_{edge.source} --> n_{edge.target}"
        )
    lines += [f"    %% {_plain(note)}" for note in drawn.notes]
    return "\n".join(lines) + "\n"


def _plain(label: str) -> str:
    """A label without the signs that mean something to Mermaid."""
    return " ".join("".join(" " if c in '";{}<>|[]\n\r`' else c for c in label).split())


def _written(label: str) -> str:
    """The same inside of a box or at an arrow, where # begins the name of a sign; it is also a key of the telephone."""
    return _plain(label).replace("#", "#35;")
