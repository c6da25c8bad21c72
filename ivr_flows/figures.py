"""The figures of phone menus. Pure; each says its formula.

They count ended visits by when they began. A caller who goes from the flow to a queue and gives up there counts as
transferred here, and as abandoned in the figures of the queue.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from ivr_flows.messages import Ended, Visit


class NodeFigures(msgspec.Struct, frozen=True):
    """One node, `flow/node`.

    visits: visits that came to it at least once. entered: how often it was come to (a repeated question counts once).
    dropped: visits that the caller ended by hanging up in it. drop_off = dropped / visits.
    seconds: time in it altogether, from coming to it until the next node or the end. mean_seconds = seconds / entered.
    """

    node: str
    visits: int
    entered: int
    dropped: int
    drop_off: float
    seconds: float
    mean_seconds: float


class FlowFigures(msgspec.Struct, frozen=True):
    """One flow, with the nodes of all flows that callers came through from it.

    visits = served + transferred + hung_up + failed. containment = served / visits: callers who needed nobody.
    mean_seconds: from the beginning to the end of a visit, over all visits.
    """

    flow: str
    visits: int
    served: int
    transferred: int
    hung_up: int
    failed: int
    containment: float
    mean_seconds: float
    nodes: tuple[NodeFigures, ...]


class _Node:
    def __init__(self) -> None:
        self.visits = self.entered = self.dropped = 0
        self.seconds = 0.0

    def figures(self, node: str) -> NodeFigures:
        drop_off = _share(self.dropped, self.visits)
        mean = _share(self.seconds, self.entered)
        return NodeFigures(
            node, self.visits, self.entered, self.dropped, drop_off, round(self.seconds, 3), mean
        )


class _Flow:
    def __init__(self) -> None:
        self.ended = dict.fromkeys(Ended, 0)
        self.seconds = 0.0
        self.nodes: dict[str, _Node] = {}

    def figures(self, flow: str) -> FlowFigures:
        visits = sum(self.ended.values())
        return FlowFigures(
            flow,
            visits,
            served=self.ended[Ended.SERVED],
            transferred=self.ended[Ended.TRANSFERRED],
            hung_up=self.ended[Ended.HUNG_UP],
            failed=self.ended[Ended.FAILED],
            containment=_share(self.ended[Ended.SERVED], visits),
            mean_seconds=_share(self.seconds, visits),
            nodes=tuple(
                node.figures(name)
                for name, node in sorted(self.nodes.items(), key=lambda item: (-item[1].visits, item[0]))
            ),
        )


class Tally:
    """Adds visits up, some at a time."""

    def __init__(self) -> None:
        self._flows: dict[str, _Flow] = {}

    def add(self, visits: Iterable[Visit]) -> None:
        """Count these; what has not ended yet is passed over."""
        for visit in visits:
            if visit.ended is not None:
                self._add(visit, visit.ended)

    def _add(self, visit: Visit, ended: Ended) -> None:
        flow = self._flows.setdefault(visit.flow, _Flow())
        flow.ended[ended] += 1
        whole = max(0.0, (visit.ended_at or visit.started_at) - visit.started_at)
        flow.seconds += whole
        leaves = (*visit.entered[1:], whole)
        for name, came, left in zip(visit.path, visit.entered, leaves, strict=False):
            node = flow.nodes.setdefault(name, _Node())
            node.entered += 1
            node.seconds += max(0.0, left - came)
        for name in set(visit.path):
            flow.nodes.setdefault(name, _Node()).visits += 1
        if ended is Ended.HUNG_UP and visit.path:
            flow.nodes[visit.path[-1]].dropped += 1

    def figures(self) -> tuple[FlowFigures, ...]:
        """What has been counted, by flow."""
        return tuple(flow.figures(name) for name, flow in sorted(self._flows.items()))


def _share(part: float, whole: float) -> float:
    return round(part / whole, 4) if whole else 0.0
