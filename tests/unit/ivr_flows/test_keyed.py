"""What callers type becomes what a ticket's fields take."""

from datetime import date
from typing import Any

import pytest

from core.definition.label import Label
from server.ivr_keyed import keyed
from ticketing.workflow.model import Field, FieldType

LABEL = Label(en="A", zh="甲")
FIELDS = {
    "reading": Field(LABEL, FieldType.NUMBER),
    "day": Field(LABEL, FieldType.DATE),
    "meter": Field(LABEL),
}
TODAY = date(2026, 11, 26)


@pytest.mark.parametrize(
    ("name", "typed", "kept"),
    [
        ("reading", "012345", 12345),
        ("reading", "0", 0),
        ("reading", 7.5, 7.5),
        ("reading", "１２", "１２"),
        ("reading", "12a", "12a"),
        ("meter", "0012", "0012"),
        ("unknown", "12", "12"),
        ("day", "20261210", "2026-12-10"),
        ("day", "20200101", "2020-01-01"),
        ("day", "1126", "2026-11-26"),
        ("day", "1125", "2027-11-25"),
        ("day", "0229", "2028-02-29"),
        ("day", "0230", "0230"),
        ("day", "1399", "1399"),
        ("day", "20260229", "20260229"),
        ("day", "2026-12-10", "2026-12-10"),
        ("day", "00000101", "00000101"),
    ],
)
def test_digits_become_the_value_that_the_field_takes(name: str, typed: Any, kept: Any) -> None:
    assert keyed({name: typed}, FIELDS, TODAY) == {name: kept}


def test_the_29th_of_february_is_found_over_a_century_that_has_none() -> None:
    assert keyed({"day": "0229"}, FIELDS, date(2096, 3, 1)) == {"day": "2104-02-29"}
