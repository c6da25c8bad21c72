"""The public face of the customers room."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType


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
    text: Annotated[str, Meta(max_length=500)]
    meter: Annotated[str, Meta(max_length=64)] = ""
    district: Annotated[str, Meta(max_length=128)] = ""


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


class PinsGuessed(msgspec.Struct, frozen=True):
    """Wrong PINs of so many accounts came within so many minutes, `locked` of which take no more tries: more than on an
    ordinary day."""

    accounts: int
    locked: int
    minutes: int


class NewPhone(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A number to be kept, as a person writes it in `number`, or as we gave it out in `e164`."""

    number: Annotated[str, Meta(max_length=80)] = ""
    e164: Annotated[str, Meta(max_length=24)] = ""
    shown: str = ""
    """Taken and passed over, so that a phone which we gave out can be sent back as it is."""
    label: Annotated[str, Meta(max_length=64)] = ""
    shared: bool = False


class NewCustomer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The command that creates a customer. A phone may be a plain string; numbers are read in our region."""

    name: Annotated[str, Meta(max_length=200)]
    phones: tuple[str | NewPhone, ...] = ()
    grade: Grade = Grade.C
    vip: bool = False
    account: Annotated[str, Meta(max_length=64)] = ""
    language: Annotated[str, Meta(max_length=16)] = ""
    address: Address | None = None
    email: Annotated[str, Meta(max_length=254)] = ""
    note: Annotated[str, Meta(max_length=4000)] = ""


class CustomerPatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The command that changes a customer: what is unset stays; `phones` is the whole new list."""

    name: Annotated[str, Meta(max_length=200)] | UnsetType = UNSET
    phones: tuple[str | NewPhone, ...] | UnsetType = UNSET
    grade: Grade | UnsetType = UNSET
    vip: bool | UnsetType = UNSET
    account: Annotated[str, Meta(max_length=64)] | UnsetType = UNSET
    language: Annotated[str, Meta(max_length=16)] | UnsetType = UNSET
    address: Address | UnsetType | None = UNSET
    email: Annotated[str, Meta(max_length=254)] | UnsetType = UNSET
    note: Annotated[str, Meta(max_length=4000)] | UnsetType = UNSET


class TimelineEntry(msgspec.Struct, frozen=True):
    """One thing that happened with a customer. `kind` is call, ticket, note, ivr (a call that was in the phone menu
    alone), survey or created; `at` epoch seconds."""

    at: float
    kind: str
    title: str
    text: str = ""
    ref: str = ""
    state: str = ""
    may_open: bool = True
    """Whether who asks may see more of what `ref` names."""
    menu: str = ""
    """The flows that the caller came through before an agent had the call, by name."""
