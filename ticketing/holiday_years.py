"""What the `holidays` package knows of a country's year. What it cannot know is said so, never guessed in silence."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import cache
from importlib.metadata import version

import holidays as holiday_data
import msgspec

from core.definition.shape import suggest

VERSION = version("holidays")


class Holidays(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which country's public holidays are free."""

    country: str
    """Two letters of ISO 3166, as the `holidays` package has them."""
    subdivision: str = ""
    make_up_days: bool = False
    """The country moves working days to week-ends, anew each year: a year without any of them is not known yet."""


class Year(msgspec.Struct, frozen=True):
    """What is known of a country's year."""

    free: frozenset[date]
    worked: frozenset[date]
    """Make-up working days."""
    known: bool


@cache
def country_year(given: Holidays, year: int) -> Year:
    """What the `holidays` package knows of a year."""
    kind = getattr(holiday_data, given.country)
    if not kind.start_year <= year <= kind.end_year:
        return Year(frozenset(), frozenset(), known=False)
    # The year after it too: its decree may move a day of late December.
    found = holiday_data.country_holidays(
        given.country, subdiv=given.subdivision or None, years=(year, min(year + 1, kind.end_year))
    )
    free = frozenset(day for day in found if day.year == year)
    worked = frozenset(day for day in found.weekend_workdays if day.year == year)
    return Year(free, worked, known=bool(free) and (bool(worked) or not given.make_up_days))


def wrong(given: Holidays) -> Iterator[tuple[str, str, str]]:
    """What is wrong with it: the part, the mistake, what to do."""
    countries = holiday_data.list_supported_countries(include_aliases=True)
    if given.country not in countries:
        yield (
            "country",
            f"no holidays are known of a country `{given.country}`",
            suggest(given.country, countries),
        )
    elif given.subdivision and given.subdivision not in countries[given.country]:
        message = f"`{given.country}` has no part `{given.subdivision}`"
        yield "subdivision", message, suggest(given.subdivision, countries[given.country])
