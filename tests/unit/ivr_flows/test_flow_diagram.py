"""A flow's diagram: every node and every way is in it, in both languages, and no two texts lie over each other."""

from itertools import combinations
from xml.etree import ElementTree

import pytest

from ivr_flows.flow.diagram import graph, mermaid, svg, worded_test
from ivr_flows.flow.edges import Cause, edges
from ivr_flows.flow.model import Flow
from tests.unit.ivr_flows.shipped_flows import FLOWS, tiny
from tests.unit.ticketing.test_diagram import overlap, texts

ALL = pytest.mark.parametrize("flow", FLOWS.by_name.values(), ids=lambda flow: flow.name)


@ALL
@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_no_two_texts_lie_over_each_other(flow: Flow, language: str) -> None:
    found = texts(svg(flow, language))
    for (one, at), (other, there) in combinations(found, 2):
        assert not overlap(at, there), f"{one!r} over {other!r}"


@ALL
def test_every_node_and_every_way_is_drawn(flow: Flow) -> None:
    drawn = graph(flow, "en")
    arrows = {(edge.source, edge.target) for edge in drawn.edges}
    assert set(drawn.states) == set(flow.nodes)
    for name in flow.nodes:
        for edge in edges(flow, name):
            if edge.path and edge.to not in ("", name):
                assert (name, edge.to) in arrows
            if edge.cause is Cause.EVERYWHERE:
                assert any(
                    note.startswith(edge.key) and note.endswith(flow.shown(edge.to, "en"))
                    for note in drawn.notes
                )


def test_keys_and_tests_are_said_in_the_language() -> None:
    hotline = FLOWS.by_name["hotline"]
    assert '-->|"1 Danger"| n_danger' in mermaid(hotline, "en")
    assert '-->|"1 险情"| n_danger' in mermaid(hotline, "zh_CN")
    assert "menu" in mermaid(hotline, "en")
    assert "%% No answer or a service fails → A person" in mermaid(hotline, "en").replace(",", "")


def test_an_arrow_that_is_taken_by_a_yes_and_a_no_says_both() -> None:
    flow = tiny("into: found, next: which", "into: found, next: which, failed: which").by_name["tiny"]
    assert 'n_find -->|"done / failed"| n_which' in mermaid(flow, "en")
    assert 'n_find -->|"完成 / 失败"| n_which' in mermaid(flow, "zh_CN")
    assert "n_find --> n_which" in mermaid(tiny().by_name["tiny"], "en")


def test_marks_stand_on_their_nodes() -> None:
    picture = svg(tiny().by_name["tiny"], "en", {"menu": "3"})
    badge = [g for g in ElementTree.fromstring(picture).iter() if g.get("class") == "badge"]
    assert len(badge) == 1
    assert "".join(badge[0].itertext()) == "3"


@pytest.mark.parametrize(
    ("test", "said"),
    [
        ({"who.vip": True, "a.b": False}, "who.vip, ¬ a.b"),
        (
            {"any_of": [{"who.grade": ["A", "B"]}, {"at_least": {"queue.waiting": 3}}]},
            "who.grade = A/B / queue.waiting ≥ 3",
        ),
        ({"not": {"known": "x"}}, "x = –"),
        ({"not": {"known": ["x", "y"]}}, "¬ (x, y ≠ –)"),
        ({"not": {"x": 1, "y": 2}}, "¬ (x = 1, y = 2)"),
        ({"at_most": {"x": 2}, "known": ["a", "b"]}, "x ≤ 2, a, b ≠ –"),
    ],
)
def test_a_test_is_a_short_text(test: object, said: str) -> None:
    assert worded_test(test) == said


def test_a_hash_is_a_key_in_mermaid_too() -> None:
    """There # begins the name of a sign: `#35;` is it (as Mermaid 11 draws it)."""
    drawn = mermaid(tiny('"1": {label: {en: One', '"#": {label: {en: One').by_name["tiny"])
    assert '-->|"#35; One"| n_account' in drawn
