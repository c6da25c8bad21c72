"""Figures of the last days: new for few visits, reckoned seldom for many, and once for all who ask together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from ivr_flows.last_days import DAY, FEW, VISITS_A_SECOND, LastDays
from ivr_flows.messages import Ended, Language, Visit
from tests.conftest import START

WAY = ("hotline/main", "bill/told")
VISIT = Visit(
    "v", "c", "main", "hotline", Language.EN, "138", START, path=WAY, ended=Ended.SERVED, ended_at=START + 30
)


class Store:
    """So many visits, and how often they were read."""

    def __init__(self, visits: int) -> None:
        self.visits, self.spans = visits, list[tuple[float, float]]()

    async def ended_between(self, since: float, until: float) -> AsyncIterator[list[Visit]]:
        self.spans.append((since, until))
        await asyncio.sleep(0)
        yield [VISIT] * self.visits


async def test_few_visits_are_counted_anew_each_time() -> None:
    store = Store(FEW - 1)
    days = LastDays(store)
    first = await days.figures(1, START)
    store.visits = 1
    assert (await days.figures(1, START)).figures[0].visits == 1
    assert (first.visits, first.figures[0].visits, first.through) == (FEW - 1, FEW - 1, {"bill": FEW - 1})
    assert store.spans == [(START - DAY, START + 1)] * 2


async def test_many_are_counted_seldom_and_once_for_all_who_look_on() -> None:
    store = Store(FEW)
    days = LastDays(store)
    found = await asyncio.gather(*(days.figures(7, START + n / 10) for n in range(9)))
    lasts = FEW / VISITS_A_SECOND
    assert await days.figures(7, START + lasts - 0.01) == found[0]
    assert ({one.at for one in found}, len(store.spans)) == ({START}, 1)
    assert (await days.figures(1, START)).at == START
    assert (await days.figures(7, START + lasts)).at == START + lasts
    assert (await days.figures(7, START)).at == START, "a clock that was set back holds nothing up"
