"""What it does to the board that one channel calls another."""

from __future__ import annotations

from cti.board import endings, sets, sides, stretches
from cti.board.model import CallSet, Leg, is_extension
from cti.board.state import State
from cti.events import Chan, DialBegin, DialEnd
from cti.messages import Direction, EndReason

_UP = 6


def dial_begin(state: State, event: DialBegin, at: float) -> None:
    dest = sets.meet(state, event.dest, at)
    chan = None if event.chan is None else sets.meet(state, event.chan, at)
    if dest is None:
        return
    dest.dialling = True
    state.touch(dest.call)
    if chan is None or event.chan is None:  # an Originate: the first leg, which has its stretch already
        return
    if chan.call is not dest.call:
        sets.join(state, chan.call, dest.call, at)
    dest.dialled_by = chan.uniqueid
    if not dest.inside and dest.interface not in state.trunks:
        dest.inside = is_extension(dest.interface, _number_in(event.dial_string))
    if dest.inside or dest.local:
        sets.consult(state, chan.call, at)
    if dest.local and chan.waits_in:
        dest.queue = chan.waits_in  # a phone of the queue sends the call on: nothing else tells of it
    chan.call.asks_for = None
    _take_dialled(state, chan, event.chan)
    if dest.local:
        return
    if chan.call.first_inside:
        _take_direction(chan.call)
    if dest.inside:
        stretches.offer(state, dest, at, queue_behind(state, chan))


def _number_in(dial_string: str) -> str:
    """1001 in PJSIP/1001, in 1001, and in 1001/sip:1001@10.0.0.7:5060, which names one of its phones."""
    return dial_string.partition("/sip:")[0].rpartition("/")[2]


def _take_direction(call: CallSet) -> None:
    """A call from inside is internal as long as only phones of the house are in it."""
    inside = all(leg.inside or leg.local for leg in call.legs.values())
    call.direction = (
        Direction.INTERNAL if inside and call.direction is not Direction.INBOUND else Direction.OUTBOUND
    )


def _take_dialled(state: State, leg: Leg, chan: Chan) -> None:
    """What the first channel dials, once it is known: the leg of an Originate has no extension before."""
    call = leg.call
    dialled = sides.dialled_by(state, leg, chan) if leg.uniqueid == call.first else ""
    if dialled and (not call.dialled or (call.first_inside and call.answered_at is None)):
        call.dialled = dialled


def queue_behind(state: State, leg: Leg) -> str:
    """The queue that makes this leg call somebody: it waits there, or is the Local channel that a queue called."""
    if leg.waits_in:
        return leg.waits_in
    partner = state.legs.get(leg.partner)
    return leg.queue or ("" if partner is None else partner.queue)


def dial_end(state: State, event: DialEnd, at: float) -> None:
    dest = sets.see(state, event.dest, at)
    if dest is None:
        state.surprises["unknown channel"] += 1
        return
    if event.status == "ANSWER":
        _dial_answered(state, dest, originated=event.chan is None, at=at)
    elif dest.dialling:
        dest.call.dial_status = event.status
        reason = EndReason.TRANSFERRED if event.forward else endings.DIAL_ENDS.get(event.status)
        endings.close_offer(state, dest, reason or endings.cancelled(dest), at)


def _dial_answered(state: State, dest: Leg, *, originated: bool, at: float) -> None:
    """A queue's call is answered here too, by the agent; the caller's own Answer() was no such thing."""
    dest.dialling = False
    state.touch(dest.call)
    if dest.state != _UP:
        dest.state = _UP
        state.touch_phone(dest.interface)
    if originated and not dest.inside and not dest.local:
        stretches.reached(state, dest.call, at)
    if originated or dest.local or dest.uniqueid == dest.call.first:
        return
    dest.up = True
    if dest.inside:
        stretches.answer(state, dest, at)
    else:
        stretches.reached(state, dest.call, at)


def ring_no_answer(state: State, leg: Leg, at: float) -> None:
    """The queue's time for this phone is over, with no DialEnd yet."""
    if leg.dialling:
        leg.call.dial_status = "NOANSWER"
        endings.close_offer(state, leg, EndReason.NO_ANSWER, at)
