"""Call-backs on the house's telephone side: who is free, how an order is placed, what became of it, what is barred."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import structlog
from msgspec.structs import replace

from config.settings import CallbackSettings, DialSettings, PbxSettings, Settings, SurveySettings
from core.bus import Bus
from core.clock import Clock, iso
from core.errors import Refused
from cti.actions import Dialled, Originated
from cti.commands import Asked, PhoneCommands
from cti.dial_counts import DialCounts
from cti.dial_policy import BARRED, CAPPED, Barred, By, judge
from cti.dialling import called_number, with_prefix
from cti.messages import (
    Agent,
    AgentChanged,
    AgentState,
    Call,
    CallAnswered,
    CallEnded,
    Direction,
    EndReason,
    Outcome,
    QueueChanged,
)
from cti.store import CallStore
from cti.switchboard import Switchboard
from ivr_flows.callbacks.dialer import Dialer
from ivr_flows.callbacks.model import (
    Callback,
    CallbackChanged,
    Fate,
    FreeAgent,
    Placed,
    QueueNow,
    Seen,
    State,
)
from ivr_flows.callbacks.rule import Rule, seconds_of_day
from ivr_flows.callbacks.service import Callbacks
from ivr_flows.callbacks.store import CallbackStore
from ivr_flows.messages import NoPlace
from ivr_flows.visits import Visits
from screenpop.ivr import pop_ivr
from screenpop.pops import PopCallback, PopIvr

if TYPE_CHECKING:
    from server.rooms import Rooms

log = structlog.get_logger(__name__)
ACTOR = "callback"
EARLY_SECONDS = 1.5
"""An agent's phone may ring for a call-back so long before the wrap-up ends. Asterisk counts whole seconds and lets it
end up to one sooner than told; a caller on the line, who came later, would get the agent by that."""


class HousePhones:
    """`ivr_flows.callbacks.model.Phones` on a switchboard."""

    def __init__(
        self,
        switchboard: Switchboard,
        phones: PhoneCommands,
        calls: CallStore,
        survey: SurveySettings,
        clock: Clock,
    ) -> None:
        self._survey = survey
        self._clock = clock
        self._board = switchboard
        self._phones = phones
        self._calls = calls

    def free_agents(self) -> tuple[FreeAgent, ...]:
        up = {name for name, line in self._board.lines.items() if line.up}
        now = self._clock.now()
        found = ((agent, free_from(agent, now)) for agent in self._board.snapshot().agents if agent.pbx in up)
        return tuple(
            FreeAgent(agent.user, agent.pbx, agent.queues, at) for agent, at in found if at is not None
        )

    def queue(self, pbx: str, queue: str) -> QueueNow:
        line = self._board.lines.get(pbx)
        found = line.board.queue(queue) if line is not None else None
        if line is None or found is None:
            return QueueNow()
        return QueueNow(line.board.waiting(queue), found.weight)

    def call_id(self, pbx: str, channel_id: str) -> str:
        return f"{pbx}-{channel_id}"

    async def dial(self, agent: str, number: str, channel_id: str, at: float) -> Placed:
        return await _placed(self._phones.order(Asked(agent, at, by=ACTOR), number, channel_id))

    async def ask(self, pbx: str, number: str, channel_id: str, at: float) -> Placed:
        place = (self._survey.context, self._survey.flow)
        return await _placed(self._phones.ring_up(pbx, number, place, channel_id))

    async def look(self, pbx: str, call_id: str) -> Seen:
        live, call = self._board.call(call_id), None
        if live is None:
            call = await self._calls.get(call_id)
            # That may be part of another by now.
            live = self._board.call(call.id) if call is not None else None
        if live is not None:
            return Seen(Fate.LIVE if live.answered_at is None else Fate.ANSWERED)
        if call is not None and call.ended_at is not None:
            return ended(call)
        line = self._board.lines.get(pbx)
        # Of a PBX that the settings no longer have nobody will ever tell.
        return Seen(Fate.NEVER if line is None or line.up else Fate.UNKNOWN)


def free_from(agent: Agent, now: float) -> float | None:
    """From when on the agent can be rung for a call-back; None where nobody knows."""
    if agent.state is AgentState.READY:
        return min(agent.since, now)  # the clock may have been put back
    return None if agent.wrap_until is None else agent.wrap_until - EARLY_SECONDS


async def _placed(ordering: Awaitable[Originated]) -> Placed:
    try:
        done = await ordering
    except Refused as refusal:  # nothing was sent
        log.info("callback.not_dialled", code=refusal.code)
        return Placed.REFUSED
    placed = {Dialled.QUEUED: Placed.DONE, Dialled.UNKNOWN: Placed.UNKNOWN}
    return placed.get(done.state, Placed.REFUSED)


class HouseGate:
    """`ivr_flows.callbacks.model.Gate`: the dial policy for what the server dials by itself."""

    def __init__(
        self, policy: DialSettings, counts: DialCounts, pbxs: Sequence[PbxSettings], clock: Clock
    ) -> None:
        self._policy = policy
        self._counts = counts
        self._pbxs = {pbx.name: pbx for pbx in pbxs}
        self._clock = clock

    def barred(self, number: str, pbx: str) -> str:
        settings = self._pbxs.get(pbx)
        if settings is None:
            return "no_pbx"
        verdict = judge(self._policy, number, settings.region, By.SERVER)
        return verdict.code if isinstance(verdict, Barred) else ""

    async def take(self, number: str, at: float) -> bool:
        return await self._counts.take(number, at)

    async def through(self, number: str, pbx: str) -> str:
        """What the dialplan dials for a caller who is put through to this number; empty where there is no such PBX.
        Raises `NoPlace` where it is barred, or a cap is reached."""
        settings = self._pbxs.get(pbx)
        if settings is None:
            return ""
        verdict = judge(self._policy, number, settings.region, By.SERVER)
        if isinstance(verdict, Barred):
            raise NoPlace(BARRED[verdict.code])
        if not await self.take(verdict.e164, self._clock.now()):
            raise NoPlace(CAPPED)
        return with_prefix(called_number(verdict.e164, settings.region), settings.outside_prefix)


def ended(call: Call) -> Seen:
    """An ended call as the dialer reads it. The segment of an agent who hangs up while the caller is rung is cancelled
    (DialEnd says CANCEL), that of one who waited in vain `no_answer`. Where the trunk fails it is cancelled too, but
    the outcome is another."""
    gone = {EndReason.AGENT_HUNG_UP}
    if call.outcome is Outcome.NO_ANSWER:
        gone.add(EndReason.CANCELLED)
    agent = any(segment.end_reason in gone for segment in call.segments)
    return Seen(Fate.ENDED, call.outcome.value if call.outcome else "", agent)


def other_side(call: Call) -> str:
    """The number outside; empty for a call within the house."""
    sides = {Direction.INBOUND: call.caller.number, Direction.OUTBOUND: call.dialled}
    return sides.get(call.direction, "")


def rule_of(callback: CallbackSettings, time_zone: str) -> Rule:
    """The rule of the settings."""
    return Rule(
        callback.tries,
        tuple(gap * 60 for gap in callback.gap_minutes),
        seconds_of_day(callback.first_hour),
        seconds_of_day(callback.last_hour),
        callback.keep_hours * 3600,
        ZoneInfo(time_zone),
    )


def gate_of(house: Rooms, settings: Settings) -> HouseGate:
    """The dial policy and its caps."""
    return HouseGate(settings.dial, DialCounts(house.db, settings.dial), settings.pbx, house.clock)


def callbacks_of(house: Rooms, settings: Settings) -> tuple[Callbacks, Dialer]:
    """The house's call-backs and what dials them."""
    own = settings.callback
    callbacks = Callbacks(
        CallbackStore(house.db),
        house.bus,
        house.clock,
        house.gate,
        rule_of(own, settings.desk.time_zone),
        own.enabled,
        own.queues,
    )
    phones = HousePhones(house.switchboard, house.phones, house.calls, settings.survey, house.clock)
    dialer = Dialer(callbacks, phones, house.bus, house.clock, surveys_at_once=settings.survey.at_once)
    return callbacks, dialer


def pop_callback(callback: Callback | None) -> PopCallback | None:
    """What a card says of a call-back."""
    if callback is None:
        return None
    return PopCallback(iso(callback.requested_at), iso(callback.since), callback.queue, callback.tries)


def asked_for(dialer: Dialer, call_ids: Sequence[str]) -> Callback | None:
    """The call-back that a call is, by any id that the call has or had."""
    return next((dialer.current[one] for one in call_ids if one in dialer.current), None)


def told_before(visits: Visits, dialer: Dialer, call_ids: Sequence[str], at: float) -> PopIvr | None:
    """What the caller told the phone menu: in this call, or in the one in which they asked to be called back. What they
    proved there is not proved here: somebody else may answer the telephone."""
    callback = asked_for(dialer, call_ids)
    if callback is None:
        return pop_ivr(visits.of_call(call_ids[0]), at)
    told = pop_ivr(visits.of_call(callback.asked_call), at) if callback.asked_call else None
    return replace(told, auth="") if told else None


def follow(dialer: Dialer, bus: Bus, key: Callable[[str, str], str]) -> None:
    """Tell the dialer what it waits for. `key` gives a number of a PBX in E.164, empty for what is none."""

    def agent(event: AgentChanged) -> None:
        if event.agent.state in {AgentState.READY, AgentState.WRAP_UP}:
            dialer.stirred()
        elif event.agent.state is AgentState.TALKING and event.agent.call_id:
            dialer.picked_up(event.agent.call_id)

    def answered(event: CallAnswered) -> None:
        call = event.call
        dialer.heard(call.id, Seen(Fate.ANSWERED))
        if event.segment.agent and (number := key(other_side(call), call.pbx)):
            dialer.talked(number)

    def changed(event: CallbackChanged) -> None:
        if event.callback.state is not State.DIALLING:
            dialer.nudge()

    bus.subscribe(AgentChanged, agent)
    bus.subscribe(QueueChanged, lambda _: dialer.stirred())
    bus.subscribe(CallAnswered, answered)
    bus.subscribe(CallEnded, lambda event: dialer.heard(event.call.id, ended(event.call)))
    bus.subscribe(CallbackChanged, changed)
