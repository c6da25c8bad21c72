"""A whole call centre for a test: a real Asterisk, a real server, people with phones and browsers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from playwright.async_api import Browser

from tests.e2e.desk import PASSWORD, Desk, desk
from tests.e2e.listener import listener
from tests.e2e.ringdesk import Installation, Server, command, command_here
from tests.real.asterisk import Asterisk, QueueSetup

AGENTS = {"anna": "1001", "wei": "1002", "chen": "1003"}
QUEUES = {
    "service": QueueSetup(members=()),
    "emergency": QueueSetup(members=(), strategy="linear", timeout=2),
}
"""No static members: who serves a queue is what the agents say. An agent's phone of `emergency` rings for 2 s."""
SERVICE, EMERGENCY = "4001", "4004"
KNOWN, SHARED = "13800138000", "13911112222"
CUSTOMERS = f"""name,phones,grade,account,address,vip
张建国,{KNOWN},A,31002417,望京西园四区 602,yes
李秀英,{SHARED},B,31002418,花家地 7 号,
李志强,{SHARED},C,31002419,花家地 7 号,
"""


async def install(folder: Path) -> Installation:
    """A database with three agents, supervisor li, admin ada and three customers, all made by the commands."""
    database = folder / "ringdesk.db"
    (folder / "ringdesk.toml").write_text(
        f'[database]\nurl = "sqlite:///{database}"\n[[pbx]]\nname = "main"\nsecret = "not needed yet"\n'
    )
    (folder / "customers.csv").write_text(CUSTOMERS)
    await command(folder, "migrate")
    agents: list[tuple[str, ...]] = [
        ("user", "add", name, "--role", "agent", "--interface", f"PJSIP/{extension}")
        for name, extension in AGENTS.items()
    ]
    password = f"{PASSWORD}\n"
    await asyncio.gather(
        command(folder, *agents[0], typed=password), command(folder, "customers", "import", "customers.csv")
    )
    others = [("user", "add", "li", "--role", "supervisor"), ("user", "add", "ada", "--role", "admin")]
    for arguments in (*agents[1:], *others):
        await command_here(folder, *arguments, typed=password)
    tokens = {name: await command_here(folder, "token", "add", name) for name in ("li", "chen", "ada")}
    return Installation(folder, tokens)


async def _until(condition: Callable[[], Awaitable[bool]], seconds: float = 60) -> None:
    """Asks until it is so; TimeoutError after that time."""
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 - an HTTP API has no event to wait for
            await asyncio.sleep(0.02)


class House:
    """What a test has in hand."""

    def __init__(self, pbx: Asterisk, server: Server, browser: Browser | None = None) -> None:
        self.pbx = pbx
        self.server = server
        self._browser = browser

    def desk(self, user: str, address: str = "") -> Any:
        """`async with house.desk("anna") as anna`: that agent's browser, at the server's own address or another."""
        assert self._browser is not None, "this house was opened without a browser"
        return desk(self._browser, address or self.server.address, user)

    @asynccontextmanager
    async def desks(self, *users: str) -> AsyncIterator[tuple[Desk, ...]]:
        """Several at once."""
        async with AsyncExitStack() as stack:
            yield tuple([await stack.enter_async_context(self.desk(user)) for user in users])

    def listener(self, user: str) -> Any:
        """`async with house.listener("chen") as chen`: that user's API socket."""
        return listener(self.server.address, self.server.tokens[user])

    async def on_duty(self, queue: str, *users: str) -> None:
        """Exactly these agents serve that queue, in this order, and nobody serves another."""
        for user in AGENTS:
            await self.server.api("POST", f"/agents/{user}/logout")
        for user in users:
            done = await self.server.api("POST", f"/agents/{user}/login", {"queues": [queue]})
            assert done["applied"], done

    async def members(self, queue: str) -> dict[str, dict[str, str]]:
        """Asterisk's own list of the queue's members, by interface."""
        found = await self.pbx.ami.action_list("QueueStatus", Queue=queue)
        return {m["Location"]: m for m in found if m["Event"] == "QueueMember"}

    async def call(self, call_id: str) -> dict[str, Any]:
        """The call as the API has it."""
        return dict(await self.server.api("GET", f"/calls/{call_id}"))

    async def settled(self, call_id: str) -> dict[str, Any]:
        """The call as the API has it once it has ended."""

        async def ended() -> bool:
            return bool((await self.call(call_id))["state"] == "ended")

        await _until(ended)
        return await self.call(call_id)

    async def board(self) -> list[dict[str, Any]]:
        """All live calls."""
        return list((await self.server.api("GET", "/board"))["calls"])

    async def nobody_calls(self) -> None:
        """Returns when there is no call, neither on our board nor in Asterisk."""

        async def quiet() -> bool:
            return not await self.board() and not await self.pbx.ami.action_list("CoreShowChannels")

        await _until(quiet)

    async def clear(self) -> None:
        """Ends what a failed test left in Asterisk."""
        if await self.pbx.ami.action_list("CoreShowChannels"):
            await self.pbx.ami.action("Hangup", Channel="/.*/")

    async def customer(self, number: str) -> dict[str, Any]:
        """The first customer with that number."""
        return dict((await self.server.api("GET", f"/customers?phone={number}"))["items"][0])


@asynccontextmanager
async def open_house(
    pbx: Asterisk, installation: Installation, browser: Browser, secret: str = ""
) -> AsyncIterator[House]:
    """A server on this PBX (with another secret than the right one, if given); it must log no fault of its own."""
    async with Server(installation, pbx.ami_port, secret or pbx.secret) as server:
        yield House(pbx, server, browser)
    assert server.faults() == []
