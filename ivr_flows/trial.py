"""`ringdesk flow try`: plays a flow in the terminal. Pure: a line in, lines out; services are answered from outside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import msgspec

from ivr_flows.engine import answers
from ivr_flows.engine.take import KEYS
from ivr_flows.flow.model import Flows
from ivr_flows.flow.told import told
from ivr_flows.messages import Ask, Collect, HangUp, Language, Record, Transfer, Value
from ivr_flows.sandbox import HIDDEN, Sandbox, aloud, example, without_secrets

HELP = """\
keys          type what the caller types: 1, 400100200
(empty line)  the caller presses or says nothing
say 5         speak for five seconds, where words are recorded
hang up       the caller hangs up
show          variables and the way so far
help, quit"""


class Trial:
    """A visit that is played through. `this_year` is the one that spoken dates leave out."""

    def __init__(
        self, flows: Flows, name: str, number: str, language: str = "", this_year: int | None = None
    ) -> None:
        given: dict[str, Value] = {"caller": number, **({"language": language} if language else {})}
        self.flows = flows
        shown = partial(aloud, this_year=this_year) if this_year is not None else None
        self.box = Sandbox(flows, name, given, shown)
        self.language = language
        self._recordings = 0

    @property
    def asked(self) -> Ask | None:
        """The service that waits to be answered."""
        return self.box.effect if isinstance(self.box.effect, Ask) else None

    @property
    def over(self) -> bool:
        return self.box.over

    def served(self, ask: Ask, answer: Mapping[str, Value] | str, why: str = "") -> list[str]:
        """Hand over a service's answer, or the code with which it refused and why; tells what was said before and
        asked."""
        before = self._heard()
        asked = f"{ask.service} {_plain(without_secrets(ask.args))}"
        if isinstance(answer, str):
            self.box.refuse(answer)
            return [*before, f"  asks   {asked} -> refused: {answer}{f' ({why})' if why else ''}"]
        self.box.answer(answer)
        return [*before, f"  asks   {asked} -> {_plain(answer)}"]

    def example(self, ask: Ask) -> Mapping[str, Value] | str:
        """What the flow's file says that the service answers."""
        found = example(self.flows, self.box.state, ask.service)
        return found if isinstance(found, dict) else "unavailable"

    def answer(self, line: str) -> list[str]:
        """What the line brings about, for people to read."""
        text = line.strip()
        if text in ("help", "show"):
            return HELP.splitlines() if text == "help" else [*self._show()]
        if text == "hang up":
            self.box.hang_up()
        elif isinstance(self.box.effect, Record):
            seconds = _seconds(text)
            if seconds is None:
                return ["words are recorded here: `say 5`, or an empty line for silence"]
            self._recordings += 1
            self.box.speak(f"recording-{self._recordings}", seconds)
        elif set(text) <= KEYS:
            self.box.press(text)
        else:
            return [f"`{text}` is no key; `help` says what can be typed"]
        return []

    def outcome(self) -> list[str]:
        """What is heard now, and how it ended where it has."""
        return [*self._heard(), *(self._ended() if self.over else ())]

    def prompt(self) -> str:
        """Where the caller is."""
        return f"{self.box.state.here}> "

    def echo(self, line: str) -> str:
        """The line as it may be shown: a PIN is not."""
        hide = isinstance(self.box.effect, Collect) and self.box.effect.secret and set(line.strip()) <= KEYS
        return HIDDEN if hide and line.strip() else line.strip()

    def _heard(self) -> list[str]:
        heard, _ = self.box.take()
        return [f"  hears  {text}" for text in heard]

    def _ended(self) -> Iterator[str]:
        state, effect = self.box.state, self.box.effect
        how = state.ended.value if state.ended else ""
        if isinstance(effect, Transfer):
            how = f"transferred to {effect.kind.value} {effect.to}, priority {effect.priority}"
        elif isinstance(effect, HangUp) and state.detail:
            how = f"{how}: {state.detail}"
        yield f"  ended  {how}"
        yield from self._for_the_agent()

    def _for_the_agent(self) -> Iterator[str]:
        """As the card says it."""
        state = self.box.state
        shown, language = answers(self.flows, state), self.language or Language.EN.value
        for one in told(self.flows, (state.main, *state.path), shown, language):
            yield f"  agent  {one.about}: {one.said}"

    def _show(self) -> Iterator[str]:
        state = self.box.state
        yield f"way: {', '.join(state.path)}"
        for name, value in state.vars.items():
            yield f"{name}: {_plain(value)}"
        yield f"proved: {state.auth or 'nothing'}, language: {state.language.value}"


def _seconds(text: str) -> float | None:
    """How long the caller speaks, as a line says it; None where it says no such thing."""
    words = text.removeprefix("say").strip()
    if not words:
        return 0.0 if not text else 5.0
    try:
        return max(0.0, min(float(words), 300.0))
    except ValueError:
        return None


def _plain(value: Any) -> str:
    return msgspec.json.encode(value).decode()
