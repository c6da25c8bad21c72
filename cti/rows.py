"""Calls, segments and duties as rows of the tables, and back. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import RowMapping

from cti.duty import Duty
from cti.messages import Call, CallState, Direction, EndReason, How, Outcome, Party, Segment

NumberKey = Callable[[str, str], str]
"""From a number as a PBX says it, and that PBX's name, to the one form in which customers' numbers are kept."""

Row = Mapping[str, Any] | RowMapping


def call_row(call: Call, key: NumberKey) -> dict[str, Any]:
    """The call without its segments; texts are cut to what the columns hold."""
    other = call.dialled if call.direction is Direction.OUTBOUND else call.caller.number
    return {
        "id": call.id,
        "pbx": call.pbx,
        "direction": call.direction.value,
        "state": call.state.value,
        "caller_number": call.caller.number[:256],
        "caller_name": call.caller.name[:256],
        "dialled": call.dialled[:256],
        "number_key": key(other, call.pbx)[:64] if other else "",
        "queue": _cut(call.queue, 128),
        "started_at": call.started_at,
        "queued_at": call.queued_at,
        "answered_at": call.answered_at,
        "ended_at": call.ended_at,
        "outcome": None if call.outcome is None else call.outcome.value,
        "wait_seconds": call.wait_seconds,
        "talk_seconds": call.talk_seconds,
        "hold_seconds": call.hold_seconds,
        "incomplete": call.incomplete,
        "joined": call.joined[:80],
    }


def segment_rows(call: Call) -> list[dict[str, Any]]:
    return [
        {
            "id": segment.id,
            "call_id": call.id,
            "position": position,
            "interface": segment.interface[:128],
            "agent": segment.agent,
            "queue": _cut(segment.queue, 128),
            "how": segment.how.value,
            "offered_at": segment.offered_at,
            "answered_at": segment.answered_at,
            "ended_at": segment.ended_at,
            "end_reason": None if segment.end_reason is None else segment.end_reason.value,
            "hold_seconds": segment.hold_seconds,
            "held_since": segment.held_since,
            "consult_seconds": segment.consult_seconds,
            "consult_since": segment.consult_since,
        }
        for position, segment in enumerate(call.segments)
    ]


def calls_of(rows: Iterable[Row], segments: Iterable[Row]) -> list[Call]:
    """The calls of these rows in their order, each with its segments (which come in order of position)."""
    by_call: dict[str, list[Segment]] = {}
    for row in segments:
        by_call.setdefault(row["call_id"], []).append(_segment(row))
    return [_call(row, by_call.get(row["id"], ())) for row in rows]


def _call(row: Row, segments: Sequence[Segment]) -> Call:
    return Call(
        id=row["id"],
        pbx=row["pbx"],
        direction=Direction(row["direction"]),
        state=CallState(row["state"]),
        caller=Party(row["caller_number"], row["caller_name"]),
        dialled=row["dialled"],
        started_at=row["started_at"],
        queue=row["queue"],
        queued_at=row["queued_at"],
        answered_at=row["answered_at"],
        ended_at=row["ended_at"],
        outcome=None if row["outcome"] is None else Outcome(row["outcome"]),
        wait_seconds=row["wait_seconds"],
        talk_seconds=row["talk_seconds"],
        hold_seconds=row["hold_seconds"],
        segments=tuple(segments),
        incomplete=bool(row["incomplete"]),
        joined=row["joined"],
    )


def _segment(row: Row) -> Segment:
    return Segment(
        id=row["id"],
        interface=row["interface"],
        agent=row["agent"],
        queue=row["queue"],
        how=How(row["how"]),
        offered_at=row["offered_at"],
        answered_at=row["answered_at"],
        ended_at=row["ended_at"],
        end_reason=None if row["end_reason"] is None else EndReason(row["end_reason"]),
        hold_seconds=row["hold_seconds"],
        held_since=row["held_since"],
        consult_seconds=row["consult_seconds"],
        consult_since=row["consult_since"],
    )


def duty_row(duty: Duty) -> dict[str, Any]:
    return {
        "user": duty.user,
        "queues": list(duty.queues),
        "last_queues": list(duty.last_queues),
        "paused": duty.paused,
        "reason": duty.reason[:128],
        "since": duty.since,
    }


def duty_of(row: Row) -> Duty:
    return Duty(
        row["user"],
        tuple(row["queues"]),
        bool(row["paused"]),
        row["reason"],
        row["since"],
        tuple(row["last_queues"]),
    )


def _cut(text: str | None, size: int) -> str | None:
    return None if text is None else text[:size]
