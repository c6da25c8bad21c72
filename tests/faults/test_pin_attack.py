"""Guessing PINs on `ringdesk serve` as it is: real sockets, real hashes, and other callers beside it.

Short in the usual run; `make soak`, or RINGDESK_SOAK_GUESSES=10000, plays all of it and prints what it measured.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import sys
import time
from collections import Counter, defaultdict
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from bench.figures import ms, percentile
from tests.agi_peer import peer
from tests.e2e.ringdesk import Installation, Server, command_here
from tests.faults import watched_serve
from tests.integration.test_recordings import sound
from tests.real import ports

GUESSES = int(os.environ.get("RINGDESK_SOAK_GUESSES", "60"))
AT_ONCE = int(os.environ.get("RINGDESK_SOAK_LINES", "20" if GUESSES < 1_000 else "60"))
ACCOUNTS = max(2, GUESSES // 100)
"""Guessed at in turns."""
OWNERS = 2
"""Customers who prove their own accounts meanwhile, one call after the other."""
TRIES = 5
CUT_SHORT = '"0123456789*#"'


class Phone:
    """A caller who presses keys as soon as they are asked for. `steps` are the seconds until each next command,
    `checks` those until the answer to a PIN."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.steps: list[float] = []
        self.checks: list[float] = []

    async def calls(self, caller: str, account: str, pin: str) -> None:
        """English, bill, account and PIN; hears what comes of it, and hangs up."""
        keys, left = iter(f"32{account}#{pin}"), len(account) + len(pin) + 3
        async with peer(self._port) as line:
            line.header(request="agi://127.0.0.1/hotline", network_script="hotline", callerid=caller)
            asked = time.monotonic()
            while command := await line.command():
                (self.steps if left else self.checks).append(time.monotonic() - asked)
                if not left:
                    return
                asks = command.startswith("WAIT FOR DIGIT") or CUT_SHORT in command
                left -= asks
                line.send(f"200 result={ord(next(keys))} endpos=80" if asks else "200 result=0 endpos=80")
                asked = time.monotonic()


@pytest.fixture
async def served(tmp_path: Path) -> Server:
    """Settings and a database with `ACCOUNTS` accounts that are guessed at, and `OWNERS` others."""
    agi = ports.free_tcp()
    tone = sound(tmp_path / "tone.wav", 0.2)
    speech = f'[ivr.speech]\ncommand = ["cp", "{tone}", "{{file}}"]\nseconds = 10\n'
    program = (sys.executable, str(Path(watched_serve.__file__)), str(tmp_path / "late"))
    settings = f"[ivr]\nport = {agi}\n{speech}"
    server = Server(Installation(tmp_path, {}), ports.free_tcp(), "s", settings, program=program)
    text = (tmp_path / "ringdesk.toml").read_text()
    text = text.replace("sqlite:///ringdesk.db", f"sqlite:///{tmp_path}/ringdesk.db")
    (tmp_path / "ringdesk.toml").write_text(text)
    await command_here(tmp_path, "migrate")
    numbers = range(ACCOUNTS + OWNERS)
    await import_(tmp_path, "import", ["name,account", *(f"客户,{account(n)}" for n in numbers)])
    await import_(tmp_path, "pins", ["account,pin", *(f"{account(n)},{pin(n)}" for n in numbers)])
    server.agi = agi  # type: ignore[attr-defined]
    return server


async def import_(folder: Path, command: str, rows: list[str]) -> None:
    file = folder / f"{command}.csv"
    file.write_text("\n".join(rows) + "\n")
    await command_here(folder, "customers", command, str(file))
    assert not list(folder.glob("*.rejects.csv"))


def account(number: int) -> str:
    return f"31{number:06d}"


def pin(number: int) -> str:
    return f"8{number * 37 % 100000:05d}"[::-1]


def guess(number: int) -> str:
    """From the half on every other guess is the right PIN."""
    right = number > GUESSES // 2 and number // ACCOUNTS % 2
    return pin(number % ACCOUNTS) if right else f"{number * 7 % 1000000:06d}"


class Attack:
    """`GUESSES` calls that guess, `AT_ONCE` at a time, and beside them the owners, one call after the other."""

    def __init__(self, port: int) -> None:
        self.alone, self.guessers, self.owners = Phone(port), Phone(port), Phone(port)
        self.took = 0.0

    async def run(self) -> None:
        await asyncio.gather(*(self._owns(self.alone, number) for number in range(OWNERS)))
        over, began = asyncio.Event(), time.monotonic()

        async def owner(number: int) -> None:
            while not over.is_set():
                await self._owns(self.owners, number)

        async with asyncio.TaskGroup() as group:
            for number in range(OWNERS):
                group.create_task(owner(number))
            await self._guess()
            self.took = time.monotonic() - began
            over.set()

    async def _owns(self, phone: Phone, number: int) -> None:
        await phone.calls(f"139{number:08d}", account(ACCOUNTS + number), pin(ACCOUNTS + number))

    async def _guess(self) -> None:
        numbers = iter(range(GUESSES))

        async def guesser() -> None:
            for number in numbers:
                await self.guessers.calls(f"136{number:08d}", account(number % ACCOUNTS), guess(number))

        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(guesser())


async def test_guesses_get_five_tries_an_account_and_keep_nobody_waiting(served: Server) -> None:
    attack = Attack(served.agi)  # type: ignore[attr-defined]
    async with served:
        await attack.run()
    noted = trail(served.folder)
    guessed = [noted[account(number)] for number in range(ACCOUNTS)]
    owned = [noted[account(ACCOUNTS + number)] for number in range(OWNERS)]
    looked_at = sum(one["pin.wrong"] for one in guessed)
    proved = sum(one["pin.ok"] for one in owned)
    # A try that was counted but not answered in time, on a machine that stood still, is none the less used up.
    assert looked_at
    assert max(one["pin.wrong"] for one in guessed) <= TRIES
    assert not any(one["pin.ok"] for one in guessed)
    assert proved > OWNERS, "whoever has the right PIN is let in beside the guesses"
    assert served.faults() == []
    calls = len(attack.alone.checks + attack.owners.checks)
    print(
        f"\n{GUESSES} guesses at {ACCOUNTS} accounts in {attack.took:.0f} s: {looked_at} looked at, none right"
    )
    print(f"{proved} of {calls} calls of owners proved their account")
    tell("alone", attack.alone)
    tell("beside the guesses", attack.owners)
    late = msgspec.json.decode((served.folder / "late").read_bytes(), type=watched_serve.Late)
    print(f"the loop: p99 {ms(late.p99)} late, at most {ms(late.most)}; {ms(late.work)} of work in one go")


def tell(name: str, phone: Phone) -> None:
    for what, seconds in (("a step", phone.steps), ("an answer to a PIN", phone.checks)):
        told = ", ".join(f"{part:.0%} {ms(percentile(seconds, part))}" for part in (0.5, 0.99, 1.0))
        print(f"{name}: {what} {told}")


def trail(folder: Path) -> dict[str, Counter[str]]:
    """By account, how often what stands in the audit trail."""
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    with closing(sqlite3.connect(folder / "ringdesk.db")) as db:
        for subject, action in db.execute("SELECT subject, action FROM audit"):
            found[subject.removeprefix("account:")][action] += 1
    return found
