"""Passwords: argon2id in threads, and only a few at a time (each takes 64 MiB and a core for some 50 ms)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from core.errors import Invalid, TooMany

T = TypeVar("T")

AT_ONCE = 2
IN_LINE = 32
LONGEST = 1024
WEAK_BELOW = 8


def check_password(password: str) -> None:
    """Raise `Invalid` where it cannot be used as a password."""
    if not password:
        raise Invalid("The password is empty.", field="password")
    if len(password) > LONGEST:
        raise Invalid(f"The password is longer than {LONGEST} characters.", field="password")


def is_weak(password: str, name: str) -> bool:
    """Whether a command line should warn: shorter than 8 characters, or the user's own name."""
    return len(password) < WEAK_BELOW or password.casefold() == name.casefold()


class Passwords:
    """Hashes and verifies, off the event loop, with a cap on how many at once and how many in line."""

    def __init__(
        self, hasher: PasswordHasher | None = None, at_once: int = AT_ONCE, in_line: int = IN_LINE
    ) -> None:
        self._hasher = hasher or PasswordHasher()
        self._turns = asyncio.Semaphore(at_once)
        self._in_line, self._most_in_line = 0, in_line
        self._nobodys = ""

    async def hash(self, password: str) -> str:
        """The hash to keep."""
        check_password(password)
        return await self._in_turn(self._hasher.hash, password)

    async def verify(self, kept: str | None, password: str) -> bool:
        """Whether `password` belongs to `kept`. With None (no such user) it takes as long and is False."""
        if not self._nobodys:
            self._nobodys = await self._in_turn(self._hasher.hash, "nobody's")
        if len(password) > LONGEST:
            password = ""
        right = await self._in_turn(self._verify, kept or self._nobodys, password)
        return right and kept is not None

    def outdated(self, kept: str) -> bool:
        """Whether `kept` was made with weaker parameters than today's."""
        return self._hasher.check_needs_rehash(kept)

    def _verify(self, kept: str, password: str) -> bool:
        try:
            return self._hasher.verify(kept, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _in_turn(self, work: Callable[..., T], *args: str) -> T:
        if self._in_line >= self._most_in_line:
            raise TooMany(
                "Too many people sign in at this moment; try again in a few seconds.", retry_after=3
            )
        self._in_line += 1
        try:
            async with self._turns:
                return await asyncio.to_thread(work, *args)
        finally:
            self._in_line -= 1
