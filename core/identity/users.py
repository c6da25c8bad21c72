"""Users, their seats and their sessions, as values."""

from __future__ import annotations

import msgspec
from sqlalchemy import RowMapping

from core.identity.roles import PERMISSIONS, Permission, Role


class User(msgspec.Struct, frozen=True):
    """A person. `language` is "" (as the browser asks), en or zh_CN; `theme` is auto, light or dark."""

    name: str
    full_name: str
    role: Role
    language: str = ""
    theme: str = "auto"
    department: str = ""
    active: bool = True
    created_at: float = 0.0

    def can(self, permission: Permission) -> bool:
        """Whether the role allows it; a deactivated user may nothing."""
        return self.active and permission in PERMISSIONS[self.role]


NOBODY = User(name="", full_name="", role=Role.AGENT, active=False)
"""Who asks on a public route without having signed in: may nothing."""


class Seat(msgspec.Struct, frozen=True):
    """A user's phone. `interface` is as the PBX's queues name it: PJSIP/1001; `pbx` may be "" (any)."""

    user: str
    name: str
    pbx: str
    interface: str
    extension: str


class NewSeat(msgspec.Struct, frozen=True):
    """A phone to give to a user. `extension` may be "": the digits of the interface are taken."""

    interface: str
    pbx: str = ""
    extension: str = ""


class Session(msgspec.Struct, frozen=True):
    """A signed-in browser. `csrf` is the token that its pages send back; times are epoch seconds."""

    id: str
    user: User
    csrf: str
    signed_in_at: float
    seen_at: float


class SignedIn(msgspec.Struct, frozen=True):
    """A fresh sign-in: `token` goes into the cookie and is kept nowhere else."""

    user: User
    token: str
    csrf: str


def user_from_row(row: RowMapping) -> User:
    """A user from a row of the table, without its password's hash."""
    return User(
        name=row["name"],
        full_name=row["full_name"],
        role=Role(row["role"]),
        language=row["language"],
        theme=row["theme"],
        department=row["department"],
        active=bool(row["active"]),
        created_at=row["created_at"],
    )
