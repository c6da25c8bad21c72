"""The figures of phone menus, by hand."""

from __future__ import annotations

from ivr_flows.figures import Tally
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
