"""Money in whole hundredths, and files of accounts as billing systems write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from customers.accounts.columns import columns, record
from customers.accounts.model import MOST, Account, amount, checked, money


@pytest.mark.parametrize(
    ("text", "hundredths"),
    [("123.45", 12345), ("-88.2", -8820), ("¥1,234.50元", 123450), (" 0 ", 0), ("5", 500), ("1e2", 10000)],
)
def test_amounts_as_people_write_them(text: str, hundredths: int) -> None:
    assert amount(text) == hundredths


@pytest.mark.parametrize("text", ["", "abc", "1.234", "NaN", "Infinity", "1e30", "12.34.56"])
def test_what_is_no_amount(text: str) -> None:
    with pytest.raises(Invalid):
        amount(text)


@given(st.integers(-MOST, MOST))
def test_an_amount_is_said_as_it_was_written(hundredths: int) -> None:
    said = money(hundredths, "CNY")
    assert said.endswith(" CNY")
    assert amount(said.removesuffix(" CNY")) == abs(hundredths)


def test_a_file_in_chinese() -> None:
    head = columns(["户号", "欠费金额", "账单金额", "缴费截止", "账期", "备注"])
    assert head.unknown == ("备注",)
    account = record(["31002417", "88.20", "88.2", "2026年12月10日", "2026/10", "x"], head)
    assert account == Account("31002417", None, -8820, "CNY", 8820, "2026-12-10", "2026-10")
    assert account.owed


def test_a_file_in_english_with_credit_and_an_owner() -> None:
    head = columns(["Account No.", "Customer", "Balance", "Currency"])
    account = record(['="0031"', "31002417", "12.5", "eur"], head)
    assert account == Account("0031", "31002417", 1250, "EUR")
    assert not account.owed


@pytest.mark.parametrize(
    ("cells", "word"),
    [
        (["", "1"], "account is missing"),
        (["31", ""], "neither"),
        (["3.1E+07", "1"], "rounded"),
        (["31", "1.005"], "decimals"),
        (["31", "1", "soon"], "no date"),
        (["31", "1", "2026-02-30"], "no date"),
        (["31", "1", "", "2026-13"], "no month"),
        (["31", "1", "", "", "more"], "quotation mark"),
        (["a b", "1"], "Not a valid account"),
    ],
)
def test_rows_that_cannot_go_in(cells: list[str], word: str) -> None:
    with pytest.raises(Invalid, match=word):
        record(cells, columns(["account", "balance", "due", "period"]))


def test_a_file_without_money_or_account_is_refused_at_its_first_line() -> None:
    for header in (["name", "balance"], ["account", "name"]):
        with pytest.raises(Invalid, match="first line"):
            columns(header)


def test_what_an_api_sends_is_checked_alike() -> None:
    for wrong in (
        Account("31", currency="cny"),
        Account("31", due="soon"),
        Account("31", period="2026"),
        Account("31", bill=-1),
        Account("31", balance=MOST + 1),
        Account(""),
    ):
        with pytest.raises(Invalid):
            checked(wrong)
