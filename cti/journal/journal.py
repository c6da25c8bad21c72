"""Takes records without waiting and writes them in a thread of its own, so that no disk ever stalls a link."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

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
_Heard = tuple[float, str, Message]
"""An event as the link has it."""

PENDING = 20_000
"""Records that may wait: one second of the busiest PBX, some 60 MB."""
PAUSE = 0.1
"""Seconds between two looks of the writer; `ringdesk trace` sees what is so old."""
_BATCH = 200
STOP_SECONDS = 3.0


class Journal:
    """The journal of one server. Everything but `start` and `close` may be called at any moment and never waits.

    What does not fit into the queue is dropped and counted, and the journal says so where it lacks.
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
        self._masks = settings.personal == "mask"
        self._clock = clock or SystemClock()
        rules = tuple(Rules(p.name, p.trunks, p.outside_prefix, p.wrapup) for p in pbxs)
        self._head = Head(0.0, FORMAT, program, settings.personal, rules)
        self._rotation = Rotation(self._folder, int(settings.megabytes * 1e6), settings.files, self._begin)
        self._masker: Masker | None = None
        self._pending: deque[AnyRecord | _Heard] = deque()
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

    def offer(self, record: AnyRecord | _Heard) -> None:
        """Has the record written soon; dropped and counted where too many wait."""
        if len(self._pending) >= PENDING:
            self._refused += 1
            return
        self._pending.append(record)

    # what a link tells (`cti.link.LinkJournal`), and others

    def event(self, pbx: str, message: Message, at: float) -> None:
        self.offer((at, pbx, message))  # made a record of by the writer: this is the reader's time

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
        self.offer(Seated(at, tuple(seats)))

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
            heard = [self._pending.popleft() for _ in range(min(_BATCH, len(self._pending)))]
            batch = [Event(h[0], h[1], ami_of(h[2])) if isinstance(h, tuple) else h for h in heard]
            dropped = self.dropped
            if dropped > self._told:
                batch.append(Missed(batch[-1].at if batch else self._clock.now(), dropped - self._told))
            if not self._write(batch, len(heard)):
                return
            self._told = dropped

    def _write(self, batch: Sequence[AnyRecord], heard: int) -> bool:
        begun = self._rotation.begun
        try:
            self._rotation.write([to_line(self._shown(record)) for record in batch])
        except OSError as error:
            self._failed += heard
            if not self._broken:
                log.error("journal.broken", folder=str(self._folder), error=str(error))
            self._broken = True
            return False
        if self._broken:
            log.info("journal.mended", folder=str(self._folder))
        self._broken = False
        self.written += heard
        if self._rotation.begun > begun:
            self.on_new_file()
        return True

    def _shown(self, record: AnyRecord) -> AnyRecord:
        if isinstance(record, Seated):
            self._head = Head(
                0.0, FORMAT, self._head.program, self._head.personal, self._head.pbxs, record.seats
            )
            if self._masker is not None:
                self._masker.keep(record.seats)
        if not self._masks:
            return record
        if self._masker is None:
            prefixes = [rules.outside_prefix for rules in self._head.pbxs]
            self._masker = Masker(mask_key(self._folder), prefixes, self._head.seats)
        return self._masker.record(record)

    def _begin(self) -> Sequence[bytes]:
        head = self._head
        return [to_line(Head(self._clock.now(), FORMAT, head.program, head.personal, head.pbxs, head.seats))]
