"""A caller in a flow, on two PBXs: the practice PBX, and a real Asterisk with SIPp as the caller."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

from cti.practice.agi.client import FastAgi, FileSounds
from cti.practice.agi.run import AgiRun
from cti.practice.channels import Channel
from cti.practice.dialplan import HOTLINE
from cti.practice.pbx import PracticePbx, Setup
from tests.agi_desk import Desk, Line, agi_desk
from tests.integration.test_recordings import sound
from tests.real.ami import Message
from tests.real.asterisk import Asterisk, QueueSetup
from tests.real.sipp import Caller

KNOWN = "13800138000"
SECONDS = 30


class AgiStage(Protocol):
    """One caller at a time, whose flow is in the hands of the test. The caller speaks without a pause."""

    sounds: str
    """Where the PBX has `long` (30 s) and `short` (half a second)."""
    recordings: str
    folder: Path
    """The same, as we see it."""

    async def call(self) -> Line:
        """Someone calls the hotline."""
        ...

    async def started(self, line: Line, command: str) -> None:
        """Give a command; returns when the PBX carries it out."""
        ...

    async def press(self, keys: str) -> None: ...
    async def hang_up(self) -> None: ...
    async def empty(self) -> None:
        """Returns when the PBX has no channel any more."""
        ...


class PracticeStage:
    def __init__(self, pbx: PracticePbx, desk: Desk, run: Path) -> None:
        self._pbx, self._desk = pbx, desk
        self.folder = run / "recordings"
        self.sounds, self.recordings = str(run / "sounds"), str(self.folder)
        self._begun: asyncio.Queue[str] = asyncio.Queue()
        self._caller: Channel
        pbx.plan.serving.on_run.append(self._watch)

    def _watch(self, run: AgiRun, flow: str) -> None:
        run.watchers.append(self._begun.put_nowait)

    async def call(self) -> Line:
        self._caller = self._pbx.caller(KNOWN, HOTLINE, "Li Na")
        return await self._desk.line()

    async def started(self, line: Line, command: str) -> None:
        line.send(command)
        async with asyncio.timeout(SECONDS):
            while await self._begun.get() != command:
                continue

    async def press(self, keys: str) -> None:
        for key in keys:
            self._pbx.press(self._caller, key)

    async def hang_up(self) -> None:
        self._pbx.hang_up(self._caller)

    async def empty(self) -> None:
        await self._pbx.until(lambda: not self._pbx.world.channels, SECONDS)


class RealStage:
    sounds, recordings = "/srv/sounds", "/srv/recordings"

    def __init__(self, pbx: Asterisk, desk: Desk) -> None:
        self._pbx, self._desk = pbx, desk
        self.folder = pbx.run / "recordings"
        self._caller: Caller
        self._running: Caller | None = None

    async def call(self) -> Line:
        await self.close()
        self._caller = self._running = Caller(self._pbx, HOTLINE, KNOWN, "Li Na", speaks=True)
        await self._caller.__aenter__()
        return await self._desk.line()

    async def close(self) -> None:
        """The caller's SIPp is not needed any more."""
        last, self._running = self._running, None
        if last:
            await last.__aexit__(None, None, None)

    async def started(self, line: Line, command: str) -> None:
        seen = len(self._pbx.ami.messages)
        line.send(command)

        def begins(message: Message) -> bool:
            return message.get("Event") == "AGIExecStart"

        await self._pbx.ami.wait(begins, since=seen, seconds=SECONDS)

    async def press(self, keys: str) -> None:
        for key in keys:
            seen = len(self._pbx.ami.messages)
            await self._caller.press(key)
            await self._pbx.ami.wait(lambda m: m.get("Event") == "DTMFEnd", since=seen, seconds=SECONDS)

    async def hang_up(self) -> None:
        await self._caller.hang_up()

    async def empty(self) -> None:
        async with asyncio.timeout(SECONDS):
            while await self._pbx.ami.action_list("CoreShowChannels"):  # noqa: ASYNC110 - a list, not an event
                await asyncio.sleep(0.05)


def _furnish(run: Path) -> None:
    for name in ("sounds", "recordings"):
        (run / name).mkdir(exist_ok=True)
    sound(run / "sounds" / "long.wav", 30.0)
    sound(run / "sounds" / "short.wav", 0.5)


@asynccontextmanager
async def practice(run: Path) -> AsyncIterator[AgiStage]:
    _furnish(run)
    async with agi_desk() as (desk, port), PracticePbx(setup=Setup(members={"service": ()})) as pbx:
        agi = FastAgi(FileSounds(run / "recordings"), port=port)
        pbx.plan.serving.service = agi
        yield PracticeStage(pbx, desk, run)
        await agi.close()


@asynccontextmanager
async def asterisk(run: Path) -> AsyncIterator[AgiStage]:
    async with Asterisk({"service": QueueSetup(members=())}) as pbx, agi_desk(pbx.agi_port) as (desk, _):
        _furnish(pbx.run)
        stage = RealStage(pbx, desk)
        yield stage
        await stage.close()
