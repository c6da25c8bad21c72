"""A caller who serves itself: hears the real prompts, and presses keys when it is asked."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.real.ami import AmiError, Message
from tests.real.asterisk import Asterisk
from tests.real.sipp import Caller, hum

HOTLINE = "4005"
LISTENING = ("STREAM FILE", "WAIT FOR DIGIT", "RECORD FILE")
"""Commands during which Asterisk takes keys; between two commands it throws them away."""
SECONDS = 40


class Talker(Caller):
    """A caller who hums without a pause."""

    def prepare(self, folder: Path) -> None:
        hum(folder)


class Robot:
    """One SIP call into the phone menu. What Asterisk is doing with it is told by its own AGIExec events."""

    def __init__(self, pbx: Asterisk, number: str, did: str = HOTLINE) -> None:
        self._pbx = pbx
        self.caller = Talker(pbx, did, number, speaks=True)
        self._seen = 0
        self._channel = ""

    async def __aenter__(self) -> Self:
        self._seen = len(self._pbx.ami.messages)
        await self.caller.__aenter__()
        await self.caller.answered()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.caller.__aexit__(kind, error, trace)

    async def asked(self) -> str:
        """Returns when the caller is listened to, with the command."""
        try:
            found = await self._pbx.ami.wait(self._listens, since=self._seen, seconds=SECONDS)
        except AmiError as error:
            raise AssertionError(f"nobody asked; what was done: {self._done()}") from error
        self._seen = self._pbx.ami.messages.index(found) + 1
        self._channel = found["Channel"]
        return found["Command"]

    async def press(self, keys: str) -> None:
        """Each key when it is asked for: barges in on a prompt, or goes on with an entry."""
        for key in keys:
            await self.asked()
            await self.caller.press(key)
            await self._pbx.ami.wait(self._answered, since=self._seen, seconds=SECONDS)

    async def doing(self, command: str) -> None:
        """Returns when Asterisk has begun this command."""
        await self._pbx.ami.wait(
            lambda m: self._begins(m) and m.get("Command", "").startswith(command),
            since=self._seen,
            seconds=SECONDS,
        )

    async def speak(self, seconds: float) -> None:
        """Go on humming for so long: what is recorded is as long as it takes."""
        await asyncio.sleep(seconds)

    def played(self) -> list[str]:
        """The sounds that Asterisk has played to their end or to a key so far, by the names of their files."""
        ended = [
            m["Command"] for m in self._pbx.ami.messages if self._answered(m) and m["ResultCode"] == "200"
        ]
        return [
            command.split()[2].rpartition("/")[2] for command in ended if command.startswith("STREAM FILE")
        ]

    def _done(self) -> list[str]:
        """The last commands and keys, for a test that failed."""
        return [m.get("Command") or m.get("Digit", "") for m in self._pbx.ami.messages if _told(m)][-24:]

    def _mine(self, message: Message) -> bool:
        return not self._channel or message.get("Channel") == self._channel

    def _listens(self, message: Message) -> bool:
        return (
            self._begins(message)
            and message["Command"].startswith(LISTENING)
            and '""' not in message["Command"]
        )

    def _begins(self, message: Message) -> bool:
        return message.get("Event") == "AGIExecStart" and self._mine(message)

    def _answered(self, message: Message) -> bool:
        return message.get("Event") == "AGIExecEnd" and self._mine(message)

    async def hang_up(self) -> None:
        await self.caller.hang_up()


def _told(message: Message) -> bool:
    return message.get("Event") in {"AGIExecStart", "DTMFEnd"}
