"""PINs and counts of tries in the database. A count is taken by one statement: atomic, however many come at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from core.database import insert_for
from customers.pins.alarm import Guessed
from customers.pins.rules import ACCOUNT, Door
from customers.tables import account_pins, accounts, customers, pin_tries


async def kept(tx: AsyncConnection, account: str) -> str | None:
    """The hash of the account's PIN."""
    found: str | None = await tx.scalar(
        sa.select(account_pins.c.pin_hash).where(account_pins.c.account == account)
    )
    return found


async def set_at(tx: AsyncConnection, account: str) -> float | None:
    """When the account got its PIN; None where it has none."""
    found: float | None = await tx.scalar(
        sa.select(account_pins.c.set_at).where(account_pins.c.account == account)
    )
    return found


async def exists(tx: AsyncConnection, account: str) -> bool:
    """Whether billing or a customer's record has the account."""
    known = sa.union_all(
        sa.select(sa.literal(1)).where(accounts.c.account == account),
        sa.select(sa.literal(1)).where(customers.c.account == account),
    )
    return await tx.scalar(known.limit(1)) is not None


async def write(tx: AsyncConnection, account: str, pin_hash: str, actor: str, at: float) -> None:
    """Keep the hash in place of the one before."""
    row = {"account": account, "pin_hash": pin_hash, "set_at": at, "set_by": actor[:64]}
    insert = insert_for(tx, account_pins)
    await tx.execute(insert.on_conflict_do_update(index_elements=["account"], set_=row), row)


async def delete(tx: AsyncConnection, account: str) -> bool:
    """Whether there was a PIN to delete."""
    gone = await tx.execute(sa.delete(account_pins).where(account_pins.c.account == account))
    return bool(gone.rowcount)


async def counts(tx: AsyncConnection, doors: Iterable[Door]) -> dict[str, tuple[int, float]]:
    """Tries and the time of the last one, by key."""
    keys = [door.key for door in doors]
    rows = await tx.execute(sa.select(pin_tries).where(pin_tries.c.key.in_(keys)))
    return {row.key: (row.tries, row.last_at) for row in rows}


async def take(tx: AsyncConnection, door: Door, rest: float, at: float) -> int | None:
    """Count one try: which one it is since the last rest, or None where there is none left."""
    insert = insert_for(tx, pin_tries).values(key=door.key, tries=1, last_at=at)
    rested = pin_tries.c.last_at <= at - rest
    statement = insert.on_conflict_do_update(
        index_elements=["key"],
        set_={"tries": sa.case((rested, 1), else_=pin_tries.c.tries + 1), "last_at": at},
        where=sa.or_(rested, pin_tries.c.tries < door.most),
    ).returning(pin_tries.c.tries)
    found: int | None = (await tx.execute(statement)).scalar_one_or_none()
    return found


async def give_back(tx: AsyncConnection, keys: Iterable[str]) -> None:
    """Take one try off each count: it was right, or could not be looked at."""
    await tx.execute(
        sa.update(pin_tries)
        .where(pin_tries.c.key.in_(list(keys)), pin_tries.c.tries > 0)
        .values(tries=pin_tries.c.tries - 1)
    )


async def forget(tx: AsyncConnection, key: str) -> bool:
    """Begin the count anew; whether there was one."""
    gone = await tx.execute(sa.delete(pin_tries).where(pin_tries.c.key == key))
    return bool(gone.rowcount)


async def guessed(tx: AsyncConnection, most: int, since: float) -> Guessed:
    """Accounts with a wrong PIN since then, and those of them that had `most`: by all servers, before a restart too."""
    tries = pin_tries.c.tries
    query = sa.select(sa.func.count(), sa.func.count().filter(tries >= most))
    query = query.where(pin_tries.c.key.startswith(ACCOUNT), tries > 0, pin_tries.c.last_at > since)
    return Guessed(*(await tx.execute(query)).one())


async def sweep(tx: AsyncConnection, before: float) -> int:
    """Delete counts whose rest is long over; how many."""
    gone = await tx.execute(sa.delete(pin_tries).where(pin_tries.c.last_at < before))
    return gone.rowcount


Counts = Mapping[str, tuple[int, float]]
