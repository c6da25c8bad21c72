"""A thousand agents at their desks: memory for each, what a telephone event costs, how soon all are back after a cut.

Ten of the agents take calls, the others only look on. The browsers are in a process of their own, so is the PBX.
Run: python -m bench.agents [AGENTS]
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections import Counter

import msgspec

from bench.clients import Client, cut_all, open_all
from bench.figures import table
from bench.house import Opened, Server
from bench.parts import Remote, many_files
from bench.pbx import Calls, Pbx

AGENTS = 1000
WORKING = 10
CUSTOMERS = 200
PER_SECOND = 10.0
SECONDS = 12.0


class Measured(msgspec.Struct, frozen=True):
    """Of one number of agents. Bytes; processor seconds of the server; seconds by the clock."""

    agents: int
    memory: float
    """For each agent that is connected."""
    opened_a_second: float
    event: float
    """For each telephone event, with all that follows from it."""
    frames: float
    """Sent for each telephone event."""
    resumed_a_second: float
    resume: float
    """Processor seconds for each line that came back."""
    greetings: dict[str, int]


async def measure(agents: int, seconds: float) -> Measured:
    working = min(WORKING, agents)
    async with (
        Remote(Pbx(agents, working)) as pbx,
        Remote(Server(pbx.started, agents, CUSTOMERS)) as server,
    ):
        opened: Opened = server.started
        calls = Calls(opened.numbers, max(1, int(PER_SECOND * seconds)), PER_SECOND)
        await pbx.ask("calls", msgspec.structs.replace(calls, count=2))  # what is made once is made now
        empty = await server.ask("tidied_memory")
        clients = [Client(opened.port, phone, token) for phone, token in opened.tokens.items()]
        began = time.monotonic()
        await open_all(clients)
        opening = time.monotonic() - began
        full = await server.ask("tidied_memory")
        event, frames = await _events(pbx, server, clients, calls)
        await cut_all(clients)
        before, began = await server.ask("processor"), time.monotonic()
        greetings = Counter(await open_all(clients))
        back, after = time.monotonic() - began, await server.ask("processor")
        await cut_all(clients)
        return Measured(
            agents=agents,
            memory=(full - empty) / agents,
            opened_a_second=agents / opening,
            event=event,
            frames=frames,
            resumed_a_second=agents / back,
            resume=(after - before) / agents,
            greetings=dict(greetings),
        )


async def _events(pbx: Remote, server: Remote, clients: list[Client], calls: Calls) -> tuple[float, float]:
    """Processor seconds and frames for each event while calls come."""
    processor, events = await server.ask("processor"), await server.ask("events")
    frames = sum(client.frames for client in clients)
    await pbx.ask("calls", calls)
    told = await server.ask("events") - events
    spent = await server.ask("processor") - processor
    return spent / told, (sum(client.frames for client in clients) - frames) / told


async def run(agents: int, seconds: float) -> None:
    measured = [await measure(count, seconds) for count in dict.fromkeys((min(WORKING, agents), agents))]
    rows = [
        (
            "agents",
            "memory each",
            "opened",
            "CPU an event",
            "frames an event",
            "resumed",
            "CPU a resume",
            "how",
        )
    ]
    for one in measured:
        how = ", ".join(f"{count} {greeting}" for greeting, count in one.greetings.items())
        rows.append(
            (
                str(one.agents),
                f"{one.memory / 1024:.0f} KiB",
                f"{one.opened_a_second:.0f}/s",
                f"{one.event * 1e6:.0f} µs",
                f"{one.frames:.1f}",
                f"{one.resumed_a_second:.0f}/s",
                f"{one.resume * 1e3:.2f} ms",
                how,
            )
        )
    print(table(rows))
    print(
        f"an event with all agents costs {measured[-1].event / measured[0].event:.1f} x that with the first"
    )


def main(agents: int = AGENTS, seconds: float = SECONDS) -> None:
    many_files()
    print(f"agents: {min(WORKING, agents)} take {PER_SECOND:g} calls/s for {seconds:g} s, the others look on")
    asyncio.run(run(agents, seconds))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
