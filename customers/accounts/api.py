"""Accounts over HTTP, for desks that may see money and for the billing system that keeps it."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from core.clock import iso
from core.errors import Invalid
from core.identity.roles import Permission
from core.web.routes import Ask, Page, Route, page
from customers.accounts.model import Account, amount
from customers.accounts.service import Accounts

Money = Annotated[str, Meta(max_length=40)]


class AccountView(msgspec.Struct, frozen=True):
    """`balance` and `bill` are decimal texts: below zero is owed. `due` is a date, `period` a month."""

    account: str
    customer_id: str | None
    balance: str
    currency: str
    owed: bool
    bill: str | None
    due: str
    period: str
    updated_at: str
    version: int


class AccountBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole account as billing has it. `version` is the version that was read, 0 for one that is new; without it
    whatever is there is written over."""

    balance: Money
    currency: Annotated[str, Meta(max_length=3)] = "CNY"
    bill: Money | None = None
    due: Annotated[str, Meta(max_length=10)] = ""
    period: Annotated[str, Meta(max_length=7)] = ""
    customer_id: Annotated[str, Meta(max_length=40)] | None = None
    version: int | None = None


def account_view(account: Account) -> AccountView:
    """The account as JSON."""
    return AccountView(
        account.account,
        account.customer_id,
        _decimal(account.balance),
        account.currency,
        account.owed,
        None if account.bill is None else _decimal(account.bill),
        account.due,
        account.period,
        iso(account.updated_at),
        account.version,
    )


def routes(accounts: Accounts) -> list[Route]:
    """The paths of accounts."""

    async def one(ask: Ask[Any, Any]) -> AccountView:
        return account_view(await accounts.get(ask.path["account"]))

    async def of_customer(ask: Ask[Any, Any]) -> Page[AccountView]:
        return page([account_view(found) for found in await accounts.of_customer(ask.path["id"])])

    async def put(ask: Ask[AccountBody, Any]) -> AccountView:
        body = ask.body
        new = Account(
            ask.path["account"],
            body.customer_id,
            _amount(body.balance, "balance"),
            body.currency,
            None if body.bill is None else _amount(body.bill, "bill"),
            body.due,
            body.period,
        )
        return account_view(await accounts.put(ask.user.name, new, body.version, ask.at))

    see, edit = Permission.ACCOUNTS_SEE, Permission.ACCOUNTS_EDIT
    path = "/api/v1/accounts/{account}"
    many = "/api/v1/customers/{id}/accounts"
    return [
        Route("GET", path, one, see, "An account with balance and last bill", reply=AccountView),
        Route("PUT", path, put, edit, "Write an account as billing has it", AccountBody, reply=AccountView),
        Route("GET", many, of_customer, see, "A customer's accounts", reply=Page[AccountView]),
    ]


def _decimal(hundredths: int) -> str:
    sign = "-" if hundredths < 0 else ""
    whole, rest = divmod(abs(hundredths), 100)
    return f"{sign}{whole}.{rest:02d}"


def _amount(text: str, field: str) -> int:
    try:
        return amount(text)
    except Invalid as error:
        raise Invalid(error.message, field=field) from None
