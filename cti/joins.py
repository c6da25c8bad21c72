"""Which calls turned out to be part of others: whoever keeps something by a call's id asks where it belongs now."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable

from core.bus import Bus
from cti.messages import CallJoined

KEPT = 20_000
"""Joins that are remembered: those of a day. What came before it is written down already under the other call."""
HOPS = 8
"""So often a call may have become part of another, which became part of a third."""


class Joins:
    """Follows calls from id to id. Each of `told` hears of a join once it counts here."""

    def __init__(self) -> None:
        self._calls: OrderedDict[str, str] = OrderedDict()
        self._parts: dict[str, list[str]] = {}
        self.told: list[Callable[[str, str], None]] = []

    def subscribe(self, bus: Bus) -> None:
        bus.subscribe(CallJoined, lambda event: self.add(event.id, event.call_id))

    def read_back(self, known: Iterable[tuple[str, str]]) -> None:
        """Take up what was written before a restart."""
        for gone, call_id in known:
            self.add(gone, call_id)

    def add(self, gone: str, call_id: str) -> None:
        """`gone` is part of `call_id` from now on."""
        if self.now(call_id) == gone:
            return
        if gone in self._calls:
            self._forget(gone)
        self._calls[gone] = call_id
        self._parts.setdefault(call_id, []).append(gone)
        if len(self._calls) > KEPT:
            self._forget(next(iter(self._calls)))
        for follower in self.told:
            follower(gone, self.now(call_id))

    def _forget(self, gone: str) -> None:
        call_id = self._calls.pop(gone)
        parts = self._parts[call_id]
        parts.remove(gone)
        if not parts:
            del self._parts[call_id]

    def ids(self, call_id: str) -> tuple[str, ...]:
        """All ids by which the call is known that this one is now, or is part of; that call's first."""
        found = [self.now(call_id)]
        for one in found:  # grows meanwhile; never in a circle, which `add` refuses
            found += self._parts.get(one, ())
        return tuple(found)

    def now(self, call_id: str) -> str:
        """The id of the call that this one is now, or is part of."""
        for _ in range(HOPS):
            if (other := self._calls.get(call_id)) is None:
                break
            call_id = other
        return call_id
