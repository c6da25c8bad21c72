"""From AMI's bytes to the agent's browser: how long after AgentCalled was written does the pop arrive?

Three processes: the practice PBX, the server, the browsers. The same calls then go through a bare echo in the
server's place. Times are of the machine's monotonic clock. Run: python -m bench.pop_latency [SECONDS]
"""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

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
SECONDS = 5.0
ROUNDS = 4
AIM = 10
ROWS = ("bare echo", "ringdesk, caller just come", "ringdesk, caller from the menu")
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


class Line(NamedTuple):
    """A PBX, what stands behind it, the browsers, and who calls."""

    pbx: Remote
    server: Remote
    clients: list[Client]
    numbers: list[str]


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


@asynccontextmanager
async def server_line(customers: int) -> AsyncIterator[Line]:
    """Ringdesk between a PBX and the browsers."""
    async with (
        Remote(Pbx(AGENTS, AGENTS)) as pbx,
        Remote(Server(pbx.started, AGENTS, customers)) as server,
    ):
        opened: Opened = server.started
        clients = [Client(opened.port, phone, token) for phone, token in opened.tokens.items()]
        await open_all(clients)
        yield Line(pbx, server, clients, callers(opened.numbers))
        await cut_all(clients)


@asynccontextmanager
async def echo_line() -> AsyncIterator[Line]:
    """The bare echo in Ringdesk's place."""
    async with Remote(Pbx(AGENTS, AGENTS)) as pbx, Remote(Echo(pbx.started)) as echo:
        phones = [str(1001 + number) for number in range(AGENTS)]
        clients = [Client(echo.started, phone, phone) for phone in phones]
        await open_all(clients)
        yield Line(pbx, echo, clients, ["13800138000"])
        await cut_all(clients)


async def measure(line: Line, seconds: float, menu: float) -> Measured:
    """One round of calls over the line."""
    calls = Calls(line.numbers, max(1, int(PER_SECOND * seconds)), PER_SECOND, menu)
    for client in line.clients:
        client.pops.clear()
    began = await line.server.ask("processor")
    offers: list[Offer] = await line.pbx.ask("calls", calls)
    ended = await line.server.ask("processor")
    found, missing = latencies(offers, line.clients)
    loop = asyncio.get_running_loop()
    latest = loop.time() + LINGER
    while missing and loop.time() < latest:
        await asyncio.sleep(0.05)
        found, missing = latencies(offers, line.clients)
    return Measured(found, missing, (ended - began) / calls.count)


async def run(seconds: float, rounds: int, customers: int) -> None:
    measured: dict[str, list[Measured]] = {name: [] for name in ROWS}
    async with echo_line() as echo, server_line(customers) as server:
        lines = dict(zip(ROWS, ((echo, 0.0), (server, 0.0), (server, MENU_SECONDS)), strict=True))
        for _ in range(rounds):  # in turns, so that a busy moment of the machine meets all of them
            for name, (line, menu) in lines.items():
                measured[name].append(await measure(line, seconds, menu))
    print(report(measured))


def report(measured: dict[str, list[Measured]]) -> str:
    """Of each its best round, by p99: the one that the machine's other work disturbed least."""
    rows = [("AgentCalled written to pop received", "p50", "p99", "all p99", "CPU a call", "calls", "lost")]
    best = {name: min(rounds, key=lambda one: one.part(0.99)) for name, rounds in measured.items()}
    for name, one in best.items():
        others = " ".join(f"{round_.part(0.99) * 1000:.0f}" for round_ in measured[name])
        calls, lost = (
            sum(len(round_.latencies) + round_.missing for round_ in measured[name]),
            sum(round_.missing for round_ in measured[name]),
        )
        figures = (ms(one.part(0.5)), ms(one.part(0.99)), others, ms(one.processor))
        rows.append((name, *figures, str(calls), str(lost)))
    echo, *others_ = best.items()
    return "\n".join((table(rows), *(_against(echo[1], name, one) for name, one in others_)))


def _against(echo: Measured, name: str, one: Measured) -> str:
    half, nearly_all = (one.part(part) / echo.part(part) for part in (0.5, 0.99))
    met = "met" if nearly_all <= AIM else "MISSED"
    return f"{name}: {half:.1f} x echo at p50, {nearly_all:.1f} x at p99; aim {AIM} x at p99: {met}"


def main(seconds: float = SECONDS, rounds: int = ROUNDS, customers: int = CUSTOMERS) -> None:
    print(f"pop latency: {AGENTS} agents, {customers} customers, {PER_SECOND:g} calls/s")
    print(f"{rounds} rounds of {seconds:g} s each")
    asyncio.run(run(seconds, rounds, customers))


if __name__ == "__main__":
    main(float(sys.argv[1]) if sys.argv[1:] else SECONDS)
