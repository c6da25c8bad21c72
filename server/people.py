"""Who the users are by their full names, for pages and time lines: kept in memory, renewed by housekeeping."""

from __future__ import annotations

from collections.abc import Iterable

from core.identity.users import User


class People:
    """Full names by user name."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def learn(self, users: Iterable[User]) -> None:
        """Take over the names of these users."""
        self._names |= {user.name: user.full_name for user in users}

    def name(self, user: str) -> str:
        """The full name; who is no user (`ivr`, a user of long ago) as written: pages have words for some."""
        return self._names.get(user, user)
