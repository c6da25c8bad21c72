"""Whatever a PBX sends, sense or nonsense, in any order: the board stays sane and says all that changes."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from cti.board import Board
from cti.board.figures import call_of
from cti.board.model import Recent
from cti.board.table import TABLE
from cti.events import AmiEvent
from cti.messages import (
    AgentState,
    Call,
    CallEnded,
    CallStarted,
    CallState,
    DomainEvent,
    Outcome,
    Snapshot,
)
from cti.seen import Picture
from tests.unit.cti.board_chaos import BY_TYPE, HANGUPS, STREAMS, pictures
from tests.unit.cti.board_help import PBX, SEATS, T0, by_key, reduce, run, staffed_board

SLOW = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])

PHONE_STATES = {AgentState.RINGING, AgentState.TALKING, AgentState.HOLDING}


def check_sane(board: Board) -> None:
    for call in board.snapshot().calls:
        assert call.state is not CallState.ENDED
        assert call.ended_at is None
        assert call.outcome is None
        open_agents = [s.interface for s in call.segments if s.ended_at is None]
        assert len(open_agents) == len(set(open_agents))
        for segment in call.segments:
            assert segment.held_since is None or segment.ended_at is None
    ids = {call.id for call in board.snapshot().calls}
    for agent in board.snapshot().agents:
        assert (agent.state in PHONE_STATES) == (agent.call_id is not None) or agent.state in PHONE_STATES
        assert agent.call_id is None or agent.call_id in ids
    for queue in board.snapshot().queues:
        assert queue.ready + queue.paused + queue.talking <= queue.members
        assert min(queue.ready, queue.paused, queue.talking, queue.waiting) >= 0
        assert (queue.waiting_since is None) == (queue.waiting == 0)


def test_every_event_of_the_table_is_tried() -> None:
    assert set(BY_TYPE) == set(TABLE)


@SLOW
@given(STREAMS)
def test_any_stream_leaves_a_sane_board_and_all_hung_up_leaves_none(stream: list[AmiEvent]) -> None:
    board = staffed_board()
    for number, event in enumerate(stream):
        board.apply(event, T0 + number)
        check_sane(board)
    run(board, list(HANGUPS), T0 + len(stream))
    assert board.snapshot().calls == ()
    assert all(agent.state not in PHONE_STATES for agent in board.snapshot().agents)
    assert all(queue.waiting == 0 for queue in board.snapshot().queues)


@SLOW
@given(STREAMS)
def test_what_was_told_of_a_call_is_what_it_is(stream: list[AmiEvent]) -> None:
    """No change goes untold, and nothing is left as it was because it seemed to be unchanged."""
    board = staffed_board()
    for number, event in enumerate(stream):
        board.apply(event, T0 + number)
        for call in board._state.calls.values():
            assert call.published is None or call.published == call_of(call, PBX)


@SLOW
@given(STREAMS)
def test_all_hung_up_leaves_no_trace_inside_either(stream: list[AmiEvent]) -> None:
    board = staffed_board()
    run(board, [*stream, *HANGUPS])
    state = board._state
    assert (state.legs, state.calls, state.by_linkedid, state.by_tag, state.bridges, state.phones) == (
        {},
    ) * 6
    assert not state.changed_calls
    assert all(not line.entries for line in state.lines.values())


@SLOW
@given(STREAMS, st.integers(0, 60))
def test_a_stale_snapshot_and_the_events_since_are_the_fresh_one(stream: list[AmiEvent], taken: int) -> None:
    board = staffed_board()
    run(board, stream[:taken])
    view = board.snapshot()
    for event in run(board, stream[taken:], T0 + taken):
        view = reduce(view, event)
    assert by_key(view) == by_key(board.snapshot())


@SLOW
@given(STREAMS)
def test_each_call_starts_once_and_ends_once(stream: list[AmiEvent]) -> None:
    board = staffed_board()
    live: set[str] = set()
    for event in run(board, [*stream, *HANGUPS]):
        call = getattr(event, "call", None)
        if isinstance(event, CallStarted):
            assert event.call.id not in live
            live.add(event.call.id)
        elif call is not None:
            assert call.id in live
        if isinstance(event, CallEnded):
            live.discard(event.call.id)
            check_ended(event.call)
    assert live == set()


def check_ended(call: Call) -> None:
    assert call.outcome is not None
    assert call.ended_at is not None
    assert all(s.ended_at is not None and s.end_reason is not None for s in call.segments)
    assert (call.outcome is Outcome.ANSWERED) == (call.answered_at is not None)
    assert min(call.wait_seconds, call.talk_seconds, call.hold_seconds) >= 0
    for segment in call.segments:
        if segment.answered_at is not None and segment.ended_at is not None:
            assert segment.offered_at <= segment.answered_at <= segment.ended_at
            assert segment.hold_seconds <= segment.ended_at - segment.answered_at


@SLOW
@given(STREAMS, pictures())
def test_a_resync_from_any_state_tells_its_whole_difference(stream: list[AmiEvent], picture: Picture) -> None:
    board = staffed_board()
    run(board, stream)
    view = board.snapshot()
    told = board.resync(picture, {}, T0 + 100)
    for event in told:
        view = reduce(view, event)
    assert by_key(view) == by_key(board.snapshot())
    check_sane(board)
    for call in (e.call for e in told if isinstance(e, CallEnded)):
        assert call.outcome is Outcome.LOST
        assert all(s.ended_at is not None for s in call.segments)
    run(board, list(HANGUPS), T0 + 101)
    assert board.snapshot().calls == ()


@SLOW
@given(STREAMS, pictures())
def test_a_resync_gives_what_a_fresh_board_makes_of_the_picture(
    stream: list[AmiEvent], picture: Picture
) -> None:
    old, fresh = staffed_board(), staffed_board()
    run(old, stream)
    for board in (old, fresh):
        board.resync(picture, {}, T0 + 100)
    assert _shape(old) == _shape(fresh)


def _shape(board: Board) -> tuple[object, ...]:
    """What a picture alone tells: which channels make a call, who is with it, who waits, who serves."""
    state = board._state
    calls = {
        frozenset(call.legs): {
            # Of the oldest channel no list tells whether it called or was called, and so whether it was answered.
            (
                s.interface,
                *(
                    (True, True)
                    if call.first in s.legs
                    else (s.answered_at is not None, s.held_since is not None)
                ),
            )
            for s in call.stretches.values()
            if s.ended_at is None
        }
        for call in state.calls.values()
    }
    snapshot = board.snapshot()
    agents = {
        a.user: ("on the phone" if a.state in PHONE_STATES else a.state, a.queues, a.call_id is None)
        for a in snapshot.agents
    }
    # A queue's `talking` counts agents by the very difference between ringing and talking that is left open above.
    return calls, agents, {q.key: replace(q, talking=0) for q in snapshot.queues}


@SLOW
@given(STREAMS, pictures())
def test_a_restarted_server_goes_on_with_what_the_store_remembers(
    stream: list[AmiEvent], picture: Picture
) -> None:
    board = staffed_board()
    run(board, stream)
    remembered = {call.id: call for call in board.snapshot().calls}
    second = staffed_board()
    told = second.resync(picture, remembered, T0 + 100)
    ended = {event.call.id for event in told if isinstance(event, CallEnded)}
    live = {call.id for call in second.snapshot().calls}
    assert ended | live >= set(remembered)
    assert not ended & live


@SLOW
@given(STREAMS)
def test_seats_and_duties_may_change_at_any_moment(stream: list[AmiEvent]) -> None:
    board = staffed_board()
    view = board.snapshot()
    told: list[DomainEvent] = run(board, stream)
    told += board.set_seats(SEATS[1:], T0 + 100)
    told += board.set_duties({}, T0 + 101)
    told += board.set_seats(SEATS, T0 + 102)
    told += board.tick(T0 + 103)
    told += board.gap(T0 + 104)
    for event in told:
        view = reduce(view, event)
    assert by_key(view) == by_key(board.snapshot())
    check_sane(board)


def test_what_has_ended_is_remembered_within_bounds() -> None:
    recent = Recent(size=3)
    for number in range(10):
        recent.add(str(number))
    assert len(recent) == 3
    assert "9" in recent
    assert "0" not in recent


def test_the_seats_of_another_pbx_are_passed_over() -> None:
    board = Board("other")
    assert board.set_seats(SEATS, T0) == []
    assert board.pbx != PBX
    assert board.snapshot() == Snapshot()
