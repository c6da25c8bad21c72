"""Who people are and what they may do: users, roles, seats, sessions, API tokens."""

from core.identity.roles import PERMISSIONS, Permission, Role
from core.identity.service import Identity
from core.identity.users import NOBODY, NewSeat, Seat, Session, SignedIn, User

__all__ = [
    "NOBODY",
    "PERMISSIONS",
    "Identity",
    "NewSeat",
    "Permission",
    "Role",
    "Seat",
    "Session",
    "SignedIn",
    "User",
]
