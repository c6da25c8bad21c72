"""Durations as a definition writes them: 45m, 2h, 7d, 1h30m."""

from __future__ import annotations

import re

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_WHOLE = re.compile(r"(?:\d{1,6}[smhd]){1,4}")
_PART = re.compile(r"(\d+)([smhd])")


def seconds(text: str) -> int:
    """The duration in seconds, a day as 24 hours; ValueError where the text is not one."""
    if not _WHOLE.fullmatch(text):
        raise ValueError(f"`{text}` is not a duration such as 45m, 2h or 7d")
    return sum(int(count) * _UNITS[unit] for count, unit in _PART.findall(text))


def days_and_seconds(text: str) -> tuple[int, int]:
    """The days that it names and the seconds besides, for calendars whose day has other than 24 hours."""
    days = sum(int(count) for count, unit in _PART.findall(text) if unit == "d")
    return days, seconds(text) - days * 86_400
