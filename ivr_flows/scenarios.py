"""Replays the scenarios that lie beside flows."""

from __future__ import annotations

from pathlib import Path

import msgspec

from core.definition.scenario_files import scenario_files, strays
from core.definition.source import Problem
from ivr_flows.flow.model import SILENT, Flows
from ivr_flows.scenario import Replayed, replay


class Checked(msgspec.Struct, frozen=True):
    """What all scenarios of a folder showed. `unheard` are nodes, `flow/node`, that no scenario comes to."""

    flows: int
    files: int
    problems: tuple[Problem, ...]
    nodes: int
    unheard: tuple[str, ...]


def check_scenarios(folder: Path, flows: Flows) -> Checked:
    """Replay every scenario; one of the hotline counts for the flows that it goes through, too."""
    played = [_replay(path, flows, name) for name in flows.by_name for path in scenario_files(folder, name)]
    heard = {step for one in played for step in one.path}
    nodes = [
        f"{flow}/{name}"
        for flow, one in flows.by_name.items()
        for name, node in one.nodes.items()
        if not isinstance(node, SILENT)
    ]
    problems = [problem for one in played for problem in one.problems]
    return Checked(
        flows=len(flows.by_name),
        files=len(played),
        problems=(*problems, *strays(folder, flows.by_name, "flow")),
        nodes=len(nodes),
        unheard=tuple(name for name in nodes if name not in heard),
    )


def _replay(path: Path, flows: Flows, name: str) -> Replayed:
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return Replayed((Problem(str(path), 1, "cannot be read as UTF-8", "look at file and permissions"),))
    return replay(text, str(path), flows, name)
