"""Records, their text, and the time line: the pure parts."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from customers import timeline
from customers.messages import Address, CustomerPatch, NewCustomer, NewPhone, Phone, TimelineEntry
from customers.records import changes, new_record, patched, with_phone
from customers.text import clean, fold

WANG = new_record("1", NewCustomer("王芳", ("13812345678",), account="G-1"), "CN", 10.0)


@given(st.text(), st.integers(1, 50), st.booleans())
def test_cleaned_text_is_bounded_safe_and_stays_as_it_is(text: str, limit: int, lines: bool) -> None:
    cleaned = clean(text, limit, lines=lines)
    assert len(cleaned) <= limit
    kept = {"\n", "\u200c", "\u200d"} if lines else {"\u200c", "\u200d"}
    assert not [char for char in cleaned if unicodedata.category(char)[0] == "C" and char not in kept]
    assert clean(cleaned, limit, lines=lines) == cleaned
    assert cleaned.encode("utf-8").decode("utf-8") == cleaned


def test_control_and_direction_characters_go() -> None:
    assert clean("a\x00b\x1b[31m\u202ec\ud800\r\nd", 50) == "ab[31mc d"
    assert clean("a\r\nb\tc", 50, lines=True) == "a\nb c"


def test_folding_makes_widths_and_cases_equal() -> None:
    assert fold("Ａbc  甲　 乙") == fold("aBC 甲 乙")


def test_a_patch_sets_only_what_it_names() -> None:
    after = patched(WANG, CustomerPatch(address=Address("Road 1"), vip=True), "CN", 20.0)
    assert (after.address, after.vip, after.version, after.updated_at) == (Address("Road 1"), True, 2, 20.0)
    assert (after.name, after.phones, after.account, after.created_at) == ("王芳", WANG.phones, "G-1", 10.0)
    assert patched(after, CustomerPatch(address=None), "CN", 30.0).address is None
    assert patched(WANG, CustomerPatch(), "CN", 20.0) is WANG


def test_phones_are_kept_once_in_order_with_the_first_label() -> None:
    patch = CustomerPatch(
        phones=(NewPhone(number="025-87654321", label="home"), "02587654321", "13812345678")
    )
    after = patched(WANG, patch, "CN", 20.0)
    assert after.phones == (Phone("+862587654321", "home"), Phone("+8613812345678"))


def test_a_phone_that_was_given_out_can_be_sent_back() -> None:
    given_out = NewPhone(e164="+8613812345678", shown="138 1234 5678")
    assert patched(WANG, CustomerPatch(phones=(given_out,)), "US", 20.0) is WANG


def test_changes_name_what_differs() -> None:
    after = with_phone(WANG, Phone("+862587654321"), 20.0)
    assert changes(WANG, after)["after"] == {
        "phones": (
            {"e164": "+8613812345678", "label": "", "shared": False},
            {"e164": "+862587654321", "label": "", "shared": False},
        )
    }
    assert with_phone(after, Phone("+862587654321", "other"), 30.0) is after


def _entries(times: list[float]) -> list[TimelineEntry]:
    return [TimelineEntry(at, "call", "", ref=f"~{n}") for n, at in enumerate(times)]


@given(st.lists(st.sampled_from([1.0, 2.0, 2.5, 1e9 + 0.1]), max_size=12), st.integers(1, 5))
def test_pages_of_a_time_line_hold_each_entry_once(times: list[float], limit: int) -> None:
    entries, seen, after = _entries(times), list[TimelineEntry](), None
    for _ in range(len(entries) + 1):
        shown, following = timeline.page(entries, after, limit)
        seen += shown
        if following is None:
            break
        after = timeline.cursor(following)
    assert sorted(entry.ref for entry in seen) == sorted(entry.ref for entry in entries)
    assert [entry.at for entry in seen] == sorted(times, reverse=True)


@pytest.mark.parametrize("text", ["x", "1~call", "one~call~ref"])
def test_a_made_up_cursor_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        timeline.cursor(text)
