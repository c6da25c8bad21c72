"""What bridges do to the board: who is in one together is in one call, and talks."""

from __future__ import annotations

from cti.board import sets, stretches
from cti.board.model import Leg
from cti.board.state import State
from cti.events import (
    BridgeCreate,
    BridgeDestroy,
    BridgeEnter,
    BridgeLeave,
    BridgeMerge,
    LocalBridge,
    LocalOptimizationBegin,
    LocalOptimizationEnd,
)
from cti.messages import How

HOLDING = "holding_bridge"
"""Technology of a bridge whose members do not hear each other: parked calls of strangers share one."""


def bridge_enter(state: State, event: BridgeEnter, at: float) -> None:
    leg = sets.meet(state, event.chan, at)
    if leg is None:
        return
    if leg.bridge and leg.bridge != event.bridge:
        sets.unbridge(state, leg)
    place(state, leg, event.bridge)
    leg.left_first = False
    leg.call.asks_for = None  # it has reached something that is no colleague: a call of its own
    if event.technology == HOLDING:
        return
    for other in tuple(state.bridges[event.bridge].values()):
        if other.call is not leg.call:
            sets.join(state, leg.call, other.call, at)
    talk(state, event.bridge, at)


def place(state: State, leg: Leg, bridge: str) -> None:
    leg.bridge = bridge
    state.bridges.setdefault(bridge, {})[leg.uniqueid] = leg
    state.touch(leg.call)


def talk(state: State, bridge: str, at: float) -> None:
    """All who are in the bridge talk, as soon as they are two: also where no event has told of an answer."""
    members = state.bridges.get(bridge, {})
    if len(members) < 2:
        return
    caller = _caller(members)
    for leg in tuple(members.values()):
        if caller is not None and leg.stretch is not None and leg is not caller:
            stretches.got_caller(state, leg.call, leg.stretch, at)
        if not leg.local and leg.inside and not leg.aside and _can_talk(leg):
            stretches.answer(state, leg, at)
            if leg.stretch is not None and leg.stretch.how is How.OUTBOUND:
                stretches.reached(state, leg.call, at)


def _caller(members: dict[str, Leg]) -> Leg | None:
    """Who the call is about, if it is in this bridge."""
    return members.get(next(iter(members.values())).call.first)


def _can_talk(leg: Leg) -> bool:
    """Not one whose stretch is over: it is on its way out after a transfer."""
    return leg.stretch is None or leg.stretch.ended_at is None


def bridge_leave(state: State, event: BridgeLeave, at: float) -> None:
    leg = sets.see(state, event.chan, at)
    if leg is not None and leg.bridge == event.bridge:
        sets.unbridge(state, leg)
        state.touch(leg.call)


def bridge_create(state: State, event: BridgeCreate, at: float) -> None:
    """A bridge is known once somebody is in it."""


def bridge_destroy(state: State, event: BridgeDestroy, at: float) -> None:
    for leg in tuple(state.bridges.get(event.bridge, {}).values()):
        sets.unbridge(state, leg)
        state.touch(leg.call)


def bridge_merge(state: State, event: BridgeMerge, at: float) -> None:
    """The members move with BridgeLeave and BridgeEnter of their own, so there is nothing to do."""


def local_bridge(state: State, event: LocalBridge, at: float) -> None:
    one, two = sets.meet(state, event.one, at), sets.meet(state, event.two, at)
    if one is None or two is None:
        return
    one.partner, two.partner = two.uniqueid, one.uniqueid
    if one.call is not two.call:
        sets.join(state, one.call, two.call, at)


def local_optimization_begin(state: State, event: LocalOptimizationBegin, at: float) -> None:
    """The halves, and who takes their place, are of one call."""
    legs = [sets.see(state, chan, at) for chan in (event.one, event.two, event.source) if chan is not None]
    known = [leg for leg in legs if leg is not None]
    for leg in known[1:]:
        if leg.call is not known[0].call:
            sets.join(state, known[0].call, leg.call, at)


def local_optimization_end(state: State, event: LocalOptimizationEnd, at: float) -> None:
    """The halves hang up with events of their own."""
