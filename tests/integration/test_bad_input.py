"""What people, PBXs and programs get wrong, or do on purpose: a clear answer each, nothing lost, nothing executed."""

from __future__ import annotations

import asyncio
import io
import json
import re
import socket
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from config.settings import PbxSettings
from core.clock import SystemClock
from core.errors import Conflict
from core.identity import NewSeat, Role
from cti.doctor import Asked, examine
from cti.findings import Level
from cti.messages import LinkState, Seat
from cti.practice.pbx import USERNAME
from cti.practice.wire import PERMISSIONS
from customers.messages import NewCustomer, PinsGuessed
from screenpop.socket import MAX_COMMAND_BYTES
from tests.integration.test_api_contract import JSON, NUMBER, customer, rings, ticket
from tests.integration.test_permissions import closed, hear, told
from tests.integration.whole import Whole, whole
from tests.wait import until

MARKUP = "\"><script>alert(1)</script><img src=x onerror=alert(1)>'&amp;{{7*7}}${7}"
HOSTILE = (
    MARKUP,
    'O\'Brien "the \\ boss"\\"',
    "张三 😀👩‍👧‍👦 ﷽",
    "bell\x07esc\x1b[31m\r\nEvent: Hangup\r\nUniqueid: 1\r\n\r\nnul\x00tab\tend",
    "\u202egnp.exe\u2066\u200b\ufeff",
    "\udcff\udc80broken",
    "%s %(x)s {0} %n",
    "W" * 10_240,
    "",
)


class Page(HTMLParser):
    """The elements and the text of a piece of html, as a browser sees them."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.names: set[str] = set()
        self.said: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.names |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.said.append(data)

    def check(self, *, scripts: bool = False) -> Page:
        """Nothing that came in as text has become an element or a handler."""
        assert not self.tags & {"img", "iframe", "object", *(() if scripts else ("script",))}
        assert not any(name.startswith("on") for name in self.names)
        return self

    @property
    def text(self) -> str:
        return " ".join("".join(self.said).split())


@pytest.fixture
async def it(tmp_path: Path, sqlite_template: Path) -> AsyncIterator[Whole]:
    async with whole(tmp_path, sqlite_template) as running:
        yield running


def tell(it: Whole, event: str, permission: str, **headers: str) -> None:
    """Have the PBX say something odd; `\\udcxx` is a raw byte."""
    text = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    data = f"Event: {event}\r\nPrivilege: {permission},all\r\n{text}\r\n".encode(errors="surrogateescape")
    for sink in it.pbx.world.sinks:
        sink(PERMISSIONS[permission], data)


async def still_works(it: Whole) -> None:
    """A call that comes now reaches the agent, and goes."""
    assert (await it.post("/api/v1/agents/anna/login", "anna", {"queues": ["service"]})).json["applied"]
    pop = await rings(it, "Li Na")
    assert pop["caller"]["name"] == "Li Na"
    it.pbx.answer("1001")
    it.pbx.hang_up("1001")
    await until(lambda: not it.house.switchboard.snapshot().calls)


# --- the PBX ----------------------------------------------------------------------------------------------


async def test_a_wrong_secret_is_named_and_all_else_serves(tmp_path: Path, sqlite_template: Path) -> None:
    async with whole(tmp_path / "", sqlite_template) as good:
        (tmp_path / "b").mkdir()
        link = PbxSettings("main", port=good.pbx.port, username=USERNAME, secret="wrong")
        async with whole(tmp_path / "b", sqlite_template, pbx=link) as it:
            line = it.house.switchboard.lines["main"]
            await until(lambda: line.pbx.state is LinkState.DOWN)
            assert "check username and secret" in line.pbx.detail
            ready = await it.get("/readyz")
            assert (ready.status, ready.json["database"], ready.json["pbx"]) == (503, "ok", {"main": "down"})
            async with it.live("sam") as socket_:
                (pbx,) = (await hear(socket_))["snapshot"]["pbxs"]
                assert (pbx["name"], pbx["state"]) == ("main", "down")
                assert "wrong" not in pbx["detail"]
            assert (await ticket(it))["number"]
            examined = await examine(link, Asked("rd-doctor-test", seconds=0.5), SystemClock())
            findings = examined.findings
            assert "practice" not in str(examined)
            assert any(f.level is Level.PROBLEM and "refuse" in f.what.lower() for f in findings)


async def test_a_pbx_that_is_away_at_the_start_is_named_and_duties_are_kept(
    tmp_path: Path, sqlite_template: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        port = reserved.getsockname()[1]
    async with whole(tmp_path, sqlite_template, pbx=PbxSettings("main", port=port, secret="x")) as it:
        await until(lambda: it.house.switchboard.lines["main"].pbx.detail)
        assert (await it.get("/healthz")).status == 200
        ready = await it.get("/readyz")
        assert (ready.status, list(ready.json["pbx"])) == (503, ["main"])
        assert ready.json["pbx"]["main"] != "up"
        refused = await it.post("/api/v1/calls", "anna", {"to": "1002"})
        assert (refused.status, refused.code) == (503, "pbx_down")
        assert refused.headers["Retry-After"]
        wants = await it.post("/api/v1/agents/anna/ready", "anna")
        assert (wants.status, wants.code) == (503, "no_queues")
        left = await it.post("/api/v1/agents/anna/logout", "anna")
        assert (left.status, left.json["applied"]) == (200, False)
        assert "queues follow when it is back" in left.json["note"]
        assert (await it.get("/desk", headers=await it.sign_in("anna"))).status == 200


async def test_the_doctor_names_a_phone_of_nobody_in_a_queue(tmp_path: Path, sqlite_template: Path) -> None:
    async with whole(tmp_path, sqlite_template, members=("1001", "1009")) as it:
        asked = Asked("rd-doctor-test", (Seat("anna", "Anna", "main", "PJSIP/1001", "1001"),), seconds=0.5)
        examined = await examine(it.house.settings.pbx[0], asked, SystemClock())
        (finding,) = [one for one in examined.findings if "PJSIP/1009" in one.what]
        assert finding.level in (Level.WARNING, Level.PROBLEM)
        assert finding.fix
        queues = (await it.get("/api/v1/queues", "sam")).json["items"]
        assert next(q for q in queues if q["name"] == "service")["unknown_members"] == ["PJSIP/1009"]


async def test_a_phone_of_nobody_in_a_queue_and_guessed_pins_are_told_to_supervisors(it: Whole) -> None:
    async with it.live("sam") as line, it.live("anna") as agent:
        await hear(line)
        await hear(agent)
        tell(
            it,
            "QueueMemberAdded",
            "agent",
            Queue="service",
            MemberName=MARKUP,
            Interface="PJSIP/9<b>9",
            StateInterface="PJSIP/9<b>9",
            Membership="dynamic",
            Penalty="0",
            CallsTaken="0",
            LastCall="0",
            LastPause="0",
            InCall="0",
            Status="1",
            Paused="0",
            PausedReason="",
            Ringinuse="1",
            Wrapuptime="0",
        )
        while (message := await hear(line))["type"] != "notice":
            pass
        assert (message["data"]["code"], message["data"]["level"]) == ("unknown_member", "attention")
        assert "PJSIP/9<b>9" in message["data"]["text"]
        it.house.bus.publish(PinsGuessed(21, 3, 30))
        while (message := await hear(line))["type"] != "notice":
            pass
        assert message["data"]["code"] == "pins_guessed"
        assert "for 21 accounts within 30 minutes, 3 of them locked" in message["data"]["text"]
        seen = await told(agent, "agent.ready")
        assert seen["ok"], seen
    queues = (await it.get("/api/v1/queues", "sam")).json["items"]
    assert next(q for q in queues if q["name"] == "service")["unknown_members"] == ["PJSIP/9<b>9"]
    await still_works(it)


async def test_two_users_on_one_phone_is_refused_with_the_others_name(it: Whole) -> None:
    identity, now = it.house.identity, it.house.clock.now()
    for interface in ("PJSIP/1001", "pjsip/1001"):
        with pytest.raises(Conflict, match="phone of anna") as refused:
            await identity.add_user(
                "eva", "password", Role.AGENT, "Eva", NewSeat(interface, "main", "1001"), now
            )
        assert refused.value.details["user"] == "anna"
    assert "eva" not in [user.name for user in await identity.users()]


async def test_a_callers_name_arrives_as_what_it_is_and_is_never_executed(it: Whole) -> None:
    assert (await it.post("/api/v1/agents/anna/ready", "anna")).json["applied"] is True
    async with it.live("anna") as line:
        await hear(line)
        for name in HOSTILE:
            it.pbx.caller(NUMBER, "4001", name)
            while (message := await hear(line))["type"] != "pop":
                pass
            data, page = message["data"], Page(message["html"]).check()
            said = data["caller"]["name"]
            assert len(said) <= 256
            assert said.replace("\u200d", "").isprintable()
            assert data["caller"]["number"] == "+86" + NUMBER
            if name in (MARKUP, HOSTILE[1], "%s %(x)s {0} %n"):
                assert said == name
                assert page.text.count(name[:20]) == 1
            assert "&amp;lt;" not in message["html"]
            assert len(message["html"]) < 20_000
            call = (await it.get(f"/api/v1/calls/{data['call_id']}", "anna")).json
            assert call["caller"]["name"] == said
            it.pbx.answer("1001")
            it.pbx.hang_up("1001")
            while (message := await hear(line))["type"] != "pop.updated" or not message["data"]["ended_at"]:
                pass
            assert (await told(line, "pop.close", pop_id=data["pop_id"]))["ok"]
    assert it.house.switchboard.snapshot().calls == ()
    await it.house.recorder.flush()
    listed = (await it.get("/api/v1/calls", "anna")).json["items"]
    assert len(listed) == len(HOSTILE)
    assert {call["caller"]["number"] for call in listed} == {NUMBER}


async def test_a_number_that_is_none_is_shown_and_searched_as_text(it: Whole) -> None:
    await it.post("/api/v1/agents/anna/ready", "anna")
    for number in (MARKUP, "' OR 1=1 --", "\udcff", "anonymous", "9" * 4000, "+", "sip:x@evil.example"):
        it.pbx.caller(number, "4001", "")
        await it.pbx.until(lambda: it.pbx.ringing("1001"))
        await until(lambda: it.house.popper.pops_of("anna", "en"))
        pop = it.house.popper.pops_of("anna", "en")[0]
        Page(pop["html"]).check()
        assert pop["match"] in ("none", "anonymous")
        assert pop["customers"] == ()
        assert len(json.dumps(pop)) < 40_000
        it.pbx.reject("1001")
        for channel in list(it.pbx.world.channels.values()):
            it.pbx.world.hang_up(channel)
        await until(lambda: not it.house.switchboard.snapshot().calls)
    await it.house.recorder.flush()
    assert len((await it.get("/api/v1/calls", "sam")).json["items"]) == 7


async def test_nonsense_from_the_pbx_costs_nothing_but_a_count(it: Whole) -> None:
    odd = "\udcff\x01\"'<b>,&|()/" + "x" * 300
    for event, permission in (
        ("Newchannel", "call"),
        ("NewCallerid", "call"),
        ("Hangup", "call"),
        ("BridgeEnter", "call"),
        ("DialBegin", "call"),
        ("QueueCallerJoin", "agent"),
        ("AgentCalled", "agent"),
        ("QueueMemberAdded", "agent"),
        ("QueueMemberPause", "agent"),
        ("AttendedTransfer", "call"),
        ("VarSet", "dialplan"),
        (odd[:100], "call"),
    ):
        for value in (odd, "", "-1", "1e999", "nan", "9" * 5000):
            names = ("Uniqueid", "Linkedid", "Channel", "DestUniqueid", "DestLinkedid", "DestChannel")
            more = ("Queue", "Interface", "MemberName", "Position", "Status", "BridgeUniqueid", "Paused")
            tell(it, event, permission, **dict.fromkeys((*names, *more, "CallerIDNum", "Exten"), value))
        tell(it, event, permission)
    for event in ("Newchannel", "Hangup"):
        tell(it, event, "call", Channel="x" * 70_000, Uniqueid="y" * 70_000, Linkedid="y" * 70_000)
    await still_works(it)
    board = await it.get("/api/v1/board", "sam")
    assert board.status == 200
    assert board.json["calls"] == []
    assert (await it.get("/metrics")).status == 200
    async with it.live("sam") as line:
        assert (await hear(line))["type"] == "hello"


# --- people and programs ----------------------------------------------------------------------------------


async def test_hostile_text_is_kept_as_text_on_every_page(it: Whole) -> None:
    him = await customer(
        it, name=MARKUP, address={"text": MARKUP, "meter": "<b>1</b>", "district": MARKUP}, note=MARKUP
    )
    assert him["name"] == MARKUP
    made = await ticket(it, subject=MARKUP, body=MARKUP, customer_id=him["id"])
    assert (made["subject"], made["body"]) == (MARKUP, MARKUP)
    noted = await it.post(f"/api/v1/customers/{him['id']}/notes", "anna", {"text": MARKUP})
    assert noted.json["text"] == MARKUP
    anna = await it.sign_in("anna")
    one, mine = him["id"], made["id"]
    for path in (
        f"/customers/{one}",
        f"/desk/customers/{one}",
        f"/desk/customers/{one}/timeline",
        f"/tickets/{mine}",
        f"/desk/tickets/{mine}",
        "/customers",
        "/tickets?show=all",
        f"/desk/search?q={quote('<script>')}",
        f"/desk/find?q={quote('<script>')}",
        f"/customers?q={quote(MARKUP)}",
        f"/tickets?q={quote(MARKUP)}&workflow={quote(MARKUP[:30])}&show={quote(MARKUP[:15])}",
    ):
        reply = await it.get(path, headers=anna)
        assert reply.status == 200, path
        Page(reply.text).check(scripts=True)
        assert "<script>alert" not in reply.text, path
        assert "&amp;lt;" not in reply.text, path
    for path in (f"/nothing/{quote(MARKUP)}", f"/tickets/{quote(MARKUP, safe='')}"):
        reply = await it.get(path, headers={**anna, "Accept": "text/html"})
        assert reply.status == 404
        Page(reply.text).check(scripts=True)
    wrong = await it.post("/sign-in", data={"name": MARKUP, "password": MARKUP, "next": "/" + MARKUP})
    Page(wrong.text).check(scripts=True)
    assert "<script>alert" not in wrong.text
    diagram = await it.get(f"/api/v1/workflows/inquiry/diagram?lang={quote(MARKUP)}", "anna")
    assert b"alert" not in diagram.body


async def test_a_card_shows_hostile_records_as_text(it: Whole) -> None:
    him = await customer(it, name=MARKUP, address={"text": MARKUP}, note=MARKUP, account="<i>7</i>")
    await ticket(it, subject=MARKUP, customer_id=him["id"])
    pop = await rings(it, MARKUP)
    page = Page(pop["html"]).check()
    assert (pop["match"], pop["customers"][0]["name"]) == ("one", MARKUP)
    assert page.text.count("alert(1)</script>") >= 3
    assert "script" not in page.tags
    assert "&amp;lt;" not in pop["html"]


async def test_nothing_that_somebody_types_reaches_the_pbx_as_an_action(it: Whole) -> None:
    await it.post("/api/v1/agents/anna/ready", "anna")
    await it.pbx.until(lambda: "PJSIP/1001" in it.pbx.queues.queues["service"].members)
    injected = "\r\nAction: Originate\r\nChannel: PJSIP/1002\r\nContext: agents\r\nExten: 1003\r\nPriority: 1\r\n\r\n"
    targets = (
        "100" + injected,
        "100\n",
        "100\x00",
        "Local/1001@agents",
        "1001&1002",
        "1001,1",
        "١٢٣",
        "$(id)",
        "",
        "9" * 65,
        "+" * 20,
    )
    async with it.live("anna") as line:
        await hear(line)
        for to in targets:
            reply = await it.post("/api/v1/calls", "anna", {"to": to})
            assert (reply.status, reply.json["error"]["details"].get("field", "to")) == (422, "to"), to
            assert (await told(line, "call.dial", to=to))["error"]["code"] == "invalid", to
        for queue in ("service" + injected, "service\n", "service\x00", "SERVICE", "a" * 64, "../service"):
            reply = await it.post("/api/v1/agents/anna/login", "anna", {"queues": [queue]})
            assert reply.status == 422, queue
            assert not (await told(line, "agent.login", queues=[queue]))["ok"]
        assert (await it.post("/api/v1/agents/anna/pause", "anna", {"reason": injected})).status == 422
        reason = "tea\r\nAction: Hangup\r\nChannel: /.*/"
        assert (await it.post("/api/v1/agents/anna/pause", "anna", {"reason": reason})).json["applied"]
        assert (await told(line, "agent.pause", reason="tea\x00\x1b\u2028x"))["ok"]
        for body in ({"to": "1", "kind": "x\r\n"}, {"to": injected}, {"to": "1", "context": "evil"}):
            assert (await it.post("/api/v1/calls/main-1/transfer", "anna", body)).status in (404, 422)
        for call_id in ("/.*/", "main-1\r\n", "x" * 161, "PJSIP/1001"):
            assert not (await told(line, "call.hangup", call_id=call_id))["ok"]
    member = it.pbx.queues.queues["service"].members["PJSIP/1001"]
    assert member.paused
    assert "\n" not in member.reason + member.name
    assert it.pbx.world.channels == {}


@pytest.mark.parametrize("queue", ["nope", "service;x", "../service", "service,t,,,300", "${SHELL(id)}", ""])
async def test_nobody_waits_to_be_called_back_from_a_queue_that_there_is_not(it: Whole, queue: str) -> None:
    """Such a call-back would wait in vain, and keep the caller from asking for another one."""
    wanted = {"number": "+8613800138000", "pbx": "main", "queue": queue}
    refused = await it.post("/api/v1/callbacks", "anna", wanted)
    assert (refused.status, refused.json["error"]["details"]["field"]) == (422, "queue")
    assert (await it.post("/api/v1/callbacks", "anna", wanted | {"queue": "service"})).status == 201


async def test_a_call_back_has_the_priority_that_is_asked_for_or_the_customers(it: Whole) -> None:
    vip, stranger, now = "+8613800138701", "+8613800138702", it.house.clock.now()
    lina = await it.house.customers.create("test", NewCustomer("李娜", (vip,), vip=True), now)
    for more, priority in (
        ({"number": vip}, 10),
        ({"number": vip, "priority": 3}, 3),
        ({"number": stranger}, 0),
        ({"number": stranger, "customer_id": lina.id}, 10),
        ({"number": stranger, "customer_id": "nobody"}, 0),
    ):
        made = await it.post("/api/v1/callbacks", "anna", {"pbx": "main", "queue": "service", **more})
        assert (made.status, made.json["priority"]) == (201, priority), more
        assert (await it.post(f"/api/v1/callbacks/{made.json['id']}/cancel", "sam")).status == 200
    for level in (-1, 101, 1.5, "10", True):
        wanted = {"pbx": "main", "queue": "service", "number": vip, "priority": level}
        assert (await it.post("/api/v1/callbacks", "anna", wanted)).status in {400, 422}


async def test_a_users_name_cannot_break_out_of_its_membership(it: Whole) -> None:
    identity, now = it.house.identity, it.house.clock.now()
    name = "Eva\r\nAction: Hangup\r\nChannel: /.*/\r\n\r\n" + MARKUP
    user = await identity.add_user(
        "eva", "password", Role.AGENT, name, NewSeat("PJSIP/1009", "main", "1009"), now
    )
    assert "\r" not in user.full_name
    await it.house.refresh_seats()
    it.tokens["eva"] = await identity.add_token("eva", now)
    assert (await it.post("/api/v1/agents/eva/ready", "eva")).json["applied"] is True
    member = it.pbx.queues.queues["service"].members["PJSIP/1009"]
    assert "\r" not in member.name
    for interface in ("PJSIP/1\r\n", "PJSIP/1&PJSIP/2", "Local/1@x,1", "PJSIP/\x00", "/.*/", "x"):
        with pytest.raises(Exception, match="phone of Asterisk"):
            await identity.add_user("fay", "password", Role.AGENT, "Fay", NewSeat(interface, "main"), now)


BROKEN: tuple[tuple[int, bytes], ...] = (
    (400, b"{"),
    (400, b"\xff"),
    (400, b"\xef\xbb\xbf{}"),
    (400, '{"workflow": "inquiry"}'.encode("utf-16")),
    (400, b'{"workflow": NaN}'),
    (400, b'{"workflow": Infinity}'),
    (400, b'{"workflow": "inquiry", "subject": "\\ud800"}'),
    (400, b'{"workflow": "inquiry", "subject": "\xed\xa0\x80"}'),
    (400, b'{"workflow": "inquiry", "subject": "\xc0\xaf"}'),
    (400, b'{"fields": ' + b'{"a": ' * 5000 + b"1" + b"}" * 5001),
    (422, b"null"),
    (422, b"[" * 100_000),
    (422, b'"x"'),
    (422, b'{"workflow": "inquiry", "subject": "a\\u0000b"}'),
    (422, b'{"workflow": "inquiry", "subject": ["x"]}'),
    (422, b'{"workflow": "inquiry", "subject": "x", "fields": {"a": 1e999}}'),
    (422, b'{"workflow": "inquiry", "subject": "x", "fields": {"a": ' + b"9" * 5000 + b"}}"),
    (422, b'{"workflow": "inquiry", "subject": "x", "fields": {"a": {"b": 1}}}'),
    (422, b'{"workflow": "inquiry", "subject": "' + b"s" * 100_000 + b'"}'),
    (422, b'{"workflow": "inquiry", "subject": "x", "body": "' + b"s" * 500_000 + b'"}'),
    (422, b'{"workflow": "inquiry", "subject": "x", "customer_id": "' + b"c" * 10_000 + b'"}'),
    (422, b'{"workflow": "../../../etc/passwd", "subject": "x"}'),
    (422, b'{"workflow": "inquiry", "subject": "x", "id": "mine"}'),
    (422, b'{"workflow": "inquiry", "subject": "\\u200b \\u202e"}'),
    (413, b" " * (2 << 20)),
)


async def test_a_body_that_cannot_be_used_is_refused_in_words(it: Whole) -> None:
    for status, body in BROKEN:
        data = io.BytesIO(body)
        reply = await it.post("/api/v1/tickets", "anna", data=data, headers=JSON)
        assert reply.status == status, (body[:60], reply.text)
        assert reply.json["error"]["message"]
        assert len(reply.body) < 2000
    assert (await it.get("/api/v1/tickets", "anna")).json["items"] == []


async def test_json_without_its_header_is_told_what_to_send(it: Whole) -> None:
    """What curl does with -d and no header: it calls the JSON a form."""
    body = b'{"workflow": "inquiry", "subject": "Hours?"}'
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    reply = await it.post("/api/v1/tickets", "anna", data=body, headers=form)
    assert (reply.status, reply.code) == (400, "malformed")
    assert "`Content-Type: application/json`" in reply.json["error"]["message"]
    assert (await it.get("/api/v1/tickets", "anna")).json["items"] == []


async def test_a_body_of_another_kind_is_refused(it: Whole) -> None:
    anna = await it.sign_in("anna")
    form = "application/x-www-form-urlencoded"
    part = b'--x\r\nContent-Disposition: form-data; name="theme"\r\n\r\ndark\r\n--x--\r\n'
    for kind, body in (
        ("text/plain", b"{}"),
        ("text/xml", b"<a/>"),
        ("multipart/form-data", b"theme=dark"),
        ("multipart/form-data; boundary=x", part),
        ("multipart/form-data; boundary=x", b"garbage"),
        ("application/cbor", b"\xa0"),
        (f"{form}; charset=bogus", b"theme=dark"),
        (f"{form}; charset=utf-16", b"theme=dark"),
    ):
        reply = await it.post("/settings", data=body, headers={**anna, "Content-Type": kind})
        assert reply.status == 400, (kind, reply.text)
        reply = await it.post("/api/v1/customers", "anna", data=body, headers={"Content-Type": kind})
        assert (reply.status, reply.code) == (400, "malformed"), kind
    for encoding, body in (("gzip", b"not gzip"), ("deflate", b"\x00")):
        headers = {**JSON, "Content-Encoding": encoding, "Connection": "close"}
        reply = await it.post("/api/v1/tickets", "anna", data=body, headers=headers)
        assert reply.status == 400, reply.text


async def test_a_small_body_that_grows_is_stopped(it: Whole) -> None:
    import gzip  # noqa: PLC0415 - only here

    body = gzip.compress(b" " * 60_000_000)
    assert len(body) < 100_000
    headers = {**JSON, "Content-Encoding": "gzip"}
    reply = await it.post("/api/v1/tickets", "anna", data=body, headers=headers)
    assert reply.status == 413


BODY = "POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {kind}\r\nContent-Length: 99\r\n{more}\r\n{{"
FORM = "application/x-www-form-urlencoded"


async def test_who_sends_no_whole_request_holds_no_connection(
    tmp_path: Path, sqlite_template: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before: for ever, and as many as the process may have files."""
    monkeypatch.setattr("server.site.IDLE_SECONDS", 0.3)
    monkeypatch.setattr("core.web.parse.BODY_SECONDS", 0.3)
    async with whole(tmp_path, sqlite_template) as it, it.live("anna") as line:
        await hear(line)
        token = f"Authorization: Bearer {it.tokens['anna']}\r\n"
        once = f"{token}Idempotency-Key: k1\r\n"
        for sent, status in (
            ("", ""),
            ("GET / HTTP/1.1\r\nHost: x\r\nX-", ""),
            ("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", "200"),
            (BODY.format(path="/api/v1/tickets", kind="application/json", more=token), "400"),
            (BODY.format(path="/api/v1/tickets", kind="application/json", more=once), "400"),
            (BODY.format(path="/sign-in", kind=FORM, more=""), "400"),
        ):
            answer = await answered(it, sent)
            assert answer.partition("\r\n")[0].removeprefix("HTTP/1.1 ")[:3] == status, sent
        assert (await told(line, "nonsense"))["error"]["code"] == "unknown_command", "a live socket stays"


async def answered(it: Whole, sent: str) -> str:
    """What comes back until the line is closed, or the head of an answer."""
    _, _, port = it.url.rpartition(":")
    reader, writer = await asyncio.open_connection("127.0.0.1", int(port))
    try:
        writer.write(sent.encode())
        async with asyncio.timeout(30):
            if sent.startswith("POST"):
                return (await reader.readuntil(b"\r\n\r\n")).decode()
            return (await reader.read()).decode()
    finally:
        writer.close()


async def test_paths_and_queries_that_are_nonsense(it: Whole) -> None:
    for id_ in ("%00", "%0d%0a", "%ff", "a" * 6000, "..%2f..", "%F0%9F%98%80", "'%20OR%201=1", "%2a", "null"):
        for path in ("/api/v1/tickets/{}", "/api/v1/tickets/{}/history", "/api/v1/customers/{}",
                     "/api/v1/calls/{}", "/api/v1/workflows/{}", "/api/v1/workflows/{}/diagram"):  # fmt: skip
            reply = await it.get(path.format(id_), "sam")
            assert reply.status in (400, 404), (path, id_, reply.status)
            assert len(reply.body) < 8000
    made = await ticket(it)
    him = await customer(it)
    for after in ("zzz", "-1", "1.5", "nan", "9" * 200, "%D9%A3", "%00", "x" * 201):
        for path in (f"/api/v1/tickets/{made['id']}/history", f"/api/v1/customers/{him['id']}/timeline",
                     "/api/v1/calls"):  # fmt: skip
            assert (await it.get(f"{path}?after={after}", "sam")).status == 422, (path, after)
    for query in ("q=%25", "q=%5F", "q=%27%22%3B--", "q=%5C"):
        assert (await it.get(f"/api/v1/customers?{query}", "sam")).json["items"] == [], query
        assert (await it.get(f"/api/v1/tickets?{query}", "sam")).json["items"] == [], query
    for phone in ("", "anonymous", "%2B%2B%2B", "%F0%9F%98%80", "9" * 256, "%3Cb%3E"):
        reply = await it.get(f"/api/v1/customers?phone={phone}", "sam")
        assert (reply.status, reply.json["items"]) == (200, []), phone


async def test_whatever_a_client_sends_on_the_socket_the_next_command_works(it: Whole) -> None:
    async with it.live("anna") as line:
        await hear(line)
        for text, code in (
            ("NaN", "malformed"),
            ("", "malformed"),
            ('{"id": "a", "do": "x", "args": ' + '{"a": ' * 1500 + "1" + "}" * 1501, "malformed"),
            ('{"id": "a", "do": "agent.ready", "args": {"\\ud800": 1}}', "malformed"),
            ('{"id": "a", "do": "agent.ready", "args": {"x": 1e999}}', "invalid"),
            ('{"id": "a", "do": "agent.ready", "args": null}', "invalid"),
            ('{"id": "a", "do": "agent.ready", "args": {"user": "ben"}}', "invalid"),
            ('{"id": "a", "do": "__class__"}', "unknown_command"),
        ):
            await line.send(text)
            while "reply" not in (reply := await hear(line)):
                pass
            assert reply["error"]["code"] == code, text[:60]
        assert (await told(line, "agent.ready"))["ok"]
    async with it.live("anna") as line:
        await hear(line)
        await line.send("x" * (MAX_COMMAND_BYTES + 1))
        assert await closed(line) == 1009


async def test_a_form_with_numbers_beyond_all_bounds(it: Whole) -> None:
    made = await ticket(it)
    anna = await it.sign_in("anna")
    for version in ("9" * 5000, "-1", "1.5", "٣", "", "x"):
        data = {"event": "answer", "version": version, "fields.reply": "x"}
        reply = await it.post(f"/desk/tickets/{made['id']}/events", data=data, headers=anna)
        assert reply.status == 200, version
        Page(reply.text).check()
    assert (await it.get(f"/api/v1/tickets/{made['id']}", "anna")).json["version"] == made["version"]


async def test_one_customer_changed_twice_at_once_keeps_the_first(it: Whole) -> None:
    him = await customer(it)
    path = f"/api/v1/customers/{him['id']}"
    answers = await asyncio.gather(
        *(it.ask("PATCH", path, "anna", json={"note": f"n{n}", "version": 1}) for n in range(4))
    )
    assert sorted(answer.status for answer in answers) == [200, 409, 409, 409]
    winner = next(answer.json["note"] for answer in answers if answer.status == 200)
    found: Any = (await it.get(path, "anna")).json
    assert (found["note"], found["version"]) == (winner, 2)
    assert re.fullmatch(r"n\d", winner)
