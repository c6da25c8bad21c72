"""What the API promised: paths, shapes, errors, lists, times, keys; and that its own description of itself is true."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from cti.messages import Call, CallState, Direction, EndReason, How, Outcome, Party, Segment
from server.site import routes
from tests.integration.test_permissions import hear
from tests.integration.whole import Whole, whole
from tests.wait import until

PROMISED = {
    "GET /api/v1/board",
    "GET /api/v1/calls",
    "GET /api/v1/calls/{id}",
    "POST /api/v1/calls",
    "POST /api/v1/calls/{id}/hangup",
    "POST /api/v1/calls/{id}/hold",
    "POST /api/v1/calls/{id}/resume",
    "POST /api/v1/calls/{id}/transfer",
    "GET /api/v1/agents",
    "POST /api/v1/agents/{user}/ready",
    "POST /api/v1/agents/{user}/pause",
    "POST /api/v1/agents/{user}/login",
    "POST /api/v1/agents/{user}/logout",
    "GET /api/v1/queues",
    "GET /api/v1/customers",
    "POST /api/v1/customers",
    "GET /api/v1/customers/{id}",
    "PATCH /api/v1/customers/{id}",
    "GET /api/v1/customers/{id}/timeline",
    "POST /api/v1/tickets",
    "GET /api/v1/tickets",
    "GET /api/v1/tickets/{id}",
    "GET /api/v1/tickets/{id}/history",
    "GET /api/v1/tickets/{id}/clocks",
    "POST /api/v1/tickets/{id}/events",
    "GET /api/v1/workflows",
    "GET /api/v1/workflows/{name}",
    "GET /api/v1/workflows/{name}/diagram",
    "GET /api/v1/flows",
    "GET /api/v1/flows/{name}/diagram",
    "GET /api/v1/openapi.json",
}
CALL = {
    *(
        "id",
        "pbx",
        "direction",
        "state",
        "caller",
        "dialled",
        "queue",
        "started_at",
        "answered_at",
        "ended_at",
    ),
    *("outcome", "wait_seconds", "talk_seconds", "hold_seconds", "segments"),
}
SEGMENT = {"agent", "queue", "offered_at", "answered_at", "ended_at", "how", "end_reason"}
POP = {
    "pop_id",
    "call_id",
    "pbx",
    "stage",
    "queue",
    "caller",
    "match",
    "customers",
    "tickets",
    "history",
    "ivr",
}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
NUMBER = "13800138000"


@pytest.fixture
async def it(tmp_path: Path, sqlite_template: Path) -> AsyncIterator[Whole]:
    async with whole(tmp_path, sqlite_template) as running:
        yield running


async def customer(it: Whole, **more: Any) -> dict[str, Any]:
    reply = await it.post("/api/v1/customers", "anna", {"name": "Li Na", "phones": [NUMBER], **more})
    assert reply.status == 201, reply.text
    found: dict[str, Any] = reply.json
    return found


async def ticket(it: Whole, **more: Any) -> dict[str, Any]:
    body = {"workflow": "inquiry", "subject": "When do you open?", "body": "…", **more}
    reply = await it.post("/api/v1/tickets", "anna", body)
    assert reply.status == 201, reply.text
    found: dict[str, Any] = reply.json
    return found


def old_call(number: int) -> Call:
    """A stored call with a segment."""
    start = 1_769_846_400.0 + number
    segment = Segment(
        id=f"main-1.{number}-1",
        interface="PJSIP/1001",
        agent="anna",
        queue="service",
        how=How.QUEUE,
        offered_at=start + 1,
        answered_at=start + 2,
        ended_at=start + 62,
        end_reason=EndReason.CALLER_HUNG_UP,
    )
    return Call(
        id=f"main-1.{number}",
        pbx="main",
        direction=Direction.INBOUND,
        state=CallState.ENDED,
        caller=Party(NUMBER, "Li Na"),
        dialled="4001",
        started_at=start,
        queue="service",
        answered_at=start + 2,
        ended_at=start + 62,
        outcome=Outcome.ANSWERED,
        segments=(segment,),
    )


async def rings(it: Whole, name: str = "") -> dict[str, Any]:
    """Anna is ready and a caller reaches her phone; returns her pop."""
    assert (await it.post("/api/v1/agents/anna/ready", "anna")).json["applied"] is True
    it.pbx.caller(NUMBER, "4001", name)
    await it.pbx.until(lambda: it.pbx.ringing("1001"))
    await until(lambda: it.house.popper.pops_of("anna", "en"))
    return it.house.popper.pops_of("anna", "en")[0]


def times_of(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Every value whose name says that it is a moment."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from times_of(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from times_of(inner, name)
    elif value is not None and (name in ("at", "since", "server_time") or name.endswith(("_at", "_since"))):
        yield name, value


async def test_every_promised_path_is_there_and_described(it: Whole) -> None:
    served = {f"{route.method} {route.path}" for route in routes(it.house)}
    assert served >= PROMISED
    document = (await it.get("/api/v1/openapi.json")).json
    described = {f"{m.upper()} {path}" for path, item in document["paths"].items() for m in item}
    assert described == {name for name in served if " /api/" in name}


async def test_the_description_is_valid_openapi_3_1(it: Whole) -> None:
    reply = await it.get("/api/v1/openapi.json")
    assert reply.headers["Content-Type"].startswith("application/json")
    document = reply.json
    assert document["openapi"].startswith("3.1")
    assert [str(error) for error in OpenAPIV31SpecValidator(document).iter_errors()] == []
    for path, item in document["paths"].items():
        for method, operation in item.items():
            good = {status: a for status, a in operation["responses"].items() if status.startswith("2")}
            assert len(good) == 1, (method, path)
            assert "204" in good or next(iter(good.values()))["content"], (method, path)


async def test_real_replies_are_as_described(it: Whole) -> None:
    document = (await it.get("/api/v1/openapi.json")).json
    await it.house.calls.save_many([old_call(1), old_call(2)])
    him = await customer(it, address={"text": "Main St", "meter": "M1"}, note="careful")
    made = await ticket(it, customer_id=him["id"], call_id="main-1.1")
    pop = await rings(it, "Li Na")
    live = pop["call_id"]
    it.pbx.answer("1001")
    await until(lambda: it.house.switchboard.call(live).answered_at)  # type: ignore[union-attr]
    one, mine = f"/api/v1/customers/{him['id']}", f"/api/v1/tickets/{made['id']}"
    seen: set[str] = set()
    for method, path, template, body in (
        ("GET", "/api/v1/board", "", None),
        ("GET", "/api/v1/calls?limit=2", "/api/v1/calls", None),
        ("GET", f"/api/v1/calls/{live}", "/api/v1/calls/{id}", None),
        ("GET", "/api/v1/calls/main-1.1", "/api/v1/calls/{id}", None),
        ("GET", "/api/v1/agents", "", None),
        ("GET", "/api/v1/queues", "", None),
        ("POST", "/api/v1/agents/anna/pause", "/api/v1/agents/{user}/pause", {"reason": "lunch"}),
        ("POST", "/api/v1/agents/anna/login", "/api/v1/agents/{user}/login", {"queues": ["service"]}),
        ("POST", "/api/v1/agents/anna/ready", "/api/v1/agents/{user}/ready", {}),
        ("POST", f"/api/v1/calls/{live}/transfer", "/api/v1/calls/{id}/transfer", {"to": "1002"}),
        ("POST", "/api/v1/agents/anna/logout", "/api/v1/agents/{user}/logout", {}),
        ("GET", "/api/v1/customers", "", None),
        ("GET", f"/api/v1/customers?phone={NUMBER}", "/api/v1/customers", None),
        ("POST", "/api/v1/customers", "", {"name": "Wu"}),
        ("GET", one, "/api/v1/customers/{id}", None),
        ("PATCH", one, "/api/v1/customers/{id}", {"grade": "A"}),
        ("POST", f"{one}/notes", "/api/v1/customers/{id}/notes", {"text": "called twice"}),
        ("POST", f"{one}/phones", "/api/v1/customers/{id}/phones", {"number": "13900139000"}),
        ("GET", f"{one}/timeline", "/api/v1/customers/{id}/timeline", None),
        ("POST", "/api/v1/tickets", "", {"workflow": "inquiry", "subject": "x"}),
        ("GET", "/api/v1/tickets", "", None),
        ("GET", mine, "/api/v1/tickets/{id}", None),
        ("GET", f"{mine}/history", "/api/v1/tickets/{id}/history", None),
        ("GET", f"{mine}/clocks", "/api/v1/tickets/{id}/clocks", None),
        ("GET", "/api/v1/workflows", "", None),
        ("GET", "/api/v1/workflows/repair", "/api/v1/workflows/{name}", None),
        ("GET", "/api/v1/workflows/repair/form", "/api/v1/workflows/{name}/form", None),
        ("GET", "/api/v1/flows", "", None),
        ("GET", "/api/v1/flows/hotline", "/api/v1/flows/{name}", None),
        ("GET", "/api/v1/flows/nothing", "/api/v1/flows/{name}", None),
        ("GET", "/api/v1/calls/nothing", "/api/v1/calls/{id}", None),
        ("GET", "/api/v1/calls?limit=0", "/api/v1/calls", None),
        ("POST", "/api/v1/tickets", "", {}),
        ("POST", f"{mine}/events", "/api/v1/tickets/{id}/events", {"event": "x", "version": 99}),
    ):
        reply = await it.ask(method, path, "anna", **({"json": body} if body is not None else {}))
        operation = document["paths"][template or path][method.lower()]
        assert str(reply.status) in operation["responses"], (method, path, reply.text)
        answer = operation["responses"][str(reply.status)]
        if "$ref" in answer:
            answer = document["components"]["responses"][answer["$ref"].rpartition("/")[2]]
        schema = {**answer["content"]["application/json"]["schema"], "components": document["components"]}
        found = [error.message for error in Draft202012Validator(schema).iter_errors(reply.json)]
        assert found == [], (method, path)
        for name, value in times_of(reply.json):
            if template in ("/api/v1/workflows/{name}", "/api/v1/flows/{name}"):
                continue  # a definition as it is written, whose steps are `at: 80%`
            assert TIME.fullmatch(str(value)), (method, path, name, value)
        if reply.status < 300:
            seen.add(f"{method} {template or path}")
    assert PROMISED - seen == {
        "POST /api/v1/calls",  # in the test of dialling
        "POST /api/v1/calls/{id}/hangup",
        "POST /api/v1/calls/{id}/hold",
        "POST /api/v1/calls/{id}/resume",
        "POST /api/v1/tickets/{id}/events",
        "GET /api/v1/workflows/{name}/diagram",
        "GET /api/v1/flows/{name}/diagram",
        "GET /api/v1/openapi.json",
    }


async def test_calls_have_the_promised_fields(it: Whole) -> None:
    await it.house.calls.save(old_call(1))
    call = (await it.get("/api/v1/calls/main-1.1", "sam")).json
    assert set(call) >= CALL
    assert set(call["segments"][0]) >= SEGMENT
    assert (call["state"], call["outcome"]) == ("ended", "answered")
    assert call["started_at"] == "2026-01-31T08:00:01.000Z"
    assert call["segments"][0]["how"] == "queue"


async def test_a_call_is_dialled_and_ended(it: Whole) -> None:
    headers = {"Idempotency-Key": "dial-1"}
    first = await it.post("/api/v1/calls", "anna", {"to": "1002"}, headers=headers)
    assert first.status == 201, first.text
    again = await it.post("/api/v1/calls", "anna", {"to": "1002"}, headers=headers)
    assert again.json == first.json
    id_ = first.json["id"]
    await it.pbx.until(lambda: it.pbx.ringing("1001"))
    assert len(it.pbx.world.rings) == 1
    it.pbx.answer("1001")
    await until(lambda: it.house.switchboard.call(id_))
    refused = await it.post(f"/api/v1/calls/{id_}/hold", "anna")
    assert (refused.status, refused.code) == (409, "hold_on_phone")
    assert (await it.post(f"/api/v1/calls/{id_}/hangup", "anna")).status == 200
    await until(lambda: it.house.switchboard.call(id_) is None)
    await it.house.recorder.flush()
    assert (await it.get(f"/api/v1/calls/{id_}", "anna")).json["state"] == "ended"


async def test_lists_go_on_where_they_stopped(it: Whole) -> None:
    await it.house.calls.save_many([old_call(n) for n in range(5)])
    for n in range(5):
        him = await customer(it, name=f"Customer {n}", phones=[], note="")
        await ticket(it, subject=f"Ticket {n}", customer_id=him["id"])
    for path in ("/api/v1/calls", "/api/v1/customers", "/api/v1/tickets", "/api/v1/agents"):
        items: list[str] = []
        after = ""
        for _ in range(10):
            page = (await it.get(f"{path}?limit=2{after}", "sam")).json
            assert set(page) >= {"items", "next"}
            assert len(page["items"]) <= 2
            items += [json.dumps(item, sort_keys=True) for item in page["items"]]
            if page["next"] is None:
                break
            after = f"&after={page['next'].replace('~', '%7E').replace('+', '%2B')}"
        whole_ = (await it.get(path, "sam")).json["items"]
        assert items == [json.dumps(item, sort_keys=True) for item in whole_], path
        assert len(items) >= 3
        for query in (
            "limit=0",
            "limit=-1",
            "limit=201",
            "limit=1e3",
            "limit=x",
            "limit=1&limit=2",
            "nope=1",
        ):
            assert (await it.get(f"{path}?{query}", "sam")).status == 422, (path, query)


async def test_errors_have_a_code_a_message_and_details(it: Whole) -> None:
    made = await ticket(it)
    events = f"/api/v1/tickets/{made['id']}/events"
    current = (await it.get(f"/api/v1/tickets/{made['id']}", "anna")).json
    for status, code, reply in (
        (400, "malformed", await it.post("/api/v1/tickets", "anna", data=b"{", headers=JSON)),
        (401, "unauthenticated", await it.get("/api/v1/tickets")),
        (403, "role", await it.get("/api/v1/calls", "gao")),
        (404, "not_found", await it.get("/api/v1/tickets/nothing", "anna")),
        (404, "not_found", await it.get("/api/v1/nothing", "anna")),
        (405, "method_not_allowed", await it.ask("PUT", "/api/v1/tickets", "anna")),
        (409, "stale_version", await it.post(events, "anna", {"event": "answer", "version": 99})),
        (409, "not_allowed_in_state",
         await it.post(events, "anna", {"event": "archive", "version": current["version"]})),
        (422, "invalid", await it.post("/api/v1/tickets", "anna", {"workflow": "none", "subject": "x"})),
    ):  # fmt: skip
        assert (reply.status, reply.code) == (status, code), reply.text
        error = reply.json["error"]
        assert set(reply.json) == {"error"}
        assert set(error) == {"code", "message", "details"}
        assert error["message"].endswith((".", "urgent", "inquiry, repair")) or " " in error["message"]


async def test_a_ticket_is_opened_with_the_promised_answer(it: Whole) -> None:
    him = await customer(it)
    made = await ticket(it, customer_id=him["id"])
    assert set(made) >= {"id", "number", "workflow", "workflow_version", "state", "version"}
    assert re.fullmatch(r"[A-Z]-\d{8}-\d{4,}", made["number"])
    line = (await it.get(f"/api/v1/customers/{him['id']}/timeline", "anna")).json["items"]
    assert made["id"] in [entry["ref"] for entry in line]
    diagram = await it.get("/api/v1/workflows/inquiry/diagram", "anna")
    assert diagram.headers["Content-Type"].startswith("image/svg+xml")
    text = await it.get("/api/v1/workflows/inquiry/diagram", "anna", headers={"Accept": "text/plain"})
    assert text.headers["Content-Type"].startswith("text/plain")
    assert "stateDiagram" in text.text or "graph" in text.text or "flowchart" in text.text


async def test_the_same_key_gives_the_same_answer(it: Whole) -> None:
    body = {"workflow": "inquiry", "subject": "once"}

    async def post(key: str, content: dict[str, str], who: str = "anna") -> Any:
        return await it.post("/api/v1/tickets", who, content, headers={"Idempotency-Key": key})

    answers = await asyncio.gather(*(post("k", body) for _ in range(8)))
    assert {answer.status for answer in answers} == {201}
    assert len({answer.body for answer in answers}) == 1
    other = await post("k", {**body, "subject": "twice"})
    assert (other.status, other.code) == (422, "idempotency_mismatch")
    assert (await post("k2", body)).json["id"] != answers[0].json["id"]
    assert (await post("k", body, "ben")).json["id"] != answers[0].json["id"]
    refused = await post("bad", {"workflow": "none", "subject": "x"})
    assert refused.body == (await post("bad", {"workflow": "none", "subject": "x"})).body
    found = (await it.get("/api/v1/tickets?q=once", "anna")).json["items"]
    assert len(found) == 3


async def test_of_two_who_change_a_ticket_at_once_one_wins(it: Whole) -> None:
    made = await ticket(it)
    detail = (await it.get(f"/api/v1/tickets/{made['id']}", "anna")).json
    event = next(e for e in detail["events"] if not any(field["required"] for field in e["fields"]))
    body = {"event": event["name"], "version": detail["version"]}
    path = f"/api/v1/tickets/{made['id']}/events"
    answers = await asyncio.gather(*(it.post(path, "anna", body) for _ in range(6)))
    assert sorted(answer.status for answer in answers) == [200, 409, 409, 409, 409, 409]
    assert {answer.code for answer in answers if answer.status == 409} <= {"stale_version"}
    history = (await it.get(f"/api/v1/tickets/{made['id']}/history", "anna")).json["items"]
    assert [row["seq"] for row in history] == [1, 2]
    assert history[1]["previous"] == history[0]["hash"]


async def test_the_socket_says_hello_sends_pops_and_resumes_from_the_board(it: Whole) -> None:
    board = (await it.get("/api/v1/board", "anna")).json
    async with it.live("anna") as line:
        hello = await hear(line)
        assert set(hello) >= {"type", "epoch", "seq", "user", "snapshot"}
        assert (hello["type"], hello["epoch"]) == ("hello", board["epoch"])
        pop = await rings(it, "Li Na")
        while (message := await hear(line))["type"] != "pop":
            pass
        assert set(message) == {"type", "epoch", "seq", "at", "data", "html"}
        assert TIME.fullmatch(message["at"])
        assert set(message["data"]) >= POP
        assert set(message["data"]["caller"]) >= {"number", "shown", "name"}
        assert (message["data"]["stage"], message["data"]["match"]) == ("ringing", "none")
        assert message["data"]["call_id"] == pop["call_id"]
    async with it.live("anna", f"?epoch={board['epoch']}&seq={board['seq']}") as line:
        assert (await hear(line))["type"] == "resumed"
        seen = []
        while not seen or seen[-1]["seq"] < message["seq"]:
            seen.append(await hear(line))
        assert [m["seq"] for m in seen] == sorted({m["seq"] for m in seen})
        assert seen[-1] == message
        await line.send('{"id": "c1", "do": "agent.pause", "args": {"reason": "lunch"}}')
        while "reply" not in (reply := await hear(line)):
            pass
        assert (reply["reply"], reply["ok"], set(reply)) == ("c1", True, {"reply", "ok", "result"})
        await line.send('{"id": "c2", "do": "call.dial", "args": {"to": "x"}}')
        while "reply" not in (reply := await hear(line)):
            pass
        assert (reply["reply"], reply["ok"]) == ("c2", False)
        assert set(reply["error"]) >= {"code", "message"}
    async with it.live("anna", f"?epoch=another&seq={board['seq']}") as line:
        assert (await hear(line))["type"] == "hello"


async def test_snapshot_and_board_agree(it: Whole) -> None:
    await rings(it)
    board = (await it.get("/api/v1/board", "sam")).json
    async with it.live("sam") as line:
        hello = await hear(line)
    assert hello["epoch"] == board["epoch"]
    for part in ("calls", "agents", "pbxs"):
        assert hello["snapshot"][part] == board[part]
    assert len(board["calls"]) == 1


JSON = {"Content-Type": "application/json"}


async def test_health_says_what_is_away(it: Whole) -> None:
    assert (await it.get("/healthz")).status == 200
    ready = await it.get("/readyz")
    assert (ready.status, ready.json["ready"], ready.json["pbx"]) == (200, True, {"main": "up"})
    text = (await it.get("/metrics")).text
    assert 'ringdesk_pbx_up{pbx="main"} 1.0' in text
    for figure in ("due 0.0", "lag_seconds 0.0", "fired_total 0.0", "failures_total 0.0"):
        assert f"\nringdesk_timer_{figure}\n" in text
    assert 'ringdesk_pin_checks_total{result="wrong"} 0.0' in text
    assert not re.search(r"\d{7,}\"", text)
    await it.pbx.stop()
    await until(lambda: not it.house.switchboard.lines["main"].up)
    away = await it.get("/readyz")
    assert (away.status, away.json["ready"]) == (503, False)
    assert away.json["pbx"]["main"] != "up"
    assert (await it.get("/healthz")).status == 200
    assert msgspec.json.decode(away.body)["database"] == "ok"
