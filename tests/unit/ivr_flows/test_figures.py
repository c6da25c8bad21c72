"""The figures of phone menus, by hand."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from ivr_flows.figures import Tally, Which, counted, length, stays
from ivr_flows.messages import Ended, Language, Visit


def visit(*steps: tuple[str, float], ended: Ended | None, seconds: float = 0.0, flow: str = "main") -> Visit:
    path, entered = tuple(node for node, _ in steps), tuple(at for _, at in steps)
    end = None if ended is None else 1000.0 + seconds
    return Visit(
        "v", "c", "main", flow, Language.EN, "", 1000.0, path=path, entered=entered, ended=ended, ended_at=end
    )


def test_each_figure_has_its_formula() -> None:
    tally = Tally()
    tally.add(
        [
            visit(("main/hello", 0), ("main/bill", 4), ended=Ended.SERVED, seconds=10),
            visit(("main/hello", 0), ("main/bill", 2), ("main/hello", 8), ended=Ended.HUNG_UP, seconds=9),
            visit(("main/hello", 0), ended=Ended.HUNG_UP, seconds=1),
            visit(("main/hello", 0), ended=Ended.TRANSFERRED, seconds=4),
        ]
    )
    tally.add([visit(ended=Ended.FAILED), visit(("main/hello", 0), ended=None)])
    (found,) = tally.figures()
    assert (found.flow, found.visits, found.served, found.transferred, found.hung_up, found.failed) == (
        *("main", 5, 1, 1, 2, 1),
    )
    assert found.containment == 0.2
    assert found.mean_seconds == round(24 / 5, 4)
    hello, bill = found.nodes
    assert (hello.node, hello.visits, hello.entered, hello.dropped, hello.drop_off) == (
        "main/hello",
        4,
        5,
        2,
        0.5,
    )
    assert (hello.seconds, hello.mean_seconds) == (4 + 2 + 1 + 1 + 4, 2.4)
    assert (bill.visits, bill.dropped, bill.seconds) == (2, 0, 6 + 6)


def test_nothing_gives_nothing_and_each_flow_its_own() -> None:
    assert Tally().figures() == ()
    tally = Tally()
    tally.add([visit(ended=Ended.SERVED, flow="b"), visit(ended=Ended.SERVED, flow="a")])
    assert [one.flow for one in tally.figures()] == ["a", "b"]
    assert [one.containment for one in tally.figures()] == [1.0, 1.0]


NODES = st.sampled_from(["main/hello", "main/bill", "bill/pin", "bill/told"])


@st.composite
def any_visit(draw: st.DrawFn, number: int = 0) -> Visit:
    """Any visit that a driver may leave: nodes with the times at which they were come to, and an end after them."""
    waits = draw(st.lists(st.floats(0, 900).map(lambda wait: round(wait, 3)), max_size=6))
    path = tuple(draw(NODES) for _ in waits)
    # The first node is come to when the visit begins.
    entered = tuple(round(sum(waits[1 : at + 1]), 3) for at in range(len(waits)))
    last = entered[-1] if entered else 0.0
    ended = draw(st.none() | st.sampled_from(Ended))
    at = draw(st.floats(0, 3600).map(lambda wait: round(wait, 3)))
    end = None if ended is None else 1000.0 + last + at
    flow = draw(st.sampled_from(["main", "bill"]))
    visit = Visit(f"v{number}", "c", "main", flow, Language.EN, "", 1000.0, path=path, entered=entered)
    return replace(visit, ended=ended, ended_at=end)


@settings(deadline=None)
@given(st.lists(any_visit(), max_size=25), st.integers(1, 25))
def test_every_figure_is_the_visits_that_it_opens_to_and_the_sums_agree(
    visits: list[Visit], size: int
) -> None:
    tally = Tally()
    for at in range(0, len(visits), size):
        tally.add(visits[at : at + size])
    found = tally.figures()

    def of(**asked: object) -> list[Visit]:
        return [visit for visit in visits if counted(visit, Which(**asked))]  # type: ignore[arg-type]

    assert sum(flow.visits for flow in found) == len(of())
    for flow in found:
        opened = {ended: of(flow=flow.flow, ended=ended) for ended in Ended}
        by_end = [len(opened[e]) for e in (Ended.SERVED, Ended.TRANSFERRED, Ended.HUNG_UP, Ended.FAILED)]
        assert [flow.served, flow.transferred, flow.hung_up, flow.failed] == by_end
        assert flow.visits == len(of(flow=flow.flow)) == sum(by_end)
        assert flow.containment == pytest.approx(flow.served / flow.visits, abs=1e-4)
        whole = sum(length(visit) for visit in of(flow=flow.flow))
        assert flow.mean_seconds == pytest.approx(whole / flow.visits, abs=1e-3)
        # Whoever hung up did so in one node, or before the first.
        nowhere = sum(not visit.path for visit in opened[Ended.HUNG_UP])
        assert sum(node.dropped for node in flow.nodes) == flow.hung_up - nowhere
        in_nodes = sum(length(visit) for visit in of(flow=flow.flow) if visit.path)
        assert sum(node.seconds for node in flow.nodes) == pytest.approx(in_nodes, abs=1e-2)
        for node in flow.nodes:
            inside = of(flow=flow.flow, node=node.node)
            assert node.visits == len(inside)
            assert node.dropped == len(of(flow=flow.flow, node=node.node, dropped=True))
            stayed = [seconds for visit in inside for name, seconds in stays(visit) if name == node.node]
            assert node.entered == len(stayed) >= node.visits >= node.dropped
            assert node.seconds == pytest.approx(sum(stayed), abs=1e-2)
            assert node.mean_seconds == pytest.approx(node.seconds / node.entered, abs=1e-3)
            assert node.drop_off == pytest.approx(node.dropped / node.visits, abs=1e-4)
