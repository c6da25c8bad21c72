"""Every shape of call that was recorded from Asterisk 22 has the same outcome on the practice PBX."""

from itertools import groupby
from pathlib import Path

import pytest

from cti.frames import Framer
from cti.messages import (
    AgentChanged,
    AgentRemoved,
    Call,
    CallJoined,
    CallState,
    DomainEvent,
    PbxChanged,
    QueueChanged,
    QueueRemoved,
    Segment,
)
from cti.parse import parse
from cti.practice.pbx import PracticePbx
from cti.practice.session import GREETING
from cti.practice.timeline import ManualTimeline
from cti.practice.wire import mask_of
from tests.contract.shapes import SHAPES
from tests.contract.telling import Message, frequencies, histories, messages, shapes, states
from tests.unit.cti.board_help import board_with_members, counted, run, trace_expected

RECORDED = Path(__file__).resolve().parents[1] / "traces" / "shapes" / "22"
NOT_OF_CALLS = (AgentChanged, AgentRemoved, CallJoined, QueueChanged, QueueRemoved, PbxChanged)
READ = mask_of("system,call,agent,reporting,user")
each_shape = pytest.mark.parametrize("name", sorted(SHAPES))


# Asterisk tells these in any order with the bridge that is left, or once more for a Local channel.
FLOATING = ("AgentComplete", "NewCallerid")


async def played(name: str) -> bytes:
    """What a session of the user ringdesk reads while the scene is played."""
    scene, seen = SHAPES[name], bytearray(GREETING)

    def sees(bit: int, data: bytes) -> None:
        if READ & bit:
            seen.extend(data)

    async with PracticePbx(timeline=ManualTimeline(), setup=scene.setup) as pbx:
        pbx.world.sinks.append(sees)
        scene.play(pbx)
        assert not pbx.world.channels
        assert not [bridge for bridge in pbx.world.bridges.values() if not bridge.kept]
        assert not pbx.world.talks
        assert not pbx.world.rings
    return bytes(seen)


def recorded(name: str) -> bytes:
    return (RECORDED / f"{name}.ami").read_bytes()


def believed(name: str, data: bytes) -> tuple[list[tuple[object, ...]], dict[str, list[str]], set[str]]:
    """The calls and the states of each agent in order, as a board has them, without ids and times; its surprises."""
    board = board_with_members()
    events = [event for message in Framer().feed(data) if (event := parse(message))]
    told = run(board, events)
    assert board.snapshot().calls == ()
    any_order = trace_expected(f"shapes/{name}").get("any_order", False)  # phones that ring together
    calls = [(*_call(call, any_order), _states_of(call, told)) for call in counted(told)]
    return calls, _states(told), set(board.surprises)


def _call(call: Call, any_order: bool) -> tuple[object, ...]:
    segments = [_segment(segment) for segment in call.segments]
    if any_order:
        segments.sort()
    facts = (
        call.direction,
        call.caller.number,
        call.dialled,
        call.queue,
        call.outcome,
        call.hold_seconds > 0,
    )
    return facts, segments


def _segment(segment: Segment) -> tuple[str, ...]:
    answered = "talked" if segment.answered_at is not None else "rang"
    return (segment.interface, segment.queue or "", segment.how.value, answered, str(segment.end_reason))


def _states_of(call: Call, told: list[DomainEvent]) -> list[str]:
    """What the call was doing, one thing after the other.

    Being alone between two phones or before the end is left out: it is there or not as the hang-ups are told in one
    order or the other, and the recordings of 16 and 22 differ in it too.
    """
    seen = [event.call for event in told if not isinstance(event, NOT_OF_CALLS)]
    states = [one.state for one in seen if one.id == call.id]
    alone = CallState.IVR
    first = next((number for number, state in enumerate(states) if state is not alone), 0)
    kept = states[:first] + [state for state in states[first:] if state is not alone]
    return [state.value for state, _ in groupby(kept)]


def _states(told: list[DomainEvent]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for event in told:
        if isinstance(event, AgentChanged):
            states = found.setdefault(event.agent.user, [])
            if states[-1:] != [event.agent.state.value]:
                states.append(event.agent.state.value)
    return found


def test_every_recorded_shape_is_played() -> None:
    assert set(SHAPES) == {path.stem for path in RECORDED.glob("*.ami")}


@each_shape
async def test_a_shape_has_the_outcome_of_the_recording(name: str) -> None:
    assert believed(name, await played(name)) == believed(name, recorded(name))


async def read(name: str) -> list[Message]:
    return messages((await played(name)).removeprefix(GREETING))


def settled(events: list[Message]) -> dict[str, list[str]]:
    return {
        leg: [one for one in story if not one.startswith(FLOATING)]
        for leg, story in histories(events).items()
    }


@each_shape
async def test_each_leg_of_a_shape_lives_as_in_the_recording(name: str) -> None:
    assert settled(await read(name)) == settled(messages(recorded(name)))


@each_shape
async def test_the_same_events_of_a_shape_come_as_often(name: str) -> None:
    mine, real = frequencies(await read(name)), frequencies(messages(recorded(name)))
    del mine["NewCallerid"], real["NewCallerid"]
    assert mine == real


@pytest.fixture(scope="module")
def real_headers() -> dict[str, set[tuple[str, ...]]]:
    return shapes([message for name in SHAPES for message in messages(recorded(name))])


@each_shape
async def test_events_of_a_shape_have_a_real_ones_headers_in_its_order(
    name: str, real_headers: dict[str, set[tuple[str, ...]]]
) -> None:
    for event, mine in shapes(await read(name)).items():
        assert mine <= real_headers[event], event


# The practice PBX has no devices of these kinds: nobody's state is told by them.
UNTOLD = ("Local/", "CBAnn/")


@each_shape
async def test_devices_and_members_end_as_in_the_recording_of_a_shape(name: str) -> None:
    real = states(messages(recorded(name)))
    members = {event["Interface"] for event in map(dict, messages(recorded(name))) if "MemberName" in event}
    told = {key: state for key, state in real.items() if not key.startswith(UNTOLD) or key in members}
    assert states(await read(name)) == told
