"""A program on the live socket: what a user who is not at any browser would be told."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import websockets
from websockets.asyncio.client import ClientConnection


class Listener:
    """The messages of one connection, in order."""

    def __init__(self, line: ClientConnection) -> None:
        self._line = line
        self.messages: list[dict[str, Any]] = []

    async def next(self) -> dict[str, Any]:
        """The next message, when it comes."""
        message: dict[str, Any] = json.loads(await self._line.recv())
        return message

    async def caught_up(self) -> list[dict[str, Any]]:
        """All messages that the server had for us until now: the answer to a command comes behind them."""
        await self._line.send(json.dumps({"id": "mark", "do": "no.such.command"}))
        while not self.messages or self.messages[-1].get("reply") != "mark":
            self.messages.append(await self.next())
        self.messages.pop()
        return self.messages


@asynccontextmanager
async def listener(address: str, token: str) -> AsyncIterator[Listener]:
    """A connection with an API token."""
    url = f"{address.replace('http', 'ws', 1)}/ws"
    headers = {"Authorization": f"Bearer {token}"}
    async with websockets.connect(url, additional_headers=headers, max_size=2**24) as line:
        yield Listener(line)
