"""Accounts in the database. Every function works inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from msgspec.structs import asdict
from sqlalchemy.ext.asyncio import AsyncConnection

from core.database import insert_for
from customers.accounts.model import Account
from customers.tables import accounts as a
from customers.tables import customers as c

SHOWN = 50
"""How many accounts of one customer are read; a housing estate may have thousands."""


async def by_accounts(tx: AsyncConnection, accounts: Sequence[str]) -> dict[str, Account]:
    """These accounts, by account, as far as they are there."""
    found = await tx.execute(sa.select(a).where(a.c.account.in_(accounts)))
    return {row["account"]: Account(**row) for row in found.mappings()}


async def locked(tx: AsyncConnection, account: str) -> Account | None:
    """One account, held until the transaction ends."""
    row = (await tx.execute(sa.select(a).where(a.c.account == account).with_for_update())).mappings().first()
    return Account(**row) if row else None


async def of_customer(tx: AsyncConnection, customer_id: str) -> list[Account]:
    """The customer's accounts, by account."""
    query = sa.select(a).where(a.c.customer_id == customer_id).order_by(a.c.account).limit(SHOWN)
    return [Account(**row) for row in (await tx.execute(query)).mappings()]


async def owners(tx: AsyncConnection, wanted: Sequence[str]) -> dict[str, str]:
    """Customers' ids by their account and by their own id, as far as these texts are one."""
    query = sa.select(c.c.id, c.c.account).where(sa.or_(c.c.account.in_(wanted), c.c.id.in_(wanted)))
    found: dict[str, str] = {}
    for id, account in await tx.execute(query):
        found[id] = id
        if account:
            found[account] = id
    return found


async def write(tx: AsyncConnection, accounts: Sequence[Account]) -> None:
    """Add these, or write them over what is there."""
    if accounts:
        statement = insert_for(tx, a)
        columns = [name for name in Account.__struct_fields__ if name != "account"]
        update = {name: statement.excluded[name] for name in columns}
        whole = statement.on_conflict_do_update(index_elements=["account"], set_=update)
        await tx.execute(whole, [asdict(one) for one in accounts])
