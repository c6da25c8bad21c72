"""Calendar files: what is wrong is named with its line; holidays and make-up days come out right."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from config.files import shipped_calendars
from ticketing.calendar_files import (
    CalendarFile,
    Faulty,
    calendar_files,
    calendar_of,
    calendar_schema,
    calendars_of,
    check_calendars,
    load_calendar,
    read_calendars,
    unknown_years,
    warnings,
)

FILES = calendar_files(shipped_calendars())
SHANGHAI = ZoneInfo("Asia/Shanghai")
HOUR = 3600
GOOD = """\
name: default
label: {en: Office hours, zh: 工作时间}
time_zone: Asia/Shanghai
week:
  mon: ["09:00-12:00", "13:30-17:30"]
  fri: ["09:00-12:00"]
holidays: {country: CN, make_up_days: true}
make_up: ["10:00-12:00"]
extra:
  "2026-05-04": ["08:00-10:00"]
  "2026-06-22": closed
"""


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).timestamp()


def worked(file: CalendarFile, day: str) -> float:
    """Hours worked on a day."""
    start = at(f"{day} 00:00")
    return calendar_of(file).working_seconds(start, start + 86_400) / HOUR


SHIPPED = read_calendars(FILES)["default"]


@pytest.mark.parametrize(
    ("day", "hours"),
    [
        ("2026-02-13", 7),
        ("2026-02-14", 7),  # a Saturday, made up for the Spring Festival
        ("2026-02-15", 0),
        ("2026-02-16", 0),  # the festival's eve
        ("2026-02-23", 0),  # the Monday that the Saturday was worked for
        ("2026-10-10", 7),
        ("2026-10-07", 0),
        ("2026-10-08", 7),
    ],
)
def test_the_year_as_china_works_it(day: str, hours: float) -> None:
    assert worked(SHIPPED, day) == hours


@pytest.mark.parametrize(
    ("day", "hours"),
    [
        ("2026-05-04", 2),  # a holiday on which this house works
        ("2026-06-22", 0),
        ("2026-06-15", 7),
        ("2026-06-16", 0),
        ("2026-02-14", 2),  # a make-up day has shifts of its own
    ],
)
def test_what_the_house_does_otherwise(day: str, hours: float) -> None:
    assert worked(load_calendar(GOOD, "x.yaml"), day) == hours


def test_a_working_day_is_the_first_one_of_the_week() -> None:
    assert calendar_of(SHIPPED).day_seconds == 7 * HOUR


def test_a_year_that_nobody_knows_is_said() -> None:
    assert unknown_years(SHIPPED, (2025, 2026, 2060, 2200)) == [2060, 2200]
    (warning,) = warnings(FILES[0], SHIPPED, (2026, 2060))
    assert warning.message == "the make-up working days of CN in 2060 are not known yet"
    assert FILES[0].read_text("utf-8").splitlines()[warning.line - 1].startswith("holidays:")
    calendar = calendar_of(SHIPPED)
    assert calendar.unknown_years(at("2026-12-30 10:00"), at("2026-12-31 10:00")) == ()
    assert calendar.unknown_years(at("2059-12-30 10:00"), at("2060-01-03 10:00")) == (2059, 2060)


def test_days_of_ones_own_make_a_year_known() -> None:
    text = GOOD.replace("2026-06-22", "2060-06-22")
    assert unknown_years(load_calendar(text, "x"), (2060,)) == []
    plain = GOOD.replace("holidays: {country: CN, make_up_days: true}\n", "")
    assert unknown_years(load_calendar(plain, "x"), (2060,)) == []


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("default", "working", 1, "has a meaning of its own"),
        ("default", "my calendar", 1, "not a plain name"),
        ("Asia/Shanghai", "Asia/Atlantis", 3, "no time zone"),
        ("13:30-17:30", "11:30-17:30", 5, "begins before the shift before it ends"),
        ("13:30-17:30", "17:30-13:30", 5, "no shift of one day"),
        ("13:30-17:30", "13:30-24:30", 5, "no shift of one day"),
        ("13:30-17:30", "half a day", 5, "no shift of one day"),
        ("fri:", "friday:", 6, "`friday` is not known"),
        ("country: CN", "country: XX", 7, "no holidays are known of a country `XX`"),
        ("country: CN", "country: DE, subdivision: XX", 7, "has no part `XX`"),
        ('"10:00-12:00"', '"1"', 8, "no shift of one day"),
        ("2026-05-04", "2026-02-30", 10, "no date"),
        ('"2026-06-22"', "2026-06-22", 11, "is not text to YAML"),
        ("closed", "open", 11, "extra.2026-06-22"),
        (
            '  mon: ["09:00-12:00", "13:30-17:30"]\n  fri: ["09:00-12:00"]',
            "  mon: []",
            4,
            "nobody ever works",
        ),
        ("  fri:", " fri:", 6, "not YAML"),
    ],
)
def test_each_mistake_is_named(old: str, new: str, line: int, said: str) -> None:
    with pytest.raises(Faulty) as caught:
        load_calendar(GOOD.replace(old, new), "x.yaml")
    problem = caught.value.problems[0]
    assert said in problem.message
    assert (problem.file, problem.line) == ("x.yaml", line)
    assert problem.fix


def test_a_folder_needs_a_default_and_names_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(GOOD.replace("default", "shop"))
    assert "no calendar `default`" in check_calendars(calendar_files(tmp_path))[0].message
    (tmp_path / "b.yaml").write_text(GOOD.replace("default", "shop"))
    assert "is called `shop` too" in check_calendars(calendar_files(tmp_path))[0].message
    (tmp_path / "c.yaml").write_bytes(b"\xff\xfe")
    assert any("cannot be read" in problem.message for problem in check_calendars(calendar_files(tmp_path)))
    assert check_calendars(FILES) == []


def test_a_change_shows_in_the_basis() -> None:
    basis = calendar_of(load_calendar(GOOD, "x")).basis
    assert calendar_of(load_calendar(f"# a comment\n{GOOD}", "y")).basis == basis
    assert calendar_of(load_calendar(GOOD.replace("09:00", "08:00"), "x")).basis != basis


def test_clocks_name_calendars() -> None:
    found = calendars_of({"default": SHIPPED})
    assert found["working"] is found["default"]
    assert found["always"].day_seconds == 86_400
    assert "Ringdesk calendar" in str(calendar_schema())


def test_a_slip_in_one_place_does_not_hide_those_in_others() -> None:
    text = GOOD.replace("fri:", "friday:").replace("zh: 工作时间", "cn: 工作时间")
    text = text.replace("Asia/Shanghai", "Asia/Atlantis").replace("2026-05-04", "2026-02-30")
    with pytest.raises(Faulty) as caught:
        load_calendar(text, "x.yaml")
    said = " ".join(problem.message for problem in caught.value.problems)
    for one in ("`friday`", "lacks `zh`", "Asia/Atlantis", "2026-02-30"):
        assert one in said
