"""Replays the scenarios that lie beside a definition."""

from __future__ import annotations

from pathlib import Path

import msgspec

from core.definition.scenario_files import scenario_files
from core.definition.source import Problem
from ticketing.clocks import readings
from ticketing.sandbox import ReadClocks
from ticketing.scenario import Replayed, replay
from ticketing.workflow.model import Row, Workflow


class Checked(msgspec.Struct, frozen=True):
    """What the scenarios of one definition showed."""

    workflow: str
    files: int
    problems: tuple[Problem, ...]
    unreached: tuple[Row, ...]
    """Rows of the table that no scenario takes."""


def check_scenarios(folder: Path, workflow: Workflow, read_clocks: ReadClocks = readings) -> Checked:
    """Replay every scenario of a definition."""
    files = scenario_files(folder, workflow.name)
    played = [_replay(path, workflow, read_clocks) for path in files]
    taken = [row for one in played for row in one.rows]
    return Checked(
        workflow=workflow.name,
        files=len(files),
        problems=tuple(problem for one in played for problem in one.problems),
        unreached=tuple(row for row in workflow.table if row not in taken),
    )


def _replay(path: Path, workflow: Workflow, read_clocks: ReadClocks) -> Replayed:
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return Replayed((Problem(str(path), 1, "cannot be read as UTF-8", "look at file and permissions"),))
    return replay(text, str(path), workflow, read_clocks)
