"""Calls of every shape that no recorded trace covers, event by event."""

from __future__ import annotations

import pytest

from cti import events as ami
from cti.events import Chan
from cti.messages import (
    AgentState,
    CallJoined,
    CallOffered,
    CallState,
    Direction,
    EndReason,
    How,
    OfferWithdrawn,
    Outcome,
)
from tests.unit.cti.board_script import RING, RINGING, UP, Script, chan, linked, state

CALLER = chan(0, "PJSIP/trunk", RING, exten="4001", num="13800138000")
LI = chan(1, "PJSIP/1001", 0, of=0, num="1001")
WANG = chan(2, "PJSIP/1002", 0, of=0, num="1002")
ZHAO = chan(3, "PJSIP/1003", 0, of=0, num="1003")


def talking(wrapup: int = 10) -> Script:
    """A caller who came through the queue talks with Li."""
    script = Script(wrapup=wrapup)
    script.arrive(CALLER, "service")
    script.ring(CALLER, LI, "service")
    script.answer(CALLER, LI, "service")
    return script


def test_a_queue_call_counts_its_wait_from_the_queue_and_its_talk_without_hold() -> None:
    script = talking()
    (call,) = script.calls
    assert (call.state, call.queue, call.caller.number) == (CallState.TALKING, "service", "13800138000")
    script.say(ami.Hold(LI))
    assert script.calls[0].state is CallState.HELD
    assert script.agent("li").state is AgentState.HOLDING
    script.say(ami.Unhold(LI))
    script.part(LI, CALLER)
    (call,) = script.ended
    segment = call.segments[0]
    assert call.queued_at is not None
    assert call.answered_at is not None
    assert call.ended_at is not None
    assert segment.ended_at is not None
    assert call.wait_seconds == call.answered_at - call.queued_at
    assert call.hold_seconds == 1.0
    assert call.talk_seconds == segment.ended_at - call.answered_at - 1.0
    assert segment.end_reason is EndReason.AGENT_HUNG_UP


def test_hold_that_lasts_until_the_end_is_no_talk() -> None:
    script = talking()
    script.say(ami.Hold(LI))
    script.part(CALLER, LI)
    (call,) = script.ended
    segment = call.segments[0]
    assert segment.held_since is None
    assert segment.end_reason is EndReason.CALLER_HUNG_UP
    assert segment.hold_seconds > 0
    assert call.talk_seconds + call.hold_seconds == (segment.ended_at or 0) - (segment.answered_at or 0)


def test_a_caller_on_hold_by_its_own_key_takes_nothing_from_the_agents_talk() -> None:
    script = talking()
    script.say(ami.Hold(CALLER))
    assert script.calls[0].state is CallState.TALKING


def test_wrap_up_lasts_as_long_as_the_queue_says() -> None:
    script = talking(wrapup=10)
    script.part(LI, CALLER)
    end = script.ended[0].segments[0].ended_at or 0.0
    assert (script.agent("li").state, script.agent("li").wrap_until) == (AgentState.WRAP_UP, end + 10.0)
    assert script.board.tick(end + 9.9) == []
    script.board.tick(end + 10.0)
    assert (script.agent("li").state, script.agent("li").wrap_until) == (AgentState.READY, None)


def test_a_queue_without_wrap_up_makes_the_agent_ready_at_once() -> None:
    script = talking(wrapup=0)
    script.part(LI, CALLER)
    assert script.agent("li").state is AgentState.READY


def test_a_caller_who_gives_up_while_a_phone_rings_withdraws_the_offer() -> None:
    script = Script()
    script.arrive(CALLER, "service")
    script.ring(CALLER, LI, "service")
    assert script.agent("li").state is AgentState.RINGING
    told = script.say(
        ami.HangupRequest(CALLER),
        ami.DialEnd(CALLER, state(LI, RINGING), "CANCEL"),
        ami.QueueCallerAbandon(CALLER, "service", 4),
        ami.Hangup(LI, 0),
        ami.QueueCallerLeave(CALLER, "service", 0),
        ami.Hangup(CALLER, 0),
    )
    withdrawn = [e.segment.end_reason for e in told if isinstance(e, OfferWithdrawn)]
    assert withdrawn == [EndReason.CALLER_HUNG_UP]
    assert script.ended[0].outcome is Outcome.ABANDONED
    assert script.agent("li").state is AgentState.READY
    assert script.board.snapshot().queues[0].waiting == 0


@pytest.mark.parametrize("winner_told_first", [True, False])
def test_who_did_not_answer_first_is_told_that_it_was_answered_elsewhere(winner_told_first: bool) -> None:
    script = Script()
    script.arrive(CALLER, "service")
    script.ring(CALLER, LI, "service")
    script.ring(CALLER, WANG, "service")
    answered = ami.DialEnd(CALLER, state(WANG, UP), "ANSWER")
    lost = ami.DialEnd(CALLER, state(LI, RINGING), "CANCEL")
    order = (answered, lost) if winner_told_first else (lost, answered)
    script.say(ami.Newstate(state(WANG, UP)), *order, ami.Hangup(LI, 26))
    ended = [e.segment for e in script.told if isinstance(e, OfferWithdrawn)]
    assert [(s.agent, s.end_reason) for s in ended] == [("li", EndReason.ANSWERED_ELSEWHERE)]
    assert script.agent("wang").state is AgentState.TALKING


@pytest.mark.parametrize(
    ("status", "outcome", "reason"),
    [
        ("BUSY", Outcome.BUSY, EndReason.BUSY),
        ("NOANSWER", Outcome.NO_ANSWER, EndReason.NO_ANSWER),
        ("CHANUNAVAIL", Outcome.FAILED, EndReason.CANCELLED),
    ],
)
def test_a_direct_call_that_is_not_answered_says_why(
    status: str, outcome: Outcome, reason: EndReason
) -> None:
    script = Script()
    script.arrive(CALLER)
    script.ring(CALLER, LI)
    script.say(ami.DialEnd(CALLER, state(LI, RINGING), status), ami.Hangup(LI, 0), ami.Hangup(CALLER, 16))
    (call,) = script.ended
    assert (call.outcome, call.segments[0].end_reason) == (outcome, reason)
    assert (call.direction, call.segments[0].how) == (Direction.INBOUND, How.DIRECT)


def test_two_phones_of_one_agent_ring_for_one_offer() -> None:
    script = Script()
    browser = chan(7, "PJSIP/1001", 0, of=0, num="1001")
    script.arrive(CALLER)
    script.ring(CALLER, LI)
    script.ring(CALLER, browser)
    assert len(script.calls[0].segments) == 1
    script.say(ami.Newstate(state(browser, UP)), ami.DialEnd(CALLER, browser, "ANSWER"))
    script.say(ami.DialEnd(CALLER, LI, "CANCEL"), ami.Hangup(LI, 26))
    assert script.agent("li").state is AgentState.TALKING
    assert script.calls[0].segments[0].ended_at is None


def test_the_phone_of_nobody_has_a_segment_without_an_agent() -> None:
    script = Script()
    script.arrive(CALLER)
    script.ring(CALLER, chan(9, "PJSIP/1009", 0, of=0, num="1009"))
    (segment,) = script.calls[0].segments
    assert (segment.interface, segment.agent) == ("PJSIP/1009", None)


def test_a_call_forwarded_outside_talks_without_a_segment() -> None:
    script = Script()
    out = chan(9, "PJSIP/trunk", 0, of=0, num="13900000000")
    script.arrive(CALLER)
    script.ring(CALLER, out)
    script.answer(CALLER, out)
    assert script.calls[0].state is CallState.TALKING
    script.part(CALLER, out)
    (call,) = script.ended
    assert (call.outcome, call.segments, call.direction) == (Outcome.ANSWERED, (), Direction.INBOUND)
    assert call.talk_seconds == (call.ended_at or 0) - (call.answered_at or 0)


def test_a_phone_that_is_signed_out_of_all_queues_shows_its_call_all_the_same() -> None:
    script = Script()
    script.board.set_duties({}, script.now)
    assert script.agent("li").state is AgentState.OFFLINE
    script.arrive(CALLER)
    script.ring(CALLER, LI)
    script.answer(CALLER, LI)
    assert script.agent("li").state is AgentState.TALKING
    script.part(CALLER, LI)
    assert script.agent("li").state is AgentState.OFFLINE


def test_an_outbound_call_talks_from_the_other_sides_answer_on() -> None:
    script = Script()
    script.board.expect("1800000000.0", "13912345678")
    agent = chan(0, "PJSIP/1001", 0, num="1001")
    out = chan(1, "PJSIP/trunk", 0, of=0)
    script.say(ami.Newchannel(agent), ami.DialBegin(None, agent), ami.Newstate(state(agent, RINGING)))
    assert script.agent("li").state is AgentState.RINGING
    assert script.calls[0].dialled == "13912345678"
    script.say(ami.Newstate(state(agent, UP)), ami.DialEnd(None, state(agent, UP), "ANSWER"))
    assert script.agent("li").state is AgentState.TALKING
    assert (script.calls[0].state, script.calls[0].answered_at) == (CallState.RINGING, None)
    agent = state(agent, UP)
    script.ring(agent, out)
    script.answer(agent, out)
    assert script.calls[0].state is CallState.TALKING
    script.part(out, agent)
    (call,) = script.ended
    assert (call.direction, call.outcome) == (Direction.OUTBOUND, Outcome.ANSWERED)
    assert [(s.agent, s.how, s.end_reason) for s in call.segments] == [
        ("li", How.OUTBOUND, EndReason.CALLER_HUNG_UP)
    ]
    assert not [e for e in script.told if isinstance(e, CallOffered)]


def test_a_blind_transfer_gives_the_call_to_the_next_agent() -> None:
    script = talking()
    (call,) = script.calls
    script.say(ami.BlindTransfer(LI, CALLER, "b1", "1002", "agents", "Success"))
    assert script.calls[0].segments[0].end_reason is EndReason.TRANSFERRED
    script.say(ami.BridgeLeave("b1", CALLER), ami.BridgeLeave("b1", LI), ami.Hangup(LI, 16))
    assert script.agent("li").state is AgentState.WRAP_UP
    script.ring(CALLER, WANG)
    script.answer(CALLER, WANG, bridge="b2")
    script.part(CALLER, WANG, "b2")
    (ended,) = script.ended
    assert ended.id == call.id
    assert [(s.agent, s.how, s.end_reason) for s in ended.segments] == [
        ("li", How.QUEUE, EndReason.TRANSFERRED),
        ("wang", How.TRANSFER, EndReason.CALLER_HUNG_UP),
    ]
    assert ended.talk_seconds == sum((s.ended_at or 0) - (s.answered_at or 0) for s in ended.segments)


def test_a_colleague_who_is_asked_while_the_caller_is_on_hold_is_offered_the_callers_call() -> None:
    script = talking()
    (before,) = script.calls
    script.say(ami.Hold(LI))
    consult, expert = _consults(script)
    (call,) = script.calls
    assert (call.id, call.state) == (before.id, CallState.HELD)
    assert [(s.agent, s.how, s.answered_at is not None) for s in call.segments] == [
        ("li", How.QUEUE, True),
        ("wang", How.TRANSFER, True),
    ]
    assert {type(e).__name__ for e in script.told if getattr(e, "call", call).id != call.id} == set()
    assert (script.agent("li").state, script.agent("wang").state) == (AgentState.HOLDING, AgentState.TALKING)
    asked = script.now
    moved = _completes(script, consult, expert)
    (call,) = script.calls
    assert [s.end_reason for s in call.segments] == [EndReason.TRANSFERRED, None]
    assert 0 < call.segments[1].consult_seconds <= script.now - asked + 2
    script.part(moved, CALLER)
    (ended,) = script.ended
    first, second = ended.segments
    assert second.ended_at is not None
    assert second.answered_at is not None
    with_caller = second.ended_at - second.answered_at - second.consult_seconds
    assert (first.answered_at, first.ended_at) != (None, None)
    held_the_caller = (first.ended_at or 0) - (first.answered_at or 0) - first.hold_seconds
    assert ended.talk_seconds == held_the_caller + with_caller


def test_a_transfer_that_is_taken_back_leaves_the_caller_with_the_first_agent() -> None:
    script = talking()
    script.say(ami.Hold(LI))
    consult, expert = _consults(script)
    script.part(consult, expert, "b2")
    script.say(ami.Unhold(LI))
    (call,) = script.calls
    assert (call.state, script.agent("li").state) == (CallState.TALKING, AgentState.TALKING)
    assert [(s.agent, s.end_reason) for s in call.segments] == [("li", None), ("wang", EndReason.CANCELLED)]
    script.part(LI, CALLER)
    (ended,) = script.ended
    first, second = ended.segments
    assert second.consult_seconds == (second.ended_at or 0) - (second.answered_at or 0)
    assert ended.talk_seconds == (first.ended_at or 0) - (first.answered_at or 0) - first.hold_seconds


def test_who_calls_outside_while_a_caller_is_on_hold_has_two_calls() -> None:
    script = talking()
    second = chan(4, "PJSIP/1001", RING, exten="913912345678", num="1001")
    out = chan(5, "PJSIP/trunk", 0, of=4)
    script.say(ami.Hold(LI), ami.Newchannel(second))
    assert len(script.calls) == 1
    script.ring(second, out)
    assert [call.direction for call in script.calls] == [Direction.INBOUND, Direction.OUTBOUND]


def test_a_consultation_that_was_not_known_as_one_joins_the_callers_call_with_the_transfer() -> None:
    script = talking()
    consult, expert = _consults(script)
    assert len(script.calls) == 2
    moved = _completes(script, consult, expert)
    (call,) = script.calls
    assert call.caller.number == "13800138000"
    live = [(s.agent, s.how) for s in call.segments if s.ended_at is None]
    assert live == [("wang", How.TRANSFER)]
    assert call.segments[0].end_reason is EndReason.TRANSFERRED
    script.part(moved, CALLER)
    joined, ended = script.ended
    assert (joined.direction, joined.joined, ended.joined) == (Direction.INTERNAL, ended.id, "")
    assert [event for event in script.told if isinstance(event, CallJoined)] == [
        CallJoined(joined.id, ended.id)
    ]
    assert script.calls == ()


def _consults(script: Script) -> tuple[Chan, Chan]:
    consult = chan(4, "PJSIP/1001", RING, exten="1002", num="1001")
    expert = chan(5, "PJSIP/1002", 0, of=4, num="1002")
    script.arrive(consult)
    script.ring(consult, expert)
    script.answer(consult, expert, bridge="b2")
    return consult, expert


def _completes(script: Script, consult: Chan, expert: Chan) -> Chan:
    moved = linked(expert, CALLER)
    script.say(
        ami.BridgeLeave("b2", expert),
        ami.BridgeLeave("b1", LI),
        ami.BridgeEnter("b1", moved),
        ami.AttendedTransfer(LI, consult, "Success", "Bridge", CALLER, moved, "b1"),
        ami.BridgeLeave("b2", consult),
        ami.Hangup(consult, 16),
        ami.Hangup(LI, 16),
    )
    return moved


def test_a_local_channel_in_front_of_a_phone_is_never_an_agent() -> None:
    script = Script()
    one = chan(4, "Local/1001@from-queue-00000001;1", 0, of=0)
    two = chan(5, "Local/1001@from-queue-00000001;2", RING, of=0)
    script.arrive(CALLER, "service")
    script.say(
        ami.Newchannel(one),
        ami.Newchannel(two),
        ami.LocalBridge(one, two),
        ami.AgentCalled(CALLER, one, "service", "Local/1001@from-queue/n"),
        ami.DialBegin(CALLER, one, "1001@from-queue/n"),
    )
    script.ring(two, LI)
    (segment,) = script.calls[0].segments
    assert (segment.agent, segment.queue, segment.how) == ("li", "service", How.QUEUE)


def test_a_queue_whose_time_is_over_was_not_abandoned() -> None:
    script = Script()
    script.arrive(CALLER, "service")
    script.say(ami.QueueCallerAbandon(CALLER, "service", 4), ami.QueueCallerLeave(CALLER, "service", 0))
    script.say(ami.Hangup(CALLER, 16))
    assert script.ended[0].outcome is Outcome.NO_ANSWER


def test_a_caller_who_is_taken_elsewhere_was_transferred_and_one_who_hangs_up_was_not() -> None:
    for request, reason in (
        ((), EndReason.TRANSFERRED),
        ((ami.HangupRequest(CALLER),), EndReason.CALLER_HUNG_UP),
    ):
        script = Script()
        caller = state(CALLER, UP)
        script.arrive(caller)
        script.ring(caller, LI)
        script.answer(caller, LI)
        script.say(*request, ami.BridgeLeave("b1", caller), ami.BridgeLeave("b1", LI), ami.Hangup(LI, 16))
        assert script.calls[0].segments[0].end_reason is reason


def test_a_pick_up_moves_the_offer_to_who_picked_up() -> None:
    script = Script()
    script.arrive(CALLER, "service")
    script.ring(CALLER, LI, "service")
    picker = chan(6, "PJSIP/1003", RING, exten="*8", num="1003")
    script.arrive(picker)
    picker = state(picker, UP)
    told = script.say(ami.Newstate(picker), ami.Pickup(picker, LI), ami.Hangup(LI, 16))
    assert [type(e) for e in told if isinstance(e, CallOffered | OfferWithdrawn)] == [
        OfferWithdrawn,
        CallOffered,
    ]
    script.say(ami.QueueCallerLeave(CALLER, "service", 0))
    script.say(ami.AgentConnect(CALLER, picker, "service", "PJSIP/1001"))
    (call,) = script.calls
    assert [(s.agent, s.how, s.queue, s.end_reason) for s in call.segments] == [
        ("li", How.QUEUE, "service", EndReason.ANSWERED_ELSEWHERE),
        ("zhao", How.PICKUP, "service", None),
    ]
    assert call.answered_at is not None
    assert script.agent("zhao").state is AgentState.TALKING
    assert script.agent("li").state is AgentState.READY


def test_a_pick_up_by_a_renamed_channel_moves_the_offer_too() -> None:
    script = Script()
    script.arrive(CALLER)
    script.ring(CALLER, LI)
    picker = chan(6, "PJSIP/1003", RING, exten="*8", num="1003")
    script.arrive(picker)
    script.say(
        ami.Pickup(picker, LI),
        ami.Rename(picker.uniqueid, picker.name, f"{picker.name}<MASQ>"),
        ami.Rename(LI.uniqueid, LI.name, picker.name),
        ami.Rename(picker.uniqueid, f"{picker.name}<MASQ>", f"{LI.name}<ZOMBIE>"),
        ami.Hangup(picker, 16),
        ami.DialEnd(CALLER, state(LI, UP), "ANSWER"),
    )
    (call,) = script.calls
    assert [(s.agent, s.how, s.end_reason) for s in call.segments] == [
        ("li", How.DIRECT, EndReason.ANSWERED_ELSEWHERE),
        ("zhao", How.PICKUP, None),
    ]
    assert script.agent("zhao").state is AgentState.TALKING
    assert script.agent("li").state is AgentState.READY


def test_strangers_who_are_parked_in_one_lot_stay_apart() -> None:
    script = Script()
    second = chan(8, "PJSIP/trunk", RING, exten="4001", num="02158880001")
    script.arrive(CALLER)
    script.arrive(second)
    script.say(
        ami.BridgeEnter("lot", CALLER, "holding_bridge"), ami.BridgeEnter("lot", second, "holding_bridge")
    )
    assert len(script.calls) == 2


def test_channels_that_carry_one_call_tag_are_one_call() -> None:
    script = Script()
    script.say(ami.Newchannel(chan(0, "PJSIP/trunk", RING, exten="4001", tag="t1")))
    script.say(ami.Newchannel(chan(5, "PJSIP/1001", 0, num="1001", tag="t1")))
    assert len(script.calls) == 1


def test_an_agents_hang_up_does_not_end_the_call_while_the_caller_lives() -> None:
    script = talking()
    script.say(ami.BridgeLeave("b1", LI), ami.Hangup(LI, 16))
    assert len(script.calls) == 1
    assert script.ended == []


def test_a_straggler_does_not_bring_an_ended_call_back() -> None:
    script = talking()
    script.part(LI, CALLER)
    script.say(ami.Newstate(CALLER), ami.BridgeEnter("b1", LI), ami.Newchannel(CALLER))
    assert script.calls == ()
    assert script.board.surprises["straggler"] == 2


def test_a_lost_link_marks_the_live_calls_incomplete() -> None:
    script = talking()
    script.board.gap(script.now)
    assert script.calls[0].incomplete


def test_an_interface_in_a_queue_that_is_nobodys_is_named() -> None:
    script = Script()
    script.say(ami.QueueMemberAdded(ami.Member("service", "PJSIP/1999", status=1)))
    (queue,) = script.board.snapshot().queues
    assert queue.unknown_members == ("PJSIP/1999",)
    assert (queue.members, queue.ready) == (4, 4)
    script.say(ami.QueueMemberRemoved(ami.Member("service", "PJSIP/1999")))
    script.say(ami.QueueMemberStatus(ami.Member("service", "PJSIP/1999", status=1)))
    (queue,) = script.board.snapshot().queues
    assert (queue.members, queue.unknown_members) == (3, ())


def test_an_event_of_no_known_type_is_counted() -> None:
    script = Script()
    assert script.say(ami.AmiEvent()) == []
    assert script.board.surprises["AmiEvent"] == 1
