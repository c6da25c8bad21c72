"""Owners of tasks: each task has one, its failure is logged, and it is cancelled at shutdown."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Generic, TypeVar

import structlog

T = TypeVar("T")
log = structlog.get_logger(__name__)


class Tasks:
    """The owner of a set of tasks."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()
        self._closed = False
        self.failures = 0

    def __len__(self) -> int:
        return len(self._tasks)

    @property
    def closed(self) -> bool:
        """True from the begin of `close` on."""
        return self._closed

    def spawn(self, coro: Coroutine[Any, Any, T], name: str) -> asyncio.Task[T]:
        """Run `coro` as a task of ours. After `close` it is refused with a RuntimeError and never runs."""
        if self._closed:
            coro.close()
            raise RuntimeError(f"cannot start {name}: its owner is closed")
        task = asyncio.get_running_loop().create_task(coro, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if error is not None:
            self.failures += 1
            log.error("task.failed", task=task.get_name(), exc_info=error)

    async def close(self, deadline: float = 5.0) -> None:
        """Cancel every task and wait up to `deadline` seconds; those that stay are logged by name."""
        self._closed = True
        pending = set(self._tasks)
        for task in pending:
            task.cancel()
        if not pending:
            return
        _, stuck = await asyncio.wait(pending, timeout=deadline)
        for task in stuck:
            log.error("task.stuck", task=task.get_name(), deadline=deadline)


class Worker(Generic[T]):
    """A bounded queue with one task behind it: who offers never waits, what is slow never grows."""

    def __init__(self, name: str, handler: Callable[[T], Awaitable[object]], limit: int = 1000) -> None:
        self.name = name
        self._handler = handler
        self._queue: asyncio.Queue[T] = asyncio.Queue(limit)
        self.refused = 0
        self.failures = 0
        self.handled = 0

    @property
    def depth(self) -> int:
        """Items that wait."""
        return self._queue.qsize()

    def offer(self, item: T) -> bool:
        """Put `item` in line at once; False (and counted) where the line is full."""
        try:
            self._queue.put_nowait(item)
        except asyncio.QueueFull:
            self.refused += 1
            if self.refused & (self.refused - 1) == 0:  # at 1, 2, 4, 8 …: a flood is told, not repeated
                log.warning("worker.full", worker=self.name, refused=self.refused)
            return False
        return True

    def start(self, tasks: Tasks) -> asyncio.Task[None]:
        """Run under this owner."""
        return tasks.spawn(self.run(), self.name)

    async def run(self) -> None:
        """Handle items in order until cancelled; one that fails is logged, counted and passed over."""
        while True:
            item = await self._queue.get()
            try:
                await self._handler(item)
                self.handled += 1
            except Exception:
                self.failures += 1
                log.exception("worker.failed", worker=self.name)
            finally:
                self._queue.task_done()

    async def drain(self, deadline: float = 5.0) -> bool:
        """Wait up to `deadline` seconds until all that was offered is handled; False where time ran out."""
        try:
            async with asyncio.timeout(deadline):
                await self._queue.join()
        except TimeoutError:
            return False
        return True
