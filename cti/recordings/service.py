"""Keeps recordings: indexes what was recorded, says who may hear what, and deletes what is too old."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Protocol

import structlog
from msgspec.structs import replace

from config.settings import RecordingSettings
from core import audit
from core.clock import Clock
from core.database import Database
from core.errors import NotFound
from core.identity.users import User
from core.ids import new_id
from cti.messages import Call
from cti.recordings import store
from cti.recordings.files import Folder, Found
from cti.recordings.model import (
    DAY,
    SILENT_BYTES,
    Kind,
    Recording,
    State,
    call_of_file,
    hears_all,
    is_due,
    is_id,
    may_listen,
    words_name,
)
from cti.recordings.store import Wanted

log = structlog.get_logger(__name__)

LISTENING_SECONDS = 600.0
"""Seeking in one recording is one listening; who comes back later listens anew."""
LISTENERS = 10_000
SETTLED_SECONDS = 10.0
"""A file that was written to a moment ago may not be at its end."""
BATCH = 100


class Tickets(Protocol):
    """What recordings ask of the tickets' room."""

    async def sees(self, user: User, ticket_id: str) -> bool:
        """Whether the user may see the ticket."""
        ...

    async def needing(self, recordings: Sequence[Recording]) -> Collection[str]:
        """The ids of those recordings that an open ticket is about, by itself or by its call."""
        ...


async def _as_asked(call_ids: Collection[str]) -> Collection[str]:
    return call_ids


@dataclass(frozen=True)
class Around:
    """What the room stands on. `call` finds a call, live or stored, or what it is part of; `is_live` says whether
    it still goes on."""

    db: Database
    clock: Clock
    call: Callable[[str], Awaitable[Call | None]]
    is_live: Callable[[str], bool]
    tickets: Tickets
    now: Callable[[str], str] = lambda call_id: call_id
    """The id of the call that a call is part of now; its own where it is not."""
    ids: Callable[[Collection[str]], Awaitable[Collection[str]]] = _as_asked
    """All ids by which these calls are known: what was kept by one that is part of another by now is that one's."""


class Recordings:
    """The recordings of one installation."""

    def __init__(self, settings: RecordingSettings, around: Around) -> None:
        self._settings, self._around, self._db = settings, around, around.db
        self.folder = Folder(settings.folder)
        self._heard: OrderedDict[tuple[str, str], float] = OrderedDict()
        self._indexed: set[str] | None = None

    @property
    def on(self) -> bool:
        """Whether anything is recorded at all."""
        return bool(self._settings.folder)

    def begin(self) -> tuple[str, str]:
        """A new id, and the name for the PBX, without extension, under which it is to record."""
        id = new_id(self._around.clock.now())
        folder = (self._settings.pbx_folder or self._settings.folder).rstrip("/")
        return id, f"{folder}/{words_name(id)}"

    async def keep_words(self, id: str, pbx: str, call_id: str, visit: str, seconds: float) -> bool:
        """Index a caller's words; False where the file is not there or holds nothing, and then it goes."""
        name = f"{words_name(id)}.wav"
        size = await asyncio.to_thread(self.folder.size, name)
        if seconds <= 0 or size <= SILENT_BYTES:
            await asyncio.to_thread(self.folder.delete, name)
            return False
        at = self._around.clock.now() - seconds
        await self._add(Recording(id, Kind.WORDS, pbx, call_id, visit, "", at, seconds, size, name))
        return True

    async def attach(self, id: str, ticket_id: str) -> None:
        """The caller left these words for this ticket."""
        if is_id(id):
            async with self._db.begin() as tx:
                await store.attach(tx, id, ticket_id)

    async def joined(self, gone: str, call_id: str) -> None:
        """A call turned out to be part of another: what was recorded of it is that one's."""
        async with self._db.begin() as tx:
            await store.move(tx, gone, call_id)

    async def scan(self) -> int:
        """Index the files of whole calls that have ended; how many were new."""
        if not self.on:
            return 0
        if self._indexed is None:
            async with self._db.read() as tx:
                self._indexed = await store.files(tx)
        count = 0
        for found in await asyncio.to_thread(self._new_files, self._indexed):
            count += await self._index_call(found)
        return count

    def _new_files(self, known: Collection[str]) -> list[Found]:
        before = self._around.clock.now() - SETTLED_SECONDS
        return [one for one in self.folder.all(known) if one.changed_at < before and call_of_file(one.name)]

    async def _index_call(self, found: Found) -> bool:
        call_id = self._around.now(call_of_file(found.name) or "")
        call = await self._around.call(call_id)
        call_id = call.id if call else call_id
        if self._around.is_live(call_id):
            return False
        seconds = await asyncio.to_thread(self.folder.seconds, found.name)
        at = found.changed_at - seconds
        pbx = call.pbx if call else ""
        id = new_id(at)
        return await self._add(
            Recording(id, Kind.CALL, pbx, call_id, "", "", at, seconds, found.size, found.name)
        )

    async def _add(self, recording: Recording) -> bool:
        """Whether it is new to the index."""
        async with self._db.begin() as tx:
            new = await store.insert(tx, recording)
            if (
                call_id := self._around.now(recording.call_id)
            ) != recording.call_id:  # while the caller spoke
                await store.move(tx, recording.call_id, call_id)
        if self._indexed is not None:
            self._indexed.add(recording.file)
        return new

    async def get(self, user: User, id: str) -> Recording:
        """The recording. Raises `NotFound` for one that is not the user's to hear, as for one that is not there."""
        found = None
        if is_id(id):
            async with self._db.read() as tx:
                found = await store.get(tx, id)
        if found is None or not await self._may(user, found):
            raise NotFound("There is no such recording.")
        return found

    async def find(
        self, user: User, wanted: Wanted, limit: int = 50, after: str = ""
    ) -> tuple[list[Recording], str | None]:
        """Those that the user may hear, newest first, and the next `after`. A call that is part of another has its."""
        if wanted.call_ids is not None:
            wanted = replace(wanted, call_ids=tuple(await self._around.ids(wanted.call_ids)))
        async with self._db.read() as tx:
            found = await store.find(tx, wanted, limit + 1, after)
        own = [one for one in found[:limit] if await self._may(user, one)]
        return own, found[limit - 1].id if len(found) > limit else None

    async def state(self, recording: Recording) -> State:
        """Whether there is anything to hear."""
        if recording.deleted_at is not None:
            return State.DELETED
        there = await asyncio.to_thread(self.folder.size, recording.file)
        return State.KEPT if there else State.MISSING

    async def listen(self, user: User, id: str) -> tuple[Recording, BinaryIO]:
        """The recording and its open file, once the listening is in the audit trail. Raises as `open` does."""
        found, file = await self.open(user, id)
        try:
            await self._note(user, found)
        except BaseException:
            file.close()
            raise
        return found, file

    async def open(self, user: User, id: str) -> tuple[Recording, BinaryIO]:
        """The recording and its file, for who only asks how long it is.

        Raises `NotFound`: `not_found`, `recording_deleted` where its time was up, `recording_missing` where the file
        is gone.
        """
        found = await self.get(user, id)
        if found.deleted_at is not None:
            raise NotFound("This recording was deleted when its time was up.", code="recording_deleted")
        file = await asyncio.to_thread(self.folder.open, found.file)
        if file is None:
            log.warning("recording.missing", recording=id, file=found.file)
            raise NotFound("The file of this recording is missing.", code="recording_missing")
        return found, file

    async def _note(self, user: User, found: Recording) -> None:
        at, key = self._around.clock.now(), (user.name, found.id)
        if at - self._heard.get(key, -LISTENING_SECONDS) < LISTENING_SECONDS:
            return
        details = {"kind": found.kind.value, "call": found.call_id, "ticket": found.ticket_id}
        async with self._db.begin() as tx:
            await audit.record(tx, at, user.name, "recording.listen", f"recording:{found.id}", details)
        self._heard[key] = at
        self._heard.move_to_end(key)
        while len(self._heard) > LISTENERS:
            self._heard.popitem(last=False)

    async def _may(self, user: User, found: Recording) -> bool:
        if hears_all(user):
            return True
        call = await self._around.call(found.call_id) if found.call_id else None
        sees = bool(found.ticket_id) and await self._around.tickets.sees(user, found.ticket_id)
        return may_listen(found, user, call, sees_ticket=sees)

    async def clean(self) -> int:
        """Delete what is too old, but nothing that an open ticket needs; how many. Each deletion is audited."""
        if not self.on:
            return 0
        now, count = self._around.clock.now(), 0
        for kind, days in ((Kind.WORDS, self._settings.words_days), (Kind.CALL, self._settings.calls_days)):
            after = ""
            while days > 0:
                async with self._db.read() as tx:
                    old = await store.older(tx, kind, now - days * DAY, after, BATCH)
                if not old:
                    break
                count += await self._delete(old, days, now)
                after = old[-1].id
        return count + await self._clean_strays(now)

    async def _delete(self, old: Sequence[Recording], days: float, now: float) -> int:
        held = await self._around.tickets.needing(old)
        due = [one for one in old if is_due(one, days, now, held)]
        gone = [one for one in due if await asyncio.to_thread(self.folder.delete, one.file)]
        if len(gone) < len(due):
            log.error("recording.not_deleted", count=len(due) - len(gone), folder=str(self.folder.path))
        if gone:
            async with self._db.begin() as tx:
                await store.mark_deleted(tx, [one.id for one in gone], now)
                for one in gone:
                    details = {"kind": one.kind.value, "call": one.call_id, "days": days}
                    await audit.record(tx, now, "system", "recording.delete", f"recording:{one.id}", details)
        return len(gone)

    async def _clean_strays(self, now: float) -> int:
        """Words that a server which broke down never indexed belong to nobody: they go at the same age. So does a file
        that is there again after it was deleted."""
        days = self._settings.words_days
        async with self._db.read() as tx:
            known = self._indexed = await store.files(tx)
        if days <= 0:
            return 0
        there = await asyncio.to_thread(lambda: list(self.folder.all(known)))
        strays = [one.name for one in there if one.changed_at < now - days * DAY]
        gone = [name for name in strays if await asyncio.to_thread(self.folder.delete, name)]
        if gone:
            async with self._db.begin() as tx:
                for name in gone:
                    await audit.record(tx, now, "system", "recording.delete", f"file:{name}", {"days": days})
        return len(gone)
