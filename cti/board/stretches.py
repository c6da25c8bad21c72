"""One agent with one call: how a stretch begins, is answered, held and ended."""

from __future__ import annotations

from cti.board.model import CallSet, Leg, Stretch
from cti.board.state import State
from cti.messages import (
    CallAnswered,
    CallOffered,
    EndReason,
    How,
    OfferWithdrawn,
    SegmentEnded,
)


def begin(state: State, leg: Leg, how: How, at: float, queue: str | None = None) -> Stretch:
    """The leg's agent is now with the call: a new stretch, or the one that another phone of the agent has open."""
    call = leg.call
    for other in call.stretches.values():
        if other.ended_at is None and other.interface == leg.interface:
            leg.stretch = other
            other.legs.add(leg.uniqueid)
            return other
    call.segments_made += 1
    stretch = Stretch(
        f"{call.id}-{call.segments_made}",
        leg.interface,
        state.desks.user_of(leg.interface),
        how,
        at,
        queue,
        legs={leg.uniqueid},
    )
    call.stretches[stretch.id] = stretch
    leg.stretch = stretch
    state.touch(call)
    state.touch_phone(leg.interface)
    return stretch


def offer(state: State, leg: Leg, at: float, queue: str = "") -> None:
    """The leg's phone is being called for its call; a queue's offer is told from others by `queue`."""
    current = leg.stretch
    if current is not None and current.ended_at is None:
        if (
            queue
            and current.queue is None
            and current.answered_at is None
            and current.how is not How.OUTBOUND
        ):
            current.queue, current.how, current.frozen = queue, How.QUEUE, None
            state.touch(leg.call)
        return
    before = len(leg.call.stretches)
    stretch = begin(state, leg, _how(leg.call, queue), at, queue or None)
    if len(leg.call.stretches) > before:
        state.note(leg.call, CallOffered, stretch)


def _how(call: CallSet, queue: str) -> How:
    if queue:
        return How.QUEUE
    return How.DIRECT if call.answered_at is None else How.TRANSFER


def answer(state: State, leg: Leg, at: float) -> None:
    """The leg's agent talks with the call from now on; once."""
    stretch, call = leg.stretch, leg.call
    if stretch is None or stretch.ended_at is not None:
        stretch = begin(state, leg, _how(call, leg.queue), at, leg.queue or None)
    if stretch.answered_at is not None:
        return
    if len(stretch.legs) > 1:
        _drop_other_phones(state, stretch, leg)
    if any(s.talking and s.held_since is not None for s in call.stretches.values()):
        stretch.consult_since = at
    _answered(state, call, stretch, at)
    if stretch.how is not How.OUTBOUND:
        reached(state, call, at)


def _drop_other_phones(state: State, stretch: Stretch, leg: Leg) -> None:
    """The agent's other phones rang for the same offer: the stretch is no longer theirs."""
    for uniqueid in stretch.legs:
        other = state.legs.get(uniqueid)
        if other is not None and other is not leg:
            other.stretch = None
    stretch.legs = {leg.uniqueid}


def reached(state: State, call: CallSet, at: float) -> None:
    """Who was called has answered: those who dialled now talk."""
    if call.answered_at is None:
        call.answered_at = at
        state.touch(call)
    for stretch in call.stretches.values():
        if stretch.how is How.OUTBOUND and stretch.offered:
            _answered(state, call, stretch, at)


def _answered(state: State, call: CallSet, stretch: Stretch, at: float) -> None:
    stretch.answered_at = at
    stretch.frozen = None
    state.note(call, CallAnswered, stretch)
    state.touch_phone(stretch.interface)


def end(state: State, call: CallSet, stretch: Stretch, reason: EndReason, at: float) -> None:
    """The agent is no longer with the call; once. After a queue's call the agent wraps up."""
    if stretch.ended_at is not None:
        return
    unhold(state, call, stretch, at)
    got_caller(state, call, stretch, at)
    stretch.ended_at, stretch.end_reason, stretch.frozen = at, reason, None
    withdrawn = stretch.answered_at is None and stretch.how is not How.OUTBOUND
    state.note(call, OfferWithdrawn if withdrawn else SegmentEnded, stretch)
    state.touch_phone(stretch.interface)
    if stretch.answered_at is not None and stretch.queue is not None:
        _wrap_up(state, stretch, at)


def _wrap_up(state: State, stretch: Stretch, at: float) -> None:
    """The queue's wrapuptime, in seconds, begins: Asterisk gives the member no other call until it is over."""
    desk = state.desks.by_interface.get(stretch.interface)
    line = state.lines.get(stretch.queue or "")
    if desk is None or line is None:
        return
    member = line.members.get(desk.members.get(line.name, ""))
    seconds = 0.0 if member is None else state.wrap_up_of(member)
    if seconds > 0:
        state.desks.wrap_up(desk, at + seconds)


def hold(state: State, call: CallSet, stretch: Stretch, at: float) -> None:
    if stretch.talking and stretch.held_since is None and stretch.consult_since is None:
        stretch.held_since, stretch.frozen = at, None
        state.touch(call)
        state.touch_phone(stretch.interface)


def unhold(state: State, call: CallSet, stretch: Stretch, at: float) -> None:
    if stretch.ended_at is None and stretch.held_since is not None:
        stretch.hold_seconds += max(0.0, at - stretch.held_since)
        stretch.held_since, stretch.frozen = None, None
        state.touch(call)
        state.touch_phone(stretch.interface)


def got_caller(state: State, call: CallSet, stretch: Stretch, at: float) -> None:
    """The agent who was asked to take the caller has it from now on, or is asked no longer."""
    if stretch.ended_at is None and stretch.consult_since is not None:
        stretch.consult_seconds += max(0.0, at - stretch.consult_since)
        stretch.consult_since, stretch.frozen = None, None
        state.touch(call)
