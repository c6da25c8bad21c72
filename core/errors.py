"""Refusals: a command that cannot be carried out raises one of these and has changed nothing.

A refusal has a stable `code` for programs, a sentence for people, and details. What HTTP status goes with it
is the web layer's business (`core.web.errors`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Refused(Exception):
    """A command was refused, and nothing changed."""

    code = "refused"

    def __init__(self, message: str, *, code: str | None = None, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.code
        self.details: Mapping[str, Any] = details


class Invalid(Refused):
    """The content is not what the command takes (422)."""

    code = "invalid"


class NotFound(Refused):
    """There is no such thing, or it is not the actor's to see (404)."""

    code = "not_found"


class Unauthenticated(Refused):
    """Nobody is signed in, or the proof of who asks is wrong (401)."""

    code = "unauthenticated"


class Forbidden(Refused):
    """The actor's role does not allow it (403)."""

    code = "role"


class Conflict(Refused):
    """It does not fit the present state (409)."""

    code = "conflict"


class TooMany(Refused):
    """A limit on tries was reached (429); `retry_after` is in seconds."""

    code = "too_many"

    def __init__(self, message: str, retry_after: int, **details: Any) -> None:
        super().__init__(message, **details)
        self.retry_after = retry_after


class Unavailable(Refused):
    """A part that this needs (a PBX, the database) is away (503); trying again later may work."""

    code = "unavailable"
