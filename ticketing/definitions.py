"""Workflow files: read from a folder, checked together."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

from core.definition.shape import suggest
from core.definition.source import Faulty, Problem, read_yaml
from ticketing.workflow.load import MAX_BYTES, load, too_long, workflow_schema
from ticketing.workflow.model import Workflow

__all__ = [
    "Faulty",
    "Problem",
    "check_files",
    "check_together",
    "read_files",
    "workflow_files",
    "workflow_schema",
]


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
            found[path] = load(_text(path), str(path), calendars)
        except Faulty as faulty:
            problems.extend(faulty.problems)
        except OSError as error:
            problems.append(
                Problem(str(path), 1, f"cannot be read: {error.strerror}", "look at name and permissions")
            )
        except UnicodeDecodeError:
            problems.append(Problem(str(path), 1, "is not UTF-8", "save the file as UTF-8"))
    problems.extend(check_together(found))
    if problems:
        raise Faulty(tuple(problems))
    return {workflow.name: workflow for workflow in found.values()}


def _text(path: Path) -> str:
    """The file's text; a file that is too long for a definition is not read."""
    if path.stat().st_size > MAX_BYTES:
        raise Faulty((too_long(str(path)),))
    return path.read_text("utf-8-sig")


def check_together(found: Mapping[Path, Workflow]) -> Iterator[Problem]:
    """Two definitions must not share a name, nor a prefix: their numbers would be told apart by luck only."""
    for part in ("name", "prefix"):
        seen: dict[str, Path] = {}
        for path, workflow in found.items():
            value = getattr(workflow, part)
            if value in seen:
                message = f"the {part} `{value}` is that of {seen[value].name} too"
                yield _problem(path, (part,), message, f"give each workflow a {part} of its own")
            seen.setdefault(value, path)


def strangers(paths: Iterable[Path], workflows: Mapping[str, Workflow]) -> Iterator[Problem]:
    """Doubts about good files: events that open tickets of a workflow that is not there can be fired only with the
    number of a ticket."""
    for path in paths:
        for event, name in _opened(load(_text(path), str(path))):
            if name not in workflows:
                where = ("events", event, "relates", "opens")
                yield _problem(path, where, f"there is no workflow `{name}`", suggest(name, workflows))


def _opened(workflow: Workflow) -> Iterator[tuple[str, str]]:
    """The workflows that its events open tickets of, each with the event."""
    for event, asked in workflow.events.items():
        opens = asked.relates.opens if asked.relates else ""
        field = workflow.fields.get(opens)
        for name in field.choices if field else (opens,) if opens else ():
            yield event, name


def _problem(path: Path, where: tuple[str, ...], message: str, fix: str) -> Problem:
    """A problem of a file that has been read already: it is read again for the line."""
    try:
        return read_yaml(path.read_text("utf-8-sig"), str(path)).problem(where, message, fix)
    except (OSError, UnicodeDecodeError):
        return Problem(str(path), 1, message, fix)
