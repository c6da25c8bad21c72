"""Drafts and notes of a call: kept in the database, told over the live socket, handed over at a transfer."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import websockets
from msgspec.structs import replace

from core.database import Database
from customers.messages import NewCustomer
from screenpop.contexts import KeepsWork
from screenpop.work import Work, with_customer, with_draft, with_note
from screenpop.work_store import WorkStore
from tests.integration.whole import Whole, whole
from tests.unit.screenpop.fakes import MemoryStore

ANNA = with_note(
    with_draft(Work("main-1.1", "anna"), {"subject": "燃气表 🔥", "yes": True}, 0, "", 5.0).work, "急", 0, 6.0
).work


@pytest.fixture(params=["memory", "database"])
def store(request: pytest.FixtureRequest, db: Database) -> KeepsWork:
    return MemoryStore() if request.param == "memory" else WorkStore(db)


async def test_what_was_written_is_read_again(store: KeepsWork) -> None:
    ben = with_customer(Work("main-1.1", "ben"), "c1", 9.0)
    for work in (ANNA, ben, Work("main-2.1", "anna", 1, updated_at=1.0)):
        await store.save(work)
    assert await store.of_call("main-1.1") == {"anna": ANNA, "ben": ben}
    assert await store.of_call("main-9.9") == {}
    assert await store.since(9.0) == [ben]


async def test_an_older_version_never_overwrites_a_later_one(store: KeepsWork) -> None:
    later = with_note(ANNA, "later", 1, 7.0).work
    await store.save(later)
    await store.save(ANNA)
    assert await store.of_call("main-1.1") == {"anna": later}


async def test_old_drafts_go_and_notes_stay(store: KeepsWork) -> None:
    await store.save(ANNA)
    await store.save(replace(ANNA, user="ben", draft_at=50.0))
    assert await store.forget_drafts(10.0) == 1
    found = await store.of_call("main-1.1")
    assert (found["anna"].draft, found["anna"].note) == ({}, "急")
    assert found["ben"].draft == ANNA.draft


@pytest.fixture
async def it(tmp_path: Path, sqlite_template: Path) -> AsyncIterator[Whole]:
    async with whole(tmp_path, sqlite_template, members=("1001",)) as running:
        yield running


class Line:
    """One browser's live socket. What comes while a reply is waited for is read afterwards."""

    def __init__(self, socket: websockets.ClientConnection) -> None:
        self.socket = socket
        self.heard: list[dict[str, Any]] = []
        self._unread: deque[dict[str, Any]] = deque()

    async def _next(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(await asyncio.wait_for(self.socket.recv(), 30))
        self.heard.append(message)
        return message

    async def get(self, kind: str, **data: Any) -> dict[str, Any]:
        """The next message of that type with these values in its data."""
        while True:
            message = self._unread.popleft() if self._unread else await self._next()
            body = message.get("data") or {}
            if message.get("type") == kind and all(body.get(key) == value for key, value in data.items()):
                return message

    async def do(self, name: str, **args: Any) -> dict[str, Any]:
        """A command's reply."""
        await self.socket.send(json.dumps({"id": name, "do": name, "args": args}))
        while True:
            message = await self._next()
            if message.get("reply") == name:
                return message
            self._unread.append(message)

    async def hello(self) -> dict[str, Any]:
        return (await self.get("hello"))["snapshot"]  # type: ignore[no-any-return]


async def talking(it: Whole, line: Line) -> str:
    """A caller of the queue, taken by 1001; the call's id."""
    it.pbx.caller("13800138000")
    await line.get("pop")
    it.pbx.answer("1001")
    return str((await line.get("pop.updated", stage="answered"))["data"]["call_id"])


async def seen(line: Line, wanted: Callable[[Any], object]) -> dict[str, Any]:
    """The data of the first change of the card whose `went` is as wanted."""
    while True:
        data: dict[str, Any] = (await line.get("pop.updated"))["data"]
        if wanted(data["went"]):
            return data


async def test_the_draft_and_the_note_go_with_the_customer_and_come_back(it: Whole) -> None:
    async with it.live("anna") as one, it.live("ben") as two, it.live("sam") as three:
        anna, ben, sam = Line(one), Line(two), Line(three)
        for line in (anna, ben, sam):
            await line.hello()
        call_id = await talking(it, anna)
        draft = {"workflow": "complaint", "subject": "<script>x</script>"}
        saved = await anna.do("context.save", call_id=call_id, draft=draft, note="calls for her mother")
        assert saved["result"] == {"draft_version": 1, "note_version": 1, "replaced": {}}

        it.pbx.transfer("1001", "1002")
        pop = (await ben.get("pop"))["data"]
        assert (pop["stage"], pop["handed_over"]["user"]) == ("ringing", "anna")
        assert pop["handed_over"]["draft"]["values"] == draft
        assert pop["handed_over"]["notes"][0]["text"] == "calls for her mother"
        it.pbx.answer("1002")
        await ben.get("pop.updated", stage="answered")
        shown = await seen(anna, lambda went: went and went["name"] and went["state"] == "talking")
        assert (shown["went"]["name"], shown["stage"]) == ("Ben", "answered")
        assert "<script>x" not in json.dumps([m.get("html") for m in ben.heard])

        taken = await ben.do("context.save", call_id=call_id, draft=draft, origin="anna")
        assert taken["ok"]
        refused = await sam.do("context.save", call_id=call_id, note="I was never in it")
        assert refused["error"]["code"] == "not_found"
    items = (await it.get(f"/api/v1/calls/{call_id}/context", "sam")).json["items"]
    assert [(item["user"], item["origin_name"]) for item in items] == [("anna", ""), ("ben", "Anna")]
    await it.house.recorder.flush()
    page = (await it.get(f"/desk/calls/{call_id}", "sam")).text
    assert "calls for her mother" in page
    assert (await it.get(f"/api/v1/calls/{call_id}/context", "dora")).status == 404
    assert (await it.get("/api/v1/calls/none/context", "sam")).status == 404


async def test_who_is_asked_sees_the_customer_until_the_colleague_takes_it_back(it: Whole) -> None:
    async with it.live("anna") as one, it.live("ben") as two:
        anna, ben = Line(one), Line(two)
        await anna.hello()
        await ben.hello()
        call_id = await talking(it, anna)
        await anna.do("context.save", call_id=call_id, draft={"subject": "Meter"}, note="angry")
        asked = await anna.do("call.transfer", call_id=call_id, to="1002", kind="attended")
        assert asked["ok"], asked
        pop = (await ben.get("pop"))["data"]
        assert (pop["caller"]["number"], pop["handed_over"]["stage"]) == ("+8613800138000", "asks")
        it.pbx.answer("1002")
        await ben.get("pop.updated", stage="answered")
        shown = await seen(anna, lambda went: went and went["state"] == "talking")
        assert (shown["went"]["asking"], shown["went"]["name"], shown["ended_at"]) == (True, "Ben", None)

        assert (await anna.do("call.transfer.cancel", call_id=call_id))["ok"]
        gone = (await ben.get("pop.withdrawn"))["data"]
        assert (gone["reason"], gone["by"]) == ("cancelled", "Anna")
        back = await seen(anna, lambda went: went is None)
        assert (back["stage"], back["ended_at"]) == ("answered", None)
        refused = await anna.do("call.transfer.cancel", call_id=call_id)
        assert refused["error"]["code"] == "not_asking"


async def test_after_asking_the_customer_is_handed_over(it: Whole) -> None:
    async with it.live("anna") as one, it.live("ben") as two:
        anna, ben = Line(one), Line(two)
        await anna.hello()
        await ben.hello()
        call_id = await talking(it, anna)
        await anna.do("call.transfer", call_id=call_id, to="1002", kind="attended")
        await ben.get("pop")
        it.pbx.answer("1002")
        await seen(anna, lambda went: went and went["state"] == "talking")
        assert (await anna.do("call.transfer.complete", call_id=call_id))["ok"]
        pop = (await ben.get("pop.updated", stage="answered"))["data"]
        while pop["handed_over"]["stage"] != "handed":
            pop = (await ben.get("pop.updated"))["data"]
        shown = await seen(anna, lambda went: went and not went["asking"])
        assert (shown["went"]["name"], shown["went"]["state"]) == ("Ben", "talking")


async def test_whom_a_call_can_go_to_is_told_by_name(it: Whole) -> None:
    async with it.live("anna") as one:
        anna = Line(one)
        await anna.hello()
        found = (await anna.do("call.targets"))["result"]
        assert [one["extension"] for one in found["colleagues"]] == ["1002", "1003"]
        assert [(one["name"], one["extension"]) for one in found["queues"]] == [("service", "4001")]


async def test_another_page_of_the_agent_hears_what_is_typed_and_the_last_one_wins(it: Whole) -> None:
    async with it.live("anna") as first, it.live("anna") as second:
        one, two = Line(first), Line(second)
        await one.hello()
        await two.hello()
        call_id = await talking(it, one)
        await one.do("context.save", call_id=call_id, note="one")
        assert (await two.get("context"))["data"]["note"] == "one"
        reply = await two.do("context.save", call_id=call_id, note="two", note_version=0)
        assert reply["result"]["replaced"] == {"note": "one"}
        again = await it.post(
            f"/api/v1/calls/{call_id}/context", "anna", {"note": "three", "note_version": 2}
        )
        assert (again.json["work"]["note"], again.json["replaced"]) == ("three", {})
    async with it.live("anna") as third:
        snapshot = await Line(third).hello()
        assert [work["note"] for work in snapshot["contexts"]] == ["three"]


async def test_whom_the_agent_chose_is_on_the_card_of_the_next(it: Whole) -> None:
    at = it.house.clock.now()
    customer = await it.house.customers.create("anna", NewCustomer("张建国", ()), at)
    async with it.live("anna") as one, it.live("ben") as two:
        anna, ben = Line(one), Line(two)
        await anna.hello()
        await ben.hello()
        call_id = await talking(it, anna)
        assert (await anna.do("context.choose", call_id=call_id, customer_id=customer.id))["ok"]
        await anna.get("pop.updated", match="one")
        it.pbx.transfer("1001", "1002")
        pop = (await ben.get("pop"))["data"]
        assert (pop["customers"][0]["name"], pop["chosen_by"]) == ("张建国", "anna")


async def test_a_ticket_of_this_call_is_on_the_next_agents_card_at_once_and_the_draft_is_gone(
    it: Whole,
) -> None:
    async with it.live("anna") as one, it.live("ben") as two:
        anna, ben = Line(one), Line(two)
        await anna.hello()
        await ben.hello()
        call_id = await talking(it, anna)
        await anna.do("context.save", call_id=call_id, draft={"subject": "Meter"})
        body = {"workflow": "inquiry", "subject": "Meter", "body": "", "call_id": call_id, "channel": "phone"}
        done = await it.post("/api/v1/tickets", "anna", body)
        assert done.status == 201, done.text
        assert (await anna.get("context", draft={}))["data"]["ticket_id"] == done.json["id"]
        await anna.get("pop.updated")  # the card has the ticket
        it.pbx.transfer("1001", "1002")
        pop = (await ben.get("pop"))["data"]
        assert (pop["match"], [ticket["subject"] for ticket in pop["tickets"]]) == ("none", ["Meter"])
        assert pop["handed_over"]["draft"] is None


async def test_a_restarted_server_still_has_what_was_typed(it: Whole) -> None:
    async with it.live("anna") as one:
        anna = Line(one)
        await anna.hello()
        call_id = await talking(it, anna)
        await anna.do("context.save", call_id=call_id, note="kept")
    fresh = type(it.house.contexts)(
        it.house.hub, WorkStore(it.house.db), it.house._find_call, str, it.house.clock
    )
    await fresh.start()
    assert fresh.of_call(call_id)["anna"].note == "kept"


@pytest.mark.parametrize(
    "args",
    [
        {"draft": {"subject": 7}},
        {"draft": {"subject": "x" * 16_001}},
        {"note": "x" * 2_001},
        {"note": ["x"]},
        {"draft": {"<b>": "x"}},
        {"customer_id": "x"},
    ],
)
async def test_what_no_page_sends_is_refused_and_changes_nothing(it: Whole, args: dict[str, Any]) -> None:
    async with it.live("anna") as one:
        anna = Line(one)
        await anna.hello()
        call_id = await talking(it, anna)
        reply = await anna.do("context.save", call_id=call_id, **args)
        assert reply["ok"] is False
        assert it.house.contexts.of_call(call_id).get("anna") is None
