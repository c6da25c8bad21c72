"""How often the server has dialled by itself: counted before each call, in one transaction, on all servers together."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from config.settings import DialSettings
from core.database import Database, insert_for
from cti.tables import dial_counts as t

KEPT_SECONDS = 2 * 86_400


class CapReached(Exception):
    """Rolls the counting back."""


class DialCounts:
    """Caps of the dial policy. Hours and days are those of UTC: a cap against fraud need not know midnight here."""

    def __init__(self, db: Database, policy: DialSettings) -> None:
        self._db = db
        self._policy = policy

    async def take(self, number: str, at: float) -> bool:
        """Count one more call to this number; False, and nothing counted, where any cap is reached."""
        moment = datetime.fromtimestamp(at, UTC)
        caps = (
            (f"hour {moment:%Y-%m-%dT%H}", self._policy.per_hour),
            (f"day {moment:%Y-%m-%d}", self._policy.per_day),
            (f"{number[:24]} {moment:%Y-%m-%d}", self._policy.per_number),
        )
        try:
            async with self._db.begin() as tx:
                for key, cap in caps:
                    await _count(tx, key, cap, at)
                await tx.execute(sa.delete(t).where(t.c.at < at - KEPT_SECONDS))
        except CapReached:
            return False
        return True


async def _count(tx: AsyncConnection, key: str, cap: int, at: float) -> None:
    """One more under this key: the row is locked until the commit, so that two servers never pass a cap together."""
    if cap < 1:
        raise CapReached
    first = insert_for(tx, t).values(key=key, count=1, at=at)
    more = first.on_conflict_do_update(
        index_elements=["key"], set_={"count": t.c.count + 1}, where=t.c.count < cap
    ).returning(t.c.count)
    if (await tx.execute(more)).first() is None:
        raise CapReached
