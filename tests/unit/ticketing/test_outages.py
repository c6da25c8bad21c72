"""Whom an outage concerns, and what an announcement needs."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from core.errors import Invalid
from ticketing.outages.model import Outage, checked, concerning

NOW = 1_800_000_000.0
ONE = Outage("o1", "t1", "R-1", ("望京",), ("花家地 7 号",), "No gas in Wangjing", "望京停气", NOW - 60)


@pytest.mark.parametrize(
    ("district", "address", "found"),
    [
        ("望京", "", True),
        (" 望 京 ", "西园四区", True),
        ("", "朝阳区花家地7号院", True),
        ("", "花家地８号", False),
        ("酒仙桥", "西园", False),
        ("", "", False),
    ],
)
def test_whom_it_concerns(district: str, address: str, found: bool) -> None:
    assert (concerning([ONE], district, address, NOW) is ONE) is found


def test_the_place_goes_before_the_district_and_only_what_is_now() -> None:
    newer = replace(ONE, id="o2", places=(), starts_at=NOW - 1)
    assert concerning([newer, ONE], "望京", "花家地7号", NOW) is ONE
    assert concerning([newer, ONE], "望京", "", NOW) is newer
    assert concerning([replace(ONE, starts_at=NOW + 1)], "望京", "", NOW) is None
    assert concerning([replace(ONE, ended_at=NOW)], "望京", "", NOW) is None


def test_what_is_read_out_is_one_clean_line() -> None:
    assert checked(replace(ONE, text_en="No\ngas\u202e  here")).text_en == "No gas here"
    assert checked(replace(ONE, places=("a", "", "a", " b "))).places == ("a", "b")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"text_zh": " "}, "text_zh"),
        ({"text_en": ""}, "text_en"),
        ({"text_en": "x" * 501}, "text_en"),
        ({"districts": (), "places": (" ",)}, "districts"),
        ({"places": tuple(map(str, range(101)))}, "places"),
        ({"until_at": NOW - 61}, "until"),
    ],
)
def test_what_is_missing_is_named_by_its_field(change: dict[str, object], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        checked(replace(ONE, **change))
    assert refused.value.details["field"] == field
