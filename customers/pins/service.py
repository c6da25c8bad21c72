"""Checks and sets PINs. Every check that looks at a PIN costs the same work and takes the same time, whatever there is
to find out: a wrong PIN is not told from an account that is not there."""

from __future__ import annotations

import asyncio
from collections import Counter
from enum import Enum

import msgspec
import structlog
from argon2 import PasswordHasher
from sqlalchemy.ext.asyncio import AsyncConnection

from config.settings import PinSettings
from core import audit
from core.bus import Bus
from core.database import Database
from core.errors import NotFound, TooMany
from core.identity.passwords import Passwords
from customers.messages import PinsGuessed
from customers.pins import store
from customers.pins.alarm import Bell, alarm_level
from customers.pins.rules import Attempt, Door, account_door, checked_pin, closed, doors, tries_left

log = structlog.get_logger(__name__)
ACTOR = "ivr"
IN_LINE = 100
"""Callers whose PIN waits for its look: the last of them 3 s, of the 8 that a flow waits for an answer."""


class Reason(Enum):
    OK = "ok"
    WRONG = "wrong"
    LOCKED = "locked"


class Checked(msgspec.Struct, frozen=True):
    """What a caller may know. `tries_left` in this call; an account that is not there answers as one that is."""

    reason: Reason
    tries_left: int


class PinState(msgspec.Struct, frozen=True):
    """What a desk may know of an account's PIN: never the PIN."""

    account: str
    set_at: float | None
    tries_left: int
    locked_until: float | None


class _Closed(Exception):
    """One of the counts is used up."""


class Pins:
    """The PINs of all accounts."""

    def __init__(
        self,
        db: Database,
        settings: PinSettings,
        hasher: PasswordHasher | None = None,
        bus: Bus | None = None,
    ) -> None:
        """`bus` hears `PinsGuessed`."""
        self._db, self._settings, self._bus = db, settings, bus
        self._bell = Bell()
        self.results: Counter[str] = Counter()
        """Answers since the start: by `Reason`, and `busy`."""
        self.alarms = 0
        # Not the queue of the users' passwords: callers who guess do not keep agents from signing in.
        self._passwords = Passwords(hasher or pin_hasher(), at_once=1, in_line=IN_LINE)

    async def check(self, attempt: Attempt, pin: str, at: float) -> Checked:
        """Whether the PIN is the account's. Every try is counted before it is looked at; none is looked at where one
        of its counts is used up, which the caller is told, and which costs no hash: a flood of them keeps nobody
        from entering a PIN. Answers `pin.answer_seconds` after the question, not before.

        Raises `TooMany` where too many callers enter PINs at this moment; such a try does not count.
        """
        earliest = asyncio.get_running_loop().time() + self._settings.answer_seconds
        attempt = Attempt(_plain(attempt.account.strip()), _plain(attempt.session), _plain(attempt.source))
        try:
            found = await self._check(attempt, pin, at)
            self.results[found.reason.value] += 1
            return found
        except TooMany:
            self.results["busy"] += 1
            raise
        finally:
            await asyncio.sleep(max(0.0, earliest - asyncio.get_running_loop().time()))

    async def _check(self, attempt: Attempt, pin: str, at: float) -> Checked:
        left = await self._take(attempt, at)
        if left is None:
            return Checked(Reason.LOCKED, 0)
        kept = await self._hash_of(attempt.account)
        try:
            right = await self._passwords.verify(kept, pin)
        except BaseException:
            await self._give_back(attempt)
            raise
        return await self._settle(attempt, right, left, at)

    async def _take(self, attempt: Attempt, at: float) -> list[int] | None:
        """Count the try at all doors, or at none: how many are left at each, None where it is one too many."""
        passed = doors(attempt, self._settings)
        rest = self._settings.lock_seconds
        async with self._db.read() as tx:
            counts = await store.counts(tx, passed)
        # A flood against a closed door writes nothing.
        if any(closed(*counts[door.key], door.most, rest, at) for door in passed if door.key in counts):
            return None
        try:
            async with self._db.begin() as tx:
                return [await self._through(tx, door, at) for door in passed]
        except _Closed:
            return None

    async def _through(self, tx: AsyncConnection, door: Door, at: float) -> int:
        number = await store.take(tx, door, self._settings.lock_seconds, at)
        if number is None:
            raise _Closed  # rolls back what the doors before have counted
        return tries_left(number, door.most)

    async def _hash_of(self, account: str) -> str | None:
        async with self._db.read() as tx:
            return await store.kept(tx, account)

    async def _settle(self, attempt: Attempt, right: bool, lefts: list[int], at: float) -> Checked:
        reason, left = Reason.OK if right else Reason.WRONG, min(lefts)
        subject = f"account:{attempt.account}"
        details = {"session": attempt.session, "source": attempt.source, "tries_left": left}
        alarm = None
        async with self._db.begin() as tx:
            await audit.record(tx, at, ACTOR, f"pin.{reason.value}", subject, details)
            if right:
                # The wrong ones before it stay counted: else each call of the owner would give a guesser five more.
                await store.give_back(tx, [door.key for door in doors(attempt, self._settings)])
            else:
                if lefts[-1] == 0:
                    await audit.record(tx, at, ACTOR, "pin.locked", subject, details)
                alarm = await self._alarm(tx, at)
        if alarm is not None:
            self._told(alarm)
        return Checked(reason, left)

    async def _alarm(self, tx: AsyncConnection, at: float) -> PinsGuessed | None:
        """What supervisors should hear now: that wrong PINs of many accounts came, or that they have doubled since."""
        rest = self._settings.lock_seconds
        guessed = await store.guessed(tx, self._settings.account_tries, at - rest)
        level = alarm_level(guessed, self._settings)
        if not self._bell.rings(level, at, rest):
            return None
        alarm = PinsGuessed(guessed.accounts, guessed.locked, round(rest / 60))
        await audit.record(tx, at, ACTOR, "pin.alarm", "pins:all", msgspec.to_builtins(alarm))
        return alarm

    def _told(self, alarm: PinsGuessed) -> None:
        self.alarms += 1
        log.warning(
            "pin.alarm",
            what="wrong PINs of many accounts: somebody may be guessing; see pin.wrong in the audit trail",
            **msgspec.to_builtins(alarm),
        )
        if self._bus is not None:
            self._bus.publish(alarm)

    async def _give_back(self, attempt: Attempt) -> None:
        async with self._db.begin() as tx:
            await store.give_back(tx, [door.key for door in doors(attempt, self._settings)])

    async def set(self, actor: str, account: str, pin: str, at: float) -> PinState:
        """Give the account this PIN; what was counted against the old one is forgotten.

        Raises `Invalid`, and `NotFound` where neither billing nor a customer has the account.
        """
        account = account.strip()
        hashed = await self._passwords.hash(checked_pin(pin, account))
        async with self._db.begin() as tx:
            await self._require(tx, account)
            await store.write(tx, account, hashed, actor, at)
            await store.forget(tx, account_door(account, self._settings).key)
            await audit.record(tx, at, actor, "pin.set", f"account:{account}")
            return await self._state(tx, account, at)

    async def remove(self, actor: str, account: str, at: float) -> PinState:
        """Take the account's PIN away: nobody can prove the account until it has another."""
        async with self._db.begin() as tx:
            await self._require(tx, account)
            if await store.delete(tx, account):
                await audit.record(tx, at, actor, "pin.remove", f"account:{account}")
            return await self._state(tx, account, at)

    async def unlock(self, actor: str, account: str, at: float) -> PinState:
        """Forget the tries against the account, so that its owner may try again now."""
        async with self._db.begin() as tx:
            await self._require(tx, account)
            if await store.forget(tx, account_door(account, self._settings).key):
                await audit.record(tx, at, actor, "pin.unlock", f"account:{account}")
            return await self._state(tx, account, at)

    async def state(self, account: str, at: float) -> PinState:
        """Whether there is a PIN and whether it is locked. Raises `NotFound`."""
        async with self._db.read() as tx:
            await self._require(tx, account)
            return await self._state(tx, account, at)

    async def sweep(self, at: float) -> int:
        """Forget counts whose rest is over; how many."""
        async with self._db.begin() as tx:
            return await store.sweep(tx, at - self._settings.lock_seconds)

    async def _require(self, tx: AsyncConnection, account: str) -> None:
        if not account.isprintable() or not await store.exists(tx, account):
            raise NotFound("There is no such account.")

    async def _state(self, tx: AsyncConnection, account: str, at: float) -> PinState:
        door, rest = account_door(account, self._settings), self._settings.lock_seconds
        tries, last = (await store.counts(tx, [door])).get(door.key, (0, 0.0))
        over = at - last >= rest
        locked = closed(tries, last, door.most, rest, at)
        return PinState(
            account,
            await store.set_at(tx, account),
            door.most if over else tries_left(tries, door.most),
            last + rest if locked else None,
        )


def pin_hasher() -> PasswordHasher:
    """argon2id as OWASP's Password Storage Cheat Sheet has it at the least.

    Anybody who calls can have a PIN hashed. What users' passwords get (64 MiB in four threads) took 0.24 s of a
    processor for each: 60 lines that guessed kept all owners from entering theirs. This takes 0.03 s. Six digits are
    no secret from who has stolen the database, whatever the hash: what protects a PIN is the count of tries.
    """
    return PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


def _plain(text: str) -> str:
    """With ? for what cannot be printed: PostgreSQL cannot even be asked for a NUL."""
    return "".join(sign if sign.isprintable() else "?" for sign in text[:64])
