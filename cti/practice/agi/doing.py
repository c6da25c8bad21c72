"""The commands that take time: playing, waiting for a key, taking an entry, recording. Each answers exactly once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cti.practice.agi.language import RATE, result
from cti.practice.timeline import Act, Alarm, Timeline

Tell = Callable[[str], None]
BEEP_SECONDS = 0.25
SILENCE_KEPT = 1.0
"""Of a silence that ended a recording a second stays in the file."""


@dataclass(frozen=True)
class Ways:
    """What ends a recording: `keys`, `most` seconds (below 0: no limit), so many seconds of silence (0: none)."""

    keys: str
    most: float
    beep: bool = False
    silence: float = 0.0


class Doing:
    """What the channel does for a command now. Told of keys and of the hang-up until it has answered."""

    def __init__(self, timeline: Timeline, tell: Tell) -> None:
        self._timeline, self._tell = timeline, tell
        self._began = timeline.now()
        self._alarm: Alarm | None = None

    @property
    def listens(self) -> bool:
        """Whether keys do anything."""
        return True

    def press(self, key: str) -> None:
        """The caller presses a key."""

    def hung_up(self) -> None:
        """The caller is gone."""
        self._answer(result(-1))

    def stop(self) -> None:
        """End without an answer."""
        if self._alarm:
            self._alarm.cancel()

    def _in(self, seconds: float, act: Act) -> None:
        self.stop()
        self._alarm = self._timeline.later(seconds, act)

    def _answer(self, told: str) -> None:
        self.stop()
        self._tell(told)

    def _since(self) -> int:
        """Samples since it began."""
        return round((self._timeline.now() - self._began) * RATE)


class Playing(Doing):
    """STREAM FILE: a sound of so many seconds from a sample on, until its end or one of `keys`."""

    def __init__(self, timeline: Timeline, tell: Tell, length: float, keys: str, offset: int) -> None:
        super().__init__(timeline, tell)
        self._end, self._keys = max(round(length * RATE), offset), keys
        self._offset = offset
        self._in((self._end - offset) / RATE, lambda: self._answer(result(0, endpos=self._end)))

    @property
    def listens(self) -> bool:
        return bool(self._keys)

    def press(self, key: str) -> None:
        if key in self._keys:
            self._answer(result(ord(key), endpos=self._at()))

    def hung_up(self) -> None:
        self._answer(result(-1, endpos=self._at()))

    def _at(self) -> int:
        return min(self._end, self._offset + self._since())


class Waiting(Doing):
    """WAIT FOR DIGIT: for so many milliseconds, for ever where they are below 0."""

    def __init__(self, timeline: Timeline, tell: Tell, milliseconds: int) -> None:
        super().__init__(timeline, tell)
        if milliseconds >= 0:
            self._in(milliseconds / 1000, lambda: self._answer(result(0)))

    def press(self, key: str) -> None:
        self._answer(result(ord(key)))


class Entering(Doing):
    """GET DATA: a sound that any key cuts short, then keys to #, to `most`, or to a pause of so many seconds."""

    def __init__(self, timeline: Timeline, tell: Tell, length: float, pause: float, most: int) -> None:
        super().__init__(timeline, tell)
        self._keys, self._pause, self._most = "", pause, most
        self._in(length + pause, self._over)

    def press(self, key: str) -> None:
        if key != "#":
            self._keys += key
        if key == "#" or len(self._keys) >= self._most:
            self._answer(result(self._keys))
        else:
            self._in(self._pause, self._over)

    def _over(self) -> None:
        self._answer(result(self._keys, "timeout"))


class Recording(Doing):
    """RECORD FILE: until a key, a silence or the time is up; `keep` writes so many seconds.

    The caller speaks for `speech` seconds and is silent then (None: speaks on), `silence` ends it (0: nothing does).
    """

    def __init__(
        self,
        timeline: Timeline,
        tell: Tell,
        ways: Ways,
        speech: float | None,
        keep: Callable[[float], None],
    ) -> None:
        super().__init__(timeline, tell)
        self._keys, self._keep = ways.keys, keep
        self._lead = BEEP_SECONDS if ways.beep else 0.0
        self._most = ways.most
        quiet = None if speech is None or not ways.silence else speech + ways.silence
        if quiet is not None and speech is not None and (ways.most < 0 or quiet < ways.most):
            kept = speech + SILENCE_KEPT
            self._in(self._lead + quiet, lambda: self._kept("timeout", 0, kept))
        elif ways.most >= 0:
            self._in(self._lead + ways.most, lambda: self._kept("timeout", 0, ways.most))

    def press(self, key: str) -> None:
        if key in self._keys and self._recorded() >= 0:
            self._kept("dtmf", ord(key), self._recorded())

    def hung_up(self) -> None:
        if self._recorded() < 0:  # gone in the beep
            self._answer(result(-1, "randomerror", 0))
        else:
            self._kept("hangup", -1, self._recorded())

    def _recorded(self) -> float:
        return self._timeline.now() - self._began - self._lead

    def _kept(self, why: str, value: int, seconds: float) -> None:
        self._keep(seconds)
        self._answer(result(value, why, round(seconds * RATE)))
