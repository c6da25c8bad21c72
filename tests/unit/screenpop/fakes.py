"""A hub to look into, and records that answer when the test says so."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from core.bus import Bus
from core.tasks import Tasks
from cti import messages as cti
from customers.messages import Candidate, Certainty, Customer, Grade, Lookup, Match
from screenpop.around import Around
from screenpop.contexts import Contexts
from screenpop.hub import Hub
from screenpop.popper import Popper
from screenpop.pops import Context, Pop, PopCallback, Question
from screenpop.session import Log, Viewer
from screenpop.work import Work

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
        self.questions: list[Question] = []
        self._waiting: list[asyncio.Future[Context]] = []

    async def about(self, question: Question) -> Context:
        self.asked.append(question.number)
        self.questions.append(question)
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


class MemoryStore:
    """Keeps work in memory, as the database does (tests/integration/test_call_work.py holds both to it)."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], Work] = {}

    async def save(self, work: Work) -> None:
        before = self.rows.get((work.call_id, work.user))
        if before is None or before.version < work.version:
            self.rows[work.call_id, work.user] = work

    async def of_call(self, call_id: str) -> dict[str, Work]:
        return {user: work for (call, user), work in self.rows.items() if call == call_id}

    async def since(self, at: float) -> list[Work]:
        return [work for work in self.rows.values() if work.updated_at >= at]

    async def forget_drafts(self, before: float) -> int:
        old = [key for key, work in self.rows.items() if work.draft_at is not None and work.draft_at < before]
        for key in old:
            self.rows[key] = msgspec.structs.replace(self.rows[key], draft={}, draft_at=None, origin="")
        return len(old)


async def turn() -> None:
    """Let every task that can run go on."""
    for _ in range(5):
        await asyncio.sleep(0)


class Desk:
    """A popper with its surroundings; `heard(user)` is what that user's browsers were told, in order."""

    def __init__(self, deadline: float = 60.0, callbacks: dict[str, PopCallback] | None = None) -> None:
        self.hub = Hub(Log("e1"))
        self.records = HeldRecords()
        self.clock = StillClock()
        self.tasks = Tasks()
        self.bus = Bus()
        self.store = MemoryStore()
        self.calls: dict[str, cti.Call] = {}
        self.contexts = Contexts(self.hub, self.store, self._find, str.title, self.clock)
        self.popper = Popper(
            Around(
                hub=self.hub,
                records=self.records,
                works=self.contexts,
                person=str.title,
                render=render,
                state_label=lambda _language: lambda ticket: ticket.state,
                clock=self.clock,
                tasks=self.tasks,
                deadline=deadline,
                callback_of=(callbacks or {}).get,
            )
        )
        self.contexts.changed, self.contexts.chosen = self.popper.work_changed, self.popper.customer_chosen
        self.popper.subscribe(self.bus)
        self.contexts.subscribe(self.bus, self.tasks)

    async def _find(self, call_id: str) -> cti.Call | None:
        return self.calls.get(call_id)

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
