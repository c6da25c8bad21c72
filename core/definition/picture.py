"""A small layered layout, drawn as SVG. Pure.

Open states stand in one column in the order of the file; ends in a second one at its right. A step to the next state
is a straight arrow; longer ones leave at a port of their own and run in lanes: forward on the right, back on the
left, one lane per target. Each label lies over its own port, so that labels cannot overlap. What leaves an end
(reopen, archive) is written into its box.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from html import escape

import msgspec

PORT, GAP, LANE, PAD = 20, 44, 12, 12
SMALL, LARGE = 11, 13
"""Sizes of labels and of states' names, in pixels, as all measures here."""
BOLD = 1.12
"""How much wider a bold text is."""


class Edge(msgspec.Struct, frozen=True):
    """All that leads from one state to another, by its labels."""

    source: str
    target: str
    labels: tuple[str, ...]


class Graph(msgspec.Struct, frozen=True):
    """What there is to draw, in one language. `side` is what keeps a state, per state; `lines` are further words in
    its box, `badges` stand at its corner."""

    title: str
    start: str
    states: dict[str, str]
    ends: frozenset[str]
    edges: tuple[Edge, ...]
    side: dict[str, tuple[str, ...]]
    notes: tuple[str, ...]
    lines: dict[str, tuple[str, ...]] = {}
    badges: dict[str, str] = {}
    here: str = ""
    """The state that is marked, as the one that something is in."""


def width(text: str, size: int) -> float:
    """About how wide the text is: Chinese signs are square, Latin letters a little over half of that."""
    return sum(size if unicodedata.east_asian_width(c) in "WF" else size * 0.58 for c in text)


@dataclass
class Box:
    """A state, with the ports where arrows leave and arrive."""

    name: str
    title: str
    lines: tuple[str, ...] = ()
    x: float = 0
    y: float = 0
    w: float = 0
    h: float = 0
    left: list[Edge] = field(default_factory=list)
    right: list[Edge] = field(default_factory=list)
    arrive_left: bool = False
    arrive_right: bool = False

    def size(self) -> None:
        self.w = (
            max([width(self.title, LARGE) * BOLD, *(width(line, SMALL) for line in self.lines)]) + 2 * PAD
        )
        ports = max(len(self.left) + self.arrive_left, len(self.right) + self.arrive_right)
        self.h = max(34 + 15 * len(self.lines), ports * PORT + 14)

    def port(self, edges: list[Edge], at: int) -> float:
        """The height of a port: arrivals take the one after all that leave."""
        return self.y + 18 + at * PORT if edges or at else self.y + self.h / 2


class Picture:
    """One drawing in the making."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.spine = [_box(graph, name) for name in graph.states if name not in graph.ends]
        self.ends = [_box(graph, name) for name in graph.states if name in graph.ends]
        self.order = {box.name: at for at, box in enumerate(self.spine)}
        self.down: dict[str, Edge] = {}
        self.parts: list[str] = []
        self._sort_edges()
        self._place()

    def _sort_edges(self) -> None:
        by_name = {box.name: box for box in self.spine}
        for edge in self.graph.edges:
            if edge.source not in self.order:
                continue
            source, target = by_name[edge.source], by_name.get(edge.target)
            if target is None:
                source.right.append(edge)
            elif self.order[edge.target] == self.order[edge.source] + 1:
                self.down[edge.source] = edge
            elif self.order[edge.target] > self.order[edge.source]:
                source.right.append(edge)
                target.arrive_right = True
            else:
                source.left.append(edge)
                target.arrive_left = True

    def _place(self) -> None:
        for box in (*self.spine, *self.ends):
            box.size()
        self.left_lanes = _lanes(edge for box in self.spine for edge in box.left)
        self.right_lanes = _lanes(edge for box in self.spine for edge in box.right)
        wide = max(box.w for box in self.spine)
        self.x = (
            PAD + LANE * (len(self.left_lanes) + 1) + _widest(e for b in self.spine for e in b.left) + PAD
        )
        self.lanes_x = self.x + wide + 2 * PAD + _widest(e for b in self.spine for e in b.right)
        below = self.x + wide / 2 + 8 + _widest(self.down.values()) + PAD
        self.lanes_x = max(self.lanes_x, below)
        self.ends_x = self.lanes_x + LANE * (len(self.right_lanes) + 2)
        y = 64.0
        for box in self.spine:
            box.x, box.y, box.w = self.x, y, wide
            y += box.h + GAP
        self.bottom = max(y - GAP, self._place_ends())
        self.wide = self.ends_x + max((box.w for box in self.ends), default=0) + PAD

    def _place_ends(self) -> float:
        """Ends stand at the height of the first step that leads there, pushed down where two would overlap."""
        heights: dict[str, float] = {}
        for box in self.spine:
            for at, edge in enumerate(box.right):
                heights.setdefault(edge.target, box.port(box.right, at))
        last = max((box.y for box in self.spine), default=0)
        y = 64.0
        wide = max((box.w for box in self.ends), default=0)
        for box in sorted(self.ends, key=lambda b: heights.get(b.name, last + 1)):
            box.x, box.w = self.ends_x, wide
            box.y = max(y, heights.get(box.name, y + box.h / 2) - box.h / 2)
            y = box.y + box.h + 14
        return y

    def draw(self) -> str:
        boxes = {box.name: box for box in (*self.spine, *self.ends)}
        self.text(PAD, 24, self.graph.title, 16, weight=600)
        start = boxes[self.graph.start]
        middle = start.x + start.w / 2
        self.parts.append(f'<circle cx="{middle:g}" cy="{start.y - 24:g}" r="6" fill="currentColor"/>')
        self.path([(middle, start.y - 18), (middle, start.y)])
        for box in self.spine:
            self._draw_edges(box, boxes)
        for box in boxes.values():
            self._draw_box(box)
        height = self._draw_notes()
        body = "\n".join(self.parts)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.wide:.0f} {height:.0f}" '
            f'width="{self.wide:.0f}" height="{height:.0f}" role="img" aria-label="{escape(self.graph.title)}" '
            "font-family=\"system-ui, 'Noto Sans', 'Noto Sans CJK SC', 'PingFang SC', sans-serif\">\n"
            '<defs><marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" '
            'orient="auto"><path d="M0 0L8 4L0 8z" fill="currentColor"/></marker></defs>\n'
            f"{body}\n</svg>\n"
        )

    def _draw_edges(self, box: Box, boxes: dict[str, Box]) -> None:
        if edge := self.down.get(box.name):
            middle, top = box.x + box.w / 2, box.y + box.h
            self.path([(middle, top), (middle, boxes[edge.target].y)])
            self.text(middle + 8, top + GAP / 2 + 4, _said(edge), SMALL)
        for at, edge in enumerate(box.right):
            y, lane = box.port(box.right, at), self.lanes_x + LANE * self.right_lanes[edge.target]
            target = boxes[edge.target]
            at_end = edge.target in self.graph.ends
            there = target.y + target.h / 2 if at_end else target.port(target.right, len(target.right))
            self.path(
                [
                    (box.x + box.w, y),
                    (lane, y),
                    (lane, there),
                    (target.x + (0 if at_end else target.w), there),
                ]
            )
            self.text(box.x + box.w + 6, y - 4, _said(edge), SMALL)
        for at, edge in enumerate(box.left):
            y, lane = box.port(box.left, at), PAD + LANE * self.left_lanes[edge.target]
            target = boxes[edge.target]
            there = target.port(target.left, len(target.left))
            self.path([(box.x, y), (lane, y), (lane, there), (target.x, there)])
            self.text(box.x - 6, y - 4, _said(edge), SMALL, anchor="end")

    def _draw_box(self, box: Box) -> None:
        end = box.name in self.graph.ends
        mark = ' class="here"' if box.name == self.graph.here else ""
        self.parts.append(
            f'<rect{mark} x="{box.x:g}" y="{box.y:g}" width="{box.w:g}" height="{box.h:g}" rx="{16 if end else 6}" '
            f'fill="currentColor" fill-opacity="{0.03 if end else 0.08}" stroke="currentColor" '
            f'stroke-width="{3 if mark else 1 if end else 1.5}"/>'
        )
        first = box.y + box.h / 2 + 5 - 7.5 * len(box.lines)
        self.text(box.x + box.w / 2, first, box.title, LARGE, anchor="middle", weight=600)
        for at, line in enumerate(box.lines, start=1):
            self.text(box.x + box.w / 2, first + 15 * at, line, SMALL, anchor="middle")
        if badge := self.graph.badges.get(box.name):
            self._draw_badge(box, badge)

    def _draw_badge(self, box: Box, said: str) -> None:
        """A mark over the upper right corner, which stays readable over the box's edge in every theme."""
        wide = width(said, SMALL) + 14
        x = box.x + box.w - wide + 8
        self.parts.append(
            f'<g class="badge"><rect x="{x:g}" y="{box.y - 9:g}" width="{wide:g}" height="18" rx="9" '
            f'fill="currentColor"/><text x="{x + wide / 2:g}" y="{box.y + 4:g}" font-size="{SMALL}" '
            f'font-weight="600" text-anchor="middle">{escape(said)}</text></g>'
        )

    def _draw_notes(self) -> float:
        """Write the notes below; returns the height of the whole."""
        y = self.bottom + 32
        for at, note in enumerate(self.graph.notes):
            self.text(PAD, y, note, SMALL + (at == 0), weight=600 if at == 0 else 400)
            self.wide = max(self.wide, 2 * PAD + width(note, SMALL))
            y += 18
        return y

    def path(self, points: list[tuple[float, float]]) -> None:
        steps = " ".join(f"{x:g},{y:g}" for x, y in points)
        self.parts.append(
            f'<polyline points="{steps}" fill="none" stroke="currentColor" '
            'stroke-linejoin="round" marker-end="url(#arrow)"/>'
        )

    def text(  # noqa: PLR0913  # a text has a place and a look
        self, x: float, y: float, said: str, size: int, *, anchor: str = "start", weight: int = 400
    ) -> None:
        self.parts.append(
            f'<text x="{x:g}" y="{y:g}" font-size="{size}" font-weight="{weight}" text-anchor="{anchor}" '
            f'fill="currentColor">{escape(said)}</text>'
        )


def draw(graph: Graph) -> str:
    """The graph as an SVG document."""
    return Picture(graph).draw()


def _box(graph: Graph, name: str) -> Box:
    lines = [*graph.lines.get(name, ()), *(f"↻ {label}" for label in graph.side.get(name, ()))]
    if name in graph.ends:
        lines += [f"{_said(e)} → {graph.states[e.target]}" for e in graph.edges if e.source == name]
    return Box(name, graph.states[name], tuple(lines))


def _said(edge: Edge) -> str:
    return " / ".join(edge.labels)


def _widest(edges: Iterable[Edge]) -> float:
    return max((width(_said(edge), SMALL) for edge in edges), default=0)


def _lanes(edges: Iterable[Edge]) -> dict[str, int]:
    """A lane for each target, in the order in which they are first needed."""
    return {name: at for at, name in enumerate(dict.fromkeys(edge.target for edge in edges))}
