"""Flow files: read from a folder, checked together."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from core.definition.source import Faulty, Problem
from ivr_flows.flow.checks import Known, check
from ivr_flows.flow.load import Loaded, flow_schema, load
from ivr_flows.flow.model import Flows

__all__ = ["Known", "flow_files", "flow_schema", "read_flows"]
NOTHING_KNOWN = Known()


def flow_files(folder: Path) -> tuple[Path, ...]:
    """The flow files in a folder, by name."""
    return tuple(sorted((*folder.glob("*.yaml"), *folder.glob("*.yml"))))


def read_flows(paths: Iterable[Path], known: Known = NOTHING_KNOWN) -> Flows:
    """The flows in these files; raises `Faulty` with all problems of all files at once. `known` is what there is
    besides flows: calendars, workflows, queues."""
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
    # Files that cannot be read would be missed by those that call them.
    if problems := problems or check(found, known):
        raise Faulty(tuple(problems))
    return Flows({one.flow.name: one.flow for one in found})
