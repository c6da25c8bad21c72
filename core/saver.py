"""Writes values as they change. A database that stalls never stalls who changes them: of each only the latest waits."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar

import sqlalchemy as sa
import structlog

from core.tasks import Tasks

BATCH = 200
GATHER_SECONDS = 0.1
"""What changes several times within this time is written once."""
FIRST_PAUSE = 0.2
LONGEST_PAUSE = 10.0
HURRIED_PAUSE = 0.05
"""Between tries while a shutdown waits."""
PENDING = 100_000
"""Values that may wait for a database that is away: about a day of 4,000 calls an hour, some 200 MB."""
DATABASE_SECONDS = 15.0

# What the database will never take; anything else may pass, such as a lock or a server that is away.
_POISON = (sa.exc.DataError, sa.exc.IntegrityError, UnicodeError)

log = structlog.get_logger(__name__)


class HasId(Protocol):
    @property
    def id(self) -> str: ...


T = TypeVar("T", bound=HasId)
T_contra = TypeVar("T_contra", contravariant=True)


class Saves(Protocol[T_contra]):
    """Where values go."""

    async def save_many(self, many: Sequence[T_contra], /) -> None: ...


class Saver(Generic[T]):
    """Takes values without waiting, and writes them in batches, in a task of its own.

    What failed is tried again, ever more slowly, and only in its latest shape. A value that the database refuses for
    what is in it is given up and counted in `dropped`; so is the oldest one, should more wait than `PENDING`.
    """

    def __init__(self, store: Saves[T], name: str) -> None:
        self._store = store
        self._name = name
        self._pending: dict[str, T] = {}
        self._saving = 0
        self._news = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._hurry = asyncio.Event()
        self.saved = 0
        self.failures = 0
        self.dropped = 0

    @property
    def pending(self) -> int:
        """Values that wait to be written."""
        return len(self._pending) + self._saving

    def start(self, tasks: Tasks) -> None:
        tasks.spawn(self.run(), f"{self._name} recorder")

    def offer(self, value: T) -> None:
        """Have it written soon; never waits."""
        self._pending[value.id] = value
        if len(self._pending) > PENDING:
            self._drop(self._pending.pop(next(iter(self._pending))), "too many wait")
        self._idle.clear()
        self._news.set()

    async def run(self) -> None:
        """Writes until cancelled."""
        tries = 0
        while True:
            await self._news.wait()
            if len(self._pending) < BATCH:
                await self._hurried(GATHER_SECONDS)
            tries = 0 if await self._save_some() else tries + 1
            if not self._pending:
                self._news.clear()
                self._idle.set()
            elif tries:
                await self._wait(min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(tries - 1, 10)))

    async def flush(self, deadline: float = 5.0) -> bool:
        """Waits up to `deadline` seconds until all is written; False where time ran out. `run` must be running."""
        self._hurry.set()
        try:
            async with asyncio.timeout(deadline):
                await self._idle.wait()
        except TimeoutError:
            log.error("recorder.unsaved", of=self._name, waiting=self.pending)
            return False
        finally:
            self._hurry.clear()
        return True

    async def _wait(self, seconds: float) -> None:
        if await self._hurried(seconds):
            await asyncio.sleep(min(seconds, HURRIED_PAUSE))

    async def _hurried(self, seconds: float) -> bool:
        """Waits so long, or until a shutdown hurries: True."""
        try:
            async with asyncio.timeout(seconds):
                return await self._hurry.wait()
        except TimeoutError:
            return False

    async def _save_some(self) -> bool:
        batch = {key: self._pending.pop(key) for key in list(self._pending)[:BATCH]}
        self._saving = len(batch)
        try:
            await self._save(list(batch.values()))
        except Exception as error:
            self.failures += 1
            if self.failures & (self.failures - 1) == 0:  # at 1, 2, 4, 8 …
                log.warning(
                    "recorder.failed",
                    of=self._name,
                    waiting=len(batch),
                    failures=self.failures,
                    error=str(error)[:300],
                )
            self._pending = {**batch, **self._pending}  # what has changed meanwhile goes before
            return False
        except BaseException:
            self._pending = {**batch, **self._pending}
            raise
        finally:
            self._saving = 0
        return True

    async def _save(self, batch: list[T]) -> None:
        try:
            async with asyncio.timeout(DATABASE_SECONDS):
                await self._store.save_many(batch)
            self.saved += len(batch)
        except _POISON as error:
            await self._save_each(batch, error)

    async def _save_each(self, batch: list[T], error: Exception) -> None:
        """One of the batch is what the database will never take: the others must not suffer."""
        if len(batch) == 1:
            self._drop(batch[0], str(error)[:300])
            return
        for value in batch:
            await self._save([value])

    def _drop(self, value: T, why: str) -> None:
        self.dropped += 1
        log.error("recorder.dropped", of=self._name, id=value.id, why=why)
