"""Callers in flows of `ringdesk serve` as a process of its own: what is left of a PIN, and what becomes of them when it
ends."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.agi_peer import Peer, peer
from tests.e2e.ringdesk import Installation, Server, command_here
from tests.integration.test_recordings import sound
from tests.real import ports

ACCOUNT, PIN, WRONG = "31002417", "829146", "740925"
CUT_SHORT = '"0123456789*#"'
BETWEEN = r"\W{0,4}"
IN_A_ROW = tuple(f"(?<![0-9A-Za-z]){BETWEEN.join(pin)}(?![0-9A-Za-z])" for pin in (PIN, WRONG))
"""As they are, and one by one: 8, 2, 9 …"""
CALLERS = 30


@pytest.fixture
async def served(tmp_path: Path) -> Server:
    """Settings and a database with an account whose PIN is `PIN`; not started yet."""
    agi = ports.free_tcp()
    tone = sound(tmp_path / "tone.wav", 0.2)
    speech = f'[ivr.speech]\ncommand = ["cp", "{tone}", "{{file}}"]\nseconds = 10\n'
    server = Server(Installation(tmp_path, {}), ports.free_tcp(), "s", f"[ivr]\nport = {agi}\n{speech}")
    text = (tmp_path / "ringdesk.toml").read_text().replace("[log]\n", '[log]\nlevel = "debug"\n')
    text = text.replace("sqlite:///ringdesk.db", f"sqlite:///{tmp_path}/ringdesk.db")
    (tmp_path / "ringdesk.toml").write_text(text)
    await command_here(tmp_path, "migrate")
    await command_here(tmp_path, "user", "add", "li", "--role", "admin", typed="correct horse battery\n")
    (tmp_path / "c.csv").write_text(f"name,phones,account\n张建国,13800138000,{ACCOUNT}\n")
    await command_here(tmp_path, "customers", "import", str(tmp_path / "c.csv"))
    await command_here(tmp_path, "customers", "pin", ACCOUNT, typed=f"{PIN}\n")
    server.tokens = {"li": await command_here(tmp_path, "token", "add", "li")}
    server.agi = agi  # type: ignore[attr-defined]
    return server


async def call(line: Peer, keys: str, caller: str = "13800138000") -> None:
    """A caller of the hotline who presses these keys, and then waits to be asked once more."""
    todo = iter(keys)
    line.header(network_script="hotline", callerid=caller)
    while command := await line.command():
        if command.startswith("WAIT FOR DIGIT") or CUT_SHORT in command:
            key = next(todo, "")
            if not key:
                return
            line.send(f"200 result={ord(key)} endpos=80")
        else:
            line.send("200 result=0 endpos=80" if command.startswith("STREAM FILE") else "200 result=0")


def traces(folder: Path) -> Iterable[str]:
    """Every file of the folder, and of those below it, in which one of the PINs stands."""
    for path in folder.rglob("*"):
        if path.is_file():
            text = path.read_bytes().decode("latin-1")
            yield from (f"{path.name}: {found[0]}" for one in IN_A_ROW for found in re.finditer(one, text))


async def test_a_pin_is_nowhere_and_whoever_is_in_a_flow_goes_on_when_the_server_ends(served: Server) -> None:
    agi: int = served.agi  # type: ignore[attr-defined]
    async with served, AsyncExitStack() as stack:
        # Chinese, bill, own account, a wrong PIN, then the right one.
        for keys in (f"221{WRONG}{PIN}", f"221{WRONG}"):
            async with peer(agi) as line:
                await call(line, keys)
        now, day = datetime.now(UTC), timedelta(days=1)
        span = urlencode({"from": (now - day).isoformat(), "to": (now + day).isoformat()})
        report: dict[str, Any] = {"flows": []}
        async with asyncio.timeout(60):
            while sum(flow["visits"] for flow in report["flows"]) < 2:  # stored off the callers' path
                report = await served.api("GET", f"/reports/ivr?{span}")
        seen = [str(report)]
        for path in ("/metrics", "/api/v1/calls", "/api/v1/flows/identify", f"/api/v1/accounts/{ACCOUNT}"):
            async with served.request("GET", path, token=served.tokens["li"]) as answer:
                seen.append(await answer.text())
        async with served.request("GET", f"/no/such/page?pin={'x' * 9}", token=served.tokens["li"]) as answer:
            seen.append(await answer.text())
        assert not [found for one in IN_A_ROW for text in seen for found in re.findall(one, text)]

        lines = [await stack.enter_async_context(peer(agi)) for _ in range(CALLERS)]
        ways = ("", "2", f"221{PIN}", "224", "2*", "25")
        async with asyncio.timeout(60):
            await asyncio.gather(*(call(line, ways[n % len(ways)]) for n, line in enumerate(lines)))
        half = await stack.enter_async_context(peer(agi))
        half.writer.write(b"agi_network: yes\n")
        await served.stop()  # within the ten seconds of the contract
        for line in (*lines, half):
            await line.closed()
    assert served.faults() == []
    log = served.log()
    assert "agi.listening" in log
    assert [path.name for path in served.folder.rglob("*.db")] == ["ringdesk.db"]
    assert list(traces(served.folder)) == []
    # The search would find them: what callers chose stands there.
    kept = (served.folder / "ringdesk.db").read_bytes()
    assert all(word in kept for word in (b"identify/pin", b"pin.wrong", b"pin.ok", b"the server was stopped"))
