"""Guessing PINs on `ringdesk serve` as it is: real sockets, real hashes, and other callers beside it.

Short in the usual run; `make soak`, or RINGDESK_SOAK_GUESSES=10000, plays all of it and prints what it measured.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from bench.figures import ms, percentile
from tests.agi_peer import peer
from tests.e2e.ringdesk import Installation, Server, command_here
from tests.faults import watched_serve
from tests.integration.test_recordings import sound
from tests.real import ports

GUESSES = int(os.environ.get("RINGDESK_SOAK_GUESSES", "100"))
AT_ONCE = int(os.environ.get("RINGDESK_SOAK_LINES", "60"))
ACCOUNTS = max(4, GUESSES // 100)
"""Guessed at in turns."""
OWNERS = 4
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


async def test_guesses_get_five_tries_an_account_and_keep_nobody_waiting(served: Server) -> None:
    port: int = served.agi  # type: ignore[attr-defined]
    guessers, owners = Phone(port), Phone(port)
    async with served:
        before = Phone(port)
        for number in range(OWNERS):
            await before.calls(f"139{number:08d}", account(ACCOUNTS + number), pin(ACCOUNTS + number))
        numbers, over = iter(range(GUESSES)), asyncio.Event()

        async def guesser() -> None:
            for number in numbers:
                await guessers.calls(f"136{number:08d}", account(number % ACCOUNTS), guess(number))

        async def owner(number: int) -> None:
            while not over.is_set():
                await owners.calls(f"139{number:08d}", account(ACCOUNTS + number), pin(ACCOUNTS + number))

        began = time.monotonic()
        async with asyncio.TaskGroup() as group:
            others = [group.create_task(owner(number)) for number in range(OWNERS)]
            async with asyncio.TaskGroup() as attack:
                for _ in range(AT_ONCE):
                    attack.create_task(guesser())
            took = time.monotonic() - began
            over.set()
            await asyncio.wait(others)
    found = {subject: Counter(actions) for subject, actions in trail(served.folder)}
    for number in range(ACCOUNTS):
        noted = found[f"account:{account(number)}"]
        assert noted == {"pin.set": 1, "pin.wrong": TRIES, "pin.locked": 1}, number
    proved = sum(found[f"account:{account(ACCOUNTS + number)}"]["pin.ok"] for number in range(OWNERS))
    assert proved == len(before.checks) + len(owners.checks), (
        "whoever has the right PIN is let in all the while"
    )
    assert served.faults() == []
    late = msgspec.json.decode((served.folder / "late").read_bytes(), type=watched_serve.Late)
    print(f"the loop: p99 {ms(late.p99)} late, at most {ms(late.most)}, {ms(late.work)} of work in one go")
    print(f"{GUESSES} guesses at {ACCOUNTS} accounts in {took:.0f} s, {TRIES} looked at for each of them")
    for name, phone in (("alone", before), ("beside the guesses", owners)):
        for what, seconds in (("a step", phone.steps), ("an answer to a PIN", phone.checks)):
            print(
                f"{name}: {what} {', '.join(f'{p:.0%} {ms(percentile(seconds, p))}' for p in (0.5, 0.99, 1))}"
            )


def trail(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """By subject, what the audit trail has of it."""
    with sqlite3.connect(folder / "ringdesk.db") as db:
        for (subject,) in db.execute("SELECT DISTINCT subject FROM audit").fetchall():
            yield (
                subject,
                [row[0] for row in db.execute("SELECT action FROM audit WHERE subject = ?", (subject,))],
            )
