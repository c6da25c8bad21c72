"""All that the board holds, and how a change becomes domain events."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from cti.board.desks import Desk, Desks, agent_of
from cti.board.figures import call_of, unchanged
from cti.board.lines import Line, queue_of
from cti.board.model import CallSet, Leg, Note, Recent, Stretch
from cti.events import Member
from cti.messages import (
    AgentChanged,
    AgentRemoved,
    Call,
    CallAnswered,
    CallChanged,
    CallEnded,
    CallJoined,
    CallOffered,
    CallStarted,
    DomainEvent,
    OfferWithdrawn,
    QueueChanged,
    QueueRemoved,
    SegmentEnded,
)


@dataclass(slots=True, eq=False)
class State:
    """Live channels and calls with their indexes, desks, queues; and what has changed since the last `flush`."""

    pbx: str
    trunks: frozenset[str] = frozenset()
    outside_prefix: str = ""
    wrapup: dict[str, float] = field(default_factory=dict)
    legs: dict[str, Leg] = field(default_factory=dict)
    calls: dict[str, CallSet] = field(default_factory=dict)
    by_linkedid: dict[str, CallSet] = field(default_factory=dict)
    by_tag: dict[str, CallSet] = field(default_factory=dict)
    bridges: dict[str, dict[str, Leg]] = field(default_factory=dict)
    phones: dict[str, dict[str, Leg]] = field(default_factory=dict)
    """Legs by their interface; Local channels are not in here."""
    dialled: dict[str, str] = field(default_factory=dict)
    """What we asked the PBX to dial, by the ChannelId we gave."""
    recent: Recent = field(default_factory=Recent)
    desks: Desks = field(default_factory=Desks)
    lines: dict[str, Line] = field(default_factory=dict)
    memberships: dict[str, set[str]] = field(default_factory=dict)
    """Queues by the interface of their members."""
    surprises: Counter[str] = field(default_factory=Counter)
    changed_calls: dict[CallSet, list[Note]] = field(default_factory=dict)
    changed_desks: dict[str, Desk] = field(default_factory=dict)
    changed_lines: dict[str, Line] = field(default_factory=dict)
    joins: list[tuple[str, CallSet]] = field(default_factory=list)
    """Ids of calls that have become part of another, and which."""
    out: list[DomainEvent] = field(default_factory=list)
    """Events that are made already, such as that a user is gone."""

    def wrap_up_of(self, member: Member) -> float:
        """Seconds after a call in which Asterisk gives the member no other (app_queue.c, get_wrapuptime)."""
        return member.wrapup_time or self.wrapup.get(member.queue, 0.0)

    def touch(self, call: CallSet) -> None:
        """The call may look different now."""
        if call not in self.changed_calls:
            self.changed_calls[call] = []

    def note(self, call: CallSet, kind: type, stretch: Stretch) -> None:
        """Something about the call that has an event of its own."""
        self.changed_calls.setdefault(call, []).append(Note(kind, stretch))

    def touch_phone(self, interface: str) -> None:
        """The phone may do something else now."""
        desk = self.desks.by_interface.get(interface)
        if desk is not None:
            self.changed_desks[desk.seat.user] = desk

    def touch_desk(self, desk: Desk) -> None:
        self.changed_desks[desk.seat.user] = desk

    def touch_line(self, line: Line) -> None:
        self.changed_lines[line.name] = line

    def line(self, name: str) -> Line:
        """The queue of that name; one that was not known before is now."""
        line = self.lines.get(name)
        if line is None:
            line = self.lines[name] = Line(name)
            self.touch_line(line)
        return line

    def drop_line(self, line: Line) -> None:
        """The PBX no longer has the queue."""
        self.lines.pop(line.name, None)
        self.changed_lines.pop(line.name, None)
        if line.published is not None:
            self.out.append(QueueRemoved(line.published.key))

    def drop_user(self, user: str) -> None:
        """The user has no seat here any more."""
        self.changed_desks.pop(user, None)
        self.out.append(AgentRemoved(user))

    def flush(self, at: float) -> list[DomainEvent]:
        """What has happened since the last flush: calls, then agents, then queues."""
        out, self.out = self.out, []
        if self.joins:
            joins, self.joins = self.joins, []
            out.extend(CallJoined(gone, call.id) for gone, call in joins)
        if self.changed_calls:
            changed, self.changed_calls = self.changed_calls, {}
            for call, notes in changed.items():
                self._publish_call(call, notes, out)
        if self.changed_desks:
            desks, self.changed_desks = self.changed_desks, {}
            for desk in desks.values():
                self._publish_desk(desk, at, out)
        if self.changed_lines:
            lines, self.changed_lines = self.changed_lines, {}
            for line in lines.values():
                queue = queue_of(self.pbx, line)
                if queue != line.published:
                    line.published = queue
                    out.append(QueueChanged(queue))
        return out

    def _publish_call(self, call: CallSet, notes: list[Note], out: list[DomainEvent]) -> None:
        before = call.published
        if before is None and not _worth_telling(call):
            return
        if before is not None and not notes and unchanged(call, before):
            return
        now = call_of(call, self.pbx)
        call.published = now
        if before is None:
            out.append(CallStarted(now))
            notes = _notes_of_new(call, notes)
            for leg in call.legs.values():
                self.touch_phone(leg.interface)
        for note in notes:
            out.append(_event_of(note, now))
        if now.ended_at is not None:
            out.append(CallEnded(now))
        elif before is not None and not notes and now != before:
            out.append(CallChanged(now))

    def _publish_desk(self, desk: Desk, at: float, out: list[DomainEvent]) -> None:
        legs = self.phones.get(desk.seat.interface)
        agent = agent_of(desk, legs.values() if legs else (), at)
        if agent == desk.published:
            return
        desk.published = agent
        out.append(AgentChanged(agent))
        for name, interface in desk.members.items():
            line = self.lines.get(name)
            if line is not None and line.count(interface, desk):
                self.touch_line(line)


def _worth_telling(call: CallSet) -> bool:
    """Whether a call that nobody has heard of is one: it lives, somebody real is in it, and it is not about another.

    The phone of an Originate is Down until it is dialled; a phone that Asterisk is about to call for somebody else
    looks the same for a moment. Local channels alone are nobody.
    """
    if call.ended_at is not None or (call.asks_for is not None and call.asks_for.ended_at is None):
        return False
    if not call.first:
        return call.known
    first = call.legs.get(call.first)
    return (
        call.certain
        or first is None
        or not call.first_inside
        or first.state != 0
        or first.dialling
        or len(call.legs) > 1
    )


def _notes_of_new(call: CallSet, notes: list[Note]) -> list[Note]:
    """What has to be told along with a call that is new: each live stretch once, as it stands now."""
    told = {id(note.stretch) for note in notes}
    return [
        *notes,
        *(Note(CallAnswered, s) for s in call.stretches.values() if s.talking and id(s) not in told),
        *(
            Note(CallOffered, s)
            for s in call.stretches.values()
            if s.offered and s.how.value != "outbound" and id(s) not in told
        ),
    ]


def _event_of(note: Note, call: Call) -> DomainEvent:
    segment = note.stretch.freeze()
    if note.kind is CallOffered:
        return CallOffered(call, segment)
    if note.kind is CallAnswered:
        return CallAnswered(call, segment)
    if note.kind is OfferWithdrawn:
        return OfferWithdrawn(call, segment)
    return SegmentEnded(call, segment)
