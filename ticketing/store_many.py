"""Many tickets in one statement each, for work that nobody waits for: in the caller's transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from core.audit import audit
from core.ids import new_id
from ticketing.messages import HistoryRow, Ticket
from ticketing.tables import ticket_history, tickets


async def several(tx: AsyncConnection, ids: Sequence[str]) -> dict[str, Ticket]:
    """These tickets by id."""
    rows = (await tx.execute(sa.select(tickets).where(tickets.c.id.in_(ids)))).mappings()
    return {row["id"]: Ticket(**row) for row in rows}


async def last_hashes(tx: AsyncConnection, ids: Sequence[str]) -> dict[str, str]:
    """The hash of each ticket's last history row."""
    query = (
        sa.select(ticket_history.c.ticket_id, ticket_history.c.hash)
        .join(tickets, tickets.c.id == ticket_history.c.ticket_id)
        .where(tickets.c.id.in_(ids), ticket_history.c.seq == tickets.c.version)
    )
    return {row.ticket_id: row.hash for row in await tx.execute(query)}


async def replace_locked(tx: AsyncConnection, changed: Sequence[Ticket]) -> None:
    """Write tickets whose rows this transaction has locked, so that no version need be compared."""
    names = [name for name in Ticket.__struct_fields__ if name != "id"]
    query = (
        sa.update(tickets)
        .where(tickets.c.id == sa.bindparam("the_id"))
        .values({name: sa.bindparam(f"new_{name}") for name in names})
    )
    values = [
        {"the_id": ticket.id, **{f"new_{name}": getattr(ticket, name) for name in names}}
        for ticket in changed
    ]
    await tx.execute(query, values)


async def append_histories(tx: AsyncConnection, rows: Sequence[tuple[str, HistoryRow]]) -> None:
    """Write history rows, each with the id of its ticket."""
    values = [{"ticket_id": ticket_id, **msgspec.structs.asdict(row)} for ticket_id, row in rows]
    await tx.execute(sa.insert(ticket_history), values)


async def append_audits(
    tx: AsyncConnection, at: float, actor: str, rows: Sequence[tuple[str, str, Mapping[str, Any]]]
) -> None:
    """Write rows of the audit trail: action and subject, with their details."""
    values = [
        {"id": new_id(at), "at": at, "actor": actor, "action": action, "subject": subject, "details": details}
        for action, subject, details in rows
    ]
    await tx.execute(sa.insert(audit), values)
