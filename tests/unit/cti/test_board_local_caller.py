"""Nobody but a Local channel waits in a queue: a test call, a call-back that looks for an agent first."""

from __future__ import annotations

from cti import events as ami
from cti.board import Board
from cti.messages import CallOffered, CallStarted, Direction, Party
from cti.seen import Picture, SeenChannel, SeenEntry, SeenQueue
from tests.unit.cti.board_help import T0, staffed_board

ONE = ami.Chan("rd-1", "rd-1", "Local/4001@from-trunk-00000000;1", 0, exten="4001")
TWO = ami.Chan("rd-1-2", "rd-1", "Local/4001@from-trunk-00000000;2", 4, "000", "Test", exten="4001")
PHONE = ami.Chan("1799999999.3", "rd-1", "PJSIP/1001-00000000", 0, "1001")


def test_it_is_the_caller_and_the_phone_that_the_queue_calls_is_offered() -> None:
    board = staffed_board()
    events: list[ami.AmiEvent] = [
        ami.Newchannel(ONE),
        ami.Newchannel(TWO),
        ami.LocalBridge(ONE, TWO),
        ami.QueueCallerJoin(TWO, "service", 1, 1),
        ami.Newchannel(PHONE),
        ami.AgentCalled(TWO, PHONE, "service", "PJSIP/1001"),
    ]
    told = [event for number, one in enumerate(events) for event in board.apply(one, T0 + number)]
    (started,) = [event for event in told if isinstance(event, CallStarted)]
    assert (started.call.direction, started.call.caller) == (Direction.INBOUND, Party("000", "Test"))
    assert started.call.dialled == "4001"
    (offered,) = [event for event in told if isinstance(event, CallOffered)]
    assert (offered.segment.agent, offered.segment.queue) == ("li", "service")
    assert len(offered.call.segments) == 1


def test_a_picture_of_it_shows_the_same() -> None:
    board = staffed_board()
    seen = (
        SeenChannel(ONE, seconds=3),
        SeenChannel(TWO, "Queue", seconds=3, application_data="service,,,,60"),
        SeenChannel(PHONE, "AppQueue", seconds=1),
    )
    picture = Picture(
        "x",
        channels=seen,
        queues=(SeenQueue("service"),),
        members=(ami.Member("service", "PJSIP/1001"),),
        entries=(SeenEntry("service", "rd-1-2", 1, 3),),
    )
    told = board.resync(picture, {}, T0)
    (started,) = [event for event in told if isinstance(event, CallStarted)]
    assert (started.call.direction, started.call.caller.number) == (Direction.INBOUND, "000")
    assert [(s.agent, s.how.value) for s in started.call.segments] == [("li", "queue")]


def test_local_channels_that_wait_nowhere_are_still_nobody() -> None:
    board = Board("main")
    told = [event for one in (ONE, TWO) for event in board.apply(ami.Newchannel(one), T0)]
    assert told == []
