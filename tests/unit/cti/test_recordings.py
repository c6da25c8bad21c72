"""Which files are ours, who may hear what, when a recording goes, and the parts that browsers ask for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.identity import Role, User
from cti.messages import Call, CallState, Direction, How, Party, Segment
from cti.recordings.model import (
    DAY,
    Kind,
    Recording,
    call_of_file,
    is_due,
    is_id,
    is_ours,
    may_listen,
    words_name,
)
from cti.recordings.ranges import Part, Unsatisfiable, part_of

WORDS = Recording(
    "01k" + "a" * 23, Kind.WORDS, "main", "main-1.2", "v1", "t1", 1000.0, 5.0, 80044, "words-x.wav"
)
WHOLE = Recording(
    "01k" + "b" * 23, Kind.CALL, "main", "main-1.2", "", "", 1000.0, 5.0, 80044, "call-main-1.2.wav"
)


def user(role: Role, name: str = "anna") -> User:
    return User(name, name, role)


def call(*segments: tuple[str, bool]) -> Call:
    return Call(
        "main-1.2",
        "main",
        Direction.INBOUND,
        CallState.ENDED,
        Party("", ""),
        "4001",
        1000.0,
        segments=tuple(
            Segment(f"s{n}", "PJSIP/1001", agent, "service", How.QUEUE, 1001.0, 1002.0 if answered else None)
            for n, (agent, answered) in enumerate(segments)
        ),
    )


@pytest.mark.parametrize(
    "name",
    [
        "",
        "../words-01kaaaaaaaaaaaaaaaaaaaaaaa.wav",
        "call-../../etc/passwd.wav",
        "call-a/b.wav",
        "call-.wav.sh",
        "words-.wav",
        "notes.txt",
        "call-\x00.wav",
        "call-main-1.2.wav\n",
    ],
)
def test_no_other_file_is_ours(name: str) -> None:
    assert not is_ours(name)
    assert call_of_file(name) is None


def test_our_own_names_are_ours() -> None:
    assert is_ours(f"{words_name(WORDS.id)}.wav")
    assert is_ours("call-main-1769846400.12.wav")
    assert call_of_file("call-main-1769846400.12.wav") == "main-1769846400.12"
    assert is_id(WORDS.id)
    assert not is_id("../x")


@pytest.mark.parametrize(
    ("role", "segments", "sees_ticket", "words", "whole"),
    [
        (Role.SUPERVISOR, (), False, True, True),
        (Role.AUDITOR, (), False, True, True),
        (Role.ADMIN, (), False, True, True),
        (Role.AGENT, (("anna", True),), False, True, True),
        (Role.AGENT, (("anna", False), ("ben", True)), False, True, False),
        (Role.AGENT, (("ben", True),), False, False, False),
        (Role.AGENT, (), True, True, False),
        (Role.DEPARTMENT, (), True, True, False),
        (Role.DEPARTMENT, (), False, False, False),
    ],
)
def test_who_may_hear_what(
    role: Role, segments: tuple[tuple[str, bool], ...], sees_ticket: bool, words: bool, whole: bool
) -> None:
    who, had = user(role), call(*segments)
    assert may_listen(WORDS, who, had, sees_ticket=sees_ticket) is words
    assert may_listen(WHOLE, who, had, sees_ticket=sees_ticket) is whole
    assert may_listen(WHOLE, who, None, sees_ticket=sees_ticket) is (
        role in (Role.SUPERVISOR, Role.AUDITOR, Role.ADMIN)
    )


def test_a_recording_goes_when_its_time_is_up_and_nothing_holds_it() -> None:
    later = 1000.0 + 30 * DAY
    assert not is_due(WORDS, 30, later, ())
    assert is_due(WORDS, 30, later + 1, ())
    assert not is_due(WORDS, 30, later + 1, {WORDS.id})
    assert not is_due(WORDS, 0, later * 100, ())


@pytest.mark.parametrize(
    ("header", "part"),
    [
        ("", None),
        ("bytes=0-", Part(0, 99)),
        ("bytes=0-0", Part(0, 0)),
        ("bytes=10-19", Part(10, 19)),
        ("bytes=90-500", Part(90, 99)),
        ("bytes=-10", Part(90, 99)),
        ("bytes=-500", Part(0, 99)),
        ("bytes=-", None),
        ("bytes=5-2", None),
        ("bytes=0-1,5-6", None),
        ("seconds=0-1", None),
        ("bytes=a-b", None),
    ],
)
def test_a_range_is_a_part_of_the_file(header: str, part: Part | None) -> None:
    assert part_of(header, 100) == part


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=100-200", "bytes=-0"])
def test_a_range_behind_the_end_cannot_be_met(header: str) -> None:
    with pytest.raises(Unsatisfiable):
        part_of(header, 100)


@given(st.text(max_size=40), st.integers(1, 10**12))
def test_whatever_is_asked_the_part_is_inside_the_file(header: str, size: int) -> None:
    for text in (header, f"bytes={header}", f"bytes={header}-{header}"):
        try:
            part = part_of(text, size)
        except Unsatisfiable:
            continue
        assert part is None or 0 <= part.first <= part.last < size
