"""What a practice caller's words sound like: a voice without words, so that a recording can be heard and seen."""

from __future__ import annotations

import array
import math
import random
import sys
from functools import lru_cache

from cti.practice.agi.language import RATE

SYLLABLE = 0.2  # seconds
LOUD = 7000
_VOWELS = ((730, 1090), (270, 2290), (300, 870), (530, 1840), (570, 840))
"""First and second formant in hertz: a, i, u, e, o. Peterson and Barney, 1952."""


def murmur(rng: random.Random, seconds: float) -> bytes:
    """So many seconds of 16-bit samples, little-endian; the caller's pitch is drawn, and stays."""
    pitch = rng.choice((110, 130, 190, 210))
    wanted = round(seconds * RATE) * 2
    found = bytearray()
    while len(found) < wanted:
        found += _syllable(pitch, rng.randrange(len(_VOWELS))) if rng.random() < 0.8 else _pause()
    return bytes(found[:wanted])


@lru_cache(64)
def _syllable(pitch: int, vowel: int) -> bytes:
    """A vowel that swells and fades: harmonics of the pitch, the louder the nearer to a formant."""
    first, second = _VOWELS[vowel]
    parts = [
        (
            2 * math.pi * pitch * n / RATE,
            sum(math.exp(-(((pitch * n - f) / 180) ** 2)) for f in (first, second)),
        )
        for n in range(1, int(3200 / pitch))
    ]
    heard = [(step, share) for step, share in parts if share > 0.02]
    count = int(SYLLABLE * RATE)
    total = sum(share for _, share in heard) or 1.0
    samples = array.array(
        "h",
        (
            int(LOUD * math.sin(math.pi * at / count) / total * sum(s * math.sin(w * at) for w, s in heard))
            for at in range(count)
        ),
    )
    if sys.byteorder == "big":
        samples.byteswap()
    return samples.tobytes()


@lru_cache(1)
def _pause() -> bytes:
    return bytes(int(SYLLABLE * RATE) * 2)
