"""What callers typed, as a ticket's fields take it: a telephone has nothing but digits. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from ticketing.workflow.model import Field, FieldType

_NUMBER = re.compile(r"[0-9]{1,15}")
_DATE = re.compile(r"([0-9]{4})?([0-9]{2})([0-9]{2})")
AHEAD = 9
"""Years within which every day comes: from one 29th of February to the next there may be eight (1896 to 1904)."""


def keyed(given: Mapping[str, Any], fields: Mapping[str, Field], today: date) -> dict[str, Any]:
    """The fields, digits turned into the number or the date that the workflow asks for: 012345 is 12345, 20261210 and
    1210 (the next one from today on) are 2026-12-10. What is neither stays as it is, for the workflow to refuse."""
    return {
        name: _keyed(value, fields[name].type, today) if name in fields and isinstance(value, str) else value
        for name, value in given.items()
    }


def _keyed(text: str, kind: FieldType, today: date) -> Any:
    if kind is FieldType.NUMBER and _NUMBER.fullmatch(text):
        return int(text)
    if kind is FieldType.DATE and (found := _DATE.fullmatch(text)):
        year, month, day = found.groups()
        years = [int(year)] if year else range(today.year, today.year + AHEAD)
        days = (_day(one, int(month), int(day)) for one in years)
        first = next((one for one in days if one and (year or one >= today)), None)
        return first.isoformat() if first else text
    return text


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
