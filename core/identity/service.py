"""The face of identity: accounts, signing in and out, and who a request's secret belongs to."""

from __future__ import annotations

import sqlalchemy as sa
import structlog
from argon2 import PasswordHasher

from config.settings import SecuritySettings
from core import audit
from core.bus import Bus
from core.database import Database
from core.errors import TooMany, Unauthenticated
from core.identity import sessions
from core.identity.accounts import Accounts
from core.identity.limits import TryLimit
from core.identity.messages import SessionEnded
from core.identity.tables import users
from core.identity.tokens import csrf_of
from core.identity.users import Session, SignedIn, User, user_from_row

log = structlog.get_logger(__name__)


class Identity(Accounts):
    """Users, and the proof of who they are."""

    def __init__(
        self,
        db: Database,
        settings: SecuritySettings,
        *,
        bus: Bus | None = None,
        hasher: PasswordHasher | None = None,
    ) -> None:
        super().__init__(db, settings, bus=bus, hasher=hasher)
        self._tries = TryLimit(settings.sign_in_tries, settings.sign_in_window_seconds)

    async def sign_in(
        self, name: str, password: str, client_address: str, at: float, *, old_token: str = ""
    ) -> SignedIn:
        """A new session for who knows the password; the session of `old_token` (the cookie so far) ends.

        Raises `Unauthenticated` without telling whether the name exists, and `TooMany` after
        `sign_in_tries` wrong tries of this name from this address within `sign_in_window_seconds`.
        """
        name = name.strip().lower()
        await self._limit(name, client_address, at)
        user, kept = await self._find(name)
        right = await self._passwords.verify(kept, password)
        if user is None or not right or not user.active:
            await self._refuse(name, client_address, at, "inactive" if user and right else "wrong")
            raise Unauthenticated("The name or the password is wrong.", code="wrong_credentials")
        self._tries.forgive(_key(name, client_address))
        fresh = await self._passwords.hash(password) if kept and self._passwords.outdated(kept) else None
        return await self._start(user, client_address, at, old_token, fresh)

    async def _limit(self, name: str, address: str, at: float) -> None:
        wait = self._tries.take(_key(name, address), at)
        if wait:
            # Logged, not audited: a flood of tries must not fill the database.
            log.warning("session.too_many", user=name[:64], address=address, wait=wait)
            raise TooMany(f"Too many tries. Try again in {wait} seconds.", retry_after=wait)

    async def _find(self, name: str) -> tuple[User | None, str | None]:
        async with self._db.read() as tx:
            row = (await tx.execute(sa.select(users).where(users.c.name == name))).mappings().one_or_none()
        return (None, None) if row is None else (user_from_row(row), str(row["password_hash"]))

    async def _refuse(self, name: str, address: str, at: float, reason: str) -> None:
        async with self._db.begin() as tx:
            details = {"address": address[:64], "reason": reason}
            await audit.record(tx, at, "system", "session.refused", f"user:{name[:64]}", details)

    async def _start(
        self, user: User, address: str, at: float, old_token: str, fresh_hash: str | None
    ) -> SignedIn:
        async with self._db.begin() as tx:
            ended = await sessions.end_session(tx, old_token) if old_token else None
            await sessions.prune(tx, at, self._settings)
            token = await sessions.open_session(tx, user.name, address, at)
            if fresh_hash is not None:
                await tx.execute(
                    sa.update(users).where(users.c.name == user.name).values(password_hash=fresh_hash)
                )
            details = {"address": address[:64]}
            await audit.record(tx, at, user.name, "session.sign_in", f"user:{user.name}", details)
        if ended:
            self._bus.publish(SessionEnded(*ended))
        return SignedIn(user=user, token=token, csrf=csrf_of(token))

    async def by_session(self, token: str, at: float) -> Session | None:
        """The living session to which the cookie's token belongs; its idle time begins anew."""
        async with self._db.read() as tx:
            session = await sessions.find_session(tx, token, at, self._settings)
        if session is not None and at - session.seen_at >= sessions.SEEN_EVERY:
            async with self._db.begin() as tx:
                await sessions.touch(tx, session.id, at)
        return session

    async def living_sessions(self, at: float) -> frozenset[str]:
        """Sessions and API tokens that are good now: a live socket of any other must close."""
        async with self._db.read() as tx:
            return await sessions.living(tx, at, self._settings)

    async def sign_out(self, token: str, at: float) -> None:
        """End this session; a token of none is passed over."""
        async with self._db.begin() as tx:
            ended = await sessions.end_session(tx, token)
            if ended is None:
                return
            await audit.record(tx, at, ended[0], "session.sign_out", f"user:{ended[0]}")
        self._bus.publish(SessionEnded(*ended))

    async def sign_out_everywhere(self, name: str, at: float, actor: str = "") -> int:
        """End all sessions of the user, on every browser; returns how many there were."""
        async with self._db.begin() as tx:
            count = await sessions.end_all(tx, name)
            details = {"sessions": count}
            await audit.record(tx, at, actor or name, "session.sign_out_everywhere", f"user:{name}", details)
        self._bus.publish(SessionEnded(user=name, session_id=None))
        return count

    async def add_token(self, name: str, at: float, actor: str = "system") -> str:
        """An API token for the user, told this once; raises `NotFound`."""
        user = await self.user(name)
        async with self._db.begin() as tx:
            token = await sessions.make_api_token(tx, user.name, at)
            await audit.record(tx, at, actor, "token.add", f"user:{user.name}")
        return token

    async def revoke_tokens(self, name: str, at: float, actor: str = "system") -> int:
        """Delete all API tokens of the user, so that their live sockets close; returns how many there were."""
        async with self._db.begin() as tx:
            gone = await sessions.revoke_api_tokens(tx, name)
            await audit.record(tx, at, actor, "token.revoke", f"user:{name}", {"tokens": len(gone)})
        for live_id in gone:
            self._bus.publish(SessionEnded(name, live_id))
        return len(gone)

    async def by_token(self, token: str, at: float) -> User | None:
        """The active user to whom the API token belongs."""
        async with self._db.read() as tx:
            return await sessions.user_of_api_token(tx, token)


def _key(name: str, address: str) -> str:
    return f"{name[:64]}\0{address}"
