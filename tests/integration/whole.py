"""The whole house on loopback: a practice PBX, the server with all its routes, a user of every role."""

from __future__ import annotations

import re
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import websockets

from config.settings import DatabaseSettings, JournalSettings, PbxSettings, ServerSettings, Settings
from core.identity import NewSeat, Role
from core.identity.passwords import Passwords
from cti.journal.journal import Journal
from cti.practice.pbx import SECRET, USERNAME, PracticePbx, Setup
from server.site import Site
from server.wiring import House
from tests.conftest import PASSWORD, cheap_hasher
from tests.real.ports import free_tcp
from tests.wait import until

PEOPLE: Mapping[str, tuple[Role, str]] = {
    "anna": (Role.AGENT, "1001"),
    "ben": (Role.AGENT, "1002"),
    "dora": (Role.DISPATCHER, "1003"),
    "gao": (Role.DEPARTMENT, ""),
    "zhao": (Role.LEADER, ""),
    "sam": (Role.SUPERVISOR, ""),
    "uli": (Role.AUDITOR, ""),
    "root": (Role.ADMIN, ""),
}
"""Name to role and phone."""


class Reply(msgspec.Struct, frozen=True):
    """An answer, read to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    cookies: Mapping[str, str] = {}

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)

    @property
    def code(self) -> str:
        """The error's code."""
        code: str = self.json["error"]["code"]
        return code

    @property
    def text(self) -> str:
        return self.body.decode()


class Whole:
    """What a test has in hand. Requests carry `who`'s API token, or nothing of anybody for an empty name."""

    def __init__(self, house: House, url: str, pbx: PracticePbx, http: aiohttp.ClientSession) -> None:
        self.house, self.url, self.pbx = house, url, pbx
        self.tokens: dict[str, str] = {}
        self._http = http

    async def ask(self, method: str, path: str, who: str = "", **more: Any) -> Reply:
        """One request; redirects are not followed. `path` may be percent-encoded."""
        headers = {**self.token(who), **more.pop("headers", {})}
        url = aiohttp.client.URL(self.url + path, encoded=True)
        async with self._http.request(
            method, url, headers=headers, allow_redirects=False, **more
        ) as response:
            cookies = {name: morsel.output(header="") for name, morsel in response.cookies.items()}
            return Reply(response.status, response.headers.copy(), await response.read(), cookies)

    async def get(self, path: str, who: str = "", **more: Any) -> Reply:
        return await self.ask("GET", path, who, **more)

    async def post(self, path: str, who: str = "", json: Any = None, **more: Any) -> Reply:
        return await self.ask("POST", path, who, **({"json": json} if json is not None else {}), **more)

    def token(self, who: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens[who]}"} if who else {}

    async def sign_in(self, who: str, cookie: str = "", password: str = PASSWORD) -> dict[str, str]:
        """Sign in as a browser does; returns the headers of that browser's next request, CSRF token and all."""
        before = {"Cookie": cookie} if cookie else {}
        reply = await self.post("/sign-in", data={"name": who, "password": password}, headers=before)
        assert reply.status == 303, reply.text
        value = re.search(r"ringdesk_session=([^;]+)", reply.cookies["ringdesk_session"])
        assert value is not None
        headers = {"Cookie": f"ringdesk_session={value[1]}"}
        page = (await self.get("/settings", headers=headers)).text
        found = re.search(r'name="csrf" content="([^"]+)"', page)
        assert found is not None
        return {**headers, "X-CSRF-Token": found[1]}

    def live(self, who: str = "", query: str = "", **headers: str) -> websockets.connect:
        """The live socket; `headers` as a browser's (with `_` for `-`), or `who`'s token."""
        given = {**self.token(who), **{name.replace("_", "-"): value for name, value in headers.items()}}
        url = self.url.replace("http", "ws", 1) + "/ws" + query
        return websockets.connect(url, additional_headers=given, max_size=2**24)


@asynccontextmanager
async def whole(
    tmp_path: Path,
    template: Path,
    settings: Settings | None = None,
    *,
    pbx: PbxSettings | None = None,
    members: tuple[str, ...] = (),
    journal: JournalSettings | None = None,
) -> AsyncIterator[Whole]:
    """A running house; with `pbx` the link goes there, whether or not anything listens.

    A `journal` is kept where one is given. `members` are the practice PBX's static members of the queue `service`.
    """
    path = tmp_path / "ringdesk.db"
    shutil.copy(template, path)
    async with AsyncExitStack() as stack:
        practice = await stack.enter_async_context(
            PracticePbx(setup=Setup(members={"service": members}, retry=1, wrapuptime=0))
        )
        link = pbx or PbxSettings(
            "main",
            port=practice.port,
            username=USERNAME,
            secret=SECRET,
            queue_extensions={"service": "4001"},
        )
        given = settings or Settings()
        house = House(
            msgspec.structs.replace(
                given,
                server=msgspec.structs.replace(given.server, port=free_tcp()),
                database=DatabaseSettings(f"sqlite:///{path}"),
                pbx=(link,),
                ivr=msgspec.structs.replace(given.ivr, port=0),
            ),
            journal=Journal(journal, (link,)) if journal else None,
        )
        house.identity._passwords = Passwords(cheap_hasher())
        site = Site(house)
        stack.push_async_callback(house.stop)
        stack.push_async_callback(site.stop)
        await _people(house)
        await house.start()
        url = await site.start()
        http = await stack.enter_async_context(
            aiohttp.ClientSession(
                cookie_jar=aiohttp.DummyCookieJar(), timeout=aiohttp.ClientTimeout(30), auto_decompress=False
            )
        )
        it = Whole(house, url, practice, http)
        it.tokens = {name: await house.identity.add_token(name, house.clock.now()) for name in PEOPLE}
        if pbx is None:
            await until(lambda: house.switchboard.lines["main"].up)
        yield it


async def _people(house: House) -> None:
    for name, (role, extension) in PEOPLE.items():
        seat = NewSeat(f"PJSIP/{extension}", "main", extension) if extension else None
        await house.identity.add_user(name, PASSWORD, role, name.title(), seat, house.clock.now())


def public(url: str) -> Settings:
    """Settings behind a proxy that browsers reach under `url`."""
    return msgspec.structs.replace(Settings(), server=ServerSettings(public_url=url))
