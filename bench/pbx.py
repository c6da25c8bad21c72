"""The telephone side of a benchmark: the practice PBX with agents who answer, and when each offer was told."""

from __future__ import annotations

import asyncio
import re
import time
from itertools import cycle, islice

import msgspec

from bench.parts import Part
from cti.practice.pbx import PracticePbx, Setup
from cti.practice.rings import Ring
from cti.practice.talks import Talk

_CALLER = re.compile(rb"\r\nUniqueid: (\S+)")
_PHONE = re.compile(rb"\r\nInterface: PJSIP/(\d+)")
LATEST = 30.0
"""Seconds after the last call's turn until all must have ended."""


class Calls(msgspec.Struct, frozen=True):
    """Calls to be made. `menu`, `ring` and `talk` are seconds; no `menu`: straight into the queue."""

    numbers: list[str]
    count: int
    per_second: float
    menu: float = 0.0
    ring: float = 0.25
    talk: float = 0.2


class Offer(msgspec.Struct, frozen=True):
    """An AgentCalled that was written: the caller's Uniqueid, the phone, and the monotonic time after the write."""

    caller: str
    phone: str
    at: float


class Pbx(Part):
    """`phones` can register, the first `working` of them answer the queue's calls."""

    def __init__(self, phones: int, working: int) -> None:
        self._setup = Setup(
            agents=phones,
            members={"service": [str(1001 + number) for number in range(working)]},
            strategy="linear",
            wrapuptime=0,
        )

    async def start(self) -> int:
        self._pbx = PracticePbx(setup=self._setup)
        await self._pbx.start()
        self._pbx.world.sinks.append(self._hear)
        self._pbx.world.on_ring.append(self._rings)
        self._pbx.world.on_talk.append(self._talks)
        self._told: list[tuple[str, str]] = []
        self._offers: list[Offer] = []
        return self._pbx.port

    async def stop(self) -> None:
        await self._pbx.stop()

    async def events(self) -> int:
        """How many events were told until now."""
        return self._pbx.world.told

    async def calls(self, wanted: Calls) -> list[Offer]:
        """Make the calls, one after the other at an even pace, until the last one has ended."""
        self._offers, self._wanted, self._left = [], wanted, wanted.count
        self._over = asyncio.Event()
        loop = asyncio.get_running_loop()
        begin = loop.time()
        async with asyncio.timeout(wanted.count / wanted.per_second + LATEST):
            for place, number in enumerate(islice(cycle(wanted.numbers), wanted.count)):
                await asyncio.sleep(max(0.0, begin + place / wanted.per_second - loop.time()))
                self._call(number)
            await self._over.wait()
        return self._offers

    def _call(self, number: str) -> None:
        if not self._wanted.menu:
            self._pbx.caller(number, "4001")
            return
        caller = self._pbx.caller(number, "4002")
        asyncio.get_running_loop().call_later(self._wanted.menu, self._pbx.press, caller, "1")

    def _rings(self, ring: Ring) -> None:
        asyncio.get_running_loop().call_later(self._wanted.ring, ring.answer)

    def _talks(self, talk: Talk) -> None:
        asyncio.get_running_loop().call_later(self._wanted.talk, self._hang_up, talk)

    def _hang_up(self, talk: Talk) -> None:
        self._pbx.hang_up(talk.caller)
        self._left -= 1
        if not self._left:
            self._over.set()

    def _hear(self, bit: int, data: bytes) -> None:
        if data.startswith(b"Event: AgentCalled"):
            caller, phone = _CALLER.search(data), _PHONE.search(data)
            assert caller
            assert phone
            if not self._told:
                # A session writes at the end of this turn of the loop, which it asked for before we do.
                asyncio.get_running_loop().call_soon(self._written)
            self._told.append((caller[1].decode(), phone[1].decode()))

    def _written(self) -> None:
        at = time.monotonic()
        self._offers += [Offer(caller, phone, at) for caller, phone in self._told]
        self._told.clear()
