"""Calendar files: what they say, typed; read from a folder, checked together, turned into calendars.

Holidays come from the `holidays` package. A year that it cannot tell is said so and never guessed in silence.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

import msgspec

from core.definition.label import Label
from core.definition.shape import as_far_as_it_goes, check_shape
from core.definition.source import Faulty, Problem, Source, read_yaml
from ticketing.calendar import ALWAYS, Calendar, Reckoner, Shift
from ticketing.holiday_years import VERSION, Holidays, country_year, wrong

DEFAULT = "default"
"""The calendar that a workflow's `working` means."""
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SHIFT = re.compile(r"([01]\d|2[0-4]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")


class Week(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The shifts of each day of the week: 09:00-12:00."""

    mon: tuple[str, ...] = ()
    tue: tuple[str, ...] = ()
    wed: tuple[str, ...] = ()
    thu: tuple[str, ...] = ()
    fri: tuple[str, ...] = ()
    sat: tuple[str, ...] = ()
    sun: tuple[str, ...] = ()


class CalendarFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A working calendar."""

    name: str
    label: Label
    time_zone: str
    week: Week
    holidays: Holidays | None = None
    make_up: tuple[str, ...] = ()
    """Shifts of a make-up working day; those of the first working day of the week where none are given."""
    extra: dict[str, Literal["closed"] | tuple[str, ...]] = {}
    """What is otherwise, by date: `closed`, or the shifts of that day."""


def calendar_files(folder: Path) -> tuple[Path, ...]:
    """The calendar files in a folder, by name."""
    return tuple(sorted((*folder.glob("*.yaml"), *folder.glob("*.yml"))))


def check_calendars(paths: Iterable[Path]) -> list[Problem]:
    """Everything that is wrong with these files, for `ringdesk check`; empty where nothing is."""
    try:
        read_calendars(paths)
    except Faulty as faulty:
        return list(faulty.problems)
    return []


def read_calendars(paths: Iterable[Path]) -> dict[str, CalendarFile]:
    """The calendars by name; raises `Faulty` with all problems of all files at once, a missing `default` included."""
    problems: list[Problem] = []
    found: dict[str, CalendarFile] = {}
    where = "calendars"
    for path in paths:
        where = str(path.parent)
        try:
            one = load_calendar(path.read_text("utf-8-sig"), str(path))
        except Faulty as faulty:
            problems.extend(faulty.problems)
        except (OSError, UnicodeDecodeError) as error:
            problems.append(Problem(str(path), 1, f"cannot be read: {error}", "look at name and encoding"))
        else:
            if one.name in found:
                message = f"another calendar is called `{one.name}` too"
                problems.append(Problem(str(path), 1, message, "give each calendar a name of its own"))
            found[one.name] = one
    if DEFAULT not in found and not problems:
        message = f"there is no calendar `{DEFAULT}`, by which clocks in working time go"
        problems.append(Problem(where, 1, message, f"write one with `name: {DEFAULT}`"))
    if problems:
        raise Faulty(tuple(problems))
    return found


def load_calendar(text: str, file: str) -> CalendarFile:
    """The calendar in this YAML text; raises `Faulty` with everything that is wrong. `file` is for the messages."""
    source = read_yaml(text, file)
    problems = [*source.problems]
    if source.data is not None:
        problems += check_shape(source, CalendarFile)
    found = as_far_as_it_goes(source.data, CalendarFile, faulty=bool(problems))
    if found is not None:
        problems += _check(source, found)
    if problems or found is None:
        raise Faulty(tuple(sorted(problems, key=lambda p: p.line)))
    return found


def calendar_schema() -> dict[str, Any]:
    """The JSON Schema of a calendar file (draft 2020-12)."""
    schema = msgspec.json.schema(CalendarFile)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Ringdesk calendar", **schema}


def _check(source: Source, file: CalendarFile) -> Iterator[Problem]:
    if not file.name.isidentifier() or not file.name.isascii() or len(file.name) > 40:
        yield source.problem(("name",), f"`{file.name}` is not a plain name", "use letters, digits and _")
    if file.name in ("always", "working"):
        yield source.problem(("name",), f"`{file.name}` has a meaning of its own", "name it otherwise")
    try:
        ZoneInfo(file.time_zone)
    except (KeyError, ValueError, OSError):
        message = f"`{file.time_zone}` is no time zone"
        yield source.problem(("time_zone",), message, "write it like Asia/Shanghai")
    for day in DAYS:
        yield from _shifts_wrong(source, ("week", day), getattr(file.week, day))
    yield from _shifts_wrong(source, ("make_up",), file.make_up)
    if not any(getattr(file.week, day) for day in DAYS):
        yield source.problem(("week",), "nobody ever works", "give at least one day a shift")
    for text, given in file.extra.items():
        if _date(text) is None:
            yield source.problem(("extra", text), f"`{text}` is no date", 'write it like "2026-05-04"')
        if given != "closed":
            yield from _shifts_wrong(source, ("extra", text), given)
    yield from _holidays_wrong(source, file.holidays)


def _shifts_wrong(source: Source, path: tuple[str, ...], texts: Iterable[str]) -> Iterator[Problem]:
    last = 0
    for at, text in enumerate(texts):
        match = _SHIFT.fullmatch(text)
        begin, end = _seconds(match) if match else (0, 0)
        if not begin < end <= 86_400:
            fix = "write it like 09:00-12:00; a night is two shifts, 20:00-24:00 and 00:00-06:00 of the next day"
            yield source.problem((*path, at), f"`{text}` is no shift of one day", fix)
        elif begin < last:
            yield source.problem(
                (*path, at), f"`{text}` begins before the shift before it ends", "put the shifts in order"
            )
        last = max(last, end)


def _holidays_wrong(source: Source, given: Holidays | None) -> Iterator[Problem]:
    for part, message, fix in wrong(given) if given else ():
        yield source.problem(("holidays", part), message, fix)


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None


def _seconds(match: re.Match[str]) -> Shift:
    begin, begin_minute, end, end_minute = (int(part) for part in match.groups())
    return begin * 3600 + begin_minute * 60, end * 3600 + end_minute * 60


def shifts(texts: Iterable[str]) -> tuple[Shift, ...]:
    """Shifts that have been checked, in seconds."""
    return tuple(_seconds(match) for text in texts if (match := _SHIFT.fullmatch(text)))


def unknown_years(file: CalendarFile, years: Iterable[int]) -> list[int]:
    """Which of these years have neither complete holidays nor days of their own under `extra`."""
    return [year for year in years if not _knows(file, year)]


def _knows(file: CalendarFile, year: int) -> bool:
    if file.holidays is None or any(text.startswith(f"{year}-") for text in file.extra):
        return True
    return country_year(file.holidays, year).known


def warnings(path: Path, file: CalendarFile, years: Iterable[int]) -> list[Problem]:
    """A warning for each year whose holidays are not known, with what to do."""
    source = read_yaml(path.read_text("utf-8-sig"), str(path))
    country = file.holidays.country if file.holidays else ""
    what = "make-up working days" if file.holidays and file.holidays.make_up_days else "holidays"
    fix = "update the `holidays` package when they are published, or write the year's days under `extra`"
    return [
        source.problem(("holidays",), f"the {what} of {country} in {year} are not known yet", fix)
        for year in unknown_years(file, years)
    ]


def calendar_of(file: CalendarFile) -> Calendar:
    """The calendar that a checked file describes."""
    week = [shifts(getattr(file.week, day)) for day in DAYS]
    usual = next(day for day in week if day)
    make_up = shifts(file.make_up) or usual
    extra = {
        date.fromisoformat(text): () if given == "closed" else shifts(given)
        for text, given in file.extra.items()
    }

    def shifts_of(day: date) -> tuple[Shift, ...]:
        if day in extra:
            return extra[day]
        year = country_year(file.holidays, day.year) if file.holidays else None
        if year and day in year.worked:
            return make_up
        return () if year and day in year.free else week[day.weekday()]

    return Calendar(
        file.name,
        ZoneInfo(file.time_zone),
        shifts_of,
        sum(end - begin for begin, end in usual),
        _basis(file),
        lambda year: _knows(file, year),
        lambda day: bool(week[day.weekday()]) and not shifts_of(day),
    )


def _basis(file: CalendarFile) -> str:
    """Changes with the file's meaning and with the version of the holidays."""
    text = msgspec.json.encode(file) + VERSION.encode()
    return hashlib.sha256(text).hexdigest()


def calendars_of(files: Mapping[str, CalendarFile]) -> dict[str, Reckoner]:
    """All calendars that a clock may name: `always`, `working` (the default one), and each by its name."""
    own = {name: calendar_of(file) for name, file in files.items()}
    return {**own, "always": ALWAYS, "working": own[DEFAULT]}
