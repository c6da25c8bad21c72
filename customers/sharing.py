"""Lines of several people: a second owner of a number makes it a shared line for everyone who has it."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from core import audit
from customers import store
from customers.messages import Customer

MOST_AT_ONCE = 200
"""SQLite takes some thousands of values in a statement; a batch of an import may bring more numbers."""


async def share(
    tx: AsyncConnection, actor: str, written: Collection[str], e164s: Sequence[str], at: float
) -> list[Customer]:
    """Mark what is shared among `e164s`, just written for the customers `written`.

    Returns the other customers that this changed, each with its next version and its audit row.
    """
    changed: set[str] = set()
    wanted = set(e164s)
    for start in range(0, len(e164s), MOST_AT_ONCE):
        changed |= await store.mark_shared(tx, e164s[start : start + MOST_AT_ONCE])
    others = sorted(changed.difference(written))
    found: list[Customer] = []
    for start in range(0, len(others), MOST_AT_ONCE):
        some = others[start : start + MOST_AT_ONCE]
        await store.next_version(tx, some, at)
        found += await store.by_ids(tx, some)
    for customer in found:
        lines = [phone.e164 for phone in customer.phones if phone.e164 in wanted]
        await audit.record(
            tx, at, actor, "customer.line_shared", f"customer:{customer.id}", {"numbers": lines}
        )
    return found
