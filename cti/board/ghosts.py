"""What the board believes, for a comparison with the PBX; and the end of channels that turn out to be gone."""

from __future__ import annotations

from collections.abc import Iterable

from cti.board import sets, stretches
from cti.board.state import State
from cti.drift import Belief, pause_of
from cti.messages import EndReason


def belief(state: State) -> Belief:
    """Live channels, members and waiting callers."""
    lines = state.lines.values()
    return Belief(
        frozenset(state.legs),
        {(line.name, name): pause_of(member) for line in lines for name, member in line.members.items()},
        frozenset((line.name, uniqueid) for line in lines for uniqueid in line.entries),
        frozenset(state.lines),
    )


def forget(state: State, uniqueids: Iterable[str], at: float) -> None:
    """Takes the channels off the board. A call of which none is left ends as lost; one that goes on is incomplete."""
    gone = [leg for uniqueid in uniqueids if (leg := state.legs.get(uniqueid)) is not None]
    for call in {leg.call: None for leg in gone}:
        call.incomplete = True
        call.lost = all(leg in gone for leg in call.legs.values())
    for leg in gone:
        stretch = leg.stretch
        if stretch is not None:
            stretch.legs.discard(leg.uniqueid)
            leg.stretch = None
            if stretch.live and not stretch.legs:
                stretches.end(state, leg.call, stretch, EndReason.LOST, at)
        call = sets.leave(state, leg, at)
        call.abandoned = call.abandoned and not call.lost
