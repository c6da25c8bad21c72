"""Changes that wait at the same moment are kept by one COMMIT of SQLite: a group commit.

A commit waits for the disk, and while one does the next changes come together. Each list of changes still is a
transaction of its own to whoever asked for it: it is made whole or not at all, whatever becomes of the others, and the
answer comes after the commit that it is in.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from itertools import islice
from typing import NamedTuple

from core.sqlite_thread import Asked, Thread

MOST = 64
"""Lists of changes in one commit; then it is somebody else's turn to write."""


class _Waiting(NamedTuple):
    asked: Asked
    made: asyncio.Future[bool]


class GroupCommit:
    """`writer` gives the connection that writes, to one task at a time."""

    def __init__(self, writer: Callable[[], AbstractAsyncContextManager[Thread]]) -> None:
        self._writer = writer
        self._waiting: deque[_Waiting] = deque()
        self._work: asyncio.Task[None] | None = None

    async def change(self, asked: Asked) -> bool:
        """Make these changes; False where the first one changed no row, and then nothing was changed. Raises what
        SQLite raises."""
        waiting = _Waiting(asked, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        if self._work is None:
            self._work = asyncio.create_task(self._commit_all())
        return await waiting.made

    async def close(self) -> None:
        """Wait for what is under way."""
        if self._work is not None:
            await self._work

    async def _commit_all(self) -> None:
        try:
            while self._waiting:
                await self._commit()
        finally:
            self._work = None
            for waiting in self._waiting:  # this task was cancelled
                waiting.made.cancel()

    async def _commit(self) -> None:
        """Make and commit what waits by the time the connection is free."""
        group: list[_Waiting] = []
        outcomes: Sequence[bool | Exception]
        try:
            async with self._writer() as thread:
                self._waiting = deque(one for one in self._waiting if not one.made.done())  # some have gone
                group = list(islice(self._waiting, MOST))
                outcomes = await thread.each([one.asked for one in group])
        except Exception as error:  # no turn, no lock, no commit
            group = group or list(self._waiting)
            outcomes = [error] * len(group)
        for one, outcome in zip(group, outcomes, strict=True):
            self._waiting.popleft()
            _tell(one.made, outcome)


def _tell(made: asyncio.Future[bool], outcome: bool | Exception) -> None:
    if made.done():
        return
    if isinstance(outcome, Exception):
        made.set_exception(outcome)
    else:
        made.set_result(outcome)
