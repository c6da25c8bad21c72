"""Callers who go to a node by keypad on a real Asterisk and hang up there, many at a time.

Where a caller is, is told by the sounds that Asterisk plays to it, not by our server.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress

from config.settings import SpeechSettings
from ivr_flows.flow.model import Menu, Pin, Record, Say, Survey
from ivr_flows.flow.words import prompts
from ivr_flows.messages import Language
from ivr_flows.speech.sounds import sound_key, wanted
from ivr_flows.speech.spoken import Utterance
from tests.e2e.plans import NEWS_EN, NEWS_ZH, Plan
from tests.e2e.robot import LISTENING
from tests.real.ami import Message
from tests.real.asterisk import Asterisk
from tests.real.crowd import Crowd, OneOf
from tests.unit.ivr_flows.shipped_flows import FLOWS
from tests.unit.ivr_flows.ways import node_of

SECONDS = 25
"""Between two commands of a flow: longer than the longest sentence, with who is not understood in it."""
SPOKEN_SECONDS = 2.0
Hook = Callable[[], Awaitable[object]]
Nodes = frozenset[str]


def spoken_where() -> Mapping[str, Nodes]:
    """For each sound the nodes that say it."""
    speech, found = SpeechSettings(), dict[str, set[str]]()
    for one in wanted(prompts(FLOWS)):
        flow, _, rest = one.name.partition(".")
        if flow in FLOWS.by_name:
            found.setdefault(sound_key(one, speech), set()).add(f"{flow}/{rest.partition('.')[0]}")
    for text, language in ((NEWS_EN, Language.EN), (NEWS_ZH, Language.ZH)):
        news = sound_key(Utterance("", text, language, language), speech)
        found[news] = {"outage/told", "outage/told_until", "fault/joined"}
    return {key: frozenset(nodes) for key, nodes in found.items()}


HANDED_OUT = frozenset({"AGIExecStart", "AGIExecEnd", "DTMFEnd", "QueueCallerJoin", "Hangup"})
CALLS = 3


class LostWayError(Exception):
    """The call has ended before the caller came where it wanted to go."""


class Exchange:
    """What Asterisk does with each caller, handed to whoever follows that caller."""

    def __init__(self, pbx: Asterisk) -> None:
        self._ami = pbx.ami
        self._by_number: dict[str, asyncio.Queue[Message]] = {}
        self._by_channel: dict[str, asyncio.Queue[Message]] = {}

    def follow(self, number: str) -> asyncio.Queue[Message]:
        """Newchannel, then each beginning and end of a command of a flow, of this number's next call."""
        self._by_number[number] = asyncio.Queue()
        return self._by_number[number]

    async def run(self) -> None:
        at = len(self._ami.messages)
        while True:
            await self._ami.wait(lambda _: True, since=at, seconds=3600)
            for message in self._ami.messages[at:]:
                self._hand_out(message)
                at += 1

    def _hand_out(self, message: Message) -> None:
        event, channel = message.get("Event"), message.get("Channel", "")
        if event == "Newchannel" and (queue := self._by_number.get(message.get("CallerIDNum", ""))):
            self._by_channel[channel] = queue
        elif event not in HANDED_OUT:
            return
        if channel in self._by_channel:
            self._by_channel[channel].put_nowait(message)


@asynccontextmanager
async def exchange(pbx: Asterisk) -> AsyncIterator[Exchange]:
    found = Exchange(pbx)
    task = asyncio.create_task(found.run())
    try:
        yield found
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


class Walk:
    """One caller's way. `before` is done when the caller is at that node, before a key is pressed there."""

    def __init__(self, board: Exchange, plan: Plan, before: Mapping[str, Hook]) -> None:
        self.plan = plan
        self._board = board
        self._before = dict(before)
        self.told: list[str] = []
        """What Asterisk did and which keys were pressed, for a walk that failed."""
        self.call_id = ""
        self.arrived = False

    async def hang_up_there(self, caller: OneOf) -> None:
        """Goes to the plan's node and hangs up in it: while it speaks, listens or records."""
        self._events = self._board.follow(self.plan.number)
        self._steps = self.plan.written()
        self._keys = self._again = ""
        self._here: Nodes = frozenset()
        self.told.clear()
        try:
            while not await self._arrives(caller):
                pass
            if isinstance(node_of(self.plan.node), Record):
                await asyncio.sleep(SPOKEN_SECONDS)  # what is recorded is as long as it takes
            await caller.hang_up()
            self.arrived = True
        except LostWayError:
            await caller.ended()
        except TimeoutError:
            await caller.hang_up()

    async def _arrives(self, caller: OneOf) -> bool:
        """Whether the next thing that Asterisk does is the node's; answers it where it is a question on the way."""
        event = await self._event()
        if event["Event"] == "Newchannel":
            self.call_id = f"main-{event['Uniqueid']}"
        command = event.get("Command", "")
        if event["Event"] != "AGIExecStart" or not command.startswith(LISTENING):
            return False
        self._hears(command)
        if self.plan.node in self._here and self._is_there(command):
            return True
        if '""' not in command:
            await self._press(caller, command)
        return False

    async def _event(self) -> Message:
        async with asyncio.timeout(SECONDS):
            event = await self._events.get()
        if event["Event"] == "Hangup":
            raise LostWayError
        return event

    def _hears(self, command: str) -> None:
        sound = command.split()[2].rpartition("/")[2] if command.startswith("STREAM FILE") else ""
        self._here = SPOKEN.get(sound, self._here)
        self.told.append(f"{command[:11]} {' or '.join(sorted(self._here))}")

    def _is_there(self, command: str) -> bool:
        """Whether this is it: of a recording the words of the caller, not the question before them; and not another
        question on the way that begins with the same words."""
        if self._steps and self._steps[0][0] in self._here - {self.plan.node}:
            return False
        return command.startswith("RECORD FILE") or not isinstance(node_of(self.plan.node), Record)

    async def _press(self, caller: OneOf, command: str) -> None:
        if not self._keys:
            self._keys = await self._next(listens=command.startswith("WAIT"))
        if self._keys:
            key, self._keys = self._keys[0], self._keys[1:]
            self.told.append(key)
            if command.startswith("RECORD FILE"):
                await asyncio.sleep(SPOKEN_SECONDS)  # what is recorded is as long as it takes
            await caller.press(key)
            await self._taken()

    async def _taken(self) -> None:
        """Returns when Asterisk has had the key, and the command that it answered is over."""
        came = False
        while (event := await self._event())["Event"] != "AGIExecEnd" or not came:
            came = came or event["Event"] == "DTMFEnd"
            if event["Event"] == "AGIExecStart":
                self._hears(event["Command"])

    async def _next(self, listens: bool) -> str:
        """What is pressed here: words before a question are cut short where the caller is not on the way to them."""
        here = self._here
        if any(isinstance(node_of(one), Say) for one in here):
            sought = self.plan.node
            if isinstance(node_of(sought), Say) or not self._steps or self._steps[0][0] == sought:
                return ""
            here = frozenset({self._steps[0][0]})
        for node in here & self._before.keys():
            await self._before.pop(node)()
        for at, (node, keys) in enumerate(self._steps):
            if node in here:
                self._steps = self._steps[at + 1 :]
                self._again = keys
                return keys
        # Asked again, after a wrong PIN or a key that was thrown away.
        again = isinstance(node_of(min(here)), Pin) or (
            listens and isinstance(node_of(min(here)), Menu | Survey)
        )
        return self._again if again else ""


SPOKEN = spoken_where()


async def all_of(pbx: Asterisk, walks: list[Walk]) -> list[str]:
    """Everybody at once; what went wrong, caller by caller.

    Between two commands of a flow Asterisk throws keys away, which on a busy machine meets one who presses at once:
    such a caller calls again, as people do.
    """
    for _ in range(CALLS):
        walks = [walk for walk in walks if not walk.arrived]
        if walks:
            async with Crowd(pbx, [(walk.plan.number, walk.plan.did) for walk in walks]) as crowd:
                going = (walk.hang_up_there(crowd.one(index)) for index, walk in enumerate(walks))
                await asyncio.gather(*going)
    return [f"{walk.plan.node}: {walk.told[-16:]}" for walk in walks if not walk.arrived]
