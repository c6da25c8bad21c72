"""What a replayed journal made, as text that is the same every time. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from core.clock import iso
from cti.journal.replay import Replay
from cti.messages import Call, Segment
from cti.statistics import QueueFigures, queue_figures


def report(replay: Replay) -> Iterator[str]:
    """Lines: every call with its segments, then each queue's figures, then what did not fit."""
    calls = sorted(replay.calls.values(), key=lambda call: (call.started_at, call.id))
    events = replay.counts["Event"]
    yield f"{events} events, {replay.counts['Pictured']} pictures, {len(calls)} calls"
    if replay.missed:
        yield f"{replay.missed} records are missing: the journal could not keep up, or the disk was full"
    for call in calls:
        yield ""
        yield from _call(call)
    yield from _queues(calls)
    if replay.surprises:
        yield ""
        yield "did not fit: " + ", ".join(
            f"{what} {count}" for what, count in sorted(replay.surprises.items())
        )


def _call(call: Call) -> Iterator[str]:
    ends = call.outcome.value if call.outcome else f"goes on ({call.state.value})"
    where = f", queue {call.queue}" if call.queue else ""
    dialled = f" to {call.dialled}" if call.dialled else ""
    yield f"call {call.id} {iso(call.started_at)}"
    yield f"  {call.direction.value}, from {_who(call)}{dialled}{where}: {ends}"
    yield (
        f"  waited {call.wait_seconds:.3f} s, talked {call.talk_seconds:.3f} s, held {call.hold_seconds:.3f} s"
        + (", incomplete" if call.incomplete else "")
    )
    for segment in call.segments:
        yield f"  {_segment(segment, call.started_at)}"


def _who(call: Call) -> str:
    return " ".join(part for part in (call.caller.number, call.caller.name) if part) or "nobody"


def _segment(segment: Segment, began: float) -> str:
    parts = [segment.agent or "no user", segment.interface, segment.how.value]
    if segment.queue:
        parts.append(f"queue {segment.queue}")
    for word, at in (
        ("offered", segment.offered_at),
        ("answered", segment.answered_at),
        ("ended", segment.ended_at),
    ):
        if at is not None:
            parts.append(f"{word} {at - began:+.3f}")
    if segment.hold_seconds:
        parts.append(f"held {segment.hold_seconds:.3f} s")
    if segment.end_reason:
        parts.append(segment.end_reason.value)
    return ", ".join(parts)


def _queues(calls: Iterable[Call]) -> Iterator[str]:
    calls = list(calls)
    for pbx, queue in sorted({(call.pbx, call.queue) for call in calls if call.queue}):
        found = queue_figures([call for call in calls if call.pbx == pbx], queue)
        yield ""
        yield f"queue {pbx}/{queue}: {_figures(found)}"


def _figures(found: QueueFigures) -> str:
    counts = (
        f"offered {found.offered}, answered {found.answered} ({found.answered_in_time} in time), "
        f"abandoned {found.abandoned}, short abandons {found.short_abandons}, other {found.other}"
    )
    means = [
        f"{name} {value:.3f}"
        for name, value in (
            ("service level", found.service_level),
            ("mean wait", found.average_speed_of_answer),
            ("mean handling", found.average_handling),
        )
        if value is not None
    ]
    return ", ".join([counts, *means]) + ("; incomplete" if found.incomplete else "")
