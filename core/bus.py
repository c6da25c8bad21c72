"""The event bus: one process, in order, never waiting.

`publish` calls each subscriber at once and in the order of subscription. A subscriber that has to wait on
the world puts the event into a bounded queue of its own (`core.tasks.Worker`), so that a stalled database or
browser never stalls the telephone side.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any, TypeVar

import structlog

E = TypeVar("E")
log = structlog.get_logger(__name__)


class Bus:
    """Hands each event to those who subscribed to its type."""

    def __init__(self) -> None:
        self._subscribers: dict[type, list[Callable[[Any], None]]] = defaultdict(list)
        self.failures = 0

    def subscribe(self, kind: type[E], handler: Callable[[E], None]) -> None:
        """Have `handler` called for every published event whose type is exactly `kind`."""
        self._subscribers[kind].append(handler)

    def publish(self, event: object) -> None:
        """Hand over the event; a subscriber that raises is logged and counted, the others still get it."""
        for handler in self._subscribers.get(type(event), ()):
            try:
                handler(event)
            except Exception:
                self.failures += 1
                log.exception("bus.subscriber_failed", event_type=type(event).__name__)
