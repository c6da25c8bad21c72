"""What a real Asterisk sent, through frames and types, makes the calls that its story tells."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from cti.board import Board
from cti.events import Member
from cti.messages import AgentState, Call, CallAnswered, CallOffered, CallState, DomainEvent, How, Snapshot
from cti.seen import Picture, SeenQueue
from tests.unit.cti.board_help import (
    DUTIES,
    PBX,
    SEATS,
    T0,
    TRACES,
    by_key,
    ended,
    reduce,
    run,
    staffed_board,
    trace_events,
    trace_expected,
    trace_picture,
)

STORIES = sorted(path.stem for path in TRACES.glob("*.ami") if "outcome" in trace_expected(path.stem))
RESYNCS = sorted(path.stem for path in TRACES.glob("resync_*.ami"))


def board_with_members() -> Board:
    board = staffed_board()
    members = tuple(
        Member("service", seat.interface, dynamic=True, status=1, wrapup_time=10) for seat in SEATS
    )
    board.resync(Picture("before", queues=(SeenQueue("service"),), members=members), {}, T0)
    return board


def play(name: str) -> tuple[Board, list[DomainEvent]]:
    board = board_with_members()
    expected = trace_expected(name)
    if "channel_id" in expected:
        board.expect(expected["channel_id"], expected["dialled"])
    return board, run(board, trace_events(name))


@pytest.mark.parametrize("name", STORIES)
def test_a_recorded_call_is_told_as_its_story_goes(name: str) -> None:
    board, told = play(name)
    expected = trace_expected(name)
    calls = ended(told)
    assert len(calls) == len(expected.get("callers", [1]))
    for number, call in enumerate(calls):
        check_call(call, expected, expected["outcome"])
        if "callers" in expected:
            assert call.caller.number == expected["callers"][number]
    assert board.snapshot().calls == ()
    assert not board.surprises


def check_call(call: Call, expected: dict[str, Any], outcome: str) -> None:
    assert call.direction.value == expected["direction"]
    assert call.outcome is not None
    assert call.outcome.value == outcome
    assert call.state is CallState.ENDED
    if "caller" in expected:
        assert call.caller.number == expected["caller"]
    if "dialled" in expected:
        assert call.dialled == expected["dialled"]
    assert call.queue == expected.get("queue")
    answered = [s for s in call.segments if s.answered_at is not None and s.how is not How.OUTBOUND]
    if "answered_by" in expected:
        assert [s.interface for s in answered] == [expected["answered_by"]]
    if "agent" in expected:
        assert [(s.interface, s.how) for s in call.segments] == [(expected["agent"], How.OUTBOUND)]
    if "offered" in expected:
        offered = [s.interface for s in call.segments if s.how is not How.OUTBOUND]
        assert sorted(offered) == expected["offered"]
    if expected.get("held"):
        assert call.hold_seconds > 0
    assert all(s.ended_at is not None for s in call.segments)


@pytest.mark.parametrize("name", STORIES)
def test_a_snapshot_taken_at_any_moment_and_the_events_after_it_give_the_present(name: str) -> None:
    board = board_with_members()
    snapshots = [board.snapshot()]
    for number, event in enumerate(trace_events(name)):
        told = board.apply(event, T0 + number)
        for at, snapshot in enumerate(snapshots):
            for change in told:
                snapshot = reduce(snapshot, change)  # noqa: PLW2901 - each older view is brought up to date
            snapshots[at] = snapshot
        now = board.snapshot()
        assert all(by_key(view) == by_key(now) for view in snapshots)
        snapshots.append(now)


@pytest.mark.parametrize("name", STORIES)
def test_every_event_told_twice_makes_no_other_call(name: str) -> None:
    expected = [_facts(call) for call in ended(play(name)[1])]
    board = board_with_members()
    channel_id = trace_expected(name).get("channel_id")
    if channel_id:
        board.expect(channel_id, trace_expected(name)["dialled"])
    told: list[DomainEvent] = []
    for number, event in enumerate(trace_events(name)):
        told += board.apply(event, T0 + number)
        told += board.apply(event, T0 + number)
    assert [_facts(call) for call in ended(told)] == expected


def _facts(call: Call) -> tuple[object, ...]:
    segments = Counter((s.interface, s.how, s.end_reason) for s in call.segments)
    return call.id, call.direction, call.outcome, call.wait_seconds, call.talk_seconds, segments


def test_the_agents_phones_are_told_one_after_another() -> None:
    _, told = play("queue_rna_then_answered")
    offered = [e.segment.agent for e in told if isinstance(e, CallOffered)]
    answered = [e.segment.agent for e in told if isinstance(e, CallAnswered)]
    assert (offered, answered) == (["li", "wang"], ["wang"])


@pytest.mark.parametrize("name", RESYNCS)
def test_a_resync_shows_what_is_going_on(name: str) -> None:
    expected = trace_expected(name)
    board = Board(PBX, trunks=("PJSIP/trunk",))
    board.set_seats(SEATS, T0)
    board.set_duties(DUTIES, T0)
    before = board.snapshot()
    told = board.resync(trace_picture(name), {}, T0)
    calls = board.snapshot().calls
    assert len(calls) == expected["calls"]
    for event in told:
        before = reduce(before, event)
    assert by_key(before) == by_key(board.snapshot())
    for call in calls:
        check_live(call, expected)
        assert {type(e) for e in told} >= {CallAnswered if "answered_by" in expected else CallOffered}


def check_live(call: Call, expected: dict[str, Any]) -> None:
    assert call.state.value == expected["state"]
    assert call.caller.number == expected["caller"]
    assert call.queue == "service"
    assert call.incomplete
    open_ones = [s for s in call.segments if s.ended_at is None]
    if "answered_by" in expected:
        assert [(s.interface, s.answered_at is not None) for s in open_ones] == [
            (expected["answered_by"], True)
        ]
    if "offered" in expected:
        assert [(s.interface, s.answered_at) for s in open_ones] == [(i, None) for i in expected["offered"]]


def test_a_restarted_server_that_remembers_shows_the_same_call() -> None:
    picture = trace_picture("resync_talking")
    first = staffed_board()
    first.resync(picture, {}, T0)
    (known,) = first.snapshot().calls
    second = staffed_board()
    told = second.resync(picture, {known.id: known}, T0 + 60)
    assert second.snapshot().calls == (known,)
    assert [type(e) for e in told if isinstance(e, CallAnswered)] == [CallAnswered]


def test_a_call_that_the_pbx_no_longer_has_is_lost_and_its_agent_free() -> None:
    board = staffed_board()
    board.resync(trace_picture("resync_talking"), {}, T0)
    told = board.resync(trace_picture("resync_idle"), {}, T0 + 60)
    (call,) = ended(told)
    assert call.outcome is not None
    assert call.outcome.value == "lost"
    assert call.segments[0].ended_at == T0 + 60
    assert all(a.state is not AgentState.TALKING for a in board.snapshot().agents)
    assert board.snapshot().calls == ()


def test_an_empty_board_is_empty() -> None:
    assert Board(PBX).snapshot() == Snapshot()
