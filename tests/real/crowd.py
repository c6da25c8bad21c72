"""Many callers in one SIPp, who hum: a process for each would take a core among them for doing nothing."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from pathlib import Path

from tests.real import ports
from tests.real.asterisk import Asterisk
from tests.real.sipp import SCENARIOS, SPEAK, hum
from tests.real.sipp_process import Report, Sipp

A_SECOND = 20
"""Calls that begin in a second."""


class Crowd(Sipp):
    """One call from outside for each number and number dialled, all at once."""

    def __init__(self, pbx: Asterisk, calls: Sequence[tuple[str, str]]) -> None:
        super().__init__("127.0.0.2", ports.free_udp("127.0.0.2"))
        self._pbx, self._calls = pbx, calls
        self._tag = uuid.uuid4().hex

    def prepare(self, folder: Path) -> None:
        lines = "".join(f"{number};{did}\n" for number, did in self._calls)
        (folder / "callers.csv").write_text(f"SEQUENTIAL\n{lines}")
        hum(folder)

    def scenario(self) -> str:
        text = (SCENARIOS / "caller.xml").read_text().replace("[media_port]", "[rtpstream_audio_port]")
        values = {
            "AUTH": "",
            "SPEAK": SPEAK,
            "NAME": "",
            "BRANCH": "inv",
            "NUMBER": "[field0]",
            "DID": "[field1]",
        }
        for key, value in values.items():
            text = text.replace(f"@{key}@", value)
        return text

    def arguments(self) -> list[str]:
        count = str(len(self._calls))
        return [
            f"127.0.0.1:{self._pbx.sip_port}",
            *("-inf", "callers.csv", "-m", count, "-l", count, "-r", str(A_SECOND)),
            *("-cid_str", f"{self._tag}-%u", "-max_retrans", "4"),
        ]

    def one(self, index: int) -> OneOf:
        """The caller of that place in the list."""
        return OneOf(self, f"{self._tag}-{index + 1}")


class OneOf:
    """One caller of a crowd."""

    def __init__(self, crowd: Crowd, call_id: str) -> None:
        self._crowd, self._call_id = crowd, call_id
        self._pressed = 0

    async def press(self, key: str) -> None:
        """Presses a key (SIP INFO); returns when the PBX has confirmed it: SIPp takes no order before that."""
        self._pressed += 1
        self._crowd.order("INFO", key, self._call_id)
        await self._crowd.wait("pressed", call_id=self._call_id, count=self._pressed)

    async def hang_up(self) -> None:
        """Hangs up; returns when the PBX has confirmed it."""
        self._crowd.order("MESSAGE", "bye", self._call_id)
        await self.ended()

    async def ended(self) -> Report:
        """Returns when the call is over."""
        return await self._crowd.wait("ended", call_id=self._call_id)
