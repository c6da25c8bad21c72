"""Callers in phone menus at once, and the time of one step, against panoramisk's FastAGI in the same run.

A step is what a menu does: play a prompt, wait for a key. Each server lives in a process of its own and has one core;
the other process stands for Asterisk and answers at once (time of a step, in turns, the least disturbed round counts),
or like people who think for two seconds (callers at once, and the same beside an attack). How late a loop was may be
the machine's doing: an idle loop in a process of its own is watched beside it, and of each loop the processor time it
spent between two looks at the clock. Run: python -m bench agi
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import cast

import msgspec
from panoramisk.fast_agi import Application

from bench.figures import ms, percentile, table
from bench.parts import Part, Remote, many_files
from config.settings import LogSettings
from core.logs import set_up_logs
from core.tasks import Tasks
from ivr_flows.agi.frames import Asked
from ivr_flows.agi.server import FastAgiServer, Gate, Limits
from ivr_flows.agi.session import Agi
from server.settle import settle

STEPS = 40
ROUNDS = 5
SHORT, LONG = 200, 2_000
SECONDS = 8
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


class Late(msgspec.Struct, frozen=True):
    """How late a loop was, in seconds; `work` is the most processor time that it spent between two looks."""

    p99: float
    most: float
    work: float


class Idle(Part):
    """A loop with nothing to do: as late as the machine makes it."""

    async def start(self) -> int:
        set_up_logs(LogSettings(level="error"))
        self._lags, self._work = [0.0], [0.0]
        self._watch = asyncio.create_task(self._watching())
        listening = await self.listen()
        settle()  # as `ringdesk serve` does
        return listening

    async def listen(self) -> int:
        return 0

    async def stop(self) -> None:
        self._watch.cancel()

    async def late(self) -> Late:
        """How late since the last question."""
        lags, self._lags = self._lags, [0.0]
        work, self._work = self._work, [0.0]
        return Late(percentile(lags, 0.99), max(lags), max(work))

    async def _watching(self) -> None:
        while True:
            due, spent = time.monotonic() + LAG_EVERY, time.thread_time()
            await asyncio.sleep(LAG_EVERY)
            self._lags.append(max(0.0, time.monotonic() - due))
            self._work.append(time.thread_time() - spent)


class Menus(Idle):
    """A server of menus."""

    async def listen(self) -> int:
        raise NotImplementedError


class Ours(Menus):
    """`ivr_flows.agi`."""

    async def listen(self) -> int:
        limits = Limits(sessions=10_000)
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


class Round(msgspec.Struct, frozen=True):
    """Processor seconds of the server for a command, and commands a second by the clock."""

    cpu: float
    rate: float


async def one_round(server: Remote) -> Round:
    before, began = await server.ask("processor"), time.monotonic()
    lines = await calls(server.started, SHORT, 0.0)
    await asyncio.gather(*(line.over for line in lines))
    done = sum(line.answered for line in lines)
    spent, took = await server.ask("processor") - before, time.monotonic() - began
    return Round(spent / done, done / took)


async def step_times(rounds: int) -> dict[str, Round]:
    """The least disturbed round of each server, in turns, so that a busy moment of the machine meets both."""
    async with Remote(Ours()) as ours, Remote(Panoramisk()) as theirs:
        servers = {"ringdesk": ours, "panoramisk": theirs}
        measured: dict[str, list[Round]] = {name: [] for name in servers}
        for _ in range(rounds + 1):
            for name, server in servers.items():
                measured[name].append(await one_round(server))
        return {name: min(several[1:], key=lambda one: one.cpu) for name, several in measured.items()}


async def half_open_lines(port: int, count: int) -> list[asyncio.Transport]:
    """So many lines that come together, begin a header, and do not end it."""
    loop = asyncio.get_running_loop()
    opened = await asyncio.gather(
        *(loop.create_connection(asyncio.Protocol, "127.0.0.1", port) for _ in range(count))
    )
    lines = [transport for transport, _ in opened]
    for line in lines:
        line.write(b"agi_network: yes\nagi_net")
    return lines


async def at_once(kind: type[Menus], half_open: int, seconds: int) -> list[str]:
    """Callers who think, for so long; beside them an attack: lines that come in one moment, never finish their header,
    send a byte a second, and come anew when they are cut."""
    async with Remote(kind()) as server, Remote(Idle()) as idle:
        lines = await calls(server.started, LONG, THINK)
        for one in (server, idle):
            await one.ask("late")
        attack = await half_open_lines(server.started, half_open)
        before, began = await server.ask("processor"), time.monotonic()
        answered = sum(line.answered for line in lines)
        for _ in range(seconds):
            await asyncio.sleep(1.0)
            cut = [line for line in attack if line.is_closing()]
            attack = [line for line in attack if not line.is_closing()]
            for line in attack:
                line.write(b"x")
            attack += await half_open_lines(server.started, len(cut))
        answered = sum(line.answered for line in lines) - answered
        took, spent = time.monotonic() - began, await server.ask("processor") - before
        late, machine = await server.ask("late"), await idle.ask("late")
        alive = sum(not line.over.done() for line in lines)
        for line in attack:
            line.close()
        return [
            str(alive),
            f"{answered / took:.0f}",
            f"{spent / took:.0%}",
            ms(late.p99),
            ms(late.most),
            ms(late.work),
            ms(machine.most),
        ]


async def run(rounds: int, seconds: int) -> None:
    rows = [["server", "CPU of a command", "commands/s", "against panoramisk"]]
    measured = await step_times(rounds)
    for name, one in measured.items():
        ratio = f"{measured['panoramisk'].cpu / one.cpu:.2f}"
        rows.append([name, f"{one.cpu * 1e6:.1f} us", f"{one.rate:.0f}", ratio])
    print(
        f"FastAGI: {SHORT} calls of {2 * STEPS} commands, answered at once, best of {rounds}\n{table(rows)}\n"
    )
    heading = ["server", "callers at once", "commands/s", "of one core", "lag p99", "lag max"]
    rows = [[*heading, "longest work", "idle loop's max"]]
    rows.append(["ringdesk", *await at_once(Ours, 0, seconds)])
    rows.append([f"ringdesk, {HALF_OPEN} half-open", *await at_once(Ours, HALF_OPEN, seconds)])
    rows.append(["panoramisk", *await at_once(Panoramisk, 0, seconds)])
    print(f"FastAGI: {LONG} callers who answer after {THINK:g} s, {seconds} s long\n{table(rows)}\n")


def main(rounds: int = ROUNDS, seconds: int = SECONDS) -> None:
    many_files()
    asyncio.run(run(rounds, seconds))


if __name__ == "__main__":
    main()
