"""Whether a definition makes sense as a whole. Each check names the place, the mistake, and what to do."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any

from core.definition.shape import suggest
from core.definition.source import Path, Problem, Source
from ticketing.workflow.clock_checks import check_calendars, check_clocks
from ticketing.workflow.effects import EFFECTS
from ticketing.workflow.field_checks import check_fields
from ticketing.workflow.guard_checks import mistakes, named
from ticketing.workflow.guards import COMBINED, GUARDS
from ticketing.workflow.model import ANY_OPEN, MACHINES, ROLES, STAY, TAKE_OVER, Workflow
from ticketing.workflow.path_checks import check_paths
from ticketing.workflow.relation_checks import check_relations
from ticketing.workflow.values import clean

MAX_NAME = 40
"""As long as the database's column for states and events."""


class Checker:
    """Gathers what is wrong in one definition."""

    def __init__(self, source: Source, workflow: Workflow) -> None:
        self.source = source
        self.workflow = workflow

    def known(self, path: Path, name: str, kind: str, names: Iterable[str]) -> Iterator[Problem]:
        """A problem where the name is not among those that there are."""
        if name not in (listed := tuple(names)):
            yield self.source.problem(path, f"there is no {kind} `{name}`", suggest(name, listed))

    def tests(self, path: Path, tests: Iterable[Any]) -> Iterator[Problem]:
        for at, test in enumerate(tests):
            for message, fix in mistakes(test, self.workflow):
                yield self.source.problem((*path, at), message, fix)

    def each(self, path: Path, names: Iterable[str], kind: str, known: Iterable[str]) -> Iterator[Problem]:
        listed = tuple(known)
        for at, name in enumerate(names):
            yield from self.known((*path, at), name, kind, listed)


def check(source: Source, workflow: Workflow, calendars: Collection[str] | None = None) -> list[Problem]:
    """Everything that is wrong with a definition whose shape is right; `calendars` are those that clocks may name."""
    checker = Checker(source, workflow)
    found = [problem for one in CHECKS for problem in one(checker)]
    if calendars is not None:
        found += check_calendars(checker, calendars)
    return found


def _plain(name: str) -> bool:
    return name.isidentifier() and name.isascii() and len(name) <= MAX_NAME


PLAIN = f"use up to {MAX_NAME} letters, digits and _; the labels may say anything"


def _names(c: Checker) -> Iterator[Problem]:
    if not _plain(c.workflow.name):
        yield c.source.problem(("name",), f"`{c.workflow.name}` is not a plain name", PLAIN)
    for part in ("states", "events", "fields", "guards", "clocks", "categories", "priorities"):
        for name in getattr(c.workflow, part):
            if not _plain(name):
                yield c.source.problem((part, name), f"`{name}` is not a plain name", PLAIN)
    for word in (ANY_OPEN, STAY):
        if word in c.workflow.states:
            yield c.source.problem(
                ("states", word), f"`{word}` has a meaning of its own", "name the state otherwise"
            )
    for name in c.workflow.guards:
        if name in GUARDS or name in COMBINED:
            yield c.source.problem(("guards", name), f"`{name}` is a built-in guard", "name it otherwise")
    if not (c.workflow.prefix.isascii() and c.workflow.prefix.isalnum() and len(c.workflow.prefix) <= 10):
        yield c.source.problem(
            ("prefix",), "the prefix begins each number", "use one to ten letters or digits"
        )


def _labels(c: Checker) -> Iterator[Problem]:
    def walk(data: Any, path: Path) -> Iterator[Problem]:
        if isinstance(data, dict):
            for key, value in data.items():
                if key in ("en", "zh") and isinstance(value, str):
                    if not value.strip():
                        yield c.source.problem(
                            (*path, key), "an empty label", "write what people are to read"
                        )
                    elif clean(value) != value.strip():
                        message = "a label with invisible or control characters"
                        yield c.source.problem((*path, key), message, "write it on one line, without them")
                yield from walk(value, (*path, key))

    yield from walk(c.source.data, ())


def _map(c: Checker) -> Iterator[Problem]:
    for old, new in (c.workflow.map or {}).items():
        yield from c.known(("map", old), new, "state", c.workflow.states)
    if TAKE_OVER in c.workflow.events:
        message = f"`{TAKE_OVER}` is what the history says of a ticket that comes to a new definition"
        yield c.source.problem(("events", TAKE_OVER), message, "name the event otherwise")


def _opening(c: Checker) -> Iterator[Problem]:
    yield from c.known(("open", "event"), c.workflow.open.event, "event", c.workflow.events)
    yield from c.known(("open", "to"), c.workflow.open.to, "state", c.workflow.states)
    yield from c.each(("open", "roles"), c.workflow.open.roles, "role", ROLES | MACHINES)
    if not c.workflow.open.roles:
        yield c.source.problem(("open", "roles"), "nobody may open it", "name at least one role")
    yield from c.each(("open", "effects"), c.workflow.open.effects, "effect", EFFECTS)
    yield from c.tests(("open", "guards"), c.workflow.open.guards)


def _events(c: Checker) -> Iterator[Problem]:
    used = {row.event for row in c.workflow.table} | {c.workflow.open.event}
    for name, event in c.workflow.events.items():
        path: Path = ("events", name)
        if name not in used:
            yield c.source.problem(
                path, f"no row of the table uses the event `{name}`", "add a row or remove it"
            )
        yield from c.each((*path, "effects"), event.effects, "effect", EFFECTS)
        for part in ("required", "optional"):
            yield from c.each((*path, part), getattr(event, part), "field", c.workflow.fields)
        yield from c.each((*path, "clears"), event.clears, "field", c.workflow.fields)
        yield from c.each((*path, "recounts"), event.recounts, "event", c.workflow.events)
        for field in event.optional:
            if field in event.required:
                message = f"`{field}` is both required and optional"
                yield c.source.problem((*path, "optional"), message, "name it in one of the two")


def _table(c: Checker) -> Iterator[Problem]:
    for at, row in enumerate(c.workflow.table):
        path: Path = ("table", at)
        sources = (row.from_,) if isinstance(row.from_, str) else row.from_
        if not sources:
            yield c.source.problem((*path, "from"), "this row starts from no state", "name a state")
        for name in sources:
            yield from c.known((*path, "from"), name, "state", (*c.workflow.states, ANY_OPEN))
        yield from c.known((*path, "to"), row.to, "state", (*c.workflow.states, STAY))
        yield from c.known((*path, "event"), row.event, "event", c.workflow.events)
        yield from c.each((*path, "roles"), row.roles, "role", ROLES | MACHINES)
        yield from c.each((*path, "effects"), row.effects, "effect", EFFECTS)
        yield from c.tests((*path, "when"), row.when)
        yield from c.tests((*path, "guards"), row.guards)
        if not row.roles:
            yield c.source.problem(path, "nobody may take this step", "name at least one role in `roles`")


def _tests(workflow: Workflow) -> Iterator[Any]:
    """Every test of the definition."""
    yield from workflow.open.guards
    for row in workflow.table:
        yield from (*row.when, *row.guards)
    for clock in workflow.clocks.values():
        yield from clock.never_pauses_when
    for guard in workflow.guards.values():
        yield guard.test


def _guards(c: Checker) -> Iterator[Problem]:
    used = {name for test in _tests(c.workflow) for name in named(test)}
    for name, guard in c.workflow.guards.items():
        for message, fix in mistakes(guard.test, c.workflow, (name,)):
            yield c.source.problem(("guards", name, "test"), message, fix)
        if name not in used:
            message = f"nothing asks for the guard `{name}`"
            yield c.source.problem(("guards", name), message, "name it in a row of the table, or remove it")
    for role, more in c.workflow.includes.items():
        yield from c.known(("includes", role), role, "role", ROLES)
        yield from c.each(("includes", role), more, "role", ROLES)


Check = Callable[[Checker], Iterator[Problem]]
CHECKS: tuple[Check, ...] = (
    _names,
    _labels,
    _map,
    _opening,
    _events,
    _table,
    check_fields,
    _guards,
    check_clocks,
    check_relations,
    check_paths,
)
