"""Whether a definition makes sense as a whole. Each check names the place, the mistake, and what to do."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any

from core.definition.shape import suggest
from core.definition.source import Path, Problem, Source
from ticketing.workflow.clock_checks import check_calendars, check_clocks
from ticketing.workflow.effects import EFFECTS
from ticketing.workflow.guards import COMBINED, GUARDS, mistakes
from ticketing.workflow.model import (
    ANY_OPEN,
    MACHINES,
    ROLES,
    STAY,
    TAKE_OVER,
    FieldType,
    Workflow,
)
from ticketing.workflow.relation_checks import check_relations
from ticketing.workflow.values import CALL, NOTE

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
    # The paths of a ticket are worth drawing only when every name in the table is known.
    return found or [problem for one in PATH_CHECKS for problem in one(checker)]


def _names(c: Checker) -> Iterator[Problem]:
    for part in ("states", "events", "fields", "guards", "clocks", "categories", "priorities"):
        for name in getattr(c.workflow, part):
            if not name.isidentifier() or not name.isascii() or len(name) > MAX_NAME:
                fix = f"use up to {MAX_NAME} letters, digits and _; the labels may say anything"
                yield c.source.problem((part, name), f"`{name}` is not a plain name", fix)
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
                if key in ("en", "zh") and isinstance(value, str) and not value.strip():
                    yield c.source.problem((*path, key), "an empty label", "write what people are to read")
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


def _table(c: Checker) -> Iterator[Problem]:
    for at, row in enumerate(c.workflow.table):
        path: Path = ("table", at)
        named = (row.from_,) if isinstance(row.from_, str) else row.from_
        for name in named:
            yield from c.known((*path, "from"), name, "state", (*c.workflow.states, ANY_OPEN))
        yield from c.known((*path, "to"), row.to, "state", (*c.workflow.states, STAY))
        yield from c.known((*path, "event"), row.event, "event", c.workflow.events)
        yield from c.each((*path, "roles"), row.roles, "role", ROLES | MACHINES)
        yield from c.each((*path, "effects"), row.effects, "effect", EFFECTS)
        yield from c.tests((*path, "when"), row.when)
        yield from c.tests((*path, "guards"), row.guards)
        if not row.roles:
            yield c.source.problem(path, "nobody may take this step", "name at least one role in `roles`")


def _fields(c: Checker) -> Iterator[Problem]:
    for name, field in c.workflow.fields.items():
        path: Path = ("fields", name)
        if name == NOTE:
            yield c.source.problem(path, "every event has a note already", "remove it or name it otherwise")
        if name == CALL:
            yield c.source.problem(
                path, "the history keeps the call already", "remove it or name it otherwise"
            )
        if (
            field.type is FieldType.CHOICE
            and not field.choices
            and field.sets not in ("priority", "category")
        ):
            yield c.source.problem(
                path, f"the choice `{name}` has no choices", "add `choices:` with their labels"
            )
        if field.choices and field.type is not FieldType.CHOICE:
            yield c.source.problem(path, f"`{name}` has choices but is no choice", "write `type: choice`")
        if field.sets and field.type not in (FieldType.TEXT, FieldType.CHOICE):
            yield c.source.problem(path, f"`{field.sets}` is a text", "write `type: text` or `type: choice`")
    if c.workflow.priorities and "normal" not in c.workflow.priorities:
        message = "there is no priority `normal`, which a ticket has when nobody says otherwise"
        yield c.source.problem(("priorities",), message, "add `normal:`")


def _guards(c: Checker) -> Iterator[Problem]:
    for name, guard in c.workflow.guards.items():
        for message, fix in mistakes(guard.test, c.workflow, (name,)):
            yield c.source.problem(("guards", name, "test"), message, fix)
    for role, more in c.workflow.includes.items():
        yield from c.known(("includes", role), role, "role", ROLES)
        yield from c.each(("includes", role), more, "role", ROLES)


def _ambiguous(c: Checker) -> Iterator[Problem]:
    """Of several rows for one state and event, all but the last need a `when`; else the later are never reached."""
    always: dict[tuple[str, str], int] = {}
    for at, row in enumerate(c.workflow.table):
        for state in c.workflow.sources(row):
            pair = (state, row.event)
            if pair in always:
                line = c.source.line(("table", always[pair]))
                message = f"`{row.event}` in `{state}` is decided already by the row in line {line}"
                yield c.source.problem(
                    ("table", at), message, "give the earlier row a `when`, or remove one of the two"
                )
            elif not row.when:
                always[pair] = at


def _steps(workflow: Workflow) -> set[tuple[str, str]]:
    return {
        (state, row.to)
        for row in workflow.table
        for state in workflow.sources(row)
        if row.to not in (STAY, state)
    }


def _grow(start: set[str], steps: set[tuple[str, str]]) -> set[str]:
    """All states that can be reached over these steps."""
    reached = set(start)
    while more := {to for source, to in steps if source in reached} - reached:
        reached |= more
    return reached


def _reachable(c: Checker) -> Iterator[Problem]:
    reached = _grow({c.workflow.open.to}, _steps(c.workflow))
    for name in c.workflow.states:
        if name not in reached:
            yield c.source.problem(
                ("states", name), f"no ticket can reach `{name}`", "add a row that leads to it"
            )


def _ends(c: Checker) -> Iterator[Problem]:
    ends = {name for name, state in c.workflow.states.items() if state.end}
    if not ends:
        yield c.source.problem(("states",), "no state is an end", "mark at least one with `end: true`")
        return
    ending = _grow(ends, {(to, source) for source, to in _steps(c.workflow)})
    for name in c.workflow.states:
        if name not in ending:
            message = f"a ticket in `{name}` can never end"
            yield c.source.problem(("states", name), message, "add a row that leads on from it")


Check = Callable[[Checker], Iterator[Problem]]
CHECKS: tuple[Check, ...] = (
    _names,
    _labels,
    _map,
    _opening,
    _events,
    _table,
    _fields,
    _guards,
    check_clocks,
    check_relations,
)
PATH_CHECKS: tuple[Check, ...] = (_ambiguous, _reachable, _ends)
