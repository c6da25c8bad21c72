"""Where the first agent's card says that the customer is, step by step, as Asterisk 16 and 22 told of transfers."""

from __future__ import annotations

import pytest

from cti.messages import Call
from screenpop.handing import asker, went
from tests.unit.cti.board_help import run, trace_events
from tests.unit.cti.test_board_shapes import board_with_members

Steps = list[tuple[str, str, str]]
ASKED: Steps = [("asks", "wang", "ringing"), ("asks", "wang", "talking")]
TO_WANG: Steps = [("agent", "wang", "talking"), ("agent", "wang", "ended")]
OUTSIDE: Steps = [("outside", "913912345678", "talking"), ("outside", "913912345678", "ended")]
EXPECTED: dict[str, Steps] = {
    "blind_ami_to_agent": [("agent", "wang", "ringing"), *TO_WANG],
    "blind_refer_to_agent": [("agent", "wang", "ringing"), *TO_WANG],
    "blind_ami_to_outside": [("outside", "913912345678", "ringing"), *OUTSIDE],
    "blind_refer_to_outside": [("outside", "913912345678", "ringing"), *OUTSIDE],
    "blind_refer_to_queue": [
        ("queue", "emergency", "waiting"),
        ("agent", "zhao", "ringing"),
        ("agent", "zhao", "talking"),
        ("agent", "zhao", "ended"),
    ],
    "blind_twice": [
        ("agent", "wang", "ringing"),
        ("agent", "wang", "talking"),
        ("agent", "zhao", "ringing"),
        ("agent", "zhao", "talking"),
        ("agent", "zhao", "ended"),
    ],
    "blind_unanswered": [("agent", "wang", "ringing"), ("agent", "wang", "gone")],
    "attended_ami_completed": [*ASKED, *TO_WANG],
    "attended_refer_completed": [*ASKED, *TO_WANG],
    "attended_ami_left_ringing": [ASKED[0], ("agent", "wang", "ringing"), *TO_WANG],
    "attended_ami_to_outside": OUTSIDE,
    "attended_ami_cancelled": ASKED,
    "attended_refer_cancelled": ASKED,
    "attended_ami_threeway": ASKED,
    "attended_ami_caller_gone": ASKED,
}


def told_of(name: str, version: int) -> list[Call]:
    """The customer's call after each thing that happened."""
    told = run(board_with_members(), trace_events(f"shapes/{version}/{name}"))
    calls = [call for event in told if (call := getattr(event, "call", None)) is not None]
    return [call for call in calls if call.id == calls[0].id]


def steps(name: str, version: int) -> Steps:
    """What the card says, each thing once; not what it says for the moment in which a call is on the way."""
    found: Steps = []
    for call in told_of(name, version):
        segment = next((one for one in call.segments if one.answered_at is not None), None)
        said = None if segment is None else went(call, segment, str)
        if said is None or said.state == "moving":
            continue
        step = ("asks" if said.asking else said.kind, said.name, said.state)
        if not found or found[-1] != step:
            found.append(step)
    return found


@pytest.mark.parametrize("version", [16, 22])
@pytest.mark.parametrize("name", EXPECTED)
def test_the_card_says_where_the_customer_went(name: str, version: int) -> None:
    assert steps(name, version) == EXPECTED[name]


@pytest.mark.parametrize("version", [16, 22])
@pytest.mark.parametrize("name", ["attended_ami_cancelled", "attended_ami_cancelled_ringing"])
def test_who_was_only_asked_is_told_from_who_had_the_customer(name: str, version: int) -> None:
    ends = [
        (call, one)
        for call in told_of(name, version)
        for one in call.segments
        if one.agent == "wang" and one.ended_at is not None
    ]
    assert asker(*ends[0]) == "li"
