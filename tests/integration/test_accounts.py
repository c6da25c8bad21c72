"""Accounts from a file and over the API, who may see them, and that a caller hears of none but a proved one."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.database import Database
from core.errors import Conflict, Invalid, NotFound
from customers.accounts.importer import import_file
from customers.accounts.model import Account
from customers.accounts.service import Accounts
from customers.messages import NewCustomer
from tests.conftest import START, FakeClock
from tests.integration.ivr_house import ivr_house, line
from tests.integration.whole import whole

FILE = """account,owed,bill,due,period,customer
31002417,88.20,88.20,2026-12-10,2026-10,
31002418,0,10.00,2026-12-10,2026-10,31002417
99,5,,,,
31002419,x,,,,
31002420,1,,,,nobody
"""


@pytest.fixture
def accounts(db: Database) -> Accounts:
    return Accounts(db)


async def test_a_file_goes_in_and_what_does_not_is_told_by_line(
    db_url: str, clock: FakeClock, tmp_path: Path
) -> None:
    path = tmp_path / "bills.csv"
    path.write_text(FILE)
    async with ivr_house(db_url, clock) as it:
        new = NewCustomer("张建国", ("13800138000",), account="31002417")
        customer = await it.house.customers.create("test", new, START)
        accounts = it.house.accounts
        report = await import_file(path, accounts, "test", START)
        assert (report.read, report.created, report.rejected, report.ownerless) == (5, 3, 2, 1)
        assert report.rejects_path is not None
        lines = report.rejects_path.read_text("utf-8-sig").splitlines()
        assert [row.split(",")[0] for row in lines[1:]] == ["5", "6"]
        own = await accounts.of_customer(customer.id)
        assert [(one.account, one.balance, one.owed) for one in own] == [
            ("31002417", -8820, True),
            ("31002418", 0, False),
        ]
        again = await import_file(path, accounts, "test", START + 1)
        assert (again.created, again.updated, again.unchanged) == (0, 0, 3)
        path.write_text("户号,余额\n31002417,12.5\n")
        paid = await import_file(path, accounts, "test", START + 2)
        assert (paid.updated, (await accounts.get("31002417")).owed) == (1, False)


async def test_billing_writes_an_account_once_for_each_version(accounts: Accounts) -> None:
    first = await accounts.put("billing", Account("31", balance=-100), 0, START)
    assert first.version == 1
    with pytest.raises(Conflict) as stale:
        await accounts.put("billing", Account("31", balance=-200), 0, START)
    assert stale.value.code == "stale_version"
    assert (await accounts.put("billing", Account("31", balance=-200), 1, START)).version == 2
    with pytest.raises(Invalid):
        await accounts.put("billing", Account("31", "no such customer"), None, START)
    with pytest.raises(NotFound):
        await accounts.get("32")


async def test_a_caller_hears_a_balance_after_the_pin_of_that_account_alone(
    db_url: str, clock: FakeClock
) -> None:
    async with ivr_house(db_url, clock) as it:
        for account in ("31", "32"):
            new = Account(account, balance=-12345, bill=8820, due="2026-12-10", period="2026-10")
            await it.house.accounts.put("billing", new, None, START)
        caller, other = line("13800138000", "s1"), line("13800138000", "s2")
        for account in ("31", "33"):  # there and not there look the same
            assert await it.refused("account.balance", caller, account=account) == "not_authenticated"
        it.proof.of["s1"] = frozenset({"31", "33"})
        assert await it.ask("account.balance", caller, account="31") == {
            "balance": "123.45 CNY",
            "owed": True,
            "bill": "88.20 CNY",
            "due": "2026-12-10",
            "period": "2026-10",
        }
        assert await it.refused("account.balance", caller, account="32") == "not_authenticated"
        assert await it.refused("account.balance", caller, account="33") == "not_found"
        assert await it.refused("account.balance", other, account="31") == "not_authenticated"


async def test_money_is_shown_to_the_roles_that_may_see_it(tmp_path: Path, sqlite_template: Path) -> None:
    async with whole(tmp_path, sqlite_template) as it:
        new = {"name": "张建国", "phones": ["13800138000"], "account": "31002417"}
        customer = (await it.post("/api/v1/customers", "anna", new)).json
        body = {"balance": "-88.20", "bill": "88.2", "due": "2026-12-10", "period": "2026-10"}
        written = await it.ask("PUT", "/api/v1/accounts/31002417", "sam", json=body)
        assert written.status == 200
        assert written.json["customer_id"] == customer["id"]
        assert (written.json["balance"], written.json["bill"], written.json["owed"]) == (
            "-88.20",
            "88.20",
            True,
        )
        listed = await it.get(f"/api/v1/customers/{customer['id']}/accounts", "anna")
        assert [one["account"] for one in listed.json["items"]] == ["31002417"]
        page = f"/customers/{customer['id']}"
        for who, sees in (("anna", True), ("uli", True), ("gao", False)):
            assert ("88.20" in (await it.get(page, who)).text) is sees, who
        chinese = await it.get(page, "anna", headers={"Accept-Language": "zh-CN"})
        assert "欠费" in chinese.text
        stale = await it.ask("PUT", "/api/v1/accounts/31002417", "sam", json={**body, "version": 0})
        assert (stale.status, stale.code) == (409, "stale_version")
        wrong = await it.ask("PUT", "/api/v1/accounts/31002417", "sam", json={"balance": "soon"})
        assert (wrong.status, wrong.json["error"]["details"]["field"]) == (422, "balance")
