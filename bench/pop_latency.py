"""From AMI's bytes to the agent's browser: how long after AgentCalled was written does the pop arrive?

Three processes: the practice PBX, the server, the browsers. The same calls then go through a bare echo in the
server's place. Times are of the machine's monotonic clock. Run: python -m bench.pop_latency [SECONDS]
"""

from __future__ import annotations

import asyncio
import re
import sys

import msgspec

from bench.clients import Client, cut_all, open_all
from bench.echo import Echo
from bench.figures import ms, percentile, table
from bench.house import Opened, Server
from bench.parts import Remote
from bench.pbx import Calls, Offer, Pbx

AGENTS = 40
CUSTOMERS = 1200
PER_SECOND = 50.0
SECONDS = 20.0
MENU_SECONDS = 0.5
LINGER = 2.0
"""Longest that what is under way is waited for when the last call has ended: longer than a pop for its record."""
STRANGERS = 10
"""One caller of so many is not in the database."""
_CALL = re.compile(rb'"call_id":"main-([^"]+)"')


class Measured(msgspec.Struct, frozen=True):
    """Latencies in seconds, ascending by call; offers that brought no pop; processor seconds for each call."""

    latencies: list[float]
    missing: int
    processor: float

    def part(self, part: float) -> float:
        return percentile(self.latencies, part)


def callers(numbers: list[str]) -> list[str]:
    """Known numbers, and a stranger in between."""
    return [
        f"1990000{place:04d}" if place % STRANGERS == STRANGERS - 1 else number
        for place, number in enumerate(numbers)
    ]


def latencies(offers: list[Offer], clients: list[Client]) -> tuple[list[float], int]:
    """Each offer's seconds until its agent had the pop, and how many never got one."""
    came: dict[tuple[str, str], float] = {}
    for client in clients:
        for at, frame in client.pops:
            found = _CALL.search(frame)
            assert found
            came.setdefault((found[1].decode(), client.phone), at)
    taken = [came.get((offer.caller, offer.phone)) for offer in offers]
    measured = [at - offer.at for at, offer in zip(taken, offers, strict=True) if at is not None]
    return measured, len(offers) - len(measured)


async def through_server(seconds: float, customers: int) -> dict[str, Measured]:
    async with (
        Remote(Pbx(AGENTS, AGENTS)) as pbx,
        Remote(Server(pbx.started, AGENTS, customers)) as server,
    ):
        opened: Opened = server.started
        clients = [Client(opened.port, phone, token) for phone, token in opened.tokens.items()]
        await open_all(clients)
        numbers = callers(opened.numbers)
        measured = {
            "ringdesk, caller just come": await _measure(pbx, server, clients, _calls(numbers, seconds)),
            "ringdesk, caller from the menu": await _measure(
                pbx, server, clients, _calls(numbers, seconds, MENU_SECONDS)
            ),
        }
        await cut_all(clients)
        return measured


async def through_echo(seconds: float) -> Measured:
    async with Remote(Pbx(AGENTS, AGENTS)) as pbx, Remote(Echo(pbx.started)) as echo:
        phones = [str(1001 + number) for number in range(AGENTS)]
        clients = [Client(echo.started, phone, phone) for phone in phones]
        await open_all(clients)
        measured = await _measure(pbx, echo, clients, _calls(["13800138000"], seconds))
        await cut_all(clients)
        return measured


def _calls(numbers: list[str], seconds: float, menu: float = 0.0) -> Calls:
    return Calls(numbers, max(1, int(PER_SECOND * seconds)), PER_SECOND, menu)


async def _measure(pbx: Remote, server: Remote, clients: list[Client], calls: Calls) -> Measured:
    for client in clients:
        client.pops.clear()
    began = await server.ask("processor")
    offers: list[Offer] = await pbx.ask("calls", calls)
    ended = await server.ask("processor")
    found, missing = latencies(offers, clients)
    begin = asyncio.get_running_loop().time()
    while missing and asyncio.get_running_loop().time() < begin + LINGER:
        await asyncio.sleep(0.05)
        found, missing = latencies(offers, clients)
    return Measured(found, missing, (ended - began) / calls.count)


async def run(seconds: float, customers: int) -> None:
    echo = await through_echo(seconds)
    measured = {"bare echo": echo, **await through_server(seconds, customers)}
    rows = [("AgentCalled written to pop received", "p50", "p99", "longest", "CPU a call", "calls", "lost")]
    for name, one in measured.items():
        figures = (ms(one.part(0.5)), ms(one.part(0.99)), ms(max(one.latencies)), ms(one.processor))
        rows.append((name, *figures, str(len(one.latencies)), str(one.missing)))
    print(table(rows))
    for name, one in list(measured.items())[1:]:
        ratios = [one.part(part) / echo.part(part) for part in (0.5, 0.99)]
        met = "met" if ratios[1] <= 10 else "MISSED"
        print(
            f"{name}: {ratios[0]:.1f} x echo at p50, {ratios[1]:.1f} x at p99 (aim: within 10 at p99): {met}"
        )


def main(seconds: float = SECONDS, customers: int = CUSTOMERS) -> None:
    print(
        f"pop latency: {AGENTS} agents, {CUSTOMERS} customers, {PER_SECOND:g} calls/s for {seconds:g} s each"
    )
    asyncio.run(run(seconds, customers))


if __name__ == "__main__":
    main(*map(float, sys.argv[1:2]))
