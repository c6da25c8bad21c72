"""What the columns of a file of accounts mean, and what a row of it asks for. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date

from core.errors import Invalid
from customers.accounts.model import Account, amount, checked
from customers.columns import IGNORED, Columns
from customers.text import fold

SYNONYMS: Mapping[str, str] = {
    "account": "account accountno accountnumber accountid 户号 账号 帐号 用户号 用户编号 客户编号",
    "customer": "customer customerid customeraccount owner 客户 客户号 客户户号 所属客户",
    "balance": "balance credit 余额 账户余额 帐户余额",
    "owed": "owed arrears debt outstanding 欠费 欠费金额 应收 欠款",
    "currency": "currency 币种 货币",
    "bill": "bill billamount lastbill amount 账单 账单金额 本期金额 最近账单 电费 气费 水费",
    "due": "due duedate payby 缴费截止 截止日期 缴费期限 到期日",
    "period": "period month billperiod billmonth 账期 月份 账单月份 计费月份",
}
_FIELDS = {word: field for field, words in SYNONYMS.items() for word in words.split()}


def columns(header: Sequence[str]) -> Columns:
    """Understand the first row. Raises `Invalid` where it says nothing of an account, or of money."""
    words = [re.sub(r"[\s_\-.:：*()（）]+", "", fold(cell)) for cell in header]
    fields = tuple(_FIELDS.get(word) for word in words)
    if "account" not in fields or not {"balance", "owed"} & set(fields):
        raise Invalid(
            "The first line must name the columns, among them the account and its balance: account, balance (or "
            "owed), bill, due, period … (or 户号, 余额 / 欠费, 账单金额, 缴费截止, 账期 …). "
            f"It reads: {', '.join(cell.strip()[:30] for cell in header[:12])}",
            field="header",
        )
    unknown = [
        cell.strip()
        for cell, word, field in zip(header, words, fields, strict=True)
        if field is None and word and word not in IGNORED
    ]
    return Columns(fields, tuple(unknown))


def record(cells: Sequence[str], columns: Columns) -> Account:
    """The account that a row asks for, its customer as the file names it. Raises `Invalid` with a reason."""
    if len(cells) > len(columns.fields) and any(cell.strip() for cell in cells[len(columns.fields) :]):
        raise Invalid(
            f"There are {len(cells)} cells under {len(columns.fields)} headings: is a quotation mark missing?"
        )
    pairs = zip(columns.fields, cells, strict=False)
    values = {field: text for field, cell in pairs if field and (text := _bare(cell))}
    if "account" not in values:
        raise Invalid("The account is missing.")
    if "balance" not in values and "owed" not in values:
        raise Invalid("There is neither a balance nor what is owed.")
    owed = amount(values["owed"]) if "owed" in values else 0
    return checked(
        Account(
            account=_account(values["account"]),
            customer_id=values.get("customer"),
            balance=amount(values["balance"]) if "balance" in values and not owed else -owed,
            currency=values.get("currency", "CNY").upper(),
            bill=amount(values["bill"]) if "bill" in values else None,
            due=_day(values.get("due", "")),
            period=_month(values.get("period", "")),
        )
    )


def _bare(cell: str) -> str:
    """The cell without what spreadsheets put around text: ="0138…", '0138…."""
    text = cell.strip()
    if text.startswith('="') and text.endswith('"'):
        text = text[2:-1].strip()
    return text[1:] if re.match(r"'[-=+@\d]", text) else text


def _account(text: str) -> str:
    if re.fullmatch(r"\d(?:\.\d+)?[eE]\+\d+", text):
        raise Invalid(f"“{text}” was an account before a spreadsheet rounded it; export the column as text.")
    return text


def _day(text: str) -> str:
    """2026-12-10 from that, 2026/12/10, 20261210 or 2026年12月10日."""
    found = re.fullmatch(r"(\d{4})[-/.年]?(\d{1,2})[-/.月]?(\d{1,2})日?", text)
    if not text:
        return ""
    try:
        if found:
            return date(int(found[1]), int(found[2]), int(found[3])).isoformat()
    except ValueError:
        pass
    raise Invalid(f"“{text[:40]}” is no date: write it as 2026-12-10.")


def _month(text: str) -> str:
    """2026-10 from that, 2026/10, 202610 or 2026年10月."""
    found = re.fullmatch(r"(\d{4})[-/.年]?(\d{1,2})月?", text)
    if not text:
        return ""
    if found and 1 <= int(found[2]) <= 12:
        return f"{found[1]}-{int(found[2]):02d}"
    raise Invalid(f"“{text[:40]}” is no month: write it as 2026-10.")
