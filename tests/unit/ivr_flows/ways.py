"""Ways to the nodes of the shipped flows: for each a scenario's file that comes to it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from config.files import shipped_flows
from ivr_flows.flow import model as m
from ivr_flows.messages import Ended
from ivr_flows.scenario import replay
from tests.unit.ivr_flows.shipped_flows import FLOWS

DONE = {
    *("hotline/more", "hotline/goodbye", "bill/bill", "fault/opened"),
    *("person/called_back", "person/closed_goodbye", "person/closed_no_callback"),
    *("ticket_status/hurry", "ticket_status/urged", "ticket_status/denied", "ticket_status/thanks"),
    *("survey/thanks", "survey/goodbye"),
    *("ticket_survey/thanks", "ticket_survey/goodbye", "ticket_survey/not_yet"),
}
"""Where whoever hangs up has got what it called for."""
SCENARIOS = sorted((shipped_flows() / "scenarios").glob("*/*.yaml"))
ASKS = (m.LookUp, m.Ticket, m.Event, m.Callback)


def node_of(name: str) -> m.Node:
    flow, _, node = name.partition("/")
    if flow == "via":
        return m.Return()
    return FLOWS.by_name[flow].nodes[node]


def heard_at(name: str) -> bool:
    """Whether the caller hears something there and could hang up meanwhile."""
    node = node_of(name)
    return not isinstance(node, (*m.SILENT, *ASKS)) and (
        getattr(node, "text", None) is not None or isinstance(node, m.Menu)
    )


def left_at(name: str) -> Ended:
    """How a visit ends whose caller hangs up there."""
    return Ended.SERVED if name in DONE else Ended.HUNG_UP


def ways(scenarios: Iterable[Path] = SCENARIOS) -> dict[str, Path]:
    """For each node that is no mere turning, the scenario that comes to it by the fewest nodes."""
    found: dict[str, tuple[int, Path]] = {}
    for path in scenarios:
        played = replay(path.read_text("utf-8"), str(path), FLOWS, path.parent.name)
        for passed, step in enumerate(played.path):
            if not isinstance(node_of(step), m.SILENT):
                found[step] = min(found.get(step, (passed, path)), (passed, path), key=lambda one: one[0])
    return {step: path for step, (_, path) in found.items()}


WAYS = ways()
HEARD = [name for name in WAYS if heard_at(name)]
ASKED = [name for name in WAYS if isinstance(node_of(name), ASKS)]
