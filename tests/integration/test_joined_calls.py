"""A call that turns out to be part of another takes along what a menu and a recording know it by."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from config.settings import RecordingSettings, Settings
from cti.board import Board
from cti.events import Member
from cti.joins import Joins
from cti.messages import CallJoined, DomainEvent, Seat
from cti.seen import Picture, SeenQueue
from ivr_flows.callbacks.model import Callback, State
from ivr_flows.messages import Ended, Language, Visit
from ivr_flows.surveys.store import Score
from screenpop.contexts import Change
from server.sources import OpenTickets
from tests.integration.test_recordings import sound
from tests.integration.whole import PEOPLE, Whole, whole
from tests.unit.cti.board_help import trace_events
from tests.wait import until

VISIT = Visit(
    id="v2",
    call_id="",
    pbx="main",
    flow="hotline",
    language=Language.ZH,
    number="13800138000",
    started_at=0.0,
    node="hotline/main",
    path=("hotline/main",),
    entered=(0.0,),
)


@pytest.fixture
async def it(tmp_path: Path, sqlite_template: Path) -> AsyncIterator[Whole]:
    (tmp_path / "recordings").mkdir()
    settings = Settings(recordings=RecordingSettings(str(tmp_path / "recordings")))
    async with whole(tmp_path, sqlite_template, settings) as running:
        yield running


def told(trace: str, at: float) -> Iterator[list[DomainEvent]]:
    """What a board makes of a session that was recorded on a real Asterisk, event by event, a second apart."""
    board = Board("main", trunks=("PJSIP/trunk",))
    seats = [Seat(name, name, "main", f"PJSIP/{ext}", ext) for name, (_, ext) in PEOPLE.items() if ext]
    members = tuple(Member("service", seat.interface, status=1) for seat in seats)
    board.set_seats(seats, at)
    board.resync(Picture("before", queues=(SeenQueue("service"),), members=members), {}, at)
    for number, event in enumerate(trace_events(trace)):
        yield board.apply(event, at + number)


async def words(it: Whole, call_id: str) -> str:
    id, path = it.house.recordings.begin()
    sound(Path(f"{path}.wav"))
    assert await it.house.recordings.keep_words(id, "main", call_id, "v2", 2.0)
    return id


async def recorded(it: Whole, call_id: str) -> list[str]:
    listed = (await it.get(f"/api/v1/recordings?call={call_id}", "sam")).json["items"]
    assert {one["call_id"] for one in listed} <= {it.house.joins.now(call_id)}
    return [one["id"] for one in listed]


def pop_of(it: Whole, user: str, call_id: str) -> dict[str, Any]:
    """What the menu part of the user's card of the call says; empty where there is no such card, or part."""
    found = [pop for pop in it.house.popper.pops_of(user, "en") if pop["call_id"] == call_id]
    return (found[0]["ivr"] or {}) if found else {}


@pytest.mark.parametrize("version", ["16", "22"])
async def test_an_inquiry_of_its_own_takes_its_visit_and_words_into_the_callers_call(
    it: Whole, version: str
) -> None:
    house, at = it.house, it.house.clock.now() - 3600
    session = told(f"shapes/{version}/attended_refer_completed", at)
    gone = kept = left = ""
    for number, events in enumerate(session):
        for event in events:
            if isinstance(event, CallJoined):
                gone, kept = event.id, event.call_id
                early = replace(VISIT, id="v1", call_id=kept, started_at=at - 9, ended=Ended.TRANSFERRED)
                house.visits.put(early)
                house.visits.put(replace(VISIT, call_id=gone, started_at=at + number - 1))
                left = await words(it, gone)
            house.bus.publish(event)
        if gone:
            break
    assert [visit.id for visit in house.visits.of_call(kept)] == ["v1", "v2"]
    assert {visit.call_id for visit in house.visits.live()} == {kept}
    await until(lambda: house.mover.worker.handled == 1)
    assert await recorded(it, kept) == await recorded(it, gone) == [left]

    # The flow's driver, the caller's words, and the file of the whole call go by the old id all the time.
    done = replace(VISIT, call_id=gone, started_at=at + 1, ended=Ended.SERVED, ended_at=at + 99)
    house.visits.put(done)
    later = await words(it, gone)
    for event in (event for events in session for event in events):
        house.bus.publish(event)
    assert await house.recorder.flush()
    assert await house.visits.saver.flush()
    file = sound(house.recordings.folder.path / f"call-{gone}.wav")
    os.utime(file, (at, at))
    assert await house.recordings.scan() == 1
    assert len(await recorded(it, kept)) == 3
    assert {left, later} < set(await recorded(it, kept))
    call = (await it.get(f"/api/v1/calls/{kept}", "sam")).json
    assert [visit["id"] for visit in call["ivr"]] == ["v1", "v2"]
    assert (await house.visits.store.of_calls([gone, kept])).keys() == {kept}


async def test_a_card_that_is_open_shows_what_was_told_in_the_other_call(it: Whole) -> None:
    house, at, kept = it.house, it.house.clock.now() - 3600, ""
    for events in told("shapes/22/pickup_of_queue_call", at):
        for event in events:
            if isinstance(event, CallJoined):
                kept = event.call_id
                assert not pop_of(it, "anna", kept)
                house.visits.put(replace(VISIT, call_id=event.id, started_at=at))
            house.bus.publish(event)
        if kept:
            break
    await until(lambda: "hotline/main" in pop_of(it, "ben", kept).get("path", ()))


async def test_a_ticket_that_was_opened_in_a_call_is_found_by_the_call_that_it_became_part_of(
    it: Whole,
) -> None:
    house, at, gone, kept = it.house, it.house.clock.now() - 3600, "", ""
    new = {"workflow": "inquiry", "subject": "Opening hours", "channel": "phone"}
    for events in told("shapes/22/pickup_of_queue_call", at):
        for event in events:
            if isinstance(event, CallJoined):
                gone, kept = event.id, event.call_id
                assert await house.recorder.flush()
                opened = await it.post("/api/v1/tickets", "anna", {**new, "call_id": gone})
                assert opened.status == 201, opened.text
                ticket = opened.json["id"]
            house.bus.publish(event)
            if gone and isinstance(
                event, CallJoined
            ):  # found at once, before anything of the join is written
                assert await tickets_of(it, kept) == await tickets_of(it, gone) == [ticket]
                on_card = await OpenTickets(house.tickets, house.joins.ids).open_of_call(kept, 5)
                assert [one.id for one in on_card] == [ticket]
    assert await house.recorder.flush()
    house.joins.__init__()  # another server, or this one next week
    assert await tickets_of(it, kept) == await tickets_of(it, gone) == [ticket]
    assert await tickets_of(it, "main-1.99") == []
    shown = (await it.get(f"/api/v1/tickets/{ticket}", "sam")).json
    assert (await it.get(f"/api/v1/calls/{shown['call_id']}", "sam")).json["id"] == kept


async def test_notes_and_scores_of_a_call_are_found_by_every_id_that_it_has(it: Whole) -> None:
    house, at, gone, kept = it.house, it.house.clock.now() - 3600, "", ""
    score = Score("s1", at, "call", "", "", 4, agent="ben")
    for events in told("shapes/22/pickup_of_queue_call", at):
        for event in events:
            if isinstance(event, CallJoined):
                gone, kept = event.id, event.call_id
                assert await house.recorder.flush()
                await house.contexts.save(gone, "ben", Change(note="a leak", draft={"subject": "Leak"}))
                await house.surveys.save(replace(score, about=gone, call_id=gone))
            house.bus.publish(event)
    assert await house.recorder.flush()
    await until(lambda: "a leak" in noted_in_memory(it, kept))
    # The page of the old call is still open and goes on typing there.
    await house.contexts.save(gone, "ben", Change(note="a leak, third floor"))
    assert noted_in_memory(it, kept) == noted_in_memory(it, gone) == ["a leak, third floor"]
    await both_tell(it, gone, kept, "a leak, third floor", 4)

    # What is moved is not said twice, and a change of it is not undone by what was typed before.
    await house.contexts.save(gone, "ben", Change(note=""))
    await house.contexts.save(kept, "ben", Change(note="all is well"))
    await both_tell(it, gone, kept, "all is well", 4)
    await house.surveys.save(replace(score, id="s2", at=at + 1, about=kept, call_id=kept, score=2))

    house.joins.__init__()  # another server, or this one next week
    house.contexts._works.clear()
    await house.contexts.save(gone, "ben", Change(note="called again"))
    await both_tell(it, gone, kept, "all is well\ncalled again", 2)


async def test_the_card_of_a_call_back_that_became_part_of_another_call_still_says_so(it: Whole) -> None:
    house, at, kept = it.house, it.house.clock.now() - 3600, ""
    asked = Callback("b1", "+8613800138000", "main", "service", State.DIALLING, at, at - 60, at, tries=1)
    for events in told("shapes/22/pickup_of_queue_call", at):
        for event in events:
            if isinstance(event, CallJoined):
                kept = event.call_id
                house.dialer.current[event.id] = asked
            house.bus.publish(event)
        if kept:
            break
    house.popper.work_changed(kept)

    def tries() -> list[int]:
        cards = [pop for pop in house.popper.pops_of("ben", "en") if pop["call_id"] == kept]
        return [card["callback"]["tries"] for card in cards if card["callback"]]

    await until(lambda: tries() == [1])


async def test_a_draft_is_sent_from_either_id_and_is_nobodys_draft_any_more(it: Whole) -> None:
    house, at, gone, kept = it.house, it.house.clock.now() - 3600, "", ""
    for events in told("shapes/22/pickup_of_queue_call", at):
        for event in events:
            if isinstance(event, CallJoined):
                gone, kept = event.id, event.call_id
                assert await house.recorder.flush()
                await house.contexts.save(gone, "ben", Change(draft={"subject": "Leak"}))
                await house.contexts.choose(gone, "ben", "c1")
            house.bus.publish(event)
    await until(lambda: house.contexts.chosen_of(kept) == ("c1", "ben"))
    assert house.contexts.of_call(kept)["ben"].draft == {"subject": "Leak"}
    new = {"workflow": "inquiry", "subject": "Leak", "channel": "phone", "call_id": gone}
    opened = await it.post("/api/v1/tickets", "ben", new)
    assert opened.status == 201, opened.text
    await until(lambda: not house.contexts.of_call(kept)["ben"].draft)
    assert house.contexts.of_call(gone)["ben"].ticket_id == opened.json["id"]


def noted_in_memory(it: Whole, call_id: str) -> list[str]:
    """What a card of the call has to show of notes."""
    return [work.note for work in it.house.contexts.of_call(call_id).values() if work.note]


async def both_tell(it: Whole, gone: str, kept: str, note: str, score: int) -> None:
    """The call's page, its context and itself, by either id."""
    listed = (await it.get("/api/v1/calls", "sam")).json["items"]
    assert [one["satisfaction"] for one in listed if one["id"] == kept] == [score]
    for id in (gone, kept):
        works = (await it.get(f"/api/v1/calls/{id}/context", "sam")).json["items"]
        assert [(one["call_id"], one["user"], one["note"]) for one in works] == [(kept, "ben", note)]
        shown = (await it.get(f"/api/v1/calls/{id}", "sam")).json
        assert (shown["id"], shown["satisfaction"]) == (kept, score)
        for page in (f"/calls/{id}", f"/desk/calls/{id}"):
            text = (await it.get(page, "sam")).text
            assert all(line in text for line in note.split("\n")), page


async def test_recordings_of_an_old_call_are_found_by_the_id_that_it_had(it: Whole) -> None:
    house, at, gone, kept = it.house, it.house.clock.now() - 3600, "", ""
    for events in told("shapes/22/pickup_of_queue_call", at):
        for event in events:
            if isinstance(event, CallJoined):
                gone, kept = event.id, event.call_id
            house.bus.publish(event)
    assert await house.recorder.flush()
    left = await words(it, gone)
    house.joins.__init__()  # another server, or this one next week
    for id in (gone, kept):
        listed = (await it.get(f"/api/v1/recordings?call={id}", "sam")).json["items"]
        assert [one["id"] for one in listed] == [left]


async def tickets_of(it: Whole, call_id: str) -> list[str]:
    return [one["id"] for one in (await it.get(f"/api/v1/tickets?call_id={call_id}", "sam")).json["items"]]


async def test_a_restarted_server_knows_what_was_joined_before(it: Whole) -> None:
    house, at, joins = it.house, it.house.clock.now() - 3600, {}
    for events in told("shapes/22/conference", at):
        for event in events:
            if isinstance(event, CallJoined):
                joins[event.id] = event.call_id
            house.bus.publish(event)
    assert await house.recorder.flush()
    assert len(joins) == 2
    again = Joins()
    again.read_back(await house.calls.joined_since(at - 1))
    assert {gone: again.now(gone) for gone in joins} == joins


def test_a_call_is_followed_through_several_joins_and_never_in_a_circle() -> None:
    joins, heard = Joins(), []
    joins.told.append(lambda gone, call_id: heard.append((gone, call_id)))
    joins.add("a", "b")
    joins.add("b", "c")
    joins.add("c", "a")
    assert [joins.now(one) for one in "abcd"] == ["c", "c", "c", "d"]
    assert [joins.ids(one) for one in "abcd"] == [("c", "b", "a")] * 3 + [("d",)]
    assert heard == [("a", "b"), ("b", "c")]


def test_of_many_joins_the_oldest_are_forgotten_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cti.joins.KEPT", 2)
    joins = Joins()
    for gone in ("a", "b", "c"):
        joins.add(gone, "call")
    joins.add("b", "other")
    assert joins.ids("call") == ("call", "c")
    assert joins.ids("b") == ("other", "b")
    assert joins.ids("a") == ("a",)
