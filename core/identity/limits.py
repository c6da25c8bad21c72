"""How often somebody may try to sign in: pure, with the time as an argument."""

from __future__ import annotations

from collections import OrderedDict, deque
from math import ceil

KEYS = 10_000
"""Bound of what is remembered: a flood of made-up names pushes out the oldest, never the memory."""


class TryLimit:
    """At most `tries` tries per key within `window` seconds. A try counts until it is known to have been right."""

    def __init__(self, tries: int, window: float) -> None:
        self._tries = tries
        self._window = window
        self._seen: OrderedDict[str, deque[float]] = OrderedDict()

    def take(self, key: str, at: float) -> int:
        """Count a try: 0 where it may go ahead, else the whole seconds until one may."""
        times = self._seen.setdefault(key, deque(maxlen=self._tries))
        self._seen.move_to_end(key)
        while len(self._seen) > KEYS:
            self._seen.popitem(last=False)
        while times and at - times[0] >= self._window:
            times.popleft()
        if len(times) >= self._tries:
            return max(1, ceil(times[0] + self._window - at))
        times.append(at)
        return 0

    def forgive(self, key: str) -> None:
        """The try was right: forget the wrong ones before it."""
        self._seen.pop(key, None)
