"""PINs on a customer's page: who may give another one and unlock, and that no page ever shows one."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core import audit
from core.identity.passwords import Passwords
from customers.messages import NewCustomer
from customers.pins.rules import Attempt
from customers.pins.service import Reason
from tests.conftest import cheap_hasher
from tests.integration.whole import Reply, Whole, whole

ACCOUNT, OTHERS, PIN = "31002417", "31002418", "739184"

WRONG = (
    ("1234", "1234", "pin", "of digits in a row"),
    ("987", "987", "pin", "A PIN has 4 to 8 digits."),
    ("73918a", "73918a", "pin", "A PIN has 4 to 8 digits."),
    ("002417", "002417", "pin", "part of the account number"),
    (PIN, "739148", "again", "not what stands in the first field"),
)
"""Typed twice; beside which field it is said, and what."""


@pytest.fixture
async def it(tmp_path: Path, sqlite_template: Path) -> AsyncIterator[Whole]:
    async with whole(tmp_path, sqlite_template) as running:
        running.house.pins._passwords = Passwords(cheap_hasher())
        yield running


async def customer(it: Whole, account: str = ACCOUNT) -> str:
    return (await it.house.customers.create("anna", NewCustomer("Li", (), account=account), 0.0)).id


async def send(it: Whole, id: str, who: str = "anna", what: str = "", **form: str) -> Reply:
    """A form of the page, as htmx sends it."""
    headers = {**await it.sign_in(who), "HX-Request": "true"}
    return await it.ask("POST", f"/desk/customers/{id}/pin{what}", headers=headers, data=form)


async def state_of(it: Whole, account: str = ACCOUNT) -> tuple[bool, bool]:
    """Whether it has a PIN, whether it is locked."""
    found = await it.house.pins.state(account, it.house.clock.now())
    return found.set_at is not None, found.locked_until is not None


async def wrong_ones(it: Whole) -> None:
    """Somebody guesses in five calls."""
    for number in range(5):
        await it.house.pins.check(Attempt(ACCOUNT, f"call-{number}", ""), "111222", it.house.clock.now())


async def test_a_pin_is_set_and_works_but_is_never_shown(it: Whole) -> None:
    id = await customer(it)
    page = (await it.get(f"/customers/{id}", headers=await it.sign_in("anna"))).text
    assert "no PIN" in page
    assert "6 digits: the phone menu asks for as many." in page
    answer = await send(it, id, account=ACCOUNT, pin=PIN, again=PIN)
    assert answer.status == 200
    assert "The new PIN is in force." in answer.text
    assert PIN not in answer.text
    assert PIN not in (await it.get(f"/customers/{id}", headers=await it.sign_in("anna"))).text
    told = await it.house.pins.check(Attempt(ACCOUNT, "call-1", ""), PIN, it.house.clock.now())
    assert told.reason is Reason.OK
    async with it.house.db.read() as tx:
        trail = await audit.entries(tx, subject=f"account:{ACCOUNT}")
    assert ("anna", "pin.set") in {(entry.actor, entry.action) for entry in trail}
    assert PIN not in str(trail)


async def test_what_is_wrong_stands_beside_its_field(it: Whole) -> None:
    id = await customer(it)
    for pin, again, field, said in WRONG:
        answer = await send(it, id, account=ACCOUNT, pin=pin, again=again)
        beside = answer.text.split(f'name="{field}"')[1].split("</div>")[0]
        assert said in beside, pin
        assert 'aria-invalid="true"' in beside, pin
        assert answer.text.count('role="alert"') == 1, pin
        assert pin not in re.sub(f"{ACCOUNT}|{id}", "", answer.text), pin
    assert await state_of(it) == (False, False)


async def test_what_is_wrong_is_said_in_chinese_too(it: Whole) -> None:
    id, now = await customer(it), it.house.clock.now()
    await it.house.identity.set_preference("anna", now, language="zh_CN")
    for pin, said in (("12", "4 至 8 位"), ("456789", "连续的数字"), ("002417", "与户号相同")):
        assert said in (await send(it, id, account=ACCOUNT, pin=pin, again=pin)).text


async def test_a_locked_account_is_unlocked_there(it: Whole) -> None:
    id = await customer(it)
    await send(it, id, account=ACCOUNT, pin=PIN, again=PIN)
    await wrong_ones(it)
    page = (await it.get(f"/customers/{id}", headers=await it.sign_in("anna"))).text
    assert "locked until" in page
    answer = await send(it, id, what="/unlock", account=ACCOUNT)
    assert "It may be tried again." in answer.text
    assert "locked until" not in answer.text
    assert await state_of(it) == (True, False)


async def test_only_who_may_reset_and_only_accounts_of_this_customer(it: Whole) -> None:
    id = await customer(it)
    await customer(it, OTHERS)
    for who in ("gao", "zhao", "uli"):
        page = (await it.get(f"/customers/{id}", headers=await it.sign_in(who))).text
        assert "PIN for the phone menu" not in page
        refused = await send(it, id, who, account=ACCOUNT, pin=PIN, again=PIN)
        assert (refused.status, "Your role" in refused.text) == (403, True)
    others = await send(it, id, account=OTHERS, pin=PIN, again=PIN)
    assert others.status == 404
    assert await state_of(it, OTHERS) == (False, False)
    headers = {**await it.sign_in("anna"), "X-CSRF-Token": "made up"}
    form = {"account": ACCOUNT, "pin": PIN, "again": PIN}
    assert (await it.ask("POST", f"/desk/customers/{id}/pin", headers=headers, data=form)).status == 403
    assert await state_of(it) == (False, False)
