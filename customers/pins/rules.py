"""What a PIN may be, and which tries are counted where. Pure."""

from __future__ import annotations

import re
from itertools import pairwise

import msgspec

from config.settings import PinSettings
from core.errors import Invalid

_PIN = re.compile(r"[0-9]{4,8}")
ACCOUNT = "account:"
"""Begins the keys of accounts' counts."""
ANONYMOUS_FACTOR = 10
"""Callers without a number share one count, which is that much wider."""


class Door(msgspec.Struct, frozen=True):
    """One count of tries: `most` of them, then a rest of `rest` seconds since the last one."""

    key: str
    most: int


class Attempt(msgspec.Struct, frozen=True):
    """One entry of a PIN: for which account, in which visit, from which number (empty where withheld)."""

    account: str
    session: str
    source: str


def checked_pin(pin: str, account: str) -> str:
    """The PIN, where it may be one. Raises `Invalid`, whose message does not hold it."""
    if not _PIN.fullmatch(pin):
        raise Invalid("A PIN has 4 to 8 digits.", field="pin")
    steps = {int(b) - int(a) for a, b in pairwise(pin)}
    if steps in ({0}, {1}, {-1}):
        raise Invalid(
            "A PIN of one digit only or of digits in a row is guessed first; take another.", field="pin"
        )
    if len(account) >= len(pin) and (account.endswith(pin) or account.startswith(pin)):
        raise Invalid("A PIN that is part of the account number is guessed first; take another.", field="pin")
    return pin


def doors(attempt: Attempt, settings: PinSettings) -> tuple[Door, ...]:
    """The counts that a try has to pass, always in this order, so that two tries never wait for each other."""
    most = settings.source_tries * (1 if attempt.source else ANONYMOUS_FACTOR)
    return (
        Door(f"source:{attempt.source}"[:120], most),
        Door(f"call:{attempt.session}"[:120], settings.call_tries),
        account_door(attempt.account, settings),
    )


def account_door(account: str, settings: PinSettings) -> Door:
    """The count of an account, whoever calls."""
    return Door(f"{ACCOUNT}{account}"[:120], settings.account_tries)


def closed(tries: int, last_at: float, most: int, rest: float, now: float) -> bool:
    """Whether there is no try left. The rest counts from the last try, so that no two series of tries can ever be
    nearer than that: at most `most` in any stretch of `rest` seconds."""
    return tries >= most and now - last_at < rest


def tries_left(tries: int, most: int) -> int:
    """How many more there are after this one."""
    return max(0, most - tries)
