"""What the whole site lets anybody do without signing in: exactly this, by name."""

from pathlib import Path

import msgspec
import pytest
from aiohttp.test_utils import TestClient, TestServer

from config.settings import DatabaseSettings, Settings
from core.web.routes import Route
from server.site import application, routes
from server.wiring import House

PUBLIC = {
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/metrics"),
    ("GET", "/api/v1/openapi.json"),
    ("GET", "/sign-in"),
    ("POST", "/sign-in"),
    ("POST", "/sign-out"),
    ("GET", "/static/{version}/{name:.+}"),
}


@pytest.fixture
def house(tmp_path: Path, sqlite_template: Path) -> House:
    path = tmp_path / "ringdesk.db"
    path.write_bytes(sqlite_template.read_bytes())
    settings = msgspec.structs.replace(Settings(), database=DatabaseSettings(f"sqlite:///{path}"))
    return House(settings)


@pytest.fixture
def listed(house: House) -> list[Route]:
    return routes(house)


def test_only_these_routes_are_public(listed: list[Route]) -> None:
    assert {(r.method, r.path) for r in listed if r.permission is None} == PUBLIC


def test_every_path_is_there_once(listed: list[Route]) -> None:
    names = [(r.method, r.path) for r in listed]
    assert len(names) == len(set(names))


async def test_everything_else_asks_who_you_are(house: House, listed: list[Route]) -> None:
    try:
        async with TestClient(TestServer(application(house))) as client:
            for route in listed:
                if route.permission is None:
                    continue
                path = route.path.replace("{", "").replace("}", "")
                response = await client.request(route.method, path, allow_redirects=False)
                expected = {302, 303} if route.page else {401}
                assert response.status in expected, (route.method, route.path, response.status)
    finally:
        await house.db.close()


async def test_openapi_is_whole(house: House) -> None:
    try:
        async with TestClient(TestServer(application(house))) as client:
            document = await (await client.get("/api/v1/openapi.json")).json()
    finally:
        await house.db.close()
    operations = [op for path in document["paths"].values() for op in path.values()]
    ids = [operation["operationId"] for operation in operations]
    assert len(ids) == len(set(ids)) > 15
    assert "/api/v1/tickets" in document["paths"]
