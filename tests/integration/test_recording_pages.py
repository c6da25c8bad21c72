"""The list of recordings asks once for all of its rows, however many; and asking how long one is is no listening."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from msgspec.structs import replace

from config.settings import RecordingSettings, Settings
from core import audit
from tests.integration.test_recordings import call, left
from tests.integration.whole import Whole, whole
from ticketing.messages import Actor, NewTicket


@pytest.fixture
async def it(tmp_path: Path, sqlite_template: Path) -> AsyncIterator[Whole]:
    folder = tmp_path / "recordings"
    folder.mkdir()
    settings = Settings(recordings=RecordingSettings(str(folder), words_days=30))
    async with whole(tmp_path, sqlite_template, settings) as running:
        yield running


async def words_with_ticket(it: Whole, n: int) -> str:
    """A caller was heard by anna and has left words for a ticket; the ticket's number."""
    house = it.house
    at = house.clock.now()
    await house.calls.save(
        replace(call(f"main-{n}.1"), caller=replace(call("x").caller, number=f"1380013{n:04}"))
    )
    actor = Actor("anna", frozenset({"agent"}))
    new = NewTicket("inquiry", f"Question {n}", "", call_id=f"main-{n}.1", channel="phone")
    ticket = await house.tickets.open(actor, new, at)
    await house.recordings.attach(await left(it, f"main-{n}.1"), ticket.id)
    return ticket.number


async def asked(it: Whole, path: str, headers: dict[str, str]) -> tuple[str, int]:
    """The page, and how many statements it took."""
    count = 0

    def one(*_: Any) -> None:
        nonlocal count
        count += 1

    engines = {it.house.db._reader.sync_engine, it.house.db._writer.sync_engine}
    for engine in engines:
        sa.event.listen(engine, "before_cursor_execute", one)
    page = await it.get(path, headers=headers)
    for engine in engines:
        sa.event.remove(engine, "before_cursor_execute", one)
    assert page.status == 200
    return page.text, count


async def test_a_page_of_recordings_asks_once_for_all_calls_and_tickets(it: Whole) -> None:
    sam = await it.sign_in("sam")
    numbers = [await words_with_ticket(it, 1)]
    await it.get("/recordings", headers=sam)
    text, few = await asked(it, "/recordings", sam)
    assert text.count("<audio") == 1
    numbers += [await words_with_ticket(it, n) for n in range(2, 14)]
    text, many = await asked(it, "/recordings", sam)
    assert text.count("<audio") == 13
    assert all(number in text for number in numbers)
    # The house's own clocks ask now and then meanwhile; row by row it would be two more for each of the twelve.
    assert many < few + 12


async def test_words_of_a_call_that_is_no_more_or_a_ticket_that_is_not_for_one_stand_without_them(
    it: Whole,
) -> None:
    id = await left(it, "main-99.1")
    await it.house.recordings.attach(id, "0" * 26)
    text = (await it.get("/recordings", headers=await it.sign_in("sam"))).text
    assert f"/api/v1/recordings/{id}/audio" in text


async def test_calls_are_found_by_all_their_ids_at_once(it: Whole) -> None:
    store = it.house.calls
    for id, joined in (
        ("main-1.1", ""),
        ("main-2.1", "main-1.1"),
        ("main-3.1", "main-2.1"),
        ("main-4.1", ""),
    ):
        await store.save(replace(call(id), joined=joined))
    ids = ["main-1.1", "main-3.1", "main-4.1", "main-5.1"]
    found = await store.of_ids(ids)
    assert {id: one.id for id, one in found.items()} == {
        "main-1.1": "main-1.1",
        "main-3.1": "main-1.1",
        "main-4.1": "main-4.1",
    }
    assert found == {id: one for id in ids if (one := await store.get(id))}
    assert await store.of_ids([]) == {}


async def test_who_asks_how_long_it_is_has_not_listened_and_gets_no_part(it: Whole) -> None:
    """RFC 9110, section 14.2: ranges are for GET; a server must not heed them elsewhere."""
    path = f"/api/v1/recordings/{await left(it, 'main-1.1')}/audio"
    for more in ({}, {"Range": "bytes=0-9"}, {"Range": "bytes=99999999-"}):
        head = await it.ask("HEAD", path, "sam", headers=more)
        assert (head.status, head.headers["Content-Length"], head.body) == (200, "32044", b"")
        assert "Content-Range" not in head.headers
    assert await listened(it) == []
    assert (await it.get(path, "sam")).status == 200
    assert await listened(it) == ["sam"]


async def listened(it: Whole) -> list[str]:
    """Who listened, by the audit trail."""
    query = sa.select(audit.audit.c.actor).where(audit.audit.c.action == "recording.listen")
    async with it.house.db.read() as tx:
        return list((await tx.scalars(query)).all())
