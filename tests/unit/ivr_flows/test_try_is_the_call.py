"""What `ringdesk flow try` plays is what happens on the line: the same keys lead the same way over FastAGI."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from core.clock import SystemClock
from ivr_flows.engine import answers
from ivr_flows.flow.load import load
from ivr_flows.flow.model import Flows
from ivr_flows.messages import Ask, Caller, Collect, Effect, Record, ServiceRefused, Transfer, Value
from ivr_flows.trial import Trial
from tests.agi_peer import peer
from tests.unit.ivr_flows.ivr_house import ivr_house
from tests.unit.ivr_flows.scripted_call import PLAYED, OneSound
from tests.unit.ivr_flows.shipped_flows import FLOWS

FLOW = """
name: via
label: {{en: Via, zh: 经由}}
start: there
fallback: person
nodes:
  there: {{do: call, flow: {flow}, next: bye}}
  person: {{do: transfer, queue: service}}
  bye: {{do: hangup}}
"""
MOST_LINES = 30
NUMBERS = ["13800138000", "+4930123456", ""]


class Played:
    """What was typed in the terminal, what services answered there, and where it led."""

    def __init__(self, flows: Flows, flow: str, number: str) -> None:
        self.trial = Trial(flows, flow, number)
        self.lines: list[str] = []
        self.asked: list[tuple[Ask, Mapping[str, Value] | str]] = []

    def play(self, data: st.DataObject) -> None:
        """Until the flow ends, or the caller has typed enough."""
        while True:
            while ask := self.trial.asked:
                no = data.draw(st.sampled_from(["", "", "", "", "unavailable", "not_found"]))
                self.asked.append((ask, no or self.trial.example(ask)))
                self.trial.served(*self.asked[-1])
            if self.trial.over or len(self.lines) == MOST_LINES:
                return
            self.lines.append(data.draw(typed(self.trial.box.effect)))
            assert self.trial.answer(self.lines[-1]) == []


def typed(effect: Effect) -> st.SearchStrategy[str]:
    """What somebody may answer to this question, and no more than it takes. No # alone: on the line one that comes
    right after a full entry still belongs to that."""
    if isinstance(effect, Record):
        return st.sampled_from(["", "say 3"])
    assert isinstance(effect, Collect)
    if effect.most == 1:
        return st.sampled_from(["", *"1234512345067890*"])
    entry = st.text("0123456789", min_size=1, max_size=effect.most)
    whole = st.text("0123456789", min_size=effect.most, max_size=effect.most)
    return st.sampled_from(["", "0", "*", "400100#"]) | entry | whole


class Again:
    """Services that answer as they did in the terminal, and are asked the same."""

    def __init__(self, asked: list[tuple[Ask, Mapping[str, Value] | str]]) -> None:
        self.left = list(asked)

    async def ask(self, service: str, args: Mapping[str, Value], caller: Caller) -> dict[str, Value]:
        before, answer = self.left.pop(0)
        assert (service, without_words(args)) == (before.service, without_words(before.args))
        if isinstance(answer, str):
            raise ServiceRefused(answer)
        return dict(answer)


def without_words(values: Mapping[str, Any]) -> dict[str, Any]:
    """Without ids of recordings, which are each line's own."""
    return {name: value for name, value in values.items() if not str(value).startswith("rec")}


class Keypad:
    """A caller who types the same lines; with the last of them they hang up."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = list(lines)
        self._keys: list[str] | None = None
        self._typed = False

    def reply(self, command: str) -> str | None:
        """Asterisk's answer; None: the caller is gone."""
        if command.startswith("RECORD FILE"):
            self._keys = None
            if not self._lines:
                return None
            return "200 result=35 (dtmf) endpos=24000" if self._lines.pop(0) else "200 result=0 endpos=8000"
        if command.startswith("STREAM FILE"):
            if '""' in command:
                return PLAYED
            if (self._keys is None or (self._typed and not self._keys)) and not self._next():
                return None
            return f"200 result={ord(self._keys.pop(0))} endpos=400" if self._keys else PLAYED
        if command.startswith("WAIT FOR DIGIT"):
            if self._keys:
                return f"200 result={ord(self._keys.pop(0))}"
            self._keys = None
            return "200 result=0"
        return "200 result=0"

    def _next(self) -> bool:
        if not self._lines:
            return False
        self._keys = [*self._lines.pop(0)]
        self._typed = bool(self._keys)
        return True


async def called(flows: Flows, flow: str, number: str, played: Played) -> dict[str, Any]:
    """The same over FastAGI: what is kept of the visit."""
    async with ivr_house(SystemClock()) as house:
        house.flows, services = flows, Again(played.asked)
        house.voice, house.services = OneSound(), services  # type: ignore[assignment] # of the same Protocols
        async with peer(house.port) as line:
            line.header(request=f"agi://127.0.0.1/{flow}", network_script=flow, callerid=number or "unknown")
            keypad, told = Keypad(played.lines), {}
            while command := await line.command():
                if command.startswith("SET VARIABLE"):
                    _, _, name, value = command.split(" ", 3)
                    told[name] = value.strip('"')
                answer = keypad.reply(command)
                line.send(*([answer] if answer else ["HANGUP", "200 result=-1"]))
            visit = await house.ended()
            assert services.left == []
            return {
                "path": visit.path,
                "answers": without_words(visit.answers),
                "proved": (visit.auth, visit.account),
                "language": visit.language,
                "ended": visit.ended.value if visit.ended else "",
                "priority": told.get("QUEUE_PRIO", ""),
            }


@pytest.mark.parametrize("flow", ["hotline", "fault", "ticket_status", "bill", "person", "ticket_survey"])
@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.reuse, Phase.generate],  # a line that waits makes shrinking long
)
@given(data=st.data())
def test_the_terminal_and_the_line_go_the_same_way(flow: str, data: st.DataObject) -> None:
    flows = Flows({**FLOWS.by_name, "via": load(FLOW.format(flow=flow), "via.yaml").flow})
    number = data.draw(st.sampled_from(NUMBERS))
    played = Played(flows, "via", number)
    played.play(data)
    box = played.trial.box
    queue = isinstance(box.effect, Transfer) and box.effect.kind.value == "queue"
    found = asyncio.run(called(flows, "via", number, played))
    over = box.state.ended.value if box.state.ended else ""
    if not over:  # the caller hung up at the last question, perhaps before all that leads to it was said
        assert found["path"] == box.state.path[: len(found["path"])]
        return
    assert found == {
        "path": box.state.path,
        "answers": without_words(answers(flows, box.state)),
        "proved": (box.state.auth, box.state.account),
        "language": box.state.language,
        "ended": over,
        "priority": str(box.effect.priority) if queue and isinstance(box.effect, Transfer) else "",
    }
