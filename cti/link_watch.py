"""Waits for work only as long as the connections that it needs."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from cti.connection import AmiConnection
from cti.vocabulary import AmiSocketError

T = TypeVar("T")


class Watch:
    """Waits for work only as long as the session lives."""

    def __init__(self, events: AmiConnection, keeper: asyncio.Task[None]) -> None:
        self._events = events
        self._keeper = keeper

    async def until(self, work: Coroutine[Any, Any, T]) -> T:
        """The work's result; AmiSocketError when the event connection ends before."""
        task = asyncio.ensure_future(work)
        try:
            ends: set[asyncio.Future[Any]] = {task, self._events.closed, self._keeper}
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            if self._events.closed.done():
                raise AmiSocketError(self._events.closed.result())
            if self._keeper.done():
                self._keeper.result()
            return task.result()
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
