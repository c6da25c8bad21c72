"""The practice PBX as tests, the demo and the command line hold it."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Self

from cti.practice.channels import Channel
from cti.practice.consulting import Consultation
from cti.practice.dialplan import Dialplan, Menu
from cti.practice.queues import Queue, Queues
from cti.practice.rings import Ring
from cti.practice.server import Server
from cti.practice.session import Account
from cti.practice.talks import Talk
from cti.practice.timeline import LoopTimeline, ManualTimeline, Timeline
from cti.practice.world import TRUNK, World

USERNAME, SECRET = "ringdesk", "practice"


class NoSuchCall(LookupError):
    """What the scenario asks for is not there: no phone rings, no call is up."""


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
    accounts: Mapping[str, Account] = field(
        default_factory=lambda: {USERNAME: Account(SECRET), "tester": Account(SECRET, "all", "all")}
    )


class PracticePbx:
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
        self.plan = Dialplan(self.world, self.queues)
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

    # --- what people do ---------------------------------------------------------------------------------

    def caller(self, number: str, did: str = "4001", name: str = "") -> Channel:
        """Someone calls from outside; returns the caller's channel."""
        made = self.plan.inbound(number, did, name)
        self._settle()
        return made

    def dial(self, extension: str, number: str) -> Channel:
        """An agent dials on the phone."""
        made = self.plan.from_phone(extension, number)
        self._settle()
        return made

    def press(self, caller: Channel, key: str) -> None:
        """A caller in the menu presses a key."""
        if not isinstance(caller.flow, Menu):
            raise NoSuchCall(f"{caller.name} is in no menu")
        caller.flow.press(key)
        self._settle()

    def ringing(self, extension: str) -> bool:
        """Whether that phone rings now; "trunk" is the world outside."""
        return any(ring.dest.extension == extension for ring in self.world.rings.values())

    def ring(self, extension: str) -> Ring:
        """The ring of that phone; NoSuchCall where it does not ring."""
        for ring in self.world.rings.values():
            if ring.dest.extension == extension:
                return ring
        raise NoSuchCall(f"{extension} does not ring")

    def answer(self, extension: str) -> Channel:
        """Pick up the ringing phone; returns its channel."""
        ring = self.ring(extension)
        ring.answer()
        self._settle()
        return ring.dest

    def reject(self, extension: str, cause: int = 17) -> None:
        """Turn the ringing call down: 17 busy, 21 rejected."""
        self.ring(extension).refuse(cause)
        self._settle()

    def hang_up(self, who: Channel | str) -> None:
        """A caller (its channel) or an agent (the extension) puts the phone down."""
        channel = who if isinstance(who, Channel) else self._leg(who)
        self.world.hang_up(channel)
        self._settle()

    def hold(self, extension: str) -> None:
        """The agent puts the other party on hold."""
        talk, channel = self._talk(extension)
        talk.hold(channel)

    def resume(self, extension: str) -> None:
        """The agent takes the other party back."""
        talk, channel = self._talk(extension)
        talk.resume(channel)

    def transfer(self, extension: str, to: str) -> None:
        """The agent sends the other party to an extension, without asking there first."""
        talk, channel = self._talk(extension)
        self.plan.enter(talk.blind_transfer(channel, "agents", to), "agents", to)
        self._settle()

    def ask(self, extension: str, to: str) -> None:
        """The agent asks an extension about the customer first; `take_back`, or `hang_up` to hand over."""
        talk, channel = self._talk(extension)
        Consultation(self.plan, talk, channel, "ringdesk-dial", to)
        self._settle()

    def take_back(self, extension: str) -> None:
        """The agent thinks better of it and is with the customer again."""
        for leg in self.world.legs(extension):
            if isinstance(leg.flow, Consultation):
                leg.flow.cancel()
                return self._settle()
        raise NoSuchCall(f"{extension} asks nobody")

    def talking(self, extension: str) -> bool:
        """Whether that phone is in a conversation."""
        return any(isinstance(leg.flow, Talk) for leg in self.world.legs(extension))

    def _leg(self, extension: str) -> Channel:
        legs = self.world.legs(extension)
        if not legs:
            raise NoSuchCall(f"{extension} has no call")
        return legs[0]

    def _talk(self, extension: str) -> tuple[Talk, Channel]:
        for leg in self.world.legs(extension):
            if isinstance(leg.flow, Talk):
                return leg.flow, leg
        raise NoSuchCall(f"{extension} is in no conversation")

    def _settle(self) -> None:
        if isinstance(self.timeline, ManualTimeline):
            self.timeline.advance(0)


OUTSIDE = TRUNK.partition("/")[2]
"""The extension that `answer`, `reject` and `ringing` know the world outside by."""
