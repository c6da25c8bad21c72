"""Why a call popped or did not, told from what a journal holds."""

from __future__ import annotations

import msgspec
import pytest

from cti.journal.files import records_in
from cti.journal.find import family, find
from cti.journal.records import (
    Answered,
    AnyRecord,
    Asked,
    Event,
    Head,
    Linked,
    Missed,
    Noted,
    Repaired,
    Rules,
)
from cti.journal.replay import Replay
from cti.journal.story import Story, Verdict, verdicts
from tests.unit.cti.board_help import SEATS, TRACES

HEAD = Head(0.0, 1, "test", "keep", (Rules("main", ("PJSIP/trunk",), "9"),), SEATS)


def told(records: list[AnyRecord], patience: float = 1.5) -> tuple[Story, list[Verdict]]:
    """The story of the only call that ended."""
    first, again = Replay(), Replay()
    for record in records:
        first.take(record)
    (main,) = [call for call in first.calls.values() if call.outcome is not None]
    calls = family(first, main.id)
    story = Story(main, calls, frozenset[str]().union(*(first.members[id_] for id_ in calls)))
    for record in records:
        story.take(again.take(record))
    noted = any(isinstance(record, Noted) for record in records)
    return story, list(verdicts(story, noted, patience))


def recorded(name: str) -> list[AnyRecord]:
    return [HEAD, *records_in(TRACES / f"{name}.ami")]


def after(records: list[AnyRecord], event: str, *more: AnyRecord) -> list[AnyRecord]:
    """The records with others behind the first event of that name, at its time."""
    for number, record in enumerate(records):
        if isinstance(record, Event) and ("Event", event) in record.ami:
            at = [msgspec.structs.replace(one, at=record.at + one.at) for one in more]
            return [*records[: number + 1], *at, *records[number + 1 :]]
    raise AssertionError(event)


def call_of(records: list[AnyRecord]) -> str:
    it = Replay()
    for record in records:
        it.take(record)
    return next(iter(it.calls))


def codes(story: Story) -> list[str]:
    return [step.code for step in story.steps]


def note(what: str, call: str, at: float = 0.0, **more: str) -> Noted:
    return Noted(at, what, call, "li", {"pop": f"pop-{call}-1", **more})


def test_a_queue_call_is_told_from_begin_to_end() -> None:
    story, found = told(recorded("queue_rna_then_answered"))
    assert codes(story) == ["began", "queued", "offered", "withdrawn", "offered", "answered", "left", "ended"]
    reasons = [step.args["reason"] for step in story.steps if step.code in ("withdrawn", "left")]
    assert reasons == ["no_answer", "agent_hung_up"]
    assert [verdict.code for verdict in found] == ["not_noted", "not_noted"]


def test_hold_is_told() -> None:
    assert [code for code in codes(told(recorded("held"))[0]) if code in ("held", "resumed")] == [
        "held",
        "resumed",
    ]


def test_an_internal_call_has_no_card_whatever_the_journal_holds() -> None:
    assert [verdict.code for verdict in told(recorded("internal_call"))[1]] == ["no_pop_internal"]


@pytest.mark.parametrize(
    ("notes", "code"),
    [
        ([("pop", {"browsers": "2"})], "popped"),
        ([("pop", {"browsers": "2", "loading": "yes"})], "popped"),
        ([("pop", {"browsers": "0"})], "no_browser"),
        ([("pop", {"browsers": "0"}), ("browsers", {"browsers": "1"})], "popped_when_opened"),
        ([("no_pop", {"why": "no_user"})], "no_pop_no_user"),
        ([("other", {})], "not_shown"),
    ],
)
def test_each_offer_has_a_verdict(notes: list[tuple[str, dict[str, str]]], code: str) -> None:
    records = recorded("queue_answered")
    call = call_of(records)
    more = [note(what, call, 0.1 * n, **args) for n, (what, args) in enumerate(notes)]
    assert [verdict.code for verdict in told(after(records, "AgentCalled", *more))[1]] == [code]


def test_a_card_that_came_before_the_callers_record_is_told_as_such() -> None:
    records = recorded("queue_answered")
    late = note("pop", call_of(records), browsers="1", loading="yes")
    assert "pop_loading" in codes(told(after(records, "AgentCalled", late))[0])


def test_a_phone_that_rang_for_a_moment_only_is_told_apart() -> None:
    records = recorded("queue_answered")
    other = Noted(0.0, "browsers", "", "li", {"browsers": "1"})
    assert [verdict.code for verdict in told(after(records, "AgentCalled", other), patience=99.0)[1]] == [
        "too_short"
    ]


def test_what_we_asked_and_what_was_missed_is_in_the_story() -> None:
    records = recorded("queue_answered")
    hangup = Asked(0.0, "main", 1, (("Action", "Hangup"), ("Channel", "PJSIP/1001-00000001")))
    elsewhere = Asked(0.0, "main", 2, (("Action", "Hangup"), ("Channel", "PJSIP/1009-00000009")))
    more = (
        hangup,
        elsewhere,
        Answered(0.1, "main", 1, "Channel Hungup"),
        Answered(0.1, "main", 2, "No such channel"),
        Linked(0.2, "main", "down", "cable"),
        Linked(0.3, "other", "down", "elsewhere"),
        Linked(0.4, "main", "up", ""),
        Missed(0.5, 7),
    )
    story, _ = told(after(records, "AgentConnect", *more))
    assert [code for code in codes(story) if code.startswith(("asked", "link", "missed"))] == [
        "asked",
        "asked_answer",
        "link_down",
        "link_up",
        "missed",
    ]


def test_a_ghost_that_was_taken_away_ends_as_lost() -> None:
    records = recorded("queue_answered")
    channels = tuple(
        dict(record.ami)["Uniqueid"]
        for record in records
        if isinstance(record, Event) and ("Event", "Newchannel") in record.ami
    )
    cut = after(records, "AgentConnect", Repaired(0.5, "main", channels))
    end = next(n for n, record in enumerate(cut) if isinstance(record, Repaired))
    story, _ = told(cut[: end + 1])
    assert codes(story)[-3:] == ["left", "ended", "ghost"]
    assert story.steps[-2].args["outcome"] == "lost"


def test_a_call_is_found_by_id_channel_and_number() -> None:
    it = Replay()
    for record in recorded("queue_two_callers"):
        it.take(record)
    one, two = it.calls.values()
    assert find(it, one.id, str) == [one]
    assert find(it, one.id.removeprefix("main-"), str) == [one]
    assert find(it, two.caller.number, str) == [two]
    assert find(it, "4001", str) == [one, two]
    assert find(it, "x", lambda _: one.caller.number) == [one]
    assert find(it, "nothing", str) == []
