"""Tickets in the database: rows in, rows out. Every function works in the caller's transaction."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from core.database import insert_for
from ticketing.messages import Actor, HistoryRow, Ticket, TicketFilter
from ticketing.staff import CO_DEPARTMENT, own_names, restricted
from ticketing.tables import ticket_counters, ticket_history, tickets

# Statements of each event are built once: building one costs ten times as much as running it.
_INSERT = sa.insert(tickets)
_APPEND = sa.insert(ticket_history)
_GET = sa.select(tickets).where(tickets.c.id == sa.bindparam("this"))
_CHANGING = tuple(name for name in Ticket.__struct_fields__ if name != "id")
_REPLACE = (
    sa.update(tickets)
    .where(tickets.c.id == sa.bindparam("this"), tickets.c.version == sa.bindparam("expected"))
    .values({name: sa.bindparam(f"new_{name}") for name in _CHANGING})
)
_TICKET = tuple(column.name for column in tickets.c)
_GET_TO_CHANGE = (
    sa.select(*tickets.c, ticket_history.c.hash)
    .outerjoin_from(
        tickets,
        ticket_history,
        sa.and_(ticket_history.c.ticket_id == tickets.c.id, ticket_history.c.seq == tickets.c.version),
    )
    .where(tickets.c.id == sa.bindparam("this"))
)
_LAST_HASH = (
    sa.select(ticket_history.c.hash)
    .where(ticket_history.c.ticket_id == sa.bindparam("this"))
    .order_by(ticket_history.c.seq.desc())
    .limit(1)
)


async def next_number(tx: AsyncConnection, prefix: str, day: str) -> str:
    """The next free number of a kind and local day: C-20260131-0007. The row is locked until the commit, so that
    two openings never get the same one; a refused opening gives its number back."""
    counter = insert_for(tx, ticket_counters).values(prefix=prefix, day=day, last=1)
    taken = counter.on_conflict_do_update(
        index_elements=["prefix", "day"], set_={"last": ticket_counters.c.last + 1}
    ).returning(ticket_counters.c.last)
    return f"{prefix}-{day}-{(await tx.execute(taken)).scalar_one():04d}"


async def insert(tx: AsyncConnection, ticket: Ticket) -> None:
    await tx.execute(_INSERT, msgspec.structs.asdict(ticket))


async def replace_at(tx: AsyncConnection, ticket: Ticket, version: int) -> bool:
    """Write the ticket over the one that has this version; False where it has another one by now."""
    values = {f"new_{name}": getattr(ticket, name) for name in _CHANGING}
    done = await tx.execute(_REPLACE, {**values, "this": ticket.id, "expected": version})
    return done.rowcount == 1


async def get(tx: AsyncConnection, ticket_id: str) -> Ticket | None:
    row = (await tx.execute(_GET, {"this": ticket_id})).mappings().one_or_none()
    return Ticket(**row) if row else None


async def get_to_change(tx: AsyncConnection, ticket_id: str) -> tuple[Ticket, str] | None:
    """The ticket and the hash that its history ends with, in one statement. That `replace_at` then finds the same
    version shows that both are still so."""
    row = (await tx.execute(_GET_TO_CHANGE, {"this": ticket_id})).one_or_none()
    return (Ticket(**dict(zip(_TICKET, row[:-1], strict=True))), row[-1] or "") if row else None


async def by_number(tx: AsyncConnection, number: str) -> Ticket | None:
    row = (await tx.execute(sa.select(tickets).where(tickets.c.number == number))).mappings().one_or_none()
    return Ticket(**row) if row else None


async def by_numbers(tx: AsyncConnection, numbers: Collection[str]) -> list[Ticket]:
    """The tickets that have one of these numbers, by number."""
    query = sa.select(tickets).where(tickets.c.number.in_(numbers)).order_by(tickets.c.number)
    return [Ticket(**row) for row in (await tx.execute(query)).mappings()]


async def append_history(tx: AsyncConnection, ticket_id: str, row: HistoryRow) -> None:
    await tx.execute(_APPEND, {"ticket_id": ticket_id, **msgspec.structs.asdict(row)})


async def history(
    tx: AsyncConnection, ticket_id: str, after: int = 0, limit: int | None = None
) -> list[HistoryRow]:
    """The rows of a ticket's history, oldest first, from the one after `after`."""
    query = (
        sa.select(ticket_history)
        .where(ticket_history.c.ticket_id == ticket_id, ticket_history.c.seq > after)
        .order_by(ticket_history.c.seq)
        .limit(limit)
    )
    rows = (await tx.execute(query)).mappings()
    return [HistoryRow(**{name: row[name] for name in HistoryRow.__struct_fields__}) for row in rows]


async def last_hash(tx: AsyncConnection, ticket_id: str) -> str | None:
    return (await tx.execute(_LAST_HASH, {"this": ticket_id})).scalar_one_or_none()


async def select(
    tx: AsyncConnection, wanted: TicketFilter, limit: int, after: str, viewer: Actor | None = None
) -> list[Ticket]:
    """The newest tickets that fit and that the viewer may see, older than the one with the id `after`."""
    seen = (*_conditions(wanted, viewer), *_visible(viewer))
    query = sa.select(tickets).where(*seen).order_by(tickets.c.id.desc()).limit(limit)
    if after:
        query = query.where(tickets.c.id < after)
    return [Ticket(**row) for row in (await tx.execute(query)).mappings()]


def _visible(viewer: Actor | None) -> list[Any]:
    """`staff.sees`, said in SQL."""
    if viewer is None or not restricted(viewer):
        return []
    own, names = sorted(viewer.departments), sorted(own_names(viewer))
    helped = tickets.c.fields[CO_DEPARTMENT].as_string()
    return [
        sa.or_(
            tickets.c.department.in_(own),
            helped.in_(own),
            tickets.c.owner.in_(names),
            tickets.c.created_by.in_(names),
        )
    ]


def _conditions(wanted: TicketFilter, viewer: Actor | None = None) -> list[Any]:
    equal = ("workflow", "state", "owner", "customer_id", "call_id", "department")
    found: list[Any] = [tickets.c[name] == value for name in equal if (value := getattr(wanted, name))]
    if wanted.open is not None:
        found.append(tickets.c.closed_at.is_(None) if wanted.open else tickets.c.closed_at.is_not(None))
    if wanted.mine_of:
        owners = own_names(viewer) if viewer and viewer.user == wanted.mine_of else {wanted.mine_of}
        found.append(sa.or_(tickets.c.owner.in_(sorted(owners)), tickets.c.created_by == wanted.mine_of))
    if wanted.q:
        found.append(
            sa.or_(
                tickets.c.number.icontains(wanted.q, autoescape=True),
                tickets.c.subject.icontains(wanted.q, autoescape=True),
            )
        )
    return found
