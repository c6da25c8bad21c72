"""The figures of the last days, for pages that are drawn anew every few seconds: reckoned once for all who look on."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from typing import Protocol

import msgspec

from ivr_flows.figures import FlowFigures, Tally
from ivr_flows.flow.told import flows_on
from ivr_flows.messages import Visit

DAY = 86_400.0
FEW = 1_000
"""Visits that are counted anew each time: it takes some hundredths of a second."""
VISITS_A_SECOND = 500
"""More are not counted anew for figures, on the average: a week of 5,000 calls a day takes a second and a half of the
loop's time, and would take it every ten seconds for every browser."""


class Reckoned(msgspec.Struct, frozen=True):
    """Figures as they were at `at` (epoch seconds). `through` is by flow how many came through it from another one."""

    at: float
    visits: int
    figures: tuple[FlowFigures, ...]
    through: Mapping[str, int]

    def holds(self, now: float) -> bool:
        """Whether it may still be shown: the more there was to count, the longer."""
        lasts = self.visits / VISITS_A_SECOND if self.visits >= FEW else 0.0
        return 0 <= now - self.at < lasts


class Store(Protocol):
    """Where ended visits are read, a page at a time."""

    def ended_between(self, since: float, until: float) -> AsyncIterator[list[Visit]]: ...


class LastDays:
    """Reckons for one at a time; who waited takes what was found meanwhile."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._turn = asyncio.Lock()
        self._last: dict[int, Reckoned] = {}

    async def figures(self, days: int, now: float) -> Reckoned:
        """The figures of so many days up to now, or up to a moment ago."""
        async with self._turn:
            last = self._last.get(days)
            if last is None or not last.holds(now):
                last = self._last[days] = await self._reckon(days, now)
            return last

    async def _reckon(self, days: int, now: float) -> Reckoned:
        tally, through, count = Tally(), Counter[str](), 0
        async for some in self._store.ended_between(now - days * DAY, now + 1):
            tally.add(some)
            count += len(some)
            through.update(name for visit in some for name in flows_on(visit.path) if name != visit.flow)
        return Reckoned(now, count, tally.figures(), through)
