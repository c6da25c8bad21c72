"""Users and their seats."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from argon2 import PasswordHasher
from sqlalchemy.ext.asyncio import AsyncConnection

from config.settings import SecuritySettings
from core import audit
from core.bus import Bus
from core.database import Database
from core.errors import Conflict, NotFound
from core.identity import checks, sessions
from core.identity.messages import SessionEnded, UserChanged
from core.identity.passwords import Passwords
from core.identity.roles import Role
from core.identity.tables import seats, users
from core.identity.users import NewSeat, Seat, User, user_from_row


class Accounts:
    """Who there is, and at which phone. Every change is in the audit trail."""

    def __init__(
        self,
        db: Database,
        settings: SecuritySettings,
        *,
        bus: Bus | None = None,
        hasher: PasswordHasher | None = None,
    ) -> None:
        self._db = db
        self._settings = settings
        self._bus = bus or Bus()
        self._passwords = Passwords(hasher)

    async def add_user(  # noqa: PLR0913, PLR0917 - the fields of a user, named by the command line
        self,
        name: str,
        password: str,
        role: Role,
        full_name: str,
        seat: NewSeat | None,
        at: float,
        *,
        department: str = "",
        language: str = "",
        actor: str = "system",
    ) -> User:
        """Add a user, with a phone where `seat` is given.

        Raises `Invalid` for what cannot be a name, password or phone, and `Conflict` where the name
        (`user_exists`) or the phone (`seat_taken`, details name its user) is somebody else's.
        """
        name = checks.user_name(name)
        user = User(
            name=name,
            full_name=checks.full_name(full_name, name),
            role=role,
            language=checks.one_of(language, checks.LANGUAGES, "language"),
            department=department[:64],
            created_at=at,
        )
        kept = await self._passwords.hash(password)
        try:
            async with self._db.begin() as tx:
                await _insert_user(tx, user, kept)
                if seat is not None:
                    await _insert_seat(tx, name, seat)
                await audit.record(tx, at, actor, "user.add", f"user:{name}", {"role": role.value})
        except sa.exc.IntegrityError:
            # Two commands at once: the database told them apart after both had looked.
            raise Conflict(f"The user {name}, or its phone, was added at this moment.") from None
        self._bus.publish(UserChanged(user))
        return user

    async def users(self) -> tuple[User, ...]:
        """All users by name, the deactivated ones too."""
        async with self._db.read() as tx:
            rows = (await tx.execute(sa.select(users).order_by(users.c.name))).mappings()
            return tuple(user_from_row(row) for row in rows)

    async def user(self, name: str) -> User:
        """One user; raises `NotFound`."""
        async with self._db.read() as tx:
            return await _get_user(tx, name)

    async def seats(self) -> tuple[Seat, ...]:
        """The phones of all active users."""
        query = (
            sa.select(seats, users.c.full_name)
            .join(users, users.c.name == seats.c.user)
            .where(users.c.active.is_(True))
            .order_by(seats.c.user, seats.c.pbx, seats.c.interface)
        )
        async with self._db.read() as tx:
            return tuple(
                Seat(user=r.user, name=r.full_name, pbx=r.pbx, interface=r.interface, extension=r.extension)
                for r in await tx.execute(query)
            )

    async def add_seat(self, name: str, seat: NewSeat, at: float, actor: str = "system") -> None:
        """Give the user another phone; raises as `add_user` does."""
        async with self._db.begin() as tx:
            user = await _get_user(tx, name)
            await _insert_seat(tx, user.name, seat)
            await audit.record(tx, at, actor, "user.seat", f"user:{user.name}", {"interface": seat.interface})
        self._bus.publish(UserChanged(user))

    async def remove_seat(self, name: str, interface: str, at: float, actor: str = "system") -> None:
        """Take this phone from the user, on every PBX; raises `NotFound` where the user has no such phone."""
        async with self._db.begin() as tx:
            user = await _get_user(tx, name)
            same = sa.func.lower(seats.c.interface) == interface.lower()
            gone = await tx.execute(sa.delete(seats).where(seats.c.user == user.name, same))
            if not gone.rowcount:
                raise NotFound(f"{user.name} has no phone {interface}.", user=user.name)
            await audit.record(tx, at, actor, "user.no_seat", f"user:{name}", {"interface": interface})
        self._bus.publish(UserChanged(user))

    async def set_preference(
        self, name: str, at: float, *, language: str | None = None, theme: str | None = None
    ) -> User:
        """The user's own language ("" follows the browser) or theme (auto, light, dark); None leaves it."""
        changes: dict[str, Any] = {}
        if language is not None:
            changes["language"] = checks.one_of(language, checks.LANGUAGES, "language")
        if theme is not None:
            changes["theme"] = checks.one_of(theme, checks.THEMES, "theme")
        return await self._change(name, changes, "user.preference", name, at)

    async def set_active(self, name: str, active: bool, at: float, actor: str = "system") -> User:
        """Shut a user out, or let it in again. Shut out: all sessions end at once and tokens stop working."""
        return await self._change(name, {"active": active}, "user.active", actor, at, end=not active)

    async def set_role(self, name: str, role: Role, at: float, actor: str = "system") -> User:
        """Give the user another role; its sessions end, so that nothing of the old one stays on a page."""
        return await self._change(name, {"role": role.value}, "user.role", actor, at, end=True)

    async def set_password(self, name: str, password: str, at: float, actor: str = "system") -> User:
        """A new password; all sessions of the user end."""
        kept = await self._passwords.hash(password)
        return await self._change(name, {"password_hash": kept}, "user.password", actor, at, end=True)

    async def _change(  # noqa: PLR0913, PLR0917 - private, and each call reads as a sentence
        self, name: str, values: dict[str, Any], action: str, actor: str, at: float, end: bool = False
    ) -> User:
        shown = {key: value for key, value in values.items() if key != "password_hash"}
        async with self._db.begin() as tx:
            await _get_user(tx, name)
            if values:
                await tx.execute(sa.update(users).where(users.c.name == name).values(**values))
            if end:
                await sessions.end_all(tx, name)
            await audit.record(tx, at, actor, action, f"user:{name}", shown)
            user = await _get_user(tx, name)
        self._bus.publish(UserChanged(user))
        if end:
            self._bus.publish(SessionEnded(user=name, session_id=None))
        return user


async def _get_user(tx: AsyncConnection, name: str) -> User:
    row = (await tx.execute(sa.select(users).where(users.c.name == name))).mappings().one_or_none()
    if row is None:
        raise NotFound(f"There is no user {name!r}.", user=name[:64])
    return user_from_row(row)


async def _insert_user(tx: AsyncConnection, user: User, kept: str) -> None:
    known = await tx.scalar(sa.select(users.c.name).where(users.c.name == user.name))
    if known is not None:
        raise Conflict(f"There is already a user {user.name}.", code="user_exists", user=user.name)
    await tx.execute(
        sa.insert(users).values(
            name=user.name,
            full_name=user.full_name,
            role=user.role.value,
            language=user.language,
            theme=user.theme,
            department=user.department,
            active=user.active,
            password_hash=kept,
            created_at=user.created_at,
        )
    )


async def _insert_seat(tx: AsyncConnection, name: str, seat: NewSeat) -> None:
    interface = checks.interface(seat.interface)
    # A seat without a PBX stands for any PBX, and so clashes with the same phone on each.
    same_phone = sa.select(seats.c.user).where(sa.func.lower(seats.c.interface) == interface.lower())
    if seat.pbx:
        same_phone = same_phone.where(seats.c.pbx.in_(("", seat.pbx)))
    owner = await tx.scalar(same_phone.limit(1))
    if owner is not None:
        raise Conflict(
            f"{interface} is already the phone of {owner}. Give {name} another phone, or take it from {owner}.",
            code="seat_taken",
            interface=interface,
            user=owner,
        )
    await tx.execute(
        sa.insert(seats).values(
            user=name,
            pbx=seat.pbx,
            interface=interface,
            extension=checks.extension(seat.extension, interface),
        )
    )
