"""The public face of the customers room."""

from __future__ import annotations

from enum import Enum

import msgspec


class Grade(Enum):
    A = "A"
    B = "B"
    C = "C"


class Match(Enum):
    """What the caller's number told us. The four of them are four different pops."""

    ONE = "one"
    SEVERAL = "several"
    NONE = "none"
    ANONYMOUS = "anonymous"


class Certainty(Enum):
    """How a customer was found: the whole number, the number as the country writes it, or its last digits."""

    EXACT = "exact"
    NATIONAL = "national"
    MAYBE = "maybe"


class Phone(msgspec.Struct, frozen=True):
    """A number in E.164. `shared` marks a line of several people (an office, a family, a payphone)."""

    e164: str
    label: str = ""
    shared: bool = False


class Address(msgspec.Struct, frozen=True):
    text: str
    meter: str = ""
    district: str = ""


class Customer(msgspec.Struct, frozen=True):
    """A customer. `version` goes up by one with every change; times are epoch seconds."""

    id: str
    name: str
    grade: Grade = Grade.C
    vip: bool = False
    account: str = ""
    language: str = ""
    address: Address | None = None
    phones: tuple[Phone, ...] = ()
    email: str = ""
    note: str = ""
    created_at: float = 0.0
    updated_at: float = 0.0
    version: int = 1


class Candidate(msgspec.Struct, frozen=True):
    customer: Customer
    certainty: Certainty
    shared: bool = False


class Lookup(msgspec.Struct, frozen=True):
    """The answer to "who is calling": candidates best first. `e164` is None where the caller's text is not a number."""

    match: Match
    shown: str
    """The number as people of the region write it, or what the line said, for showing."""
    e164: str | None = None
    candidates: tuple[Candidate, ...] = ()


class CustomerCreated(msgspec.Struct, frozen=True):
    customer: Customer


class CustomerChanged(msgspec.Struct, frozen=True):
    customer: Customer
