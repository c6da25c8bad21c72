"""Whatever people do with the phones of the practice PBX, nothing is left over: there, or on the board."""

import random
from collections.abc import Callable

import pytest

from cti.frames import Framer
from cti.messages import CallEnded, CallStarted, DomainEvent
from cti.parse import parse
from cti.practice.dialplan import HOTLINE
from cti.practice.hands import NoSuchCall
from cti.practice.pbx import OUTSIDE, PracticePbx
from cti.practice.session import GREETING
from cti.practice.timeline import ManualTimeline
from tests.contract.practice_scenes import KNOWN, Scripted, sent
from tests.contract.shapes.stages import OUT, built
from tests.unit.cti.board_help import board_with_members

PHONES = ("1001", "1002", "1003")
PLACES = (*PHONES, "4001", "4004", "700", "701", "800", "*8", "**1001", OUT, "999")
DIDS = ("4001", "4002", "4003", "4004", HOTLINE, "4006", "4011", "4012", "4013", "4014")
STEPS = 120
SENT = (("queue", "service"), ("queue", "nowhere"), ("agent", "1001"), ("number", OUT), ("hangup", ""))
Deed = Callable[[PracticePbx, random.Random], object]


def _channel(pbx: PracticePbx, rng: random.Random) -> str:
    names = sorted(pbx.world.channels)
    if not names:
        raise NoSuchCall("nobody is on the phone")
    return rng.choice(names)


def _any_hangs_up(pbx: PracticePbx, rng: random.Random) -> None:
    pbx.hang_up(pbx.world.channels[_channel(pbx, rng)])


def _presses(pbx: PracticePbx, rng: random.Random) -> None:
    pbx.press(pbx.world.channels[_channel(pbx, rng)], rng.choice("12#"))


def _flows(rng: random.Random) -> Scripted:
    """What becomes of each caller in a flow: sent somewhere, asked and let go, or never called for."""
    ways = [sent(kind, to) for kind, to in SENT]
    return Scripted(*(rng.choice([*ways, ("WAIT FOR DIGIT 2000",), ("HANGUP",)]) for _ in range(60)))


def _redirect(pbx: PracticePbx, rng: random.Random) -> None:
    pbx.redirect(pbx.world.channels[_channel(pbx, rng)], "agents", rng.choice(PLACES))


def _join(pbx: PracticePbx, rng: random.Random) -> None:
    one, two = (pbx.world.channels[_channel(pbx, rng)] for _ in range(2))
    if one is not two:
        pbx.join(one, two)


DEEDS: tuple[Deed, ...] = (
    *(lambda pbx, rng: pbx.caller(KNOWN, rng.choice(DIDS), "Li Na"),) * 3,
    *(lambda pbx, rng: pbx.answer(rng.choice((*PHONES, OUTSIDE))),) * 6,
    lambda pbx, rng: pbx.reject(rng.choice((*PHONES, OUTSIDE)), rng.choice((17, 21, 1))),
    lambda pbx, rng: pbx.forward(rng.choice(PHONES), rng.choice(PLACES)),
    lambda pbx, rng: pbx.dial(rng.choice(PHONES), rng.choice(PLACES)),
    lambda pbx, rng: pbx.hold(rng.choice(PHONES)),
    lambda pbx, rng: pbx.resume(rng.choice(PHONES)),
    lambda pbx, rng: pbx.transfer(rng.choice(PHONES), rng.choice(PLACES)),
    lambda pbx, rng: pbx.ask(rng.choice(PHONES), rng.choice(PLACES)),
    lambda pbx, rng: pbx.take_back(rng.choice(PHONES)),
    lambda pbx, rng: pbx.bring_together(rng.choice(PHONES)),
    lambda pbx, rng: pbx.connect(rng.choice(PHONES)),
    lambda pbx, rng: pbx.speak(rng.choice(PHONES)),
    lambda pbx, rng: pbx.advance(rng.choice((0.5, 2, 20))),
    _presses,
    _any_hangs_up,
    _redirect,
    _join,
)


@pytest.mark.parametrize("seed", range(25))
async def test_nothing_is_left_over(seed: int) -> None:
    rng = random.Random(seed)
    board, framer, told = board_with_members(), Framer(), list[DomainEvent]()
    framer.feed(GREETING)

    def sees(bit: int, data: bytes) -> None:
        for message in framer.feed(data):
            event = parse(message)
            told.extend(board.apply(event, pbx.world.now()) if event else ())

    local = "Local/1001@agents" if seed % 3 else "Local/1001@agents/n"
    setup = built(*((local,) if seed % 2 else ("1001", "1002")), phones=1 + seed % 2)
    async with PracticePbx(timeline=ManualTimeline(), setup=setup) as pbx:
        pbx.world.sinks.append(sees)
        pbx.plan.serving.service = _flows(rng)
        for _ in range(STEPS):
            try:
                rng.choice(DEEDS)(pbx, rng)
            except NoSuchCall:
                continue
        _everybody_goes(pbx)
        _empty(pbx)
    assert board.snapshot().calls == ()
    started = {event.call.id for event in told if isinstance(event, CallStarted)}
    ended = [event.call.id for event in told if isinstance(event, CallEnded)]
    assert sorted(started) == sorted(ended)


def _everybody_goes(pbx: PracticePbx) -> None:
    """Hanging up may send somebody on: to a phone that is dialled next, say. That ends too."""
    for _ in range(50):
        for name in sorted(pbx.world.channels):
            if name in pbx.world.channels:
                pbx.hang_up(pbx.world.channels[name])


def _empty(pbx: PracticePbx) -> None:
    world = pbx.world
    assert not world.channels
    assert not [bridge for bridge in world.bridges.values() if not bridge.kept]
    assert not [bridge for bridge in world.bridges.values() if bridge.members]
    assert not world.talks
    assert not world.rings
    assert not pbx.plan.lot.spaces
    assert not pbx.plan.rooms.open
    assert not any(queue.calls for queue in pbx.queues.queues.values())
    assert {state for device, state in world.devices.items() if device.startswith("PJSIP/")} == {"NOT_INUSE"}
