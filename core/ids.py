"""New ids: opaque, sortable by the time of their making, safe in a URL."""

from __future__ import annotations

import os
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = [first + second for first in _ALPHABET for second in _ALPHABET]


def new_id(at: float | None = None, noise: bytes | None = None) -> str:
    """26 characters in Crockford's base 32: 48 bits of milliseconds, then 80 random bits (the ULID layout).

    `at` is seconds since the epoch and `noise` ten bytes; both are read from the system where not given.
    """
    millis = int((time.time() if at is None else at) * 1000)
    number = (millis << 80) | int.from_bytes(os.urandom(10) if noise is None else noise, "big")
    return "".join([_PAIRS[(number >> shift) & 1023] for shift in range(120, -1, -10)])
