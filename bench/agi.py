"""Callers in phone menus at once, and the time of one step, against panoramisk's FastAGI in the same run.

A step is what a menu does: play a prompt, wait for a key. Each server lives in a process of its own and has one core;
the other process stands for Asterisk and answers at once (time of a step), or like people who think for two seconds
(callers at once, and the same beside an attack). Run: python -m bench agi
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import cast

from panoramisk.fast_agi import Application

from bench.figures import ms, percentile, table
from bench.parts import Part, Remote, many_files
from config.settings import LogSettings
from core.logs import set_up_logs
from core.tasks import Tasks
from ivr_flows.agi.frames import Asked
from ivr_flows.agi.server import FastAgiServer, Gate, Limits
from ivr_flows.agi.session import Agi

STEPS = 40
SHORT, LONG = 200, 2_000
THINK = 2.0
HALF_OPEN = 1_000
LAG_EVERY = 0.01
HEADER = b"".join(
    line + b"\n"
    for line in (
        b"agi_network: yes",
        b"agi_network_script: main",
        b"agi_request: agi://127.0.0.1/main",
        b"agi_channel: PJSIP/trunk-00000001",
        b"agi_language: en",
        b"agi_type: PJSIP",
        b"agi_uniqueid: 1700000000.1",
        b"agi_version: 22.10.0",
        b"agi_callerid: 13800138000",
        b"agi_calleridname: unknown",
        b"agi_context: from-trunk",
        b"agi_extension: 4005",
        b"agi_priority: 3",
        b"agi_enhanced: 0.0",
        b"agi_accountcode: ",
        b"agi_threadid: 139",
        b"",
    )
)
ANSWER = b"200 result=0 endpos=8000\n"


class Menus(Part):
    """A server of menus, with how late its loop is."""

    async def start(self) -> int:
        set_up_logs(LogSettings(level="error"))
        self._lags: list[float] = []
        self._watch = asyncio.create_task(self._watching())
        return await self.listen()

    async def listen(self) -> int:
        raise NotImplementedError

    async def stop(self) -> None:
        self._watch.cancel()

    async def lag(self) -> tuple[float, float]:
        """p99 and the greatest lag in seconds since the last question."""
        lags, self._lags = self._lags, []
        return percentile(lags, 0.99), max(lags)

    async def _watching(self) -> None:
        while True:
            due = time.monotonic() + LAG_EVERY
            await asyncio.sleep(LAG_EVERY)
            self._lags.append(max(0.0, time.monotonic() - due))


class Ours(Menus):
    """`ivr_flows.agi`."""

    async def listen(self) -> int:
        limits = Limits(sessions=10_000, header_seconds=600.0)
        self._server = FastAgiServer(Gate(["127.0.0.1"]), self._menu, Tasks(), limits)
        return await self._server.start("127.0.0.1", 0)

    async def _menu(self, agi: Agi, _: Asked) -> None:
        for _ in range(STEPS):
            await agi.stream_file("prompts/main", "0123456789*#")
            await agi.wait_for_digit(5000)

    async def stop(self) -> None:
        await super().stop()
        await self._server.stop()


class Panoramisk(Menus):
    """`panoramisk.fast_agi`."""

    async def listen(self) -> int:
        application = Application(loop=asyncio.get_running_loop())
        application.add_route("main", self._menu)
        self._server = await asyncio.start_server(application.handler, "127.0.0.1", 0, backlog=1024)
        return int(self._server.sockets[0].getsockname()[1])

    async def _menu(self, request: object) -> None:
        send = cast(Callable[[str], Awaitable[object]], request.send_command)  # type: ignore[attr-defined]
        for _ in range(STEPS):
            await send('STREAM FILE prompts/main "0123456789*#" 0')
            await send("WAIT FOR DIGIT 5000")

    async def stop(self) -> None:
        await super().stop()
        self._server.close()


class Line(asyncio.Protocol):
    """Asterisk's end of one call: sends the header, answers each command after `think` seconds."""

    def __init__(self, think: float) -> None:
        self._think = think
        self.answered = 0
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(HEADER)

    def data_received(self, data: bytes) -> None:
        self.answered += 1
        if self._think:
            asyncio.get_running_loop().call_later(self._think, self._answer)
        else:
            self._answer()

    def _answer(self) -> None:
        if not self._transport.is_closing():
            self._transport.write(ANSWER)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.over.done():
            self.over.set_result(None)


async def calls(port: int, count: int, think: float) -> list[Line]:
    """So many calls at once, begun within about a second."""
    loop = asyncio.get_running_loop()
    lines = []
    for _ in range(count):
        _, line = await loop.create_connection(lambda: Line(think), "127.0.0.1", port)
        lines.append(line)
    return lines


async def step_time(kind: type[Menus]) -> tuple[float, float]:
    """Processor time of the server for one command, and commands a second by the clock."""
    async with Remote(kind()) as server:
        for _ in range(2):  # the first round warms up
            before, began = await server.ask("processor"), time.monotonic()
            lines = await calls(server.started, SHORT, 0.0)
            await asyncio.gather(*(line.over for line in lines))
            done = sum(line.answered for line in lines)
            spent, took = await server.ask("processor") - before, time.monotonic() - began
        return spent / done, done / took


async def at_once(kind: type[Menus], half_open: int) -> list[str]:
    """Callers who think, for ten seconds; beside them an attack of lines that never finish their header."""
    async with Remote(kind()) as server:
        attack = [await asyncio.open_connection("127.0.0.1", server.started) for _ in range(half_open)]
        for _, writer in attack:
            writer.write(b"agi_network: yes\nagi_net")
        lines = await calls(server.started, LONG, THINK)
        await server.ask("lag")
        before, began = await server.ask("processor"), time.monotonic()
        answered = sum(line.answered for line in lines)
        for _ in range(10):
            for _, writer in attack:
                if not writer.is_closing():
                    writer.write(b"x")
            await asyncio.sleep(1.0)
        answered = sum(line.answered for line in lines) - answered
        took, spent = time.monotonic() - began, await server.ask("processor") - before
        p99, most = await server.ask("lag")
        alive = sum(not line.over.done() for line in lines)
        for _, writer in attack:
            writer.close()
        return [str(alive), f"{answered / took:.0f}", f"{spent / took:.0%}", ms(p99), ms(most)]


async def run() -> None:
    rows = [["server", "CPU of a command", "commands/s", "against panoramisk"]]
    measured = [(kind, *await step_time(kind)) for kind in (Ours, Panoramisk)]
    for kind, cpu, rate in measured:
        ratio = f"{measured[1][1] / cpu:.2f}"
        rows.append([kind.__name__.lower(), f"{cpu * 1e6:.1f} us", f"{rate:.0f}", ratio])
    print(f"FastAGI: {SHORT} calls of {2 * STEPS} commands, answered at once\n{table(rows)}\n")
    rows = [["server", "callers at once", "commands/s", "of one core", "lag p99", "lag max"]]
    rows.append(["ours", *await at_once(Ours, 0)])
    rows.append([f"ours, {HALF_OPEN} half-open", *await at_once(Ours, HALF_OPEN)])
    rows.append(["panoramisk", *await at_once(Panoramisk, 0)])
    print(f"FastAGI: {LONG} callers who answer after {THINK:g} s, 10 s long\n{table(rows)}\n")


def main() -> None:
    many_files()
    asyncio.run(run())


if __name__ == "__main__":
    main()
