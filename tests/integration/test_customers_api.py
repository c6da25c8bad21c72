"""Customers over HTTP, as the contract has it, on both databases."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from core.bus import Bus
from core.database import Database
from core.identity import Identity, Role
from core.web.app import install
from core.web.openapi import openapi_route
from customers.api import routes
from customers.service import Customers
from tests.conftest import FakeClock, MakeUser

Call = Callable[..., Awaitable[tuple[int, Any]]]
BASE = "/api/v1/customers"
WANG = {
    "name": "王芳",
    "phones": ["138 1234 5678", {"number": "025-87654321", "label": "home"}],
    "grade": "A",
    "vip": True,
    "account": "G1",
    "address": {"text": "中山路", "meter": "M1"},
}


@pytest.fixture
async def call(
    db: Database, bus: Bus, identity: Identity, clock: FakeClock, make_user: MakeUser
) -> AsyncIterator[Call]:
    """`await call("GET", "/…", body, role=…)` gives status and content."""
    app, tokens = web.Application(), dict[Role, str]()
    listed = routes(Customers(db, bus, "CN"))
    install(app, [*listed, openapi_route(listed, "1")], identity, db, clock)
    for role in (Role.AGENT, Role.AUDITOR, Role.DEPARTMENT):
        await make_user(role.value, role)
        tokens[role] = await identity.add_token(role.value, clock.now())
    async with TestClient(TestServer(app)) as client:

        async def made(
            method: str, path: str, body: object = None, role: Role = Role.AGENT
        ) -> tuple[int, Any]:
            headers = {"Authorization": f"Bearer {tokens[role]}"}
            async with client.request(method, path, json=body, headers=headers) as response:
                return response.status, await response.json()

        yield made


async def test_a_customer_is_added_read_and_changed(call: Call, clock: FakeClock) -> None:
    status, made = await call("POST", BASE, WANG)
    assert status == 201
    assert made == {
        "id": made["id"],
        "name": "王芳",
        "grade": "A",
        "vip": True,
        "account": "G1",
        "language": "",
        "address": {"text": "中山路", "meter": "M1", "district": ""},
        "phones": [
            {"e164": "+8613812345678", "shown": "138 1234 5678", "label": "", "shared": False},
            {"e164": "+862587654321", "shown": "025 8765 4321", "label": "home", "shared": False},
        ],
        "email": "",
        "note": "",
        "created_at": "2026-01-31T08:00:00.000Z",
        "updated_at": "2026-01-31T08:00:00.000Z",
        "version": 1,
    }
    path = f"{BASE}/{made['id']}"
    assert await call("GET", path) == (200, made)
    clock.advance(1.5)
    status, changed = await call("PATCH", path, {"grade": "B", "phones": made["phones"], "version": 1})
    assert (status, changed["grade"], changed["version"]) == (200, "B", 2)
    assert changed["updated_at"] == "2026-01-31T08:00:01.500Z"
    assert changed["phones"] == made["phones"]
    status, refused = await call("PATCH", path, {"grade": "C", "version": 1})
    assert (status, refused["error"]["code"]) == (409, "stale_version")
    assert refused["error"]["details"]["version"] == 2


async def test_by_phone_says_match_certainty_and_sharing(call: Call) -> None:
    _, wang = await call("POST", BASE, WANG)
    status, found = await call(
        "GET", f"{BASE}?phone=+8613812345678"
    )  # the + becomes a space, as it often does
    assert (status, found["match"], found["number"], found["shown"]) == (
        200,
        "one",
        "+8613812345678",
        "138 1234 5678",
    )
    assert found["items"] == [{**wang, "certainty": "exact", "shared": False}]
    assert found["next"] is None
    _, found = await call("GET", f"{BASE}?phone=87654321")
    assert (found["match"], found["number"], found["items"][0]["certainty"]) == ("several", None, "maybe")
    for phone, match in (
        ("13900000000", "none"),
        ("anonymous", "anonymous"),
        ("", "anonymous"),
    ):
        _, found = await call("GET", f"{BASE}?phone={phone}")
        assert (found["match"], found["items"]) == (match, [])


async def test_lists_have_pages_and_a_search(call: Call) -> None:
    for name in ("Li", "Wang", "Zhao"):
        await call("POST", BASE, {"name": name})
    _, first = await call("GET", f"{BASE}?limit=2")
    _, second = await call("GET", f"{BASE}?limit=2&after={first['next']}")
    assert [one["name"] for one in first["items"] + second["items"]] == ["Li", "Wang", "Zhao"]
    assert set(first) == {"items", "next"}
    assert second["next"] is None
    _, found = await call("GET", f"{BASE}?q=WAN")
    assert [one["name"] for one in found["items"]] == ["Wang"]
    assert (await call("GET", f"{BASE}?q=%00&after=%00"))[0] == 422


async def test_numbers_notes_and_the_time_line(call: Call, clock: FakeClock) -> None:
    _, wang = await call("POST", BASE, WANG)
    path = f"{BASE}/{wang['id']}"
    status, learned = await call(
        "POST", f"{path}/phones", {"number": "13900000000", "label": "wife", "shared": True}
    )
    assert (status, learned["version"]) == (200, 2)
    assert learned["phones"][2] == {
        "e164": "+8613900000000",
        "shown": "139 0000 0000",
        "label": "wife",
        "shared": True,
    }
    clock.advance(1)
    status, note = await call("POST", f"{path}/notes", {"text": "<b>calls at noon</b>"})
    assert (status, note["kind"], note["title"], note["text"]) == (
        201,
        "note",
        "agent",
        "<b>calls at noon</b>",
    )
    _, first = await call("GET", f"{path}/timeline?limit=1")
    _, second = await call("GET", f"{path}/timeline?limit=1&after={first['next']}")
    assert first["items"] == [note]
    assert [(one["kind"], one["at"]) for one in second["items"]] == [("created", "2026-01-31T08:00:00.000Z")]


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("POST", "", {"name": ""}, "name"),
        ("POST", "", {"name": "x" * 201}, "name"),
        ("POST", "", {"name": "A", "phones": ["8001"]}, "phones"),
        ("POST", "", {"name": "A", "grade": "Z"}, "grade"),
        ("GET", "?phone=1&q=2", None, "q"),
        ("GET", "?limit=0", None, "limit"),
    ],
)
async def test_wrong_content_is_422_with_its_field(
    call: Call, method: str, path: str, body: object, field: str
) -> None:
    status, refused = await call(method, BASE + path, body)
    assert (status, field in refused["error"]["details"]["field"]) == (422, True)


async def test_what_is_not_there_is_404_and_a_taken_account_409(call: Call) -> None:
    for method, path, body in (
        ("GET", "/nobody", None),
        ("PATCH", "/nobody", {"name": "x"}),
        ("GET", "/nobody/timeline", None),
        ("POST", "/nobody/phones", {"number": "13812345678"}),
        ("POST", "/nobody/notes", {"text": "x"}),
    ):
        status, refused = await call(method, BASE + path, body)
        assert (status, refused["error"]["code"]) == (404, "not_found")
    await call("POST", BASE, WANG)
    status, refused = await call("POST", BASE, {"name": "Other", "account": "G1"})
    assert (status, refused["error"]["code"]) == (409, "account_taken")


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.DEPARTMENT])
async def test_who_may_see_may_not_change(call: Call, role: Role) -> None:
    _, wang = await call("POST", BASE, WANG)
    path = f"{BASE}/{wang['id']}"
    assert (await call("GET", path, role=role))[0] == 200
    for method, target, body in (
        ("POST", BASE, WANG),
        ("PATCH", path, {"name": "x"}),
        ("POST", f"{path}/phones", {"number": "13900000000"}),
        ("POST", f"{path}/notes", {"text": "x"}),
    ):
        status, refused = await call(method, target, body, role=role)
        assert (status, refused["error"]["code"]) == (403, "role")
    assert (await call("GET", path))[1] == wang


async def test_openapi_describes_it(call: Call) -> None:
    status, document = await call("GET", "/api/v1/openapi.json")
    assert status == 200
    assert set(document["paths"][BASE]) == {"get", "post"}
    assert {"name", "phones", "grade"} <= set(document["components"]["schemas"]["NewCustomer"]["properties"])
