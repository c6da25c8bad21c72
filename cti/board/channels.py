"""What each event about a channel, or about one channel calling another, does to the board."""

from __future__ import annotations

from cti.board import sets, stretches
from cti.board.model import CallSet, Leg, Stretch, interface_of, is_extension
from cti.board.state import State
from cti.events import (
    Chan,
    DialBegin,
    DialEnd,
    Hangup,
    Hold,
    NewCallerid,
    Newchannel,
    NewConnectedLine,
    Newstate,
    Rename,
    Unhold,
    VarSet,
)
from cti.messages import CallOffered, Direction, EndReason, How, Party

_UP = 6
_TAG_VARIABLE = "RINGDESK_CALL"

# Q.850 causes of a phone that goes without an answer; others are told from who else has gone.
_CAUSES = {
    17: EndReason.BUSY,
    18: EndReason.NO_ANSWER,
    19: EndReason.NO_ANSWER,
    21: EndReason.BUSY,
    26: EndReason.ANSWERED_ELSEWHERE,
}
_DIAL_ENDS = {
    "BUSY": EndReason.BUSY,
    "NOANSWER": EndReason.NO_ANSWER,
    "CONGESTION": EndReason.CANCELLED,
    "CHANUNAVAIL": EndReason.CANCELLED,
}


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
    if stretch is not None and stretch.ended_at is None:
        stretch.legs.discard(leg.uniqueid)
        if not stretch.legs:
            stretches.end(state, call, stretch, _why(leg, stretch, event.cause), at)
    sets.leave(state, leg, at)
    if leg.uniqueid == call.first and not call.first_inside:
        _caller_gone(state, call, at)
    for other in call.legs.values():  # whoever it was calling need not be called any more
        if other.dialled_by == leg.uniqueid and other.dialling:
            _close_offer(state, other, _cancelled(other), at)


def _caller_gone(state: State, call: CallSet, at: float) -> None:
    """Those who only talk about the caller are with nobody now, unless somebody else from outside is left."""
    if any(not other.inside and not other.local for other in call.legs.values()):
        return
    for stretch in call.stretches.values():
        if stretch.held_since is not None or stretch.consult_since is not None:
            stretches.end(state, call, stretch, EndReason.CALLER_HUNG_UP, at)


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
        return EndReason.AGENT_HUNG_UP if leg.left_first or not leg.call.legs else EndReason.CALLER_HUNG_UP
    if stretch.how is How.OUTBOUND:
        return _DIAL_ENDS.get(leg.call.dial_status, EndReason.CANCELLED)
    return _CAUSES.get(cause, _cancelled(leg))


def _cancelled(leg: Leg) -> EndReason:
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
    dialled = sets.dialled_by(state, leg, chan) if leg.uniqueid == call.first else ""
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
        reason = _DIAL_ENDS.get(event.status)
        _close_offer(state, dest, reason or _cancelled(dest), at)


def _dial_answered(state: State, dest: Leg, *, originated: bool, at: float) -> None:
    """A queue's call is answered here too, by the agent; the caller's own Answer() was no such thing."""
    dest.dialling = False
    state.touch(dest.call)
    if dest.state != _UP:
        dest.state = _UP
        state.touch_phone(dest.interface)
    if originated or dest.local or dest.uniqueid == dest.call.first:
        return
    dest.up = True
    if dest.inside:
        stretches.answer(state, dest, at)
    else:
        stretches.reached(state, dest.call, at)


def _close_offer(state: State, leg: Leg, reason: EndReason, at: float) -> None:
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


def hold(state: State, event: Hold, at: float) -> None:
    """Told for the leg whose phone pressed the key; a caller's own hold takes nothing from the agent's talk."""
    leg = sets.see(state, event.chan, at)
    if leg is not None and leg.stretch is not None:
        stretches.hold(state, leg.call, leg.stretch, at)


def unhold(state: State, event: Unhold, at: float) -> None:
    leg = sets.see(state, event.chan, at)
    if leg is not None and leg.stretch is not None:
        stretches.unhold(state, leg.call, leg.stretch, at)


def ring_no_answer(state: State, leg: Leg, at: float) -> None:
    """The queue's time for this phone is over, with no DialEnd yet."""
    if leg.dialling:
        leg.call.dial_status = "NOANSWER"
        _close_offer(state, leg, EndReason.NO_ANSWER, at)
