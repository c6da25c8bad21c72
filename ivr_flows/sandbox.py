"""A flow played without a telephone: for scenarios, for `ringdesk flow try`, for tests. Pure.

It stops wherever the caller has to do something, a service is asked, or the flow ends; what was said until then is
gathered as text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ivr_flows.engine import State, begin, step
from ivr_flows.flow.model import Flows
from ivr_flows.messages import (
    Answer,
    Ask,
    Began,
    Collect,
    Done,
    Effect,
    Failed,
    HungUp,
    Input,
    Keys,
    Language,
    Piece,
    Record,
    Recorded,
    Said,
    Say,
    Value,
)
from ivr_flows.speech.spoken import utterances

HIDDEN = "••••••"


class Sandbox:
    """One visit. `effect` is what it waits for; `heard` and `asked` grow until `take` empties them."""

    def __init__(
        self,
        flows: Flows,
        name: str,
        caller_vars: Mapping[str, Value],
        shown: Callable[[tuple[Piece, ...]], str] | None = None,
    ) -> None:
        self.flows = flows
        self._shown = shown or spoken
        self.state: State = begin(flows, name, caller_vars)
        self.heard: list[str] = []
        self.asked: list[tuple[str, dict[str, Value]]] = []
        self.effect: Effect = Say(())
        self.give(Began())

    def give(self, came: Input) -> None:
        """The outcome of what it waits for; goes on to the next stop."""
        while True:
            self.state, self.effect = step(self.flows, self.state, came)
            if isinstance(self.effect, Say | Collect | Record) and self.effect.pieces:
                self.heard.append(self._shown(self.effect.pieces))
            if isinstance(self.effect, Ask):
                self.asked.append((self.effect.service, without_secrets(self.effect.args)))
            if not isinstance(self.effect, Say):
                return
            came = Done()

    @property
    def over(self) -> bool:
        return self.state.ended is not None

    def press(self, keys: str) -> None:
        """Type keys; none is silence. The key that ends an entry is no part of it, as on the telephone."""
        self.give(Keys(entered(self.effect, keys) if isinstance(self.effect, Collect) else keys))

    def speak(self, recording: str, seconds: float) -> None:
        """Say something for so long; 0 is saying nothing."""
        self.give(Recorded(recording if seconds > 0 else "", seconds))

    def answer(self, data: Mapping[str, Value]) -> None:
        self.give(Answer(dict(data)))

    def refuse(self, code: str) -> None:
        self.give(Failed(code))

    def hang_up(self) -> None:
        self.give(HungUp())

    def take(self) -> tuple[list[str], list[tuple[str, dict[str, Value]]]]:
        """What was said and asked since the last time."""
        heard, asked = self.heard, self.asked
        self.heard, self.asked = [], []
        return heard, asked


def entered(asked: Collect, keys: str) -> str:
    """What a line brings of these keys: the key that ends an entry is no part of it."""
    return keys.partition(asked.end)[0] if asked.end else keys


def spoken(pieces: tuple[Piece, ...]) -> str:
    """What a caller hears, to be read."""
    return " ".join(
        " ".join(piece.text) if piece.said is Said.DIGITS else piece.text.strip() for piece in pieces
    )


def aloud(pieces: tuple[Piece, ...], this_year: int) -> str:
    """The same, with the words in which values are spoken: 12.05 CNY (twelve yuan and five fen)."""
    return " ".join(_with_words(piece, this_year) for piece in pieces)


def _with_words(piece: Piece, this_year: int) -> str:
    text = spoken((piece,))
    if piece.said in (Said.PROMPT, Said.DIGITS):
        return text
    words = utterances(piece, this_year)
    if any(not word.name for word in words):
        return f"{text} (no {piece.said.value}: read as it is written)"
    return f"{text} ({('' if piece.language is Language.ZH else ' ').join(word.text for word in words)})"


def without_secrets(args: Mapping[str, Value]) -> dict[str, Value]:
    """Arguments as they may be shown: a PIN is not."""
    return {name: HIDDEN if name == "pin" else value for name, value in args.items()}


def example(flows: Flows, state: State, service: str) -> Value:
    """What the flow's file says that a service answers, or the files of the flows that called it; None for nothing."""
    for name in (state.flow, *(frame.flow for frame in reversed(state.stack)), state.main):
        if service in flows.by_name[name].examples:
            found: Value = flows.by_name[name].examples[service]
            return found
    return None
