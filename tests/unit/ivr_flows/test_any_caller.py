"""Any caller, any service, any nonsense: every flow ends, keeps no secret, and its state can be written down."""

from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ivr_flows.engine import State, answers, begin, step
from ivr_flows.engine.state import LAST_STEPS, MOST_STEPS
from ivr_flows.flow.services import SERVICES
from ivr_flows.messages import (
    Answer,
    Ask,
    Began,
    Collect,
    Done,
    Effect,
    Failed,
    HungUp,
    Input,
    Keys,
    Record,
    Recorded,
    Say,
)
from tests.unit.ivr_flows.shipped_flows import FLOWS

PIN = "864209"
NAMES = sorted(FLOWS.by_name)
ANYTHING: st.SearchStrategy[Any] = st.sampled_from(
    [
        True,
        False,
        None,
        "",
        0,
        7,
        -1.5,
        "one",
        "A",
        "en",
        "2026-11-25",
        "14:30",
        "1.00 CNY",
        "\n\"'${x}",
        [],
        {},
        {"ok": True},
    ]
)
ENTRIES = st.sampled_from(
    ["", "1", "2", "3", "4", "5", "9", "*", "#", "400100200", "20260042", "x\n", "1" * 40]
)


def answered(draw: st.DrawFn, service: str) -> Input:
    if draw(st.integers(0, 4)) == 0:
        return Failed(draw(st.sampled_from(["unavailable", "not_allowed", "off", "timeout"])))
    gives = SERVICES[service].gives
    return Answer({name: draw(ANYTHING) for name in gives if draw(st.integers(0, 9))})


def fitting(draw: st.DrawFn, effect: Effect) -> Input:
    """What could come of an effect; now and then something that could not."""
    if draw(st.integers(0, 19)) == 0:
        return draw(
            st.sampled_from([Done(), Keys("1"), Recorded("r", 1.0), Answer({}), Failed("x"), Began()])
        )
    match effect:
        case Collect(secret=True):
            return Keys(draw(st.sampled_from([PIN, PIN, "1", "0", ""])))
        case Collect():
            return Keys(draw(ENTRIES))
        case Record():
            return Recorded(draw(st.sampled_from(["", "r1"])), 3.0)
        case Ask():
            return answered(draw, effect.service)
        case _:
            return Done()


def checked(state: State, effect: Effect) -> None:
    written = msgspec.json.encode(state)
    assert msgspec.json.decode(written, type=State) == state
    assert PIN.encode() not in written
    assert PIN not in str(answers(FLOWS, state))
    if isinstance(effect, Ask) and PIN in str(effect.args):
        assert effect.service == "pin.check"
    if isinstance(effect, Say | Collect | Record):
        assert PIN not in str(effect.pieces)
        assert all(piece.text.strip() for piece in effect.pieces)


@pytest.mark.parametrize("name", NAMES)
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.data_too_large, HealthCheck.too_slow]
)
@given(data=st.data())
def test_any_caller_comes_to_an_end(name: str, data: st.DataObject) -> None:
    @st.composite
    def next_input(draw: st.DrawFn, effect: Effect) -> Input:
        return fitting(draw, effect)

    state = begin(FLOWS, name, {"caller": "13800138000"})
    state, effect = step(FLOWS, state, Began())
    checked(state, effect)
    for _ in range(60):
        if state.ended:
            break
        state, effect = step(FLOWS, state, data.draw(next_input(effect)))
        checked(state, effect)
    gone, _ = step(FLOWS, state, HungUp())
    assert gone.ended is not None
    checked(gone, effect)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=20, deadline=None)
@given(keys=st.lists(ENTRIES, min_size=1, max_size=4), found=st.booleans())
def test_the_same_keys_for_ever_end_within_the_bound(name: str, keys: list[str], found: bool) -> None:
    """A caller who types one thing round and round, with services that always or never find anything."""
    state, effect = step(FLOWS, begin(FLOWS, name, {"caller": "1"}), Began())
    taken = 0
    while state.ended is None:
        came: Input = Keys(keys[taken % len(keys)])
        if isinstance(effect, Ask):
            gives = {part: found for part in SERVICES[effect.service].gives}
            came = Answer(dict(gives)) if found else Failed("unavailable")
        elif isinstance(effect, Record | Say):
            came = Recorded("r1", 2.0) if isinstance(effect, Record) else Done()
        state, effect = step(FLOWS, state, came)
        taken += 1
        assert taken <= MOST_STEPS + LAST_STEPS
    assert taken <= MOST_STEPS + LAST_STEPS


@pytest.mark.parametrize("name", NAMES)
def test_a_silent_caller_is_let_go_soon(name: str) -> None:
    """Nobody there: no flow holds the line with more than a few questions."""
    state, effect = step(FLOWS, begin(FLOWS, name, {}), Began())
    taken = 0
    while state.ended is None:
        silence: Input = Failed("unavailable") if isinstance(effect, Ask) else Keys("")
        state, effect = step(FLOWS, state, Done() if isinstance(effect, Say) else silence)
        taken += 1
        assert taken < 30, state.path
