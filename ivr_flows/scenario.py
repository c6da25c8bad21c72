"""A scenario: a caller's way through a flow as a file tells it, replayed without a telephone. Pure.

Each step says what the caller hears and where it is, then what it does. Where it comes otherwise the problem names
the step's line.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from core.definition.shape import check_shape, suggest
from core.definition.source import Path, Problem, Source, read_yaml
from ivr_flows.engine import answers
from ivr_flows.flow.model import Flows
from ivr_flows.flow.services import SERVICES
from ivr_flows.messages import Ask, Collect, Ended, Record, Transfer, Value
from ivr_flows.sandbox import Sandbox, example

FIX = "correct the step, or the flow if that is what is wrong"
ENDS = tuple(one.value for one in Ended)


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """First what has come (`at`, `hears`, `asks`, `ends` …), then what the caller does."""

    at: str = ""
    """The node that waits for the caller, or `flow/node`."""
    hears: str | tuple[str, ...] = ()
    """Words that were said since the last step, in this order."""
    asks: dict[str, dict[str, Any]] = {}
    """Services that were asked since the last step, each with arguments that it was given among others."""
    ends: str = ""
    to: str = ""
    """Where it was transferred to: queue:service"""
    priority: int | None = None
    shows: dict[str, Any] = {}
    """Answers that the agent gets, among others."""
    auth: str | None = None
    answers: dict[str, dict[str, Any]] = {}
    """From here on services answer so."""
    refuses: dict[str, str] = {}
    """From here on services refuse with a code."""
    press: str = ""
    silent: bool = False
    speak: float | None = None
    hang_up: bool = False


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A caller's way. Services answer as the flow's `examples` say unless it says otherwise."""

    about: str
    steps: tuple[Step, ...]
    caller: str = ""
    dialled: str = ""
    vars: dict[str, Any] = {}
    """What a flow that others call is given."""
    answers: dict[str, dict[str, Any]] = {}
    refuses: dict[str, str] = {}


class Replayed(msgspec.Struct, frozen=True):
    """What came of a scenario: what was otherwise than it says, and the nodes that were heard."""

    problems: tuple[Problem, ...]
    path: tuple[str, ...] = ()


def replay(text: str, file: str, flows: Flows, name: str) -> Replayed:
    """Go through the scenario in this YAML text, up to the first step that comes otherwise."""
    source = read_yaml(text, file)
    if problems := [*source.problems] or check_shape(source, Scenario):
        return Replayed(tuple(problems))
    scenario = msgspec.convert(source.data, Scenario)
    if problems := [*_mistakes(source, scenario, flows)]:
        return Replayed(tuple(problems))
    play = _Play(source, scenario, flows, name)
    for at in range(len(scenario.steps)):
        if problems := [*play.step(at)]:
            break
    return Replayed(tuple(problems), play.box.state.path)


def _mistakes(source: Source, scenario: Scenario, flows: Flows) -> Iterator[Problem]:
    """Whether all that it names is there."""
    nodes = {f"{flow}/{node}" for flow, one in flows.by_name.items() for node in one.nodes}
    plain = {name.partition("/")[2] for name in nodes}
    parts: list[tuple[Path, Scenario | Step]] = [((), scenario)]
    parts += [(("steps", at), step) for at, step in enumerate(scenario.steps)]
    for path, one in parts:
        for part in ("answers", "refuses", "asks"):
            for service in getattr(one, part, {}):
                if service not in SERVICES:
                    message = f"there is no service `{service}`"
                    yield source.problem((*path, part, service), message, suggest(service, SERVICES))
    for at, step in enumerate(scenario.steps):
        path = ("steps", at)
        if step.at and step.at not in nodes and step.at not in plain:
            fix = suggest(step.at, nodes if "/" in step.at else plain)
            yield source.problem((*path, "at"), f"there is no node `{step.at}`", fix)
        if step.ends and step.ends not in ENDS:
            yield source.problem((*path, "ends"), f"there is no end `{step.ends}`", suggest(step.ends, ENDS))


class _Play:
    """A replay under way."""

    def __init__(self, source: Source, scenario: Scenario, flows: Flows, name: str) -> None:
        self.source, self.scenario, self.flows = source, scenario, flows
        self.answers, self.refuses = dict(scenario.answers), dict(scenario.refuses)
        given = {"caller": scenario.caller, "dialled": scenario.dialled, **scenario.vars}
        self.box = Sandbox(flows, name, given)
        self.unanswered = ""
        self._services()

    def _services(self) -> None:
        """Answer services until the caller has something to do."""
        while isinstance(self.box.effect, Ask):
            service = self.box.effect.service
            found = self.answers.get(service, example(self.flows, self.box.state, service))
            if service in self.refuses:
                self.box.refuse(self.refuses[service])
            elif isinstance(found, dict):
                self.box.answer(found)
            else:
                self.unanswered = service
                self.box.refuse("unavailable")

    def step(self, at: int) -> Iterator[Problem]:
        step, path = self.scenario.steps[at], ("steps", at)
        said = f"step {at + 1}"
        for part, message in self._otherwise(step):
            yield self.source.problem((*path, part), f"{said}: {message}", FIX)
        if self.unanswered:
            message = f"{said}: nothing says what `{self.unanswered}` answers"
            yield self.source.problem(
                path, message, "write it under `answers` here or `examples` of the flow"
            )
        self.answers.update(step.answers)
        self.refuses = {**self.refuses, **step.refuses}
        for service in step.answers:
            self.refuses.pop(service, None)
        if wrong := self._act(step):
            yield self.source.problem(path, f"{said}: {wrong}", FIX)
        self._services()

    def _otherwise(self, step: Step) -> Iterator[tuple[str, str]]:
        """What has come otherwise than the step says."""
        heard, asked = self.box.take()
        state, effect = self.box.state, self.box.effect
        if step.at and step.at not in (state.here, state.node):
            yield "at", f"the caller is at {state.here}, not {step.at}"
        yield from self._hears(step, " ".join(heard))
        for service, args in step.asks.items():
            given = [found for name, found in asked if name == service]
            if not given:
                yield (
                    "asks",
                    f"{service} was not asked; asked were: {', '.join(n for n, _ in asked) or 'none'}",
                )
            elif not any(args.items() <= found.items() for found in given):
                yield "asks", f"{service} was asked {given[0]}, not {args}"
        ended = state.ended.value if state.ended else "nothing yet"
        if step.ends and step.ends != ended:
            yield "ends", f"it ended as {ended}, not {step.ends}"
        if step.to and step.to != state.detail:
            yield "to", f"it leads to {state.detail or 'nobody yet'}, not {step.to}"
        if step.priority is not None:
            priority = effect.priority if isinstance(effect, Transfer) else None
            if priority != step.priority:
                yield "priority", f"the priority is {priority}, not {step.priority}"
        if step.auth is not None and step.auth != state.auth:
            yield "auth", f"proved is {state.auth or 'nothing'}, not {step.auth or 'nothing'}"
        yield from _shows(step, answers(self.flows, state))

    @staticmethod
    def _hears(step: Step, heard: str) -> Iterator[tuple[str, str]]:
        wanted = (step.hears,) if isinstance(step.hears, str) else step.hears
        rest = heard
        for words in wanted:
            _, found, rest = rest.partition(words)
            if not found:
                yield "hears", f"{words!r} is not said (there); said is: {heard or 'nothing'}"
                return

    def _act(self, step: Step) -> str:
        """Do what the caller does; returns what is wrong with that here."""
        effect = self.box.effect
        acts = [step.press != "", step.silent, step.speak is not None, step.hang_up]
        if sum(acts) > 1:
            return "a caller does one thing in a step"
        if any(acts) and self.box.over:
            return "the flow has ended already"
        if step.hang_up:
            self.box.hang_up()
        elif step.press:
            if not isinstance(effect, Collect):
                return "no keys are asked for here"
            self.box.press(step.press)
        elif step.silent:
            self.box.speak("", 0) if isinstance(effect, Record) else self.box.press("")
        elif step.speak is not None:
            if not isinstance(effect, Record):
                return "nothing is recorded here"
            self.box.speak("recording-1", step.speak)
        return ""


def _shows(step: Step, shown: dict[str, Value]) -> Iterator[tuple[str, str]]:
    for name, value in step.shows.items():
        if shown.get(name) != value:
            yield "shows", f"the agent is shown {name}: {shown.get(name)!r}, not {value!r}"
