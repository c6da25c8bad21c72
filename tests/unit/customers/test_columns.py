"""What the columns and cells of a customer file mean."""

from __future__ import annotations

import pytest

from core.errors import Invalid
from customers.columns import columns, merged, record
from customers.messages import Address, Customer, Grade, Phone

CHINESE = columns(
    ["户号", "姓名", "联系电话", "手机", "地址", "客户等级", "是否VIP", "语言", "表号", "备注", "生日"]
)


def _record(*cells: str) -> Customer:
    return record(cells, CHINESE, "1", "CN", 5.0)[0]


def test_headings_in_both_languages_and_any_dress() -> None:
    english = columns([" Customer Name ", "PHONE_NUMBER", "Account No.", "e-mail", "Ｎote", ""])
    assert english.fields == ("name", "phones", "account", "email", "note", None)
    assert english.unknown == ()
    assert CHINESE.fields[:3] == ("account", "name", "phones")
    assert CHINESE.unknown == ("生日",)


def test_the_columns_of_our_own_report_are_known() -> None:
    assert columns(["line", "reason", "name"]).unknown == ()


def test_a_file_without_a_name_column_is_refused_with_what_it_has() -> None:
    with pytest.raises(Invalid, match="13812345678"):
        columns(["13812345678", "中山路"])


def test_a_full_row() -> None:
    made = _record(
        "G1",
        "王芳",
        "025-87654321；'13812345678",
        "13900000000.0",
        "中山路",
        "a级",
        "是",
        "中文",
        "M1",
        "n",
        "x",
    )
    assert made == Customer(
        "1",
        "王芳",
        Grade.A,
        True,
        "G1",
        "zh_CN",
        Address("中山路", "M1"),
        (Phone("+862587654321"), Phone("+8613812345678"), Phone("+8613900000000")),
        "",
        "n",
        5.0,
        5.0,
    )


def test_short_rows_and_blank_cells_leave_the_rest_alone() -> None:
    assert _record("G1", "王芳") == Customer("1", "王芳", account="G1", created_at=5.0, updated_at=5.0)


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        (("G1", ""), "needs a name"),
        (("", "王芳"), "neither an account nor a number"),
        (("G1", "王芳", "1.38123E+10"), "spreadsheet"),
        (("1.5E+11", "王芳"), "spreadsheet"),
        (("G1", "王芳", "87654321"), "area code"),
        (("G1", "王芳", "8001"), "too short"),
        (("G1", "王芳", "call me"), "not a telephone number"),
        (("G1", "王芳", "", "", "", "D"), "no grade"),
        (("G1", "王芳", "", "", "", "", "maybe"), "neither yes nor no"),
        (("G1", "王" * 201), "longer than 200"),
        (("G1", "王芳", *[""] * 9, "extra"), "12 cells under 11 headings"),
    ],
)
def test_reasons_in_plain_words(cells: tuple[str, ...], reason: str) -> None:
    with pytest.raises(Invalid, match=reason):
        _record(*cells)


def test_merging_adds_numbers_and_keeps_what_the_row_leaves_blank() -> None:
    before = Customer(
        "9",
        "Old",
        Grade.A,
        True,
        "G1",
        address=Address("Road 1", "M1"),
        phones=(Phone("+8613900000000", "learned"),),
    )
    row, filled = record(("G1", "王芳", "13812345678"), CHINESE, "1", "CN", 5.0)
    after = merged(before, row, filled)
    assert (after.id, after.name, after.grade, after.vip, after.address) == (
        "9",
        "王芳",
        Grade.A,
        True,
        before.address,
    )
    assert after.phones == (Phone("+8613900000000", "learned"), Phone("+8613812345678"))


def test_merging_sets_what_the_row_says_no_to() -> None:
    before = Customer("9", "王芳", Grade.A, True, "G1", address=Address("Road 1", "M1"))
    row, filled = record(("G1", "王芳", "", "", "Road 2", "c", "否"), CHINESE, "1", "CN", 5.0)
    after = merged(before, row, filled)
    assert (after.grade, after.vip, after.address) == (Grade.C, False, Address("Road 2", "M1"))
