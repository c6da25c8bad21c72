"""Who may do what, over all routes and on the live socket; and what keeps other sites and old sessions out."""

from __future__ import annotations

import asyncio
import io
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import websockets

from core.database import Database
from core.identity import Identity, Role
from screenpop.hub import SIGNED_OUT
from server.site import routes
from tests.conftest import PASSWORD
from tests.integration.whole import PEOPLE, Whole, public, whole
from tests.wait import until

INITIALS = {"a": "anna", "d": "dora", "p": "gao", "l": "zhao", "s": "sam", "u": "uli", "x": "root"}
ALL, TICKETS, DESK, CALLS, SEE = "adplsux", "adplsx", "adsx", "adsux", "sux"
MONEY = "adlsux"
TABLE = {
    ("DELETE", "/api/v1/absences/{id}"): TICKETS,
    ("DELETE", "/api/v1/accounts/{account}/pin"): DESK,
    ("DELETE", "/api/v1/departments/{name}/members/{user}"): "x",
    ("GET", "/"): ALL,
    ("GET", "/api/v1/absences"): ALL,
    ("GET", "/api/v1/accounts/{account}"): MONEY,
    ("GET", "/api/v1/accounts/{account}/pin"): DESK,
    ("GET", "/api/v1/agents"): CALLS,
    ("GET", "/api/v1/board"): CALLS,
    ("GET", "/api/v1/callbacks"): CALLS,
    ("GET", "/api/v1/callbacks/{id}"): CALLS,
    ("GET", "/api/v1/calls"): CALLS,
    ("GET", "/api/v1/calls/{id}"): CALLS,
    ("GET", "/api/v1/calls/{id}/context"): CALLS,
    ("GET", "/api/v1/customers"): ALL,
    ("GET", "/api/v1/customers/{id}"): ALL,
    ("GET", "/api/v1/customers/{id}/accounts"): MONEY,
    ("GET", "/api/v1/customers/{id}/timeline"): ALL,
    ("GET", "/api/v1/departments"): ALL,
    ("GET", "/api/v1/departments/{name}"): ALL,
    ("GET", "/api/v1/flows"): ALL,
    ("GET", "/api/v1/flows/{name}"): ALL,
    ("GET", "/api/v1/flows/{name}/diagram"): ALL,
    ("GET", "/api/v1/pbxs"): SEE,
    ("GET", "/api/v1/outages"): ALL,
    ("GET", "/api/v1/outages/{id}"): ALL,
    ("GET", "/api/v1/queues"): CALLS,
    ("GET", "/api/v1/reports/ivr"): "lsux",
    ("GET", "/api/v1/reports/ivr/visits"): "lsux",
    ("GET", "/api/v1/surveys"): "lsux",
    ("GET", "/api/v1/surveys/figures"): "lsux",
    ("GET", "/api/v1/recordings"): ALL,
    ("GET", "/api/v1/recordings/{id}"): ALL,
    ("GET", "/api/v1/recordings/{id}/audio"): ALL,
    ("GET", "/api/v1/tickets"): ALL,
    ("GET", "/api/v1/tickets/{id}"): ALL,
    ("GET", "/api/v1/tickets/{id}/clocks"): ALL,
    ("GET", "/api/v1/tickets/{id}/history"): ALL,
    ("GET", "/api/v1/tickets/{id}/links"): ALL,
    ("GET", "/api/v1/workflows"): ALL,
    ("GET", "/api/v1/workflows/{name}"): ALL,
    ("GET", "/api/v1/workflows/{name}/diagram"): ALL,
    ("GET", "/api/v1/workflows/{name}/form"): ALL,
    ("GET", "/audit"): "ux",
    ("GET", "/callbacks"): CALLS,
    ("GET", "/calls"): CALLS,
    ("GET", "/calls/{id}"): CALLS,
    ("GET", "/calls/{id}/recordings"): ALL,
    ("GET", "/customers"): ALL,
    ("GET", "/customers/{id}"): ALL,
    ("GET", "/desk"): ALL,
    ("GET", "/desk/calls/{id}"): ALL,
    ("GET", "/desk/customers/{id}"): ALL,
    ("GET", "/desk/customers/{id}/timeline"): ALL,
    ("GET", "/desk/find"): ALL,
    ("GET", "/desk/pops/{pop_id}/card"): ALL,
    ("GET", "/desk/search"): ALL,
    ("GET", "/desk/session"): ALL,
    ("GET", "/desk/tickets/{id}"): ALL,
    ("GET", "/absences"): TICKETS,
    ("GET", "/outages"): "dsx",
    ("GET", "/outages/new"): "dsx",
    ("GET", "/outages/{id}"): "dsx",
    ("GET", "/flows"): SEE,
    ("GET", "/flows/{name}"): SEE,
    ("GET", "/flows/{name}/live"): SEE,
    ("GET", "/flows/{name}/visits"): SEE,
    ("GET", "/recordings"): SEE,
    ("GET", "/recordings/of"): ALL,
    ("GET", "/satisfaction"): "lsux",
    ("GET", "/settings"): ALL,
    ("GET", "/tickets"): ALL,
    ("GET", "/tickets/bulk"): TICKETS,
    ("GET", "/tickets/{id}"): ALL,
    ("GET", "/tickets/{id}/diagram"): ALL,
    ("GET", "/wall"): SEE,
    ("GET", "/ws"): ALL,
    ("PATCH", "/api/v1/customers/{id}"): DESK,
    ("PATCH", "/api/v1/outages/{id}"): "dsx",
    ("POST", "/api/v1/accounts/{account}/pin/unlock"): DESK,
    ("POST", "/api/v1/absences"): TICKETS,
    ("POST", "/api/v1/agents/{user}/login"): DESK,
    ("POST", "/api/v1/agents/{user}/logout"): DESK,
    ("POST", "/api/v1/agents/{user}/pause"): DESK,
    ("POST", "/api/v1/agents/{user}/ready"): DESK,
    ("POST", "/api/v1/callbacks"): DESK,
    ("POST", "/api/v1/callbacks/{id}/cancel"): "sx",
    ("POST", "/api/v1/calls"): DESK,
    ("POST", "/api/v1/calls/{id}/context"): DESK,
    ("POST", "/api/v1/calls/{id}/hangup"): DESK,
    ("POST", "/api/v1/calls/{id}/hold"): DESK,
    ("POST", "/api/v1/calls/{id}/resume"): DESK,
    ("POST", "/api/v1/calls/{id}/transfer"): DESK,
    ("POST", "/api/v1/calls/{id}/transfer/cancel"): DESK,
    ("POST", "/api/v1/calls/{id}/transfer/complete"): DESK,
    ("POST", "/api/v1/customers"): DESK,
    ("POST", "/api/v1/customers/{id}/notes"): DESK,
    ("POST", "/api/v1/customers/{id}/phones"): DESK,
    ("POST", "/api/v1/departments/{name}/members"): "x",
    ("POST", "/api/v1/outages"): "dsx",
    ("POST", "/api/v1/outages/{id}/end"): "dsx",
    ("POST", "/api/v1/tickets"): TICKETS,
    ("POST", "/api/v1/tickets/bulk"): TICKETS,
    ("POST", "/api/v1/tickets/{id}/events"): TICKETS,
    ("POST", "/absences"): TICKETS,
    ("POST", "/absences/{id}/end"): TICKETS,
    ("POST", "/callbacks/{id}/cancel"): "sx",
    ("POST", "/desk/customers/{id}/notes"): DESK,
    ("POST", "/desk/customers/{id}/pin"): DESK,
    ("POST", "/desk/customers/{id}/pin/unlock"): DESK,
    ("POST", "/desk/tickets/{id}/events"): TICKETS,
    ("POST", "/outages/new"): "dsx",
    ("POST", "/outages/{id}"): "dsx",
    ("POST", "/outages/{id}/end"): "dsx",
    ("POST", "/settings"): ALL,
    ("POST", "/tickets/bulk"): TICKETS,
    ("PUT", "/api/v1/accounts/{account}"): "sx",
    ("PUT", "/api/v1/accounts/{account}/pin"): DESK,
    ("PUT", "/api/v1/departments/{name}"): "x",
}
"""Every route that asks who you are, and the roles that it lets in, by their initials."""
PUBLIC = {
    ("GET", "/api/v1/openapi.json"),
    ("GET", "/healthz"),
    ("GET", "/metrics"),
    ("GET", "/readyz"),
    ("GET", "/sign-in"),
    ("GET", "/static/{version}/{name:.+}"),
    ("POST", "/sign-in"),
    ("POST", "/sign-out"),
}
UNSAFE = sorted(key for key in TABLE if key[0] != "GET")


@pytest.fixture
async def it(tmp_path: Path, sqlite_template: Path) -> AsyncIterator[Whole]:
    async with whole(tmp_path, sqlite_template) as running:
        yield running


def filled(path: str, user: str) -> str:
    """The path with the name of a thing that is not there, and the user's own name."""
    return (
        path.replace("{user}", user)
        .replace("{id}", "none")
        .replace("{pop_id}", "none")
        .replace("{account}", "none")
        .replace("{name}", "none")
    )


async def hear(line: websockets.ClientConnection) -> dict[str, Any]:
    return json.loads(await asyncio.wait_for(line.recv(), 60))  # type: ignore[no-any-return]


async def told(line: websockets.ClientConnection, do: str, **args: Any) -> dict[str, Any]:
    """Have a command carried out; its reply, whatever else is heard meanwhile."""
    await line.send(json.dumps({"id": do, "do": do, "args": args}))
    while True:
        message = await hear(line)
        if message.get("reply") == do:
            return message


async def closed(line: websockets.ClientConnection) -> int:
    """Read until the server closes; its close code."""
    async with asyncio.timeout(60):
        try:
            async for _ in line:
                pass
        except websockets.ConnectionClosed:
            pass
    assert line.close_code is not None
    return line.close_code


async def test_every_route_lets_in_exactly_its_roles(it: Whole) -> None:
    listed = routes(it.house)
    assert {(r.method, r.path) for r in listed if r.permission is None} == PUBLIC
    assert {(r.method, r.path) for r in listed if r.permission is not None} == set(TABLE)
    wrong = []
    for (method, path), roles in TABLE.items():
        for initial, user in INITIALS.items():
            given = (
                {} if method == "GET" else {"data": b"{}", "headers": {"Content-Type": "application/json"}}
            )
            reply = await it.ask(method, filled(path, user), user, **given)
            refused = reply.status == 403
            if refused is (initial in roles) or reply.status in (401, 500):
                wrong.append((method, path, user, reply.status))
    assert wrong == []


async def test_nobody_and_a_false_token_get_nothing(it: Whole) -> None:
    pages = {(r.method, r.path) for r in routes(it.house) if r.page}
    for method, path in TABLE:
        for headers in ({}, {"Authorization": "Bearer rdk_x"}, {"Cookie": "ringdesk_session=x"}):
            reply = await it.ask(method, filled(path, "anna"), headers=headers)
            if (method, path) in pages:
                assert reply.status in (302, 303), (method, path)
                assert reply.headers["Location"].startswith("/sign-in")
            else:
                assert (reply.status, reply.code) == (401, "unauthenticated"), (method, path)
                assert reply.headers["WWW-Authenticate"].startswith("Bearer")


async def test_what_changes_something_takes_a_csrf_token_of_this_session_and_our_own_origin(
    it: Whole,
) -> None:
    anna, other = await it.sign_in("anna"), await it.sign_in("anna")
    cookie = {"Cookie": anna["Cookie"], "Content-Type": "application/json", "Accept": "application/json"}
    right = anna["X-CSRF-Token"]
    attempts = {
        "no token": {},
        "empty": {"X-CSRF-Token": ""},
        "another session's": {"X-CSRF-Token": other["X-CSRF-Token"]},
        "no text": {"X-CSRF-Token": "\udcff\udcfe"},
        "foreign origin": {"X-CSRF-Token": right, "Origin": "https://evil.example"},
        "origin null": {"X-CSRF-Token": right, "Origin": "null"},
        "another port": {"X-CSRF-Token": right, "Origin": "http://127.0.0.1:1"},
        "cross-site": {"X-CSRF-Token": right, "Sec-Fetch-Site": "cross-site"},
    }
    for method, path in UNSAFE:
        for name, extra in attempts.items():
            reply = await it.ask(method, filled(path, "anna"), headers={**cookie, **extra}, data=b"{}")
            assert reply.status == 403, (method, path, name)
    for path in ("/sign-in", "/sign-out"):  # public, and still not for another site's form
        reply = await it.post(path, data={"name": "anna"}, headers={"Origin": "https://evil.example"})
        assert reply.status == 403
    good = {**cookie, "X-CSRF-Token": right, "Origin": it.url}
    assert (await it.ask("POST", "/api/v1/tickets", headers=good, data=b"{}")).status == 422


async def test_a_token_needs_no_csrf_and_a_session_never_rides_on_a_bad_token(it: Whole) -> None:
    assert (await it.post("/api/v1/tickets", "anna", {})).status == 422
    anna = await it.sign_in("anna")
    reply = await it.get("/api/v1/board", headers={**anna, "Authorization": "Bearer wrong"})
    assert reply.status == 401


async def test_an_agent_sees_and_moves_only_what_is_its_own(it: Whole) -> None:
    for user in ("anna", "ben"):
        await it.post(f"/api/v1/agents/{user}/ready", user)
    await it.post("/api/v1/agents/anna/pause", "anna", {"reason": "lunch"})
    await it.pbx.until(lambda: "PJSIP/1002" in it.pbx.queues.queues["service"].members)
    it.pbx.caller("13800138000")
    await it.pbx.until(lambda: it.pbx.ringing("1002"))
    await until(lambda: it.house.popper.pops_of("ben", "en"))
    (call,) = it.house.switchboard.snapshot().calls
    pop = it.house.popper.pops_of("ben", "en")[0]["pop_id"]
    assert [c["id"] for c in (await it.get("/api/v1/calls?agent=ben", "ben")).json["items"]] in (
        [],
        [call.id],
    )
    assert (await it.get(f"/api/v1/calls/{call.id}", "ben")).status == 200
    assert (await it.get(f"/api/v1/calls/{call.id}", "sam")).status == 200
    for path in (f"/api/v1/calls/{call.id}", f"/desk/calls/{call.id}", f"/desk/pops/{pop}/card?customer=x"):
        assert (await it.get(path, "anna")).status == 404, path
    assert (await it.get("/api/v1/calls?agent=ben", "anna")).json["items"] == []
    board = (await it.get("/api/v1/board", "anna")).json
    assert (board["calls"], [agent["user"] for agent in board["agents"]]) == ([], ["anna"])
    assert [agent["user"] for agent in (await it.get("/api/v1/agents", "anna")).json["items"]] == ["anna"]
    for verb, body in (("hangup", {}), ("hold", {}), ("transfer", {"to": "1001", "kind": "blind"})):
        assert (await it.post(f"/api/v1/calls/{call.id}/{verb}", "anna", body)).status == 404, verb
        assert (await it.post(f"/api/v1/calls/{call.id}/{verb}", "gao", body)).status == 403, verb
    for verb in ("ready", "pause", "login", "logout"):
        assert (await it.post(f"/api/v1/agents/ben/{verb}", "anna", {})).code == "role", verb
        assert (await it.post(f"/api/v1/agents/ben/{verb}", "uli", {})).code == "role", verb
    assert (await it.post("/api/v1/agents/ben/pause", "sam", {"reason": "meeting"})).status == 200
    async with it.live("anna") as line:
        hello = await hear(line)
        assert (hello["snapshot"]["calls"], hello["snapshot"]["pops"]) == ([], [])
        for do, args in (("pop.close", {"pop_id": pop}), ("call.hangup", {"call_id": call.id})):
            assert (await told(line, do, **args))["error"]["code"] == "not_found"
    assert it.pbx.ringing("1002")


async def test_the_live_socket_wants_a_session_and_our_own_origin(it: Whole) -> None:
    anna = await it.sign_in("anna")

    async def status(**headers: str) -> int:
        try:
            async with it.live(**headers) as line:
                assert (await hear(line))["type"] == "hello"
                return 101
        except websockets.InvalidStatus as refusal:
            return refusal.response.status_code

    cookie = anna["Cookie"]
    assert await status() == 401
    assert await status(Authorization="Bearer no") == 401
    assert await status(Cookie="ringdesk_session=no", Origin=it.url) == 401
    assert await status(Cookie=cookie) == 403
    assert await status(Cookie=cookie, Origin="https://evil.example") == 403
    assert await status(Cookie=cookie, Origin="null") == 403
    assert await status(Cookie=cookie, Origin=it.url + "1") == 403
    assert await status(Cookie=cookie, Origin=it.url) == 101
    assert (await it.get("/ws", "anna")).status == 400


async def test_signing_out_closes_the_sockets_of_this_session_only(it: Whole) -> None:
    one, two = await it.sign_in("anna"), await it.sign_in("anna")
    async with (
        it.live(Cookie=one["Cookie"], Origin=it.url) as first,
        it.live(Cookie=two["Cookie"], Origin=it.url) as second,
        it.live("anna") as program,
    ):
        for line in (first, second, program):
            await hear(line)
        assert (await it.post("/sign-out", headers=one)).status == 303
        assert await closed(first) == SIGNED_OUT
        for line in (second, program):
            assert (await told(line, "nothing"))["error"]["code"] == "unknown_command"
        assert (await it.get("/desk/session", headers={"Cookie": one["Cookie"]})).status == 401
        with pytest.raises(websockets.InvalidStatus):
            await it.live(Cookie=one["Cookie"], Origin=it.url)


async def test_another_role_closes_all_sockets_and_sessions(it: Whole) -> None:
    sam = await it.sign_in("sam")
    async with it.live(Cookie=sam["Cookie"], Origin=it.url) as page, it.live("sam") as program:
        assert len((await hear(page))["snapshot"]["agents"]) == 3
        await hear(program)
        await it.house.identity.set_role("sam", Role.AGENT, it.house.clock.now())
        assert await closed(page) == SIGNED_OUT
        assert await closed(program) == SIGNED_OUT
    assert (await it.get("/desk/session", headers=sam)).status == 401
    assert (await it.get("/wall", "sam")).status == 403
    assert (await it.get("/api/v1/agents", "sam")).json["items"] == []


async def test_a_user_who_is_shut_out_loses_everything_at_once(it: Whole) -> None:
    anna = await it.sign_in("anna")
    async with it.live(Cookie=anna["Cookie"], Origin=it.url) as page:
        await hear(page)
        await it.house.identity.set_active("anna", False, it.house.clock.now())
        assert await closed(page) == SIGNED_OUT
    assert (await it.get("/api/v1/board", "anna")).status == 401
    assert (await it.get("/desk/session", headers=anna)).status == 401
    reply = await it.post("/sign-in", data={"name": "anna", "password": PASSWORD})
    assert reply.status == 401


async def test_a_session_that_ran_out_or_was_ended_elsewhere_closes_its_sockets(it: Whole) -> None:
    anna, ben = await it.sign_in("anna"), await it.sign_in("ben")
    async with (
        it.live(Cookie=anna["Cookie"], Origin=it.url) as first,
        it.live(Cookie=ben["Cookie"], Origin=it.url) as second,
        it.live("anna") as program,
    ):
        for line in (first, second, program):
            await hear(line)
        async with it.house.db.begin() as tx:  # as another process, or time, would
            await tx.exec_driver_sql("UPDATE sessions SET signed_in_at = 0 WHERE user = 'anna'")
        await it.house.check_windows()
        assert await closed(first) == SIGNED_OUT
        for line in (second, program):
            assert (await told(line, "nothing"))["error"]["code"] == "unknown_command"


async def test_signing_in_gives_a_new_session_and_ends_the_old_one(it: Whole) -> None:
    fixed = "ringdesk_session=attackers-choice"
    first = await it.sign_in("anna", cookie=fixed)
    assert fixed not in first["Cookie"]
    assert (await it.get("/desk/session", headers={"Cookie": fixed})).status == 401
    second = await it.sign_in("anna", cookie=first["Cookie"])
    assert second["Cookie"] != first["Cookie"]
    assert (await it.get("/desk/session", headers=first)).status == 401
    assert (await it.get("/desk/session", headers=second)).status == 204


async def test_the_cookie_is_for_our_server_alone(it: Whole, tmp_path: Path, sqlite_template: Path) -> None:
    reply = await it.post("/sign-in", data={"name": "anna", "password": PASSWORD})
    cookie = reply.cookies["ringdesk_session"]
    for part in ("HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=43200"):
        assert part in cookie
    assert "Secure" not in cookie
    assert "Domain" not in cookie
    (tmp_path / "https").mkdir()
    async with whole(tmp_path / "https", sqlite_template, public("https://desk.example.com")) as secure:
        data = {"name": "anna", "password": PASSWORD}
        reply = await secure.post("/sign-in", data=data, headers={"Origin": "https://desk.example.com"})
        assert "Secure" in reply.cookies["ringdesk_session"]
        assert reply.headers["Strict-Transport-Security"].startswith("max-age=")
        plain = await secure.post("/sign-in", data=data, headers={"Origin": secure.url})
        assert plain.status == 403


async def test_guessing_passwords_is_slowed_down(it: Whole) -> None:
    for _ in range(5):
        assert (await it.post("/sign-in", data={"name": "anna", "password": "no"})).status == 401
    reply = await it.post("/sign-in", data={"name": "anna", "password": PASSWORD})
    assert reply.status == 429
    assert int(reply.headers["Retry-After"]) > 0


async def test_signing_in_leads_to_no_other_site(it: Whole) -> None:
    data = {"name": "anna", "password": PASSWORD}
    for elsewhere in (
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\r\nSet-Cookie: a=b",
        "evil.example",
        " //evil.example",
        "/\u202e",
    ):
        reply = await it.post("/sign-in", data={**data, "next": elsewhere})
        assert (reply.status, reply.headers["Location"]) == (303, "/"), elsewhere
        assert set(reply.cookies) == {"ringdesk_session", "ringdesk_language"}
        page = await it.get(f"/sign-in?next={quote(elsewhere)}")
        assert "evil" not in page.text
    for given in ("/customers?q=%E9%AB%98", "/customers?q=高"):
        here = await it.post("/sign-in", data={**data, "next": given})
        assert here.headers["Location"] == "/customers?q=%E9%AB%98"


async def test_static_files_are_those_of_the_tree(it: Whole) -> None:
    version = it.house.renderer.assets.version
    assert (await it.get(f"/static/{version}/js/desk.js")).status == 200
    for name in (
        "../session.py",
        "..%2f..%2fsession.py",
        "%2e%2e/session.py",
        "/etc/passwd",
        "js/../../live.py",
        "js%5c..%5c..%5clive.py",
        "js/desk.js/",
        "js/",
        "",
        "js/desk.js%00",
        "%ff",
    ):
        reply = await it.get(f"/static/{version}/{name}")
        assert reply.status in (400, 404), name
        assert b"import" not in reply.body


async def test_every_answer_is_hardened(it: Whole) -> None:
    version = it.house.renderer.assets.version
    anna = await it.sign_in("anna")
    replies = {
        "page": await it.get("/desk", headers=anna),
        "sign-in": await it.get("/sign-in"),
        "redirect": await it.get("/"),
        "api": await it.get("/api/v1/board", "anna"),
        "401": await it.get("/api/v1/board"),
        "403": await it.get("/wall", "anna"),
        "404": await it.get("/nothing"),
        "404 page": await it.get("/nothing", headers={"Accept": "text/html"}),
        "405": await it.ask("DELETE", "/api/v1/board", "anna"),
        "413": await it.post("/api/v1/tickets", "anna", data=io.BytesIO(b"x" * (1 << 21))),
        "422": await it.post("/api/v1/tickets", "anna", {}),
        "static": await it.get(f"/static/{version}/js/desk.js"),
        "static 404": await it.get(f"/static/{version}/nothing.js"),
        "health": await it.get("/healthz"),
        "metrics": await it.get("/metrics"),
        "diagram": await it.get("/api/v1/workflows/repair/diagram", "anna"),
        "ws": await it.get("/ws", "anna"),
    }
    for name, reply in replies.items():
        headers = reply.headers
        policy = headers["Content-Security-Policy"]
        for part in ("default-src 'self'", "object-src 'none'", "frame-ancestors 'none'", "base-uri 'none'",
                     "form-action 'self'"):  # fmt: skip
            assert part in policy, name
        assert "unsafe" not in policy, name
        assert headers["X-Content-Type-Options"] == "nosniff", name
        assert headers["X-Frame-Options"] == "DENY", name
        assert headers["Referrer-Policy"] == "same-origin", name
        assert headers["X-Request-ID"], name
        assert headers["Server"] == "ringdesk", name
        if name != "static":
            assert headers["Cache-Control"] == "no-store", name


async def test_pages_carry_no_inline_script_or_style(it: Whole) -> None:
    anna, sam = await it.sign_in("anna"), await it.sign_in("sam")
    pages = [await it.get(path, headers=anna) for path in ("/desk", "/customers", "/tickets", "/settings")]
    pages += [
        await it.get("/wall", headers=sam),
        await it.get("/sign-in"),
        await it.get("/wall", headers=anna),
    ]
    for page in pages:
        check_markup(page.text)


def test_templates_carry_no_inline_script_or_style() -> None:
    found = sorted(Path("screenpop/templates").rglob("*.html"))
    assert len(found) > 20
    for path in found:
        text = path.read_text()
        check_markup(text)
        assert "|safe" not in text.replace(" ", ""), path


def check_markup(text: str) -> None:
    """Nothing that the policy would block, and no request to another host."""
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", text)
    for attributes in re.findall(r"<script([^>]*)>", text):
        assert "src=" in attributes or 'type="application/json"' in attributes
    assert not re.search(r'(?:src|href|action)="(?:https?:)?//', text)


async def test_the_name_of_every_person_in_the_table_has_the_role_that_its_initial_says() -> None:
    roles = [PEOPLE[user][0] for user in INITIALS.values()]
    assert roles == list(Role)


async def test_a_revoked_token_closes_its_live_sockets(it: Whole) -> None:
    """At once where this server revokes it, at its next look where a command does; a browser of the user stays."""
    browser = await it.sign_in("anna")
    async with (
        it.live("", Cookie=browser["Cookie"], Origin=it.url) as page,
        it.live("anna") as first,
        it.live("ben") as bens,
    ):
        for line in (page, first, bens):
            assert (await hear(line))["type"] == "hello"
        assert await it.house.identity.revoke_tokens("anna", it.house.clock.now()) == 1
        assert await closed(first) == 4001
        elsewhere = Database(it.house.settings.database.url)
        await Identity(elsewhere, it.house.settings.security).revoke_tokens("ben", it.house.clock.now())
        await elsewhere.close()
        await it.house.check_windows()
        assert await closed(bens) == 4001
        assert (await told(page, "ping"))["reply"] == "ping"
