"""What a department's user sees of a customer: the department's own tickets, in the API's time line and on the page."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.test_api_contract import customer, ticket
from tests.integration.whole import Whole, whole
from ticketing.staff import Department


@pytest.fixture
async def it(tmp_path: Path, sqlite_template: Path) -> AsyncIterator[Whole]:
    async with whole(tmp_path, sqlite_template) as running:
        yield running


async def handed_to(it: Whole, made: dict[str, object], department: str) -> None:
    body = {"event": "consult", "version": made["version"], "data": {"department": department}}
    reply = await it.post(f"/api/v1/tickets/{made['id']}/events", "dora", body)
    assert reply.status == 200, reply.text


async def test_a_time_line_shows_a_department_its_own_tickets_only(it: Whole) -> None:
    at = it.house.clock.now()
    directory = it.house.tickets.directory
    await directory.put("root", Department("billing", "Billing", "营业收费部"), at)
    await directory.add_member("root", "billing", "gao", at)
    who = await customer(it)
    own = await ticket(it, customer_id=who["id"], subject="Bill of May")
    other = await ticket(it, customer_id=who["id"], subject="Broken meter")
    await handed_to(it, own, "billing")
    await handed_to(it, other, "metering")
    api, page = f"/api/v1/customers/{who['id']}/timeline", f"/customers/{who['id']}"
    for name, seen in (("gao", [own]), ("dora", [other, own]), ("sam", [other, own])):
        line = (await it.get(api, name)).json["items"]
        assert [entry["ref"] for entry in line if entry["kind"] == "ticket"] == [one["id"] for one in seen]
        shown = (await it.get(page, name)).text
        assert "Bill of May" in shown
        assert ("Broken meter" in shown) == (other in seen)


async def test_a_ticket_names_its_department_and_leads_to_its_diagram(it: Whole) -> None:
    """In the reader's language: no name of the definition's is shown to people."""
    made = await ticket(it)
    await handed_to(it, made, "billing")
    await it.house.identity.set_preference("anna", it.house.clock.now(), language="zh_CN")
    for path in (f"/tickets/{made['id']}", "/tickets?show=all"):
        shown = (await it.get(path, "anna")).text
        assert "营业收费部" in shown
        assert ">billing<" not in shown
    page = (await it.get(f"/tickets/{made['id']}", "anna")).text
    link = re.search(r'hx-get="(/tickets/[^"]+/diagram)"', page)
    assert link is not None
    drawn = await it.get(link[1], "anna")
    assert drawn.status == 200
    assert re.search(r'<rect class="here"[^>]*/>\s*<text[^>]*>专家处理中<', drawn.text)
