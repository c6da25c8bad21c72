"""A bad line between a link and its PBX: events are dropped, doubled or swapped; the line is cut or goes dead.

Only events that answer no action are touched: a list that Asterisk sends is whole or cut off, never thinned out.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import Counter
from typing import Self

END = b"\r\n\r\n"


class Trouble:
    """Decides what becomes of each event; each share is a probability. Counts what it did."""

    def __init__(self, seed: int, drop: float = 0.0, double: float = 0.0, swap: float = 0.0) -> None:
        self._rng = random.Random(seed)
        passed = 1 - drop - double - swap
        self._shares = {"dropped": drop, "doubled": double, "swapped": swap, "passed": passed}
        self.done: Counter[str] = Counter()

    def choose(self) -> str:
        """dropped, doubled, swapped or passed."""
        (what,) = self._rng.choices(tuple(self._shares), tuple(self._shares.values()))
        self.done[what] += 1
        return what


class LossyLine:
    """Async context manager: a port on 127.0.0.1 that leads to the PBX's AMI."""

    def __init__(self, port: int, trouble: Trouble | None = None) -> None:
        self.trouble = trouble
        self._behind = port
        self._writers: set[asyncio.StreamWriter] = set()
        self._born = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self.cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """Breaks every connection; new ones are taken."""
        for writer in list(self._writers):
            writer.transport.abort()

    def die(self) -> None:
        """Half-open: the connections stay, and nothing passes on them any more; new ones pass."""
        self._born += 1

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._writers.add(writer)
        with contextlib.suppress(ConnectionError):
            behind, onward = await asyncio.open_connection("127.0.0.1", self._behind)
            self._writers.add(onward)
            born = self._born
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._actions(reader, onward, born))
                    group.create_task(self._events(behind, writer, born))
            except* ConnectionError:
                pass
            finally:
                for one in (writer, onward):
                    self._writers.discard(one)
                    one.transport.abort()

    async def _actions(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, born: int) -> None:
        while data := await reader.read(65536):
            if born == self._born:
                writer.write(data)
                await writer.drain()
        raise ConnectionResetError("the link went")

    async def _events(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, born: int) -> None:
        rest, held = b"", b""
        writer.write(await reader.readline())  # the greeting: one line, with no empty one after it
        while data := await reader.read(65536):
            if born != self._born:
                continue
            *blocks, rest = (rest + data).split(END)
            for block in blocks:
                out, held = self._pass(block + END, held)
                writer.write(out)
            await writer.drain()
        raise ConnectionResetError("the PBX went")

    def _pass(self, block: bytes, held: bytes) -> tuple[bytes, bytes]:
        """What goes out now, and an event that is kept back until after the next one."""
        if self.trouble is None or not block.startswith(b"Event:") or b"\r\nActionID:" in block:
            return held + block, b""
        match self.trouble.choose():
            case "dropped":
                return held, b""
            case "doubled":
                return held + block + block, b""
            case "swapped" if not held:
                return b"", block
            case _:
                return block + held, b""
