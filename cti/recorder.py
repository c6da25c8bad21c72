"""Writes calls as they change, off the path: see `core.saver`."""

from __future__ import annotations

from typing import Any, get_args

from core.bus import Bus
from core.saver import BATCH, Saver, Saves
from cti.messages import (
    Call,
    CallAnswered,
    CallChanged,
    CallEnded,
    CallOffered,
    CallStarted,
    OfferWithdrawn,
    SegmentEnded,
)

__all__ = ["BATCH", "Recorder"]

_CallEvent = (
    CallStarted | CallChanged | CallOffered | OfferWithdrawn | CallAnswered | SegmentEnded | CallEnded
)
_KINDS: tuple[type[Any], ...] = get_args(_CallEvent)


class Recorder(Saver[Call]):
    """Takes calls from the bus without waiting; of each the latest shape is written soon."""

    def __init__(self, store: Saves[Call]) -> None:
        super().__init__(store, "calls")

    def subscribe(self, bus: Bus) -> None:
        for kind in _KINDS:
            bus.subscribe(kind, self._on_event)

    def _on_event(self, event: _CallEvent) -> None:
        self.offer(event.call)
