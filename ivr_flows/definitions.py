"""Flow files: read from a folder, checked together."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from core.definition.source import Faulty, Problem
from ivr_flows.flow.load import Loaded, load
from ivr_flows.flow.model import Flows


def flow_files(folder: Path) -> tuple[Path, ...]:
    """The flow files in a folder, by name."""
    return tuple(sorted((*folder.glob("*.yaml"), *folder.glob("*.yml"))))


def read_flows(paths: Iterable[Path]) -> Flows:
    """The flows in these files; raises `Faulty` with all problems of all files at once."""
    problems: list[Problem] = []
    found: list[Loaded] = []
    for path in paths:
        try:
            found.append(load(path.read_text("utf-8-sig"), str(path)))
        except Faulty as faulty:
            problems.extend(faulty.problems)
        except OSError as error:
            fix = "look at name and permissions"
            problems.append(Problem(str(path), 1, f"cannot be read: {error.strerror}", fix))
        except UnicodeDecodeError:
            problems.append(Problem(str(path), 1, "is not UTF-8", "save the file as UTF-8"))
    if problems:
        raise Faulty(tuple(problems))
    return Flows({one.flow.name: one.flow for one in found})
