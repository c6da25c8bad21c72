"""Who people are and what they may do: users, roles, seats, sessions, API tokens."""

from core.identity.roles import PERMISSIONS, Permission, Role
from core.identity.users import NOBODY, Seat, Session, SignedIn, User

__all__ = ["NOBODY", "PERMISSIONS", "Permission", "Role", "Seat", "Session", "SignedIn", "User"]
