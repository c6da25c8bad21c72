"""The only places that read a clock; every other function gets its time as an argument."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from functools import lru_cache
from typing import Protocol


class Clock(Protocol):
    """Where the outermost layer takes its time from."""

    def now(self) -> float:
        """Seconds since 1970-01-01 UTC, as the wall clock has them."""
        ...

    def monotonic(self) -> float:
        """Seconds of a clock that never goes back, for deadlines."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()


def iso(at: float) -> str:
    """Epoch seconds as ISO 8601 in UTC with milliseconds, as the contract: 2026-01-31T08:00:00.000Z."""
    whole, micro = divmod(round(at * 1_000_000), 1_000_000)
    return f"{_second(whole)}.{micro // 1000:03d}Z"


@lru_cache(1024)
def _second(at: int) -> str:
    """Fifty calls a second write a thousand times in the same few seconds."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%S}"


def iso_or_none(at: float | None) -> str | None:
    """`iso`, with None kept."""
    return None if at is None else iso(at)
