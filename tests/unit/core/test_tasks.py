"""Owners of tasks, and the bounded queue with one task behind it."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from core.tasks import Tasks, Worker


@pytest.fixture
async def tasks() -> AsyncIterator[Tasks]:
    owner = Tasks()
    yield owner
    await owner.close()


async def forever() -> None:
    await asyncio.Event().wait()


async def test_closing_cancels_what_runs() -> None:
    tasks = Tasks()
    task = tasks.spawn(forever(), "forever")
    await tasks.close()
    assert task.cancelled()
    assert len(tasks) == 0


async def test_a_failure_is_counted_and_the_others_run_on(tasks: Tasks) -> None:
    async def fail() -> None:
        raise ValueError("why")

    other = tasks.spawn(forever(), "other")
    await asyncio.wait([tasks.spawn(fail(), "fail")])
    assert tasks.failures == 1
    assert not other.done()


async def test_after_closing_nothing_starts() -> None:
    tasks = Tasks()
    await tasks.close()
    with pytest.raises(RuntimeError, match="late"):
        tasks.spawn(forever(), "late")


async def test_a_task_that_will_not_end_does_not_hold_up_the_closing() -> None:
    tasks, released = Tasks(), asyncio.Event()

    async def stubborn() -> None:
        while not released.is_set():
            try:
                await released.wait()
            except asyncio.CancelledError:
                continue

    task = tasks.spawn(stubborn(), "stubborn")
    await asyncio.wait([tasks.spawn(asyncio.sleep(0), "a turn for the other")])
    await tasks.close(deadline=0.01)
    assert not task.done()
    released.set()
    await task


async def test_a_worker_handles_in_order(tasks: Tasks) -> None:
    got: list[int] = []

    async def take(item: int) -> None:
        got.append(item)

    worker = Worker("w", take, limit=10)
    worker.start(tasks)
    assert all(worker.offer(n) for n in range(5))
    assert await worker.drain()
    assert got == [0, 1, 2, 3, 4]
    assert (worker.handled, worker.depth, worker.refused) == (5, 0, 0)


async def test_a_full_line_refuses_at_once_and_counts() -> None:
    async def take(_: int) -> None: ...

    worker = Worker("w", take, limit=2)
    assert [worker.offer(n) for n in range(4)] == [True, True, False, False]
    assert (worker.depth, worker.refused) == (2, 2)


async def test_an_item_that_fails_is_passed_over(tasks: Tasks) -> None:
    got: list[int] = []

    async def take(item: int) -> None:
        if item == 1:
            raise ValueError
        got.append(item)

    worker = Worker("w", take)
    worker.start(tasks)
    for n in range(3):
        worker.offer(n)
    assert await worker.drain()
    assert got == [0, 2]
    assert worker.failures == 1


async def test_draining_gives_up_at_its_deadline(tasks: Tasks) -> None:
    async def stall(_: int) -> None:
        await forever()

    worker = Worker("w", stall)
    worker.start(tasks)
    worker.offer(1)
    assert not await worker.drain(deadline=0.01)
