"""By which ids a call is known: its own, and those of the calls that turned out to be part of it."""

from __future__ import annotations

from collections.abc import Collection

from cti.joins import Joins
from cti.store import CallStore


class CallIds:
    """A join of a moment ago may not be written yet, one of last year is only written: both are asked for."""

    def __init__(self, calls: CallStore, joins: Joins) -> None:
        self._calls = calls
        self._joins = joins

    async def of(self, call_id: str) -> list[str]:
        """All of them, the given one too."""
        return await self.of_all((call_id,))

    async def of_all(self, call_ids: Collection[str]) -> list[str]:
        """All of each of these calls, or of what each is part of."""
        whole = {self._joins.now(one) for one in (await self._calls.wholes_of(call_ids)).values()}
        return sorted({*call_ids, *whole, *await self.parts_of([*call_ids, *whole])})

    async def parts_of(self, call_ids: Collection[str]) -> dict[str, str]:
        """Calls that are part of these: by the id that each had, the one of these that it is part of."""
        recent = {
            part: one for one in call_ids for part in self._joins.ids(one) if self._joins.now(one) == one
        }
        below = {one: one for one in call_ids} | recent
        written = await self._calls.parts_of(list(below))
        return {part: below[one] for part, one in written.items()} | recent
