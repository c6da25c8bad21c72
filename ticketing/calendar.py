"""Working time: how much of it lies between two moments, and when so much of it has passed. Pure.

Shifts are wall-clock times of a zone, so that a day has 23 or 25 hours where the clocks are changed in one of them.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate
from typing import Protocol
from zoneinfo import ZoneInfo

import msgspec

Shift = tuple[int, int]
"""Begin and end of a stretch of work in seconds of wall-clock time since midnight; at most 86400."""

MAX_YEARS = 30
"""How far `due` looks ahead before it says that the calendar has too little working time."""


class Reckoner(Protocol):
    """What a clock is reckoned by."""

    @property
    def name(self) -> str: ...

    @property
    def basis(self) -> str:
        """A digest of all that the times rest on: another one means that they are reckoned again."""
        ...

    @property
    def day_seconds(self) -> int:
        """What a day of a target stands for, in seconds."""
        ...

    def working_seconds(self, start: float, end: float) -> float:
        """How much counts between two moments (epoch seconds); 0 where `end` is not after `start`."""
        ...

    def due(self, start: float, seconds: float) -> float:
        """The first moment at which so much has counted since `start`."""
        ...

    def unknown_years(self, start: float, end: float) -> tuple[int, ...]:
        """Years between the moments whose holidays are not known."""
        ...

    def end_of(self, day: date) -> float:
        """The midnight that ends this day."""
        ...


class Always:
    """The calendar in which every second counts."""

    name = "always"
    basis = "always"
    day_seconds = 86_400

    def working_seconds(self, start: float, end: float) -> float:
        return max(end - start, 0.0)

    def due(self, start: float, seconds: float) -> float:
        return start + max(seconds, 0.0)

    def unknown_years(self, start: float, end: float) -> tuple[int, ...]:
        return ()

    def end_of(self, day: date) -> float:
        """In UTC: this calendar is nowhere at home."""
        return wall(day, 86_400, ZoneInfo("UTC"))


ALWAYS = Always()


class _Year(msgspec.Struct, frozen=True):
    """The stretches of work of one local year; `before` is what had counted when each began, then the total."""

    starts: list[float]
    ends: list[float]
    before: list[float]

    @property
    def total(self) -> float:
        return self.before[-1]

    def counted(self, at: float) -> float:
        """What has counted since the year began."""
        index = bisect_right(self.starts, at) - 1
        return 0.0 if index < 0 else self.before[index] + min(at, self.ends[index]) - self.starts[index]

    def moment(self, counted: float) -> float:
        """The first moment at which so much (above 0, at most the total) has counted."""
        index = bisect_left(self.before, counted) - 1
        return self.starts[index] + counted - self.before[index]


class Calendar:
    """Working time of a zone. `shifts_of` tells the shifts of a day, in order and apart; years are worked out once."""

    def __init__(  # noqa: PLR0913, PLR0917  # all that a calendar is made of
        self,
        name: str,
        zone: ZoneInfo,
        shifts_of: Callable[[date], tuple[Shift, ...]],
        day_seconds: int,
        basis: str = "",
        knows: Callable[[int], bool] = lambda _: True,
        is_free: Callable[[date], bool] = lambda _: False,
    ) -> None:
        self.name = name
        self.basis = basis or name
        self.day_seconds = day_seconds
        self._zone = zone
        self._shifts_of = shifts_of
        self._knows = knows
        self._is_free = is_free
        self._years: dict[int, _Year] = {}

    def working_seconds(self, start: float, end: float) -> float:
        """Seconds of work between two moments; 0 where `end` is not after `start`."""
        if end <= start:
            return 0.0
        first, last = self._year_of(start), self._year_of(end)
        whole = sum(self._year(year).total for year in range(first, last))
        return whole + self._year(last).counted(end) - self._year(first).counted(start)

    def due(self, start: float, seconds: float) -> float:
        """The first moment at which so much work has passed since `start`; `start` itself for none.

        ValueError where that takes more than 30 years: the calendar has next to no working time.
        """
        if seconds <= 0:
            return start
        first = self._year_of(start)
        wanted = self._year(first).counted(start) + seconds
        for number in range(first, first + MAX_YEARS):
            year = self._year(number)
            if wanted <= year.total:
                return year.moment(wanted)
            wanted -= year.total
        raise ValueError(f"the calendar {self.name} has too little working time")

    @property
    def zone(self) -> ZoneInfo:
        """Where its wall clock hangs."""
        return self._zone

    def is_open(self, at: float) -> bool:
        """Whether this moment is working time; the one at which work ends is not."""
        return self.working_seconds(at, at + 1) > 0

    def opens(self, at: float) -> float:
        """The moment from which on there is working time: `at` itself, or the next opening."""
        return at if self.is_open(at) else self.due(at, 1.0) - 1.0

    def is_holiday(self, at: float) -> bool:
        """Whether this day would be a working day and is free."""
        return self._is_free(datetime.fromtimestamp(at, self._zone).date())

    def unknown_years(self, start: float, end: float) -> tuple[int, ...]:
        """Years from the one of `start` to the one of `end` whose holidays are not known."""
        years = range(self._year_of(start), self._year_of(end) + 1)
        return tuple(year for year in years if not self._knows(year))

    def end_of(self, day: date) -> float:
        """The midnight that ends this day in the calendar's zone."""
        return wall(day, 86_400, self._zone)

    def _year_of(self, at: float) -> int:
        return datetime.fromtimestamp(at, self._zone).year

    def _year(self, year: int) -> _Year:
        found = self._years.get(year)
        if found is None:
            found = self._years[year] = self._worked_out(year)
        return found

    def _worked_out(self, year: int) -> _Year:
        day, starts, ends = date(year, 1, 1), [], []
        while day.year == year:
            for begin, end in self._shifts_of(day):
                start, stop = wall(day, begin, self._zone), wall(day, end, self._zone)
                if stop > start:
                    starts.append(start)
                    ends.append(stop)
            day += timedelta(days=1)
        lengths = (end - start for start, end in zip(starts, ends, strict=True))
        return _Year(starts, ends, list(accumulate(lengths, initial=0.0)))


def wall(day: date, second: int, zone: ZoneInfo) -> float:
    """The moment at which a wall clock shows `second` seconds after midnight of this day; 86400 is the next midnight.

    Shown twice, in autumn: the first time. Never shown, in spring: the moment at which the clocks were changed.
    """
    day, second = (day + timedelta(days=1), second - 86_400) if second >= 86_400 else (day, second)
    naive = datetime.combine(day, time()) + timedelta(seconds=second)
    local = naive.replace(tzinfo=zone)
    if local.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == naive:
        return local.timestamp()
    # In the gap: `fold` tells the moment by the offset after the change and by the one before it.
    early, late = int(local.replace(fold=1).timestamp()), int(local.timestamp())
    before = datetime.fromtimestamp(early, zone).utcoffset()
    while late - early > 1:
        middle = (early + late) // 2
        if datetime.fromtimestamp(middle, zone).utcoffset() == before:
            early = middle
        else:
            late = middle
    return float(late)
