"""Outages from the dispatcher's page to the caller's ear, and reports that become part of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.errors import Conflict, Forbidden, Invalid
from customers.messages import Address, NewCustomer
from tests.conftest import START, FakeClock
from tests.integration.ivr_house import IvrHouse, ivr_house, line
from tests.integration.whole import whole
from ticketing.messages import Actor
from ticketing.outages.model import Outage
from ticketing.outages.service import NewOutage

DORA = Actor("dora", frozenset({"dispatcher"}))
NEW = NewOutage("No gas in Wangjing.", "望京停气。", ("望京",), until_at=START + 9000)
CALLER, STRANGER = line("13800138000"), line("13700001111", "s2")


@pytest.fixture
async def ivr(db_url: str, clock: FakeClock) -> AsyncIterator[IvrHouse]:
    async with ivr_house(db_url, clock) as it:
        where = Address("西园四区 602", district="望京")
        new = NewCustomer("张建国", ("13800138000",), account="31002417", address=where)
        await it.house.customers.create("test", new, START)
        yield it


async def announced(ivr: IvrHouse) -> Outage:
    return await ivr.house.outages.announce(DORA, NEW, START)


async def test_a_caller_hears_of_the_outage_at_the_own_address_and_at_an_account(ivr: IvrHouse) -> None:
    me = await ivr.ask("customer.find", CALLER)
    nothing = await ivr.ask("outage.at", CALLER, customer_id=me["customer_id"])
    assert (nothing["found"], nothing["address"]) == (False, True)
    bare = await ivr.house.customers.create("test", NewCustomer("王伟", ("13600001111",)), START)
    nowhere = await ivr.ask("outage.at", line("13600001111", "s9"), customer_id=bare.id)
    assert (nowhere["found"], nowhere["address"]) == (False, False)
    outage = await announced(ivr)
    told = {
        "found": True,
        "address": True,
        "outage": outage.number,
        "text_en": "No gas in Wangjing.",
        "text_zh": "望京停气。",
        "until": "18:30",
        "until_date": "2026-01-31",
    }
    assert await ivr.ask("outage.at", CALLER, customer_id=me["customer_id"]) == told
    assert await ivr.ask("outage.at", STRANGER, account="31002417") == told
    # A stranger who guesses a customer's id learns nothing.
    assert (await ivr.ask("outage.at", STRANGER, customer_id=me["customer_id"]))["found"] is False
    assert (await ivr.ask("outage.at", STRANGER, account="1"))["found"] is False
    ivr.clock.advance(9001)
    over = await ivr.ask("outage.at", STRANGER, account="31002417")
    assert (over["found"], over["until"]) == (True, "")
    await ivr.house.outages.end(DORA, outage.id, 1, ivr.clock.at)
    assert (await ivr.ask("outage.at", STRANGER, account="31002417"))["found"] is False


async def test_a_report_becomes_part_of_the_outage_through_the_workflow(ivr: IvrHouse) -> None:
    outage = await announced(ivr)
    joined = await ivr.ask(
        "ticket.attach", CALLER, outage=outage.number, recording="rec-1", account="31002417"
    )
    tickets = ivr.house.tickets
    ticket = await tickets.by_number(str(joined["number"]))
    assert ticket is not None
    assert (ticket.state, ticket.fields["outage"], ticket.fields["recording"]) == (
        "in_outage",
        outage.number,
        "rec-1",
    )
    assert [row.event for row in await tickets.history(ticket.id)] == ["report", "attach_to_outage"]
    (link,) = await tickets.links(ticket.id)
    assert (link.kind, link.other.number) == ("outage", outage.number)


async def test_a_report_is_taken_though_the_outage_ended_while_the_caller_spoke(ivr: IvrHouse) -> None:
    outage = await announced(ivr)
    await ivr.house.outages.end(DORA, outage.id, 1, ivr.clock.at)
    for number in (outage.number, "R-20260131-9999"):
        taken = await ivr.ask("ticket.attach", CALLER, outage=number, recording="rec-1")
        ticket = await ivr.house.tickets.by_number(str(taken["number"]))
        assert ticket is not None
        assert (ticket.state, ticket.fields["recording"]) == ("reported", "rec-1")
        assert "outage" not in ticket.fields


async def test_an_outage_belongs_to_an_open_repair(ivr: IvrHouse) -> None:
    outages, tickets = ivr.house.outages, ivr.house.tickets
    first = await announced(ivr)
    repair = await tickets.get(first.ticket_id)
    assert (repair.workflow, repair.created_by, repair.category) == ("repair", "dora", "no_supply")
    same = NewOutage("Also there.", "该处也停。", places=("花家地",), ticket=repair.number, major=True)
    second = await outages.announce(DORA, same, START)
    assert second.number == first.number
    assert (await tickets.get(first.ticket_id)).counts["major_incident"] == 1
    await tickets.fire(repair.id, "cancel", DORA, {"reason": "test"}, 2, START)
    for number in (repair.number, "C-1", "nonsense"):
        with pytest.raises(Invalid) as refused:
            await outages.announce(DORA, NewOutage("x", "x", ("x",), ticket=number), START)
        assert refused.value.details["field"] == "ticket"
    with pytest.raises(Forbidden):
        await outages.announce(Actor("zhao", frozenset({"leader"})), NEW, START)


async def test_of_two_who_change_it_one_is_told(ivr: IvrHouse) -> None:
    outages = ivr.house.outages
    outage = await announced(ivr)
    changed = await outages.change(DORA, outage.id, {"until_at": None, "text_en": "Later."}, 1, START)
    assert (changed.version, changed.until_at, changed.text_en) == (2, None, "Later.")
    with pytest.raises(Conflict) as stale:
        await outages.change(DORA, outage.id, {"text_en": "Other."}, 1, START)
    assert stale.value.code == "stale_version"
    await outages.end(DORA, outage.id, 2, START)
    with pytest.raises(Conflict) as ended:
        await outages.change(DORA, outage.id, {"text_en": "Other."}, 3, START)
    assert ended.value.code == "ended"


async def test_pages_and_api(tmp_path: Path, sqlite_template: Path) -> None:
    async with whole(tmp_path, sqlite_template) as it:
        dora = await it.sign_in("dora")
        typed = {
            "text_en": "No gas.",
            "text_zh": "",
            "districts": "望京\n酒仙桥",
            "until": "2099-01-31T14:30",
        }
        wrong = await it.post("/outages/new", headers=dora, data=typed)
        assert wrong.status == 422
        assert 'id="text_zh-wrong"' in wrong.text
        assert "No gas." in wrong.text, "what was typed stays"
        done = await it.post("/outages/new", headers=dora, data={**typed, "text_zh": "停气。"})
        assert done.status == 303
        (one,) = (await it.get("/api/v1/outages?open=true", "gao")).json["items"]
        assert (one["districts"], one["until"]) == (["望京", "酒仙桥"], "2099-01-31T06:30:00.000Z")
        assert one["number"] in (await it.get("/outages", headers=dora)).text
        shown = (await it.get(f"/outages/{one['id']}", headers=dora)).text
        assert 'value="2099-01-31T14:30"' in shown
        chinese = await it.get("/outages", headers={**dora, "Accept-Language": "zh-CN"})
        assert "停供公告" in chinese.text
        patch = {"version": 1, "text_en": "Gas at noon.", "until": None}
        changed = await it.ask("PATCH", f"/api/v1/outages/{one['id']}", "dora", json=patch)
        assert (changed.json["text_en"], changed.json["until"], changed.json["version"]) == (
            "Gas at noon.",
            None,
            2,
        )
        stale = await it.post(
            f"/outages/{one['id']}", headers=dora, data={**typed, "text_zh": "x", "version": "1"}
        )
        assert stale.status == 409
        ended = await it.post(f"/outages/{one['id']}/end", headers=dora, data={"version": "2"})
        assert ended.status == 303
        assert (await it.get("/api/v1/outages?open=true", "dora")).json["items"] == []
        assert one["number"] in (await it.get("/outages?show=ended", headers=dora)).text
