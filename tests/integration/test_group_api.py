"""Bulk events, links, departments and absences over HTTP, on a whole house: what each role gets to see."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import websockets

from core.clock import iso
from tests.integration.whole import Whole, whole

NEW = {"workflow": "complaint", "subject": "Bill doubled"}


@pytest.fixture
async def it(tmp_path: Path, sqlite_template: Path) -> AsyncIterator[Whole]:
    async with whole(tmp_path, sqlite_template) as running:
        await running.ask(
            "PUT", "/api/v1/departments/billing", "root", json={"label": {"en": "Billing", "zh": "收费部"}}
        )
        await running.post("/api/v1/departments/billing/members", "root", {"user": "gao"})
        yield running


async def opened(it: Whole, count: int = 1) -> list[dict[str, Any]]:
    return [(await it.post("/api/v1/tickets", "anna", NEW)).json for _ in range(count)]


async def fired(it: Whole, who: str, ticket: dict[str, Any], event: str, **data: object) -> dict[str, Any]:
    body = {"event": event, "version": ticket["version"], "data": data}
    reply = await it.post(f"/api/v1/tickets/{ticket['id']}/events", who, body)
    assert reply.status == 200, reply.text
    return reply.json  # type: ignore[no-any-return]


async def bulk(it: Whole, who: str, event: str, tickets: list[dict[str, Any]], **data: object) -> Any:
    seen = [{"id": ticket["id"], "version": ticket["version"]} for ticket in tickets]
    return await it.post("/api/v1/tickets/bulk", who, {"event": event, "tickets": seen, "data": data})


async def test_each_of_many_goes_through_the_door_by_itself(it: Whole) -> None:
    made = await opened(it, 5)
    await fired(it, "dora", made[1], "judge")
    nothing = {"id": "none", "version": 1}
    reply = await bulk(it, "dora", "judge", [*made[:3], nothing, *made[3:]], severity="major")
    assert (reply.status, reply.json["done"], reply.json["refused"]) == (200, 4, 2)
    codes = [item["error"]["code"] if item["error"] else None for item in reply.json["items"]]
    assert codes == [None, "stale_version", None, "not_found", None, None]
    assert {item["ticket"]["state"] for item in reply.json["items"] if item["ticket"]} == {"assessed"}
    again = await bulk(it, "anna", "judge", made[:1])
    assert again.json["items"][0]["error"]["code"] == "stale_version"


@pytest.mark.parametrize("count", [0, 201])
async def test_too_many_or_none_are_refused_whole(it: Whole, count: int) -> None:
    seen = [{"id": f"t{n}", "version": 1} for n in range(count)]
    body = {"event": "judge", "tickets": seen}
    assert (await it.post("/api/v1/tickets/bulk", "dora", body)).status == 422


async def test_a_ticket_named_twice_is_refused_whole(it: Whole) -> None:
    (ticket,) = await opened(it)
    reply = await bulk(it, "dora", "judge", [ticket, ticket])
    assert (reply.status, reply.json["error"]["details"]["field"]) == (422, "tickets")
    assert (await it.get(f"/api/v1/tickets/{ticket['id']}", "dora")).json["version"] == 1


async def test_two_hundred_at_once(it: Whole) -> None:
    made = await opened(it, 200)
    reply = await bulk(it, "dora", "judge", made)
    assert (reply.json["done"], reply.json["refused"]) == (200, 0)


async def test_links_are_shown_on_both(it: Whole) -> None:
    one, other = await opened(it, 2)
    await fired(it, "anna", one, "link", other_ticket=other["number"])
    for ticket, linked, direction in ((one, other, "to"), (other, one, "from")):
        items = (await it.get(f"/api/v1/tickets/{ticket['id']}/links", "anna")).json["items"]
        assert [(i["kind"], i["direction"], i["number"]) for i in items] == [
            ("follows", direction, linked["number"])
        ]


async def test_a_department_sees_its_own_over_http_and_on_pages(it: Whole) -> None:
    ours, theirs = await opened(it, 2)
    for ticket, department in ((ours, "billing"), (theirs, "works")):
        judged = await fired(it, "dora", ticket, "judge")
        await fired(it, "dora", judged, "dispatch", department=department)
    listed = (await it.get("/api/v1/tickets", "gao")).json["items"]
    assert [ticket["id"] for ticket in listed] == [ours["id"]]
    for what in ("", "/history", "/clocks", "/links"):
        assert (await it.get(f"/api/v1/tickets/{ours['id']}{what}", "gao")).status == 200
        assert (await it.get(f"/api/v1/tickets/{theirs['id']}{what}", "gao")).status == 404
    browser = await it.sign_in("gao")
    page = (await it.get("/tickets?show=all", headers=browser)).text
    assert ours["number"] in page
    assert theirs["number"] not in page
    for place in ("/tickets/", "/desk/tickets/"):
        assert (await it.get(place + ours["id"], headers=browser)).status == 200
        assert (await it.get(place + theirs["id"], headers=browser)).status == 404
    found = (await it.get("/desk/search?q=Bill", headers=browser)).text
    assert (ours["number"] in found, theirs["number"] in found) == (True, False)


async def test_departments_and_members(it: Whole) -> None:
    listed = (await it.get("/api/v1/departments", "anna")).json["items"]
    assert listed == [
        {"name": "billing", "label": {"en": "Billing", "zh": "收费部"}, "head": None, "members": ["gao"]}
    ]
    reply = await it.ask("DELETE", "/api/v1/departments/billing/members/gao", "root")
    assert (reply.status, reply.json["members"]) == (200, [])
    bad = {"label": {"en": "", "zh": "x"}}
    assert (await it.ask("PUT", "/api/v1/departments/works", "root", json=bad)).status == 422
    assert (await it.get("/api/v1/departments/none", "anna")).status == 404


async def test_people_note_their_own_absences_and_supervisors_anyones(it: Whole) -> None:
    now = it.house.clock.now()
    away = {"from": iso(now - 60), "until": iso(now + 3600), "stand_in": "anna"}
    made = await it.post("/api/v1/absences", "gao", away)
    assert (made.status, made.json["user"]) == (201, "gao")
    assert (await it.post("/api/v1/absences", "gao", {**away, "user": "ben"})).status == 403
    assert (await it.post("/api/v1/absences", "gao", away)).code == "absence_overlaps"
    assert (await it.post("/api/v1/absences", "sam", {**away, "user": "ben"})).status == 201
    assert (await it.post("/api/v1/absences", "ben", {**away, "until": "2026-01-31T08:00:00"})).status == 422
    listed = (await it.get("/api/v1/absences", "uli")).json["items"]
    assert {absence["user"] for absence in listed} == {"gao", "ben"}
    path = f"/api/v1/absences/{made.json['id']}"
    assert (await it.ask("DELETE", path, "ben")).status == 404
    assert (await it.ask("DELETE", path, "gao")).status == 204
    assert (await it.ask("DELETE", path, "gao")).status == 404


async def test_the_page_shows_links_in_both_languages(it: Whole) -> None:
    one, other = await opened(it, 2)
    await fired(it, "dora", one, "merge", other_ticket=other["number"])
    for language, words in (
        ("en", ("Merged into", "Merged into this one")),
        ("zh-CN", ("并入", "已并入本单")),
    ):
        headers = {**await it.sign_in("anna"), "Accept-Language": language}
        for ticket, linked, text in ((one, other, words[0]), (other, one, words[1])):
            page = (await it.get(f"/tickets/{ticket['id']}", headers=headers)).text
            assert f'href="/tickets/{linked["id"]}"' in page
            assert text in page


async def test_a_notice_comes_to_the_browser_of_whom_it_is_for(it: Whole) -> None:
    """A dispatch tells the department's members at once, in their language, and nobody else."""
    (ticket,) = await opened(it)
    judged = await fired(it, "dora", ticket, "judge")
    async with it.live("gao", Accept_Language="zh-CN") as line, it.live("anna") as other:
        for hello in (line, other):
            assert json.loads(await asyncio.wait_for(hello.recv(), 60))["type"] == "hello"
        sent = await fired(it, "dora", judged, "dispatch", department="billing")
        told = await heard(line, "notice")
        assert told["text"] == f"{ticket['number']}：派单。Bill doubled"
        assert (told["code"], told["ticket_id"]) == ("ticket", ticket["id"])
        await fired(it, "anna", sent, "comment", note="The last word")
        before: list[str] = []
        while (await heard(other, "ticket", before))["version"] < 4:
            pass
        assert "notice" not in before


async def heard(
    line: websockets.ClientConnection, kind: str, before: list[str] | None = None
) -> dict[str, Any]:
    """The data of the next message of this kind; `before` gathers the kinds of those that come first."""
    while True:
        message = json.loads(await asyncio.wait_for(line.recv(), 60))
        if message["type"] == kind:
            return message["data"]  # type: ignore[no-any-return]
        if before is not None:
            before.append(message["type"])
