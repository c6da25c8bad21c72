"""What of a call goes from one agent to the next, pure: what those before wrote, and where the customer went."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec

from core.clock import iso
from cti.messages import Call, CallState, EndReason, Segment
from screenpop.work import Draft, Work

Person = Callable[[str], str]
"""A user's full name."""
NOTES_SHOWN = 8


class HandedNote(msgspec.Struct, frozen=True):
    user: str
    name: str
    text: str
    at: str


class HandedDraft(msgspec.Struct, frozen=True):
    """A ticket that a colleague has begun; `values` as in the form."""

    user: str
    name: str
    values: Draft
    version: int
    at: str


class HandedOver(msgspec.Struct, frozen=True):
    """What colleagues wrote in this call. `stage`: `asks` (the colleague asks first, the customer waits), `handed`
    (the customer is with us now) or `shared` (the colleague was asked, or joined, after us).
    """

    stage: str
    user: str
    name: str
    at: str
    notes: tuple[HandedNote, ...] = ()
    draft: HandedDraft | None = None


class Went(msgspec.Struct, frozen=True):
    """Where the customer went from an agent, or whom the agent asks.

    `kind`: agent, queue, outside, phone (a phone of no user). `state`: moving (no phone rings yet), ringing, talking,
    waiting, gone (nobody was reached), ended. `at` is when this agent let go (or began to ask), `since` when `state`
    began. `via` are those who had the customer in between.
    """

    asking: bool
    kind: str
    name: str
    state: str
    at: str
    since: str
    via: tuple[str, ...] = ()


def handed_over(call: Call, segment: Segment, works: Mapping[str, Work], person: Person) -> HandedOver | None:
    """What the segment's agent is shown of its colleagues' work; None where there was no colleague."""
    before = _before(call, segment)
    others = [work for work in works.values() if work.user != segment.agent]
    notes = _notes(others, person)
    draft = _draft(before, segment, works, person)
    if before:
        last = before[-1]
        stage = "handed" if last.ended_at is not None else "asks" if _is_asked(segment) else "shared"
        user = last.agent or ""
        return HandedOver(stage, user, person(user), iso(segment.offered_at), notes, draft)
    if not notes and draft is None:
        return None
    latest = max(others, key=lambda work: work.updated_at)
    return HandedOver("shared", latest.user, person(latest.user), iso(latest.updated_at), notes, draft)


def _before(call: Call, segment: Segment) -> list[Segment]:
    """The segments of colleagues who talked with the customer before this one was offered, in order."""
    talked = [
        one
        for one in call.segments
        if one.id != segment.id
        and one.agent not in (None, segment.agent)
        and one.answered_at is not None
        and one.offered_at <= segment.offered_at
        and one.answered_at <= segment.offered_at
    ]
    return sorted(talked, key=lambda one: (one.answered_at or 0.0, one.offered_at))


def _notes(others: Sequence[Work], person: Person) -> tuple[HandedNote, ...]:
    written = sorted((work for work in others if work.note), key=lambda work: work.note_at or 0.0)
    return tuple(
        HandedNote(work.user, person(work.user), work.note, iso(work.note_at or work.updated_at))
        for work in written[-NOTES_SHOWN:]
    )


def _draft(
    before: Sequence[Segment], segment: Segment, works: Mapping[str, Work], person: Person
) -> HandedDraft | None:
    """The latest draft of those before us, or of whom we asked and who went on with ours; None once ours is later.

    The latest counts even where it is empty: then it has become a ticket, or was thrown away, and no older copy
    returns.
    """
    users = {one.agent for one in before}
    if segment.ended_at is None:
        users |= {work.user for work in works.values() if work.origin == segment.agent}
        users.discard(segment.agent)
    # A copy that somebody took back after handing over is that agent's own affair.
    written = [
        work
        for work in works.values()
        if work.user in users and work.draft_at is not None and work.origin != work.user
    ]
    last = max(written, key=lambda work: work.draft_at or 0.0, default=None)
    own = works.get(segment.agent or "")
    if last is None or not last.draft or last.draft_at is None:
        return None
    if own is not None and own.draft_at is not None and own.draft_at >= last.draft_at:
        return None
    return HandedDraft(last.user, person(last.user), last.draft, last.draft_version, iso(last.draft_at))


def went(call: Call, segment: Segment, person: Person) -> Went | None:
    """Where the customer went from the segment's agent, or whom it asks; None while neither is so."""
    if segment.answered_at is None:
        return None
    if segment.ended_at is None:
        return _asking(call, segment, person)
    if segment.end_reason is not EndReason.TRANSFERRED:
        return None
    after = [one for one in call.segments if one.id != segment.id and _is_after(one, segment)]
    place = _now(call, after, person) or _last_with(call, after, person) or _elsewhere(call, segment, after)
    talked = [_name(one, person) for one in after if one.answered_at is not None]
    via = tuple(name for name in dict.fromkeys(talked) if name != place.name)
    return Went(False, place.kind, place.name, place.state, iso(segment.ended_at), iso(place.since), via)


class _Place(msgspec.Struct, frozen=True):
    kind: str
    name: str
    state: str
    since: float


def _now(call: Call, after: Sequence[Segment], person: Person) -> _Place | None:
    """With whom the customer talks now, or at whose phone it rings."""
    live = [one for one in after if one.ended_at is None]
    if not live or call.ended_at is not None:
        return None
    now = next((one for one in reversed(live) if one.answered_at is not None), live[-1])
    state = "ringing" if now.answered_at is None else "talking"
    return _Place(_kind(now), _name(now, person), state, now.answered_at or now.offered_at)


def _last_with(call: Call, after: Sequence[Segment], person: Person) -> _Place | None:
    """Who had the customer last, or would have had it, once nobody has it any more."""
    talked = [one for one in after if one.answered_at is not None]
    if not after or (call.ended_at is None and _goes_on(call, after[-1])):
        return None
    last = (talked or after)[-1]
    over = call.ended_at or last.ended_at or 0.0
    state = "ended" if talked else "gone"
    if not talked and last.queue:
        return _Place("queue", last.queue, state, over)
    return _Place(_kind(last), _name(last, person), state, over)


def _goes_on(call: Call, last: Segment) -> bool:
    """The customer was sent on from there, waits, or talks with somebody outside."""
    return last.end_reason is EndReason.TRANSFERRED or call.state is not CallState.IVR


def _elsewhere(call: Call, segment: Segment, after: Sequence[Segment]) -> _Place:
    """With no agent: in a queue, or outside."""
    over = segment.ended_at or 0.0
    sent_to = next((one.sent_to for one in reversed(after) if one.sent_to), segment.sent_to)
    if call.ended_at is None and call.state is CallState.QUEUED and call.queue:
        return _Place("queue", call.queue, "waiting", call.queued_at or over)
    if call.ended_at is not None and call.queue and call.queued_at is not None and call.queued_at >= over:
        return _Place("queue", call.queue, "gone", call.ended_at)
    if call.ended_at is not None:
        return _Place("outside", sent_to, "ended", call.ended_at)
    return _Place("outside", sent_to, _OUTSIDE.get(call.state, "moving"), over)


_OUTSIDE = {CallState.RINGING: "ringing", CallState.TALKING: "talking", CallState.HELD: "talking"}


def _asking(call: Call, segment: Segment, person: Person) -> Went | None:
    """Whom the agent asks before it hands over: the transfer that was begun while it is still with the call."""
    asked = [
        one
        for one in call.segments
        if one.id != segment.id
        and one.ended_at is None
        and one.agent != segment.agent
        and _is_asked(one)
        and one.offered_at >= (segment.answered_at or 0.0)
    ]
    if not asked:
        return None
    last = asked[-1]
    state = "ringing" if last.answered_at is None else "talking"
    since = iso(last.answered_at or last.offered_at)
    return Went(True, _kind(last), _name(last, person), state, iso(last.offered_at), since)


def asker(call: Call, segment: Segment) -> str | None:
    """The colleague who asked the segment's agent and is still with the customer, whom that agent never had itself."""
    before = _before(call, segment)
    only_asked = segment.answered_at is None or segment.end_reason is EndReason.CANCELLED
    return before[-1].agent if only_asked and before and before[-1].ended_at is None else None


def _is_asked(segment: Segment) -> bool:
    """It rings, or the two talk with each other only: the agent has not had the customer so far."""
    return segment.ended_at is None and (segment.answered_at is None or segment.consult_since is not None)


def _is_after(one: Segment, segment: Segment) -> bool:
    """With the customer later than the segment's agent: offered after it, or there when it let go."""
    over = segment.ended_at or 0.0
    return one.offered_at >= over or (
        one.offered_at >= segment.offered_at and (one.ended_at is None or one.ended_at > over)
    )


def _kind(segment: Segment) -> str:
    return "phone" if segment.agent is None else "agent"


def _name(segment: Segment, person: Person) -> str:
    return person(segment.agent) if segment.agent else segment.interface.partition("/")[2]
