"""Tickets on both databases: the one door, its races, its history, and the API over a real socket."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from msgspec.structs import replace
from sqlalchemy.ext.asyncio import AsyncConnection

from core.audit import audit, entries
from core.bus import Bus
from core.clock import iso
from core.database import Database
from core.errors import Invalid, NotFound, Refused
from core.identity import Identity, Role
from core.outbox import Relay, outbox
from core.web.app import install
from tests.conftest import START, FakeClock, MakeUser
from tests.unit.ticketing.shipped import AGENT, CLERK, DISPATCHER, SHIPPED
from ticketing.api import routes
from ticketing.errors import GuardRefused, MissingField, NotAllowedInState, StaleVersion, WrongRole
from ticketing.messages import NewTicket, Ticket, TicketChanged, TicketFilter, TicketNotice, TicketOpened
from ticketing.notices import NOTICE_TOPIC, notice_handler
from ticketing.service import Tickets
from ticketing.tables import ticket_history, workflow_versions
from ticketing.tables import tickets as ticket_table

Client = TestClient[web.Request, web.Application]
ZONE = ZoneInfo("Asia/Shanghai")
TRIES = 60


class Others:
    """The customers and the call that there are; vera is an important one."""

    async def customer_exists(self, customer_id: str) -> bool:
        return customer_id in ("anna", "vera")

    async def customer_is_vip(self, tx: AsyncConnection, customer_id: str) -> bool:
        return customer_id == "vera"

    async def call_exists(self, call_id: str) -> bool:
        return call_id == "main-1.1"


@pytest.fixture
async def tickets(db: Database, bus: Bus) -> Tickets:
    made = Tickets(db, bus, Others(), ZONE)
    await made.adopt(SHIPPED, START)
    return made


def complaint(**given: object) -> NewTicket:
    return NewTicket(**{"workflow": "complaint", "subject": "Bill doubled", **given})  # type: ignore[arg-type]


async def test_open_and_fire_are_told_and_written_down(tickets: Tickets, db: Database, bus: Bus) -> None:
    told: list[TicketOpened | TicketChanged] = []
    bus.subscribe(TicketOpened, told.append)
    bus.subscribe(TicketChanged, told.append)
    opened = await tickets.open(AGENT, complaint(customer_id="anna", call_id="main-1.1"), START)
    assert (opened.number, opened.state, opened.version) == ("C-20260131-0001", "registered", 1)
    fired = await tickets.fire(opened.id, "judge", DISPATCHER, {"severity": "major"}, 1, START + 60)
    assert await tickets.get(opened.id) == fired
    assert told == [TicketOpened(opened, "agent"), TicketChanged(fired, "judge", "dispatcher")]
    rows = await tickets.history(opened.id)
    assert [(r.event, r.actor, r.from_state, r.to_state) for r in rows] == [
        ("register", "agent", None, "registered"),
        ("judge", "dispatcher", "registered", "assessed"),
    ]
    async with db.read() as tx:
        trail = await entries(tx, subject=f"ticket:{opened.number}")
    assert [(e.action, e.actor) for e in trail] == [("ticket.fire", "dispatcher"), ("ticket.open", "agent")]


async def test_notices_go_out_after_the_commit(
    tickets: Tickets, db: Database, bus: Bus, clock: FakeClock
) -> None:
    told: list[TicketNotice] = []
    bus.subscribe(TicketNotice, told.append)
    opened = await tickets.open(AGENT, complaint(), START)
    await Relay(db, {NOTICE_TOPIC: notice_handler(bus)}, clock).deliver_due()
    assert [(n.number, n.event, n.to) for n in told] == [(opened.number, "register", "customer")]


@pytest.mark.parametrize(
    ("event", "actor", "data", "version", "refusal"),
    [
        ("judge", DISPATCHER, {}, 0, StaleVersion),
        ("reply", DISPATCHER, {}, 1, NotAllowedInState),
        ("judge", CLERK, {}, 1, NotFound),
        ("judge", AGENT, {}, 1, WrongRole),
        ("merge", DISPATCHER, {}, 1, MissingField),
        ("judge", DISPATCHER, {"severity": 7}, 1, Invalid),
    ],
)
async def test_a_refusal_changes_nothing(
    tickets: Tickets,
    db: Database,
    bus: Bus,
    event: str,
    actor: object,
    data: dict[str, object],
    version: int,
    refusal: type[Refused],
) -> None:
    opened = await tickets.open(AGENT, complaint(), START)
    told: list[TicketChanged] = []
    bus.subscribe(TicketChanged, told.append)
    before = await everything(db)
    with pytest.raises(refusal):
        await tickets.fire(opened.id, event, actor, data, version, START + 1)  # type: ignore[arg-type]
    assert await everything(db) == before
    assert told == []


async def everything(db: Database) -> list[object]:
    async with db.read() as tx:
        found = [
            (await tx.execute(sa.select(t))).all() for t in (ticket_table, ticket_history, audit, outbox)
        ]
    return [sorted(map(repr, rows)) for rows in found]


async def test_a_guard_refuses_with_its_sentence(tickets: Tickets) -> None:
    new = NewTicket(workflow="repair", subject="Smell of gas", fields={"danger": True})
    with pytest.raises(GuardRefused) as caught:
        await tickets.open(AGENT, new, START)
    assert caught.value.details["label"]["zh"].startswith("存在危险")


@pytest.mark.parametrize(
    ("given", "field"),
    [({"customer_id": "bob"}, "customer_id"), ({"call_id": "x"}, "call_id"), ({"workflow": "?"}, "workflow")],
)
async def test_what_a_ticket_refers_to_must_be_there(
    tickets: Tickets, given: dict[str, object], field: str
) -> None:
    with pytest.raises(Invalid) as caught:
        await tickets.open(AGENT, complaint(**given), START)
    assert caught.value.details["field"] == field


async def test_an_important_customer_is_one_whatever_the_form_says(tickets: Tickets) -> None:
    """So that nobody's complaint passes the leader because a box was not ticked."""
    for fields in ({}, {"vip": False}):
        made = await tickets.open(AGENT, complaint(customer_id="vera", fields=fields), START)
        assert made.fields["vip"] is True
        assert (await tickets.history(made.id))[0].data["vip"] is True
        await tickets.fire(made.id, "judge", DISPATCHER, {}, 1, START)
        await tickets.fire(made.id, "dispatch", DISPATCHER, {"department": "billing"}, 2, START)
        await tickets.fire(made.id, "sign", CLERK, {}, 3, START)
        reply = {"reply": "Done", "evidence": "None", "founded": "unfounded"}
        with pytest.raises(GuardRefused) as refused:
            await tickets.fire(made.id, "reply", CLERK, reply, 4, START)
        assert refused.value.details["guard"] == "no_instruction_needed"
    assert "vip" not in (await tickets.open(AGENT, complaint(), START)).fields
    asked = await tickets.open(AGENT, NewTicket("inquiry", "Why?", customer_id="vera"), START)
    turned = await tickets.fire(asked.id, "convert", AGENT, {"new_kind": "complaint"}, 1, START)
    other = await tickets.by_number(turned.fields["other_ticket"])
    assert other is not None
    assert other.fields["vip"] is True


async def test_of_two_who_race_exactly_one_wins(tickets: Tickets, db: Database) -> None:
    ticket = await tickets.open(AGENT, complaint(), START)
    for round_ in range(TRIES):
        version = ticket.version
        fired = await asyncio.gather(
            *(
                tickets.fire(ticket.id, "comment", AGENT, {"note": who}, version, START + round_)
                for who in "ab"
            ),
            return_exceptions=True,
        )
        won = [one for one in fired if isinstance(one, Ticket)]
        lost = [one for one in fired if isinstance(one, StaleVersion)]
        assert (len(won), len(lost)) == (1, 1), fired
        changes = lost[0].details["changes"]
        assert [(c["version"], c["event"]) for c in changes] == [(version + 1, "comment")]
        ticket = won[0]
    assert ticket.version == TRIES + 1
    assert (await tickets.verify(ticket.id)).ok


async def test_numbers_are_unique_under_races_and_begin_anew_each_local_day(tickets: Tickets) -> None:
    made = await asyncio.gather(*(tickets.open(AGENT, complaint(), START) for _ in range(30)))
    assert sorted(t.number for t in made) == [f"C-20260131-{n:04d}" for n in range(1, 31)]
    # 16:00 UTC is midnight in Shanghai.
    late = await tickets.open(AGENT, complaint(), START + 8 * 3600 - 1)
    early = await tickets.open(AGENT, complaint(), START + 8 * 3600)
    inquiry = await tickets.open(AGENT, NewTicket("inquiry", "Hours?"), START)
    assert [t.number for t in (late, early, inquiry)] == [
        "C-20260131-0031",
        "C-20260201-0001",
        "Q-20260131-0001",
    ]


async def test_a_refused_opening_gives_its_number_back(tickets: Tickets) -> None:
    with pytest.raises(Invalid):
        await tickets.open(AGENT, complaint(priority="hot"), START)
    assert (await tickets.open(AGENT, complaint(), START)).number == "C-20260131-0001"


@pytest.mark.parametrize(
    ("values", "broken_at"),
    [
        ({"actor": "someone"}, 2),
        ({"at": START - 5}, 2),
        ({"data": {"note": "all fine"}}, 2),
        ({"hash": "0" * 64}, 2),
    ],
)
async def test_an_edit_of_the_history_shows(
    tickets: Tickets, db: Database, values: dict[str, object], broken_at: int
) -> None:
    ticket = await tickets.open(AGENT, complaint(), START)
    for at in range(1, 4):
        ticket = await tickets.fire(
            ticket.id, "comment", AGENT, {"note": f"n{at} 你好 😀"}, at, START + at + 0.123
        )
    assert (await tickets.verify(ticket.id)).ok
    async with db.begin() as tx:
        await tx.execute(sa.update(ticket_history).where(ticket_history.c.seq == 2).values(**values))
    assert (await tickets.verify(ticket.id)).broken_at == broken_at


async def test_a_history_that_lost_its_end_shows(tickets: Tickets, db: Database) -> None:
    ticket = await tickets.open(AGENT, complaint(), START)
    await tickets.fire(ticket.id, "comment", AGENT, {}, 1, START)
    async with db.begin() as tx:
        await tx.execute(sa.delete(ticket_history).where(ticket_history.c.seq == 2))
    assert (await tickets.verify(ticket.id)).reason == "the last rows are missing"


async def test_tickets_stay_on_the_version_they_began_with(tickets: Tickets, db: Database, bus: Bus) -> None:
    old = await tickets.open(AGENT, NewTicket("inquiry", "Hours?"), START)
    inquiry = SHIPPED["inquiry"]
    changed = replace(inquiry, table=tuple(row for row in inquiry.table if row.event != "convert"))
    await tickets.adopt({**SHIPPED, "inquiry": changed}, START)
    new = await tickets.open(AGENT, NewTicket("inquiry", "Hours?"), START)
    assert (old.workflow_version, new.workflow_version) == (1, 2)
    # Another process, which has only ever seen the new file.
    other = Tickets(db, bus, Others(), ZONE)
    await other.adopt({"inquiry": changed, "repair": SHIPPED["repair"]}, START)
    with pytest.raises(NotAllowedInState):
        await other.fire(new.id, "convert", AGENT, {"new_kind": "repair"}, 1, START)
    assert (await other.fire(old.id, "convert", AGENT, {"new_kind": "repair"}, 1, START)).state == "converted"
    await other.adopt(SHIPPED, START)
    assert other.workflow("inquiry").version == 1


async def test_servers_that_start_together_agree_on_versions(db: Database, bus: Bus) -> None:
    both = [Tickets(db, bus, Others(), ZONE) for _ in range(4)]
    await asyncio.gather(*(one.adopt(SHIPPED, START) for one in both))
    assert {d.version for one in both for d in one.workflows()} == {1}
    async with db.read() as tx:
        assert len((await tx.execute(sa.select(workflow_versions))).all()) == 3


async def test_lists_by_every_filter(tickets: Tickets) -> None:
    a = await tickets.open(AGENT, complaint(subject="100% wrong", customer_id="anna"), START)
    b = await tickets.open(DISPATCHER, complaint(call_id="main-1.1", subject="ALSO wrong"), START + 1)
    c = await tickets.open(AGENT, NewTicket("inquiry", "Hours?"), START + 2)
    c = await tickets.fire(c.id, "withdraw", AGENT, {}, 1, START + 3)

    async def ids(**wanted: object) -> list[str]:
        return [t.id for t in await tickets.list(TicketFilter(**wanted))]  # type: ignore[arg-type]

    assert await ids() == [c.id, b.id, a.id]
    assert await ids(workflow="complaint", state="registered") == [b.id, a.id]
    assert await ids(open=True) == [b.id, a.id]
    assert await ids(open=False) == [c.id]
    assert await ids(customer_id="anna") == [a.id] == [t.id for t in await tickets.of_customer("anna")]
    assert await ids(call_id="main-1.1") == [b.id]
    assert await ids(q="also") == [b.id]
    assert await ids(q="0% w") == [a.id]
    assert await ids(q="%") == [a.id]
    assert await ids(q=b.number.lower()) == [b.id]
    assert [t.id for t in await tickets.open_of("agent")] == [a.id]
    assert [t.id for t in await tickets.list(TicketFilter(), 2, b.id)] == [a.id]
    assert await tickets.by_number(a.number) == a


async def test_hostile_text_comes_back_as_it_went_in(tickets: Tickets) -> None:
    subject, body = "<img src=x onerror=alert(1)>'; --", 'a "b"\r\n\x00\x1b[2J\u202e😀\\u0000 {{7*7}}'
    ticket = await tickets.open(AGENT, complaint(subject=subject, body=body), START)
    kept = await tickets.get(ticket.id)
    assert (kept.subject, kept.body) == (subject, 'a "b"\n[2J😀\\u0000 {{7*7}}')


async def test_what_is_not_there_is_not_found(tickets: Tickets) -> None:
    for missing in (tickets.get("x"), tickets.history("x"), tickets.verify("x"), tickets.clocks("x", START)):
        with pytest.raises(NotFound):
            await missing


# Over HTTP


@pytest.fixture
async def client(
    tickets: Tickets, identity: Identity, db: Database, clock: FakeClock, make_user: MakeUser
) -> AsyncIterator[Client]:
    app = web.Application()
    install(app, routes(tickets), identity, db, clock)
    tokens = {}
    for role in (Role.AGENT, Role.SUPERVISOR, Role.AUDITOR):
        user = await make_user(role.value, role)
        tokens[role] = await identity.add_token(user.name, clock.now())
    async with TestClient(TestServer(app)) as made:
        made.tokens = tokens  # type: ignore[attr-defined]
        yield made


async def call(
    client: Client, method: str, path: str, body: object = None, role: Role = Role.AGENT
) -> tuple[int, dict[str, object]]:
    headers = {"Authorization": f"Bearer {client.tokens[role]}"}  # type: ignore[attr-defined]
    async with client.request(method, f"/api/v1{path}", json=body, headers=headers) as response:
        return response.status, await response.json()


NEW = {
    "workflow": "complaint",
    "subject": "Bill doubled",
    "body": "Since May",
    "customer_id": "anna",
    "call_id": "main-1.1",
    "channel": "phone",
    "category": "billing",
    "priority": "high",
    "fields": {"severity": "major"},
}


async def test_a_ticket_over_http(client: Client) -> None:
    status, made = await call(client, "POST", "/tickets", NEW)
    assert status == 201
    assert {k: made[k] for k in NEW} == NEW
    assert (made["number"], made["state"], made["version"], made["workflow_version"]) == (
        "C-20260131-0001",
        "registered",
        1,
        1,
    )
    assert made["created_at"] == iso(START)
    path = f"/tickets/{made['id']}"
    status, fired = await call(
        client, "POST", f"{path}/events", {"event": "judge", "data": {}, "version": 1}, Role.SUPERVISOR
    )
    assert (status, fired["state"], fired["version"]) == (200, "assessed", 2)
    status, one = await call(client, "GET", f"{path}?lang=zh", role=Role.SUPERVISOR)
    offered = {e["name"]: e for e in one["events"]}  # type: ignore[attr-defined]
    assert offered["dispatch"]["label"] == "派单"
    assert [(f["name"], f["required"]) for f in offered["dispatch"]["fields"]] == [
        ("department", True),
        ("priority", False),
        ("note", False),
    ]
    status, history = await call(client, "GET", f"{path}/history?limit=1")
    assert (history["items"][0]["event"], history["next"]) == ("register", "1")  # type: ignore[index]
    status, history = await call(client, "GET", f"{path}/history?after=1")
    assert (history["items"][0]["event"], history["next"]) == ("judge", None)  # type: ignore[index]
    status, clocks = await call(client, "GET", f"{path}/clocks")
    by_name = {c["name"]: c for c in clocks["items"]}  # type: ignore[attr-defined]
    assert (by_name["assess"]["state"], by_name["assess"]["due_at"]) == ("stopped", None)
    (interval,) = by_name["assess"]["intervals"]
    assert interval == {
        "from": iso(START),
        "to": iso(START),
        "counted": True,
        "reason": "registered",
        "seconds": None,  # no working calendar is at hand here
        "over_cap": False,
    }
    assert (by_name["assess"]["run"], by_name["assess"]["overdue"]) == (1, False)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"event": "judge", "version": 7}, 409, "stale_version"),
        ({"event": "reply", "version": 1}, 409, "not_allowed_in_state"),
        ({"event": "nothing", "version": 1}, 409, "not_allowed_in_state"),
        ({"event": "judge", "version": 1}, 403, "role"),
        ({"event": "withdraw", "version": 1}, 422, "missing_field"),
        ({"event": "withdraw", "version": 1, "data": {"reason": 5}}, 422, "invalid"),
        ({"event": "comment", "version": 1, "data": []}, 422, "invalid"),
        ({"event": "comment"}, 422, "invalid"),
    ],
)
async def test_refusals_over_http(client: Client, body: dict[str, object], status: int, code: str) -> None:
    _, made = await call(client, "POST", "/tickets", NEW)
    got, error = await call(client, "POST", f"/tickets/{made['id']}/events", body)
    assert (got, error["error"]["code"]) == (status, code)  # type: ignore[index]


async def test_a_guard_over_http(client: Client) -> None:
    danger = {"workflow": "repair", "subject": "Smell of gas", "fields": {"danger": True}}
    status, error = await call(client, "POST", "/tickets", danger)
    assert (status, error["error"]["code"]) == (422, "guard")  # type: ignore[index]
    status, error = await call(client, "POST", "/tickets", {**NEW, "customer_id": "bob"})
    assert (status, error["error"]["details"]["field"]) == (422, "customer_id")  # type: ignore[index]


async def test_an_auditor_sees_and_changes_nothing(client: Client) -> None:
    _, made = await call(client, "POST", "/tickets", NEW)
    assert (await call(client, "POST", "/tickets", NEW, Role.AUDITOR))[0] == 403
    body = {"event": "comment", "version": 1}
    assert (await call(client, "POST", f"/tickets/{made['id']}/events", body, Role.AUDITOR))[0] == 403
    status, one = await call(client, "GET", f"/tickets/{made['id']}", role=Role.AUDITOR)
    assert (status, one["events"]) == (200, [])


async def test_pages_of_a_list_neither_miss_nor_repeat(client: Client) -> None:
    made = [(await call(client, "POST", "/tickets", NEW))[1]["id"] for _ in range(5)]
    seen: list[object] = []
    after = ""
    for _ in range(3):
        _, got = await call(client, "GET", f"/tickets?limit=2&open=true&mine=true&after={after}")
        seen += [t["id"] for t in got["items"]]  # type: ignore[attr-defined]
        after = str(got["next"])
    assert after == "None"
    assert seen == sorted(made, reverse=True)
    assert (await call(client, "GET", "/tickets?mine=true", role=Role.AUDITOR))[1]["items"] == []


async def test_workflows_over_http(client: Client, tmp_path: Path) -> None:
    _, listed = await call(client, "GET", "/workflows")
    assert [w["name"] for w in listed["items"]] == ["complaint", "inquiry", "repair"]  # type: ignore[attr-defined]
    _, one = await call(client, "GET", "/workflows/complaint")
    assert (one["version"], one["table"][0]["from"]) == (1, "registered")  # type: ignore[index]
    _, form = await call(client, "GET", "/workflows/complaint/form?lang=zh_CN")
    assert form["label"] == "投诉"
    assert (await call(client, "GET", "/workflows/none"))[0] == 404
    headers = {"Authorization": f"Bearer {client.tokens[Role.AGENT]}"}  # type: ignore[attr-defined]
    path = "/api/v1/workflows/complaint/diagram?lang=zh"
    async with client.get(path, headers=headers) as picture:
        assert picture.content_type == "image/svg+xml"
        assert "已办结" in await picture.text()
    async with client.get(path, headers={**headers, "Accept": "text/plain"}) as text:
        assert text.content_type == "text/plain"
        assert re.search("registered --> assessed : 研判", await text.text())


async def test_the_soonest_due_come_first_and_pages_go_on_where_they_ended(tickets: Tickets) -> None:
    new = [NewTicket("repair", f"C{n}") for n in range(5)]
    opened = [await tickets.open(AGENT, one, START + n * 60) for n, one in enumerate(new)]
    await tickets.fire(opened[0].id, "cancel", AGENT, {"reason": "mended"}, 1, START + 400)
    wanted = TicketFilter(open=True)
    first = await tickets.due(wanted, 2)
    rest = await tickets.due(wanted, 9, first[-1][1])
    assert [ticket.subject for ticket, _ in (*first, *rest)] == ["C1", "C2", "C3", "C4"]
    dues = [due.at for _, due in (*first, *rest)]
    assert dues == sorted(dues)
    assert await tickets.first_due([ticket.id for ticket in opened]) == {
        ticket.id: at for ticket, at in zip(opened[1:], dues, strict=True)
    }
    assert await tickets.due(wanted, 9, viewer=CLERK) == []
