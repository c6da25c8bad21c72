"""Whoever hangs up is gone, at every node of every shipped flow, on a real Asterisk 22 and 16: the visit says where,
and nothing is left of it."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import pytest_asyncio

from tests.e2e.house import SERVICE
from tests.e2e.leavers import OpenLine, in_line, nothing_left, tickets
from tests.e2e.menu import DAYS, Menu, another_day
from tests.e2e.plans import ENDING, NEWS_EN, NEWS_ZH, OPEN_ENDED, WORDS, Plan, plans
from tests.e2e.walk import Hook, Walk, all_of, exchange
from tests.faults.soak import SOAK
from tests.real.sipp import Caller, Phone

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="session")]
SPOKEN_OF = (WORDS, "bill/owed_due")
FAR = "2099-01-01T12:00:00.000Z"


@pytest_asyncio.fixture(scope="module", loop_scope="session", params=[22, 16])
async def line(request: pytest.FixtureRequest, open_line: OpenLine) -> AsyncIterator[Menu]:
    async with open_line(request.param, plans()) as menu:
        yield menu


def hooks(menu: Menu, one: Plan, number: str) -> dict[str, Hook]:
    """What an agent does to the caller's ticket meanwhile, so that it refuses what the caller wants then."""

    async def close() -> None:
        await menu.fire(await menu.ticket(number), "close", "chen")

    async def cancel() -> None:
        await menu.fire(await menu.ticket(number), "cancel", "chen", reason="twice")

    if "ticket.urge" in one.scenario.refuses:
        return {"ticket_status/hurry": cancel}
    return {"ticket_status/is_solved": close} if "ticket.confirm" in one.scenario.refuses else {}


async def talked_with_chen(menu: Menu, number: str) -> None:
    """An agent of the last hour for the caller with that number, who is free now."""
    await menu.on_duty("service", "chen")
    async with Phone(menu.pbx, "1003") as phone, Caller(menu.pbx, SERVICE, number) as caller:
        await phone.ringing()
        await phone.answer()
        await caller.answered()
        await caller.hang_up()
    await menu.quiet()
    await menu.on_duty("emergency", "chen")


@contextmanager
def away(database: Path, *tables: str) -> Iterator[None]:
    """The records are away: as after an upgrade that went wrong, these tables are not there."""

    def renamed(old: str, new: str) -> None:
        with sqlite3.connect(database, timeout=30) as db:
            db.execute("PRAGMA legacy_alter_table = ON")
            db.execute(f"ALTER TABLE {old} RENAME TO {new}")

    for table in tables:
        renamed(table, f"{table}_away")
    try:
        yield
    finally:
        for table in tables:
            renamed(f"{table}_away", table)


def share(version: int) -> list[Plan]:
    """Every other node on each version, all on both with `make soak`; everywhere those that the test speaks of."""
    return [one for one in plans() if SOAK or one.node in SPOKEN_OF or one.index % 2 == (version == 22)]


async def test_a_caller_may_hang_up_in_every_node(line: Menu) -> None:
    calls = share(line.pbx.version)
    assert len({one.number for one in calls}) == len(calls)
    for district, until in ((ENDING, FAR), (OPEN_ENDED, None)):
        new = {"text_en": NEWS_EN, "text_zh": NEWS_ZH, "districts": [district], "until": until}
        await line.server.api("POST", "/outages", {k: v for k, v in new.items() if v}, "ada")
    own = await tickets(line, calls)
    for one in calls:
        if one.node == "person/same_agent":
            await talked_with_chen(line, one.number)
    async with exchange(line.pbx) as board:
        walks = {one.node: Walk(board, one, hooks(line, one, own.get(one.node, ""))) for one in calls}

        def those(office: str, broken: bool) -> list[Walk]:
            return [w for w in walks.values() if (w.plan.office, w.plan.broken) == (office, broken)]

        async with in_line(line, 3):
            assert await all_of(line.pbx, those("open", False)) == []
        line.server.broken = ["no such table: outages", "no such table: tickets"]
        with away(line.server.folder / "ringdesk.db", "outages", "tickets"):
            assert await all_of(line.pbx, those("open", True)) == []
        await line.open_on(another_day())
        assert await all_of(line.pbx, those("closed", False)) == []
        await line.open_on(*DAYS, holiday=True)
        assert await all_of(line.pbx, those("holiday", False)) == []
        await line.open_on(*DAYS)
        await nothing_left(line, list(walks.values()))
        again = Walk(board, walks["bill/owed_due"].plan, {})
        assert await all_of(line.pbx, [again]) == [], "the next call is whole"
        await nothing_left(line, [again])
        assert line.server.faults() == []
        (visit,) = (await line.call(walks[WORDS].call_id))["ivr"]
        assert len(visit["recordings"]) == 1, "what was said before the caller hung up is kept"
