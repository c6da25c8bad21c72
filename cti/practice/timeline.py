"""Time for the practice PBX: the event loop's, at any speed, or one that a test moves on by hand."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Callable
from typing import Protocol

from core.clock import Clock, SystemClock

Act = Callable[[], None]


class Alarm(Protocol):
    """Something that will happen, unless it is cancelled."""

    def cancel(self) -> None: ...


class Timeline(Protocol):
    """Where the world takes its time from; seconds are the world's own."""

    def now(self) -> float:
        """Seconds since the epoch in the world."""
        ...

    def later(self, seconds: float, act: Act) -> Alarm:
        """Have `act` called after that many seconds of the world."""
        ...


class LoopTimeline:
    """The running event loop's time, `speed` times as fast, beginning at the clock's now."""

    def __init__(self, speed: float = 1.0, clock: Clock | None = None) -> None:
        if speed <= 0:
            raise ValueError("speed must be above 0")
        self._loop = asyncio.get_running_loop()
        self._speed = speed
        self._epoch = (clock or SystemClock()).now()
        self._begin = self._loop.time()

    def now(self) -> float:
        return self._epoch + (self._loop.time() - self._begin) * self._speed

    def later(self, seconds: float, act: Act) -> Alarm:
        return self._loop.call_later(seconds / self._speed, act)


class ManualAlarm:
    """An alarm of a ManualTimeline."""

    def __init__(self, act: Act) -> None:
        self.act: Act | None = act

    def cancel(self) -> None:
        self.act = None


class ManualTimeline:
    """Stands still until `advance`: what is due then happens in order, each at its own time."""

    def __init__(self, start: float = 1_770_000_000.0) -> None:
        self._now = start
        self._due: list[tuple[float, int, ManualAlarm]] = []
        self._order = itertools.count()

    def now(self) -> float:
        return self._now

    def later(self, seconds: float, act: Act) -> Alarm:
        alarm = ManualAlarm(act)
        heapq.heappush(self._due, (self._now + max(0.0, seconds), next(self._order), alarm))
        return alarm

    def advance(self, seconds: float = 0.0) -> None:
        """Move on by that many seconds; with 0, do what is due already."""
        end = self._now + seconds
        while self._due and self._due[0][0] <= end:
            at, _, alarm = heapq.heappop(self._due)
            self._now = at
            if alarm.act is not None:
                alarm.act()
        self._now = end
