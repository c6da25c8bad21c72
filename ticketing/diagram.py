"""A workflow's diagram, made from its table: as Mermaid text, or as a picture (`core.definition.picture`). Pure."""

from __future__ import annotations

import msgspec

from core.definition.picture import Edge, Graph, draw
from ticketing.workflow.model import ANY_OPEN, STAY, Row, Workflow

WORDS = {
    "any": ("From any open state", "任一未办结状态"),
    "stays": ("keeps the state", "状态不变"),
    "here": ("now", "当前"),
}


def graph(workflow: Workflow, language: str) -> Graph:
    """The definition as states and edges; rows for every open state become notes instead of a dozen arrows."""
    edges: dict[tuple[str, str], list[str]] = {}
    side: dict[str, list[str]] = {}
    for row in workflow.table:
        label = workflow.events[row.event].label.text(language)
        if row.from_ == ANY_OPEN:
            continue
        for source in workflow.sources(row):
            if row.to in (STAY, source):
                side.setdefault(source, []).append(label)
            else:
                edges.setdefault((source, row.to), []).append(label)
    return Graph(
        title=workflow.label.text(language),
        start=workflow.open.to,
        states={name: state.label.text(language) for name, state in workflow.states.items()},
        ends=frozenset(name for name, state in workflow.states.items() if state.end),
        edges=tuple(Edge(source, target, _once(labels)) for (source, target), labels in edges.items()),
        side={name: _once(labels) for name, labels in side.items()},
        notes=_notes(workflow, language),
    )


def _once(labels: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(labels))


def _notes(workflow: Workflow, language: str) -> tuple[str, ...]:
    zh = language.lower().startswith("zh")
    rows: list[Row] = [row for row in workflow.table if row.from_ == ANY_OPEN]
    stays = _once([workflow.events[row.event].label.text(language) for row in rows if row.to == STAY])
    found = [
        f"{workflow.events[row.event].label.text(language)} → {workflow.states[row.to].label.text(language)}"
        for row in rows
        if row.to != STAY
    ]
    if stays:
        mark = f"（{WORDS['stays'][1]}）" if zh else f" ({WORDS['stays'][0]})"
        found.append(("、" if zh else ", ").join(stays) + mark)
    return (WORDS["any"][zh], *dict.fromkeys(found)) if found else ()


def svg(workflow: Workflow, language: str = "en", here: str = "") -> str:
    """The diagram as SVG; it takes the colour of the text around it, so that it suits light and dark pages. The state
    `here` is marked as the one that a ticket is in."""
    drawn = graph(workflow, language)
    if here in drawn.states:
        said = WORDS["here"][language.lower().startswith("zh")]
        drawn = msgspec.structs.replace(drawn, here=here, badges={here: said})
    return draw(drawn)


def mermaid(workflow: Workflow, language: str = "en") -> str:
    """The diagram as Mermaid's `stateDiagram-v2`."""
    drawn = graph(workflow, language)
    lines = ["stateDiagram-v2", *(f"    {name} : {_plain(label)}" for name, label in drawn.states.items())]
    lines.append(f"    [*] --> {drawn.start}")
    for edge in drawn.edges:
        lines.append(f"    {edge.source} --> {edge.target} : {_plain(' / '.join(edge.labels))}")
    for name, labels in drawn.side.items():
        lines.append(f"    {name} --> {name} : {_plain(' / '.join(labels))}")
    lines += [f"    {name} --> [*]" for name in drawn.states if name in drawn.ends]
    if drawn.notes:
        lines += [
            f"    note right of {drawn.start}",
            *(f"        {_plain(n)}" for n in drawn.notes),
            "    end note",
        ]
    return "\n".join(lines) + "\n"


def _plain(label: str) -> str:
    """A label without the signs that mean something to Mermaid."""
    return " ".join("".join(" " if c in ':;{}<>#"\n\r' else c for c in label).split())
