"""Browsers on the live socket, as programs: each takes down when its pops came."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Sequence

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

AT_ONCE = 50
"""Connections that are opened at a time."""
SECONDS = 30.0


class Frame(msgspec.Struct):
    """Of a message what the benchmarks look at."""

    type: str
    epoch: str = ""
    seq: int = 0
    data: dict[str, object] = {}


class Client:
    """One agent's browser."""

    def __init__(self, port: int, phone: str, token: str) -> None:
        self._url = f"ws://127.0.0.1:{port}/ws"
        self._token = token
        self.phone = phone
        self.epoch, self.seq = "", 0
        self.frames = 0
        self._last = b""
        self.pops: list[tuple[float, bytes]] = []
        """Monotonic time and content of each pop."""
        self._line: ClientConnection | None = None
        self._reader: asyncio.Task[None] | None = None

    async def open(self) -> str:
        """Connect, resuming where there was a connection before; the type of the first message."""
        query = f"?epoch={self.epoch}&seq={self.seq}" if self.epoch else ""
        self._line = await connect(
            self._url + query,
            additional_headers={"Authorization": f"Bearer {self._token}"},
            compression=None,
            max_queue=None,
            ping_interval=None,
            open_timeout=SECONDS,
            close_timeout=1,
        )
        async with asyncio.timeout(SECONDS):
            first = _DECODER.decode(await self._line.recv(decode=False))
        self.epoch, self.seq = first.epoch, first.seq
        self._reader = asyncio.create_task(self._read(self._line))
        return first.type

    async def _read(self, line: ClientConnection) -> None:
        with contextlib.suppress(ConnectionClosed):
            while True:
                self._heard(await line.recv(decode=False), time.monotonic())

    def _heard(self, frame: bytes, at: float) -> None:
        self.frames += 1
        self._last = frame
        if frame.startswith(b'{"type":"pop",'):
            self.pops.append((at, frame))

    def cut(self) -> None:
        """Break the connection off, as a cable that is pulled does; what came last is where it resumes."""
        if self._reader:
            self._reader.cancel()
        if self._line:
            self._line.transport.abort()
        if self.frames:
            self.seq = max(self.seq, _DECODER.decode(self._last).seq)


async def open_all(clients: Sequence[Client]) -> list[str]:
    """Open all; how each was greeted."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(client: Client) -> str:
        async with gate:
            return await client.open()

    return await asyncio.gather(*(one(client) for client in clients))


async def cut_all(clients: Sequence[Client]) -> None:
    """Break all connections off."""
    for client in clients:
        client.cut()
    await asyncio.sleep(0)


_DECODER = msgspec.json.Decoder(Frame)
