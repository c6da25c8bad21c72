"""A caller who goes the way that a scenario's file tells, on a real FastAGI line, and hangs up where a test wants."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import yaml

from ivr_flows.flow.model import Flows, Say
from ivr_flows.messages import Caller, Piece, ServiceRefused, Value, Visit
from ivr_flows.scenario import Scenario
from tests.agi_peer import Peer
from tests.unit.ivr_flows.ways import node_of

PLAYED = "200 result=0 endpos=800"
_WAITS = ("STREAM FILE", "WAIT FOR DIGIT", "RECORD FILE")


def scenario_of(path: Path) -> Scenario:
    return msgspec.convert(yaml.safe_load(path.read_text("utf-8")), Scenario)


class OneSound:
    """Says everything with one sound."""

    async def sounds(self, pieces: tuple[Piece, ...]) -> tuple[str, ...]:
        return ("words",) if pieces else ()

    def not_played(self, sound: str, caller: Caller) -> None:
        raise AssertionError(f"{sound} was not played")


class Told:
    """Services that answer as the scenario says, or else as the examples of the flows on the way do."""

    def __init__(self, flows: Flows, scenario: Scenario, here: Callable[[], Visit]) -> None:
        self._flows, self._here = flows, here
        self._given = dict(scenario.vars)
        self.answers, self.refuses = dict(scenario.answers), dict(scenario.refuses)
        self.on_ask: Callable[[str], None] = lambda node: None

    async def ask(self, service: str, args: Mapping[str, Value], caller: Caller) -> dict[str, Value]:
        visit = self._here()
        self.on_ask(visit.node)
        if service == "customer.find" and "who" in self._given:
            return dict(self._given["who"])
        if service in self.refuses:
            raise ServiceRefused(self.refuses[service])
        return dict(self.answers[service] if service in self.answers else self._example(service, visit))

    def _example(self, service: str, visit: Visit) -> Any:
        way = [step.partition("/")[0] for step in (*visit.path, visit.node)]
        names = (*reversed(way), visit.flow)
        return next(found for name in names if (found := self._flows.by_name[name].examples.get(service)))


class Way:
    """What the caller does next."""

    def __init__(self, scenario: Scenario, told: Told) -> None:
        self._steps = iter(scenario.steps)
        self._told = told
        self._keys = ""
        self._typed = False

    def reply(self, command: str) -> str:
        """What Asterisk answers to this command."""
        if command.startswith("RECORD FILE"):
            seconds = self._next()
            return f"200 result=35 (dtmf) endpos={seconds * 8000}" if seconds else "200 result=0 endpos=8000"
        if command.startswith("STREAM FILE"):
            if '""' in command:
                return PLAYED
            self._next()
            return f"200 result={ord(self._pressed())} endpos=800" if self._keys else PLAYED
        if command.startswith("WAIT FOR DIGIT"):
            return f"200 result={ord(self._pressed()) if self._typed or self._keys else 0}"
        return "200 result=1 (1700000000.1)" if command.startswith("GET VARIABLE") else "200 result=0"

    def _pressed(self) -> str:
        """The next key; who has typed all of them ends the entry."""
        key, self._keys = self._keys[:1] or "#", self._keys[1:]
        self._typed = key != "#"
        return key

    def _next(self) -> int:
        """Go on to the step in which the caller does something; how long it speaks there."""
        self._keys, self._typed = "", False
        for step in self._steps:
            self._told.answers |= step.answers
            self._told.refuses |= step.refuses
            for service in step.answers:
                self._told.refuses.pop(service, None)
            if step.press or step.silent or step.speak is not None or step.hang_up:
                self._keys = step.press
                return round(step.speak or 0)
        return 0


async def go(line: Peer, way: Way, here: Callable[[], str], until: str) -> bool:
    """Go the way to the node `until` and to what it says or asks there, which stays unanswered; False where the call
    ends before. Words before a question are heard out."""
    while command := await line.command():
        if command.startswith(_WAITS) and here() == until:
            return True
        words = command.startswith("STREAM FILE") and isinstance(node_of(here()), Say)
        line.send(PLAYED if words else way.reply(command))
    return False
