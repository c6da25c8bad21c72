"""PINs: set, checked, counted and locked, on both databases; nobody hears which of the answers was which."""

from __future__ import annotations

import asyncio
import json
import os
from collections import Counter
from pathlib import Path

import pytest
import sqlalchemy as sa
import structlog

from config.settings import PinSettings
from core import audit
from core.bus import Bus
from core.database import Database
from core.errors import Invalid, NotFound, TooMany
from customers.accounts.model import Account
from customers.accounts.service import Accounts
from customers.messages import NewCustomer, PinsGuessed
from customers.pins.rules import Attempt
from customers.pins.service import IN_LINE, Checked, Pins, Reason
from customers.tables import account_pins, pin_tries
from ivr_flows.messages import Ended, Language, Visit, VisitChanged
from tests.conftest import START, FakeClock, cheap_hasher
from tests.integration.ivr_house import ivr_house, line
from tests.integration.test_user_commands import Shell

GUESSES = int(os.environ.get("RINGDESK_SOAK_GUESSES", "1000"))
ACCOUNT, PIN, WRONG = "31002417", "829146", "530917"
RULES = PinSettings(answer_seconds=0.0)


@pytest.fixture
async def pins(db: Database) -> Pins:
    await Accounts(db).put("billing", Account(ACCOUNT), None, START)
    found = Pins(db, RULES, cheap_hasher())
    await found.set("anna", ACCOUNT, PIN, START)
    return found


def attempt(number: int = 0, account: str = ACCOUNT) -> Attempt:
    """Another call from another number for each `number`."""
    return Attempt(account, f"s{number}", f"+86138{number:08d}")


async def actions(db: Database) -> Counter[str]:
    async with db.read() as tx:
        return Counter((await tx.scalars(sa.select(audit.audit.c.action))).all())


async def test_the_right_pin_is_right_and_a_wrong_one_is_counted(pins: Pins, db: Database) -> None:
    assert await pins.check(attempt(), WRONG, START) == Checked(Reason.WRONG, 2)
    assert await pins.check(attempt(), PIN, START) == Checked(Reason.OK, 1)
    assert (await pins.state(ACCOUNT, START)).tries_left == 4  # the wrong one stays counted
    assert await actions(db) == Counter({"account.put": 1, "pin.set": 1, "pin.wrong": 1, "pin.ok": 1})


async def test_a_call_has_three_tries_and_an_account_five_in_all(pins: Pins) -> None:
    first = [(await pins.check(attempt(1), WRONG, START)).reason for _ in range(4)]
    assert first == [Reason.WRONG] * 3 + [Reason.LOCKED]
    second = [await pins.check(attempt(2), WRONG, START) for _ in range(2)]
    assert [one.tries_left for one in second] == [1, 0]
    assert await pins.check(attempt(3), PIN, START) == Checked(Reason.LOCKED, 0)
    locked = await pins.state(ACCOUNT, START)
    assert (locked.tries_left, locked.locked_until) == (0, START + RULES.lock_seconds)
    # What is refused does not lengthen the lock, and when it is over the PIN counts again.
    await pins.check(attempt(4), PIN, START + RULES.lock_seconds - 1)
    assert (await pins.check(attempt(5), PIN, START + RULES.lock_seconds)).reason is Reason.OK


async def test_an_agent_unlocks_and_resets_but_never_sees(pins: Pins, db: Database) -> None:
    for number in range(5):
        await pins.check(attempt(number), WRONG, START)
    assert (await pins.unlock("anna", ACCOUNT, START)).locked_until is None
    assert (await pins.check(attempt(9), PIN, START)).reason is Reason.OK
    await pins.set("anna", ACCOUNT, "4711", START + 1)
    assert (await pins.check(attempt(10), PIN, START)).reason is Reason.WRONG
    assert (await pins.check(attempt(11), "4711", START)).reason is Reason.OK
    assert (await pins.remove("anna", ACCOUNT, START)).set_at is None
    assert (await pins.check(attempt(12), "4711", START)).reason is Reason.WRONG
    async with db.read() as tx:
        trail = [row._asdict() for row in await tx.execute(sa.select(audit.audit))]
        kept = (await tx.scalars(sa.select(account_pins.c.pin_hash))).all()
    told = json.dumps(trail)
    assert PIN not in told
    assert WRONG not in told
    assert {"pin.locked", "pin.unlock", "pin.remove"} <= {row["action"] for row in trail}
    assert not kept


async def test_one_number_may_not_try_one_pin_on_many_accounts(db: Database) -> None:
    pins = Pins(db, PinSettings(source_tries=4, answer_seconds=0.0), cheap_hasher())

    def of(number: int, source: str) -> Attempt:
        return Attempt(f"acc{number}", f"s{number}", source)

    told = [(await pins.check(of(n, "+8613800138000"), PIN, START)).reason for n in range(9)]
    assert Counter(told) == {Reason.WRONG: 4, Reason.LOCKED: 5}
    hidden = [(await pins.check(of(n, ""), PIN, START)).reason for n in range(45)]
    assert Counter(hidden) == {Reason.WRONG: 40, Reason.LOCKED: 5}


@pytest.mark.parametrize(
    "account", ["no such account", "", "\x00\n'; drop table account_pins; --", "9" * 300]
)
async def test_an_account_that_is_not_there_answers_as_one_that_is(pins: Pins, account: str) -> None:
    told = [await pins.check(attempt(number, account), PIN, START) for number in range(6)]
    assert [(one.reason, one.tries_left) for one in told] == [
        (Reason.WRONG, 2),
        (Reason.WRONG, 2),
        (Reason.WRONG, 2),
        (Reason.WRONG, 1),
        (Reason.WRONG, 0),
        (Reason.LOCKED, 0),
    ]


async def test_guessing_at_many_accounts_is_told_to_people_and_not_repeated(db: Database) -> None:
    bus, told = Bus(), list[PinsGuessed]()
    bus.subscribe(PinsGuessed, told.append)
    pins = Pins(db, PinSettings(answer_seconds=0.0, alarm_accounts=4, alarm_locked=2), cheap_hasher(), bus)

    async def guess(number: int, account: str, at: float = START) -> None:
        await pins.check(attempt(number, account), WRONG, at)

    with structlog.testing.capture_logs() as logs:
        for number in range(15):  # one PIN tried on fifteen accounts
            await guess(number, f"acc{number}")
        assert told == [PinsGuessed(4, 0, 30), PinsGuessed(8, 0, 30)]
        assert [one["accounts"] for one in logs if one["event"] == "pin.alarm"] == [4, 8]
        # An hour later one account after the other is locked.
        for number in range(20):
            await guess(number, f"own{number % 4}", START + 3600)
    assert told[2:] == [PinsGuessed(4, 0, 30), PinsGuessed(4, 4, 30)]
    assert (await actions(db))["pin.alarm"] == pins.alarms == 4
    # Another server counts the same tries, and who was right is none of them.
    other = Pins(db, PinSettings(answer_seconds=0.0, alarm_accounts=4, alarm_locked=9), cheap_hasher(), bus)
    await other.check(attempt(99, "acc99"), WRONG, START + 3600)
    assert told[4:] == [PinsGuessed(5, 4, 30)]


class Counting(Pins):
    """Counts what is hashed."""

    def __init__(self, db: Database, settings: PinSettings = RULES) -> None:
        super().__init__(db, settings, cheap_hasher())
        self.verified: list[str] = []
        inner = self._passwords.verify

        async def verify(kept: str | None, password: str) -> bool:
            self.verified.append("account" if kept else "nobody")
            return await inner(kept, password)

        self._passwords.verify = verify  # type: ignore[method-assign]


async def test_every_answer_takes_its_time_and_none_but_a_look_costs_a_hash(pins: Pins, db: Database) -> None:
    slow = Counting(db, PinSettings(answer_seconds=0.2))
    for account, pin in ((ACCOUNT, PIN), (ACCOUNT, WRONG), ("nobody's", PIN)):
        begin = asyncio.get_running_loop().time()
        await slow.check(attempt(1, account), pin, START)
        assert asyncio.get_running_loop().time() - begin >= 0.2
    for number in range(2, 6):
        await pins.check(attempt(number), WRONG, START)
    begin = asyncio.get_running_loop().time()
    assert (await slow.check(attempt(7), PIN, START)).reason is Reason.LOCKED
    assert asyncio.get_running_loop().time() - begin >= 0.2
    assert slow.verified == ["account", "account", "nobody"], (
        "what is locked is told, and keeps nobody waiting"
    )


async def test_guesses_over_many_calls_get_five_tries(pins: Pins, db: Database) -> None:
    """Each guess in a call of its own from a number of its own, twenty at once; the right one is among the last."""
    guesses = iter(range(GUESSES))
    reasons: Counter[Reason] = Counter()

    async def guesser() -> None:
        for number in guesses:
            pin = PIN if number > GUESSES // 2 and number % 97 == 0 else f"{number:06d}"
            reasons[(await pins.check(attempt(number), pin, START + number / 10)).reason] += 1

    # A lock lasts 1,800 s and 10,000 guesses go on for 1,000 s: they all fall into one.
    async with asyncio.TaskGroup() as group:
        for _ in range(20):
            group.create_task(guesser())
    assert reasons == {Reason.WRONG: 5, Reason.LOCKED: GUESSES - 5}
    assert (await actions(db))["pin.wrong"] == 5
    assert (await actions(db))["pin.locked"] == 1


async def test_two_servers_share_the_counts(pins: Pins, db_url: str) -> None:
    other_db = Database(db_url)
    other = Pins(other_db, RULES, cheap_hasher())
    told = await asyncio.gather(
        *((pins if number % 2 else other).check(attempt(number), WRONG, START) for number in range(16))
    )
    await other_db.close()
    assert Counter(one.reason for one in told) == {Reason.WRONG: 5, Reason.LOCKED: 11}


async def test_a_try_that_could_not_be_looked_at_does_not_count(pins: Pins, db: Database) -> None:
    crowd = IN_LINE + 40
    told = await asyncio.gather(
        *(pins.check(attempt(n, f"crowd{n}"), WRONG, START) for n in range(crowd)), return_exceptions=True
    )
    busy = [n for n, one in enumerate(told) if isinstance(one, TooMany)]
    if busy:  # how many come at once is the machine's affair
        async with db.read() as tx:
            rows = await tx.execute(
                sa.select(pin_tries.c.tries).where(pin_tries.c.key == f"account:crowd{busy[0]}")
            )
            assert rows.scalar_one() == 0
    assert all(isinstance(one, TooMany | Checked) for one in told)


async def test_counts_are_forgotten_when_their_rest_is_over(pins: Pins) -> None:
    await pins.check(attempt(), WRONG, START)
    assert await pins.sweep(START + 10) == 0
    assert await pins.sweep(START + RULES.lock_seconds + 1) == 3


async def test_what_cannot_have_a_pin_gets_none(pins: Pins) -> None:
    with pytest.raises(NotFound):
        await pins.set("anna", "no such account", PIN, START)
    with pytest.raises(Invalid):
        await pins.set("anna", ACCOUNT, "12", START)


async def test_a_caller_proves_one_account_in_one_call(
    db_url: str, clock: FakeClock, capsys: pytest.CaptureFixture[str]
) -> None:
    async with ivr_house(db_url, clock) as it:
        house = it.house
        house.lines.proved = house.proofs
        new = NewCustomer("张建国", ("13800138000",), account=ACCOUNT)
        await house.customers.create("test", new, START)
        await house.accounts.put("billing", Account(ACCOUNT, balance=-100), None, START)
        await house.pins.set("anna", ACCOUNT, PIN, START)
        caller, again = line("13800138000", "s1"), line("13800138000", "s2")
        with structlog.testing.capture_logs() as logs:
            # The number is the customer's own, and proves nothing.
            assert await it.refused("account.balance", caller, account=ACCOUNT) == "not_authenticated"
            wrong = await it.ask("pin.check", caller, account=ACCOUNT, pin=WRONG)
            assert wrong == {"ok": False, "reason": "wrong", "tries_left": 2}
            assert await it.refused("account.balance", caller, account=ACCOUNT) == "not_authenticated"
            assert (await it.ask("pin.check", caller, account=ACCOUNT, pin=PIN))["ok"] is True
            assert await it.refused("pin.check", caller, account=ACCOUNT, pin=PIN * 9) == "invalid"
        assert (await it.ask("account.balance", caller, account=ACCOUNT))["owed"] is True
        assert await it.refused("account.balance", again, account=ACCOUNT) == "not_authenticated"
        assert PIN not in repr(logs) + "".join(capsys.readouterr())
        visit = Visit("s1", "", "main", "bill", Language.ZH, "", START, ended=Ended.HUNG_UP)
        house.bus.publish(VisitChanged(visit))
        house.proofs.follow(VisitChanged(visit))
        assert await it.refused("account.balance", caller, account=ACCOUNT) == "not_authenticated"


async def test_callers_who_withhold_their_number_share_a_count_whatever_the_carrier_calls_it(
    db_url: str, clock: FakeClock
) -> None:
    async with ivr_house(db_url, clock) as it:
        callers = [line(number, f"s{number}") for number in ("", "anonymous", "Restricted", "保密")]
        await asyncio.gather(*(it.ask("pin.check", one, account=ACCOUNT, pin=WRONG) for one in callers))
        async with it.house.db.read() as tx:
            rows = await tx.execute(sa.select(pin_tries.c.tries).where(pin_tries.c.key == "source:"))
            assert rows.scalar_one() == 4


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    shell = Shell(tmp_path)
    shell.good("migrate")
    (tmp_path / "c.csv").write_text(f"name,account\n张建国,{ACCOUNT}\n")
    shell.good("customers", "import", str(tmp_path / "c.csv"))
    return shell


def test_a_pin_is_set_from_the_command_line(shell: Shell) -> None:
    assert shell.good("customers", "pin", ACCOUNT, input=f"{PIN}\n") == f"account {ACCOUNT} has a new PIN\n"
    assert "has no PIN now" in shell.good("customers", "pin", ACCOUNT, "--remove")
    assert "can be tried again" in shell.good("customers", "pin", ACCOUNT, "--unlock")
    assert "no such account" in shell.bad("customers", "pin", "99", input=f"{PIN}\n")
    told = shell.bad("customers", "pin", ACCOUNT, input="1234\n")
    assert "in a row" in told
    assert "1234" not in told


def test_pins_of_many_come_from_a_file_and_are_nowhere_else(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "pins.csv"
    rows = (f"{ACCOUNT},{PIN}", f"{ACCOUNT},999111x", "99,864209", f"{ACCOUNT},456789", f'"{ACCOUNT},118822')
    file.write_text("\n".join(("户号,密码", *rows)) + "\n")
    told = shell.good("customers", "pins", str(file))
    assert "read 5 rows: 1 PINs set, 4 rejected" in told
    report = (tmp_path / "pins.rejects.csv").read_text("utf-8-sig").splitlines()
    assert report[0] == "line,reason,account"
    assert [line.split(",")[0] for line in report[1:]] == ["3", "4", "5", "6"]
    kept = told + "".join(report) + next(tmp_path.rglob("*.db")).read_bytes().decode("latin-1")
    assert not [pin for pin in (PIN, "999111x", "864209", "456789", "118822") if pin in kept]
    (tmp_path / "other.csv").write_text("name,account\n")
    assert "account and pin" in shell.bad("customers", "pins", str(tmp_path / "other.csv"))
    assert "cannot be read" in shell.bad("customers", "pins", str(tmp_path / "none.csv"))
