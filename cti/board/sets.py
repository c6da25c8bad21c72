"""Which channels make one call: those that share a linkedid, our call tag, a bridge, or a Local pair."""

from __future__ import annotations

from cti.board import sides, stretches
from cti.board.model import CallSet, Leg, Stretch, age, interface_of
from cti.board.state import State
from cti.events import Chan
from cti.messages import Direction, EndReason, How, Party


def see(state: State, chan: Chan, at: float) -> Leg | None:
    """The leg of a channel that an event is about, brought up to date; None for one that is not known."""
    leg = state.legs.get(chan.uniqueid)
    if leg is None:
        return None
    if chan.linkedid != leg.linkedid and chan.linkedid:
        _relink(state, leg, chan.linkedid, at)
    if chan.call_tag != leg.tag and chan.call_tag:
        tag(state, leg, chan.call_tag, at)
    return leg


def meet(state: State, chan: Chan, at: float) -> Leg | None:
    """`see`, and a channel that nobody told us of is taken in; None for one that has ended."""
    leg = see(state, chan, at)
    if leg is not None:
        return leg
    if chan.uniqueid in state.recent:
        state.surprises["straggler"] += 1
        return None
    return enter(state, chan, at)


def enter(state: State, chan: Chan, at: float) -> Leg:
    """A channel that is new: part of the call that it belongs to, or the first of another."""
    linkedid = chan.linkedid or chan.uniqueid
    call = state.by_linkedid.get(linkedid)
    if call is None and chan.call_tag:
        call = state.by_tag.get(chan.call_tag)
    if call is None:
        call = _new_call(state, chan, linkedid, at)
    leg = Leg(
        chan.uniqueid,
        linkedid,
        chan.name,
        interface_of(chan.name),
        chan.name.startswith("Local/"),
        sides.is_inside(state, chan),
        chan.state,
        call,
    )
    state.legs[leg.uniqueid] = leg
    call.legs[leg.uniqueid] = leg
    _link(state, call, linkedid)
    _link(state, call, chan.uniqueid)
    if not leg.local:
        state.phones.setdefault(leg.interface, {})[leg.uniqueid] = leg
        if not call.first:
            _begin(state, call, leg, chan, at)
    if chan.call_tag:
        tag(state, leg, chan.call_tag, at)
    state.touch(leg.call)
    state.touch_phone(leg.interface)
    return leg


def _new_call(state: State, chan: Chan, linkedid: str, at: float) -> CallSet:
    oldest = linkedid if linkedid not in state.recent else chan.uniqueid
    call = CallSet(f"{state.pbx}-{oldest}", at)
    if call.id in state.calls:  # an id once given to a call stays with it
        call.id = f"{state.pbx}-{chan.uniqueid}"
    state.calls[call.id] = call
    return call


def _begin(state: State, call: CallSet, leg: Leg, chan: Chan, at: float) -> None:
    """The call's first real channel says who calls, and from which side."""
    call.first, call.first_inside = leg.uniqueid, leg.inside
    call.caller = sides.party_of(state, leg, chan)
    expected = state.dialled.pop(leg.uniqueid, None)
    call.dialled = expected if expected is not None else sides.dialled_by(state, leg, chan)
    if expected is not None and not leg.inside:
        call.direction = Direction.OUTBOUND  # we ring up somebody outside, for a flow to talk with
    if leg.inside:
        call.direction = sides.likely_direction(state, call.dialled)
        call.asks_for = sides.held_at(state, leg)
        stretches.begin(state, leg, How.OUTBOUND, at)


def stand_in(leg: Leg, chan: Chan) -> None:
    """Nobody but a Local channel waits in a queue, as in a test call or a call-back that looks for an agent first: it
    is the caller, else the agent's phone that the queue calls would be taken for who began the call."""
    call = leg.call
    call.first, call.first_inside = leg.uniqueid, False
    call.caller, call.dialled = Party(chan.caller_num, chan.caller_name), chan.exten


def consult(state: State, call: CallSet, at: float) -> None:
    """A colleague is called: if that is by a phone which has a caller on hold, it is about that caller."""
    held, asks = call.asks_for, state.legs.get(call.first)
    call.asks_for = None
    if held is None or asks is None or held.ended_at is not None or held is call:
        return
    absorb(state, held, call, at)
    asks.stretch, asks.aside = None, True
    state.touch_phone(asks.interface)


def _link(state: State, call: CallSet, linkedid: str) -> None:
    call.linkedids.add(linkedid)
    state.by_linkedid[linkedid] = call


def _relink(state: State, leg: Leg, linkedid: str, at: float) -> None:
    """Asterisk has rewritten the channel's linkedid: it has met others in a bridge."""
    leg.linkedid = linkedid
    other = state.by_linkedid.get(linkedid)
    if other is None:
        _link(state, leg.call, linkedid)
    else:
        join(state, leg.call, other, at)


def tag(state: State, leg: Leg, value: str, at: float) -> None:
    """The dialplan, or who dialled, has said which call of ours the channel belongs to."""
    leg.tag = value
    other = state.by_tag.get(value)
    if other is None:
        leg.call.tags.add(value)
        state.by_tag[value] = leg.call
    else:
        join(state, leg.call, other, at)


def join(state: State, one: CallSet, two: CallSet, at: float) -> CallSet:
    """The two calls are one from now on, and it is the returned one: a customer's before an internal one, then the
    older. The other's agents go over to it.
    """
    if one is two:
        return one
    keep, gone = (one, two) if _rank(one) <= _rank(two) else (two, one)
    absorb(state, keep, gone, at)
    return keep


def absorb(state: State, keep: CallSet, gone: CallSet, at: float) -> None:
    """What was a call turns out to be part of another. Its agents go over; who only dialled comes in anew."""
    if keep is gone:
        return
    went = [(s, s.talking) for s in gone.stretches.values() if s.talking or _is_offer(s)]
    for stretch in gone.stretches.values():
        for uniqueid in stretch.legs if stretch.live else ():
            if uniqueid in gone.legs:
                gone.legs[uniqueid].stretch = None
        stretches.end(state, gone, stretch, EndReason.TRANSFERRED, at)
    _move_channels(state, gone, keep)
    _move_facts(gone, keep)
    for stretch, talked in went:
        for uniqueid in tuple(stretch.legs):
            leg = keep.legs.get(uniqueid)
            if leg is not None:
                _carry_over(state, leg, stretch, talked, at)
    gone.joined, gone.ended_at, gone.waiting, gone.asks_for = keep.id, at, "", None
    state.calls.pop(gone.id, None)
    state.joins.append((gone.id, keep))
    state.touch(gone)
    state.touch(keep)


def _is_offer(stretch: Stretch) -> bool:
    return stretch.offered and stretch.how is not How.OUTBOUND


def _rank(call: CallSet) -> tuple[bool, bool, float, tuple[int, int]]:
    oldest = call.first or next(iter(call.linkedids), "")
    return (
        not call.first,
        call.direction is Direction.INTERNAL,
        call.started_at,
        age(oldest, call.started_at),
    )


def _move_channels(state: State, gone: CallSet, keep: CallSet) -> None:
    for leg in gone.legs.values():
        leg.call = keep
        keep.legs[leg.uniqueid] = leg
        state.touch_phone(leg.interface)
    for linkedid in gone.linkedids:
        _link(state, keep, linkedid)
    for value in gone.tags:
        keep.tags.add(value)
        state.by_tag[value] = keep
    gone.legs = {}
    gone.linkedids = set()
    gone.tags = set()


def _move_facts(gone: CallSet, keep: CallSet) -> None:
    if gone.waiting:
        keep.waiting = gone.waiting
        keep.queue = gone.queue
        keep.queued_at = keep.queued_at if keep.queued_at is not None else gone.queued_at
    if not keep.first:
        keep.first, keep.first_inside, keep.direction = gone.first, gone.first_inside, gone.direction
        keep.caller, keep.dialled = gone.caller, gone.dialled
    keep.incomplete = keep.incomplete or gone.incomplete


def _carry_over(state: State, leg: Leg, before: Stretch, talked: bool, at: float) -> None:
    """An agent of the swallowed call is with the other one now, unless it is there already with another phone.

    It keeps its times: what it has talked so far was with whoever it called, or who called it, and not with the caller.
    """
    if not talked:
        stretches.offer(state, leg, at)
        return
    stretches.answer(state, leg, at)
    now = leg.stretch
    if now is not None and now.answered_at == at and before.answered_at is not None:
        now.offered_at, now.answered_at, now.frozen = before.offered_at, before.answered_at, None
        now.consult_since = before.answered_at


def leave(state: State, leg: Leg, at: float) -> CallSet:
    """The channel is gone; its call ends when it was the last one."""
    call = leg.call
    unbridge(state, leg)
    state.legs.pop(leg.uniqueid, None)
    call.legs.pop(leg.uniqueid, None)
    state.recent.add(leg.uniqueid)
    drop_phone(state, leg)
    dequeue(state, leg)
    if call.waiting == leg.uniqueid:
        call.waiting, call.abandoned = "", call.answered_at is None
    if not call.legs:
        _end(state, call, at)
    state.touch(call)
    return call


def dequeue(state: State, leg: Leg) -> None:
    """The leg waits in no queue any more."""
    line = state.lines.get(leg.waits_in)
    leg.waits_in = ""
    if line is not None and line.leave(leg.uniqueid):
        state.touch_line(line)


def drop_phone(state: State, leg: Leg) -> None:
    """The leg is no longer one of its interface's."""
    phone = state.phones.get(leg.interface)
    if phone is not None and phone.pop(leg.uniqueid, None) is not None and not phone:
        del state.phones[leg.interface]
    state.touch_phone(leg.interface)


def unbridge(state: State, leg: Leg) -> None:
    bridge = state.bridges.get(leg.bridge)
    if bridge is not None:
        leg.left_first = len(bridge) > 1
        bridge.pop(leg.uniqueid, None)
        if not bridge:
            del state.bridges[leg.bridge]
    leg.bridge = ""


def _end(state: State, call: CallSet, at: float) -> None:
    for stretch in call.stretches.values():
        stretches.end(state, call, stretch, stretch.hint or EndReason.CANCELLED, at)
    call.ended_at = at
    state.calls.pop(call.id, None)
    for linkedid in call.linkedids:
        state.by_linkedid.pop(linkedid, None)
        state.recent.add(linkedid)
    for value in call.tags:
        state.by_tag.pop(value, None)
    state.touch(call)
