"""Does on a caller's line what the engine wants done: say, collect keys, record."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ivr_flows.agi.session import Agi
from ivr_flows.agi.words import AGIHangup
from ivr_flows.messages import Caller, Collect, Keys, Piece, Record, Recorded, Recordings, Voice

ALL_KEYS = "0123456789*#"
RATE = 8000
"""Samples a second of what Asterisk records as wav."""
LATE_END_SECONDS = 2.0
"""Who types as many keys as are wanted often presses # all the same, as with a shorter entry."""
_SPOKEN = 0.5
_SILENCE_KEPT = 1.0
"""Of a silence that ended a recording Asterisk leaves a second in the file."""


Begins = Callable[[int], None]
"""Told which node's words begin: how many nodes of the caller's way are still to come."""


class Unheard(Exception):
    """The PBX has none of the sounds of a question: nobody could answer it."""


def by_node(wanted: Collect | Record) -> Iterator[tuple[int, tuple[Piece, ...]]]:
    """Pure: the pieces of each node, with how many nodes are still to come."""
    at = 0
    for passed, count in enumerate(wanted.lead):
        yield len(wanted.lead) - passed, wanted.pieces[at : at + count]
        at += count
    yield 0, wanted.pieces[at:]


class CallerLine:
    """One caller's line. Without `recordings` nobody is asked to speak. `clock` tells seconds that never go back."""

    def __init__(
        self,
        agi: Agi,
        voice: Voice,
        recordings: Recordings | None,
        caller: Caller,
        clock: Callable[[], float],
    ) -> None:
        self._agi = agi
        self._voice = voice
        self._recordings = recordings
        self._caller = caller
        self._clock = clock
        self._late_end = ("", 0.0)
        self.left: tuple[str, ...] = ()
        """What was recorded before the caller hung up."""

    async def say(self, pieces: tuple[Piece, ...]) -> None:
        """Play the pieces to their end."""
        await self._play(await self._voice.sounds(pieces))

    async def _play(self, sounds: tuple[str, ...]) -> None:
        for sound in sounds:
            played = await self._agi.stream_file(sound)
            if not played.endpos:
                self._voice.not_played(sound, self._caller)

    async def collect(self, wanted: Collect, begins: Begins) -> Keys:
        """Play until a key, then take keys until enough have come, the end key, or a pause that is too long.

        Raises `Unheard` where none of the pieces could be played.
        """
        key = await self._asked(wanted, begins)
        begins(0)
        if not key:
            key = await self._next_key(wanted.first_seconds)
        digits = ""
        while key and key != wanted.end:
            digits += key
            if len(digits) >= wanted.most:
                self._late_end = (wanted.end, self._clock() + LATE_END_SECONDS)
                break
            key = await self._agi.wait_for_digit(round(wanted.next_seconds * 1000))
        return Keys(digits)

    async def _asked(self, wanted: Collect, begins: Begins) -> str:
        """Play a question; returns the key that cut it short."""
        heard = not wanted.pieces
        for left, sounds in await self._parts(wanted):
            begins(left)
            for sound in sounds:
                key, length = await self._until_key(sound)
                if key:
                    return key
                heard = heard or length > 0
        if not heard:
            raise Unheard(wanted.pieces[0].name or wanted.pieces[0].said.value)
        return ""

    async def _parts(self, wanted: Collect | Record) -> list[tuple[int, tuple[str, ...]]]:
        """The sounds node by node. All are there before the first is played, so that none makes a pause."""
        return [(left, await self._voice.sounds(pieces)) for left, pieces in by_node(wanted)]

    async def _until_key(self, sound: str) -> tuple[str, int]:
        """Play a sound; returns the key that cut it short, and the sample at which it ended."""
        at = 0
        while True:
            played = await self._agi.stream_file(sound, ALL_KEYS, at)
            if not played.key or not self._is_late_end(played.key):
                break
            at = played.endpos
        if not played.key and not played.endpos:
            self._voice.not_played(sound, self._caller)
        return played.key, played.endpos

    async def _next_key(self, seconds: float) -> str:
        until = self._clock() + seconds
        while True:
            key = await self._agi.wait_for_digit(max(0, round((until - self._clock()) * 1000)))
            if not key or not self._is_late_end(key):
                return key

    def _is_late_end(self, key: str) -> bool:
        """Whether this key still belongs to the entry before, which was complete without it."""
        end, until = self._late_end
        self._late_end = ("", 0.0)
        return bool(end) and key == end and self._clock() < until

    async def record(self, wanted: Record, visit: str, begins: Begins) -> Recorded:
        """Play, then record after a beep until #, a silence or the time is up. What a caller said before hanging up is
        kept too."""
        if self._recordings is None:
            return Recorded("")
        for left, sounds in await self._parts(wanted):
            begins(left)
            await self._play(sounds)
        new = self._recordings.begin(self._caller)
        silence = max(1, round(wanted.silence_seconds))
        reply = await self._agi.record_file(
            new.path, timeout=round(wanted.most_seconds * 1000), silence=silence
        )
        seconds = (reply.endpos or 0) / RATE
        # Whoever said nothing has a recording of the silence that ended it.
        said = seconds - (_SILENCE_KEPT if reply.data == "timeout" else 0.0) >= _SPOKEN
        kept = await self._recordings.keep(new.id, self._caller, visit, seconds if said else 0.0)
        if reply.data == "hangup":
            self.left += (new.id,) if kept else ()
            raise AGIHangup("the caller has hung up")
        return Recorded(new.id if kept else "", seconds if kept else 0.0)
