"""What identity tells the others over the bus."""

from __future__ import annotations

import msgspec

from core.identity.users import User


class UserChanged(msgspec.Struct, frozen=True):
    """A user was added, changed, or (`user.active` false) shut out."""

    user: User


class SessionEnded(msgspec.Struct, frozen=True):
    """A session ended: its live sockets must close. `session_id` is None where all of the user's ended, and an API
    token's `live_id` where a token was revoked."""

    user: str
    session_id: str | None
