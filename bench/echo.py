"""The least that can stand between AMI's bytes and a browser: finds AgentCalled, writes a frame."""

from __future__ import annotations

import asyncio
import re
from typing import cast

from aiohttp import web

from bench.parts import Part
from cti.practice.pbx import SECRET, USERNAME

_CALLER = re.compile(rb"\r\nUniqueid: (\S+)")
_PHONE = re.compile(rb"\r\nInterface: PJSIP/(\d+)")
LOGIN = f"Action: Login\r\nUsername: {USERNAME}\r\nSecret: {SECRET}\r\nEvents: system,call,agent\r\n\r\n"


class Echo(Part, asyncio.Protocol):
    """A browser is known by its phone, which it names as its token."""

    def __init__(self, pbx_port: int) -> None:
        self._pbx_port = pbx_port

    async def start(self) -> int:
        self._lines: dict[bytes, asyncio.Transport] = {}
        self._rest = b""
        app = web.Application()
        app.router.add_get("/ws", self._serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        await asyncio.get_running_loop().create_connection(lambda: self, "127.0.0.1", self._pbx_port)
        return int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        await self._runner.cleanup()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast(asyncio.Transport, transport).write(LOGIN.encode())

    def data_received(self, data: bytes) -> None:
        *events, self._rest = (self._rest + data).split(b"\r\n\r\n")
        for event in events:
            if event.startswith(b"Event: AgentCalled"):
                caller, phone = _CALLER.search(event), _PHONE.search(event)
                if caller and phone:
                    self._lines[phone[1]].write(_frame(caller[1]))

    async def _serve(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        phone = request.headers["Authorization"].removeprefix("Bearer ")
        await socket.send_str('{"type":"hello","epoch":"echo","seq":0}')
        self._lines[phone.encode()] = cast(asyncio.Transport, request.transport)
        async for _ in socket:
            pass
        return socket


def _frame(caller: bytes) -> bytes:
    text = b'{"type":"pop","data":{"call_id":"main-%s"}}' % caller
    assert len(text) < 126
    return bytes((0x81, len(text))) + text
