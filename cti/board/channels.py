"""What each event about a channel does to the board."""

from __future__ import annotations

from cti.board import sets, stretches
from cti.board.model import Leg, Stretch, interface_of
from cti.board.state import State
from cti.events import Hold, NewCallerid, Newchannel, NewConnectedLine, Newstate, Rename, Unhold, VarSet
from cti.messages import CallOffered, EndReason, How, Party

_TAG_VARIABLE = "RINGDESK_CALL"


def newchannel(state: State, event: Newchannel, at: float) -> None:
    sets.meet(state, event.chan, at)


def newstate(state: State, event: Newstate, at: float) -> None:
    leg = sets.see(state, event.chan, at)
    if leg is None:
        state.surprises["unknown channel"] += 1
    elif leg.state != event.chan.state:
        leg.state = event.chan.state
        state.touch_phone(leg.interface)
        if leg.call.published is None:
            state.touch(leg.call)


def new_callerid(state: State, event: NewCallerid, at: float) -> None:
    """The dialplan has looked up or corrected who calls."""
    leg = sets.see(state, event.chan, at)
    if leg is None or leg.uniqueid != leg.call.first or leg.inside or leg.call.answered_at is not None:
        return
    caller = Party(event.chan.caller_num, event.chan.caller_name)
    if caller != leg.call.caller and (caller.number or caller.name):
        leg.call.caller = caller
        state.touch(leg.call)


def new_connected_line(state: State, event: NewConnectedLine, at: float) -> None:
    sets.see(state, event.chan, at)


def var_set(state: State, event: VarSet, at: float) -> None:
    leg = sets.see(state, event.chan, at)
    if (
        leg is not None
        and event.value
        and event.variable.lstrip("_") == _TAG_VARIABLE
        and leg.tag != event.value
    ):
        sets.tag(state, leg, event.value, at)


def rename(state: State, event: Rename, at: float) -> None:
    """The channel is another phone's now (a masquerade): a ringing offer that moves was picked up."""
    leg = state.legs.get(event.uniqueid)
    if leg is None:
        return
    sets.drop_phone(state, leg)
    leg.name, leg.interface = event.new_name, interface_of(event.new_name)
    leg.local = event.new_name.startswith("Local/")
    if not leg.interface or leg.local:
        return
    state.phones.setdefault(leg.interface, {})[leg.uniqueid] = leg
    state.touch_phone(leg.interface)
    stretch = leg.stretch
    if stretch is not None and stretch.ended_at is None and stretch.interface != leg.interface:
        _hand_over(state, leg, stretch, at)
    elif stretch is not None and stretch.ended_at is not None:
        _take_up(leg)


def _take_up(leg: Leg) -> None:
    """The channel is that of a phone which has picked the call up already."""
    for stretch in leg.call.stretches.values():
        if stretch.ended_at is None and stretch.interface == leg.interface:
            stretch.legs.add(leg.uniqueid)
            leg.stretch = stretch


def _hand_over(state: State, leg: Leg, stretch: Stretch, at: float) -> None:
    talked, outbound = stretch.talking, stretch.how is How.OUTBOUND
    reason = EndReason.TRANSFERRED if talked or outbound else EndReason.ANSWERED_ELSEWHERE
    stretches.end(state, leg.call, stretch, reason, at)
    leg.stretch = None
    leg.inside = leg.interface in state.desks.by_interface or leg.interface in state.memberships
    if not leg.inside or outbound:
        return
    new = stretches.begin(state, leg, How.TRANSFER if talked else How.PICKUP, at, stretch.queue)
    if talked:
        stretches.answer(state, leg, at)
    else:
        state.note(leg.call, CallOffered, new)


def hold(state: State, event: Hold, at: float) -> None:
    """Told for the leg whose phone pressed the key; a caller's own hold takes nothing from the agent's talk."""
    leg = sets.see(state, event.chan, at)
    if leg is not None and leg.stretch is not None:
        stretches.hold(state, leg.call, leg.stretch, at)


def unhold(state: State, event: Unhold, at: float) -> None:
    leg = sets.see(state, event.chan, at)
    if leg is not None and leg.stretch is not None:
        stretches.unhold(state, leg.call, leg.stretch, at)
