"""What can be done with accounts: read one, read a customer's, write one as billing has it."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace
from sqlalchemy.ext.asyncio import AsyncConnection

from core import audit
from core.database import Database
from core.errors import Conflict, Invalid, NotFound
from customers.accounts import store
from customers.accounts.model import Account, checked

Changes = dict[str, object]


class Accounts:
    """The accounts of all customers."""

    def __init__(self, db: Database) -> None:
        self.db = db

    async def find(self, account: str) -> Account | None:
        """The account, None where there is none."""
        if not account.isprintable():
            return None  # PostgreSQL cannot even be asked for a NUL
        async with self.db.read() as tx:
            return (await store.by_accounts(tx, [account])).get(account)

    async def get(self, account: str) -> Account:
        """The account; raises `NotFound`."""
        found = await self.find(account)
        if found is None:
            raise NotFound("There is no such account.")
        return found

    async def of_customer(self, customer_id: str) -> list[Account]:
        """The customer's accounts, by account."""
        if not customer_id.isprintable():
            return []
        async with self.db.read() as tx:
            return await store.of_customer(tx, customer_id)

    async def put(self, actor: str, new: Account, version: int | None, at: float) -> Account:
        """Write the account as it is in `new`; one that is not there is added. Who has its number as customer becomes
        its owner where `new` names none.

        Raises `Invalid`, and `Conflict` (`stale_version`) where `version` is not the present one; None accepts any.
        """
        async with self.db.begin() as tx:
            return await self._put(tx, actor, new, version, at)

    async def put_all(self, actor: str, new: Iterable[Account], at: float) -> None:
        """The same for many, all or none, whatever versions are there."""
        async with self.db.begin() as tx:
            for account in new:
                await self._put(tx, actor, account, None, at)

    async def _put(
        self, tx: AsyncConnection, actor: str, new: Account, version: int | None, at: float
    ) -> Account:
        checked(new)
        before = await store.locked(tx, new.account)
        present = before.version if before else 0
        if version is not None and version != present:
            raise Conflict("The account was changed meanwhile.", code="stale_version", version=present)
        wanted = new.customer_id or new.account
        owner = (await store.owners(tx, [wanted])).get(wanted)
        if new.customer_id and owner is None:
            raise Invalid("There is no such customer.", field="customer_id")
        kept = replace(
            new,
            customer_id=owner or (before.customer_id if before else None),
            updated_at=at,
            version=present + 1,
        )
        await store.write(tx, [kept])
        await audit.record(tx, at, actor, "account.put", f"account:{new.account}", _changes(before, kept))
        return kept


def _changes(before: Account | None, after: Account) -> Changes:
    names = ("customer_id", "balance", "currency", "bill", "due", "period")
    return {
        name: [getattr(before, name, None), getattr(after, name)]
        for name in names
        if getattr(before, name, None) != getattr(after, name)
    }
