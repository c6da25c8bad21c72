"""What every command of a caller's line stands on: it is sent, answered in time, and read.

Arguments are checked before anything is sent. What must be a name, a key or a sound is refused with `UnsafeArgument`
where it is none; free text is quoted (`frames.quoted`) and never holds a line end.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from ivr_flows.agi import frames
from ivr_flows.agi.frames import Reply, key_of
from ivr_flows.agi.wire import Wire
from ivr_flows.agi.words import (
    AGIAppError,
    AGIInvalidCommand,
    AGIResultHangup,
    AGISIGHUPHangup,
    AGIUnknownError,
    AGIUsageError,
    UnsafeArgument,
)

GRACE_SECONDS = 15.0
"""How long Asterisk may be late with an answer; the longest prompt is part of `SOUND_SECONDS`."""
SOUND_SECONDS = 300.0
"""The longest sound: an announcement of five minutes."""
_FILE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./-]{0,499}|/[A-Za-z0-9_./-]{1,499}")
_CHANNEL = re.compile(r"[A-Za-z0-9_/@.:;<>+-]{1,255}")


class Commands:
    """Commands to Asterisk for one channel; one at a time."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    @property
    def env(self) -> Mapping[str, str]:
        """The header: agi_channel, agi_callerid, …"""
        return self._wire.env

    @property
    def peer(self) -> str:
        """The PBX's address."""
        return self._wire.peer

    @property
    def hung_up(self) -> bool:
        """Whether the caller is gone, as far as is known without a question."""
        return self._wire.hung_up or self._wire.lost is not None

    def test_hangup(self) -> None:
        """Raises `AGIHangup` where the caller is gone."""
        if self._wire.lost is not None:
            raise self._wire.lost
        if self._wire.hung_up:
            raise AGISIGHUPHangup("the caller has hung up")

    async def execute(self, command: str, *args: str | int | float, seconds: float = 0.0) -> Reply:
        """Send a command of ours and return the answer; `seconds` is how long it may take by itself."""
        return good(command, await self.ask(command, *args, seconds=seconds))

    async def ask(self, command: str, *args: str | int | float, seconds: float = 0.0) -> Reply:
        """The same, whatever the answer says."""
        return await self._wire.ask(frames.command(command, *args), seconds + GRACE_SECONDS)

    async def key(self, command: str, *args: str | int | float, seconds: float = 0.0) -> str:
        """The same, for commands whose result is the key that was pressed; empty for none."""
        return key_of(await self.execute(command, *args, seconds=seconds))


def good(words: str, reply: Reply) -> Reply:
    """The reply to a command that was carried out; raises what went wrong otherwise."""
    if reply.code == 200:
        if reply.result == "-1":
            raise failure(words, reply)
        return reply
    if reply.code == 511:
        raise AGISIGHUPHangup("the channel is dead")
    if reply.code == 510:
        raise AGIInvalidCommand(words)
    if reply.code == 520:
        raise AGIUsageError(reply.data)
    raise AGIUnknownError(reply.code, words)


def failure(words: str, reply: Reply) -> AGIAppError:
    """What a result of -1 means."""
    if (
        reply.data == "writefile"
    ):  # randomerror and waitfor are how RECORD FILE tells of a hang-up in the beep
        return AGIAppError(f"{words}: {reply.data}")
    return AGIResultHangup(f"{words}: the caller has hung up, or it failed")


def fitting(pattern: re.Pattern[str], text: str, what: str) -> str:
    """The text, checked. Raises `UnsafeArgument` where it is not `what`."""
    if not pattern.fullmatch(text):
        raise UnsafeArgument(f"no {what}: {text[:80]!r}")
    return text


def whole(number: int | str) -> int:
    """A whole number, checked. Raises `UnsafeArgument` where it is none."""
    try:
        return int(number)
    except (TypeError, ValueError, OverflowError):
        raise UnsafeArgument(f"no whole number: {str(number)[:40]!r}") from None


def ending(milliseconds: int | str, least: int = 0) -> int:
    """A time after which a command ends by itself. Raises `UnsafeArgument` for one that would not: Asterisk takes -1
    for ever, and an answer that never comes would be taken for a dead line."""
    if (time := whole(milliseconds)) < least:
        raise UnsafeArgument(f"no time after which it ends: {time}")
    return time


@lru_cache(2_048)
def sound(name: str) -> str:
    """The name of a sound. Without `..`: names are ours, but a text of a flow may be part of them."""
    if ".." in name:
        raise UnsafeArgument(f"no name of a sound: {name[:80]!r}")
    return fitting(_FILE, name, "name of a sound")


def channel_name(name: str) -> list[str]:
    """The argument that names another channel; none for this one."""
    return [fitting(_CHANNEL, name, "channel")] if name else []
