"""Workflow files: read from a folder, checked together."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from core.definition.source import Faulty, Problem
from ticketing.workflow.load import load, workflow_schema
from ticketing.workflow.model import Workflow

__all__ = ["Faulty", "Problem", "check_files", "read_files", "workflow_files", "workflow_schema"]


def workflow_files(folder: Path) -> tuple[Path, ...]:
    """The workflow files in a folder, by name."""
    return tuple(sorted((*folder.glob("*.yaml"), *folder.glob("*.yml"))))


def check_files(paths: Iterable[Path]) -> list[Problem]:
    """Everything that is wrong with these workflow files, for `ringdesk check`; empty where nothing is."""
    try:
        read_files(paths)
    except Faulty as faulty:
        return list(faulty.problems)
    return []


def read_files(paths: Iterable[Path], calendars: Collection[str] | None = None) -> dict[str, Workflow]:
    """The definitions by name; raises `Faulty` with all problems of all files at once. `calendars` are those that
    clocks may name; any where not given."""
    problems: list[Problem] = []
    found: dict[Path, Workflow] = {}
    for path in paths:
        try:
            found[path] = load(path.read_text("utf-8-sig"), str(path), calendars)
        except Faulty as faulty:
            problems.extend(faulty.problems)
        except OSError as error:
            problems.append(
                Problem(str(path), 1, f"cannot be read: {error.strerror}", "look at name and permissions")
            )
        except UnicodeDecodeError:
            problems.append(Problem(str(path), 1, "is not UTF-8", "save the file as UTF-8"))
    problems.extend(_same(found))
    if problems:
        raise Faulty(tuple(problems))
    return {workflow.name: workflow for workflow in found.values()}


def _same(found: dict[Path, Workflow]) -> Iterator[Problem]:
    """Two files must not share a name, or a prefix: their numbers would be told apart by luck only."""
    for part in ("name", "prefix"):
        seen: dict[str, Path] = {}
        for path, workflow in found.items():
            value = getattr(workflow, part)
            if value in seen:
                message = f"the {part} `{value}` is that of {seen[value].name} too"
                yield Problem(str(path), 1, message, f"give each workflow a {part} of its own")
            seen.setdefault(value, path)
