"""The test's end of `held_serve.py`: who is held where another room is asked, and who finds it broken."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

HELD_SERVE = Path(__file__).with_name("held_serve.py")


class Asked(NamedTuple):
    number: str
    node: str
    service: str


class Order(NamedTuple):
    node: str
    order: str
    told: Callable[[], object]


class Door:
    """Gives each caller's order once: at that node."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self._orders: dict[str, Order] = {}
        self.port = 0

    @property
    def program(self) -> tuple[str, ...]:
        """What serves behind this door."""
        return (sys.executable, str(HELD_SERVE), str(self.port))

    def hold(self, number: str, node: str, order: str, told: Callable[[], object] = bool) -> None:
        """What is to happen when a room is asked for this caller in that node; `told` hears of it then."""
        self._orders[number] = Order(node, order, told)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = Asked(**json.loads(await reader.readline()))
        self.asked.append(asked)
        order = self._orders.get(asked.number)
        here = order is not None and order.node == asked.node
        writer.write(f"{order.order if order and here else 'go'}\n".encode())
        writer.close()
        if order and here:
            del self._orders[asked.number]
            order.told()


@asynccontextmanager
async def open_door() -> AsyncIterator[Door]:
    door = Door()
    server = await asyncio.start_server(door.answer, "127.0.0.1", 0)
    async with server:
        door.port = server.sockets[0].getsockname()[1]
        yield door
