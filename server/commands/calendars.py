"""What `ringdesk check` says of the working calendars."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from config.files import calendars_dir
from config.settings import PathSettings
from ticketing.calendar_files import calendar_files, load_calendar, read_calendars, warnings
from ticketing.workflow.source import Problem


def calendars_in_use(paths: PathSettings, now: float) -> tuple[Path, frozenset[str], list[Problem]]:
    """The folder, the calendars' names, and a warning for each year (this and the next) whose holidays are not known.

    Raises `Faulty` for a broken file.
    """
    folder = calendars_dir(paths)
    files = calendar_files(folder)
    names = frozenset(read_calendars(files))
    year = datetime.fromtimestamp(now, UTC).year
    doubts = [
        problem
        for path in files
        for problem in warnings(path, load_calendar(path.read_text("utf-8-sig"), str(path)), (year, year + 1))
    ]
    return folder, names, doubts
