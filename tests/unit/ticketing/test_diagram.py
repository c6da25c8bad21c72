"""Diagrams: all of the table is in them, and no two texts lie over each other."""

import re
from itertools import combinations
from xml.etree import ElementTree

import pytest

from core.definition.picture import width
from tests.unit.ticketing.shipped import SHIPPED
from tests.unit.ticketing.test_definitions import GOOD
from ticketing.diagram import mermaid, svg
from ticketing.workflow.load import load
from ticketing.workflow.model import Workflow

SVG = "{http://www.w3.org/2000/svg}"
Rect = tuple[float, float, float, float]


def texts(picture: str) -> list[tuple[str, Rect]]:
    found = []
    for one in ElementTree.fromstring(picture).iter(f"{SVG}text"):
        size, said = float(one.get("font-size", 0)), one.text or ""
        wide = width(said, int(size))
        shift = {"start": 0.0, "middle": wide / 2, "end": wide}[one.get("text-anchor", "start")]
        x, y = float(one.get("x", 0)) - shift, float(one.get("y", 0))
        found.append((said, (x, y - size * 0.8, x + wide, y + size * 0.2)))
    return found


def boxes(picture: str) -> list[Rect]:
    rects = [
        [float(r.get(k, 0)) for k in ("x", "y", "width", "height")] for r in _root(picture).iter(f"{SVG}rect")
    ]
    return [(x, y, x + w, y + h) for x, y, w, h in rects]


def _root(picture: str) -> ElementTree.Element:
    return ElementTree.fromstring(picture)


def overlap(a: Rect, b: Rect) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


@pytest.mark.parametrize("language", ["en", "zh_CN"])
@pytest.mark.parametrize("workflow", SHIPPED.values(), ids=SHIPPED)
def test_nothing_lies_over_anything_else(workflow: Workflow, language: str) -> None:
    picture = svg(workflow, language)
    found = texts(picture)
    assert [(a, b) for (a, ra), (b, rb) in combinations(found, 2) if overlap(ra, rb)] == []
    assert not any(overlap(a, b) for a, b in combinations(boxes(picture), 2))
    root = _root(picture)
    wide, high = float(root.get("width", 0)), float(root.get("height", 0))
    assert all(r[0] >= 0 and r[1] >= 0 and r[2] <= wide and r[3] <= high for _, r in found)


@pytest.mark.parametrize("language", ["en", "zh_CN"])
@pytest.mark.parametrize("workflow", SHIPPED.values(), ids=SHIPPED)
def test_where_a_ticket_stands_is_marked_in_every_state(workflow: Workflow, language: str) -> None:
    """The mark lies over its own box's corner, and over no words."""
    for state in workflow.states:
        picture = svg(workflow, language, state)
        assert picture.count('class="here"') == 1
        found = texts(picture)
        assert [(a, b) for (a, ra), (b, rb) in combinations(found, 2) if overlap(ra, rb)] == [], state
    assert 'class="here"' not in svg(workflow, language, "nowhere")


@pytest.mark.parametrize("language", ["en", "zh_CN"])
@pytest.mark.parametrize("workflow", SHIPPED.values(), ids=SHIPPED)
def test_every_state_and_event_is_in_it(workflow: Workflow, language: str) -> None:
    drawn, text = " ".join(said for said, _ in texts(svg(workflow, language))), mermaid(workflow, language)
    for label in (s.label for s in workflow.states.values()):
        assert label.text(language) in drawn
        assert label.text(language) in text
    for event in {row.event for row in workflow.table}:
        assert workflow.events[event].label.text(language) in drawn
    assert len(boxes(svg(workflow, language))) == len(workflow.states)


def test_it_takes_the_colour_of_the_page_and_carries_no_style_or_script() -> None:
    picture = svg(SHIPPED["complaint"])
    assert set(re.findall(r'(?:fill|stroke)="([^"]+)"', picture)) == {"currentColor", "none"}
    assert "<style" not in picture
    assert "style=" not in picture


def test_labels_cannot_break_out() -> None:
    hostile = GOOD.replace("en: Thank,", "en: '</text><script>alert(1)</script>: \"x\" --> [*]',")
    workflow = load(hostile, "praise.yaml")
    assert not list(_root(svg(workflow)).iter(f"{SVG}script"))
    assert (
        mermaid(workflow).splitlines()[4]
        == "    received --> thanked : /text script alert(1) /script x -- [*]"
    )
