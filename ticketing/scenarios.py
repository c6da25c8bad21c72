"""Scenario files beside a definition: `scenarios/NAME/*.yaml` in the folder of `NAME.yaml`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from core.definition.source import Problem
from ticketing.clocks import readings
from ticketing.sandbox import ReadClocks
from ticketing.scenario import Replayed, replay
from ticketing.workflow.model import Row, Workflow

FOLDER = "scenarios"


class Checked(msgspec.Struct, frozen=True):
    """What the scenarios of one definition showed."""

    workflow: str
    files: int
    problems: tuple[Problem, ...]
    unreached: tuple[Row, ...]
    """Rows of the table that no scenario takes."""


def scenario_files(folder: Path, workflow: str) -> tuple[Path, ...]:
    """The scenarios of a workflow, by name of file."""
    here = folder / FOLDER / workflow
    return tuple(sorted((*here.glob("*.yaml"), *here.glob("*.yml"))))


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


def strays(folder: Path, workflows: Mapping[str, Workflow]) -> list[Problem]:
    """Folders of scenarios that belong to no definition: nobody would ever replay them."""
    here = folder / FOLDER
    named = sorted(path for path in here.iterdir() if path.is_dir()) if here.is_dir() else []
    return [
        Problem(
            str(path),
            1,
            f"there is no workflow `{path.name}`",
            "name the folder after its workflow, or remove it",
        )
        for path in named
        if path.name not in workflows
    ]


def _replay(path: Path, workflow: Workflow, read_clocks: ReadClocks) -> Replayed:
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return Replayed((Problem(str(path), 1, "cannot be read as UTF-8", "look at file and permissions"),))
    return replay(text, str(path), workflow, read_clocks)
