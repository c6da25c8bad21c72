"""An account and its money. Pure.

Money is whole hundredths of a currency: sums of them are exact, and every currency we bill in has two decimals.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal, InvalidOperation

import msgspec

from core.errors import Invalid

MOST = 10**15
"""The largest amount in hundredths: beyond, JSON readers are no longer exact."""
_CURRENCY = re.compile(r"[A-Z]{3}")
_PERIOD = re.compile(r"\d{4}-(?:0[1-9]|1[0-2])")
_ACCOUNT = re.compile(r"[0-9A-Za-z][0-9A-Za-z._/-]{0,63}", re.ASCII)


class Account(msgspec.Struct, frozen=True):
    """`balance` in hundredths: below zero the customer owes it, above it is credit. `bill` is the last bill's amount,
    None where there was none; `due` is its date (2026-12-10), `period` its month (2026-10); both may be empty."""

    account: str
    customer_id: str | None = None
    balance: int = 0
    currency: str = "CNY"
    bill: int | None = None
    due: str = ""
    period: str = ""
    updated_at: float = 0.0
    version: int = 1

    @property
    def owed(self) -> bool:
        return self.balance < 0


def money(hundredths: int, currency: str) -> str:
    """An amount as it is shown and spoken, without its sign: `123.45 CNY`."""
    whole, rest = divmod(abs(hundredths), 100)
    return f"{whole}.{rest:02d} {currency}"


def amount(text: str) -> int:
    """Hundredths from `1,234.50`, `¥88.2`, `-5`; raises `Invalid`."""
    bare = re.sub(r"[\s,，¥￥元]", "", text)
    try:
        found = Decimal(bare) * 100
    except InvalidOperation:
        raise Invalid(f"“{text[:40]}” is no amount: write it as 123.45.") from None
    if not found.is_finite() or found != found.to_integral_value():
        raise Invalid(f"“{text[:40]}” has more than two decimals.")
    if abs(found) > MOST:
        raise Invalid(f"“{text[:40]}” is too large.")
    return int(found)


def checked(account: Account) -> Account:
    """The account with every text in the form that is kept; raises `Invalid` with the field."""
    _match(_ACCOUNT, account.account, "account", "letters and digits, at most 64")
    _match(_CURRENCY, account.currency, "currency", "three capital letters such as CNY")
    if account.period:
        _match(_PERIOD, account.period, "period", "a month such as 2026-10")
    if account.due:
        try:
            date.fromisoformat(account.due)
        except ValueError:
            raise Invalid("The due date is written as 2026-12-10.", field="due") from None
    for field, value in (("balance", account.balance), ("bill", account.bill or 0)):
        if abs(value) > MOST:
            raise Invalid("The amount is too large.", field=field)
    if account.bill is not None and account.bill < 0:
        raise Invalid("A bill is no negative amount.", field="bill")
    return account


def _match(pattern: re.Pattern[str], text: str, field: str, what: str) -> None:
    if not pattern.fullmatch(text):
        raise Invalid(f"Not a valid {field}: {what}.", field=field)
