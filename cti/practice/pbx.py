"""The practice PBX as tests, the demo and the command line hold it."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Self

from cti.practice.dialplan import WAYS, Dialplan, Step
from cti.practice.hands import Hands
from cti.practice.parking import PARKED_SECONDS
from cti.practice.queues import Queue, Queues
from cti.practice.server import Server
from cti.practice.session import Account
from cti.practice.timeline import LoopTimeline, ManualTimeline, Timeline
from cti.practice.world import TRUNK, World

USERNAME, SECRET = "ringdesk", "practice"


@dataclass(frozen=True)
class Setup:
    """What stands in the configuration files. `agents`: phones 1001 and up; `members`: static ones by queue."""

    agents: int = 12
    members: Mapping[str, Iterable[str]] = field(default_factory=dict)
    strategy: str = "ringall"
    timeout: float = 15
    retry: float = 2
    wrapuptime: float = 10
    channelvars: bool = True
    ways: Mapping[str, tuple[Step, ...]] = field(default_factory=lambda: WAYS)
    contacts: Mapping[str, int] = field(default_factory=dict)
    """Extension to how many phones it has, where more than one."""
    parked: float = PARKED_SECONDS
    accounts: Mapping[str, Account] = field(
        default_factory=lambda: {USERNAME: Account(SECRET), "tester": Account(SECRET, "all", "all")}
    )


class PracticePbx(Hands):
    """Listens from `async with` on. Without a population nothing happens but what a test or a client does.

    `timeline` (default: the loop's, `speed` times as fast) moves the world; with a ManualTimeline call `advance`.
    """

    def __init__(
        self,
        port: int = 0,
        *,
        seed: int = 7,
        speed: float = 1.0,
        timeline: Timeline | None = None,
        setup: Setup | None = None,
    ) -> None:
        self.host, self.port = "127.0.0.1", port
        self.setup = setup or Setup()
        self._speed, self._given = speed, timeline
        self.rng = random.Random(seed)  # noqa: S311 - a game, not a secret
        self._started = 0.0
        self._sequence = itertools.count()
        self._waiters: list[tuple[Callable[[], bool], asyncio.Future[None]]] = []

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Make a new world and listen; after the first time on the same port."""
        self.timeline: Timeline = self._given or LoopTimeline(self._speed)
        setup = self.setup
        self.world = World(self.timeline, self.rng, setup.agents)
        # AMI tells the start to the second, and a real restart takes longer than one.
        self.world.started = self._started = max(self.world.started, self._started + 1)
        self.world.numbers = self._sequence  # so that a Uniqueid never comes twice, however quick the restart
        self.world.channelvars = setup.channelvars
        common = (setup.strategy, setup.timeout, setup.retry)
        service = Queue("service", *common, wrapuptime=setup.wrapuptime)
        emergency = Queue("emergency", *common, wrapuptime=0, weight=10)
        self.queues = Queues(self.world, (emergency, service), setup.members)
        self.world.contacts = dict(setup.contacts)
        self.plan = Dialplan(self.world, self.queues, setup.ways)
        self.plan.lot.seconds = setup.parked
        self.server = Server(self.plan, setup.accounts, self.rng)
        self.world.sinks.append(self._check)
        self.port = await self.server.listen(self.host, self.port)
        self.started()

    def started(self) -> None:
        """Called when a world begins; a population moves in here."""

    async def stop(self) -> None:
        """Cut every session and listen no more: what a crash of Asterisk looks like."""
        await self.server.close()

    async def restart(self) -> None:
        """A crash and a new start: no calls, dynamic members gone, another CoreStartupDate."""
        await self.stop()
        await self.start()

    # --- waiting ----------------------------------------------------------------------------------------

    def advance(self, seconds: float = 0.0) -> None:
        """Move a ManualTimeline on."""
        if not isinstance(self.timeline, ManualTimeline):
            raise TypeError("advance needs a ManualTimeline")
        self.timeline.advance(seconds)

    async def until(self, met: Callable[[], bool], seconds: float = 10.0) -> None:
        """Return when the condition holds; looked at after every event. TimeoutError after that many real seconds."""
        if met():
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.append((met, future))
        async with asyncio.timeout(seconds):
            await future

    def _check(self, bit: int, data: bytes) -> None:
        if self._waiters:
            asyncio.get_running_loop().call_soon(self._wake)

    def _wake(self) -> None:
        for waiter in list(self._waiters):
            met, future = waiter
            if future.done() or met():
                self._waiters.remove(waiter)
                if not future.done():
                    future.set_result(None)


OUTSIDE = TRUNK.partition("/")[2]
"""The extension that `answer`, `reject` and `ringing` know the world outside by."""
