"""Flow files: read from a folder, checked together."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path

from core.definition.source import Faulty, Problem
from ivr_flows.flow.checks import Known, check, doubts
from ivr_flows.flow.load import MAX_BYTES, Loaded, read
from ivr_flows.flow.model import Flows
from ivr_flows.flow.schema import flow_schema

__all__ = ["Doubting", "Known", "flow_files", "flow_schema", "read_flows", "read_flows_doubting"]
NOTHING_KNOWN = Known()
Doubting = Callable[[Known], list[Problem]]


def flow_files(folder: Path) -> tuple[Path, ...]:
    """The flow files in a folder, by name."""
    return tuple(sorted((*folder.glob("*.yaml"), *folder.glob("*.yml"))))


def read_flows(paths: Iterable[Path], known: Known = NOTHING_KNOWN) -> Flows:
    """The flows in these files; raises `Faulty` with all problems of all files at once. `known` is what there is
    besides flows: calendars, workflows, queues."""
    return read_flows_doubting(paths, known)[0]


def read_flows_doubting(paths: Iterable[Path], known: Known) -> tuple[Flows, Doubting]:
    """The same, and what tells the doubts about them: what another `Known` says against them, which keeps no flow from
    being used."""
    problems: list[Problem] = []
    found: list[Loaded] = []
    unread: set[str] = set()
    for path in paths:
        text = ""
        try:
            text = _text(path)
            found.append(read(text, str(path)))
            problems.extend(found[-1].problems)
        except Faulty as faulty:
            problems.extend(faulty.problems)
            unread |= {path.stem, *_NAME.findall(text)[:1]}
    problems += check(found, known, unread)
    if problems:
        raise Faulty(tuple(sorted(problems, key=lambda p: (p.file, p.line))))
    return Flows({one.flow.name: one.flow for one in found}), lambda doubted: doubts(found, doubted)


_NAME = re.compile(r"^name: *[\"']?(\w+)", re.MULTILINE)
"""What a file that is broken elsewhere probably calls its flow: others may call it all the same."""


def _text(path: Path) -> str:
    """What a file says; raises `Faulty`. Of one that is too long no more is read than shows it, and a pipe or a device
    is not opened at all."""
    try:
        if path.exists() and not path.is_file():
            raise Faulty((Problem(str(path), 1, "is no file", "rename or remove it"),))
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise Faulty(
                (Problem(str(path), 1, f"longer than {MAX_BYTES} bytes", "is this the right file?"),)
            )
        return data.decode("utf-8-sig")
    except OSError as error:
        fix = "look at name and permissions"
        raise Faulty((Problem(str(path), 1, f"cannot be read: {error.strerror}", fix),)) from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise Faulty((Problem(str(path), line, "is not UTF-8", "save the file as UTF-8"),)) from None
