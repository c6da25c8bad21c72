"""Durations as a definition writes them: 45m, 2h, 7d, 1h30m."""

from __future__ import annotations

import re
from functools import lru_cache

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_WHOLE = re.compile(r"(?:\d{1,6}[smhd]){1,4}")
_PART = re.compile(r"(\d+)([smhd])")
_STEP = re.compile(r"([1-9]\d{0,2})%|([+-])(.+)")
LONGEST = 3660 * 86400
"""Beyond ten years a deadline is a slip of the finger, and holidays are guesses."""


@lru_cache(512)
def seconds(text: str) -> int:
    """The duration in seconds, a day as 24 hours; ValueError where the text is not one."""
    if not _WHOLE.fullmatch(text):
        raise ValueError(f"`{text}` is not a duration such as 45m, 2h or 7d")
    found = sum(int(count) * _UNITS[unit] for count, unit in _PART.findall(text))
    if found > LONGEST:
        raise ValueError(f"`{text}` is more than ten years")
    return found


@lru_cache(512)
def days_and_seconds(text: str) -> tuple[int, int]:
    """The days that it names and the seconds besides, for calendars whose day has other than 24 hours."""
    days = sum(int(count) for count, unit in _PART.findall(text) if unit == "d")
    return days, seconds(text) - days * 86_400


def step(text: str) -> tuple[int, int, str]:
    """When a step of a clock comes: 80% as (80, 0, ""), +4h as (100, 1, "4h"), -30m as (100, -1, "30m").

    ValueError where the text is neither.
    """
    match = _STEP.fullmatch(text)
    if match is None:
        raise ValueError(f"`{text}` is no step such as 80%, +4h or -30m")
    if match[1]:
        return int(match[1]), 0, ""
    seconds(match[3])
    return 100, 1 if match[2] == "+" else -1, match[3]
