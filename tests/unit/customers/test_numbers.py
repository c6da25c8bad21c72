"""Numbers as lines, trunks and people write them."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from customers.numbers import MOST_DIGITS, SHOWN_LIMIT, Kind, normalise, split, tail, variants, written

MOBILE = "+8613812345678"
LANDLINE = "+862587654321"


@pytest.mark.parametrize(
    "text",
    [
        "13812345678",
        "+8613812345678",
        "8613812345678",
        "008613812345678",
        "013812345678",
        "+86 013812345678",
        "1795113812345678",
        "17951013812345678",
        "179518613812345678",
        "12593013812345678",
        " 138-1234-5678 ",
        "138 1234 5678",
        "００８６１３８１２３４５６７８",
        '"Wang" <sip:13812345678@10.0.0.1;user=phone>',
        "tel:+8613812345678",
        "sip:+8613812345678@trunk",
    ],
)
def test_a_chinese_mobile_in_every_spelling(text: str) -> None:
    number = normalise(text, "CN")
    assert (number.kind, number.e164, number.shown) == (Kind.NUMBER, MOBILE, "138 1234 5678")
    assert number.whole


@pytest.mark.parametrize(
    ("text", "extension"),
    [
        ("02587654321", ""),
        ("2587654321", ""),
        ("025-87654321", ""),
        ("(025)8765 4321", ""),
        ("+86(0)2587654321", ""),
        ("1795102587654321", ""),
        ("025-87654321-801", "801"),
        ("025-87654321转801", "801"),
        ("02587654321 ext. 801", "801"),
        ("025 8765 4321,801", "801"),
    ],
)
def test_a_chinese_landline_with_and_without_zero_and_extension(text: str, extension: str) -> None:
    number = normalise(text, "CN")
    assert (number.e164, number.shown, number.extension) == (LANDLINE, "025 8765 4321", extension)


def test_an_area_code_that_the_metadata_lacks() -> None:
    assert normalise("0516-8765432").e164 == "+865168765432"
    assert normalise("0516-8765432").shown == "0516 876 5432"
    assert normalise("051687654321").shown == "0516 8765 4321"


def test_a_400_number() -> None:
    number = normalise("400-800-1234")
    assert (number.e164, number.shown) == ("+864008001234", "400 800 1234")


def test_numbers_of_elsewhere() -> None:
    assert normalise("00442079460958", "CN").shown == "+44 20 7946 0958"
    assert normalise("+12025550123", "CN").e164 == "+12025550123"
    assert normalise("2025550123", "US").e164 == "+12025550123"
    assert normalise("13812345678", "US").e164 is None
    assert normalise("+39 06 1234 5678", "IT").e164 == "+390612345678"
    assert normalise("+865168765432", "US").e164 == "+865168765432"


@pytest.mark.parametrize("text", ["87654321", "8765432", "+8687654321"])
def test_a_local_number_lacks_its_area_code(text: str) -> None:
    number = normalise(text, "CN")
    assert (number.kind, number.e164, number.whole) == (Kind.NUMBER, None, False)


@pytest.mark.parametrize("text", ["8001", "95598", "110", "sip:8001@pbx"])
def test_short_ones_are_extensions(text: str) -> None:
    assert normalise(text).kind is Kind.EXTENSION
    assert normalise(text).e164 is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "-",
        "anonymous",
        "Anonymous",
        "UNAVAILABLE",
        "Restricted",
        "private",
        "Private Number",
        "withheld",
        "<unknown>",
        "unknown",
        "未知",
        "匿名",
        "sip:anonymous@anonymous.invalid",
        "0",
        "+0000000",
        "***",
    ],
)
def test_spellings_of_nobody(text: str) -> None:
    assert normalise(text).kind is Kind.ANONYMOUS
    assert normalise(text).e164 is None


@pytest.mark.parametrize("text", ["alice", "<script>alert(1)</script>", "1" * 60, "138\r\nAction: Originate"])
def test_text_that_is_no_number_is_shown_bounded_and_in_one_line(text: str) -> None:
    number = normalise(text)
    assert number.kind is Kind.OTHER
    assert number.e164 is None
    assert len(number.shown) <= SHOWN_LIMIT
    assert "\n" not in number.shown


def test_a_plus_put_before_a_national_number_leaves_the_national_reading_open() -> None:
    assert variants(normalise("+13812345678", "CN")) == ("13812345678",)
    assert variants(normalise("13812345678", "US")) == ("13812345678",)


def test_a_whole_number_and_a_local_one_have_no_variants() -> None:
    assert variants(normalise("13812345678")) == ()
    assert variants(normalise("87654321")) == ()
    assert variants(normalise("anonymous")) == ()


def test_split_and_tail() -> None:
    assert split(MOBILE) == ("86", "13812345678")
    assert split("+12025550123") == ("1", "2025550123")
    assert split("+85291234567") == ("852", "91234567")
    assert tail(MOBILE) == "12345678"
    assert tail("123") == "123"


_PIECES = st.sampled_from(
    [
        "+",
        "0",
        "00",
        "86",
        "0086",
        "17951",
        "138",
        "12345678",
        "025",
        "-",
        " ",
        "转",
        "x",
        "@",
        "<",
        ">",
        "sip:",
    ]
)
_TEXTS = st.one_of(st.text(max_size=300), st.lists(_PIECES, max_size=8).map("".join))


@given(_TEXTS, st.sampled_from(["CN", "US", "GB", "cn", "ZZ", ""]))
@example("+8617951", "CN")
@example("\ud800", "CN")
def test_any_text_is_read_bounded_and_never_raises(text: str, region: str) -> None:
    number = normalise(text, region)
    assert len(number.shown) <= SHOWN_LIMIT
    assert len(number.digits) <= MOST_DIGITS
    assert number.e164 is None or len(number.e164) <= 20
    assert number.shown.isprintable()
    assert number.whole <= (number.e164 is not None) <= (number.kind is Kind.NUMBER)


@given(_TEXTS, st.sampled_from(["CN", "US", "GB"]))
def test_reading_again_what_was_read_changes_nothing(text: str, region: str) -> None:
    number = normalise(text, region)
    if number.e164 is not None:
        again = normalise(number.e164, region)
        assert (again.kind, again.e164, again.shown) == (number.kind, number.e164, number.shown)
        assert normalise(number.shown, region).e164 == number.e164
        assert written(number.e164, region) == number.shown
