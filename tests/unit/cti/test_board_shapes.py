"""Calls that are moved about, as each version of Asterisk told them, make the calls and segments of their story."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from cti.messages import Call, How
from tests.unit.cti.board_help import (
    T0,
    TRACES,
    board_with_members,
    by_key,
    counted,
    reduce,
    run,
    trace_events,
    trace_expected,
)

SHAPES = sorted(path.stem for path in (TRACES / "shapes").glob("*.toml"))
VERSIONS = (16, 22)
each_shape = pytest.mark.parametrize("name", SHAPES)
each_version = pytest.mark.parametrize("version", VERSIONS)


def segments_of(call: Call) -> list[str]:
    """Interface, how it began and how it ended; the latter in brackets where the phone was never answered."""
    told = []
    for segment in call.segments:
        assert segment.end_reason is not None
        reason = segment.end_reason.value
        talked = segment.answered_at is not None
        told.append(f"{segment.interface} {segment.how.value} {reason if talked else f'({reason})'}")
    return told


def facts(call: Call) -> dict[str, Any]:
    assert call.outcome is not None
    return {
        "direction": call.direction.value,
        "caller": call.caller.number,
        "outcome": call.outcome.value,
        "queue": call.queue,
    }


@each_version
@each_shape
def test_a_shape_makes_the_calls_and_segments_of_its_story(name: str, version: int) -> None:
    board = board_with_members()
    told = run(board, trace_events(f"shapes/{version}/{name}"))
    expected = trace_expected(f"shapes/{name}")
    calls = counted(told)
    segments = expected["segments"]
    wanted = segments if segments and isinstance(segments[0], list) else [segments]
    found = [segments_of(call) for call in calls]
    if expected.get("any_order"):  # phones that ring together
        found, wanted = [list(map(sorted, one)) for one in (found, wanted)]
    assert found == wanted
    for call in calls:
        told_of = facts(call)
        assert told_of == told_of | {key: expected[key] for key in told_of if key in expected}
        if expected.get("held"):
            assert call.hold_seconds > 0
    assert board.snapshot().calls == ()
    assert not board.surprises


@each_version
@each_shape
def test_a_snapshot_of_any_moment_and_the_events_after_it_give_the_present(name: str, version: int) -> None:
    board = board_with_members()
    snapshots = [board.snapshot()]
    for number, event in enumerate(trace_events(f"shapes/{version}/{name}")):
        told = board.apply(event, T0 + number)
        for change in told:
            snapshots = [reduce(snapshot, change) for snapshot in snapshots]
        now = by_key(board.snapshot())
        assert all(by_key(view) == now for view in snapshots)
        if number % 10 == 0:
            snapshots.append(board.snapshot())


@each_version
@each_shape
def test_every_event_told_twice_makes_no_other_call(name: str, version: int) -> None:
    events = trace_events(f"shapes/{version}/{name}")
    once = counted(run(board_with_members(), events))
    board, twice = board_with_members(), []
    for number, event in enumerate(events):
        twice += board.apply(event, T0 + number)
        twice += board.apply(event, T0 + number)
    assert list(map(_shape, counted(twice))) == list(map(_shape, once))


def _shape(call: Call) -> tuple[object, ...]:
    segments = Counter((s.interface, s.how, s.end_reason) for s in call.segments)
    return call.id, call.direction, call.outcome, call.wait_seconds, call.talk_seconds, segments


@each_version
@each_shape
def test_no_two_agents_are_told_to_talk_with_the_caller_at_once(name: str, version: int) -> None:
    """Talk adds up to no more than the time that the caller was answered; three together are the exception."""
    if "threeway" in name or "conference" in name:
        return
    for call in counted(run(board_with_members(), trace_events(f"shapes/{version}/{name}"))):
        if call.answered_at is None or call.ended_at is None:
            continue
        talked = [s for s in call.segments if s.how is not How.OUTBOUND]
        # Events are a second apart here; one agent's hang-up may be told some events after the next one's answer.
        assert call.talk_seconds <= call.ended_at - call.answered_at + 10 or not talked
