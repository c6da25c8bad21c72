"""How channels go, and why an agent's stretch with the call ends."""

from __future__ import annotations

from cti.board import sets, stretches
from cti.board.model import CallSet, Leg, Stretch
from cti.board.state import State
from cti.events import Hangup, HangupRequest
from cti.messages import EndReason, How

_UP = 6

# Q.850 causes of a phone that goes without an answer; others are told from who else has gone.
_CAUSES = {
    17: EndReason.BUSY,
    18: EndReason.NO_ANSWER,
    19: EndReason.NO_ANSWER,
    21: EndReason.BUSY,
    26: EndReason.ANSWERED_ELSEWHERE,
}
# Of a call to outside that was not answered: busy or turned down; no such number, no way there, out of order.
_DIAL_CAUSES = {17: "BUSY", 21: "BUSY"} | dict.fromkeys(
    (1, 2, 3, 20, 22, 27, 28, 34, 38, 41, 42, 44, 57, 58), "CONGESTION"
)
DIAL_ENDS = {
    "BUSY": EndReason.BUSY,
    "NOANSWER": EndReason.NO_ANSWER,
    "CONGESTION": EndReason.CANCELLED,
    "CHANUNAVAIL": EndReason.CANCELLED,
}


def hangup_request(state: State, event: HangupRequest, at: float) -> None:
    """A request by the PBX to a channel that is in no bridge any more only follows the other side's."""
    leg = sets.see(state, event.chan, at)
    if leg is not None and (not event.soft or leg.bridge or leg.waits_in):
        leg.hung_up = True


def hangup(state: State, event: Hangup, at: float) -> None:
    leg = state.legs.get(event.chan.uniqueid)
    if leg is None:
        state.recent.add(event.chan.uniqueid)
        return
    call, stretch = leg.call, leg.stretch
    if leg.bridge:
        sets.unbridge(state, leg)
    if leg.dialling:
        _given_up(leg, event.cause)
    elif event.cause in _DIAL_CAUSES and call.answered_at is None and _went_out(leg):
        call.dial_status = _DIAL_CAUSES[event.cause]  # DialEnd says NOANSWER of whatever is not busy
    if stretch is not None and stretch.ended_at is None:
        stretch.legs.discard(leg.uniqueid)
        if not stretch.legs:
            stretches.end(state, call, stretch, _why(leg, stretch, event.cause), at)
    sets.leave(state, leg, at)
    if leg.uniqueid == call.first and not call.first_inside:
        _caller_gone(state, call, at)
    for other in call.legs.values():  # whoever it was calling need not be called any more
        if other.dialled_by == leg.uniqueid and other.dialling:
            close_offer(state, other, cancelled(other), at)


def _caller_gone(state: State, call: CallSet, at: float) -> None:
    """Those who only talk about the caller are with nobody now, unless somebody else from outside is left."""
    if any(not other.inside and not other.local for other in call.legs.values()):
        return
    for stretch in call.stretches.values():
        if stretch.held_since is not None or stretch.consult_since is not None:
            stretches.end(state, call, stretch, EndReason.CALLER_HUNG_UP, at)


def _went_out(leg: Leg) -> bool:
    """It was called outside the house, or is the phone that called there: either may go first."""
    return (bool(leg.dialled_by) and not leg.inside) or (leg.uniqueid == leg.call.first and leg.inside)


def _given_up(leg: Leg, cause: int) -> None:
    """The phone goes with no DialEnd before it."""
    leg.dialling = False
    if cause == 17:
        leg.call.dial_status = "BUSY"
    elif not leg.call.dial_status:
        leg.call.dial_status = "NOANSWER"


def _why(leg: Leg, stretch: Stretch, cause: int) -> EndReason:
    """Why the leg's stretch ends with its channel: what the PBX said before, or else who went first."""
    if stretch.consult_since is not None:
        return EndReason.CANCELLED
    if stretch.hint is not None:
        return stretch.hint
    if stretch.answered_at is not None:
        return _after_talk(leg)
    if stretch.how is How.OUTBOUND:
        return DIAL_ENDS.get(leg.call.dial_status, EndReason.CANCELLED)
    return _CAUSES.get(cause, cancelled(leg))


def _after_talk(leg: Leg) -> EndReason:
    """Who went first. Where neither did, the caller was taken elsewhere, by AMI or by the dialplan."""
    call, first = leg.call, leg.call.legs.get(leg.call.first)
    if leg.hung_up or leg.left_first or not call.legs:
        return EndReason.AGENT_HUNG_UP
    if first is not None and first is not leg and not first.hung_up and first.state == _UP:
        return EndReason.TRANSFERRED
    return EndReason.CALLER_HUNG_UP


def cancelled(leg: Leg) -> EndReason:
    """Why a phone stops ringing that nobody has refused: somebody else answered, or the caller has gone."""
    call, stretch = leg.call, leg.stretch
    for other in call.legs.values():
        # The winner's Newstate comes before the losers' DialEnd; its own DialEnd may come after.
        if (
            other is not leg
            and other.state == _UP
            and other.dialled_by
            and other.dialled_by == leg.dialled_by
        ):
            return EndReason.ANSWERED_ELSEWHERE
    talking = [s.answered_at for s in call.stretches.values() if s.answered_at is not None and s.talking]
    if not talking or stretch is None:
        return EndReason.CALLER_HUNG_UP
    # Whoever talked before this offer began has thought better of a transfer.
    return EndReason.ANSWERED_ELSEWHERE if max(talking) >= stretch.offered_at else EndReason.CANCELLED


def close_offer(state: State, leg: Leg, reason: EndReason, at: float) -> None:
    """The leg is not being called any more; other phones of the same agent may still ring for the offer."""
    leg.dialling = False
    stretch = leg.stretch
    state.touch(leg.call)
    if stretch is None or not stretch.offered or stretch.how is How.OUTBOUND:
        return
    stretch.legs.discard(leg.uniqueid)
    leg.stretch = None
    if not stretch.legs:
        stretches.end(state, leg.call, stretch, reason, at)
