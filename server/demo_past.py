"""Callers of days gone by in the demo's phone menu: the flows in force, the real engine and the house's own services,
at a time that was; only the line is missing. What they left is as if they had called."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from cti.practice.agi.client import FileSounds
from cti.practice.dialplan import HOTLINE
from cti.practice.in_flows import ASKED_AGAIN, SPEAKS, TYPING, Told
from cti.practice.people import SEED
from cti.practice.stories import LEAVES
from ivr_flows.engine import State, begin, left_in, step, visit_of
from ivr_flows.messages import (
    Answer,
    Ask,
    Began,
    Caller,
    Collect,
    Done,
    Effect,
    Ended,
    Failed,
    HangUp,
    Input,
    Keys,
    Language,
    Piece,
    Record,
    Recorded,
    Say,
    ServiceRefused,
    Transfer,
    Value,
    Visit,
)
from ivr_flows.sandbox import entered
from server.demo_flows import SECOND
from server.wiring import House

ASK_SECONDS = 0.05
MANY_WAIT = 4
"""So many wait where a caller is offered a call-back."""


class DemoClock:
    """The machine's clock, which can be put back while the demo's past is made."""

    def __init__(self) -> None:
        self.past: float | None = None

    def now(self) -> float:
        return time.time() if self.past is None else self.past

    def monotonic(self) -> float:
        return time.monotonic()


class PastMenu:
    """The phone menu of a house that has not started yet, as callers found it then. `clock` is the house's, `folder`
    where its recordings are."""

    def __init__(self, house: House, clock: DemoClock, folder: Path) -> None:
        self.house, self.clock, self.folder = house, clock, folder.absolute()
        self.rng = random.Random(SEED)  # noqa: S311 - a game, not a secret
        self.sounds = FileSounds(self.folder)

    async def visit(self, caller: Caller, flow: str, told: Told) -> tuple[Visit, Transfer | None]:
        """What a caller left who came into this flow at the clock's time, and where the flow sent them."""
        return await _Walk(self, caller, told).through(flow)


class _Walk:
    def __init__(self, menu: PastMenu, caller: Caller, told: Told) -> None:
        self._menu, self._caller, self._told = menu, caller, told
        self._flows, self._rng = menu.house.flows(), menu.rng
        self._began = menu.clock.now()
        self._at = 0.0
        self._entered: list[float] = []
        self._asked: dict[str, int] = {}

    async def through(self, flow: str) -> tuple[Visit, Transfer | None]:
        caller = self._caller
        state = begin(self._flows, flow, {"caller": caller.number, "dialled": HOTLINE})
        came: Input | None = Began()
        while came is not None:
            state, effect = step(self._flows, state, came)
            self._enter(state, effect)
            if isinstance(effect, Transfer | HangUp):
                sent = effect if isinstance(effect, Transfer) else None
                return self._visit(state, flow, state.ended or Ended.SERVED), sent
            came = await self._do(effect)
        return self._visit(state, flow, left_in(self._flows, state.here)), None

    def _visit(self, state: State, flow: str, ended: Ended) -> Visit:
        caller, at = self._caller, self._began
        base = Visit(caller.session, caller.call_id, caller.pbx, flow, Language.EN, caller.number, at)
        entered = tuple(round(one, 3) for one in self._entered)
        told = visit_of(self._flows, replace(state, ended=None), replace(base, entered=entered))
        return replace(told, ended=ended, ended_at=self._began + self._at)

    def _enter(self, state: State, effect: Effect) -> None:
        """Note when each node was come to: those whose words only lead to this question, one after the other."""
        new = len(state.path) - len(self._entered)
        lead = effect.lead if isinstance(effect, Collect | Record) else ()
        pieces = effect.pieces if isinstance(effect, Collect | Record) else ()
        later = [self._at + _seconds(pieces[: sum(lead[: n + 1])]) for n in range(len(lead))]
        self._entered += [*[self._at] * (new - len(later)), *later][:new]

    async def _do(self, effect: Say | Collect | Record | Ask) -> Input | None:
        """What comes of it; None where the caller hangs up."""
        match effect:
            case Say():
                self._pass(_seconds(effect.pieces))
                return Done()
            case Collect():
                return self._keyed(effect)
            case Record():
                return await self._spoken(effect)
            case Ask():
                return await self._ask(effect)

    def _keyed(self, effect: Collect) -> Keys | None:
        named = [piece.name for piece in effect.pieces if piece.name]
        name = next((one for one in reversed(named) if self._told.keys(one) is not None), "")
        keys = self._told.keys(name) or ""
        self._asked[name] = times = self._asked.get(name, 0) + 1
        lead = _seconds(effect.pieces[: sum(effect.lead)])  # nobody presses a key before the question
        heard = _seconds(effect.pieces) - lead
        self._pass(lead)
        if keys == LEAVES or (keys and times > ASKED_AGAIN):
            self._pass(heard * self._rng.uniform(0.2, 1))
            return None
        if not keys:
            self._pass(heard + effect.first_seconds)
            return Keys("")
        typed = entered(effect, keys)[: effect.most]
        self._pass(heard * self._rng.uniform(0.4, 1) + self._rng.uniform(*self._told.think))
        self._pass(sum(self._rng.uniform(*TYPING) for _ in typed))
        return Keys(typed)

    async def _spoken(self, effect: Record) -> Recorded:
        self._pass(_seconds(effect.pieces))
        room, seconds = self._menu.house.recordings, round(self._rng.uniform(*SPEAKS), 1)
        id, path = room.begin()
        self._menu.sounds.record(path, seconds)
        self._pass(seconds)
        caller = self._caller
        kept = await room.keep_words(id, caller.pbx, caller.call_id, caller.session, seconds)
        return Recorded(id if kept else "", seconds)

    async def _ask(self, effect: Ask) -> Input:
        self._pass(ASK_SECONDS)
        caller, house = self._caller, self._menu.house
        if effect.service == "pin.check":
            return Answer(self._checked(effect.args))
        if effect.service == "queue.state":
            waiting = MANY_WAIT if self._told.story.name == "call_me_back" else 1
            return Answer({"waiting": waiting, "longest_minutes": 0, "ready": 2})
        try:
            answer = await house.services.ask(effect.service, effect.args, caller)
        except ServiceRefused as refused:
            return Failed(refused.code)
        if effect.service == "ticket.open":  # the house does so itself once it has started
            await house.recordings.attach(str(effect.args.get("recording", "")), str(answer["id"]))
        return Answer(answer)

    def _checked(self, args: dict[str, Value]) -> dict[str, Value]:
        """The PINs are given out when the demo has started: a check of each would cost more than all the rest."""
        account, good = str(args.get("account", "")), args.get("pin") == self._told.own.get("pin")
        if good:
            self._menu.house.proofs.add(self._caller.session, account)
        return {"ok": good, "reason": "ok" if good else "wrong", "tries_left": 4}

    def _pass(self, seconds: float) -> None:
        self._at += seconds
        self._menu.clock.past = self._began + self._at


def _seconds(pieces: Sequence[Piece]) -> float:
    """How long these words are heard."""
    return sum(max(0.3, len(piece.text) / SECOND[piece.language]) for piece in pieces)
