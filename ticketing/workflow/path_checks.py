"""Whether tickets can go all the ways of a definition: every state reached, an end in reach, every row's turn."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from core.definition.source import Problem
from ticketing.workflow.model import ANY_OPEN, STAY, Row, Workflow

if TYPE_CHECKING:
    from ticketing.workflow.checks import Checker


def check_paths(c: Checker) -> Iterator[Problem]:
    """Everything that is wrong with the ways. They are drawn only where each state that the table names is there: a
    slip in one name would show as ways that lack."""
    yield from _ambiguous(c)
    if _named(c.workflow) <= {*c.workflow.states, ANY_OPEN, STAY}:
        yield from _reachable(c)
        yield from _ends(c)


def _named(workflow: Workflow) -> set[str]:
    rows = workflow.table
    sources = (name for r in rows for name in ((r.from_,) if isinstance(r.from_, str) else r.from_))
    return {workflow.open.to, *(row.to for row in rows), *sources}


def _ambiguous(c: Checker) -> Iterator[Problem]:
    """Of several rows for one state and event the first whose `when` holds is taken: a row that asks for all that an
    earlier one asks for, or more, never has its turn."""
    earlier: dict[tuple[str, str], list[int]] = {}
    for at, row in enumerate(c.workflow.table):
        for state in c.workflow.sources(row):
            before = earlier.setdefault((state, row.event), [])
            hiding = next((one for one in before if _asked(c.workflow.table[one]) <= _asked(row)), None)
            if hiding is not None:
                line = c.source.line(("table", hiding))
                message = f"`{row.event}` in `{state}` is decided already by the row in line {line}"
                fix = "give the earlier row a `when` that does not always hold here, or remove one of the two"
                yield c.source.problem(("table", at), message, fix)
            before.append(at)


def _asked(row: Row) -> set[bytes]:
    return {msgspec.json.encode(test, order="deterministic") for test in row.when}


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
            message = f"no ticket can reach `{name}`"
            yield c.source.problem(("states", name), message, "add a row that leads to it")


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
