"""A scenario: a ticket's life as a file tells it, replayed against a definition. Pure.

Each step says what happens, when and by whom, and what must come of it: the state, who is told, the refusal, a
clock's deadline. Where it comes otherwise the problem names the step's line.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from core.definition.shape import check_shape, suggest
from core.definition.source import Path, Problem, Source, read_yaml
from ticketing.clocks import ClockState, readings
from ticketing.messages import Actor, NewTicket
from ticketing.sandbox import ReadClocks, Sandbox
from ticketing.workflow.decide import Outcome
from ticketing.workflow.durations import seconds
from ticketing.workflow.model import MACHINES, ROLES, Row, Workflow
from ticketing.workflow.values import Refusal

REFUSALS = ("not_allowed_in_state", "role", "missing_field", "invalid", "guard")
LATEST = 4_102_444_800.0
"""2100-01-01: no calendar of today reaches further."""
FIX = "correct the step, or the definition if that is what is wrong"


class Person(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody of a scenario."""

    role: str
    department: str = ""


class About(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the opening form asks besides the fields."""

    subject: str = "A ticket"
    body: str = ""
    channel: str = "phone"
    category: str = ""
    priority: str = "normal"
    customer: str | None = None


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One step. Time goes on by `after`, or to `at`; a step without an event only looks."""

    event: str = ""
    by: str = ""
    data: dict[str, Any] = {}
    ticket: About = About()
    after: str = ""
    at: str = ""
    state: str = ""
    refused: str = ""
    because: str = ""
    """The guard or field that the refusal names."""
    owner: str | None = None
    department: str | None = None
    told: tuple[str, ...] | None = None
    clocks: dict[str, str] = {}
    """By clock its state: not_started, running, paused, stopped."""
    due: dict[str, str] = {}
    """By clock its deadline, in the scenario's time zone."""


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A ticket's life. The first event is the one that opens it."""

    about: str
    start: str
    steps: tuple[Step, ...]
    zone: str = "Asia/Shanghai"
    people: dict[str, Person] = {}
    """Who acts, by name; a name that is a role needs no entry."""


class Replayed(msgspec.Struct, frozen=True):
    """What came of a scenario: what was otherwise than it says, and the table's rows that it took."""

    problems: tuple[Problem, ...]
    rows: tuple[Row, ...] = ()


def local_time(text: str) -> datetime:
    """A time of the scenario's zone, as 2026-01-05 09:00; ValueError where it is not, or names a zone of its own."""
    found = datetime.fromisoformat(text)
    if found.tzinfo is not None or not 2000 <= found.year < 2100:
        raise ValueError(text)
    return found


def replay(text: str, file: str, workflow: Workflow, read_clocks: ReadClocks = readings) -> Replayed:
    """Go through the scenario in this YAML text step by step, up to the first step that comes otherwise."""
    source = read_yaml(text, file)
    problems = [*source.problems] or check_shape(source, Scenario)
    if problems:
        return Replayed(tuple(problems))
    scenario = msgspec.convert(source.data, Scenario)
    if problems := [*_Names(source, workflow, scenario).mistakes()]:
        return Replayed(tuple(problems))
    play = _Play(source, scenario, Sandbox(workflow, read_clocks))
    for at in range(len(scenario.steps)):
        if problems := [*play.step(at)]:
            break
    return Replayed(tuple(problems), tuple(play.sandbox.taken))


class _Names:
    """Whether all that a scenario names is there."""

    def __init__(self, source: Source, workflow: Workflow, scenario: Scenario) -> None:
        self.source, self.workflow, self.scenario = source, workflow, scenario

    def mistakes(self) -> Iterator[Problem]:
        yield from self.zone()
        for name, person in self.scenario.people.items():
            yield from self.known(("people", name, "role"), person.role, "role", ROLES | MACHINES)
        for at, step in enumerate(self.scenario.steps):
            yield from self.step(("steps", at), step)

    def step(self, path: Path, step: Step) -> Iterator[Problem]:
        w, actors = self.workflow, {*self.scenario.people, *ROLES, *MACHINES}
        if step.event:
            yield from self.known((*path, "by"), step.by, "person or role", actors)
        # A refusal may be about an event that does not exist.
        if step.event and not step.refused:
            yield from self.known((*path, "event"), step.event, "event", w.events)
        if step.state:
            yield from self.known((*path, "state"), step.state, "state", w.states)
        if step.refused:
            yield from self.known((*path, "refused"), step.refused, "refusal", REFUSALS)
        for part in ("clocks", "due"):
            for name in getattr(step, part):
                yield from self.known((*path, part, name), name, "clock", w.clocks)
        for name, state in step.clocks.items():
            states = tuple(one.value for one in ClockState)
            yield from self.known((*path, "clocks", name), state, "state of a clock", states)
        for name, text in (("after", step.after), ("at", step.at), *(("due", d) for d in step.due.values())):
            yield from self.time((*path, name), text, duration=name == "after")

    def zone(self) -> Iterator[Problem]:
        try:
            ZoneInfo(self.scenario.zone)
        except (KeyError, ValueError, OSError):
            message = f"`{self.scenario.zone}` is no time zone"
            yield self.source.problem(("zone",), message, "write it like Asia/Shanghai")
        yield from self.time(("start",), self.scenario.start or "nothing")

    def known(self, path: Path, name: str, kind: str, names: Any) -> Iterator[Problem]:
        if name not in names:
            yield self.source.problem(path, f"there is no {kind} `{name}`", suggest(name, names))

    def time(self, path: Path, text: str, *, duration: bool = False) -> Iterator[Problem]:
        try:
            if text:
                seconds(text) if duration else local_time(text)
        except ValueError:
            example = "45m, 2h or 7d" if duration else "2026-01-05 09:00"
            yield self.source.problem(path, f"`{text}` is not written like {example}", f"write {example}")


class _Play:
    """A replay under way."""

    def __init__(self, source: Source, scenario: Scenario, sandbox: Sandbox) -> None:
        self.source, self.scenario, self.sandbox = source, scenario, sandbox
        self.zone = ZoneInfo(scenario.zone)
        self.now = self.moment(scenario.start)

    def moment(self, text: str) -> float:
        return local_time(text).replace(tzinfo=self.zone).timestamp()

    def shown(self, at: float | None) -> str:
        return f"{datetime.fromtimestamp(at, self.zone):%Y-%m-%d %H:%M:%S}" if at is not None else "no time"

    def step(self, number: int) -> Iterator[Problem]:
        step, path = self.scenario.steps[number], ("steps", number)
        where = f"step {number + 1}" + (f" ({step.event})" if step.event else "")
        self.now = self.moment(step.at) if step.at else self.now + (seconds(step.after) if step.after else 0)
        if self.now > LATEST:
            yield self.source.problem(path, f"{where}: is beyond all calendars", "let less time pass")
            return
        for message in self.differences(step):
            yield self.source.problem(path, f"{where}: {message}", FIX)

    def differences(self, step: Step) -> Iterator[str]:
        """What comes otherwise than the step says."""
        if step.event:
            if self.sandbox.ticket is None and step.event != self.sandbox.workflow.open.event:
                yield f"the ticket is not opened yet: that is `{self.sandbox.workflow.open.event}`"
                return
            decision = self.act(step)
            refused = isinstance(decision, Refusal)
            if refused or step.refused:
                yield from _refusal(step, decision)
            if refused:
                return
            if isinstance(decision, Outcome) and step.told is not None:
                yield from _unlike("told are", sorted(decision.notices), sorted(step.told))
        if self.sandbox.ticket is None:
            yield "there is no ticket to look at yet"
        else:
            yield from self.looks(step)

    def act(self, step: Step) -> Outcome | Refusal:
        person = self.scenario.people.get(step.by) or Person(step.by)
        actor = Actor(step.by, frozenset({person.role}), person.department)
        data = {name: v.isoformat() if isinstance(v, date) else v for name, v in step.data.items()}
        if self.sandbox.ticket is not None:
            return self.sandbox.fire(step.event, actor, data, self.now)
        a = step.ticket
        new = NewTicket(
            workflow=self.sandbox.workflow.name,
            subject=a.subject,
            body=a.body,
            customer_id=a.customer,
            channel=a.channel,
            category=a.category,
            priority=a.priority,
            fields=data,
        )
        return self.sandbox.open(new, actor, self.now)

    def looks(self, step: Step) -> Iterator[str]:
        ticket = self.sandbox.opened
        if step.state:
            yield from _unlike("the state is", ticket.state, step.state)
        if step.owner is not None:
            yield from _unlike("the owner is", ticket.owner or "", step.owner)
        if step.department is not None:
            yield from _unlike("the department is", ticket.department, step.department)
        if step.clocks or step.due:
            clocks = {reading.name: reading for reading in self.sandbox.clocks(self.now)}
            for name, state in step.clocks.items():
                yield from _unlike(f"the clock {name} is", clocks[name].state.value, state)
            for name, due in step.due.items():
                expected = self.shown(self.moment(due))
                yield from _unlike(f"the clock {name} is due", self.shown(clocks[name].due_at), expected)


def _refusal(step: Step, decision: Outcome | Refusal) -> Iterator[str]:
    if isinstance(decision, Outcome):
        yield f"was to be refused ({step.refused}), but leads to `{decision.ticket.state}`"
        return
    named = decision.details.get("guard") or decision.details.get("field") or ""
    found = f"{decision.code}{f' {named}' if named else ''}: {decision.message}"
    if not step.refused:
        yield f"is refused ({found})"
    elif decision.code != step.refused or (step.because and step.because != named):
        yield f"is refused, but with {found}"


def _unlike(what: str, found: object, expected: object) -> Iterator[str]:
    if found != expected:
        yield f"{what} {found or 'empty'}, not {expected or 'empty'}"
