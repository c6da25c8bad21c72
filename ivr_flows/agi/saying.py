"""Commands that speak with Asterisk's own sounds; each returns the key that interrupted, empty for none."""

from __future__ import annotations

import re

from ivr_flows.agi.commands import SOUND_SECONDS, Commands, fitting, whole
from ivr_flows.agi.frames import Pressed, keys, signs

_DIGITS = re.compile(r"[0-9*#]{1,64}")
_CHARACTERS = re.compile(r"[ -~]{1,64}")
_FORMAT = re.compile(r"[A-Za-z' /_-]{1,80}")
_ZONE = re.compile(r"[A-Za-z0-9_+/-]{1,40}")


class Saying(Commands):
    """SAY …"""

    async def say_digits(self, digits: Pressed | int, escape_digits: Pressed = "") -> str:
        """Say them one by one."""
        return await self._say("SAY DIGITS", fitting(_DIGITS, signs(digits), "digits"), escape_digits)

    async def say_number(self, number: int, escape_digits: Pressed = "") -> str:
        """Say a whole number."""
        return await self._say("SAY NUMBER", whole(number), escape_digits)

    async def say_alpha(self, characters: Pressed | int, escape_digits: Pressed = "") -> str:
        """Spell letters, digits and signs of ASCII."""
        return await self._say(
            "SAY ALPHA", fitting(_CHARACTERS, signs(characters), "characters"), escape_digits
        )

    async def say_phonetic(self, characters: Pressed | int, escape_digits: Pressed = "") -> str:
        """Spell with Alpha, Bravo, Charlie."""
        return await self._say(
            "SAY PHONETIC", fitting(_CHARACTERS, signs(characters), "characters"), escape_digits
        )

    async def say_date(self, seconds: int, escape_digits: Pressed = "") -> str:
        """The date of these epoch seconds."""
        return await self._say("SAY DATE", whole(seconds), escape_digits)

    async def say_time(self, seconds: int, escape_digits: Pressed = "") -> str:
        """The time of day of these epoch seconds."""
        return await self._say("SAY TIME", whole(seconds), escape_digits)

    async def say_datetime(
        self, seconds: int, escape_digits: Pressed = "", format: str = "", zone: str = ""
    ) -> str:
        """Both, in a format of voicemail.conf and in a time zone; Asterisk's own where they are not given."""
        more = [fitting(_FORMAT, format, "format")] if format else []
        if zone:
            more = [format or "ABdY 'digits/at' IMp", fitting(_ZONE, zone, "time zone")]
        return await self._say("SAY DATETIME", whole(seconds), escape_digits, *more)

    async def _say(self, command: str, what: str | int, escape_digits: Pressed, *more: str) -> str:
        return await self.key(command, what, keys(escape_digits), *more, seconds=SOUND_SECONDS)
