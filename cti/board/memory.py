"""Calls that were live when we last looked: which of them a picture still shows, and the end of those it does not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from cti.board.figures import talk_seconds
from cti.board.model import CallSet, Stretch
from cti.board.state import State
from cti.messages import (
    Call,
    CallEnded,
    CallState,
    Direction,
    DomainEvent,
    EndReason,
    How,
    OfferWithdrawn,
    Outcome,
    Segment,
    SegmentEnded,
)


class Memory:
    """Calls that were live when we last looked, by any channel or linkedid of theirs."""

    def __init__(self, state: State, remembered: Mapping[str, Call]) -> None:
        self.told = {call.id for call in state.calls.values() if call.published is not None}
        """Calls that this board has published: whoever listens knows them."""
        self.calls = dict(remembered)
        self._by_channel = {call.id.removeprefix(f"{state.pbx}-"): call.id for call in remembered.values()}
        self.asides = [leg.uniqueid for leg in state.legs.values() if leg.aside]
        """Channels on which an agent asked a colleague about a caller on hold."""
        for call in state.calls.values():
            if call.published is not None:
                self.calls[call.id] = call.published
                self._by_channel.update(dict.fromkeys((*call.linkedids, *call.legs, *call.tags), call.id))

    def claim(self, call: CallSet) -> Call | None:
        """The oldest remembered call that this one is; nobody else gets it then."""
        found = self._known_of(call)
        if not found:
            return None
        return self.calls.pop(min(found, key=lambda id_: (self.calls[id_].started_at, id_)))

    def were_one(self, one: CallSet, two: CallSet) -> bool:
        """Whether both were parts of the same call."""
        return bool(self._known_of(one) & self._known_of(two))

    def _known_of(self, call: CallSet) -> set[str]:
        keys = (*call.linkedids, *call.legs, *call.tags)
        return {id_ for key in keys if (id_ := self._by_channel.get(key)) in self.calls and id_ is not None}


def lost(call: Call, at: float) -> list[DomainEvent]:
    """The PBX no longer has the call: nobody saw it end, so its times may be long by as much as the link was away.

    Nothing of it ends before it began, whenever the link was lost.
    """
    at = max(at, call.started_at, *(s.answered_at or s.offered_at for s in call.segments))
    segments = tuple(s if s.ended_at is not None else _cut(s, at) for s in call.segments)
    ended = msgspec.structs.replace(
        call,
        state=CallState.ENDED,
        ended_at=at,
        outcome=Outcome.LOST,
        segments=segments,
        hold_seconds=sum((s.hold_seconds for s in segments), 0.0),
        talk_seconds=_talk(call.direction, segments),
        incomplete=True,
    )
    events: list[DomainEvent] = []
    for before, segment in zip(call.segments, segments, strict=True):
        if before.ended_at is None:
            offered = segment.answered_at is None and segment.how is not How.OUTBOUND
            events.append(OfferWithdrawn(ended, segment) if offered else SegmentEnded(ended, segment))
    return [*events, CallEnded(ended)]


def _cut(segment: Segment, at: float) -> Segment:
    return msgspec.structs.replace(
        segment,
        ended_at=at,
        end_reason=EndReason.LOST,
        hold_seconds=segment.hold_seconds + _since(segment.held_since, at),
        held_since=None,
        consult_seconds=segment.consult_seconds + _since(segment.consult_since, at),
        consult_since=None,
    )


def _since(began: float | None, at: float) -> float:
    return 0.0 if began is None else max(0.0, at - began)


def _talk(direction: Direction, segments: Iterable[Segment]) -> float:
    call = CallSet("", 0.0, direction=direction)
    call.stretches = {s.id: stretch_of(s) for s in segments}
    return talk_seconds(call)


def stretch_of(segment: Segment) -> Stretch:
    """A segment that may go on."""
    return Stretch(
        segment.id,
        segment.interface,
        segment.agent,
        segment.how,
        segment.offered_at,
        segment.queue,
        segment.answered_at,
        segment.ended_at,
        segment.end_reason,
        segment.hold_seconds,
        segment.held_since,
        segment.consult_seconds,
        segment.consult_since,
        segment.sent_to,
    )
