"""Runs a flow on a caller's line: each effect of the engine is carried out, and its outcome handed back.

Whatever breaks, a flow, a service, a sound or the line, the caller is not lost: the line to Asterisk is given up
without a word, and the dialplan goes on to its queue.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import structlog
from msgspec.structs import replace

from core.clock import Clock
from core.ids import new_id
from ivr_flows import troubles
from ivr_flows.agi.frames import Asked
from ivr_flows.agi.session import Agi
from ivr_flows.agi.words import AGIError, AGIHangup, ProtocolError, UnsafeArgument
from ivr_flows.engine import State, begin, left_in, step, visit_of
from ivr_flows.flow.model import Flows
from ivr_flows.line import CallerLine
from ivr_flows.messages import (
    PLACE,
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
    Language,
    NoPlace,
    NotFree,
    Record,
    Recordings,
    Say,
    ServiceRefused,
    Services,
    Target,
    Transfer,
    Visit,
    Voice,
)
from ivr_flows.visits import Visits

log = structlog.get_logger(__name__)
NEXT, TO, PRIORITY = "RINGDESK_NEXT", "RINGDESK_TO", "QUEUE_PRIO"
"""What the dialplan reads when the flow has ended."""
CALL = "RINGDESK_CALL"
_ID = re.compile(r"[!-~]{1,150}")
"""The id of a channel or a call, as long as Asterisk has them (AST_MAX_UNIQUEID)."""


class Lines(Protocol):
    """What the telephone side knows of a caller's line, and of where callers can go."""

    def call_of(self, pbx: str, uniqueid: str, tag: str) -> str:
        """The id that the call of this channel has."""
        ...

    def pbx_of(self, peer: str, named: str) -> str:
        """The PBX at this address, or the one that the dialplan names; empty where there is none."""
        ...

    async def place(self, transfer: Transfer, caller: Caller) -> str:
        """What the dialplan is to go to: queue, extension, number. Empty where there is no such place; raises `NoPlace`
        for a number that nobody may be put through to, `NotFree` for an agent who takes no call now."""
        ...


@dataclass(frozen=True)
class Around:
    """What the driver stands on. `ask_seconds` is how long a caller waits for another room, or for a place to go."""

    flows: Callable[[], Flows]
    services: Services
    voice: Voice
    recordings: Recordings | None
    visits: Visits
    lines: Lines
    clock: Clock
    ask_seconds: float = 5.0


class Driver:
    """Serves callers, each in a task of its own."""

    def __init__(self, around: Around) -> None:
        self._around = around

    async def serve(self, agi: Agi, wanted: Asked) -> None:
        """One caller, from the opening of the line to its end. Raises nothing but a cancellation."""
        flows = self._around.flows()
        try:
            caller = await self._caller(agi, wanted)
        except (AGIError, UnsafeArgument) as error:
            log.info("flow.no_caller", flow=wanted.flow, why=str(error))
            return
        if wanted.flow not in flows.by_name:
            self._refused(wanted.flow, caller)
            return
        state = begin(flows, wanted.flow, {"caller": caller.number, "dialled": caller.dialled})
        await _Run(self._around, agi, caller, flows, state).run()

    async def _caller(self, agi: Agi, wanted: Asked) -> Caller:
        """Who is on the line, as the PBX says it."""
        await agi.answer()
        env, lines = agi.env, self._around.lines
        pbx = lines.pbx_of(agi.peer, wanted.options.get("pbx", ""))
        uniqueid, tag = env.get("agi_uniqueid", ""), await agi.get_variable(CALL)
        if not _ID.fullmatch(uniqueid) or (tag and not _ID.fullmatch(tag)):
            raise ProtocolError("the line names no channel")
        return Caller(
            session=new_id(self._around.clock.now()),
            pbx=pbx,
            call_id=lines.call_of(pbx, uniqueid, tag),
            channel=env.get("agi_channel", "")[:256],
            uniqueid=uniqueid,
            number=_known(env.get("agi_callerid", "")),
            name=_known(env.get("agi_calleridname", "")),
            dialled=_known(env.get("agi_dnid", "")) or _known(env.get("agi_extension", "")),
        )

    def _refused(self, flow: str, caller: Caller) -> None:
        at = self._around.clock.now()
        visit = replace(
            _visit(caller, flow, at), ended=Ended.FAILED, ended_at=at, detail="there is no such flow"
        )
        self._around.visits.put(visit)
        self._around.visits.trouble(visit, troubles.NO_FLOW)


class _Run:
    """One visit."""

    def __init__(self, around: Around, agi: Agi, caller: Caller, flows: Flows, state: State) -> None:
        self._around = around
        self._agi = agi
        self._caller = caller
        self._flows = flows
        self._state = state
        self._visit = _visit(caller, state.flow, around.clock.now())
        self._line = CallerLine(agi, around.voice, around.recordings, caller, around.clock.monotonic)
        self._told = 0

    async def run(self) -> None:
        came: Input = Began()
        try:
            while True:
                effect = self._step(came)
                if isinstance(effect, Transfer | HangUp):
                    await self._end(effect)
                    return
                came = await self._do(effect)
                if isinstance(effect, Ask) and self._agi.hung_up:
                    self._left_meanwhile(came)
        except AGIHangup:
            self._finish(left_in(self._flows, self._visit.node), "")
        except asyncio.CancelledError:
            self._finish(Ended.FAILED, "the server was stopped")
            raise
        except Exception as error:
            self._broken(error)

    def _step(self, came: Input) -> Effect:
        self._state, effect = step(self._flows, self._state, came)
        self._note(len(effect.lead) if isinstance(effect, Collect | Record) else 0)
        return effect

    def _note(self, left: int = 0) -> None:
        """Put down where the caller is now, and what the agent will be shown. `left` nodes of the way are still to
        come: their words have not begun."""
        state, before = self._state, self._visit
        since = self._around.clock.now() - before.started_at
        path = state.path[: len(state.path) - left]
        entered = (*before.entered, *(round(since, 3),) * (len(path) - len(before.path)))
        told = visit_of(self._flows, replace(state, ended=None, path=path), replace(before, entered=entered))
        self._visit = replace(told, node=path[-1]) if left else told
        self._tell_failures(state)
        if self._visit != before and state.ended is None:
            self._around.visits.put(self._visit)

    def _left_meanwhile(self, answer: Input) -> None:
        """The caller went while another room was asked. What came of it is put down; no node after it was reached, and
        nobody else is asked for a caller who is gone. Raises what ended the line."""
        before, (state, _) = self._visit, step(self._flows, self._state, answer)
        told = visit_of(self._flows, replace(state, ended=None, path=before.path), before)
        self._visit = replace(told, node=before.node)
        self._tell_failures(state)
        self._agi.test_hangup()

    def _tell_failures(self, state: State) -> None:
        """Services that did not answer since the last time, to the integrator."""
        for what in state.failures[self._told :]:
            self._around.visits.trouble(self._visit, troubles.REFUSED, what.partition(": ")[2])
        self._told = len(state.failures)

    async def _do(self, effect: Say | Collect | Record | Ask) -> Input:
        match effect:
            case Say():
                await self._line.say(effect.pieces)
                return Done()
            case Collect():
                return await self._line.collect(effect, self._note)
            case Record():
                return await self._line.record(effect, self._visit.id, self._note)
            case Ask():
                return await self._ask(effect)

    async def _ask(self, effect: Ask) -> Input:
        """Ask another room. What has begun is not broken off when the caller hangs up meanwhile."""
        try:
            async with asyncio.timeout(self._around.ask_seconds):
                return Answer(await self._around.services.ask(effect.service, effect.args, self._caller))
        except ServiceRefused as refused:
            return Failed(refused.code)
        except TimeoutError:
            self._around.visits.trouble(self._visit, troubles.LATE, effect.service)
            return Failed("timeout")
        except Exception as error:
            log.exception("flow.service_failed", service=effect.service)
            about = f"{effect.service} ({type(error).__name__})"
            self._around.visits.trouble(self._visit, troubles.FAILED, about)
            return Failed("error")

    async def _end(self, effect: Transfer | HangUp) -> None:
        state, detail = self._state, self._state.detail
        if state.ended is Ended.FAILED:
            self._around.visits.trouble(self._visit, detail)
        elif isinstance(effect, Transfer):
            detail = await self._transfer(effect) or detail
        elif state.ended is Ended.SERVED:
            await self._agi.set_variable(NEXT, "hangup")
        self._finish(state.ended or Ended.SERVED, detail)

    async def _transfer(self, effect: Transfer) -> str:
        """Tell the dialplan where to go on. Where nobody can be put through it is told nothing, and takes its queue;
        returns why."""
        if effect.kind is Target.QUEUE or effect.priority:  # whom nobody else takes ends in a queue, too
            await self._agi.set_variable(PRIORITY, effect.priority)
        try:
            async with asyncio.timeout(self._around.ask_seconds):
                to = await self._around.lines.place(effect, self._caller)
        except NotFree:
            return troubles.NOT_FREE
        except NoPlace as barred:
            return self._around.visits.trouble(self._visit, troubles.NOT_DIALLED, barred.why)
        except TimeoutError:
            return self._around.visits.trouble(self._visit, troubles.LATE, effect.kind.value)
        if not PLACE.fullmatch(to):
            return self._around.visits.trouble(self._visit, troubles.NO_PLACE, effect.kind.value)
        await self._agi.set_variable(TO, to)
        await self._agi.set_variable(NEXT, effect.kind.value)
        return ""

    def _broken(self, error: Exception) -> None:
        """Something of ours or of the line's failed: tell the integrator, and let the dialplan go on."""
        kind, about = troubles.of(error)
        if kind is troubles.BROKEN:
            log.exception("flow.broken", flow=self._visit.flow, node=self._visit.node)
        self._around.visits.trouble(self._visit, kind, about)
        unheard = kind is troubles.NO_SOUND
        self._finish(Ended.FAILED, kind.replace("{about}", about) if unheard else troubles.short(error))

    def _finish(self, ended: Ended, detail: str) -> None:
        at = self._around.clock.now()
        recordings = (*self._visit.recordings, *self._line.left)
        visit = replace(self._visit, ended=ended, ended_at=at, detail=detail, recordings=recordings)
        self._around.visits.put(visit)


def _visit(caller: Caller, flow: str, at: float) -> Visit:
    return Visit(
        id=caller.session,
        call_id=caller.call_id,
        pbx=caller.pbx,
        flow=flow,
        language=Language.EN,
        number=caller.number,
        started_at=at,
    )


def _known(text: str) -> str:
    """A text of the header; Asterisk says `unknown` for what it does not know."""
    clean = "".join(char for char in text if char.isprintable())[:256]
    return "" if clean == "unknown" else clean
