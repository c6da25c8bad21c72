"""Starting anew from what a PBX lists at a resync.

Channels, calls and queues are built from the picture alone, so that the result does not depend on what the board
believed. What no list can tell (when a call began, who had it before, since when it is on hold) is taken from
memory: from the board's own calls and from those that the store holds as live.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from cti.board import bridging, queueing, sets, stretches
from cti.board.lines import Line
from cti.board.memory import Memory, lost, stretch_of
from cti.board.model import CallSet, Leg, Recent, Stretch, age
from cti.board.state import State
from cti.messages import (
    Call,
    CallOffered,
    EndReason,
    How,
)
from cti.seen import Picture, SeenChannel

_UP = 6


def resync(state: State, picture: Picture, remembered: Mapping[str, Call], at: float, lost_at: float) -> None:
    """Makes the state what the picture shows; `state.flush` tells the difference."""
    memory = Memory(state, remembered)
    _forget_channels(state)
    _queues(state, picture)
    seen = sorted(picture.channels, key=lambda s: age(s.chan.uniqueid, at - s.seconds))
    _channels(state, seen, at)
    _consultations(state, memory, at)
    state.changed_calls.clear()  # what came up while calls were put together is no news
    state.joins.clear()  # and nobody has heard of the ids that it had meanwhile
    recalled = {call: memory.claim(call) for call in state.calls.values()}
    for call, known in recalled.items():
        _recall(call, known, told=known is not None and known.id in memory.told)
    _name_calls(state, recalled)
    _entries(state, picture, at)
    _stretches(state, seen, picture, recalled, at)
    _wrap_ups(state, picture, at)
    for known in memory.calls.values():
        state.out.extend(lost(known, lost_at))
    for desk in state.desks.by_user.values():
        state.touch_desk(desk)


def _forget_channels(state: State) -> None:
    for index in (state.legs, state.calls, state.by_linkedid, state.by_tag, state.bridges, state.phones):
        index.clear()
    state.recent = Recent()
    state.changed_calls.clear()


def _queues(state: State, picture: Picture) -> None:
    """Queues and members as they are; one that is gone is dropped."""
    names = {queue.name: queue.weight for queue in picture.queues}
    for line in tuple(state.lines.values()):
        if line.name not in names:
            state.drop_line(line)
    state.memberships.clear()
    for desk in state.desks.by_user.values():
        desk.members.clear()
    for name, weight in names.items():
        before = state.lines.get(name)
        line = state.lines[name] = Line(name, weight)
        line.published = None if before is None else before.published
        state.touch_line(line)
    for member in picture.members:
        queueing.put_member(state, member)


def _channels(state: State, seen: list[SeenChannel], at: float) -> None:
    """Channels into calls, oldest first, so that the first of each call is who began it."""
    for item in seen:
        leg = sets.enter(state, item.chan, at - item.seconds)
        if item.dialled and leg.call.first == leg.uniqueid and not leg.inside:
            leg.call.dialled = item.dialled
        if item.application == "Queue" and leg.local and not leg.call.first:
            sets.stand_in(leg, item.chan)
        if item.application == "AppQueue":
            leg.inside = leg.inside or leg.interface not in state.trunks
        leg.up = leg.state == _UP and leg.uniqueid != leg.call.first
        if item.bridge:
            bridging.place(state, leg, item.bridge)
    names = {leg.name: leg for leg in state.legs.values() if leg.local}
    for name, one in names.items():
        two = names.get(f"{name[:-2]};2") if name.endswith(";1") else None
        if two is not None:
            one.partner, two.partner = two.uniqueid, one.uniqueid
            sets.join(state, one.call, two.call, at)
    parked = {item.bridge for item in seen if item.application == "Park"}
    for bridge, members in state.bridges.items():
        legs = tuple(members.values())
        for leg in legs[1:] if bridge not in parked else ():
            sets.join(state, legs[0].call, leg.call, at)


def _consultations(state: State, memory: Memory, at: float) -> None:
    """No list says that an agent asks a colleague about a caller on hold: on a phone's second line that is a call by
    itself, and was part of the caller's when we last looked."""
    for uniqueid in memory.asides:
        leg = state.legs.get(uniqueid)
        if leg is None:
            continue
        others = (call for call in state.calls.values() if call is not leg.call)
        held = next((call for call in others if memory.were_one(call, leg.call)), None)
        if held is not None:
            sets.absorb(state, held, leg.call, at)
            leg.stretch, leg.aside = None, True


def _name_calls(state: State, recalled: Mapping[CallSet, Call | None]) -> None:
    """A remembered call keeps its id; another that would have the same (they were one, and parted) takes its own."""
    state.calls = {call.id: call for call, known in recalled.items() if known is not None}
    for call, known in recalled.items():
        if known is None:
            while call.id in state.calls:
                call.id = f"{state.pbx}-{next(iter(call.legs))}" if call.segments_made == 0 else f"{call.id}+"
                call.segments_made += 1
            state.calls[call.id] = call


def _recall(call: CallSet, known: Call | None, *, told: bool) -> None:
    """What the lists cannot tell is as it was."""
    call.incomplete = call.certain = True
    call.stretches.clear()
    for leg in call.legs.values():
        leg.stretch = None
    if known is None:
        return
    call.known = True
    call.id, call.started_at, call.direction = known.id, known.started_at, known.direction
    call.caller, call.dialled = known.caller, known.dialled
    call.queue, call.queued_at, call.answered_at = known.queue, known.queued_at, known.answered_at
    call.stretches = {s.id: stretch_of(s) for s in known.segments}
    call.segments_made = len(known.segments)
    call.published = known if told else None


def _entries(state: State, picture: Picture, at: float) -> None:
    for entry in sorted(picture.entries, key=lambda e: -e.wait):
        leg = state.legs.get(entry.uniqueid)
        if leg is not None:
            leg.priority = entry.priority
            queueing.enqueue(state, leg, entry.queue, at - entry.wait)


def _stretches(
    state: State,
    seen: list[SeenChannel],
    picture: Picture,
    recalled: Mapping[CallSet, Call | None],
    at: float,
) -> None:
    """Who is with which call now. A remembered stretch goes on if its agent is still there, and is lost if not."""
    for call in recalled:
        state.touch(call)
    for item in seen:
        leg = state.legs[item.chan.uniqueid]
        if item.application == "Queue" and leg.call.queue is None and item.application_data:
            leg.call.queue = item.application_data.partition(",")[0]
        if leg.inside and not leg.local and not leg.aside:
            _place(state, leg, item, at)
        elif leg.up and not leg.local and _in_company(state, leg):
            stretches.reached(state, leg.call, at)
    for call in recalled:
        for stretch in tuple(call.stretches.values()):
            if stretch.ended_at is None and not stretch.legs:
                stretches.end(state, call, stretch, EndReason.LOST, at)
    _settle_holds(state, recalled, picture, at)


def _settle_holds(state: State, calls: Iterable[CallSet], picture: Picture, at: float) -> None:
    for leg in state.legs.values():
        if leg.stretch is not None and leg.stretch.talking:
            _settle_hold(state, leg, leg.stretch, picture.devices, at)
    for call in calls:
        held = any(stretch.live and stretch.held_since is not None for stretch in call.stretches.values())
        for stretch in call.stretches.values() if not held else ():
            stretches.got_caller(
                state, call, stretch, at
            )  # nobody is asked about a caller who is not on hold


def _place(state: State, leg: Leg, item: SeenChannel, at: float) -> None:
    call = leg.call
    outbound = leg.uniqueid == call.first
    if not outbound and leg.state != _UP:
        leg.dialling = True
    remembered = _remembered(state, leg, at)
    if remembered is not None:
        remembered.legs.add(leg.uniqueid)
        leg.stretch = remembered
    elif outbound:
        stretches.begin(state, leg, How.OUTBOUND, at)
    else:
        queue = (call.queue or "") if item.application == "AppQueue" or call.waiting else ""
        known = len(call.stretches)
        how = How.QUEUE if queue else How.DIRECT if call.answered_at is None else How.TRANSFER
        stretch = stretches.begin(state, leg, how, at, queue or None)
        if leg.state != _UP and len(call.stretches) > known:
            state.note(call, CallOffered, stretch)
    talks = leg.state == _UP and (not outbound or _in_company(state, leg))
    if talks and leg.stretch is not None and leg.stretch.answered_at is None:
        stretches.answer(state, leg, at)
        if outbound:
            stretches.reached(state, call, at)


def _remembered(state: State, leg: Leg, at: float) -> Stretch | None:
    """The stretch that goes on. Who has talked cannot be ringing now, nor be called who was dialling: that one is lost,
    and another begins.
    """
    called = leg.uniqueid != leg.call.first
    for stretch in leg.call.stretches.values():
        if stretch.ended_at is not None or stretch.interface != leg.interface:
            continue
        dialled = called and stretch.how is How.OUTBOUND and stretch.answered_at is None
        if not dialled and (stretch.answered_at is None or leg.state == _UP or stretch.legs):
            return stretch
        stretches.end(state, leg.call, stretch, EndReason.LOST, at)
    return None


def _in_company(state: State, leg: Leg) -> bool:
    return len(state.bridges.get(leg.bridge, ())) > 1


def _settle_hold(state: State, leg: Leg, stretch: Stretch, devices: Mapping[str, str], at: float) -> None:
    """Asterisk shows the *other* side's device as on hold, or the own one where it speaks for the phone."""
    others = state.bridges.get(leg.bridge, {}).values()
    held = any(devices.get(other.interface) == "ONHOLD" for other in (leg, *others))
    if held:
        stretches.hold(state, leg.call, stretch, at)
    else:
        stretches.unhold(state, leg.call, stretch, at)


def _wrap_ups(state: State, picture: Picture, at: float) -> None:
    """Who still wraps up: told from the queue's LastCall (epoch seconds of the PBX) and Wrapuptime."""
    for wrapping in tuple(state.desks.wrapping.values()):
        state.desks.end_wrap_up(wrapping)
    for member in picture.members:
        desk = state.desks.of_member(member)
        seconds = state.wrap_up_of(member)
        until = member.last_call + seconds
        if desk is None or not member.last_call or not at < until <= at + seconds:
            continue
        if desk.wrap_until is None or desk.wrap_until < until:
            state.desks.wrap_up(desk, until)
