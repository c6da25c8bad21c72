"""The practice PBX and the real Asterisk give the same domain events for the same scenes."""

from itertools import groupby
from pathlib import Path

import pytest

from cti.board.board import Board
from cti.frames import Framer
from cti.messages import (
    CallAnswered,
    CallEnded,
    CallOffered,
    CallStarted,
    DomainEvent,
    OfferWithdrawn,
    Seat,
    SegmentEnded,
)
from cti.parse import parse
from cti.practice.demo import LivelyPbx
from cti.practice.pbx import PracticePbx
from cti.practice.queues import NewMember
from cti.practice.session import GREETING
from cti.practice.timeline import ManualTimeline
from cti.practice.wire import mask_of
from tests.contract.practice_scenes import SCENES

TRACES = Path(__file__).resolve().parents[1] / "traces"
AT = 1_770_000_000.0
READ = mask_of("system,call,agent,reporting,user")
SEATS = tuple(
    Seat(f"user{number}", f"Agent {number}", "main", f"PJSIP/{number}", str(number))
    for number in range(1001, 1006)
)


def believed(data: bytes) -> tuple[list[tuple[object, ...]], Board]:
    """What a board makes of the bytes, without the ids and times that differ, and the board at the end."""
    board, framer = Board("main", ("PJSIP/trunk",)), Framer()
    board.set_seats(SEATS, AT)
    events: list[DomainEvent] = []
    for message in framer.feed(data):
        event = parse(message)
        if event is not None:
            events += board.apply(event, AT)
    return _settled([told for event in events if (told := _gist(event))]), board


def _settled(told: list[tuple[object, ...]]) -> list[tuple[object, ...]]:
    """Phones that ring, or stop, at the same moment do so in any order."""
    return [one for _, group in groupby(told, key=lambda one: one[0]) for one in sorted(group, key=str)]


def _gist(event: DomainEvent) -> tuple[object, ...]:
    kind = type(event).__name__
    if isinstance(event, CallStarted | CallEnded):
        call = event.call
        return (kind, call.direction, call.caller, call.dialled, call.queue, call.outcome, len(call.segments))
    if isinstance(event, CallOffered | OfferWithdrawn | CallAnswered | SegmentEnded):
        part = event.segment
        return (kind, event.call.caller, part.agent, part.queue, part.how, part.end_reason)
    return ()


async def played(name: str) -> bytes:
    scene, seen = SCENES[name], bytearray(GREETING)

    def sees(bit: int, data: bytes) -> None:
        if READ & bit:
            seen.extend(data)

    async with PracticePbx(timeline=ManualTimeline(), setup=scene.setup) as pbx:
        pbx.world.sinks.append(sees)
        scene.play(pbx)
    return bytes(seen)


# In that recording an agent hangs up before the bridge has its second member, which says another thing of who left.
@pytest.mark.parametrize("name", [name for name in SCENES if name != "queue_two_callers"])
async def test_same_scene_same_domain_events(name: str) -> None:
    mine, board = believed(await played(name))
    real, other = believed((TRACES / f"{name}.ami").read_bytes())
    assert mine == real
    assert board.snapshot().calls == other.snapshot().calls == ()
    assert [(a.user, a.state) for a in board.snapshot().agents] == [
        (a.user, a.state) for a in other.snapshot().agents
    ]
    assert set(board.surprises) == set(other.surprises)


async def test_hours_of_the_demo_leave_no_ghost() -> None:
    board, framer = Board("main", ("PJSIP/trunk",)), Framer()
    board.set_seats(SEATS, AT)
    framer.feed(GREETING)
    told: list[DomainEvent] = []

    def sees(bit: int, data: bytes) -> None:
        for message in framer.feed(data) if READ & bit else ():
            event = parse(message)
            told.extend(board.apply(event, pbx.world.now()) if event else ())

    async with LivelyPbx(timeline=ManualTimeline()) as pbx:
        pbx.world.sinks.append(sees)
        pbx.queues.add(NewMember("service", "PJSIP/1001"))
        pbx.advance(3 * 3600)
        assert board.snapshot().calls
        pbx.population.stop()
        pbx.advance(900)
        assert not pbx.world.channels
    assert board.snapshot().calls == ()
    started = {event.call.id for event in told if isinstance(event, CallStarted)}
    ended = [event.call.id for event in told if isinstance(event, CallEnded)]
    assert len(started) > 500
    assert sorted(started) == sorted(ended)
