"""What a caller told the phone menu, as pops and pages show it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ivr_flows.flow.model import Flows, Pin
from ivr_flows.flow.told import Told, told, way
from ivr_flows.messages import Visit
from screenpop.pops import PopIvr


def pop_ivr(visits: Sequence[Visit], offered_at: float) -> PopIvr | None:
    """The part of a pop that tells of the last visit before an offer; the survey comes after the agent's part."""
    before = [visit for visit in visits if visit.started_at <= offered_at]
    if not before:
        return None
    visit = before[-1]
    return PopIvr(visit.flow, visit.path, dict(visit.answers), visit.auth, visit.account, visit.recordings)


class IvrWords:
    """The words of the flows in force, in the language of who reads them."""

    def __init__(self, flows: Callable[[], Flows]) -> None:
        self._flows = flows

    def way(self, ivr: PopIvr, language: str) -> list[str]:
        """The flows that the caller came through."""
        return way(self._flows(), ivr.path, language)

    def told(self, ivr: PopIvr, language: str) -> list[Told]:
        """What the caller chose and said."""
        return told(self._flows(), ivr.path, ivr.answers, language)

    def pin_lengths(self) -> Sequence[int]:
        """How many digits the flows ask a PIN for: another one of more or fewer could not be entered."""
        nodes = (node for flow in self._flows().by_name.values() for node in flow.nodes.values())
        return sorted({node.digits for node in nodes if isinstance(node, Pin)})

    def names(self, flows: str, language: str) -> str:
        """The names of flows, with spaces between them, as people read them."""
        return " › ".join(way(self._flows(), flows.split(), language))
