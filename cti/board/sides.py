"""What a channel says of itself: of which side it is, whom it dials, who is at it, what else its phone does."""

from __future__ import annotations

from cti.board.model import EXTENSION_DIGITS, CallSet, Leg, interface_of, is_extension
from cti.board.state import State
from cti.events import Chan
from cti.messages import Direction, Party


def is_inside(state: State, chan: Chan) -> bool:
    """A phone of the house: of a seat, of a queue member, or one that is named by its own short number."""
    interface = interface_of(chan.name)
    if interface in state.trunks:
        return False
    return (
        interface in state.desks.by_interface
        or interface in state.memberships
        or is_extension(interface, chan.caller_num)
    )


def likely_direction(state: State, dialled: str) -> Direction:
    """Where a call from inside goes, until somebody is called for it and it is known."""
    short = len(dialled) <= EXTENSION_DIGITS or dialled in state.desks.by_extension
    return Direction.INTERNAL if short else Direction.OUTBOUND


def dialled_by(state: State, leg: Leg, chan: Chan) -> str:
    """The number that the channel dials, as people know it; empty where the dialplan is at no number."""
    if chan.exten in ("s", "h", "i", "t"):
        return ""
    return without_prefix(state, chan.exten) if leg.inside else chan.exten


def without_prefix(state: State, exten: str) -> str:
    """An outside number as people know it, without what the dialplan wants in front of it."""
    return exten.removeprefix(state.outside_prefix) if len(exten) > EXTENSION_DIGITS else exten


def party_of(state: State, leg: Leg, chan: Chan) -> Party:
    """Who is at this channel; a seat is called by its own name, whatever its phone says."""
    desk = state.desks.by_interface.get(leg.interface)
    if desk is None:
        return Party(chan.caller_num, chan.caller_name)
    return Party(desk.seat.extension or chan.caller_num, desk.seat.name or chan.caller_name)


def held_at(state: State, leg: Leg) -> CallSet | None:
    """The call that the phone of this new leg has on hold on another line."""
    for other in state.phones[leg.interface].values():
        stretch = other.stretch
        if other is not leg and stretch is not None and stretch.talking and stretch.held_since is not None:
            return other.call
    return None
