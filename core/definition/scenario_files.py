"""Scenario files beside definitions: `scenarios/NAME/*.yaml` in the folder of `NAME.yaml`."""

from __future__ import annotations

from collections.abc import Container
from pathlib import Path

from core.definition.source import Problem

FOLDER = "scenarios"


def scenario_files(folder: Path, name: str) -> tuple[Path, ...]:
    """The scenarios of a definition, by name of file."""
    here = folder / FOLDER / name
    return tuple(sorted((*here.glob("*.yaml"), *here.glob("*.yml"))))


def strays(folder: Path, names: Container[str], kind: str) -> list[Problem]:
    """Folders of scenarios that belong to none of these definitions: nobody would ever replay them. `kind` is the word
    for one (flow, workflow)."""
    here = folder / FOLDER
    named = sorted(path for path in here.iterdir() if path.is_dir()) if here.is_dir() else []
    fix = f"name the folder after its {kind}, or remove it"
    return [
        Problem(str(path), 1, f"there is no {kind} `{path.name}`", fix)
        for path in named
        if path.name not in names
    ]
