"""The call as the outside sees it, from the call in the making. Each figure with its formula."""

from __future__ import annotations

from collections.abc import Iterable

from cti.board.model import CallSet, Leg, Stretch
from cti.messages import Call, CallState, Direction, How, Outcome

_UP = 6  # ChannelState of a channel that has answered or was answered
_OUTCOMES = {
    "BUSY": Outcome.BUSY,
    "CONGESTION": Outcome.FAILED,
    "CHANUNAVAIL": Outcome.FAILED,
}


def call_of(call: CallSet, pbx: str) -> Call:
    """The call now. Durations count what is over: a running talk or hold is in its segment's times."""
    stretches = call.stretches.values()
    ended = call.ended_at
    return Call(
        call.id,
        pbx,
        call.direction,
        CallState.ENDED if ended is not None else state_of(call),
        call.caller,
        call.dialled,
        call.started_at,
        call.queue,
        call.queued_at,
        call.answered_at,
        ended,
        outcome_of(call) if ended is not None else None,
        wait_seconds(call),
        talk_seconds(call),
        sum((s.hold_seconds for s in stretches), 0.0),
        tuple([s.frozen or s.freeze() for s in stretches]),
        call.incomplete,
        call.joined,
    )


def unchanged(call: CallSet, before: Call) -> bool:
    """Whether `call_of` would give `before` again: asked for each event, and cheaper than making one to compare."""
    return (
        call.ended_at is None
        and call.queue == before.queue
        and call.queued_at == before.queued_at
        and call.answered_at == before.answered_at
        and call.caller == before.caller
        and call.dialled == before.dialled
        and call.direction is before.direction
        and call.incomplete is before.incomplete
        and len(call.stretches) == len(before.segments)
        and all([s.frozen is not None for s in call.stretches.values()])
        and state_of(call) is before.state
        and call.id == before.id
        and call.started_at == before.started_at
    )


def state_of(call: CallSet) -> CallState:
    """What happens to a live call now. Talking goes before ringing, and that before waiting."""
    held = offered = False
    for stretch in call.stretches.values():
        if stretch.ended_at is not None:
            continue
        if stretch.answered_at is None:
            offered = offered or stretch.how is not How.OUTBOUND
        elif stretch.held_since is None and stretch.consult_since is None:
            return CallState.TALKING
        else:
            held = True
    if held:
        return CallState.HELD
    if offered:
        return CallState.RINGING
    return CallState.QUEUED if call.waiting or call.abandoned else _state_without_agents(call)


def _state_without_agents(call: CallSet) -> CallState:
    """Nobody of the house is with it but perhaps who dialled: outside talks, or is called, or the dialplan has it."""
    if any(leg.up and leg.bridge and not _is_on_its_way_out(leg) for leg in call.legs.values()):
        return CallState.TALKING
    if any(leg.dialling for leg in call.legs.values()):
        return CallState.RINGING
    first = call.legs.get(call.first)
    calling = call.first_inside and call.answered_at is None and first is not None
    if calling and first is not None and (first.state != _UP or call.direction is Direction.OUTBOUND):
        return CallState.RINGING
    return CallState.IVR


def _is_on_its_way_out(leg: Leg) -> bool:
    """Who has transferred the caller is still in the bridge for a moment."""
    return leg.stretch is not None and leg.stretch.ended_at is not None


def outcome_of(call: CallSet) -> Outcome:
    """How an ended call ended.

    Abandoned is who left while waiting in a queue, or before anybody at all was called for it (in the IVR); the
    figures of a queue count those that were in it. No answer is who was rung for in vain.
    """
    if call.lost:
        return Outcome.LOST
    if call.answered_at is not None:
        return Outcome.ANSWERED
    if call.abandoned or (call.direction is Direction.INBOUND and not call.queue and not call.dial_status):
        return Outcome.ABANDONED
    if call.queue:
        return Outcome.NO_ANSWER  # the queue gave up; how its last agent refused does not matter
    return _OUTCOMES.get(call.dial_status, Outcome.NO_ANSWER)


def wait_seconds(call: CallSet) -> float:
    """From entering the queue (from the beginning where there was none) to the first answer, or else to the end."""
    until = call.answered_at if call.answered_at is not None else call.ended_at
    if until is None:
        return 0.0
    return max(0.0, until - (call.queued_at if call.queued_at is not None else call.started_at))


def talk_of(stretch: Stretch) -> float:
    """From this agent's answer to its end, without hold, and without what it first talked with a colleague only; 0
    while it lasts.
    """
    if stretch.answered_at is None or stretch.ended_at is None:
        return 0.0
    return max(0.0, stretch.ended_at - stretch.answered_at - stretch.hold_seconds - stretch.consult_seconds)


def talk_seconds(call: CallSet) -> float:
    """Sum of the agents' talk. Of an internal call, whose both ends are agents, that of the one who dialled is left
    out. A call that no agent was in (forwarded outside) has all its time from the answer on.
    """
    counted: Iterable[Stretch] = call.stretches.values()
    if call.direction is Direction.INTERNAL:
        counted = [s for s in counted if s.how is not How.OUTBOUND]
    talked = [s for s in counted if s.answered_at is not None]
    if talked:
        return sum(map(talk_of, talked), 0.0)
    if call.answered_at is None or call.ended_at is None:
        return 0.0
    return max(0.0, call.ended_at - call.answered_at)
