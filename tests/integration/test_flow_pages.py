"""Flows over HTTP and on the integrator's pages: definitions, diagrams, who is where, troubles, figures, changes."""

import asyncio
import re
import shutil
import sys
import threading
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
import pytest
import structlog
from msgspec.structs import replace

from config.files import shipped_flows, shipped_workflows
from config.settings import PathSettings, PbxSettings, Settings
from core.clock import iso
from cti.gaps import Cause, Gap
from cti.messages import Seat
from ivr_flows.flow.services import SERVICES
from ivr_flows.messages import Ended, Language, Visit
from ivr_flows.troubles import LATE, NO_FLOW
from tests.integration.whole import Whole, whole
from tests.wait import until
from ticketing.messages import DefinitionsRefused


@pytest.fixture
async def it(tmp_path: Path, sqlite_template: Path) -> AsyncIterator[Whole]:
    shutil.copytree(shipped_flows(), tmp_path / "flows")
    settings = replace(Settings(), paths=PathSettings(flows=str(tmp_path / "flows")))
    async with whole(tmp_path, sqlite_template, settings) as house:
        yield house


def visit(it: Whole, n: int, *path: str, ended: Ended | None = None) -> Visit:
    at = it.house.clock.now()
    return Visit(
        id=f"v{n}",
        call_id=f"main-{n}",
        pbx="main",
        flow="hotline",
        language=Language.ZH,
        number="13800138000",
        started_at=at - 60,
        node=path[-1],
        path=path,
        entered=tuple(float(step * 10) for step in range(len(path))),
        ended=ended,
        ended_at=at if ended else None,
    )


async def test_the_api_tells_flows_and_their_diagrams(it: Whole) -> None:
    listed = (await it.get("/api/v1/flows", "anna")).json["items"]
    assert {one["name"] for one in listed} >= {"hotline", "danger", "bill", "fault", "survey"}
    hotline = next(one for one in listed if one["name"] == "hotline")
    assert hotline["label"] == {"en": "Hotline", "zh": "服务热线"}
    definition = (await it.get("/api/v1/flows/hotline", "anna")).json
    assert definition["nodes"]["main"]["choices"]["1"]["label"]["en"] == "Danger"
    assert definition["nodes"]["who"]["with"] == {"number": "$caller"}
    picture = await it.get("/api/v1/flows/hotline/diagram?lang=zh_CN", "anna")
    assert picture.headers["Content-Type"].startswith("image/svg+xml")
    assert "人工服务" in picture.text
    text = await it.get("/api/v1/flows/hotline/diagram?lang=en", "anna", headers={"Accept": "text/plain"})
    assert text.headers["Content-Type"].startswith("text/plain")
    assert text.text.startswith("flowchart TD")
    assert (await it.get("/api/v1/flows/nothing/diagram", "anna")).code == "not_found"


async def test_the_page_shows_who_is_where_and_what_went_wrong(it: Whole) -> None:
    sam, visits = await it.sign_in("sam"), it.house.visits
    quiet = (await it.get("/flows/hotline", headers=sam)).text
    assert "Nobody is in this flow." in quiet
    for n in range(3):
        visits.put(visit(it, n, "hotline/who", "hotline/main"))
    visits.put(visit(it, 3, "hotline/who", "bill/balance"))
    visits.trouble(visit(it, 3, "bill/balance"), "account.balance: <no> answer in time")
    visits.trouble(visit(it, 3, "bill/balance"), LATE, "<b>account.balance")
    page = (await it.get("/flows/hotline", headers=sam)).text
    assert "3 callers now" in page
    assert re.search(r'class="badge">.*?>3</text>', page)
    assert "account.balance: &lt;no&gt; answer in time" in page
    assert "&lt;b&gt;account.balance: no answer in time" in page
    chinese = (await it.get("/flows/hotline", headers={**sam, "Accept-Language": "zh-CN"})).text
    assert "&lt;b&gt;account.balance：响应超时" in chinese
    assert ">查询余额</span>" in chinese
    assert ">主菜单</text>" in chinese
    assert re.search(r"Went on into:.*?/flows/bill.*?>1<", page, re.S)
    assert "1 caller now" in (await it.get("/flows/bill", headers=sam)).text
    rows = (await it.get("/flows", headers={**sam, "HX-Request": "true"})).text
    assert re.search(r'href="/flows/hotline">.*?<span class="tag information">4</span>', rows, re.S)


async def test_the_live_part_answers_only_when_something_changed(it: Whole) -> None:
    sam, visits = await it.sign_in("sam"), it.house.visits
    page = (await it.get("/flows/hotline", headers=sam)).text
    again = re.search(r'hx-get="(/flows/hotline/live\?seen=\w+)"', page)
    assert again is not None
    assert (await it.get(again[1], headers=sam)).status == 204
    visits.put(visit(it, 1, "hotline/main"))
    changed = await it.get(again[1], headers=sam)
    assert changed.status == 200
    assert "1 caller now" in changed.text
    assert again[1] not in changed.text


async def test_where_callers_give_up_is_added_up_over_the_flows_they_come_from(it: Whole) -> None:
    visits = it.house.visits
    visits.put(visit(it, 1, "hotline/main", "identify/pin", ended=Ended.HUNG_UP))
    visits.put(visit(it, 2, "hotline/main", "identify/pin", "hotline/goodbye", ended=Ended.SERVED))
    visits.put(replace(visit(it, 3, "identify/pin", ended=Ended.HUNG_UP), flow="identify"))
    visits.put(
        replace(
            visit(it, 4, "hotline/main", ended=Ended.HUNG_UP), started_at=it.house.clock.now() - 3 * 86400
        )
    )
    await visits.saver.flush()
    sam = await it.sign_in("sam")
    found = row_of((await it.get("/flows/identify", headers=sam)).text, "pin")
    assert re.findall(r">(\d+)[ <]", found)[:2] == ["3", "2"]
    assert "67%" in found
    assert ">2<" in row_of((await it.get("/flows/hotline", headers=sam)).text, "main")
    assert ">3<" in row_of((await it.get("/flows/hotline?days=7", headers=sam)).text, "main")


def row_of(page: str, node: str) -> str:
    """The row of that node in the table of figures."""
    found = re.search(rf'<code class="muted">{node}</code>.*?</tr>', page, re.S)
    assert found is not None
    return found[0]


async def test_every_figure_opens_to_the_callers_that_it_counts(it: Whole) -> None:
    visits = it.house.visits
    for n in range(1, 61):
        visits.put(
            visit(it, n, "hotline/main", "identify/pin", ended=Ended.HUNG_UP if n % 3 else Ended.SERVED)
        )
    visits.put(replace(visit(it, 61, "identify/pin", ended=Ended.HUNG_UP), flow="identify", customer_id="c1"))
    visits.put(replace(visit(it, 62, "hotline/main", ended=Ended.FAILED), number=""))
    await visits.saver.flush()
    sam, li = await it.sign_in("sam"), {"Accept-Language": "zh-CN"}
    links = re.findall(
        r'href="(/flows/[^"]+/visits[^"]+)">(\d+)<', (await it.get("/flows", headers=sam)).text
    )
    links += re.findall(
        r'href="(/flows/[^"]+/visits[^"]+)">(\d+)<', (await it.get("/flows/identify", headers=sam)).text
    )
    assert [int(count) for _, count in links] == [61, 20, 40, 1, 1, 1, 61, 41]
    for link, count in links:
        page, seen = await it.get(unescape(link), headers=sam), 0
        while True:
            rows = re.findall(r"<tr><td class=\"began\">.*?</tr>", page.text, re.S)
            seen += len(rows)
            more = re.search(r'hx-get="(/flows/[^"]+/visits[^"]+)"', page.text)
            if more is None:
                break
            page = await it.get(unescape(more[1]), headers=sam)
        assert seen == int(count), link
    page = (await it.get("/flows/hotline/visits?ended=failed", headers=sam)).text
    assert "Number withheld" in page
    assert 'href="/calls/main-62"' in page
    assert "Broke off" in page
    chinese = (await it.get("/flows/identify/visits?node=pin&dropped=true", headers={**sam, **li})).text
    assert "在此挂机的来电者" in chinese
    assert (await it.get("/flows/identify/visits?after=x", headers=sam)).status == 422
    assert (await it.get("/flows/hotline/visits", headers=await it.sign_in("anna"))).status == 403

    day = "from=2020-01-01T00:00:00Z&to=2020-02-01T00:00:00Z"
    assert (await it.get(f"/api/v1/reports/ivr/visits?{day}", "zhao")).json["items"] == []
    at = it.house.clock.now()
    span = f"from={quote(iso(at - 3600))}&to={quote(iso(at + 1))}"
    (hotline, identify) = (await it.get(f"/api/v1/reports/ivr?{span}", "sam")).json["flows"]
    for flow in (hotline, identify):
        for name, asked in (("visits", ""), ("hung_up", "&ended=hung_up"), ("failed", "&ended=failed")):
            assert len(await of_figure(it, f"{span}&flow={flow['flow']}{asked}")) == flow[name]
        for node in flow["nodes"]:
            of_node = f"{span}&flow={flow['flow']}&node={quote(node['node'], safe='')}"
            inside = await of_figure(it, of_node)
            assert len(inside) == node["visits"]
            assert sum(one["entered"] for one in inside) == node["entered"]
            assert sum(one["seconds"] for one in inside) == pytest.approx(node["seconds"])
            assert len(await of_figure(it, f"{of_node}&dropped=true")) == node["dropped"]
    for wrong in ("x", "1", "nan,v1", ",", "1e999,v"):
        assert (await it.get(f"/api/v1/reports/ivr/visits?{span}&after={wrong}", "sam")).status == 422
    assert (await it.get(f"/api/v1/reports/ivr/visits?{span}", "anna")).status == 403


async def of_figure(it: Whole, query: str) -> list[dict[str, Any]]:
    """Every visit of the list, however many pages it takes."""
    found: list[dict[str, Any]] = []
    after = ""
    while True:
        page = (await it.get(f"/api/v1/reports/ivr/visits?{query}&limit=7&after={quote(after)}", "sam")).json
        found += page["items"]
        if not page["next"]:
            assert len({one["id"] for one in found}) == len(found)
            return found
        after = page["next"]


async def test_a_broken_change_leaves_the_flows_in_force_and_says_so(it: Whole, tmp_path: Path) -> None:
    told: list[DefinitionsRefused] = []
    it.house.bus.subscribe(DefinitionsRefused, told.append)
    before = it.house.flows()
    file = tmp_path / "flows" / "hotline.yaml"
    good = file.read_text()
    file.write_text(good.replace("next: known, failed: welcome", "next: knwn, failed: welcome"))
    assert not await it.house.reload()
    assert "there is no node `knwn` (did you mean `known`?)" in told[0].problems[0]
    assert it.house.flows() is before
    sam = await it.sign_in("sam")
    assert "hotline.yaml:" in (await it.get("/flows", headers=sam)).text
    file.write_text(good.replace("en: Welcome back.", "en: Good to hear you."))
    assert await it.house.reload()
    assert "hotline.yaml:" not in (await it.get("/flows", headers=sam)).text
    assert it.house.flows() is not before
    said = (await it.get("/api/v1/flows/hotline", "anna")).json["nodes"]["greeting"]["text"]["en"]
    assert said == "Good to hear you."
    # Whoever is in a flow keeps the one that it began with: the driver holds on to `before`.
    assert before.by_name["hotline"] != it.house.flows().by_name["hotline"]


@pytest.mark.parametrize("reader", ["server.ivr.read_flows_doubting", "server.definitions.read_files"])
async def test_one_look_at_the_files_follows_the_other_and_holds_up_nobody(
    it: Whole, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reader: str
) -> None:
    """Two changes with a signal each, and a slow disk: calls go on, and the first look does not end last."""
    go_on, began, inside = threading.Event(), list[int](), [0]
    module, _, name = reader.rpartition(".")
    read = getattr(sys.modules[module], name)

    def slowly(*args: Any) -> Any:
        inside[0] += 1
        began.append(inside[0])
        assert go_on.wait(30)
        found = read(*args)
        inside[0] -= 1
        return found

    monkeypatch.setattr(reader, slowly)
    look = it.house.flows.load if "flows" in reader else it.house.definitions.reload
    first = asyncio.create_task(look())
    await until(lambda: began)
    file = tmp_path / "flows" / "hotline.yaml"
    file.write_text(file.read_text().replace("en: Welcome back.", "en: Good to hear you."))
    second = asyncio.create_task(look())
    await asyncio.wait([second], timeout=0.2)  # long enough to begin, for one that does not wait
    go_on.set()
    assert await asyncio.gather(first, second) == [True, True]
    assert began == [1, 1]
    assert ("Good to hear you." in str(it.house.flows().by_name["hotline"])) == ("flows" in reader)


async def test_troubles_of_a_flow_that_is_not_there_stand_on_the_list(it: Whole) -> None:
    """A dialplan that misspells a flow's name has no page of its own to say so."""
    it.house.visits.trouble(replace(visit(it, 1, ""), flow="hotlien"), NO_FLOW)
    sam = await it.sign_in("sam")
    for language, said in (("en", "there is no such flow"), ("zh-CN", "没有该流程")):
        page = (await it.get("/flows", headers={**sam, "Accept-Language": language})).text
        assert re.search(rf"<code>hotlien</code>\s*{said}", page), page


async def test_a_transfer_that_cannot_be_done_is_told_in_the_log_and_on_the_pages(
    tmp_path: Path, sqlite_template: Path
) -> None:
    """The flow stays of use: that caller goes to the queue, and the integrator is told before one does."""
    flows = tmp_path / "flows"
    shutil.copytree(shipped_flows(), flows)
    file = flows / "danger.yaml"
    good = file.read_text()
    file.write_text(good.replace("queue: emergency", 'number: "+4930123456"'))
    why = "nobody may be transferred to `+4930123456`: it is abroad"
    settings = replace(
        Settings(), paths=PathSettings(flows=str(flows)), pbx=(PbxSettings("main", port=1, secret="x"),)
    )
    with structlog.testing.capture_logs() as logged:
        async with whole(tmp_path, sqlite_template, settings) as it:
            assert it.house.flows().by_name["danger"].nodes["emergency"].number == "+4930123456"
            said = [one for one in logged if one["event"] == "flow.cannot_be_done"]
            assert [one["log_level"] for one in said] == ["warning"]
            assert why in said[0]["problem"]
            assert "danger.yaml:" in said[0]["problem"]
            sam = await it.sign_in("sam")
            for path in ("/flows", "/flows/hotline"):
                page = (await it.get(path, headers=sam)).text
                assert why in unescape(page)
                assert "In force, but callers do not get everywhere" in page
            file.write_text(good)
            assert await it.house.reload()
            for path in ("/flows", "/flows/hotline"):
                assert "In force, but" not in (await it.get(path, headers=sam)).text
            file.write_text(good.replace("queue: emergency", 'number: "+4930123456"'))
            assert await it.house.reload()
            assert why in it.house.flows.doubts[0]
            file.write_text(good.replace("queue: emergency", "agent: ann"))
            assert await it.house.reload()
            nobody = "there is no agent `ann`"
            assert nobody in unescape((await it.get("/flows", headers=sam)).text)
            seats = it.house.switchboard.seats.values()
            it.house.switchboard.set_seats([*seats, Seat("ann", "Ann", "main", "PJSIP/1999", "1999")], 0.0)
            assert nobody not in unescape((await it.get("/flows", headers=sam)).text)


async def test_the_shipped_flows_tell_of_workflows_that_are_not_there(
    tmp_path: Path, sqlite_template: Path
) -> None:
    definitions = tmp_path / "workflows"
    shutil.copytree(shipped_workflows(), definitions)
    (definitions / "repair.yaml").unlink()
    shutil.rmtree(definitions / "scenarios" / "repair")
    settings = replace(Settings(), paths=PathSettings(workflows=str(definitions)))
    async with whole(tmp_path, sqlite_template, settings) as it:
        assert it.house.flows.problems == ()
        assert any("there is no workflow `repair`" in one for one in it.house.flows.doubts)


async def test_a_flow_of_a_workflow_that_is_not_there_is_refused(it: Whole, tmp_path: Path) -> None:
    told: list[DefinitionsRefused] = []
    it.house.bus.subscribe(DefinitionsRefused, told.append)
    file = tmp_path / "flows" / "fault.yaml"
    file.write_text(file.read_text().replace("workflow: repair", "workflow: repare"))
    assert not await it.house.reload()
    assert "there is no workflow `repare`" in told[0].problems[0]
    file.write_text(file.read_text().replace("workflow: repare", "workflow: repair"))
    hours = tmp_path / "flows" / "person.yaml"
    hours.write_text(hours.read_text().replace("calendar: default", "calendar: defalt"))
    assert not await it.house.reload()
    assert "there is no calendar `defalt`" in told[1].problems[0]


async def test_the_services_that_flows_can_name_are_those_that_the_server_has(it: Whole) -> None:
    table = it.house.services._table
    assert set(SERVICES) == set(table)
    for name, service in table.items():
        ours = SERVICES[name]
        assert {*service.takes.__struct_fields__} == {*ours.needs, *ours.takes}, name
        needed = {field.name for field in msgspec.structs.fields(service.takes) if field.required}
        assert needed <= {*ours.needs}, name


async def test_reports_and_pages_say_when_something_was_not_seen(it: Whole) -> None:
    house, now = it.house, it.house.clock.now()
    whole_hour = f"from={iso(now - 7200)}&to={iso(now - 3600)}".replace("+", "%2B")
    whole = (await it.get(f"/api/v1/reports/ivr?{whole_hour}", "sam")).json
    assert (whole["incomplete"], whole["gaps"]) == (False, [])
    sam = await it.sign_in("sam")
    assert "incomplete" not in (await it.get("/flows", headers=sam)).text

    house.switchboard.gaps.add(Gap("main", now - 4000, now - 3900, Cause.SERVER))
    house.switchboard.gaps.add(Gap("main", now - 9000, now - 8000, Cause.CUT))
    await house.switchboard.gaps.flush()
    found = (await it.get(f"/api/v1/reports/ivr?{whole_hour}", "sam")).json
    assert found["incomplete"]
    assert [(gap["pbx"], gap["cause"]) for gap in found["gaps"]] == [("main", "server")]
    scores = (await it.get(f"/api/v1/surveys/figures?until={iso(now - 7800)}", "sam")).json
    assert [gap["cause"] for gap in scores["gaps"]] == ["cut"]
    assert scores["incomplete"]

    house.ivr.unserved(True)
    house.ivr.unserved(True)
    lasting = (await it.get(f"/api/v1/reports/ivr?from={iso(now - 60)}&to={iso(now + 3600)}", "sam")).json
    assert [(gap["pbx"], gap["to"], gap["cause"]) for gap in lasting["gaps"]] == [("", None, "flows")]
    for page in ("/flows", "/flows/hotline"):
        text = (await it.get(page, headers=sam)).text
        assert "The figures of this time are incomplete." in text
        assert "Ringdesk was not running." in text
        assert "until now <code>" not in text
        assert "until now The phone menu was not served." in " ".join(text.split())
    house.ivr.unserved(False)
    await house.switchboard.gaps.flush()
    later = (await it.get(f"/api/v1/reports/ivr?from={iso(now - 60)}&to={iso(now + 3600)}", "sam")).json
    assert later["gaps"][0]["to"] is not None
    (pbx,) = (await it.get("/api/v1/pbxs", "sam")).json["items"]
    assert {gap["cause"] for gap in pbx["gaps"]} == {"server", "cut"}  # a port of ours is no PBX's gap
