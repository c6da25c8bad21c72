"""Notes that agents write about a customer, in the database."""

from __future__ import annotations

import math

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from core import trips
from core.trips import Query
from customers.messages import TimelineEntry
from customers.tables import customer_notes as n


async def add(tx: AsyncConnection, id: str, customer_id: str, entry: TimelineEntry) -> None:
    """Keep a note; its author is the entry's title."""
    row = {"id": id, "customer_id": customer_id, "at": entry.at, "actor": entry.title, "text": entry.text}
    await tx.execute(sa.insert(n).values(row))


async def of_customer(
    tx: AsyncConnection, customer_id: str, before: float | None, limit: int
) -> list[TimelineEntry]:
    """The newest notes at or before `before` (epoch seconds)."""
    of = {"customer": customer_id, "before": math.inf if before is None else before, "most": limit}
    rows = await trips.named(tx, _OF_CUSTOMER, of)
    return [TimelineEntry(row["at"], "note", row["actor"], row["text"], row["id"]) for row in rows]


_OF_CUSTOMER = Query(
    sa.select(n)
    .where(n.c.customer_id == sa.bindparam("customer"), n.c.at <= sa.bindparam("before"))
    .order_by(n.c.at.desc(), n.c.id)
    .limit(sa.bindparam("most", type_=sa.Integer))
)
