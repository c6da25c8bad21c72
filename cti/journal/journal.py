"""Takes records without waiting and writes them in a thread of its own, so that no disk ever stalls a link."""

from __future__ import annotations

import secrets
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import msgspec
import structlog

from config.settings import JournalSettings, PbxSettings
from core.clock import Clock, SystemClock
from cti.frames import Fields
from cti.journal.files import Rotation, mask_key
from cti.journal.mask import Masker
from cti.journal.records import (
    FORMAT,
    Answered,
    AnyRecord,
    Asked,
    Event,
    Head,
    Linked,
    Missed,
    Noted,
    Pictured,
    Repaired,
    Rules,
    Seated,
    ami_of,
    lists_of,
    to_line,
)
from cti.messages import LinkState, Seat
from cti.picture import Answers
from cti.vocabulary import Message

log = structlog.get_logger(__name__)

PENDING = 20_000
"""Lines that may wait: some seconds of the busiest PBX, some 20 MB."""
PAUSE = 0.1
"""Seconds between two looks of the writer; `ringdesk trace` sees what is so old."""
_BATCH = 500
STOP_SECONDS = 3.0


class Journal:
    """The journal of one server. Everything but `start` and `close` may be called at any moment and never waits.

    A record is masked and made a line by who offers it, some microseconds; only bytes go to the writer's thread, for a
    thread that computes would hold up the event loop at every turn (the interpreter lets one run at a time). What does
    not fit into the queue is dropped and counted, and the journal says so where it lacks.
    """

    def __init__(
        self,
        settings: JournalSettings,
        pbxs: Iterable[PbxSettings],
        program: str = "",
        clock: Clock | None = None,
    ) -> None:
        self.written = 0
        self.on_new_file: Callable[[], object] = lambda: None
        """Called in the writer's thread when a file is full and the next one begins."""
        self._folder = Path(settings.directory)
        self._clock = clock or SystemClock()
        rules = tuple(Rules(p.name, p.trunks, p.outside_prefix, p.wrapup) for p in pbxs)
        self._head = Head(0.0, FORMAT, program, settings.personal, rules)
        self._rotation = Rotation(self._folder, int(settings.megabytes * 1e6), settings.files, self._begin)
        self._masker = self._make_masker() if settings.personal == "mask" else None
        self._pending: deque[bytes] = deque()
        self._refused = 0
        self._failed = 0
        self._told = 0
        self._asked = 0
        self._broken = False
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Writes what waits, for `STOP_SECONDS` at most."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(STOP_SECONDS)

    @property
    def pending(self) -> int:
        """Records that wait to be written."""
        return len(self._pending)

    @property
    def dropped(self) -> int:
        """Records that were lost: too many waited, or the disk did not take them."""
        return self._refused + self._failed

    def offer(self, record: AnyRecord) -> None:
        """Has the record written soon; dropped and counted where too many wait."""
        if len(self._pending) >= PENDING:
            self._refused += 1
        else:
            shown = record if self._masker is None else self._masker.record(record)
            self._pending.append(to_line(shown))

    # what a link tells (`cti.link.LinkJournal`), and others

    def event(self, pbx: str, message: Message, at: float) -> None:
        self.offer(Event(at, pbx, ami_of(message)))

    def picture(self, pbx: str, answers: Answers, taken_at: float, at: float, why: str = "link") -> None:
        self.offer(Pictured(at, pbx, why, lists_of(answers), taken_at))

    def asked(self, pbx: str, fields: Fields, at: float) -> int:
        """Notes an action that is about to be sent; returns its number for `answered`."""
        self._asked += 1
        pairs = fields.items() if hasattr(fields, "items") else fields
        self.offer(Asked(at, pbx, self._asked, tuple(pairs)))
        return self._asked

    def answered(self, pbx: str, number: int, text: str, at: float) -> None:
        self.offer(Answered(at, pbx, number, text))

    def linked(self, pbx: str, state: LinkState, detail: str, at: float) -> None:
        self.offer(Linked(at, pbx, state.value, detail))

    def seats(self, seats: Iterable[Seat], at: float) -> None:
        """The users' phones, all of them: their numbers are no secret, and each file begins with them."""
        self._head = msgspec.structs.replace(self._head, seats=tuple(seats))
        if self._masker is not None:
            self._masker.keep(self._head.seats)
        self.offer(Seated(at, self._head.seats))

    def repaired(self, pbx: str, channels: Iterable[str], at: float) -> None:
        self.offer(Repaired(at, pbx, tuple(channels)))

    def note(self, at: float, what: str, call: str = "", user: str = "", **more: str) -> None:
        """A decision about a call: what was shown to whom, or why not."""
        self.offer(Noted(at, what, call, user, more))

    # the writer

    def _run(self) -> None:
        while not self._stop.wait(PAUSE):
            self._drain()
        self._drain()
        self._rotation.close()

    def _drain(self) -> None:
        while self._pending or self.dropped > self._told:
            batch = [self._pending.popleft() for _ in range(min(_BATCH, len(self._pending)))]
            taken, dropped = len(batch), self.dropped
            if dropped > self._told:
                batch.append(to_line(Missed(self._clock.now(), dropped - self._told)))
            if not self._write(batch, taken):
                return
            self._told = dropped

    def _write(self, batch: Sequence[bytes], taken: int) -> bool:
        begun = self._rotation.begun
        try:
            self._rotation.write(batch)
        except OSError as error:
            self._failed += taken
            if not self._broken:
                log.error("journal.broken", folder=str(self._folder), error=str(error))
            self._broken = True
            return False
        if self._broken:
            log.info("journal.mended", folder=str(self._folder))
        self._broken = False
        self.written += taken
        if self._rotation.begun > begun:
            self.on_new_file()
        return True

    def _begin(self) -> Sequence[bytes]:
        return [to_line(msgspec.structs.replace(self._head, at=self._clock.now()))]

    def _make_masker(self) -> Masker:
        """Without a folder to keep the key in, tokens are those of this life of the server."""
        try:
            key = mask_key(self._folder)
        except OSError as error:
            log.error("journal.no_key", folder=str(self._folder), error=str(error))
            key = secrets.token_bytes(32)
        return Masker(key, [rules.outside_prefix for rules in self._head.pbxs])
