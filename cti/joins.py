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
        self._calls[gone] = call_id
        self._calls.move_to_end(gone)
        if len(self._calls) > KEPT:
            self._calls.popitem(last=False)
        for follower in self.told:
            follower(gone, self.now(call_id))

    def now(self, call_id: str) -> str:
        """The id of the call that this one is now, or is part of."""
        for _ in range(HOPS):
            if (other := self._calls.get(call_id)) is None:
                break
            call_id = other
        return call_id
