"""Working time: hours that are counted right over nights, week-ends, holidays and changes of the clocks."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ticketing.calendar import ALWAYS, Calendar, Reckoner, Shift, wall

HOUR = 3600
BERLIN = ZoneInfo("Europe/Berlin")
OFFICE: tuple[Shift, ...] = ((9 * HOUR, 12 * HOUR), (13 * HOUR + 1800, 17 * HOUR + 1800))
ROUND_THE_CLOCK: tuple[Shift, ...] = ((0, 24 * HOUR),)


def weekdays(day: date) -> tuple[Shift, ...]:
    return OFFICE if day.weekday() < 5 else ()


OFFICE_HOURS = Calendar("office", BERLIN, weekdays, 7 * HOUR)
WHOLE_DAYS = Calendar("days", BERLIN, lambda _: ROUND_THE_CLOCK, 24 * HOUR)
NIGHTS = Calendar("nights", BERLIN, lambda _: ((0, 2 * HOUR + 1800), (2 * HOUR + 1800, 6 * HOUR)), 6 * HOUR)


def at(text: str, fold: int = 0) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN, fold=fold).timestamp()


@pytest.mark.parametrize(
    ("start", "hours", "due"),
    [
        ("2026-01-30 09:00", 2, "2026-01-30 11:00"),
        ("2026-01-30 11:00", 2, "2026-01-30 14:30"),  # over lunch
        ("2026-01-30 12:30", 1, "2026-01-30 14:30"),
        ("2026-01-30 16:30", 2, "2026-02-02 10:00"),  # Friday to Monday
        ("2026-01-31 08:00", 2, "2026-02-02 11:00"),  # begun on a Saturday
        ("2026-01-30 09:00", 3, "2026-01-30 12:00"),  # not 13:30: the shift's end is soon enough
        ("2026-01-30 09:00", 14, "2026-02-02 17:30"),
        ("2025-12-31 16:30", 2, "2026-01-01 10:00"),  # over New Year, a working day here
        ("2026-03-27 16:30", 2, "2026-03-30 10:00"),  # the clocks are changed in between
    ],
)
def test_working_time_is_found_again(start: str, hours: int, due: str) -> None:
    assert OFFICE_HOURS.due(at(start), hours * HOUR) == at(due)
    assert OFFICE_HOURS.working_seconds(at(start), at(due)) == hours * HOUR


@pytest.mark.parametrize(
    ("calendar", "day", "hours"),
    [
        (WHOLE_DAYS, "2026-03-28", 24),
        (WHOLE_DAYS, "2026-03-29", 23),  # 02:00 becomes 03:00
        (WHOLE_DAYS, "2026-10-25", 25),  # 03:00 becomes 02:00
        (NIGHTS, "2026-03-28", 6),
        (NIGHTS, "2026-03-29", 5),  # split in the very gap
        (NIGHTS, "2026-10-25", 7),  # split in the hour that comes twice
        (OFFICE_HOURS, "2026-03-29", 0),
    ],
)
def test_a_day_on_which_the_clocks_are_changed(calendar: Calendar, day: str, hours: int) -> None:
    next_day = date.fromordinal(date.fromisoformat(day).toordinal() + 1).isoformat()
    assert calendar.working_seconds(at(f"{day} 00:00"), at(f"{next_day} 00:00")) == hours * HOUR


def test_a_wall_clock_in_the_gap_and_in_the_hour_that_comes_twice() -> None:
    spring, autumn = date(2026, 3, 29), date(2026, 10, 25)
    change = at("2026-03-29 03:00")
    assert wall(spring, 2 * HOUR, BERLIN) == wall(spring, 2 * HOUR + 1800, BERLIN) == change
    assert wall(spring, 3 * HOUR, BERLIN) == change
    assert wall(autumn, 2 * HOUR + 1800, BERLIN) == at("2026-10-25 02:30", fold=0)
    assert wall(spring, 24 * HOUR, BERLIN) == at("2026-03-30 00:00")


def test_a_deadline_of_hours_is_not_moved_by_a_change_of_the_clocks() -> None:
    assert WHOLE_DAYS.due(at("2026-03-28 20:00"), 10 * HOUR) == at("2026-03-29 07:00")
    assert WHOLE_DAYS.due(at("2026-10-24 20:00"), 10 * HOUR) == at("2026-10-25 05:00")


def test_a_calendar_without_work_says_so() -> None:
    idle = Calendar("idle", BERLIN, lambda _: (), HOUR)
    assert idle.working_seconds(0, 1e9) == 0
    with pytest.raises(ValueError, match="idle has too little working time"):
        idle.due(0, 1)


MOMENTS = st.floats(at("2024-01-01 00:00"), at("2029-12-31 00:00")).map(lambda t: round(t, 3))
RECKONERS = st.sampled_from([OFFICE_HOURS, WHOLE_DAYS, NIGHTS, ALWAYS])


@given(RECKONERS, st.tuples(MOMENTS, MOMENTS, MOMENTS).map(sorted))
@settings(max_examples=200, deadline=None)
def test_stretches_add_up(calendar: Reckoner, moments: list[float]) -> None:
    a, b, c = moments
    ab, bc, ac = (calendar.working_seconds(*pair) for pair in ((a, b), (b, c), (a, c)))
    assert ab + bc == pytest.approx(ac, abs=1e-4)
    assert 0 <= ab <= b - a + 1e-6


@given(RECKONERS, MOMENTS, st.floats(0, 5e7), st.floats(0, 5e7))
@settings(max_examples=200, deadline=None)
def test_due_is_the_inverse_and_never_goes_back(calendar: Reckoner, start: float, x: float, y: float) -> None:
    less, more = sorted((round(x, 2), round(y, 2)))
    due = calendar.due(start, less)
    assert calendar.working_seconds(start, due) == pytest.approx(less, abs=1e-4)
    assert start <= due <= calendar.due(start, more)
    assert calendar.due(due, more - less) == pytest.approx(calendar.due(start, more), abs=1e-3) or less in (
        0,
        more,
    )


@given(RECKONERS, MOMENTS, MOMENTS)
@settings(max_examples=100, deadline=None)
def test_due_is_the_first_such_moment(calendar: Reckoner, start: float, end: float) -> None:
    counted = calendar.working_seconds(start, end)
    assert calendar.due(start, counted) <= max(start, end) + 1e-4
