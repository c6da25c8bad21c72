"""One caller's line, awaitable, with the commands' usual names (those of pyst2's AGI).

Times are milliseconds where AGI has milliseconds, as in pyst2. Every command raises `AGIHangup` once the caller is gone
and `UnsafeArgument`, before anything is sent, for an argument that no command may carry.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

import msgspec

from ivr_flows.agi.frames import Reply, command, key_of, keys
from ivr_flows.agi.wire import Wire
from ivr_flows.agi.words import (
    AGIAppError,
    AGIHangup,
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
_NAME = re.compile(r"_{0,2}[A-Za-z][A-Za-z0-9_]{0,79}")
_FILE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./-]{0,499}|/[A-Za-z0-9_./-]{1,499}")
_DIGITS = re.compile(r"[0-9*#]{1,64}")
_APPLICATION = re.compile(r"[A-Za-z][A-Za-z0-9]{0,39}")


class Played(msgspec.Struct, frozen=True):
    """The key that interrupted a sound (empty: none did), and the sample at which it ended.

    A sound that Asterisk does not have is one of no length: no key, and `endpos` 0.
    """

    key: str
    endpos: int


class Agi:
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

    async def execute(self, words: str, *arguments: str | int | float, seconds: float = 0.0) -> Reply:
        """Send a command of ours and return the answer; `seconds` is how long it may take by itself."""
        reply = await self._wire.ask(command(words, *arguments), seconds + GRACE_SECONDS)
        return _good(words, reply)

    async def answer(self) -> None:
        """Answer, unless it is answered."""
        await self.execute("ANSWER", seconds=30.0)

    async def stream_file(self, filename: str, escape_digits: str = "", sample_offset: int = 0) -> Played:
        """Play from that sample on, until the end or one of these keys."""
        words = command("STREAM FILE", _file(filename), keys(escape_digits), sample_offset)
        reply = await self._wire.ask(words, SOUND_SECONDS + GRACE_SECONDS)
        if reply.code == 200 and reply.result == "-1" and not reply.endpos:
            # Asterisk 16 and 22 answer so for a hang-up before the first sample, and for a sound that they have not.
            await self.execute("CHANNEL STATUS")  # raises where the caller is gone
            return Played("", 0)
        _good("STREAM FILE", reply)
        return Played(key_of(reply), reply.endpos or 0)

    async def wait_for_digit(self, timeout: int = 2000) -> str:
        """The next key within so many milliseconds, or an empty text."""
        reply = await self.execute("WAIT FOR DIGIT", max(0, timeout), seconds=timeout / 1000)
        return key_of(reply)

    async def get_data(self, filename: str, timeout: int = 2000, max_digits: int = 255) -> str:
        """Play, then the keys up to #, to `max_digits`, or to a pause of so many milliseconds."""
        seconds = SOUND_SECONDS + max_digits * timeout / 1000
        reply = await self.execute("GET DATA", _file(filename), timeout, max_digits, seconds=seconds)
        return keys(reply.result)

    async def record_file(  # noqa: PLR0913, PLR0917 - the arguments of pyst2, in its order
        self,
        filename: str,
        format: str = "wav",
        escape_digits: str = "#",
        timeout: int = 20_000,
        beep: str = "beep",
        silence: int = 0,
    ) -> Reply:
        """Record for at most so many milliseconds, or until a key or so many whole seconds of silence. The answer's
        `data` says what ended it: dtmf, timeout, hangup; its `endpos` is the length in samples."""
        ending = ([beep] if beep else []) + ([f"s={int(silence)}"] if silence else [])
        reply = await self._wire.ask(
            command("RECORD FILE", _file(filename), format, keys(escape_digits), timeout, *ending),
            timeout / 1000 + GRACE_SECONDS,
        )
        if reply.code == 200 and (reply.result != "-1" or reply.data == "hangup"):
            return reply  # what was said before a hang-up is kept
        if reply.code == 511:
            raise AGISIGHUPHangup("the channel is dead")
        raise _failure("RECORD FILE", reply)

    async def say_digits(self, digits: str, escape_digits: str = "") -> str:
        """Say them one by one with Asterisk's own sounds; returns the key that interrupted."""
        return await self._say("SAY DIGITS", _digits(digits), escape_digits)

    async def say_number(self, number: int, escape_digits: str = "") -> str:
        return await self._say("SAY NUMBER", int(number), escape_digits)

    async def say_date(self, seconds: int, escape_digits: str = "") -> str:
        """The date of these epoch seconds."""
        return await self._say("SAY DATE", int(seconds), escape_digits)

    async def say_time(self, seconds: int, escape_digits: str = "") -> str:
        """The time of day of these epoch seconds."""
        return await self._say("SAY TIME", int(seconds), escape_digits)

    async def _say(self, words: str, what: str | int, escape_digits: str) -> str:
        return key_of(await self.execute(words, what, keys(escape_digits), seconds=SOUND_SECONDS))

    async def set_variable(self, name: str, value: str | int) -> None:
        """Set a channel variable. The value is text: a dialplan that puts it into an expression must know what may be
        in it."""
        await self.execute("SET VARIABLE", _name(name), str(value))

    async def get_variable(self, name: str) -> str:
        """A channel variable, empty where there is none."""
        reply = await self.execute("GET VARIABLE", _name(name))
        return reply.data if reply.result == "1" else ""

    async def channel_status(self) -> int:
        """0 down to 6 up, as Asterisk numbers a channel's states."""
        reply = await self.execute("CHANNEL STATUS")
        return int(reply.result)

    async def set_music(self, on: bool) -> None:
        """Music on hold while the caller waits for us."""
        await self.execute("SET MUSIC", "on" if on else "off")

    async def set_autohangup(self, secs: int) -> None:
        """Have Asterisk end the call after so many seconds; 0: not."""
        await self.execute("SET AUTOHANGUP", max(0, int(secs)))

    async def verbose(self, message: str, level: int = 1) -> None:
        """A line on Asterisk's console; what no console should get is replaced."""
        text = "".join(char if char.isprintable() else "?" for char in message[:500])
        await self.execute("VERBOSE", text, level)

    async def noop(self) -> None:
        await self.execute("NOOP")

    async def appexec(self, application: str, *options: str) -> str:
        """Run a dialplan application that our code names. Commas and `$` of an option would be syntax: refused."""
        if not _APPLICATION.fullmatch(application):
            raise UnsafeArgument(f"no application: {application[:40]!r}")
        for option in options:
            if any(char in option for char in ',${}"\\'):
                raise UnsafeArgument("an option has syntax of the dialplan in it")
        reply = await self.execute("EXEC", application, ",".join(options), seconds=SOUND_SECONDS)
        if reply.result == "-2":
            raise AGIAppError(f"there is no application {application}")
        return reply.result

    async def hangup(self) -> None:
        """End the call."""
        try:
            await self.execute("HANGUP")
        except AGIHangup:
            return  # so it is


def _good(words: str, reply: Reply) -> Reply:
    """The reply to a command that was carried out; raises what went wrong otherwise."""
    if reply.code == 200:
        if reply.result == "-1":
            raise _failure(words, reply)
        return reply
    if reply.code == 511:
        raise AGISIGHUPHangup("the channel is dead")
    if reply.code == 510:
        raise AGIInvalidCommand(words)
    if reply.code == 520:
        raise AGIUsageError(reply.data)
    raise AGIUnknownError(reply.code, words)


def _failure(words: str, reply: Reply) -> AGIAppError:
    if (
        reply.data == "writefile"
    ):  # randomerror and waitfor are how RECORD FILE tells of a hang-up in the beep
        return AGIAppError(f"{words}: {reply.data}")
    return AGIResultHangup(f"{words}: the caller has hung up, or it failed")


def _name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise UnsafeArgument(f"no name of a variable: {name[:40]!r}")
    return name


@lru_cache(2_048)
def _file(name: str) -> str:
    """The name of a sound. Without `..`: names are ours, but a text of a flow may be part of them."""
    if not _FILE.fullmatch(name) or ".." in name:
        raise UnsafeArgument(f"no name of a sound: {name[:80]!r}")
    return name


def _digits(text: str) -> str:
    if not _DIGITS.fullmatch(text):
        raise UnsafeArgument("no digits")
    return text
