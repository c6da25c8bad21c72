"""The recorder on a store that stalls, fails or refuses: nothing waits for it, nothing but poison is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import sqlalchemy as sa

from core.bus import Bus
from core.tasks import Tasks
from cti.messages import Call, CallChanged, CallEnded, CallStarted, CallState, Direction, Party
from cti.recorder import BATCH, Recorder


def call(number: int, state: CallState = CallState.IVR) -> Call:
    return Call(f"main-{number}", "main", Direction.INBOUND, state, Party("1"), "4001", float(number))


class Store:
    """Keeps the latest of each call. `closed`: it does not answer; `failing`: so many tries fail; `poison`: an id."""

    def __init__(self) -> None:
        self.calls: dict[str, Call] = {}
        self.batches: list[int] = []
        self.open = asyncio.Event()
        self.open.set()
        self.failing = 0
        self.poison = ""

    async def save_many(self, many: Sequence[Call]) -> None:
        await self.open.wait()
        if self.failing:
            self.failing -= 1
            raise sa.exc.OperationalError("insert", {}, Exception("database is locked"))
        if any(one.id == self.poison for one in many):
            raise sa.exc.DataError("insert", {}, Exception("value too long"))
        self.batches.append(len(many))
        self.calls.update({one.id: one for one in many})


@asynccontextmanager
async def running(store: Store) -> AsyncIterator[tuple[Recorder, Bus]]:
    recorder, bus, tasks = Recorder(store), Bus(), Tasks()
    recorder.subscribe(bus)
    recorder.start(tasks)
    yield recorder, bus
    await tasks.close()


async def test_of_each_call_the_latest_is_written() -> None:
    store = Store()
    async with running(store) as (recorder, bus):
        for state in (CallState.IVR, CallState.QUEUED, CallState.TALKING):
            bus.publish(CallChanged(call(1, state)))
        bus.publish(CallStarted(call(2)))
        bus.publish(CallEnded(call(2, CallState.ENDED)))
        assert await recorder.flush()
    assert {one.id: one.state for one in store.calls.values()} == {
        "main-1": CallState.TALKING,
        "main-2": CallState.ENDED,
    }
    assert store.batches == [2]


async def test_a_stalled_database_holds_up_nobody_and_gets_the_latest_when_it_is_back() -> None:
    store = Store()
    store.open.clear()
    async with running(store) as (recorder, bus):
        for round_ in range(3):
            for number in range(1000):
                state = CallState.ENDED if round_ == 2 else CallState.TALKING
                bus.publish(CallChanged(call(number, state)))
            await asyncio.sleep(0)
        assert recorder.pending <= 1000 + BATCH
        assert not await recorder.flush(0.01)
        store.open.set()
        assert await recorder.flush()
        assert recorder.pending == 0
    assert len(store.calls) == 1000
    assert all(one.state is CallState.ENDED for one in store.calls.values())


async def test_what_fails_is_tried_again() -> None:
    store = Store()
    store.failing = 2
    async with running(store) as (recorder, bus):
        bus.publish(CallStarted(call(1)))
        assert await recorder.flush()
    assert list(store.calls) == ["main-1"]
    assert (recorder.failures, recorder.dropped) == (2, 0)


async def test_a_call_that_no_database_takes_does_not_hold_up_the_others() -> None:
    store = Store()
    store.poison = "main-3"
    async with running(store) as (recorder, bus):
        for number in range(6):
            bus.publish(CallStarted(call(number)))
        assert await recorder.flush()
    assert sorted(store.calls) == [f"main-{n}" for n in (0, 1, 2, 4, 5)]
    assert recorder.dropped == 1
