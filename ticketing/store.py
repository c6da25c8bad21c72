"""Tickets in the database: rows in, rows out. Every function works in the caller's transaction."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Mapping
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from core import trips
from core.database import insert_in
from core.trips import Query
from ticketing.messages import Actor, Due, HistoryRow, Ticket, TicketFilter
from ticketing.staff import CO_DEPARTMENT, own_names, restricted
from ticketing.tables import ticket_clocks, ticket_counters, ticket_history, tickets

NEVER = 1e12
"""When a ticket without a running clock is due: after all that are (epoch seconds)."""

_GET = sa.select(tickets).where(tickets.c.id == sa.bindparam("this"))
"""Built once: building a statement costs ten times as much as running it."""


_NEWEST = sa.select(tickets).order_by(tickets.c.id.desc()).limit(sa.bindparam("most", type_=sa.Integer))
_OF_CUSTOMER = Query(_NEWEST.where(tickets.c.customer_id == sa.bindparam("customer")))
_OPEN_OF_CUSTOMER = Query(
    _NEWEST.where(tickets.c.customer_id == sa.bindparam("customer"), tickets.c.closed_at.is_(None))
)
_OPEN_OF_CALLS = Query(
    _NEWEST.where(tickets.c.call_id.in_(sa.bindparam("calls", expanding=True)), tickets.c.closed_at.is_(None))
)


@cache
def _next_number(dialect: str) -> Any:
    counter = insert_in(dialect, ticket_counters)
    return counter.on_conflict_do_update(
        index_elements=["prefix", "day"], set_={"last": ticket_counters.c.last + 1}
    ).returning(ticket_counters.c.last)


async def next_number(tx: AsyncConnection, prefix: str, day: str) -> str:
    """The next free number of a kind and local day: C-20260131-0007. The row is locked until the commit, so that
    two openings never get the same one; a refused opening gives its number back."""
    taken = await tx.execute(_next_number(tx.dialect.name), {"prefix": prefix, "day": day, "last": 1})
    return f"{prefix}-{day}-{taken.scalar_one():04d}"


async def get(tx: AsyncConnection, ticket_id: str) -> Ticket | None:
    row = (await tx.execute(_GET, {"this": ticket_id})).mappings().one_or_none()
    return Ticket(**row) if row else None


async def by_ids(tx: AsyncConnection, ids: Collection[str]) -> list[Ticket]:
    """Those of these tickets that there are."""
    query = sa.select(tickets).where(tickets.c.id.in_(ids))
    return [Ticket(**row) for row in (await tx.execute(query)).mappings()]


async def by_number(tx: AsyncConnection, number: str) -> Ticket | None:
    """The ticket with this number, also where it was typed in small letters or in wide ones."""
    typed = unicodedata.normalize("NFKC", number).strip()
    names = tuple({typed, typed.upper()})
    found = (await tx.execute(sa.select(tickets).where(tickets.c.number.in_(names)))).mappings().all()
    exact = sorted(found, key=lambda row: row["number"] != typed)
    return Ticket(**exact[0]) if exact else None


async def by_numbers(tx: AsyncConnection, numbers: Collection[str]) -> list[Ticket]:
    """The tickets that have one of these numbers, by number."""
    query = sa.select(tickets).where(tickets.c.number.in_(numbers)).order_by(tickets.c.number)
    return [Ticket(**row) for row in (await tx.execute(query)).mappings()]


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


async def calls_of_open(tx: AsyncConnection, call_ids: Collection[str]) -> frozenset[str]:
    query = sa.select(tickets.c.call_id).where(tickets.c.call_id.in_(call_ids), tickets.c.closed_at.is_(None))
    return frozenset(await tx.scalars(query))


async def select(
    tx: AsyncConnection, wanted: TicketFilter, limit: int, after: str, viewer: Actor | None = None
) -> list[Ticket]:
    """The newest tickets that fit and that the viewer may see, older than the one with the id `after`."""
    seen = (*_conditions(wanted, viewer), *_visible(viewer))
    query = sa.select(tickets).where(*seen).order_by(tickets.c.id.desc()).limit(limit)
    if after:
        query = query.where(tickets.c.id < after)
    return [Ticket(**row) for row in (await tx.execute(query)).mappings()]


async def of_customer(tx: AsyncConnection, customer_id: str, limit: int) -> list[Ticket]:
    """A customer's newest tickets; this and the next two are asked with every call that rings."""
    return await _newest(tx, _OF_CUSTOMER, {"customer": customer_id, "most": limit})


async def open_of_customer(tx: AsyncConnection, customer_id: str, limit: int) -> list[Ticket]:
    """A customer's newest open tickets."""
    return await _newest(tx, _OPEN_OF_CUSTOMER, {"customer": customer_id, "most": limit})


async def open_of_calls(tx: AsyncConnection, call_ids: Collection[str], limit: int) -> list[Ticket]:
    """The newest open tickets that name one of these calls."""
    return await _newest(tx, _OPEN_OF_CALLS, {"calls": list(call_ids), "most": limit})


async def _newest(tx: AsyncConnection, query: Query, values: Mapping[str, Any]) -> list[Ticket]:
    return [Ticket(**row) for row in await trips.named(tx, query, values)]


async def first_due(tx: AsyncConnection, ids: Collection[str]) -> dict[str, float]:
    """When the first running clock of each of these tickets is due; those that have none are left out."""
    due = _first_due()
    rows = await tx.execute(sa.select(due).where(due.c.ticket_id.in_(ids)))
    return {row.ticket_id: row.at for row in rows}


async def select_due(
    tx: AsyncConnection, wanted: TicketFilter, limit: int, after: Due | None, viewer: Actor | None = None
) -> list[tuple[Ticket, Due]]:
    """Tickets that fit and may be seen, the soonest due first, behind the place `after`; those that no clock runs for
    come last (due `NEVER`)."""
    due = _first_due()
    at = sa.func.coalesce(due.c.at, NEVER)
    seen = (*_conditions(wanted, viewer), *_visible(viewer))
    query = sa.select(tickets, at.label("at")).outerjoin(due, due.c.ticket_id == tickets.c.id).where(*seen)
    if after is not None:
        later = sa.and_(at == after.at, tickets.c.id > after.ticket_id)
        query = query.where(sa.or_(at > after.at, later))
    rows = (await tx.execute(query.order_by(at, tickets.c.id).limit(limit))).mappings()
    found = []
    for row in rows:
        ticket = Ticket(**{name: row[name] for name in Ticket.__struct_fields__})
        found.append((ticket, Due(row["at"], ticket.id)))
    return found


@cache
def _first_due() -> sa.Subquery:
    running = (ticket_clocks.c.state == "running", ticket_clocks.c.due_at.is_not(None))
    first = sa.func.min(ticket_clocks.c.due_at).label("at")
    return (
        sa.select(ticket_clocks.c.ticket_id, first)
        .where(*running)
        .group_by(ticket_clocks.c.ticket_id)
        .subquery()
    )


def _visible(viewer: Actor | None) -> list[Any]:
    """`staff.sees`, said in SQL."""
    if viewer is None or not restricted(viewer):
        return []
    names = sorted(own_names(viewer))
    return [
        sa.or_(
            _of_department(viewer, tickets.c.department),
            _of_department(viewer, tickets.c.fields[CO_DEPARTMENT].as_string()),
            tickets.c.owner.in_(names),
            tickets.c.created_by.in_(names),
        )
    ]


def _of_department(viewer: Actor, column: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """`Actor.of_department`, said in SQL."""
    own = column.in_(sorted(viewer.departments))
    if viewer.staffed is None:
        return own
    return sa.or_(own, sa.and_(column != "", column.not_in(sorted(viewer.staffed))))


def _names(user: str, viewer: Actor | None) -> list[str]:
    """The user, and whom it stands in for where it is the viewer."""
    return sorted(own_names(viewer) if viewer and viewer.user == user else {user})


def _conditions(wanted: TicketFilter, viewer: Actor | None = None) -> list[Any]:
    equal = ("workflow", "state", "owner", "customer_id", "call_id", "department")
    found: list[Any] = [tickets.c[name] == value for name in equal if (value := getattr(wanted, name))]
    if wanted.call_ids:
        found.append(tickets.c.call_id.in_(wanted.call_ids))
    if wanted.open is not None:
        found.append(tickets.c.closed_at.is_(None) if wanted.open else tickets.c.closed_at.is_not(None))
    if wanted.mine_of:
        owned = tickets.c.owner.in_(_names(wanted.mine_of, viewer))
        found.append(sa.or_(owned, tickets.c.created_by == wanted.mine_of))
    if wanted.free_for:
        free = tickets.c.owner.is_(None)
        found.append(sa.or_(free, tickets.c.owner.in_(_names(wanted.free_for, viewer))))
    if wanted.states:
        pairs = [
            sa.and_(tickets.c.workflow == kind, tickets.c.state == state) for kind, state in wanted.states
        ]
        found.append(sa.or_(*pairs))
    if wanted.late_at is not None:
        running = (ticket_clocks.c.state == "running", ticket_clocks.c.due_at < wanted.late_at)
        found.append(tickets.c.id.in_(sa.select(ticket_clocks.c.ticket_id).where(*running)))
    if wanted.q:
        found.append(
            sa.or_(
                tickets.c.number.icontains(wanted.q, autoescape=True),
                tickets.c.subject.icontains(wanted.q, autoescape=True),
            )
        )
    return found
