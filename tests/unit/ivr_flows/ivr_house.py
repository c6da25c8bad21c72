"""A driver with everything around it small: a flow of a test's own, services and sounds in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager

from core.bus import Bus
from core.clock import Clock
from core.tasks import Tasks
from ivr_flows.agi.frames import Asked as Wanted
from ivr_flows.agi.server import FastAgiServer, Gate
from ivr_flows.agi.session import Agi
from ivr_flows.driver import Around, Driver
from ivr_flows.flow.load import load
from ivr_flows.flow.model import Flows
from ivr_flows.messages import (
    Caller,
    NewRecording,
    NoPlace,
    NotFree,
    Piece,
    ServiceRefused,
    Target,
    Transfer,
    Value,
    Visit,
    VisitChanged,
)
from ivr_flows.visits import Visits

FLOW = """
name: main
label: {en: Main, zh: 主菜单}
start: hello
fallback: person
answers:
  topic: {label: {en: Wanted, zh: 需求}}
  state.waiting: {label: {en: Waiting, zh: 等待}}
nodes:
  hello:
    do: menu
    text: {en: "Press 1 to type, 2 to speak, 3 to ask, 4 to end, 5 for anna, 6 outside.", zh: "请按键。"}
    tries: 2
    choices:
      "1": {label: {en: Type, zh: 输入}, set: {topic: typed}, next: number}
      "2": {label: {en: Speak, zh: 说}, next: words}
      "3": {label: {en: Ask, zh: 问}, next: ask}
      "4": {label: {en: End, zh: 结束}, next: bye}
      "5": {label: {en: Anna, zh: 安娜}, next: anna}
      "6": {label: {en: Out, zh: 外线}, next: outside}
      "7": {label: {en: News, zh: 消息}, next: news}
      "*": {label: {en: Engaged, zh: 正忙}, next: engaged}
      "8": {label: {en: Gone, zh: 离职}, next: gone}
      "9": {label: {en: Lost, zh: 丢失}, next: lost}
      "0": {label: {en: Stuck, zh: 停滞}, next: stuck}
  news: {do: say, text: {en: "There is news.", zh: "有消息。"}, next: again}
  number:
    do: collect
    text: {en: "Type your number.", zh: "请输入。"}
    into: number
    max: 4
    next: again
  again:
    do: menu
    text: {en: "Press 1 to end.", zh: "请按1。"}
    choices:
      "1": {label: {en: End, zh: 结束}, next: bye}
      "#": {label: {en: Person, zh: 人工}, next: person}
  words: {do: record, text: {en: "Speak.", zh: "请说。"}, into: words, next: bye, otherwise: person}
  ask: {do: look_up, service: queue.state, with: {queue: service}, into: state, next: bye, failed: person}
  bye: {do: hangup, text: {en: "Goodbye.", zh: "再见。"}}
  person: {do: transfer, queue: service, priority: 3}
  anna: {do: transfer, agent: anna, priority: 7}
  gone: {do: transfer, agent: gone}
  engaged: {do: transfer, agent: busy, priority: 7}
  lost: {do: transfer, agent: lost}
  stuck: {do: transfer, agent: stuck}
  outside: {do: transfer, number: "00123456"}
"""


class Sounds:
    """Says every piece by its name; `missing` has none at all."""

    def __init__(self) -> None:
        self.none = False
        self.missing: list[str] = []

    async def sounds(self, pieces: tuple[Piece, ...]) -> tuple[str, ...]:
        return () if self.none else tuple(piece.name or piece.text for piece in pieces)

    def not_played(self, sound: str, caller: Caller) -> None:
        self.missing.append(sound)


class Kept:
    """Recordings that are kept where they are longer than nothing."""

    def __init__(self) -> None:
        self.kept: list[tuple[str, float]] = []

    def begin(self, caller: Caller) -> NewRecording:
        return NewRecording("rec1", "/var/spool/rec1")

    async def keep(self, recording: str, caller: Caller, visit: str, seconds: float) -> bool:
        self.kept.append((recording, seconds))
        return seconds > 0


class Asked:
    """Services: `answer` is what comes back."""

    def __init__(self) -> None:
        self.answer: Callable[[], Awaitable[dict[str, Value]]] = self._nothing

    async def _nothing(self) -> dict[str, Value]:
        raise ServiceRefused("not_found")

    async def ask(self, service: str, args: Mapping[str, Value], caller: Caller) -> dict[str, Value]:
        return await self.answer()


class PhoneLines:
    """One PBX, one agent, nothing outside; `lost` whose record is away, `stuck` whose record never comes."""

    def call_of(self, pbx: str, uniqueid: str, tag: str) -> str:
        return f"{pbx}-{tag or uniqueid}"

    def pbx_of(self, peer: str, named: str) -> str:
        return named or "main"

    async def place(self, transfer: Transfer, caller: Caller) -> str:
        if transfer.kind is Target.NUMBER:
            raise NoPlace("it is abroad")
        if transfer.kind is Target.AGENT:
            if transfer.to == "busy":
                raise NotFree
            if transfer.to == "lost":
                raise OSError("no such table: users\n[parameters: 13800138000]")
            if transfer.to == "stuck":
                await asyncio.Event().wait()
            return "1001" if transfer.to == "anna" else ""
        return transfer.to


class Store:
    """Visits in memory."""

    def __init__(self) -> None:
        self.visits: dict[str, Visit] = {}

    async def save_many(self, many: Sequence[Visit]) -> None:
        self.visits |= {visit.id: visit for visit in many}


class IvrHouse:
    """All of it, with a server that listens on `port`."""

    def __init__(self, clock: Clock) -> None:
        self.bus = Bus()
        self.told: list[Visit] = []
        self.bus.subscribe(VisitChanged, lambda event: self.told.append(event.visit))
        self.tasks = Tasks()
        self.voice, self.recordings, self.services = Sounds(), Kept(), Asked()
        self.store = Store()
        self.visits = Visits(self.bus, self.store, clock)  # type: ignore[arg-type] # only saves here
        self.flows = Flows({"main": load(FLOW, "main.yaml").flow})
        self._clock = clock
        self.server = FastAgiServer(Gate(["127.0.0.1"]), self._serve, self.tasks)
        self.port = 0

    async def _serve(self, agi: Agi, wanted: Wanted) -> None:
        """With what the house has at this moment."""
        around = Around(
            flows=lambda: self.flows,
            services=self.services,
            voice=self.voice,
            recordings=self.recordings,
            visits=self.visits,
            lines=PhoneLines(),
            clock=self._clock,
            ask_seconds=0.5,
        )
        await Driver(around).serve(agi, wanted)

    async def ended(self) -> Visit:
        """The last visit, once it has ended."""
        async with asyncio.timeout(30):
            while not self.told or self.told[-1].ended is None:  # noqa: ASYNC110 - the test asks, nobody tells it
                await asyncio.sleep(0.002)
        return self.told[-1]


@asynccontextmanager
async def ivr_house(clock: Clock) -> AsyncIterator[IvrHouse]:
    house = IvrHouse(clock)
    house.port = await house.server.start("127.0.0.1", 0)
    try:
        yield house
    finally:
        await house.server.stop()
        await house.tasks.close()
