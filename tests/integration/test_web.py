"""The web layer over a real socket: who gets in, what is told when not, and what is done once only."""

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Annotated, Any

import msgspec
import pytest
import sqlalchemy as sa
from aiohttp import ClientResponse, CookieJar, web
from aiohttp.test_utils import TestClient, TestServer

from core.database import Database
from core.errors import Conflict, Invalid, NotFound, TooMany, Unavailable
from core.identity import Identity, Permission, Role, SignedIn
from core.web.app import BODY_LIMIT, install
from core.web.errors import Problem
from core.web.lists import ListQuery, Page, page
from core.web.openapi import openapi_route
from core.web.routes import Ask, Route
from core.web.site import client_address, start_session
from tests.conftest import PASSWORD, START, FakeClock, MakeUser

Client = TestClient[web.Request, web.Application]
ORIGIN = "http://127.0.0.1"


class Thing(msgspec.Struct, forbid_unknown_fields=True):
    name: Annotated[str, msgspec.Meta(min_length=1)]
    count: int = 1
    extra: Any = None


class ThingQuery(ListQuery, frozen=True):
    color: str = ""


class Shop:
    """Handlers with something to count."""

    def __init__(self) -> None:
        self.made = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.entered = asyncio.Event()

    async def make(self, ask: Ask[Thing, None]) -> dict[str, Any]:
        self.entered.set()
        await self.gate.wait()
        self.made += 1
        return {"name": ask.body.name, "count": ask.body.count, "made": self.made, "by": ask.user.name}

    async def list(self, ask: Ask[None, ThingQuery]) -> Page[Thing]:
        return page([Thing(name=ask.query.color or "any", count=ask.query.limit)], "n1")

    async def get(self, ask: Ask[None, None]) -> Thing:
        return Thing(name=ask.path["id"])

    async def fail(self, ask: Ask[None, None]) -> None:
        self.made += 1
        raise FAILURES[ask.path["how"]]

    async def look(self, ask: Ask[None, None]) -> web.Response:
        return web.Response(text=f"<p>{ask.user.full_name}</p>", content_type="text/html")

    async def sign_in(self, ask: Ask[None, None]) -> web.Response:
        return web.Response(text=client_address(ask.request))


FAILURES: dict[str, Exception] = {
    "missing": NotFound("No such thing."),
    "stale": Conflict("Changed meanwhile.", code="stale_version", version=3),
    "bad": Invalid("Not like this.", field="name"),
    "many": TooMany("Slower.", retry_after=7),
    "away": Unavailable("The PBX is away."),
    "bug": ZeroDivisionError("secret inside"),
}


def routes(shop: Shop) -> list[Route]:
    """One of each kind."""
    see, do = Permission.CUSTOMERS_SEE, Permission.CUSTOMERS_EDIT
    return [
        Route("GET", "/api/v1/things", shop.list, see, "List", query=ThingQuery, reply=Page[Thing]),
        Route("POST", "/api/v1/things", shop.make, do, "Make", body=Thing, reply=Thing, status=201),
        Route("POST", "/things", shop.make, do, "Make by a form", body=Thing, reply=Thing, status=201),
        Route("GET", "/api/v1/things/{id}", shop.get, see, "Get", reply=Thing),
        Route("POST", "/api/v1/fail/{how}", shop.fail, see, "Fail"),
        Route("GET", "/look", shop.look, see, "Look", page=True),
        Route("POST", "/look/{how}", shop.fail, see, "Fail as a page", page=True),
        Route("POST", "/sign-in", shop.sign_in, None, "Sign in", page=True),
    ]


def error_page(_request: web.Request, problem: Problem) -> web.Response:
    return web.Response(text=f"<h1>{problem.code}</h1>", status=problem.status, content_type="text/html")


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture
async def client(identity: Identity, db: Database, clock: FakeClock, shop: Shop) -> AsyncIterator[Client]:
    app = web.Application(client_max_size=BODY_LIMIT)
    listed = routes(shop)
    install(app, [*listed, openapi_route(listed, "1.0")], identity, db, clock, render_error=error_page)

    async def direct(request: web.Request) -> web.Response:
        response = web.Response()
        signed_in = await identity.sign_in("anna", PASSWORD, "127.0.0.1", clock.now())
        start_session(request, response, signed_in)
        return response

    app.router.add_get("/direct", direct)
    async with TestClient(TestServer(app), cookie_jar=CookieJar(unsafe=True)) as made:
        yield made


Browser = Callable[..., Awaitable[ClientResponse]]


@pytest.fixture
async def token(identity: Identity, make_user: MakeUser) -> dict[str, str]:
    """The header of a program that acts for anna, an agent."""
    await make_user("anna")
    return {"Authorization": f"Bearer {await identity.add_token('anna', START)}"}


@pytest.fixture
async def signed_in(client: Client, identity: Identity, make_user: MakeUser) -> SignedIn:
    """anna's browser, with its cookie set."""
    await make_user("anna")
    session = await identity.sign_in("anna", PASSWORD, "127.0.0.1", START)
    client.session.cookie_jar.update_cookies({"ringdesk_session": session.token}, client.make_url("/"))
    return session


async def error_of(response: ClientResponse) -> tuple[int, str]:
    """Status and code of a refusal, which must have the contract's form."""
    error = (await response.json())["error"]
    assert set(error) == {"code", "message", "details"}
    assert error["message"]
    return response.status, error["code"]


async def test_a_program_gets_in_with_its_token(client: Client, token: dict[str, str]) -> None:
    response = await client.get("/api/v1/things/a%20b", headers=token)
    assert response.status == 200
    assert await response.json() == {"name": "a b", "count": 1, "extra": None}


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer x"}, {"Authorization": "Basic YTpi"}])
async def test_who_is_nobody_gets_401(client: Client, header: dict[str, str]) -> None:
    response = await client.get("/api/v1/things", headers=header)
    assert await error_of(response) == (401, "unauthenticated")
    assert "WWW-Authenticate" in response.headers


async def test_a_role_that_may_not_gets_403(client: Client, identity: Identity, make_user: MakeUser) -> None:
    await make_user("audit", Role.AUDITOR)
    token = {"Authorization": f"Bearer {await identity.add_token('audit', START)}"}
    assert (await client.get("/api/v1/things", headers=token)).status == 200
    response = await client.post("/api/v1/things", headers=token, json={"name": "a"})
    assert await error_of(response) == (403, "role")


async def test_a_browser_sends_its_csrf_token_back(client: Client, signed_in: SignedIn) -> None:
    async def post(**headers: str) -> ClientResponse:
        return await client.post("/api/v1/things", json={"name": "a"}, headers=headers)

    assert await error_of(await post()) == (403, "csrf")
    assert await error_of(await post(**{"X-CSRF-Token": "0" * 64})) == (403, "csrf")
    right = {"X-CSRF-Token": signed_in.csrf}
    assert (await post(**right)).status == 201
    assert (await post(**right, Origin=str(client.make_url("")).rstrip("/"))).status == 201
    assert await error_of(await post(**right, Origin="http://evil.example")) == (403, "csrf")
    assert await error_of(await post(**right, Origin="null")) == (403, "csrf")
    assert await error_of(await post(**right, **{"Sec-Fetch-Site": "cross-site"})) == (403, "csrf")


async def test_a_form_carries_the_token_in_a_field(client: Client, signed_in: SignedIn) -> None:
    form = {"name": "b", "count": "4", "csrf": signed_in.csrf}
    response = await client.post("/things", data=form)
    assert response.status == 201
    assert (await response.json())["count"] == 4


async def test_the_api_takes_no_form_and_says_what_it_takes(client: Client, signed_in: SignedIn) -> None:
    response = await client.post("/api/v1/things", data={"name": "b", "csrf": signed_in.csrf})
    assert response.status == 400
    assert "Content-Type: application/json" in (await response.json())["error"]["message"]


async def test_another_sites_form_cannot_sign_somebody_in(client: Client) -> None:
    refused = await client.post("/sign-in", headers={"Origin": "http://evil.example"})
    assert refused.status == 403
    assert (await client.post("/sign-in")).status == 200


async def test_the_cookie_is_out_of_reach_of_scripts(client: Client, make_user: MakeUser) -> None:
    await make_user("anna")
    cookie = (await client.get("/direct")).headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/" in cookie


async def test_behind_a_proxy_the_browsers_address_counts_and_cookies_are_secure(
    identity: Identity, db: Database, clock: FakeClock, make_user: MakeUser, shop: Shop
) -> None:
    await make_user("anna")
    addresses, cookies = [], []

    async def direct(request: web.Request) -> web.Response:
        response = web.Response()
        start_session(request, response, await identity.sign_in("anna", PASSWORD, "x", clock.now()))
        return response

    for public_url in ("", "https://desk.example.com"):
        app = web.Application(client_max_size=BODY_LIMIT)
        install(app, routes(shop), identity, db, clock, public_url=public_url)
        app.router.add_get("/direct", direct)
        async with TestClient(TestServer(app)) as client:
            forged = {"X-Forwarded-For": "6.6.6.6, 10.0.0.7"}
            addresses.append(await (await client.post("/sign-in", headers=forged)).text())
            cookies.append((await client.get("/direct")).headers["Set-Cookie"])
    assert addresses == ["127.0.0.1", "10.0.0.7"]
    assert ["Secure" in cookie for cookie in cookies] == [False, True]


async def test_without_a_database_public_routes_answer_and_the_others_say_so(
    client: Client, token: dict[str, str], db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    @asynccontextmanager
    async def away() -> AsyncIterator[None]:
        raise sa.exc.OperationalError("SELECT 1", {}, OSError("connection refused"))
        yield

    monkeypatch.setattr(db, "read", away)
    assert (await client.post("/sign-in", headers=token)).status == 200
    assert await error_of(await client.get("/api/v1/things", headers=token)) == (503, "unavailable")


async def test_a_page_sends_nobody_to_sign_in_and_back(client: Client) -> None:
    response = await client.get("/look?x=1&y=/", allow_redirects=False)
    assert response.status == 302
    assert response.headers["Location"] == "/sign-in?next=/look%3Fx%3D1%26y%3D/"
    partial = await client.get("/look", headers={"HX-Request": "true"}, allow_redirects=False)
    assert (partial.status, partial.headers["HX-Redirect"]) == (401, "/sign-in")


async def test_a_pages_error_is_a_page(client: Client, signed_in: SignedIn) -> None:
    response = await client.post("/look/stale", headers={"X-CSRF-Token": signed_in.csrf})
    assert (response.status, await response.text()) == (409, "<h1>stale_version</h1>")
    nothing = await client.get("/nothing", headers={"Accept": "text/html"})
    assert (nothing.status, await nothing.text()) == (404, "<h1>not_found</h1>")


@pytest.mark.parametrize(
    ("how", "status", "code"),
    [
        ("missing", 404, "not_found"),
        ("stale", 409, "stale_version"),
        ("bad", 422, "invalid"),
        ("many", 429, "too_many"),
        ("away", 503, "unavailable"),
        ("bug", 500, "internal"),
    ],
)
async def test_what_went_wrong_has_a_code(
    client: Client, token: dict[str, str], how: str, status: int, code: str
) -> None:
    response = await client.post(f"/api/v1/fail/{how}", headers=token)
    text = await response.text()
    assert await error_of(response) == (status, code)
    assert "secret inside" not in text
    assert "Traceback" not in text
    if how == "many":
        assert response.headers["Retry-After"] == "7"
    if how == "bug":
        assert msgspec.json.decode(text)["error"]["details"]["request_id"] == response.headers["X-Request-ID"]


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        (b"{", 400, None),
        (b"\xff", 400, None),
        (b'{"name": "a", "extra": ' + b"[" * 200_000, 400, None),
        (b"", 422, "name"),
        (b"[]", 422, ""),
        (b'{"name": ""}', 422, "name"),
        (b'{"name": "a", "count": "b"}', 422, "count"),
        (b'{"name": "a", "colour": 1}', 422, "colour"),
        (b'{"name": "a\\u0000"}', 422, None),
    ],
)
async def test_content_that_does_not_fit_is_named(
    client: Client, token: dict[str, str], body: bytes, status: int, field: str | None
) -> None:
    headers = {**token, "Content-Type": "application/json"}
    response = await client.post("/api/v1/things", data=body, headers=headers)
    assert response.status == status
    error = (await response.json())["error"]
    assert error["details"].get("field") == field


async def test_a_body_of_another_kind_or_too_long_is_refused(client: Client, token: dict[str, str]) -> None:
    text = await client.post("/api/v1/things", data=b"<a/>", headers={**token, "Content-Type": "text/xml"})
    assert await error_of(text) == (400, "malformed")
    long = await client.post("/api/v1/things", data=io.BytesIO(b"x" * (BODY_LIMIT + 1)), headers=token)
    assert await error_of(long) == (413, "too_large")


async def test_lists_check_their_query(client: Client, token: dict[str, str]) -> None:
    response = await client.get("/api/v1/things?limit=7&color=red", headers=token)
    assert await response.json() == {"items": [{"name": "red", "count": 7, "extra": None}], "next": "n1"}
    for query in ("limit=0", "limit=201", "limit=x", "colour=red"):
        assert (await client.get(f"/api/v1/things?{query}", headers=token)).status == 422


async def test_unknown_paths_and_methods_speak_json_too(client: Client, token: dict[str, str]) -> None:
    assert await error_of(await client.get("/api/v1/nothing")) == (404, "not_found")
    wrong = await client.delete("/api/v1/things", headers={**token, "Accept": "text/html"})
    assert await error_of(wrong) == (405, "method_not_allowed")
    assert set(wrong.headers["Allow"].split(",")) >= {"GET", "POST"}
    head = await client.head("/api/v1/things", headers=token)
    assert (head.status, await head.read(), head.content_type) == (200, b"", "application/json")


async def test_every_answer_has_the_protecting_headers(client: Client, token: dict[str, str]) -> None:
    for path in ("/api/v1/things", "/nothing"):
        headers = (await client.get(path, headers=token)).headers
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"
        assert headers["Server"] == "ringdesk"


async def test_a_sane_request_id_is_kept_and_another_replaced(client: Client) -> None:
    kept = await client.get("/x", headers={"X-Request-ID": "abc-1"})
    assert kept.headers["X-Request-ID"] == "abc-1"
    replaced = await client.get("/x", headers={"X-Request-ID": "a b\u00e9"})
    assert replaced.headers["X-Request-ID"] != "a b\u00e9"


async def test_the_same_key_gives_the_same_answer(
    client: Client, token: dict[str, str], shop: Shop, clock: FakeClock
) -> None:
    headers = {**token, "Idempotency-Key": "k1"}
    first = await client.post("/api/v1/things", json={"name": "a"}, headers=headers)
    again = await client.post("/api/v1/things", json={"name": "a"}, headers=headers)
    assert (first.status, again.status) == (201, 201)
    assert await first.json() == await again.json()
    assert again.headers["Idempotent-Replayed"] == "true"
    assert shop.made == 1
    other = await client.post("/api/v1/things", json={"name": "b"}, headers=headers)
    assert await error_of(other) == (422, "idempotency_mismatch")
    clock.advance(24 * 3600)
    assert (await client.post("/api/v1/things", json={"name": "b"}, headers=headers)).status == 201
    assert shop.made == 2


async def test_a_refusal_is_repeated_and_an_outage_or_limit_tried_again(
    client: Client, token: dict[str, str], shop: Shop
) -> None:
    for how, times in (("stale", 1), ("bad", 1), ("many", 2), ("away", 2), ("bug", 2)):
        shop.made = 0
        headers = {**token, "Idempotency-Key": how}
        answers = [await client.post(f"/api/v1/fail/{how}", headers=headers) for _ in range(2)]
        assert answers[0].status == answers[1].status
        assert (await answers[0].json())["error"]["code"] == (await answers[1].json())["error"]["code"]
        assert shop.made == times, how


async def test_keys_of_two_users_and_paths_do_not_meet(
    client: Client, token: dict[str, str], identity: Identity, make_user: MakeUser, shop: Shop
) -> None:
    await make_user("bert")
    bert = {"Authorization": f"Bearer {await identity.add_token('bert', START)}"}
    for who in (token, bert):
        headers = {**who, "Idempotency-Key": "k"}
        response = await client.post("/api/v1/things", json={"name": "a"}, headers=headers)
        assert response.status == 201
    assert shop.made == 2


async def test_two_at_once_under_one_key_are_carried_out_once(
    client: Client, token: dict[str, str], shop: Shop
) -> None:
    headers = {**token, "Idempotency-Key": "k"}
    shop.gate.clear()

    async def post() -> ClientResponse:
        return await client.post("/api/v1/things", json={"name": "a"}, headers=headers)

    async with asyncio.timeout(60):
        first = asyncio.create_task(post())
        await shop.entered.wait()
        others = [asyncio.create_task(post()) for _ in range(3)]
        shop.gate.set()
        answers = await asyncio.gather(first, *others)
    assert [answer.status for answer in answers] == [201] * 4
    assert len({await answer.text() for answer in answers}) == 1
    assert shop.made == 1


@pytest.mark.parametrize("key", ["", " ", "x" * 201, "ключ"])
async def test_a_key_that_is_none_is_refused(client: Client, token: dict[str, str], key: str) -> None:
    headers = {**token, "Idempotency-Key": key}
    response = await client.post("/api/v1/things", json={"name": "a"}, headers=headers)
    assert await error_of(response) == (422, "invalid")


async def test_openapi_describes_the_routes(client: Client) -> None:
    document = await (await client.get("/api/v1/openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    assert set(document["paths"]) == {
        "/api/v1/things",
        "/api/v1/things/{id}",
        "/api/v1/fail/{how}",
        "/api/v1/openapi.json",
    }
    make = document["paths"]["/api/v1/things"]["post"]
    assert make["requestBody"]["content"]["application/json"]["schema"] == {
        "$ref": "#/components/schemas/Thing"
    }
    assert make["x-permission"] == "customers.edit"
    listing = document["paths"]["/api/v1/things"]["get"]
    assert {p["name"] for p in listing["parameters"]} == {"limit", "after", "color"}
    assert set(listing["responses"]) >= {"200", "401", "422"}
    references = {value for value in _references(document)}
    for reference in references:
        where: Any = document
        for part in reference.removeprefix("#/").split("/"):
            where = where[part]


def _references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return own + [found for item in value.values() for found in _references(item)]
    if isinstance(value, list):
        return [found for item in value for found in _references(item)]
    return []
