"""One caller's line, awaitable, with the commands' usual names (those of pyst2's AGI) and their arguments in its order.

Times are milliseconds where AGI has milliseconds, as in pyst2. Every command raises `AGIHangup` once the caller is gone
and `UnsafeArgument`, before anything is sent, for an argument that no command may carry. Otherwise than there, sounds
also tell where they ended (`Played`), `record_file` tells what ended it and is wav, and nothing waits for ever: a time
of -1 is refused. What only a blocking script has is not here: `send_command`, `get_result`.
"""

from __future__ import annotations

import re

from ivr_flows.agi.commands import SOUND_SECONDS, channel_name, ending, failure, fitting, good, sound, whole
from ivr_flows.agi.dialplan import Dialplan
from ivr_flows.agi.frames import KEYS, Pressed, Reply, key_of, keys
from ivr_flows.agi.saying import Saying
from ivr_flows.agi.words import AGIAppError, AGIHangup, AGISIGHUPHangup, ProtocolError

_FORMAT = re.compile(r"[A-Za-z0-9]{1,16}")
_MODE = re.compile(r"on|off|mate")


class Played(str):
    """The key that interrupted a sound, as in pyst2 (empty: none did), and the sample at which it ended.

    A sound that Asterisk does not have is one of no length: no key, and `endpos` 0.
    """

    __slots__ = ("endpos",)
    endpos: int

    def __new__(cls, key: str, endpos: int) -> Played:
        self = super().__new__(cls, key)
        self.endpos = endpos
        return self

    @property
    def key(self) -> str:
        """The same as a plain text."""
        return str(self)


class Agi(Saying, Dialplan):
    """Commands to Asterisk for one channel; one at a time."""

    async def answer(self) -> None:
        """Answer, unless it is answered."""
        await self.execute("ANSWER", seconds=30.0)

    async def stream_file(self, filename: str, escape_digits: Pressed = "", sample_offset: int = 0) -> Played:
        """Play from that sample on, until the end or one of these keys."""
        args = (sound(filename), keys(escape_digits), whole(sample_offset))
        reply = await self.ask("STREAM FILE", *args, seconds=SOUND_SECONDS)
        if reply.code == 200 and reply.result == "-1" and not reply.endpos:
            # Asterisk 16 and 22 answer so for a hang-up before the first sample, and for a sound that they have not.
            await self.execute("CHANNEL STATUS")  # raises where the caller is gone
            return Played("", 0)
        good("STREAM FILE", reply)
        return Played(key_of(reply), reply.endpos or 0)

    async def control_stream_file(  # noqa: PLR0913, PLR0917 - the arguments of pyst2, in its order
        self,
        filename: str,
        escape_digits: Pressed = "",
        skipms: int = 3000,
        fwd: Pressed = "",
        rew: Pressed = "",
        pause: Pressed = "",
    ) -> str:
        """Play, and let keys skip to and fro by `skipms` milliseconds, and pause; returns the key that interrupted."""
        args = (sound(filename), keys(escape_digits), whole(skipms), keys(fwd), keys(rew), keys(pause))
        return await self.key("CONTROL STREAM FILE", *args, seconds=2 * SOUND_SECONDS)

    async def get_option(self, filename: str, escape_digits: Pressed = "", timeout: int = 0) -> str:
        """Play, and wait so many milliseconds more for one of these keys."""
        more = [ending(timeout)] if timeout else []
        seconds = SOUND_SECONDS + timeout / 1000
        return await self.key("GET OPTION", sound(filename), keys(escape_digits), *more, seconds=seconds)

    async def wait_for_digit(self, timeout: int = 2000) -> str:
        """The next key within so many milliseconds, or an empty text."""
        return await self.key("WAIT FOR DIGIT", ending(timeout), seconds=timeout / 1000)

    async def get_data(self, filename: str, timeout: int = 2000, max_digits: int = 255) -> str:
        """Play, then the keys up to #, to `max_digits`, or to a pause of so many milliseconds."""
        args = (sound(filename), ending(timeout), whole(max_digits))
        reply = await self.execute("GET DATA", *args, seconds=SOUND_SECONDS + max_digits * timeout / 1000)
        if not set(reply.result) <= set(KEYS):
            raise ProtocolError(f"no keys: {reply.result[:20]!r}")
        return reply.result

    async def record_file(  # noqa: PLR0913, PLR0917 - the arguments of pyst2, in its order
        self,
        filename: str,
        format: str = "wav",
        escape_digits: Pressed = "#",
        timeout: int = 20_000,
        offset: int = 0,
        beep: str = "beep",
        silence: int = 0,
    ) -> Reply:
        """Record for at most so many milliseconds, or until a key or so many whole seconds of silence. The answer's
        `data` says what ended it: dtmf, timeout, hangup; its `endpos` is the length in samples."""
        args = (sound(filename), fitting(_FORMAT, format, "format"), keys(escape_digits), ending(timeout))
        more = ([whole(offset)] if offset else []) + (["beep"] if beep else [])
        more += [f"s={whole(silence)}"] if silence else []
        reply = await self.ask("RECORD FILE", *args, *more, seconds=timeout / 1000)
        if reply.code == 200 and (reply.result != "-1" or reply.data == "hangup"):
            return reply  # what was said before a hang-up is kept
        if reply.code == 511:
            raise AGISIGHUPHangup("the channel is dead")
        raise failure("RECORD FILE", reply)

    async def send_text(self, text: str = "") -> None:
        """A text to phones that show texts."""
        await self.execute("SEND TEXT", text)

    async def send_image(self, filename: str) -> None:
        """An image to phones that show images; the name is without its extension."""
        await self.execute("SEND IMAGE", sound(filename))

    async def receive_char(self, timeout: int = 2000) -> str:
        """A character of text from the phone within so many milliseconds, or an empty text; 0 would be for ever."""
        return await self.key("RECEIVE CHAR", ending(timeout, least=1), seconds=timeout / 1000)

    async def tdd_mode(self, mode: str = "off") -> None:
        """Text telephone on, off, or mate. Raises `AGIAppError` where the channel has none."""
        if (await self.execute("TDD MODE", fitting(_MODE, mode, "mode"))).result == "0":
            raise AGIAppError("this channel is no text telephone")

    async def set_music(self, on: bool) -> None:
        """Music on hold while the caller waits for us."""
        await self.execute("SET MUSIC", "on" if on else "off")

    async def set_autohangup(self, secs: int) -> None:
        """Have Asterisk end the call after so many seconds; 0: not."""
        await self.execute("SET AUTOHANGUP", max(0, whole(secs)))

    async def verbose(self, message: str, level: int = 1) -> None:
        """A line on Asterisk's console; what no console should get is replaced."""
        text = "".join(char if char.isprintable() else "?" for char in message[:500])
        await self.execute("VERBOSE", text, whole(level))

    async def noop(self) -> None:
        """Nothing; raises where the caller is gone."""
        await self.execute("NOOP")

    async def hangup(self, channel: str = "") -> None:
        """End the call, or another channel's. Raises `AGIAppError` where there is no such channel."""
        try:
            reply = await self.ask("HANGUP", *channel_name(channel))
            if channel and reply.code == 200 and reply.result == "-1":
                raise AGIAppError(f"there is no channel {channel}")
            good("HANGUP", reply)
        except AGIHangup:
            if channel:
                raise
