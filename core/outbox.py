"""The outbox: what must go out to the world is written with the change and delivered after its commit.

Delivery is at least once: a process that dies between the hand-over and its mark hands over again, and the
receiver tells it by `Delivery.id`. Order is kept within a topic; a failing topic does not hold up the others.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec
import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from core.clock import Clock, SystemClock
from core.database import Database, metadata
from core.forgetting import forget
from core.ids import new_id
from core.trips import Change, Insert

log = structlog.get_logger(__name__)

BATCH = 50
MAX_TRIES = 12
FIRST_PAUSE = 1.0
LONGEST_PAUSE = 600.0
HANDLER_SECONDS = 30.0
SWEEP_SECONDS = 30.0
"""How often the outbox is looked through although nobody nudged: another process may have written to it."""

outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column(
        "seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True
    ),
    sa.Column("id", sa.String(40), nullable=False),
    sa.Column("at", sa.Double, nullable=False),
    sa.Column("topic", sa.String(64), nullable=False),
    sa.Column("payload", sa.JSON, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("due_at", sa.Double, nullable=False),
    sa.Column("failed_at", sa.Double),
    sa.Column("error", sa.String(500), nullable=False),
    sa.Index(None, "topic", "failed_at", "seq"),
)


_INSERT = sa.insert(outbox)
"""Built once: building a statement costs ten times as much as running it."""
_ADD = Insert(outbox, filled=("seq",))


async def forget_failed(db: Database, before: float) -> int:
    """Deletes what was given up before `before` (epoch seconds); how many. What was delivered is gone already."""
    return await forget(db, outbox.c.id, outbox.c.failed_at, before)


class Delivery(msgspec.Struct, frozen=True):
    """One thing to deliver. `id` stays the same over all tries; `at` is when it was put, in epoch seconds."""

    id: str
    at: float
    topic: str
    payload: Any


Handler = Callable[[Delivery], Awaitable[object]]


async def put(tx: AsyncConnection, at: float, topic: str, payload: Any) -> None:
    """Have `payload` (what JSON can hold, structs too) delivered to the topic's handler after the commit."""
    await tx.execute(_INSERT, _row(at, topic, payload))


def entry(at: float, topic: str, payload: Any) -> Change:
    """The same, to be written together with other changes."""
    return Change(_ADD, _row(at, topic, payload))


def _row(at: float, topic: str, payload: Any) -> dict[str, Any]:
    return {
        "id": new_id(at),
        "at": at,
        "topic": topic,
        "payload": payload,
        "tries": 0,
        "due_at": at,
        "failed_at": None,
        "error": "",
    }


def pause_after(tries: int) -> float:
    """Seconds until the next try after `tries` failed ones: 1, 2, 4 … at most 10 minutes."""
    return float(min(FIRST_PAUSE * 2 ** (tries - 1), LONGEST_PAUSE))


class Relay:
    """Delivers. `run()` is a task for an owner; `nudge()` says that something was committed."""

    def __init__(self, db: Database, handlers: Mapping[str, Handler], clock: Clock | None = None) -> None:
        self._db = db
        self._handlers = dict(handlers)
        self._clock = clock or SystemClock()
        self._nudged = asyncio.Event()
        self.delivered = 0
        self.given_up = 0

    def nudge(self) -> None:
        """Look at the outbox soon."""
        self._nudged.set()

    async def run(self) -> None:
        """Deliver until cancelled; a database that is away is tried again."""
        while True:
            self._nudged.clear()
            try:
                wait = await self.deliver_due()
            except Exception:
                log.exception("outbox.pass_failed")
                wait = FIRST_PAUSE
            try:
                async with asyncio.timeout(min(wait, SWEEP_SECONDS)):
                    await self._nudged.wait()
            except TimeoutError:
                continue

    async def deliver_due(self) -> float:
        """Hand over all that is due now; returns the seconds until the next row is due."""
        waits = [await self._deliver_topic(topic) for topic in self._handlers]
        return min(waits, default=SWEEP_SECONDS)

    async def _deliver_topic(self, topic: str) -> float:
        while rows := await self._next_rows(topic):
            for row in rows:
                wait = row["due_at"] - self._clock.now()
                if wait <= 0:
                    wait = await self._deliver(row)
                if wait > 0:
                    return float(wait)
        return SWEEP_SECONDS

    async def _next_rows(self, topic: str) -> list[Mapping[str, Any]]:
        query = (
            sa.select(outbox)
            .where(outbox.c.topic == topic, outbox.c.failed_at.is_(None))
            .order_by(outbox.c.seq)
            .limit(BATCH)
        )
        async with self._db.read() as tx:
            return [dict(row) for row in (await tx.execute(query)).mappings()]

    async def _deliver(self, row: Mapping[str, Any]) -> float:
        """0 where it was delivered or given up, else the seconds until the next try."""
        delivery = Delivery(id=row["id"], at=row["at"], topic=row["topic"], payload=row["payload"])
        try:
            async with asyncio.timeout(HANDLER_SECONDS):
                await self._handlers[delivery.topic](delivery)
        except Exception as error:
            return await self._failed(row, error)
        async with self._db.begin() as tx:
            await tx.execute(sa.delete(outbox).where(outbox.c.seq == row["seq"]))
        self.delivered += 1
        return 0

    async def _failed(self, row: Mapping[str, Any], error: Exception) -> float:
        tries, now = row["tries"] + 1, self._clock.now()
        over, pause = tries >= MAX_TRIES, pause_after(tries)
        self.given_up += over
        log.warning(
            "outbox.failed", topic=row["topic"], id=row["id"], tries=tries, over=over, error=repr(error)
        )
        values = {"tries": tries, "due_at": now + pause, "failed_at": now if over else None}
        async with self._db.begin() as tx:
            await tx.execute(
                sa.update(outbox).where(outbox.c.seq == row["seq"]).values(error=repr(error)[:500], **values)
            )
        return 0 if over else pause
