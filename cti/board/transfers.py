"""Transfers: who transferred is no longer with the call, and the call goes on."""

from __future__ import annotations

from cti.board import bridging, sets, sides, stretches
from cti.board.model import CallSet, Leg, number_in
from cti.board.state import State
from cti.events import AttendedTransfer, BlindTransfer, Chan, ParkedCall, Pickup
from cti.messages import CallOffered, EndReason, How


def blind_transfer(state: State, event: BlindTransfer, at: float) -> None:
    leg = sets.see(state, event.transferer, at)
    if event.transferee is not None:
        sets.see(state, event.transferee, at)
    if leg is not None and event.result.casefold() == "success":
        _transferred(state, leg, event.exten, at)


def attended_transfer(state: State, event: AttendedTransfer, at: float) -> None:
    """The second agent has the caller now. With `Threeway` the first one stays and has it back from hold."""
    if event.result.casefold() != "success":
        return
    stays = event.dest_type == "Threeway"
    chans: tuple[Chan | None, ...] = (
        event.orig_transferer,
        event.second_transferer,
        event.transferee,
        event.transfer_target,
    )
    legs = [None if chan is None else sets.see(state, chan, at) for chan in chans]
    for leg in legs[:2]:
        if leg is not None and not stays:
            _transferred(state, leg, _target(state, event), at)
    known = [leg for leg in legs if leg is not None]
    for leg in known[1:]:
        if leg.call is not known[0].call:
            sets.join(state, known[0].call, leg.call, at)
    if known:
        _together(state, known[0].call, at)
    for bridge in {leg.bridge for leg in known if leg.bridge}:
        bridging.talk(state, bridge, at)


def _together(state: State, call: CallSet, at: float) -> None:
    for stretch in call.stretches.values():
        stretches.got_caller(state, call, stretch, at)
        stretches.unhold(state, call, stretch, at)


def _target(state: State, event: AttendedTransfer) -> str:
    """The number of whom was asked: where the Local channel went that took the agent's place, or the party's own.

    Asterisk leaves TransferTarget out at times (always while it still rings); the channel is in the bridge then.
    """
    chan = event.transfer_target
    if chan is not None:
        return chan.exten if chan.name.startswith("Local/") else chan.caller_num
    legs = state.bridges.get(event.dest_bridge, {}).values()
    return next((number_in(leg.name) for leg in legs if leg.local), "")


def _transferred(state: State, leg: Leg, sent_to: str, at: float) -> None:
    if leg.stretch is not None and leg.stretch.ended_at is None:
        leg.stretch.sent_to = sides.without_prefix(state, sent_to)
        stretches.end(state, leg.call, leg.stretch, EndReason.TRANSFERRED, at)


def pickup(state: State, event: Pickup, at: float) -> None:
    """The offer is that of the phone which takes it from now on. A Rename, should one follow, changes no more."""
    takes, rings = sets.see(state, event.chan, at), sets.see(state, event.target, at)
    if takes is None or rings is None:
        return
    sets.absorb(state, rings.call, takes.call, at)
    offer, rings.dialling = rings.stretch, False
    if offer is None or not offer.offered or takes.interface == rings.interface:
        return
    stretches.end(state, rings.call, offer, EndReason.ANSWERED_ELSEWHERE, at)
    takes.queue = offer.queue or ""
    taken = takes.stretch
    if taken is not None and taken.live:  # its DialEnd may come first
        taken.how, taken.queue, taken.frozen = How.PICKUP, offer.queue, None
    elif takes.inside:
        taken = stretches.begin(state, takes, How.PICKUP, at, offer.queue)
        state.note(rings.call, CallOffered, taken)


def parked(state: State, event: ParkedCall, at: float) -> None:
    """The parked caller stays in its call, with nobody, until somebody fetches it."""
    sets.see(state, event.parkee, at)
    if event.retriever is not None:
        sets.see(state, event.retriever, at)
