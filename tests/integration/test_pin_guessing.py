"""Guessing PINs over the telephone: whoever calls how often from wherever, five tries at an account are looked at."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections import Counter
from pathlib import Path

import sqlalchemy as sa

from config.settings import IvrSettings, PinSettings, Settings
from core import audit
from core.tasks import Tasks
from customers.accounts.model import Account
from customers.messages import NewCustomer
from customers.pins.service import Pins
from ivr_flows.agi.server import FastAgiServer, Gate
from ivr_flows.driver import Around, Driver
from ivr_flows.messages import VisitChanged
from server.ivr import PhoneLines
from tests.agi_peer import peer
from tests.conftest import START, FakeClock, cheap_hasher
from tests.integration.ivr_house import IvrHouse, ivr_house
from tests.unit.ivr_flows.scripted_call import OneSound

GUESSES = int(os.environ.get("RINGDESK_SOAK_GUESSES", "200"))
"""Calls, one guess in each: thousands in `make soak`."""
AT_ONCE = 20
ACCOUNT, PIN = "31002417", "829146"
OTHER, OTHER_PIN = "31002418", "604813"
"""Of somebody who calls while the first account is guessed at."""
CUT_SHORT = '"0123456789*#"'


async def nowhere(number: str, pbx: str) -> str:
    return ""


def driver_of(ivr: IvrHouse) -> Driver:
    """The house's own, but for the sounds."""
    house = ivr.house
    return Driver(
        Around(
            flows=house.flows,
            services=house.services,
            voice=OneSound(),
            recordings=None,
            visits=house.visits,
            lines=PhoneLines(house.settings.pbx, house.switchboard, nowhere),
            clock=house.clock,
            ask_seconds=60.0,
        )
    )


async def guess(port: int, number: int, pin: str, account: str = ACCOUNT) -> None:
    """A call of an unknown caller who keys in account and PIN, hears what comes of it, and hangs up."""
    keys = iter(f"32{account}#{pin}")
    async with peer(port) as line:
        caller = f"136{number:08d}"
        line.header(request="agi://127.0.0.1/hotline", network_script="hotline", callerid=caller)
        while command := await line.command():
            if command.startswith("WAIT FOR DIGIT") or CUT_SHORT in command:
                key = next(keys, "")
                if not key:
                    return
                line.send(f"200 result={ord(key)} endpos=80")
            elif command.startswith("STREAM FILE"):
                line.send("200 result=0 endpos=80")
            else:
                line.send("200 result=0")


async def test_guesses_in_many_calls_come_to_five_tries_an_account(
    tmp_path: Path, sqlite_template: Path, clock: FakeClock
) -> None:
    shutil.copy(sqlite_template, tmp_path / "ringdesk.db")
    rules = PinSettings(answer_seconds=0.0)
    settings = Settings(ivr=IvrSettings(pin=rules))
    async with ivr_house(f"sqlite:///{tmp_path}/ringdesk.db", clock, settings) as ivr:
        house, tasks, visits = ivr.house, Tasks(), Counter[str]()
        await house.flows.load()
        for account in (ACCOUNT, OTHER):
            await house.customers.create("test", NewCustomer("张建国", account=account), START)
            await house.accounts.put("billing", Account(account), None, START)
        house.pins._passwords = Pins(house.db, rules, cheap_hasher())._passwords
        await house.pins.set("anna", ACCOUNT, PIN, START)
        await house.pins.set("anna", OTHER, OTHER_PIN, START)
        house.bus.subscribe(
            VisitChanged,
            lambda event: (
                visits.update([event.visit.account if event.visit.auth else ""])
                if event.visit.ended
                else None
            ),
        )
        server = FastAgiServer(Gate(["127.0.0.1"]), driver_of(ivr).serve, tasks)
        port = await server.start("127.0.0.1", 0)
        numbers = iter(range(GUESSES))

        async def caller() -> None:
            for number in numbers:  # from the half on the right one is among them
                right = number > GUESSES // 2 and number % 7 == 0
                await guess(port, number, PIN if right else f"{number:06d}")
                if number == GUESSES // 2:
                    await guess(port, GUESSES, OTHER_PIN, OTHER)

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(AT_ONCE):
                    group.create_task(caller())
        finally:
            await server.stop()
            await tasks.close()
        async with house.db.read() as tx:
            noted = Counter((await tx.scalars(sa.select(audit.audit.c.action))).all())
    assert visits == {"": GUESSES, OTHER: 1}, "nobody but the other customer is let in, and she is"
    assert (noted["pin.wrong"], noted["pin.locked"], noted["pin.ok"]) == (5, 1, 1)
