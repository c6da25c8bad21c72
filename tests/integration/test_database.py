"""Database, audit trail and outbox on SQLite and PostgreSQL alike."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import sqlalchemy as sa

from core import audit, outbox
from core.database import Database
from core.errors import Invalid, Unavailable
from core.outbox import Delivery, Relay
from core.tasks import Tasks
from tests.conftest import START, FakeClock


@pytest.fixture
async def tasks() -> AsyncIterator[Tasks]:
    owner = Tasks()
    yield owner
    await owner.close()


async def test_it_answers_a_ping(db: Database) -> None:
    await db.ping()


async def test_a_block_that_raises_writes_nothing(db: Database) -> None:
    async def broken() -> None:
        async with db.begin() as tx:
            await audit.record(tx, START, "anna", "ticket.open", "ticket:1")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await broken()
    async with db.read() as tx:
        assert await audit.entries(tx) == []


async def test_reading_cannot_write(db: Database) -> None:
    with pytest.raises(sa.exc.DBAPIError):
        async with db.read() as tx:
            await audit.record(tx, START, "anna", "ticket.open", "ticket:1")


async def test_writers_take_turns_and_readers_go_on(db: Database) -> None:
    async def write(number: int) -> None:
        async with db.begin() as tx:
            await audit.record(tx, START + number, "anna", "ticket.open", f"ticket:{number}")
            await tx.execute(sa.select(sa.func.count()).select_from(audit.audit))

    async def read() -> int:
        async with db.read() as tx:
            return int(await tx.scalar(sa.select(sa.func.count()).select_from(audit.audit)) or 0)

    await asyncio.gather(*(write(n) for n in range(25)), *(read() for _ in range(25)))
    assert await read() == 25


async def test_two_processes_may_write_to_one_database(db: Database, db_url: str) -> None:
    other = Database(db_url)
    try:
        async with db.begin() as tx:
            await audit.record(tx, START, "anna", "a", "x")
        async with other.begin() as tx:
            await audit.record(tx, START + 1, "bert", "b", "x", {"why": "通气", "n": [1, None]})
        async with db.read() as tx:
            trail = await audit.entries(tx, subject="x")
    finally:
        await other.close()
    assert [entry.actor for entry in trail] == ["bert", "anna"]
    assert trail[0].details == {"why": "通气", "n": [1, None]}


async def test_the_trail_is_paged_and_filtered(db: Database) -> None:
    async with db.begin() as tx:
        for n in range(5):
            await audit.record(tx, START + n, "anna" if n % 2 else "bert", "a", f"x:{n}")
    async with db.read() as tx:
        first = await audit.entries(tx, limit=2)
        rest = await audit.entries(tx, limit=10, after=first[-1].id)
        annas = await audit.entries(tx, actor="anna")
    assert [e.subject for e in first + rest] == ["x:4", "x:3", "x:2", "x:1", "x:0"]
    assert [e.subject for e in annas] == ["x:3", "x:1"]


@pytest.mark.parametrize("url", ["", "sqlite://", "sqlite:///:memory:", "mysql://localhost/x", "ringdesk.db"])
def test_an_address_of_no_database_is_refused(url: str) -> None:
    with pytest.raises(Invalid, match=r"database\.url"):
        Database(url)


async def test_a_database_that_is_away_is_told() -> None:
    db = Database("postgresql://nobody@/x?host=/nonexistent")
    with pytest.raises(Unavailable):
        await db.ping()
    await db.close()


async def _put(db: Database, *payloads: object, topic: str = "mail") -> None:
    async with db.begin() as tx:
        for payload in payloads:
            await outbox.put(tx, START, topic, payload)


async def _rows(db: Database) -> list[sa.Row[Any]]:
    async with db.read() as tx:
        return list(await tx.execute(sa.select(outbox.outbox)))


async def test_the_outbox_delivers_in_order_and_once(db: Database, clock: FakeClock) -> None:
    got: list[object] = []

    async def take(delivery: Delivery) -> None:
        got.append(delivery.payload)

    relay = Relay(db, {"mail": take}, clock)
    await _put(db, {"n": 1}, {"n": 2}, {"n": 3})
    await relay.deliver_due()
    await relay.deliver_due()
    assert got == [{"n": 1}, {"n": 2}, {"n": 3}]
    assert await _rows(db) == []


async def test_what_was_rolled_back_is_never_delivered(db: Database, clock: FakeClock) -> None:
    got: list[Delivery] = []

    async def take(delivery: Delivery) -> None:
        got.append(delivery)

    async def broken() -> None:
        async with db.begin() as tx:
            await outbox.put(tx, START, "mail", {})
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await broken()
    await Relay(db, {"mail": take}, clock).deliver_due()
    assert got == []


async def test_a_failing_topic_waits_longer_each_time_and_holds_up_no_other(
    db: Database, clock: FakeClock
) -> None:
    ids: list[str] = []
    texts: list[object] = []

    async def fail(delivery: Delivery) -> None:
        ids.append(delivery.id)
        raise OSError("no mail server")

    async def take(delivery: Delivery) -> None:
        texts.append(delivery.payload)

    relay = Relay(db, {"mail": fail, "text": take}, clock)
    await _put(db, "m1", "m2")
    await _put(db, "t1", topic="text")
    assert await relay.deliver_due() == pytest.approx(1.0)
    assert len(ids) == 1
    assert texts == ["t1"]
    clock.advance(1.0)
    assert await relay.deliver_due() == pytest.approx(2.0)
    assert len(set(ids)) == 1, "the second mail must not overtake the first"


async def test_after_twelve_tries_it_is_put_aside_and_the_next_goes_out(
    db: Database, clock: FakeClock
) -> None:
    got: list[object] = []

    async def take(delivery: Delivery) -> None:
        if delivery.payload == "bad":
            raise ValueError("cannot be sent")
        got.append(delivery.payload)

    relay = Relay(db, {"mail": take}, clock)
    await _put(db, "bad", "good")
    for _ in range(outbox.MAX_TRIES):
        clock.advance(outbox.LONGEST_PAUSE)
        await relay.deliver_due()
    assert got == ["good"]
    assert relay.given_up == 1
    assert [(row.tries, row.failed_at is not None) for row in await _rows(db)] == [(12, True)]


async def test_a_nudge_wakes_the_relay(db: Database, clock: FakeClock, tasks: Tasks) -> None:
    came = asyncio.Event()

    async def take(_: Delivery) -> None:
        came.set()

    relay = Relay(db, {"mail": take}, clock)
    tasks.spawn(relay.run(), "outbox")
    await _put(db, "m")
    relay.nudge()
    async with asyncio.timeout(60):
        await came.wait()


async def test_a_writer_that_is_cancelled_leaves_nothing_and_blocks_nobody(db: Database) -> None:
    inside = asyncio.Event()

    async def stuck() -> None:
        async with db.begin() as tx:
            await audit.record(tx, START, "anna", "a", "stuck")
            inside.set()
            await asyncio.Event().wait()

    for _ in range(3):
        inside.clear()
        task = asyncio.create_task(stuck())
        await inside.wait()
        task.cancel()
        await asyncio.wait([task])
    async with asyncio.timeout(60), db.begin() as tx:
        await audit.record(tx, START, "anna", "a", "next")
    async with db.read() as tx:
        assert [entry.subject for entry in await audit.entries(tx)] == ["next"]


async def test_a_statement_that_is_cancelled_half_way_blocks_nobody(db: Database) -> None:
    rows = [{"id": f"{n:040}", "n": n} for n in range(300)]

    async def busy() -> None:
        async with db.begin() as tx:
            for row in rows:
                await audit.record(tx, START, "anna", "a", str(row["n"]))

    for turns in (3, 10, 40):
        task = asyncio.create_task(busy())
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
    async with asyncio.timeout(60), db.begin() as tx:
        await audit.record(tx, START, "anna", "a", "next")
    async with db.read() as tx:
        assert [entry.subject for entry in await audit.entries(tx)] == ["next"]
