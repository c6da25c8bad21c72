"""What comes in of one PBX: held while its state is asked for anew, then on to the journal and to whoever wants it.

The reader never waits: events that come while the picture is taken are kept, as many as there is room for, and go
out on top of it. A fault behind the sink costs neither the connection nor the events after it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import structlog

from cti.events import AmiEvent
from cti.link_journal import LinkJournal
from cti.messages import LinkState
from cti.picture import Answers
from cti.seen import Picture
from cti.vocabulary import Message

_Heard = tuple[Message, AmiEvent, float]
log = structlog.get_logger(__name__)


class LinkSink(Protocol):
    """Whoever wants to know. Called in the order of events, in the event loop; must neither wait nor raise."""

    def on_event(self, pbx: str, event: AmiEvent, at: float) -> None: ...

    def on_picture(self, pbx: str, picture: Picture, at: float) -> None: ...

    def on_link(self, pbx: str, state: LinkState, detail: str, version: str, at: float) -> None: ...


@dataclass
class Counters:
    """What a link has done and met since it began; for the metrics."""

    events: int = 0
    malformed: int = 0
    connects: int = 0
    resyncs: int = 0
    overflows: int = 0
    sink_errors: int = 0
    forged: int = 0
    """How often callers wrote into events, see `cti.forgery`."""


class Inflow:
    """In the order in which it was heard. `room` is for how many events, should the picture take long."""

    def __init__(self, pbx: str, sink: LinkSink, counters: Counters, room: int) -> None:
        self._pbx, self._sink, self._counters, self._room = pbx, sink, counters, room
        self._held: list[_Heard] | None = []
        self.overflowed = False
        """Events were lost: a picture that was asked for before that is none."""
        self.journal: LinkJournal | None = None

    def begin(self) -> None:
        """A new session: nothing was heard, and nothing goes out before the first picture."""
        self._held, self.overflowed = [], False

    def hold(self) -> None:
        """Keep what comes from now on for the next picture."""
        if self._held is None:
            self._held = []

    def event(self, message: Message, event: AmiEvent, at: float) -> None:
        """Something has happened: pass it on, or keep it."""
        if self._held is None:
            self._deliver(message, event, at)
        elif len(self._held) < self._room:
            self._held.append((message, event, at))
        else:
            self._held.clear()
            self.overflowed = True
            self._counters.overflows += 1

    def picture(self, picture: Picture, answers: Answers, taken_at: float, at: float) -> None:
        """The state is known: pass it on, then what has happened meanwhile; what comes after that is not kept."""
        if self.journal is not None:
            self.journal.picture(self._pbx, answers, taken_at, at)
        self._guard(self._sink.on_picture, picture, at)
        held, self._held = self._held or [], None
        for heard in held:
            self._deliver(*heard)

    def link(self, state: LinkState, detail: str, version: str, at: float) -> None:
        """The link is in another state."""
        try:
            self._sink.on_link(self._pbx, state, detail, version, at)
        except Exception:
            self._sink_failed()

    def _deliver(self, message: Message, event: AmiEvent, at: float) -> None:
        """To the journal as it came, in the order in which the board is told."""
        if self.journal is not None:
            self.journal.event(self._pbx, message, at)
        self._guard(self._sink.on_event, event, at)

    def _guard(self, deliver: Callable[[str, Any, float], None], what: Any, at: float) -> None:
        """A fault behind the sink is logged and counted; it must not cost the connection."""
        try:
            deliver(self._pbx, what, at)
        except Exception:
            self._sink_failed()

    def _sink_failed(self) -> None:
        self._counters.sink_errors += 1
        log.exception("sink failed", pbx=self._pbx)
