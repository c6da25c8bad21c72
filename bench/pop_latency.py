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


async def through_server(seconds: float) -> Measured:
    async with (
        Remote(Pbx(AGENTS, AGENTS)) as pbx,
        Remote(Server(pbx.started, AGENTS, CUSTOMERS)) as server,
    ):
        opened: Opened = server.started
        while not await server.ask("ready"):
            await asyncio.sleep(0.05)
        clients = [Client(opened.port, phone, token) for phone, token in opened.tokens.items()]
        return await _measure(pbx, server, clients, callers(opened.numbers), seconds)


async def through_echo(seconds: float) -> Measured:
    async with Remote(Pbx(AGENTS, AGENTS)) as pbx, Remote(Echo(pbx.started)) as echo:
        phones = [str(1001 + number) for number in range(AGENTS)]
        clients = [Client(echo.started, phone, phone) for phone in phones]
        return await _measure(pbx, echo, clients, callers(["13800138000"] * CUSTOMERS), seconds)


async def _measure(
    pbx: Remote, server: Remote, clients: list[Client], numbers: list[str], seconds: float
) -> Measured:
    await open_all(clients)
    count = max(1, int(PER_SECOND * seconds))
    began = await server.ask("processor")
    offers: list[Offer] = await pbx.ask("calls", Calls(numbers, count, PER_SECOND))
    ended = await server.ask("processor")
    found, missing = latencies(offers, clients)
    await cut_all(clients)
    return Measured(found, missing, (ended - began) / count)


async def run(seconds: float) -> None:
    echo = await through_echo(seconds)
    server = await through_server(seconds)
    rows = [("AgentCalled written to pop received", "p50", "p99", "longest", "CPU a call", "calls", "lost")]
    for name, one in (("bare echo", echo), ("ringdesk", server)):
        figures = (ms(one.part(0.5)), ms(one.part(0.99)), ms(max(one.latencies)), ms(one.processor))
        rows.append((name, *figures, str(len(one.latencies)), str(one.missing)))
    print(table(rows))
    ratio = server.part(0.99) / echo.part(0.99)
    print(
        f"ringdesk / echo: p50 {server.part(0.5) / echo.part(0.5):.1f}, p99 {ratio:.1f}; "
        f"aim: p99 within ten times the echo: {'met' if ratio <= 10 else 'MISSED'}"
    )


def main(seconds: float = SECONDS) -> None:
    print(f"{AGENTS} agents, {CUSTOMERS} customers, {PER_SECOND:g} calls/s for {seconds:g} s")
    asyncio.run(run(seconds))


if __name__ == "__main__":
    main(*map(float, sys.argv[1:2]))
