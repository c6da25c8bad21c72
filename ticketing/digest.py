"""Notices of escalations: many for one recipient within a while become a single one.

The first goes out at once; what comes within the window after it waits for the window's end and goes out together.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from core import outbox
from core.database import Database, insert_for
from core.ids import new_id
from ticketing.messages import TicketNotice
from ticketing.notices import NOTICE_TOPIC
from ticketing.tables import notice_windows, waiting_notices

WINDOW_SECONDS = 60.0
NAMED = 20
"""How many tickets a digest names by number; the others are counted."""
RECIPIENTS = 200
"""How many recipients are told in one pass."""
_LOCK = 0x52444E54
"""PostgreSQL's advisory lock: of several servers one tells at a time."""


def recipient(notice: TicketNotice) -> str:
    """Whom a notice is for, as one text."""
    if notice.to == "customer":
        return f"customer {notice.number}"  # what customers are told is never mixed
    if notice.to == "owner":
        return f"owner {notice.owner}"
    if notice.to in ("department", "head"):
        return f"{notice.to} {notice.department}"
    return notice.to


async def wait(tx: AsyncConnection, at: float, notices: Iterable[TicketNotice]) -> None:
    """Have these told soon, together with others for the same recipient."""
    rows: list[dict[str, Any]] = [
        {"id": new_id(at), "recipient": recipient(notice)[:200], "at": at, "payload": notice}
        for notice in notices
    ]
    if rows:
        await tx.execute(sa.insert(waiting_notices), rows)


async def tell(db: Database, now: float, window: float = WINDOW_SECONDS) -> int:
    """Put into the outbox what need not wait longer; returns the number of notices, a digest counting as one."""
    async with db.read() as tx:
        if (await tx.execute(sa.select(waiting_notices.c.id).limit(1))).first() is None:
            return 0
    async with db.begin() as tx:
        if tx.dialect.name == "postgresql":
            query = sa.select(sa.func.pg_try_advisory_xact_lock(_LOCK))
            if not (await tx.execute(query)).scalar_one():
                return 0
        ready = await _ready(tx, now, window)
        for one in ready:
            await _tell(tx, one, now)
        # Customers come and go: whose window is over long since needs no row.
        await tx.execute(sa.delete(notice_windows).where(notice_windows.c.sent_at < now - 86_400))
        return len(ready)


async def _ready(tx: AsyncConnection, now: float, window: float) -> list[str]:
    waiting, windows = waiting_notices.c, notice_windows.c
    query = (
        sa.select(waiting.recipient)
        .distinct()
        .outerjoin(notice_windows, windows.recipient == waiting.recipient)
        .where(sa.or_(windows.sent_at.is_(None), windows.sent_at <= now - window))
        .order_by(waiting.recipient)
        .limit(RECIPIENTS)
    )
    return list((await tx.execute(query)).scalars())


async def _tell(tx: AsyncConnection, to: str, now: float) -> None:
    query = (
        sa.delete(waiting_notices)
        .where(waiting_notices.c.recipient == to)
        .returning(waiting_notices.c.id, waiting_notices.c.payload)
    )
    rows = sorted((row.id, row.payload) for row in await tx.execute(query))
    await outbox.put(tx, now, NOTICE_TOPIC, digest([payload for _, payload in rows]))
    insert = insert_for(tx, notice_windows).values(recipient=to, sent_at=now)
    await tx.execute(insert.on_conflict_do_update(index_elements=["recipient"], set_={"sent_at": now}))


def digest(payloads: list[dict[str, Any]]) -> TicketNotice:
    """One notice for all of these: the first one, with the number of tickets and the numbers of the first few."""
    first = msgspec.convert(payloads[0], TicketNotice)
    numbers = list(dict.fromkeys(payload["number"] for payload in payloads))
    if len(numbers) == 1:
        return msgspec.structs.replace(first, step=payloads[-1].get("step", ""))
    return msgspec.structs.replace(first, count=len(numbers), numbers=tuple(numbers[:NAMED]))
