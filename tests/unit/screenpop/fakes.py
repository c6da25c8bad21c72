"""A hub to look into, and records that answer when the test says so."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from core.bus import Bus
from core.tasks import Tasks
from cti import messages as cti
from customers.messages import Candidate, Certainty, Customer, Grade, Lookup, Match
from screenpop.hub import Hub
from screenpop.popper import Around, Popper
from screenpop.pops import Context, Pop
from screenpop.session import Log, Viewer

LI = Customer(id="cu1", name="Li Wei", grade=Grade.A, vip=True)
KNOWN = Context(Lookup(Match.ONE, "138 0013 8000", "+8613800138000", (Candidate(LI, Certainty.EXACT),)))


class StillClock:
    def __init__(self) -> None:
        self.at = 1_780_000_000.0

    def now(self) -> float:
        return self.at

    def monotonic(self) -> float:
        return self.at


class HeldRecords:
    """Answers each question only once `answer` or `fail` is called."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self._waiting: list[asyncio.Future[Context]] = []

    async def about(self, number: str, pbx: str) -> Context:
        self.asked.append(number)
        future: asyncio.Future[Context] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        return await future

    async def answer(self, context: Context) -> None:
        await self._settle(lambda future: future.set_result(context))

    async def fail(self) -> None:
        await self._settle(lambda future: future.set_exception(OSError("database away")))

    async def _settle(self, settle: Any) -> None:
        await turn()
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                settle(future)
        await turn()


async def turn() -> None:
    """Let every task that can run go on."""
    for _ in range(5):
        await asyncio.sleep(0)


class Desk:
    """A popper with its surroundings; `heard(user)` is what that user's browsers were told, in order."""

    def __init__(self, deadline: float = 60.0) -> None:
        self.hub = Hub(Log("e1"))
        self.records = HeldRecords()
        self.clock = StillClock()
        self.tasks = Tasks()
        self.bus = Bus()
        self.popper = Popper(
            Around(
                hub=self.hub,
                records=self.records,
                render=render,
                state_label=lambda _language: lambda ticket: ticket.state,
                clock=self.clock,
                tasks=self.tasks,
                deadline=deadline,
            )
        )
        self.popper.subscribe(self.bus)

    def heard(self, user: str) -> list[dict[str, Any]]:
        entries = self.hub.log.since("e1", 0, Viewer(user)) or []
        return [msgspec.json.decode(entry.frame) for entry in entries]

    def kinds(self, user: str) -> list[str]:
        return [message["type"] for message in self.heard(user)]


def render(pop: Pop, language: str) -> str:
    return f"<article>{pop.stage}</article>"


def call(**changes: Any) -> cti.Call:
    plain = cti.Call(
        id="main-1.1",
        pbx="main",
        direction=cti.Direction.INBOUND,
        state=cti.CallState.QUEUED,
        caller=cti.Party("13800138000", "LI"),
        dialled="4001",
        started_at=1_780_000_000.0,
        queue="service",
    )
    return msgspec.structs.replace(plain, **changes)


def segment(agent: str | None = "anna", **changes: Any) -> cti.Segment:
    plain = cti.Segment(
        id=f"main-1.1-{agent}",
        interface=f"PJSIP/{agent}",
        agent=agent,
        queue="service",
        how=cti.How.QUEUE,
        offered_at=1_780_000_003.0,
    )
    return msgspec.structs.replace(plain, **changes)
