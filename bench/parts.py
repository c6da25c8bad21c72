"""A benchmark's parts in processes of their own, so that nobody's work is counted as another's."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import resource
import time
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any, Self

SECONDS = 120.0
"""Longest that a part may take for one thing."""
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Part:
    """What runs in a process of its own: `start` first, `stop` last, other methods when they are asked for."""

    async def start(self) -> Any:
        raise NotImplementedError

    async def stop(self) -> None:
        return

    async def processor(self) -> float:
        """Seconds of processor time since the process began, in all of its threads."""
        return time.process_time()

    async def memory(self) -> int:
        """Bytes of memory in use (RSS)."""
        return _resident()


class Remote:
    """A part in its process, as the benchmark holds it: `async with Remote(Some(...)) as some`."""

    def __init__(self, part: Part) -> None:
        context = multiprocessing.get_context("spawn")
        self._line, theirs = context.Pipe()
        self._process = context.Process(target=_live, args=(part, theirs), daemon=True)
        self.started: Any = None
        """What `start` returned."""

    async def __aenter__(self) -> Self:
        self._process.start()
        try:
            self.started = await self._answer()
        except BaseException:
            self._process.kill()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            await self.ask("stop")
        self._process.kill()
        await asyncio.to_thread(self._process.join, 10)

    async def ask(self, method: str, *args: Any) -> Any:
        """What the part's method returns."""
        self._line.send((method, args))
        return await self._answer()

    async def _answer(self) -> Any:
        if not await asyncio.to_thread(self._line.poll, SECONDS):
            raise TimeoutError("a part of the benchmark does not answer")
        good, answer = self._line.recv()
        if not good:
            raise RuntimeError(answer)
        return answer


def many_files() -> None:
    """Let this process hold as many sockets as the system allows."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE


def _live(part: Part, line: Connection) -> None:
    many_files()
    asyncio.run(_serve(part, line))


async def _serve(part: Part, line: Connection) -> None:
    method, args = "start", ()
    while True:
        try:
            line.send((True, await getattr(part, method)(*args)))
        except Exception as error:
            line.send((False, f"{type(part).__name__}.{method}: {error!r}"))
        if method == "stop":
            return
        method, args = await asyncio.to_thread(line.recv)
