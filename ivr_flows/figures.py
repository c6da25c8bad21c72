"""The figures of phone menus. Pure; each says its formula.

They count ended visits by when they began. A caller who goes from the flow to a queue and gives up there counts as
transferred here, and as abandoned in the figures of the queue. `counted` tells which visits a figure counts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

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


class Which(msgspec.Struct, frozen=True):
    """Which ended visits: those that one of the figures counts. Empty fields ask for nothing in particular.

    `flow`: that began in this flow. `ended`: that ended so. `node`, as `flow/node`: that came to it at least once.
    `dropped`: that the caller ended by hanging up, in `node` where it is named.
    """

    flow: str = ""
    ended: Ended | None = None
    node: str = ""
    dropped: bool = False


def counted(visit: Visit, which: Which) -> bool:
    """Whether the figure counts this visit."""
    if visit.ended is None or which.flow not in ("", visit.flow):
        return False
    if which.ended not in (None, visit.ended) or (which.node and which.node not in visit.path):
        return False
    return not which.dropped or (dropped_in(visit) == which.node if which.node else _hung_up(visit))


def dropped_in(visit: Visit) -> str:
    """The node in which the caller hung up; empty where nobody did, or before any node."""
    return visit.path[-1] if _hung_up(visit) and visit.path else ""


def _hung_up(visit: Visit) -> bool:
    return visit.ended is Ended.HUNG_UP


def length(visit: Visit) -> float:
    """Seconds from the beginning to the end of a visit."""
    return max(0.0, (visit.ended_at or visit.started_at) - visit.started_at)


def stays(visit: Visit) -> Iterator[tuple[str, float]]:
    """Each node that was come to, in order, with the seconds until the next one or the end."""
    leaves = (*visit.entered[1:], length(visit))
    for name, came, left in zip(visit.path, visit.entered, leaves, strict=False):
        yield name, max(0.0, left - came)


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
        self.nodes: defaultdict[str, _Node] = defaultdict(_Node)

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
        self._flows: defaultdict[str, _Flow] = defaultdict(_Flow)

    def add(self, visits: Iterable[Visit]) -> None:
        """Count these; what has not ended yet is passed over."""
        for visit in visits:
            if visit.ended is not None:
                self._add(visit, visit.ended)

    def _add(self, visit: Visit, ended: Ended) -> None:
        flow = self._flows[visit.flow]
        flow.ended[ended] += 1
        flow.seconds += length(visit)
        for name, seconds in stays(visit):
            node = flow.nodes[name]
            node.entered += 1
            node.seconds += seconds
        for name in set(visit.path):
            flow.nodes[name].visits += 1
        if name := dropped_in(visit):
            flow.nodes[name].dropped += 1

    def figures(self) -> tuple[FlowFigures, ...]:
        """What has been counted, by flow."""
        return tuple(flow.figures(name) for name, flow in sorted(self._flows.items()))


def added(one: NodeFigures, other: NodeFigures) -> NodeFigures:
    """The figures of a node for the callers of both, of which nobody is in both."""
    visits, entered = one.visits + other.visits, one.entered + other.entered
    dropped, seconds = one.dropped + other.dropped, one.seconds + other.seconds
    shares = _share(dropped, visits), seconds, _share(seconds, entered)
    return NodeFigures(one.node, visits, entered, dropped, *shares)


def _share(part: float, whole: float) -> float:
    return round(part / whole, 4) if whole else 0.0
