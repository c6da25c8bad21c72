"""Bulk events, links, departments and absences over HTTP, on a whole house: what each role gets to see."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

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
