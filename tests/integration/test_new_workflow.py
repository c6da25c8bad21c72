"""A new kind of ticket, praise 表扬 with an approval, by one file: checked, tried, drawn, and driven over the API
in both languages, without a line of code."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from typer.testing import CliRunner

import config
from core import migrate
from core.bus import Bus
from core.database import Database
from core.identity import Identity, Role
from core.web.app import install
from server.cli import app
from tests.conftest import START, FakeClock, MakeUser
from tests.integration.ticket_store import Nobody
from ticketing.api import routes
from ticketing.definitions import read_files, workflow_files
from ticketing.service import Tickets

HERE = Path(__file__).parent / "definitions"
SHIPPED = Path(config.__file__).parent / "workflows"
Client = TestClient[web.Request, web.Application]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The shipped definitions, and the new file beside them."""
    made = tmp_path / "workflows"
    shutil.copytree(SHIPPED, made)
    shutil.copy(HERE / "praise.yaml", made)
    scenarios = made / "scenarios" / "praise"
    scenarios.mkdir(parents=True)
    shutil.copy(HERE / "approved.yaml", scenarios)
    return made


@pytest.fixture
def home(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation that uses that folder."""
    url = f"sqlite:///{tmp_path / 'r.db'}"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RINGDESK_DATABASE__URL", url)
    monkeypatch.setenv("RINGDESK_PATHS__WORKFLOWS", str(folder))

    async def prepare() -> None:
        db = Database(url)
        await migrate.upgrade(db)
        await db.close()

    asyncio.run(prepare())


def ringdesk(*args: str, lines: str = "") -> str:
    done = CliRunner().invoke(app, args, input=lines)
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.usefixtures("home")
def test_it_is_checked_compared_loaded_and_tried() -> None:
    checked = ringdesk("check")
    assert "workflows: 4 good" in checked
    assert "praise: 1 scenarios good, 3 of 4 rows reached" in checked
    assert "no scenario takes decline" in checked
    assert "praise: comes in as version 1" in ringdesk("workflow", "diff")
    assert ringdesk("workflow", "load").endswith("in force\n")
    tried = ringdesk(
        *("workflow", "try", "praise", "--lang", "zh", "--at", "2026-03-02 09:00"),
        lines="receive\npropose whom=张师傅 what_for=服务周到\nas leader\napprove\nas agent\nthank\n",
    )
    for line in ("state awaiting_approval (待核准)", "told: leader", "state thanked (已致谢)", "closed"):
        assert line in tried


@pytest.fixture
async def client(
    folder: Path, identity: Identity, db: Database, clock: FakeClock, make_user: MakeUser
) -> AsyncIterator[Client]:
    tickets = Tickets(db, Bus(), Nobody(), ZoneInfo("Asia/Shanghai"))
    await tickets.adopt(read_files(workflow_files(folder)), START)
    server = web.Application()
    install(server, routes(tickets), identity, db, clock)
    async with TestClient(TestServer(server)) as made:
        made.tokens = {}  # type: ignore[attr-defined]
        for role in (Role.AGENT, Role.LEADER):
            await make_user(role.value, role)
            made.tokens[role] = await identity.add_token(role.value, clock.now())  # type: ignore[attr-defined]
        yield made


async def call(
    client: Client, method: str, path: str, body: object = None, role: Role = Role.AGENT, accept: str = "*/*"
) -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {client.tokens[role]}", "Accept": accept}  # type: ignore[attr-defined]
    async with client.request(method, f"/api/v1{path}", json=body, headers=headers) as response:
        if response.content_type == "application/json":
            return response.status, await response.json()
        return response.status, await response.text()


@pytest.mark.parametrize(
    ("lang", "form_label", "button", "state", "refusal"),
    [
        ("en", "Praise", "Propose", "Awaiting approval", "Nobody approves what they proposed themselves"),
        ("zh", "表扬", "提请核准", "待核准", "不得核准本人提交的表扬"),
    ],
)
async def test_it_is_drawn_and_driven_over_the_api(
    client: Client, lang: str, form_label: str, button: str, state: str, refusal: str
) -> None:
    _, form = await call(client, "GET", f"/workflows/praise/form?lang={lang}")
    assert (form["label"], [f["name"] for f in form["fields"]]) == (form_label, ["whom", "what_for"])
    _, picture = await call(client, "GET", f"/workflows/praise/diagram?lang={lang}", accept="image/svg+xml")
    assert "<svg" in picture
    assert state in picture
    _, text = await call(client, "GET", f"/workflows/praise/diagram?lang={lang}", accept="text/plain")
    assert f"received --> awaiting_approval : {button}" in text

    status, made = await call(client, "POST", "/tickets", {"workflow": "praise", "subject": "张师傅"})
    assert (status, made["number"], made["state"]) == (201, "P-20260131-0001", "received")
    path = f"/tickets/{made['id']}"
    _, one = await call(client, "GET", f"{path}?lang={lang}")
    assert [e["label"] for e in one["events"]] == [button]

    async def fire(event: str, version: int, role: Role, **data: object) -> tuple[int, Any]:
        body = {"event": event, "version": version, "data": data}
        return await call(client, "POST", f"{path}/events", body, role)

    status, missing = await fire("propose", 1, Role.AGENT, whom="张师傅")
    assert (status, missing["error"]["code"]) == (422, "missing_field")
    status, _ = await fire("propose", 1, Role.AGENT, whom="张师傅", what_for="服务周到")
    assert status == 200
    status, forbidden = await fire("approve", 2, Role.AGENT)
    assert (status, forbidden["error"]["code"]) == (403, "role")
    status, approved = await fire("approve", 2, Role.LEADER, bonus=100)
    assert (status, approved["state"], approved["fields"]["bonus"]) == (200, "approved", 100)
    status, late = await fire("decline", 2, Role.LEADER, reason="?")
    assert (status, late["error"]["code"]) == (409, "stale_version")
    status, done = await fire("thank", 3, Role.AGENT)
    assert (status, done["state"]) == (200, "thanked")
    assert done["closed_at"]
    _, workflow = await call(client, "GET", "/workflows/praise")
    assert workflow["guards"]["not_oneself"]["label"][lang] == refusal
