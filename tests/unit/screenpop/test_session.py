"""The live log: numbering, who sees what, resuming, and the property that holds live pages together."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from core.identity.roles import Permission
from screenpop.session import SNAPSHOT_PARTS, Audience, Log, Viewer, reduce

ANNA = Viewer("anna", frozenset({Permission.QUEUES_SEE}))
BOSS = Viewer("boss", frozenset({Permission.CALLS_ALL, Permission.QUEUES_SEE}))
FOR_ANNA = Audience(frozenset({"anna"}), Permission.CALLS_ALL)
FOR_BEN = Audience(frozenset({"ben"}), Permission.CALLS_ALL)


def body(**data: Any) -> dict[str, Any]:
    return {"data": data}


def test_an_entry_carries_epoch_and_the_next_number() -> None:
    log = Log("e1")
    log.append("call", body(id="c1", state="queued"), FOR_ANNA, "2026-01-01T00:00:00.000Z")
    entry = log.append("call", body(id="c1", state="ended"), FOR_ANNA, "2026-01-01T00:00:01.000Z")
    assert msgspec.json.decode(entry.frame) == {
        "type": "call",
        "epoch": "e1",
        "seq": 2,
        "at": "2026-01-01T00:00:01.000Z",
        "data": {"id": "c1", "state": "ended"},
    }


def test_only_those_whom_it_is_for_get_an_entry_again() -> None:
    log = Log("e1")
    log.append("call", body(id="c1"), FOR_ANNA, "")
    log.append("call", body(id="c2"), FOR_BEN, "")
    assert [entry.seq for entry in log.since("e1", 0, ANNA) or []] == [1]
    assert [entry.seq for entry in log.since("e1", 0, BOSS) or []] == [1, 2]


def test_resume_is_refused_where_something_may_be_missing() -> None:
    log = Log("e1", size=2)
    for number in range(4):
        log.append("call", body(id=str(number)), FOR_ANNA, "")
    assert log.since("e1", 1, ANNA) is None, "entry 2 is gone from the log"
    assert [entry.seq for entry in log.since("e1", 2, ANNA) or []] == [3, 4]
    assert log.since("e1", 4, ANNA) == []
    assert log.since("e1", 5, ANNA) is None, "a number that was never given"
    assert log.since("another", 4, ANNA) is None
    assert log.since("e1", -1, ANNA) is None


KINDS = sorted(SNAPSHOT_PARTS)


@st.composite
def said(draw: st.DrawFn) -> tuple[str, dict[str, Any], Audience]:
    kind = draw(st.sampled_from(KINDS))
    _, key = SNAPSHOT_PARTS[kind]
    data: dict[str, Any] = {key: draw(st.sampled_from("abc")), "n": draw(st.integers(0, 9))}
    if kind == "call":
        data["state"] = draw(st.sampled_from(["queued", "talking", "ended"]))
    if kind in ("agent", "queue"):
        data["removed"] = draw(st.booleans())
    if kind == "ticket":
        data["closed"] = draw(st.booleans())
    html = {"html": f"<p>{data['n']}</p>"} if kind in ("pop", "pop.updated") else {}
    return kind, {"data": data, **html}, draw(st.sampled_from([FOR_ANNA, FOR_BEN]))


@given(st.lists(said(), max_size=40), st.integers(0, 40))
def test_stale_snapshot_plus_events_is_a_fresh_snapshot(
    spoken: list[tuple[str, dict[str, Any], Audience]], cut: int
) -> None:
    log = Log("e1")
    fresh: dict[str, Any] = {}
    stale: dict[str, Any] = {}
    for number, (kind, what, audience) in enumerate(spoken):
        if number == min(cut, len(spoken)):
            stale = fresh
        entry = log.append(kind, what, audience, "")
        if audience.admits(ANNA):
            fresh = reduce(fresh, msgspec.json.decode(entry.frame))
    start = min(cut, len(spoken))
    if start == len(spoken):
        stale = fresh
    for entry in log.since("e1", start, ANNA) or []:
        stale = reduce(stale, msgspec.json.decode(entry.frame))
    assert stale == fresh


@given(st.lists(said(), max_size=40))
def test_what_has_ended_is_not_in_a_snapshot(spoken: list[tuple[str, dict[str, Any], Audience]]) -> None:
    picture: dict[str, Any] = {}
    for kind, what, _ in spoken:
        picture = reduce(picture, {"type": kind, **what})
        part, key = SNAPSHOT_PARTS[kind]
        keys = [item[key] for item in picture.get(part, [])]
        assert len(keys) == len(set(keys))
    assert all(call["state"] != "ended" for call in picture.get("calls", []))
