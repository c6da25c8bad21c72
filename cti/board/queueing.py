"""What queues tell: callers who come and go, agents who are called, members."""

from __future__ import annotations

from cti.board import sets, stretches
from cti.board.dials import ring_no_answer
from cti.board.model import Leg
from cti.board.state import State
from cti.events import (
    AgentCalled,
    AgentComplete,
    AgentConnect,
    AgentDump,
    AgentRingNoAnswer,
    Member,
    QueueCallerAbandon,
    QueueCallerJoin,
    QueueCallerLeave,
    QueueMemberAdded,
    QueueMemberPause,
    QueueMemberRemoved,
    QueueMemberStatus,
)
from cti.messages import EndReason

_REASONS = {
    "caller": EndReason.CALLER_HUNG_UP,
    "agent": EndReason.AGENT_HUNG_UP,
    "transfer": EndReason.TRANSFERRED,
}


def caller_join(state: State, event: QueueCallerJoin, at: float) -> None:
    leg = sets.meet(state, event.chan, at)
    if leg is None:
        return
    sets.consult(state, leg.call, at)
    if leg.local and not leg.call.first:
        sets.stand_in(leg, event.chan)
    enqueue(state, leg, event.queue, at)


def enqueue(state: State, leg: Leg, queue: str, at: float) -> None:
    """The caller waits in the queue; the wait began with the first queue that it came to."""
    call = leg.call
    if call.waiting and call.waiting != leg.uniqueid:
        state.surprises["two callers of one call in queues"] += 1
    if leg.waits_in != queue:
        sets.dequeue(state, leg)
        leg.waits_in = queue
    call.waiting, call.queue = leg.uniqueid, queue
    if call.queued_at is None:
        call.queued_at = at
    line = state.line(queue)
    line.join(leg.uniqueid, at)
    state.touch_line(line)
    state.touch(call)


def caller_leave(state: State, event: QueueCallerLeave, at: float) -> None:
    leg = sets.see(state, event.chan, at)
    if leg is None or leg.waits_in != event.queue:
        return
    sets.dequeue(state, leg)
    if leg.call.waiting == leg.uniqueid:
        leg.call.waiting = ""
        state.touch(leg.call)


def caller_abandon(state: State, event: QueueCallerAbandon, at: float) -> None:
    """Also told of a caller whom the queue sends on because its time is over: that one has not hung up."""
    caller_leave(state, QueueCallerLeave(event.chan, event.queue, 0), at)
    leg = state.legs.get(event.chan.uniqueid)
    if leg is not None and leg.hung_up and leg.call.answered_at is None:
        leg.call.abandoned = True


def agent_called(state: State, event: AgentCalled, at: float) -> None:
    dest = None if event.dest is None else sets.meet(state, event.dest, at)
    if dest is None:
        return
    caller = sets.meet(state, event.chan, at)
    if caller is not None and caller.call is not dest.call:
        sets.join(state, caller.call, dest.call, at)
    dest.queue = event.queue
    if caller is not None:
        dest.dialled_by = dest.dialled_by or caller.uniqueid
    dest.dialling = True
    _is_phone(state, dest)
    if dest.local:
        _behind(state, dest, at)
    elif dest.inside:
        stretches.offer(state, dest, at, event.queue)


def _behind(state: State, local: Leg, at: float) -> None:
    """The Local channel's phone may ring before Asterisk says that it is the queue which calls it."""
    for leg in local.call.legs.values():
        if (
            local.partner
            and leg.dialled_by == local.partner
            and leg.inside
            and not leg.local
            and leg.dialling
        ):
            stretches.offer(state, leg, at, local.queue)


def agent_connect(state: State, event: AgentConnect, at: float) -> None:
    dest = None if event.dest is None else sets.see(state, event.dest, at)
    if dest is None:
        return
    dest.queue = event.queue
    dest.dialling = False
    _is_phone(state, dest)
    if dest.inside and not dest.local:
        stretches.answer(state, dest, at)


def _is_phone(state: State, leg: Leg) -> None:
    """Whoever a queue calls is of the house, unless it calls a number outside."""
    leg.inside = leg.inside or leg.interface not in state.trunks


def agent_ring_no_answer(state: State, event: AgentRingNoAnswer, at: float) -> None:
    dest = None if event.dest is None else sets.see(state, event.dest, at)
    if dest is not None:
        ring_no_answer(state, dest, at)


def agent_complete(state: State, event: AgentComplete, at: float) -> None:
    """Comes before the bridge is left: it only says why the stretch will end."""
    dest = None if event.dest is None else sets.see(state, event.dest, at)
    if dest is not None and dest.stretch is not None:
        dest.stretch.hint = _REASONS.get(event.reason)


def agent_dump(state: State, event: AgentDump, at: float) -> None:
    """The agent hung up while it was told of the caller; its Hangup follows, and the queue goes on."""


def member_added(state: State, event: QueueMemberAdded, at: float) -> None:
    put_member(state, event.member)


def member_changed(state: State, event: QueueMemberStatus | QueueMemberPause, at: float) -> None:
    """A device state may still come for a member that was removed: it does not bring it back."""
    line = state.lines.get(event.member.queue)
    if line is not None and event.member.interface in line.members:
        put_member(state, event.member)
    else:
        state.surprises["unknown member"] += 1


def put_member(state: State, member: Member) -> None:
    line = state.line(member.queue)
    desk = state.desks.of_member(member)
    line.put(member, desk)
    state.memberships.setdefault(member.interface, set()).add(member.queue)
    if desk is not None:
        desk.members[member.queue] = member.interface
    state.touch_line(line)


def member_removed(state: State, event: QueueMemberRemoved, at: float) -> None:
    member = event.member
    line = state.lines.get(member.queue)
    if line is None or not line.remove(member.interface):
        return
    queues = state.memberships.get(member.interface)
    if queues is not None:
        queues.discard(member.queue)
        if not queues:
            del state.memberships[member.interface]
    desk = state.desks.of_member(member)
    if desk is not None:
        desk.members.pop(member.queue, None)
    state.touch_line(line)
