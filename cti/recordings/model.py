"""Recordings: what is known of one, how its file is named, who may listen, when it goes. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection
from enum import Enum

import msgspec

from core.identity.roles import Permission
from core.identity.users import User
from cti.messages import Call

DAY = 86400.0
SILENT_BYTES = 44
"""A wav file's head: one that is no longer holds no sound."""
_ID = re.compile(r"[0-9a-z]{20,40}")
_CALL_FILE = re.compile(r"call-([A-Za-z0-9_.-]{1,80})\.wav")
_WORDS_FILE = re.compile(r"words-([0-9a-z]{20,40})\.wav")


class Kind(Enum):
    WORDS = "words"
    """What a caller said after the beep."""
    CALL = "call"


class State(Enum):
    KEPT = "kept"
    MISSING = "missing"
    """The index has it, the folder has not: the disk is away, or somebody deleted the file."""
    DELETED = "deleted"
    """Deleted by us when its time was up."""


class Recording(msgspec.Struct, frozen=True):
    """One recording. `file` is a bare name below the configured folder; times are epoch seconds."""

    id: str
    kind: Kind
    pbx: str
    call_id: str
    visit: str
    ticket_id: str
    started_at: float
    seconds: float
    size: int
    file: str
    deleted_at: float | None = None


def words_name(id: str) -> str:
    """The file, without extension, of a caller's words."""
    return f"words-{id}"


def call_of_file(name: str) -> str | None:
    """The call that a file of a whole call is of, None for any other file."""
    found = _CALL_FILE.fullmatch(name)
    return found[1] if found else None


def is_ours(name: str) -> bool:
    """Whether the file is one that we (or the dialplan for us) made: nothing else is ever opened or deleted."""
    return bool(_CALL_FILE.fullmatch(name) or _WORDS_FILE.fullmatch(name))


def is_id(text: str) -> bool:
    """Whether it may be a recording's id at all."""
    return bool(_ID.fullmatch(text))


def hears_all(user: User) -> bool:
    """Whether every recording is the user's to hear."""
    return user.can(Permission.CALLS_ALL)


def may_listen(recording: Recording, user: User, call: Call | None, *, sees_ticket: bool) -> bool:
    """Who sees everybody's calls hears everything. Others hear whole calls in which they spoke, and the words that a
    caller left in a call that they were offered, or for a ticket that they may see."""
    own = [segment for segment in call.segments if segment.agent == user.name] if call else []
    if recording.kind is Kind.CALL:
        return hears_all(user) or any(segment.answered_at is not None for segment in own)
    return hears_all(user) or bool(own) or sees_ticket


def is_due(recording: Recording, days: float, now: float, held: Collection[str]) -> bool:
    """Whether its time is up. `held` are the ids of recordings that an open ticket still needs; 0 days: never."""
    return (
        days > 0
        and recording.deleted_at is None
        and recording.id not in held
        and recording.started_at < now - days * DAY
    )
