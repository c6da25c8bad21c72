"""Hashing in threads, a few at a time."""

import asyncio
import threading

import pytest
from argon2 import PasswordHasher

from core.errors import Invalid, TooMany
from core.identity.passwords import AT_ONCE, IN_LINE, LONGEST, Passwords, is_weak
from tests.conftest import cheap_hasher


class Gate(PasswordHasher):
    """A hasher that holds each hash until the test lets go, and counts how many are in it at once."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.open = threading.Event()
        self.inside = 0
        self.most = 0
        self._lock = threading.Lock()

    def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
        with self._lock:
            self.inside += 1
            self.most = max(self.most, self.inside)
        try:
            assert self.open.wait(10)
            return super().hash(password, salt=salt)
        finally:
            with self._lock:
                self.inside -= 1


async def test_the_right_password_and_no_other() -> None:
    passwords = Passwords(cheap_hasher())
    kept = await passwords.hash("correct")
    assert await passwords.verify(kept, "correct")
    assert not await passwords.verify(kept, "Correct")
    assert not await passwords.verify(None, "correct")
    assert not await passwords.verify("no hash at all", "correct")


async def test_nobodys_password_opens_nothing() -> None:
    assert not await Passwords(cheap_hasher()).verify(None, "nobody's")


@pytest.mark.parametrize("password", ["", "x" * (LONGEST + 1)])
async def test_what_is_no_password_is_refused(password: str) -> None:
    with pytest.raises(Invalid):
        await Passwords(cheap_hasher()).hash(password)


async def test_few_hash_at_once_and_the_line_has_an_end() -> None:
    gate = Gate()
    passwords = Passwords(gate)
    tries = [asyncio.create_task(passwords.hash("x")) for _ in range(IN_LINE + 3)]
    done, _ = await asyncio.wait(tries, return_when=asyncio.FIRST_COMPLETED, timeout=60)
    assert [type(task.exception()) for task in done] == [TooMany] * 3
    gate.open.set()
    async with asyncio.timeout(60):
        results = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(result, str) for result in results) == IN_LINE
    assert 1 <= gate.most <= AT_ONCE


@pytest.mark.parametrize(("password", "weak"), [("short", True), ("annabella", True), ("long enough", False)])
def test_weak_passwords_are_known(password: str, weak: bool) -> None:
    assert is_weak(password, "Annabella") is weak
