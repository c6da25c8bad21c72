"""Callers who go to a question of a flow by keypad and then do nothing; and flows in which that is soon over."""

from __future__ import annotations

import asyncio
import os
import shutil
import wave
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import yaml

from config.files import shipped_flows
from config.settings import SpeechSettings
from ivr_flows.flow.words import prompts
from ivr_flows.messages import Language
from ivr_flows.speech.sounds import sound_key, wanted
from ivr_flows.speech.spoken import word_utterances
from tests.e2e.menu import Menu
from tests.e2e.own_flow import flows_read
from tests.e2e.plans import Plan
from tests.e2e.walk import CALLS, Exchange, LostWayError, Nodes, Walk
from tests.real.asterisk import Asterisk
from tests.real.crowd import Crowd, OneOf
from tests.real.sipp import silence
from tests.unit.ivr_flows.shipped_flows import FLOWS
from tests.unit.ivr_flows.silence import CONFIRMS

ASKS = ("WAIT FOR DIGIT", "RECORD FILE")
SHORT = {"menu": "wait", "collect": "wait", "pin": "wait", "survey": "wait", "record": "silence"}
"""By kind of node what it waits for; a second is the least that a flow may say."""
SOUND_SECONDS, WORD_SECONDS = 0.3, 0.05
"""Of a prompt, at which keys are pressed; and of a word of a value, such as a digit, at which nobody does anything."""
SAID_BACK = frozenset(
    sound_key(one, SpeechSettings())
    for one in wanted(prompts(FLOWS))
    if one.name.startswith(f"{CONFIRMS.replace('/', '.')}.confirm")
)
"""The sounds by which an entry is said back."""
Queued = Callable[["Silent"], Awaitable[object]]


class Quiet(Crowd):
    """Callers who make no sound."""

    def prepare(self, folder: Path) -> None:
        super().prepare(folder)
        silence(folder)


class Silent(Walk):
    """Goes to the node, and from there on only listens. One who comes to a queue hangs up after `queued`.

    With `confirms` it types what the node wants, and falls silent when that is said back.
    """

    def __init__(self, board: Exchange, plan: Plan, queued: Queued, confirms: bool = False) -> None:
        super().__init__(board, plan, {})
        self._queued, self._confirms = queued, confirms
        self.asked: list[Nodes] = []
        """At each question that got no answer, the nodes whose words were heard last."""
        self.queue = ""

    async def go(self, caller: OneOf) -> None:
        self._events = self._board.follow(self.plan.number)
        self._steps = self.plan.written()
        self._keys = self._again = ""
        self._here = frozenset()
        self.told.clear()
        self.asked.clear()
        try:
            while not await self._arrives(caller):
                pass
            self.arrived = True
            while not self.queue:
                await self._listen()
            await self._queued(self)
            await caller.hang_up()
        except LostWayError:
            await caller.ended()
        except TimeoutError:
            self.arrived = False
            await caller.hang_up()

    def _is_there(self, command: str) -> bool:
        there = super()._is_there(command)
        if self._confirms:
            there = command.startswith("STREAM FILE") and command.split()[2].rpartition("/")[2] in SAID_BACK
        if there:
            self._ask(command)
        return there

    async def _listen(self) -> None:
        event = await self._event()
        self.queue = event["Queue"] if event["Event"] == "QueueCallerJoin" else ""
        if event["Event"] == "AGIExecStart":
            self._hears(event["Command"])
            self._ask(event["Command"])

    def _ask(self, command: str) -> None:
        if command.startswith(ASKS):
            self.asked.append(self._here)


async def silent_ones(pbx: Asterisk, walks: list[Silent]) -> list[str]:
    """Everybody at once; who came not to the question, caller by caller. Keys that are thrown away between two commands
    of a flow are why some call again."""
    for _ in range(CALLS):
        walks = [walk for walk in walks if not walk.arrived]
        if walks:
            async with Quiet(pbx, [(walk.plan.number, walk.plan.did) for walk in walks]) as crowd:
                await asyncio.gather(*(walk.go(crowd.one(at)) for at, walk in enumerate(walks)))
    return [f"{walk.plan.node}: {walk.told[-16:]}" for walk in walks if not walk.arrived]


@asynccontextmanager
async def soon_over(menu: Menu) -> AsyncIterator[None]:
    """The shipped flows with questions that wait for a second, and sounds of a third of a second."""
    with short_sounds(menu.pbx.run / "sounds"):
        folder = menu.server.folder / "flows"
        for path in folder.glob("*.yaml"):
            path.write_text(impatient(path.read_text("utf-8")))
        await flows_read(menu)
        try:
            yield
        finally:
            shutil.copytree(shipped_flows(), folder, dirs_exist_ok=True)
            await flows_read(menu)


def impatient(text: str) -> str:
    """A flow whose questions wait no longer than they must."""
    flow = yaml.safe_load(text)
    for node in flow["nodes"].values():
        if node["do"] in SHORT:
            node[SHORT[node["do"]]] = 1
    return yaml.safe_dump(flow, allow_unicode=True, sort_keys=False)


@contextmanager
def short_sounds(folder: Path) -> Iterator[None]:
    """Every sound is there under its name, and soon over."""
    whole = folder.with_suffix(".whole")
    folder.rename(whole)
    folder.mkdir()
    speech = SpeechSettings()
    words = {sound_key(one, speech) for language in Language for one in word_utterances(language)}
    prompt, word = _hum(folder / "prompt.wav", SOUND_SECONDS), _hum(folder / "word.wav", WORD_SECONDS)
    for path in whole.glob("*.wav"):
        os.link(word if path.stem in words else prompt, folder / path.name)
    try:
        yield
    finally:
        shutil.rmtree(folder)
        whole.rename(folder)


def _hum(path: Path, seconds: float) -> Path:
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(b"\x00\x10\x00\xf0" * int(8000 * seconds / 2))
    return path
