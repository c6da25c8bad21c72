"""Idempotency keys: the same POST under the same key is carried out once, and answered the same for 24 hours."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import sqlalchemy as sa

from core.clock import Clock
from core.database import Database, insert_for, metadata
from core.errors import Conflict, Invalid

KEEP_SECONDS = 24 * 3600.0
WAIT_SECONDS = 10.0
"""How long a second request waits for the first one under the same key before it is told to come back."""
UNKNOWN_AFTER = 120.0
"""A claim older than this belongs to a process that ended in the middle: whether it was done is not known."""

_KEY = re.compile(r"[\x21-\x7e]{1,200}")

idempotency = sa.Table(
    "idempotency",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("at", sa.Double, nullable=False),
    sa.Column("fingerprint", sa.String(64), nullable=False),
    sa.Column("status", sa.Integer),
    sa.Column("headers", sa.JSON, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Index(None, "at"),
)


class Answer(msgspec.Struct, frozen=True):
    """An answer as it is kept. `keep` is False for one that must not be given again (an outage, a limit)."""

    status: int
    headers: dict[str, str]
    body: bytes
    keep: bool = True


class Post(msgspec.Struct, frozen=True):
    """What makes two POSTs the same: who, where and under which key; and what makes them differ: the content."""

    user: str
    path: str
    key: str
    content: bytes

    @property
    def id(self) -> str:
        return hashlib.sha256("\0".join((self.user, self.path, self.key)).encode()).hexdigest()

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


def check_key(key: str) -> str:
    """The key, or `Invalid`: 1 to 200 visible ASCII characters."""
    if not _KEY.fullmatch(key):
        raise Invalid("Idempotency-Key takes 1 to 200 visible ASCII characters.", field="Idempotency-Key")
    return key


class Idempotency:
    """Carries a POST out, or gives the answer that it had."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._running: dict[str, asyncio.Event] = {}

    async def once(self, post: Post, work: Callable[[], Awaitable[Answer]]) -> tuple[Answer, bool]:
        """`work`'s answer, and whether it is one given before.

        Raises `Invalid` (`idempotency_mismatch`) for other content under a known key, `Conflict` with
        `in_progress` while the first request runs on, or `outcome_unknown` where it was cut off.
        """
        while not await self._claim(post):
            known = await self._known(post)
            if known is not None:
                return known, True
        self._running[post.id] = asyncio.Event()
        try:
            answer = await work()
            await self._settle(post, answer)
        except Exception:
            await self._forget(post)
            raise
        finally:
            self._running.pop(post.id).set()
        return answer, False

    async def _claim(self, post: Post) -> bool:
        now = self._clock.now()
        async with self._db.begin() as tx:
            await tx.execute(sa.delete(idempotency).where(idempotency.c.at <= now - KEEP_SECONDS))
            claimed = await tx.scalar(
                insert_for(tx, idempotency)
                .values(id=post.id, at=now, fingerprint=post.fingerprint, status=None, headers={}, body=b"")
                .on_conflict_do_nothing()
                .returning(idempotency.c.id)
            )
            return claimed is not None

    async def _known(self, post: Post) -> Answer | None:
        """The kept answer; None where the claim is gone and may be made anew."""
        row = await self._row(post)
        if row is not None and row["status"] is None and row["fingerprint"] == post.fingerprint:
            await self._wait(post, row["at"])
            row = await self._row(post)
        if row is None:
            return None
        if row["fingerprint"] != post.fingerprint:
            raise Invalid("This Idempotency-Key was used with other content.", code="idempotency_mismatch")
        if row["status"] is None:
            raise Conflict("The first request with this Idempotency-Key still runs.", code="in_progress")
        return Answer(status=row["status"], headers=row["headers"], body=bytes(row["body"]))

    async def _wait(self, post: Post, claimed_at: float) -> None:
        running = self._running.get(post.id)
        if running is None:
            if self._clock.now() - claimed_at >= UNKNOWN_AFTER:
                raise Conflict(
                    "The first request with this Idempotency-Key was cut off; look whether it was carried out.",
                    code="outcome_unknown",
                )
            return
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await running.wait()
        except TimeoutError:
            return

    async def _row(self, post: Post) -> sa.RowMapping | None:
        query = sa.select(idempotency).where(idempotency.c.id == post.id)
        async with self._db.read() as tx:
            return (await tx.execute(query)).mappings().one_or_none()

    async def _settle(self, post: Post, answer: Answer) -> None:
        if not answer.keep:
            await self._forget(post)
            return
        kept: dict[str, Any] = {"status": answer.status, "headers": answer.headers, "body": answer.body}
        async with self._db.begin() as tx:
            await tx.execute(sa.update(idempotency).where(idempotency.c.id == post.id).values(**kept))

    async def _forget(self, post: Post) -> None:
        async with self._db.begin() as tx:
            await tx.execute(sa.delete(idempotency).where(idempotency.c.id == post.id))
