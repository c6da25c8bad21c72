"""What is not kept for ever: by the settings' ages, old rows with personal data are deleted, once an hour."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from typing import TYPE_CHECKING

import msgspec
import structlog

from core import audit, outbox
from core.clock import Clock
from core.database import Database
from core.tasks import Tasks
from cti.forgetting import forget_calls
from cti.recordings import store as recordings
from screenpop.work_store import WorkStore

if TYPE_CHECKING:
    from server.rooms import Rooms

log = structlog.get_logger(__name__)
DAY = 86_400.0
ROUND_SECONDS = 3600.0
FAILED_DAYS = 90.0
"""What could not be delivered after all tries is kept so long for who wants to look into it."""

Forget = Callable[[float], Awaitable[int]]
"""Deletes what is older than this moment (epoch seconds); how many."""


class Rule(msgspec.Struct, frozen=True):
    """What is kept for how many days; 0: for ever."""

    name: str
    days: float
    forget: Forget


class Retention:
    """Owner of the task that deletes rows by age. Several servers on one database may do so at once."""

    def __init__(self, db: Database, rules: tuple[Rule, ...], clock: Clock) -> None:
        self._db, self._rules, self._clock = db, rules, clock
        self.forgotten: dict[str, int] = {rule.name: 0 for rule in rules}
        """How many rows have been deleted since the start."""

    def start(self, tasks: Tasks) -> None:
        """Work as long as this owner runs."""
        tasks.spawn(self._run(), "retention")

    async def round(self) -> None:
        """One round over all rules. What one deleted is audited; one that fails keeps nobody else from going on."""
        for rule in self._rules:
            if rule.days > 0:
                try:
                    await self._follow(rule)
                except Exception:
                    log.exception("retention.failed", what=rule.name)

    async def _follow(self, rule: Rule) -> None:
        now = self._clock.now()
        count = await rule.forget(now - rule.days * DAY)
        if not count:
            return
        self.forgotten[rule.name] += count
        log.info("retention.deleted", what=rule.name, count=count)
        details = {"count": count, "days": rule.days}
        async with self._db.begin() as tx:
            await audit.record(tx, now, "system", "retention.delete", f"rows:{rule.name}", details)

    async def _run(self) -> None:
        while True:
            await self.round()
            await asyncio.sleep(ROUND_SECONDS)


def retention_of(house: Rooms) -> Retention:
    """A house's rules."""
    kept, db = house.settings.retention, house.db
    works = WorkStore(db)

    async def needed(call_ids: Collection[str]) -> frozenset[str]:
        """By open tickets, which may name a call by the id of one that is part of it."""
        parts = await house.calls.parts_of(call_ids)
        named = await house.tickets.calls_of_open([*call_ids, *parts])
        return named | {parts[id] for id in named if id in parts}

    return Retention(
        db,
        (
            Rule("calls", kept.calls_days, lambda at: forget_calls(db, at, needed, works.forget)),
            Rule("recordings", kept.calls_days, lambda at: recordings.forget(db, at)),
            Rule("visits", kept.menus_days, house.visits.store.forget),
            Rule("callbacks", kept.callbacks_days, house.callbacks.store.forget),
            Rule("surveys", kept.surveys_days, house.surveys.forget),
            Rule("audit", kept.audit_days, lambda at: audit.forget(db, at)),
            Rule("outbox", FAILED_DAYS, lambda at: outbox.forget_failed(db, at)),
        ),
        house.clock,
    )
