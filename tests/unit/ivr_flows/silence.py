"""A caller who goes to a question by keypad and then does nothing any more, by the engine alone."""

from __future__ import annotations

from typing import NamedTuple

from ivr_flows.engine import State
from ivr_flows.flow import model as m
from ivr_flows.messages import Ask, Record, Value
from ivr_flows.sandbox import Sandbox
from tests.e2e.plans import IN_HOTLINE, TICKET, Plan, plans
from tests.unit.ivr_flows.shipped_flows import FLOWS
from tests.unit.ivr_flows.ways import node_of

CONFIRMS = "fault/account"
"""The entry that is said back: silence may meet the entry, or its confirmation."""
MOST = 20
"""Questions; who is asked more is in a circle."""


class Silent(NamedTuple):
    """The nodes that asked in vain, in order, and where it ended."""

    asked: tuple[str, ...]
    state: State


def asking() -> list[Plan]:
    """A call to every node of the shipped flows that waits for a caller to do something."""
    found = [one for one in plans() if isinstance(node_of(one.node), m.QUESTIONS)]
    for one in found:
        one.ticket = TICKET
    return found


class _Call:
    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._steps = plan.written()
        main = "hotline" if plan.flow in IN_HOTLINE else plan.flow
        self.box = Sandbox(FLOWS, main, {"caller": plan.number, "dialled": plan.did})
        self._answer()

    def _answer(self) -> None:
        """Answer what other rooms are asked; what a scenario has them refuse is asked of nobody who is silent."""
        while isinstance(self.box.effect, Ask):
            self.box.answer(self._found(self.box.effect.service))

    def _found(self, service: str) -> dict[str, Value]:
        """As the records have it that are made for the plan: who calls has a language, and the office its hours."""
        found = self._plan.answer(service)
        if service == "customer.find":
            return {**found, "language": found.get("language") or "zh_CN"}
        if service == "hours.open":
            return {**found, "open": self._plan.office == "open", "holiday": self._plan.office == "holiday"}
        return found

    def here(self) -> tuple[str, str]:
        return self.box.state.here, self.box.state.phase

    def walk(self, node: str, phase: str) -> None:
        while self.here() != (node, phase):
            at, keys = self._steps.pop(0)
            assert at == self.box.state.here, (at, self.box.state.path)
            self.do(keys.removesuffix("#"))

    def do(self, keys: str) -> None:
        if isinstance(self.box.effect, Record):
            self.box.speak("recording-1", 5.0 if keys else 0.0)
        else:
            self.box.press(keys)
        self._answer()


def silent_at(plan: Plan, phase: str = "") -> Silent:
    """Goes to the plan's question and says and presses nothing from there on."""
    call = _Call(plan)
    call.walk(plan.node, phase or ("record" if isinstance(node_of(plan.node), m.Record) else "entry"))
    asked: list[str] = []
    while not call.box.over:
        asked.append(call.box.state.here)
        assert len(asked) <= MOST, asked
        call.do("")
    return Silent(tuple(asked), call.box.state)
