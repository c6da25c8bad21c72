"""The pages of tickets over HTTP: what waits for whom, refusals that say what to do, several tickets at once."""

import re
from collections.abc import AsyncIterator, Mapping
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from tests.integration.whole import Whole, whole
from ticketing.staff import Absence, Department

NEW = {"workflow": "complaint", "subject": "Bill doubled"}
Browsers = Mapping[str, dict[str, str]]


@pytest.fixture
async def it(tmp_path: Path, sqlite_template: Path) -> AsyncIterator[Whole]:
    async with whole(tmp_path, sqlite_template) as running:
        directory, at = running.house.tickets.directory, running.house.clock.now()
        for name in ("billing", "metering"):
            await directory.put("root", Department(name, name.title(), "部门"), at)
        await directory.add_member("root", "billing", "gao", at)
        yield running


@pytest.fixture
async def browsers(it: Whole) -> Browsers:
    return {name: await it.sign_in(name) for name in ("dora", "gao", "anna")}


async def opened(it: Whole, **more: Any) -> dict[str, Any]:
    return (await it.post("/api/v1/tickets", "anna", {**NEW, **more})).json  # type: ignore[no-any-return]


async def fired(it: Whole, who: str, ticket: dict[str, Any], event: str, **data: object) -> dict[str, Any]:
    body = {"event": event, "version": ticket["version"], "data": data}
    reply = await it.post(f"/api/v1/tickets/{ticket['id']}/events", who, body)
    assert reply.status == 200, reply.text
    return reply.json  # type: ignore[no-any-return]


async def sent(it: Whole, browser: dict[str, str], ticket: dict[str, Any], event: str, **fields: str) -> str:
    """What the page answers to a form, its tags cut out and its spaces run together."""
    data = {"event": event, "version": str(ticket["version"])}
    data |= {f"fields.{name}": value for name, value in fields.items()}
    reply = await it.post(f"/desk/tickets/{ticket['id']}/events", data=data, headers=browser)
    assert reply.status == 200, reply.text
    return reply.text


def words(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


async def test_a_ticket_says_whose_turn_it_is(it: Whole) -> None:
    made = await fired(it, "dora", await opened(it), "judge")
    made = await fired(it, "dora", made, "dispatch", department="billing")
    path = f"/tickets/{made['id']}"
    for who in ("dora", "anna", "uli"):
        assert "Waits for Billing (Sign for it, Return)" in words((await it.get(path, who)).text)
    page = (await it.get(path, "gao")).text
    assert "Your turn" in page
    assert re.search(r'class="button primary">Sign for it', page)
    at = it.house.clock.now()
    made = await fired(it, "gao", made, "sign")
    away = Absence("", "gao", at - 1, at + 600, "zhao")
    await it.house.tickets.directory.add_absence("gao", away, at)
    assert "Gao away; Zhao stands in" in words((await it.get(path, "dora")).text)


async def test_a_mistake_stands_beside_its_field_and_nothing_typed_is_lost(
    it: Whole, browsers: Browsers
) -> None:
    made = await opened(it)
    await it.house.identity.set_preference("dora", it.house.clock.now(), language="zh_CN")
    page = await sent(it, browsers["dora"], made, "judge", compensation="-1", wanted="赔礼道歉")
    wrong = re.search(r'<p class="wrong" data-wrong="fields.compensation"[^>]*>([^<]+)</p>', page)
    assert wrong is not None
    assert wrong[1] == "应在0与100000000之间"
    assert 'value="-1"' in page
    assert "赔礼道歉" in page
    made = await fired(it, "dora", made, "judge")
    page = await sent(it, browsers["dora"], made, "dispatch")
    assert re.search(r'data-wrong="fields.department"[^>]*>请填写此项。</p>', page)


async def test_of_two_at_once_the_slower_is_told_what_the_other_did(it: Whole, browsers: Browsers) -> None:
    made = await opened(it)
    await fired(it, "sam", made, "comment", note="Look at the meter first")
    page = words(await sent(it, browsers["dora"], made, "judge", wanted="An apology"))
    assert "Sam: Add a note (now: Registered)" in page
    assert "An apology" in page
    again = (await it.get(f"/api/v1/tickets/{made['id']}", "dora")).json
    await fired(it, "sam", again, "judge")
    page = words(await sent(it, browsers["dora"], again, "judge", wanted="An apology"))
    assert "Sam: Assess (now: Assessed)" in page
    assert "What you typed: What the customer wants An apology" in page
    assert (await it.get(f"/api/v1/tickets/{made['id']}", "dora")).json["state"] == "assessed"


async def test_who_gives_a_ticket_away_is_told_that_it_went(it: Whole, browsers: Browsers) -> None:
    made = await opened(it, workflow="inquiry")
    made = await fired(it, "anna", made, "consult", department="billing")
    page = words(await sent(it, browsers["gao"], made, "give_back", reason="Not ours"))
    assert f"Done. {made['number']} is with others now" in page


async def test_a_handler_is_chosen_among_the_department(it: Whole) -> None:
    directory, at = it.house.tickets.directory, it.house.clock.now()
    await directory.add_member("root", "billing", "zhao", at)
    made = await fired(it, "dora", await opened(it), "judge")
    made = await fired(it, "dora", made, "dispatch", department="billing")
    await fired(it, "gao", made, "sign")
    page = (await it.get(f"/tickets/{made['id']}", "gao")).text
    chosen = re.search(r'<select name="fields.new_owner".*?</select>', page)
    assert chosen is not None
    assert re.findall(r'value="(\w+)">(\w+)<', chosen[0]) == [("zhao", "Zhao")]


async def listed(it: Whole, who: str, query: str) -> list[str]:
    page = (await it.get(f"/tickets?{query}", who, headers={"HX-Request": "true"})).text
    return re.findall(r'<td class="number"><a [^>]+>([^<]+)</a>', page)


async def test_a_list_of_what_waits_for_whom(it: Whole) -> None:
    new = await opened(it)
    there = await fired(it, "dora", await opened(it), "judge")
    there = await fired(it, "dora", there, "dispatch", department="billing")
    other = await fired(it, "dora", await opened(it), "judge")
    other = await fired(it, "dora", other, "dispatch", department="metering")
    assert await listed(it, "dora", "") == [new["number"]]
    assert await listed(it, "gao", "") == [there["number"]]
    assert await listed(it, "zhao", "") == []
    assert await listed(it, "dora", "show=open&kind=complaint/dispatched&department=metering") == [
        other["number"]
    ]
    assert await listed(it, "dora", "show=open&kind=repair") == []
    assert await listed(it, "dora", "show=open&late=1") == []
    in_order = [one["number"] for one in (new, there, other)]
    assert sorted(await listed(it, "dora", "show=due")) == sorted(in_order)
    assert await listed(it, "dora", "show=open&order=new") == in_order[::-1]


async def test_several_are_done_at_once_and_each_that_is_not_says_why(it: Whole, browsers: Browsers) -> None:
    made = [await opened(it) for _ in range(4)]
    changed = await fired(it, "sam", made[1], "comment", note="Mine")
    gone = await fired(it, "sam", made[2], "judge")
    ids = ",".join(one["id"] for one in (*made, {"id": "nothing"}))
    forms = (await it.get(f"/tickets/bulk?ids={ids}", headers=browsers["dora"])).text
    assert set(re.findall(r'name="event" value="(\w+)"', forms)) == {"merge", "danger", "link", "comment"}
    forms = (await it.get(f"/tickets/bulk?ids={ids.replace(gone['id'], '')}", headers=browsers["dora"])).text
    assert re.findall(r'name="event" value="(\w+)"', forms)[0] == "judge"
    seen = ",".join(f"{one['id']}:{one['version']}" for one in (*made, {"id": "nothing", "version": 1}))
    data = {"event": "judge", "tickets": seen, "fields.severity": "major"}
    reply = await it.post("/tickets/bulk", data=data, headers=browsers["dora"])
    assert re.findall(r'data-done="(\w+)"', reply.text) == ["yes", "no", "no", "yes", "no"]
    assert "Sam: Add a note (now: Registered)" in words(reply.text)
    after = [(await it.get(f"/api/v1/tickets/{one['id']}", "dora")).json for one in made]
    assert [one["state"] for one in after] == ["assessed", "registered", "assessed", "assessed"]
    assert after[0]["fields"]["severity"] == "major"
    assert after[1]["version"] == changed["version"]
    data = {"event": "dispatch", "tickets": f"{after[0]['id']}:{after[0]['version']}"}
    reply = await it.post("/tickets/bulk", data=data, headers=browsers["dora"])
    assert "Department: Please fill this in." in words(reply.text)
    assert (await it.post("/tickets/bulk", data={"event": "judge"}, headers=browsers["dora"])).status == 422


async def test_what_a_form_had_filled_in_can_be_emptied_and_only_that(it: Whole, browsers: Browsers) -> None:
    made = await opened(it, fields={"wanted": "An apology"})
    await sent(it, browsers["dora"], made, "judge", wanted="")
    made = (await it.get(f"/api/v1/tickets/{made['id']}", "dora")).json
    assert made["fields"]["wanted"] == "An apology"  # a form that came before it was filled in
    again = await opened(it, fields={"wanted": "An apology"})
    page = (await it.get(f"/tickets/{again['id']}", headers=browsers["dora"])).text
    assert page.count('name="had.wanted"') == 1
    data = {"event": "judge", "version": "1", "fields.wanted": "", "had.wanted": "1"}
    reply = await it.post(f"/desk/tickets/{again['id']}/events", data=data, headers=browsers["dora"])
    assert "What the customer wants emptied" in words(reply.text)
    assert "wanted" not in (await it.get(f"/api/v1/tickets/{again['id']}", "dora")).json["fields"]
