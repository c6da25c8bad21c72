"""The list of calls and the page of one: who sees what, filters, what stands on a call."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from config.settings import RecordingSettings, Settings
from core.clock import iso
from cti.messages import Call, CallState, Direction, EndReason, How, Outcome, Party, Segment
from customers.messages import NewCustomer
from ivr_flows.messages import Ended, Language, Visit
from screenpop.contexts import Change
from screenpop.days import day_of
from tests.integration.test_recordings import sound
from tests.integration.whole import Whole, whole
from ticketing.messages import Actor, NewTicket

NUMBER = "13800138000"


@pytest.fixture
async def it(tmp_path: Path, sqlite_template: Path) -> AsyncIterator[Whole]:
    (tmp_path / "recordings").mkdir()
    settings = Settings(recordings=RecordingSettings(str(tmp_path / "recordings")))
    async with whole(tmp_path, sqlite_template, settings) as running:
        yield running


async def keep(it: Whole, number: int, agent: str, **more: object) -> Call:
    """An answered call of this agent, an hour ago."""
    at = it.house.clock.now() - 3600 + number
    part = Segment(
        f"main-9.{number}-1", "PJSIP/1001", agent, "service", How.QUEUE, at + 1, at + 5, at + 65,
        EndReason.CALLER_HUNG_UP,
    )  # fmt: skip
    call = Call(
        f"main-9.{number}", "main", Direction.INBOUND, CallState.ENDED, Party(NUMBER), "4001", at, "service",
        at, at + 5, at + 65, Outcome.ANSWERED, 5.0, 60.0, segments=(part,),
    )  # fmt: skip
    call = replace(call, **more)
    await it.house.calls.save(call)
    return call


def visit(
    it: Whole, call: Call, ended: Ended, flow: str = "hotline", at: float = 0.0, **more: object
) -> None:
    """What the caller of this call did in the phone menu, so many seconds after its beginning."""
    began = call.started_at + at
    left = Visit(
        f"v{call.id}{at}", call.id, "main", flow, Language.EN, call.caller.number, began, f"{flow}/more",
        ended=ended, ended_at=began + 30,
    )  # fmt: skip
    it.house.visits.put(replace(left, **more))


def listed(text: str) -> list[str]:
    """The ids of the calls in the rows."""
    return re.findall(r'href="/calls/([^"]+)"', text)


async def test_everybody_sees_their_own_calls_and_supervisors_all(it: Whole) -> None:
    await keep(it, 1, "anna")
    await keep(it, 2, "ben")
    anna, sam = await it.sign_in("anna"), await it.sign_in("sam")
    own, all_ = (await it.get("/calls", headers=anna)).text, (await it.get("/calls", headers=sam)).text
    assert listed(own) == ["main-9.1"]
    assert listed(all_) == ["main-9.2", "main-9.1"]
    assert "My calls" in own
    assert 'id="agent"' in all_
    assert 'id="agent"' not in own
    asked_for_ben = await it.get("/calls?agent=ben", headers=anna)
    assert listed(asked_for_ben.text) == ["main-9.1"]
    assert (await it.get("/calls/main-9.2", headers=anna)).status == 404
    assert (await it.get("/calls/main-9.2", headers=sam)).status == 200
    assert (await it.get("/calls/main-9.7", headers=sam)).status == 404
    gao = await it.sign_in("gao")
    assert (await it.get("/calls", headers=gao)).status == 403
    assert 'href="/calls"' in all_
    assert 'href="/calls"' not in (await it.get("/tickets", headers=gao)).text


async def test_filters_and_pages_of_the_list(it: Whole) -> None:
    sam = {**await it.sign_in("sam"), "HX-Request": "true"}

    async def rows(query: str) -> str:
        reply = await it.get(f"/calls?{query}", headers=sam)
        assert reply.status == 200
        return reply.text

    assert "No calls yet." in await rows("")
    day = 86_400.0
    await keep(it, 1, "anna")
    await keep(it, 2, "ben", outcome=Outcome.ABANDONED, queue="emergency")
    await keep(it, 3, "ben", direction=Direction.OUTBOUND, dialled="13900139000")
    talking = await keep(it, 4, "anna", state=CallState.TALKING, ended_at=None, outcome=None)
    await keep(it, 5, "anna", started_at=it.house.clock.now() - 40 * day, incomplete=True)
    for query, numbers in (
        ("outcome=abandoned", [2]),
        ("outcome=live", [4]),
        ("direction=outbound", [3]),
        ("queue=emergency", [2]),
        ("agent=ben", [3, 2]),
        ("q=139+0013+9000", [3]),
        ("q=%2B8613800138000", [4, 2, 1, 5]),
        ("q=13800138000&outcome=abandoned", [2]),
        ("queue=nothing", []),
    ):
        assert listed(await rows(query)) == [f"main-9.{number}" for number in numbers], query
    assert "Incomplete" in await rows("")
    live = await rows("outcome=live")
    assert f'data-since="{iso(talking.answered_at or 0)}"' in live, "how long they talk runs on"
    assert "data-since" not in await rows("agent=ben")
    assert "No call fits." in await rows("queue=nothing")
    assert "is no whole number" in await rows("q=1380")
    assert "This is no day." in await rows("day=2026-02-31")
    first = await rows("limit=2")
    assert listed(first) == ["main-9.4", "main-9.3"]
    more = re.search(r'hx-get="(/calls\?[^"]+)"', first)
    assert more is not None
    after = (await it.get(more[1].replace("&amp;", "&"), headers=sam)).text
    assert listed(after) == ["main-9.2", "main-9.1"]
    assert (await it.get("/calls?outcome=nonsense", headers=sam)).status == 422


def test_a_day_is_a_day_of_the_desk_and_has_23_hours_at_times() -> None:
    assert day_of("2026-11-25", "Asia/Shanghai") == (1795536000.0, 1795622400.0)
    begins, ends = day_of("2026-03-29", "Europe/Berlin") or (0.0, 0.0)
    assert ends - begins == 23 * 3600
    assert day_of("9999-12-31", "UTC") is None
    assert day_of("nonsense", "UTC") is None


async def test_a_call_shows_what_is_known_of_it(it: Whole) -> None:
    house, now = it.house, it.house.clock.now()
    call = await keep(it, 1, "anna", hold_seconds=7.0)
    customer = await house.customers.create("anna", NewCustomer("Li <Na>", (NUMBER,)), now)
    new = NewTicket("inquiry", "Opening & closing hours", call_id=call.id)
    ticket = await house.tickets.open(Actor("anna", frozenset({"agent"})), new, now)
    await house.contexts.save(call.id, "anna", Change(note="rang twice"))
    visit = Visit(
        id="v1", call_id=call.id, pbx="main", flow="hotline", language=Language.EN, number=NUMBER,
        started_at=call.started_at, node="hotline/main", path=("hotline/who", "hotline/main"), entered=(0.0, 1.0),
        ended=Ended.TRANSFERRED, ended_at=call.started_at + 9,
    )  # fmt: skip
    await house.visits.store.save_many([visit])
    id, path = house.recordings.begin()
    sound(Path(f"{path}.wav"))
    assert await house.recordings.keep_words(id, "main", call.id, "v1", 2.0)

    sam = await it.sign_in("sam")
    page = (await it.get(f"/calls/{call.id}", headers=sam)).text
    assert f'href="/customers/{customer.id}">Li &lt;Na&gt;</a>' in page
    assert "Opening &amp; closing hours" in page
    assert f'href="/tickets/{ticket.id}"' in page
    assert "rang twice" in page
    assert "Hotline" in page
    assert "Handed on" in page
    assert "From a queue" in page
    assert "the caller hung up" in page
    assert f'src="/api/v1/recordings/{id}/audio"' in page
    assert (await it.get(f"/api/v1/recordings/{id}/audio", headers=sam)).headers[
        "Content-Type"
    ] == "audio/wav"
    assert "Recorded" in (await it.get("/calls", headers=sam)).text

    await house.recordings.attach(id, ticket.id)
    for path_ in (f"/calls/{call.id}/recordings", f"/recordings/of?ticket={ticket.id}"):
        assert f"{id}/audio" in (await it.get(path_, headers=sam)).text
        assert (
            "audio" not in (await it.get(path_, headers=await it.sign_in("gao"))).text
        )  # not the department's
    assert (
        f'hx-get="/calls/{call.id}/recordings"' in (await it.get(f"/desk/calls/{call.id}", headers=sam)).text
    )

    Path(f"{path}.wav").unlink()
    assert "The file is missing" in (await it.get(f"/calls/{call.id}", headers=sam)).text
    chinese = {**sam, "Accept-Language": "zh-CN"}
    await house.identity.set_preference("sam", now, language="zh_CN")
    text = (await it.get(f"/calls/{call.id}", headers=chinese)).text
    for words in ("接听经过", "录音文件缺失", "来电人留言", "队列来电"):
        assert words in text


async def test_a_call_that_became_part_of_another_leads_to_that_one(it: Whole) -> None:
    whole_call = await keep(it, 1, "anna")
    await keep(it, 2, "ben", joined=whole_call.id)
    sam = await it.sign_in("sam")
    assert listed((await it.get("/calls", headers=sam)).text) == [whole_call.id]
    page = await it.get("/calls/main-9.2", headers=sam)
    assert page.status == 200
    assert "Anna" in page.text


async def test_the_time_line_leads_to_the_calls_that_one_may_see(it: Whole) -> None:
    now = it.house.clock.now()
    customer = await it.house.customers.create("anna", NewCustomer("Li Na", (NUMBER,)), now)
    await keep(it, 1, "anna")
    await keep(it, 2, "ben")
    for who, seen in (("anna", ["main-9.1"]), ("sam", ["main-9.2", "main-9.1"]), ("gao", [])):
        page = (await it.get(f"/customers/{customer.id}", headers=await it.sign_in(who))).text
        assert listed(page) == seen, who
        assert page.count("Service") >= 2


async def test_who_was_served_by_the_phone_menu_did_not_give_up(it: Whole) -> None:
    alone = {"outcome": Outcome.ABANDONED, "queue": None, "segments": (), "answered_at": None}
    sam = await it.sign_in("sam")
    customer = await it.house.customers.create("anna", NewCustomer("Li Na", (NUMBER,)), it.house.clock.now())
    for number, ended in enumerate((Ended.SERVED, Ended.HUNG_UP)):
        call = await keep(it, number, "", **alone)
        visit(it, call, ended, customer_id=customer.id)
    waited = await keep(it, 2, "", **alone | {"queue": "service"})
    visit(it, waited, Ended.TRANSFERRED, customer_id=customer.id)
    visit(it, await keep(it, 3, "anna"), Ended.SERVED)  # a survey
    visit(it, await keep(it, 4, "", **alone), Ended.SERVED, at=-60)
    visit(it, await keep(it, 4, "", **alone), Ended.FAILED)  # it came in a second time, and the flow broke
    await it.house.visits.saver.flush()

    for wanted, numbers in (("served", [0]), ("hung_up", [1]), ("abandoned", [4, 2]), ("answered", [3])):
        page = (await it.get(f"/calls?outcome={wanted}", headers=sam)).text
        assert listed(page) == [f"main-9.{number}" for number in numbers], wanted
    page = (await it.get("/calls", headers=sam)).text
    assert re.findall(r'<span class="tag[^"]*">(?!Recorded)([^<]+)<', page) == [
        "Gave up", "Answered", "Gave up", "Hung up in the menu", "Served itself",
    ]  # fmt: skip
    assert (
        ">Served itself<" in (await it.get("/calls/main-9.0", headers=sam)).text.partition("</h1>")[2][:200]
    )
    told = (await it.get("/api/v1/calls", headers=sam)).json["items"]
    assert {one["id"]: (one["outcome"], one["served"]) for one in told} == {
        "main-9.0": ("abandoned", True),
        "main-9.1": ("abandoned", False),
        "main-9.2": ("abandoned", False),
        "main-9.3": ("answered", False),
        "main-9.4": ("abandoned", False),
    }
    for call in ("main-9.0", "main-9.1"):
        assert "Waited" not in (await it.get(f"/calls/{call}", headers=sam)).text, "it was in no queue"


async def test_a_call_is_one_row_of_the_time_line(it: Whole) -> None:
    house, sam = it.house, await it.sign_in("sam")
    customer = await house.customers.create("anna", NewCustomer("Li Na", (NUMBER,)), house.clock.now())
    alone = {"outcome": Outcome.ABANDONED, "queue": None, "segments": (), "answered_at": None}
    for number in range(0, 60, 2):
        visit(it, await keep(it, number, "", **alone), Ended.SERVED, customer_id=customer.id)
    answered = await keep(it, 61, "anna")
    visit(it, answered, Ended.TRANSFERRED, customer_id=customer.id)
    visit(it, answered, Ended.SERVED, flow="survey", at=70, customer_id=customer.id)
    elsewhere = await keep(it, -7, "", **alone, caller=Party("13900139000"))
    visit(it, elsewhere, Ended.HUNG_UP, customer_id=customer.id)
    await house.visits.saver.flush()

    api = f"/api/v1/customers/{customer.id}/timeline?limit=10"
    rows, after = [], ""
    while after is not None:
        page = (await it.get(f"{api}&after={after}", headers=sam)).json
        rows, after = [*rows, *page["items"]], page["next"]
    assert [row["ref"] for row in rows if row["kind"] != "created"] == [
        "main-9.61",
        *(f"main-9.{number}" for number in range(58, -1, -2)),
        "main-9.-7",
    ], "each once, those of another line too, over all pages"
    assert [rows[1][key] for key in ("kind", "title", "state", "menu")] == [
        "call",
        "service",
        "answered",
        "hotline",
    ]
    assert [rows[2][key] for key in ("kind", "title", "state")] == ["ivr", "hotline", "served"]
    line = (await it.get(f"/customers/{customer.id}", headers=sam)).text
    assert "Menu: Hotline" in line
    assert listed(line)[:2] == ["main-9.61", "main-9.58"]


async def test_a_withheld_number_is_no_word_of_the_line(it: Whole) -> None:
    await keep(it, 1, "anna", caller=Party("anonymous"))
    sam = await it.sign_in("sam")
    for address in ("/calls", "/calls/main-9.1"):
        page = (await it.get(address, headers=sam)).text
        assert ">Number withheld<" in page
        assert ">anonymous<" not in page
