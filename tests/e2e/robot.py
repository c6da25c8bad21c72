"""A caller who serves itself: hears the real prompts, and presses keys when it is asked."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from tests.real.ami import Message
from tests.real.asterisk import Asterisk
from tests.real.sipp import Caller

HOTLINE = "4005"
LISTENING = ("STREAM FILE", "WAIT FOR DIGIT", "RECORD FILE")
"""Commands during which Asterisk takes keys; between two commands it throws them away."""
SECONDS = 40


class Robot:
    """One SIP call into the phone menu. What Asterisk is doing with it is told by its own AGIExec events."""

    def __init__(self, pbx: Asterisk, number: str, did: str = HOTLINE) -> None:
        self._pbx = pbx
        self.caller = Caller(pbx, did, number)
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
        found = await self._pbx.ami.wait(self._listens, since=self._seen, seconds=SECONDS)
        self._seen = self._pbx.ami.messages.index(found) + 1
        self._channel = found["Channel"]
        return found["Command"]

    async def press(self, keys: str) -> None:
        """Each key when it is asked for: barges in on a prompt, or goes on with an entry."""
        for key in keys:
            await self.asked()
            await self.caller.press(key)
            await self._pbx.ami.wait(self._answered, since=self._seen, seconds=SECONDS)

    async def heard(self) -> None:
        """Returns when a prompt that no key cuts short has been played to its end."""
        await self._pbx.ami.wait(self._whole, since=self._seen, seconds=SECONDS)

    def _mine(self, message: Message) -> bool:
        return not self._channel or message.get("Channel") == self._channel

    def _listens(self, message: Message) -> bool:
        if message.get("Event") != "AGIExecStart" or not self._mine(message):
            return False
        command = message["Command"]
        return command.startswith(LISTENING) and '""' not in command

    def _answered(self, message: Message) -> bool:
        return message.get("Event") == "AGIExecEnd" and self._mine(message)

    def _whole(self, message: Message) -> bool:
        return self._answered(message) and '""' in message["Command"]

    async def hang_up(self) -> None:
        await self.caller.hang_up()
