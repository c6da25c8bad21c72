"""The live socket over a real connection: hello, resume, commands, slow clients."""

from __future__ import annotations

import asyncio
import json
import socket as sockets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import websockets
from aiohttp import web
from aiohttp.test_utils import TestServer

from core.errors import Conflict
from core.identity.roles import Permission, Role
from core.identity.users import User
from cti import messages as cti
from screenpop.commands import NoArgs, PauseArgs
from screenpop.hub import SLOW, Hub
from screenpop.live import LivePicture
from screenpop.session import Audience, Log, reduce
from screenpop.socket import Command, LiveSocket
from tests.unit.screenpop.fakes import StillClock, call, segment
from tests.wait import until

USERS = {
    "anna": User("anna", "Anna", Role.AGENT),
    "ben": User("ben", "Ben", Role.AGENT),
    "boss": User("boss", "Boss", Role.SUPERVISOR),
    "audit": User("audit", "Audit", Role.AUDITOR),
}


class House:
    """A hub with a live picture behind a real aiohttp server; `who` in the query signs in."""

    def __init__(self) -> None:
        self.clock = StillClock()
        self.hub = Hub(Log("epoch-1"))
        self.live = LivePicture(self.hub, self.clock)
        self.tickets: Callable[[], Any] = lambda: []

        async def tickets(user: User, language: str) -> list[dict[str, Any]]:
            return self.tickets()  # type: ignore[no-any-return]

        async def ready(user: User, args: NoArgs) -> dict[str, str]:
            return {"state": "ready", "user": user.name}

        async def pause(user: User, args: PauseArgs) -> None:
            raise Conflict("The PBX is away.", code="pbx_down", pbx="main")

        async def broken(user: User, args: NoArgs) -> None:
            raise ZeroDivisionError

        self.socket = LiveSocket(
            self.hub,
            lambda viewer, language: {**self.live.snapshot(viewer), "pops": []},
            tickets,
            {
                "agent.ready": Command(NoArgs, Permission.AGENTS_SELF, ready),
                "agent.pause": Command(PauseArgs, Permission.AGENTS_SELF, pause),
                "test.broken": Command(NoArgs, Permission.AGENTS_SELF, broken),
            },
            self.clock,
        )

    async def handle(self, request: web.Request) -> web.StreamResponse:
        return await self.socket.serve(request, USERS[request.query["who"]], "session", "en")


@asynccontextmanager
async def house() -> AsyncIterator[tuple[House, str]]:
    it = House()
    app = web.Application()
    app.router.add_get("/ws", it.handle)
    async with TestServer(app) as server:
        yield it, f"ws://127.0.0.1:{server.port}/ws"
    it.live.close()


async def heard(line: websockets.ClientConnection) -> dict[str, Any]:
    return json.loads(await asyncio.wait_for(line.recv(), 60))  # type: ignore[no-any-return]


async def until_closed(line: websockets.ClientConnection) -> None:
    while True:
        await heard(line)


async def ask(line: websockets.ClientConnection, text: str) -> dict[str, Any]:
    await line.send(text)
    return await heard(line)


async def test_hello_holds_what_the_user_may_see() -> None:
    async with house() as (it, url):
        it.live.call(call(segments=(segment("anna"),)))
        it.live.call(call(id="main-2", segments=(segment("ben"),)))
        async with (
            websockets.connect(f"{url}?who=anna") as anna,
            websockets.connect(f"{url}?who=boss") as boss,
        ):
            hello = await heard(anna)
            assert (hello["type"], hello["epoch"], hello["seq"]) == ("hello", "epoch-1", 2)
            assert hello["user"]["user"] == "anna"
            assert [c["id"] for c in hello["snapshot"]["calls"]] == ["main-1.1"]
            assert len((await heard(boss))["snapshot"]["calls"]) == 2


async def test_after_a_break_nothing_is_missed_or_doubled() -> None:
    async with house() as (it, url):
        states = [cti.CallState.RINGING, cti.CallState.TALKING, cti.CallState.HELD, cti.CallState.ENDED]
        async with websockets.connect(f"{url}?who=anna") as line:
            picture = (await heard(line))["snapshot"]
            it.live.call(call(segments=(segment(),)))
            first = await heard(line)
            picture = reduce(picture, first)
        for state in states:
            it.live.call(call(state=state, segments=(segment(),)))
        async with websockets.connect(f"{url}?who=anna&epoch=epoch-1&seq={first['seq']}") as line:
            assert (await heard(line))["type"] == "resumed"
            missed = [await heard(line) for _ in states]
            assert [m["data"]["state"] for m in missed] == [s.value for s in states]
            assert [m["seq"] for m in missed] == [2, 3, 4, 5]
            for message in missed:
                picture = reduce(picture, message)
            it.live.call(call(id="main-9", segments=(segment(),)))
            picture = reduce(picture, await heard(line))
        async with websockets.connect(f"{url}?who=anna") as line:
            fresh = (await heard(line))["snapshot"]
        assert picture["calls"] == fresh["calls"]


async def test_a_foreign_epoch_or_a_nonsense_seq_gets_a_hello() -> None:
    async with house() as (_, url):
        for query in (
            "epoch=old&seq=3",
            "epoch=epoch-1&seq=99",
            "epoch=epoch-1&seq=-1",
            "epoch=epoch-1&seq=%F0",
        ):
            async with websockets.connect(f"{url}?who=anna&{query}") as line:
                assert (await heard(line))["type"] == "hello"


async def test_a_ticket_that_changes_while_tickets_are_read_is_in_the_hello() -> None:
    async with house() as (it, url):

        def read() -> list[dict[str, Any]]:
            data = {"id": "t1", "state": "handling"}
            it.hub.publish("ticket", {"data": data}, Audience(frozenset({"anna"})), "t")
            return [{"id": "t1", "state": "registered"}]

        it.tickets = read
        async with websockets.connect(f"{url}?who=anna") as line:
            hello = await heard(line)
            assert hello["snapshot"]["tickets"] == [{"id": "t1", "state": "handling"}]
            assert hello["seq"] == 1


async def test_commands_are_answered_one_by_one() -> None:
    async with house() as (_, url), websockets.connect(f"{url}?who=anna") as line:
        await heard(line)
        assert await ask(line, '{"id": "c1", "do": "agent.ready"}') == {
            "reply": "c1",
            "ok": True,
            "result": {"state": "ready", "user": "anna"},
        }
        refused = await ask(line, '{"id": "c2", "do": "agent.pause", "args": {"reason": "lunch"}}')
        assert refused["ok"] is False
        assert refused["error"] == {
            "code": "pbx_down",
            "message": "The PBX is away.",
            "details": {"pbx": "main"},
        }


async def test_nothing_that_a_client_sends_ends_the_connection() -> None:
    async with house() as (_, url), websockets.connect(f"{url}?who=anna") as line:
        await heard(line)
        codes = [
            (await ask(line, text))["error"]["code"]
            for text in (
                "not json",
                "[]",
                '{"id": 7, "do": "agent.ready"}',
                '{"id": "c", "do": "system.shutdown"}',
                '{"id": "c", "do": "agent.pause", "args": {"reason": "' + "x" * 65 + '"}}',
                '{"id": "c", "do": "agent.pause", "args": {"application": "System"}}',
                '{"id": "c", "do": "test.broken"}',
            )
        ]
        assert codes == [
            "malformed",
            "invalid",
            "invalid",
            "unknown_command",
            "invalid",
            "invalid",
            "internal",
        ]
        assert (await ask(line, '{"id": "c", "do": "agent.ready"}'))["ok"] is True


async def test_a_command_needs_its_permission() -> None:
    async with house() as (_, url), websockets.connect(f"{url}?who=audit") as line:
        await heard(line)
        assert (await ask(line, '{"id": "c", "do": "agent.ready"}'))["error"]["code"] == "role"


async def test_queue_figures_are_held_back_and_end_with_the_last_one() -> None:
    async with house() as (it, url), websockets.connect(f"{url}?who=anna") as line:
        await heard(line)
        for waiting in range(50):
            it.live.queue(cti.Queue(key="main/service", pbx="main", name="service", waiting=waiting))
        message = await heard(line)
        assert (message["type"], message["data"]["waiting"], message["seq"]) == ("queue", 49, 1)


async def test_a_client_that_does_not_read_is_cut_off_and_the_other_hears_all() -> None:
    async with house() as (it, url):
        host, port = url.split("/")[2].split(":")
        frozen = sockets.socket()
        frozen.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
        frozen.connect((host, int(port)))
        frozen.sendall(
            b"GET /ws?who=anna HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: MDEyMzQ1Njc4OTAxMjM0NQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        async with websockets.connect(f"{url}?who=anna", max_queue=None) as line:
            await heard(line)
            text = "x" * 60_000
            seen = 0
            await until(lambda: len(it.hub) == 2)
            while all(one.close_code is None for one in it.hub.connections()) and seen < 2000:
                it.hub.publish("notice", {"data": text}, Audience(frozenset({"anna"})), "t")
                seen += 1
                assert (await heard(line))["seq"] == seen
            await until(lambda: it.hub.cut_off == 1)
            assert len(it.hub) == 1
        frozen.close()


async def test_a_slow_client_is_told_so_and_resumes() -> None:
    async with house() as (it, url):
        async with websockets.connect(f"{url}?who=anna") as line:
            hello = await heard(line)
            for number in range(300):  # in one step: no task of ours can write in between
                it.hub.publish("notice", {"data": number}, Audience(frozenset({"anna"})), "t")
            with pytest.raises(websockets.ConnectionClosed) as closed:
                await until_closed(line)
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == SLOW
        async with websockets.connect(f"{url}?who=anna&epoch={hello['epoch']}&seq=200") as line:
            assert (await heard(line))["type"] == "resumed"
            assert [(await heard(line))["seq"] for _ in range(100)] == list(range(201, 301))
