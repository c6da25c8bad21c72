"""What `ringdesk check` says of the working calendars."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from config.files import calendars_dir
from config.settings import PathSettings
from core.definition.source import Problem
from ticketing.calendar_files import calendar_files, calendars_of, load_calendar, read_calendars, warnings
from ticketing.clocks import Reckoners


def calendars_in_use(paths: PathSettings, now: float) -> tuple[Path, Reckoners, list[Problem]]:
    """The folder, what clocks may name with what they are reckoned by, and warnings of years with unknown holidays.

    This year and the next are looked at. Raises `Faulty` for a broken file.
    """
    folder = calendars_dir(paths)
    files = calendar_files(folder)
    reckoners = calendars_of(read_calendars(files))
    year = datetime.fromtimestamp(now, UTC).year
    doubts = [
        problem
        for path in files
        for problem in warnings(path, load_calendar(path.read_text("utf-8-sig"), str(path)), (year, year + 1))
    ]
    return folder, reckoners, doubts
