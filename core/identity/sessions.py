"""Sessions and API tokens as rows. Each function works inside the caller's transaction."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from config.settings import SecuritySettings
from core.identity.tables import api_tokens, sessions, users
from core.identity.tokens import csrf_of, digest, kept_live_id, new_api_token, new_token
from core.identity.users import Session, User, user_from_row
from core.ids import new_id

SEEN_EVERY = 60.0
"""Seconds between two writes of `seen_at`: idle time needs no finer grain than that."""


async def open_session(tx: AsyncConnection, user: str, address: str, at: float) -> str:
    """A new session; returns the token for the cookie."""
    token = new_token()
    await tx.execute(
        sa.insert(sessions).values(
            id=new_id(at),
            token_hash=digest(token),
            user=user,
            address=address[:64],
            signed_in_at=at,
            seen_at=at,
        )
    )
    return token


async def find_session(
    tx: AsyncConnection, token: str, at: float, limits: SecuritySettings
) -> Session | None:
    """The living session of an active user, or None."""
    row = (
        (
            await tx.execute(
                sa.select(users, sessions.c.id, sessions.c.signed_in_at, sessions.c.seen_at)
                .join(sessions, sessions.c.user == users.c.name)
                .where(sessions.c.token_hash == digest(token), *_alive(at, limits), users.c.active.is_(True))
            )
        )
        .mappings()
        .one_or_none()
    )
    if row is None:
        return None
    return Session(
        id=row["id"],
        user=user_from_row(row),
        csrf=csrf_of(token),
        signed_in_at=row["signed_in_at"],
        seen_at=row["seen_at"],
    )


async def living(tx: AsyncConnection, at: float, limits: SecuritySettings) -> frozenset[str]:
    """What every live socket that is good now is known by: a session's id, or an API token's `live_id`."""
    query = (
        sa.select(sessions.c.id)
        .join(users, sessions.c.user == users.c.name)
        .where(*_alive(at, limits), users.c.active.is_(True))
    )
    return frozenset(await tx.scalars(query)) | await _living_tokens(tx)


async def _living_tokens(tx: AsyncConnection, user: str = "") -> frozenset[str]:
    """What live sockets of API tokens are known by, of one user's where given."""
    query = sa.select(api_tokens.c.token_hash).join(users, api_tokens.c.user == users.c.name)
    query = query.where(api_tokens.c.user == user) if user else query.where(users.c.active.is_(True))
    return frozenset(map(kept_live_id, await tx.scalars(query)))


def _alive(at: float, limits: SecuritySettings) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        sessions.c.signed_in_at > at - limits.session_hours * 3600,
        sessions.c.seen_at > at - limits.idle_hours * 3600,
    )


async def touch(tx: AsyncConnection, session_id: str, at: float) -> None:
    """The session was used."""
    await tx.execute(sa.update(sessions).where(sessions.c.id == session_id).values(seen_at=at))


async def end_session(tx: AsyncConnection, token: str) -> tuple[str, str] | None:
    """End it; (user, session id), or None where there was none."""
    found = (
        await tx.execute(
            sa.select(sessions.c.user, sessions.c.id).where(sessions.c.token_hash == digest(token))
        )
    ).one_or_none()
    if found is None:
        return None
    await tx.execute(sa.delete(sessions).where(sessions.c.id == found.id))
    return found.user, found.id


async def end_all(tx: AsyncConnection, user: str) -> int:
    """End every session of the user; returns how many there were."""
    return (await tx.execute(sa.delete(sessions).where(sessions.c.user == user))).rowcount


async def prune(tx: AsyncConnection, at: float, limits: SecuritySettings) -> None:
    """Delete the sessions that have run out."""
    await tx.execute(
        sa.delete(sessions).where(
            sa.or_(
                sessions.c.signed_in_at <= at - limits.session_hours * 3600,
                sessions.c.seen_at <= at - limits.idle_hours * 3600,
            )
        )
    )


async def make_api_token(tx: AsyncConnection, user: str, at: float) -> str:
    """A new API token of the user, told once."""
    token = new_api_token()
    await tx.execute(
        sa.insert(api_tokens).values(id=new_id(at), token_hash=digest(token), user=user, created_at=at)
    )
    return token


async def user_of_api_token(tx: AsyncConnection, token: str) -> User | None:
    """The active user to whom the token belongs, or None."""
    query = (
        sa.select(users)
        .join(api_tokens, api_tokens.c.user == users.c.name)
        .where(api_tokens.c.token_hash == digest(token), users.c.active.is_(True))
    )
    row = (await tx.execute(query)).mappings().one_or_none()
    return None if row is None else user_from_row(row)


async def revoke_api_tokens(tx: AsyncConnection, user: str) -> frozenset[str]:
    """Delete the user's API tokens; returns what their live sockets are known by."""
    gone = await _living_tokens(tx, user)
    await tx.execute(sa.delete(api_tokens).where(api_tokens.c.user == user))
    return gone
