"""When supervisors should hear that somebody is guessing PINs. Pure.

Each account is safe by itself: five tries, then a rest. What nobody sees at one account is the same hand at many of
them: one PIN tried everywhere, or one account locked after the other.
"""

from __future__ import annotations

import msgspec

from config.settings import PinSettings


class Guessed(msgspec.Struct, frozen=True):
    """Accounts that had a wrong PIN within the time of a lock, and how many of them are locked."""

    accounts: int
    locked: int


def alarm_level(guessed: Guessed, settings: PinSettings) -> int:
    """0: as on any day. 1: a threshold is reached; one more each time that it has doubled. A threshold of 0 is none."""
    counts = ((guessed.accounts, settings.alarm_accounts), (guessed.locked, settings.alarm_locked))
    return max((count // most for count, most in counts if most), default=0).bit_length()


class Bell:
    """Rings when a level is new: higher than what was told last, or told so long ago that it is news again."""

    def __init__(self) -> None:
        self._told, self._told_at = 0, 0.0

    def rings(self, level: int, at: float, rest: float) -> bool:
        """Whether to tell this level now; it counts as told then."""
        if not level or (level <= self._told and at - self._told_at < rest):
            return False
        self._told, self._told_at = level, at
        return True
