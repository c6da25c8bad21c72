"""Where a list goes on that is ordered by a moment and an id: the `after` of its next page."""

from __future__ import annotations

import math


def cursor(at: float, id: str) -> str:
    """The place of what has this moment (epoch seconds) and id."""
    return f"{at!r}~{id}"


def place(cursor: str) -> tuple[float, str] | None:
    """What `cursor` wrote; None for what it never writes."""
    at, separator, id = cursor.partition("~")
    try:
        moment = float(at)
    except ValueError:
        return None
    return (moment, id) if separator and math.isfinite(moment) else None
