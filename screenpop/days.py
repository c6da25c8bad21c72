"""Days of the desk. Pure."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo


def day_of(text: str, zone: str) -> tuple[float, float] | None:
    """When a day (ISO 8601) begins and ends there, in epoch seconds; None for what is no day."""
    try:
        day = date.fromisoformat(text)
        after = day + timedelta(days=1)
    except (ValueError, OverflowError):
        return None
    there = ZoneInfo(zone)
    begins, ends = (datetime.combine(one, time(), there).timestamp() for one in (day, after))
    return begins, ends
