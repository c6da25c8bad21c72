"""The list of recordings and the page of satisfaction: what they show, to whom, what they say where nothing is."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from msgspec.structs import replace

from config.settings import RecordingSettings, Settings
from customers.messages import NewCustomer
from ivr_flows.callbacks.model import State
from ivr_flows.callbacks.service import Request
from ivr_flows.surveys.store import Score
from tests.integration.test_recordings import call, left
from tests.integration.whole import Whole, whole
from ticketing.messages import Actor, NewTicket


@pytest.fixture
async def it(tmp_path: Path, sqlite_template: Path) -> AsyncIterator[Whole]:
    (tmp_path / "recordings").mkdir()
    settings = Settings(recordings=RecordingSettings(str(tmp_path / "recordings")))
    async with whole(tmp_path, sqlite_template, settings) as house:
        yield house


async def reported(it: Whole, words: str) -> tuple[str, str]:
    """A ticket opened for the words; its id and number."""
    at = it.house.clock.now()
    ticket = await it.house.tickets.open(
        Actor("anna", frozenset({"agent"})), NewTicket("inquiry", "Meter"), at
    )
    await it.house.recordings.attach(words, ticket.id)
    return ticket.id, ticket.number


async def test_recordings_stand_in_a_list_with_a_player(it: Whole, tmp_path: Path) -> None:
    sam = await it.sign_in("sam")
    assert "No caller has left words yet." in (await it.get("/recordings", headers=sam)).text
    assert "No call has been recorded yet." in (await it.get("/recordings?show=call", headers=sam)).text
    await it.house.calls.save(call("main-1.1"))
    first, gone = await left(it, "main-1.1"), await left(it, "main-1.1")
    ticket, number = await reported(it, first)
    (tmp_path / "recordings" / f"words-{gone}.wav").unlink()
    page = (await it.get("/recordings", headers=sam)).text
    assert page.count("<audio controls") == 1
    assert f'src="/api/v1/recordings/{first}/audio"' in page
    assert "The file is missing" in page
    assert f'href="/tickets/{ticket}">{number}</a>' in page
    own = (await it.get(f"/recordings/of?ticket={ticket}", headers=await it.sign_in("anna"))).text
    assert f'src="/api/v1/recordings/{first}/audio"' in own
    assert "<audio" not in (await it.get("/recordings/of?ticket=none", headers=sam)).text
    assert (
        f'hx-get="/recordings/of?ticket={ticket}"' in (await it.get(f"/tickets/{ticket}", headers=sam)).text
    )


async def test_a_long_list_goes_on(it: Whole) -> None:
    for _ in range(31):
        await left(it, "main-1.1")
    sam = await it.sign_in("sam")
    page = (await it.get("/recordings", headers=sam)).text
    more = re.search(r'hx-get="(/recordings\?[^"]+)"', page)
    assert more is not None
    rest = (await it.get(more[1].replace("&amp;", "&"), headers={**sam, "HX-Request": "true"})).text
    assert (page.count("<audio"), rest.count("<audio"), "<html" in rest) == (30, 1, False)


async def test_satisfaction_by_agent_and_kind(it: Whole) -> None:
    sam = await it.sign_in("sam")
    assert (await it.get("/satisfaction", headers=sam)).text.count(
        "Nobody has given a score in this time."
    ) == 3
    at = it.house.clock.now()
    for n, value in enumerate((5, 4, 2)):
        score = Score(
            f"s{n}",
            at - n,
            "call",
            f"main-{n}",
            f"main-{n}",
            value,
            "anna",
            "service",
            number="+8613800138000",
        )
        await it.house.surveys.save(score)
    await it.house.surveys.save(Score("t1", at, "ticket", "C-1", "main-9", 1, workflow="complaint"))
    await it.house.surveys.save(
        Score("t0", at - 40 * 86_400, "ticket", "C-0", "main-8", 5, workflow="complaint")
    )
    page = (await it.get("/satisfaction", headers=sam)).text
    assert "3.7</strong>" in page
    assert "of 5, 3 scores" in page
    assert "67% satisfied" in page
    assert re.search(r"<td>Complaint</td><td[^>]*>1</td><td[^>]*>1.0</td><td[^>]*>0%</td>", page)
    assert "138 0013 8000" in page
    chinese = (await it.get("/satisfaction", headers={**sam, "Accept-Language": "zh-CN"})).text
    assert "满分5分，共3次评价" in chinese
    assert "<td>投诉</td>" in chinese
    assert (await it.get("/satisfaction", headers=await it.sign_in("anna"))).status == 403
    assert (await it.get("/satisfaction", headers=await it.sign_in("zhao"))).status == 200


async def test_who_is_rung_up_about_a_ticket_waits_for_no_agent(it: Whole) -> None:
    house, sam, at = it.house, await it.sign_in("sam"), it.house.clock.now()
    wanted = Request("+8613800138000", "main", "", at)
    planned = (await house.callbacks.ask_about("R-20260131-0001", wanted, 0.0)).callback
    assert planned is not None
    due = replace(planned, next_at=at)
    for now, shown in ((due, "shortly"), (replace(due, state=State.DIALLING), "now, by the phone menu")):
        written = await house.callbacks.store.replace(planned, now, at)
        assert written is not None
        planned = written
        page = (await it.get("/callbacks", headers=sam)).text
        assert "<td>Survey about R-20260131-0001</td>" in page
        assert f">{shown}</td>" in page
    chinese = (await it.get("/callbacks", headers={**sam, "Accept-Language": "zh-CN"})).text
    assert "R-20260131-0001 满意度回访" in chinese


async def test_lists_ask_for_all_names_at_once(it: Whole) -> None:
    house, sam, at = it.house, await it.sign_in("sam"), it.house.clock.now()
    asked: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    async def add(n: int) -> None:
        number = f"138001380{n:02}"
        customer = await house.customers.create("test", NewCustomer(f"Customer {n}", (number,)), at)
        wanted = Request(f"+86{number}", "main", "service", at, customer_id=customer.id)
        assert (await house.callbacks.request(wanted)).ok
        await house.surveys.save(Score(f"s{n}", at, "call", f"c{n}", f"c{n}", 5, customer_id=customer.id))

    async def questions(path: str, count: int) -> int:
        sa.event.listen(sa.Engine, "before_cursor_execute", note)
        try:
            page = (await it.get(path, headers=sam)).text
        finally:
            sa.event.remove(sa.Engine, "before_cursor_execute", note)
        assert len(set(re.findall(r"Customer \d", page))) == count
        found = [one for one in asked if "customers" in one]
        asked.clear()
        return len(found)

    await add(0)
    few = [await questions(path, 1) for path in ("/callbacks", "/satisfaction")]
    for n in range(1, 5):
        await add(n)
    assert [await questions(path, 5) for path in ("/callbacks", "/satisfaction")] == few == [1, 1]
