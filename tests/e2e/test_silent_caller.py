"""Who comes to a question of the shipped flows and does nothing from there on, on a real Asterisk 22 and 16: asked as
often as the node says and no more, and at the end in the queue or hung up, as the flow says.

In the usual run questions wait for a second and sounds are short, so that nobody sits for minutes, and each version has
every kind of question and half of those of one kind. With `make soak` both have all, the flows are as they are shipped,
and every prompt is heard out.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext, suppress
from itertools import groupby
from typing import Any

import pytest

from tests.e2e.leavers import in_line, records, tickets
from tests.e2e.listener import Listener
from tests.e2e.menu import DAYS, Menu, another_day
from tests.e2e.plans import ENDING, NEWS_EN, NEWS_ZH, OPEN_ENDED, Plan
from tests.e2e.silent import Silent, silent_ones, soon_over
from tests.e2e.walk import exchange
from tests.faults.soak import SOAK
from tests.real.sipp import Phone
from tests.unit.ivr_flows.silence import CONFIRMS, asking, silent_at
from tests.unit.ivr_flows.ways import node_of

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="session")]
FAR = "2099-01-01T12:00:00.000Z"
MADE_READY = ("person/offer", "person/closed_offer")
"""For these the house has to be made ready, which takes its time: with `make soak` only."""
TO_AN_AGENT = "hotline/main"
"""Who falls silent there reaches an agent."""
CONFIRMING = 90
"""The number of the caller who types and does not confirm."""


class Pops:
    """What an agent is shown of each caller, by the caller's number."""

    def __init__(self) -> None:
        self._came = asyncio.Condition()
        self.of: dict[str, dict[str, Any]] = {}

    async def read(self, agent: Listener) -> None:
        """Takes down what the agent is told, until cancelled."""
        while True:
            told = await agent.next()
            if told.get("type") == "pop":
                async with self._came:
                    self.of[told["data"]["caller"]["number"]] = told["data"]
                    self._came.notify_all()

    async def wait(self, walk: Silent) -> None:
        """Returns when the agent has the pop of this caller."""
        number = f"+86{walk.plan.number}"
        async with asyncio.timeout(60), self._came:
            await self._came.wait_for(lambda: number in self.of)


@asynccontextmanager
async def pops_of(menu: Menu, agent: str) -> AsyncIterator[Pops]:
    """What this agent is shown from now on."""
    pops = Pops()
    async with menu.listener(agent) as listening:
        reading = asyncio.create_task(pops.read(listening))
        try:
            yield pops
        finally:
            reading.cancel()
            with suppress(asyncio.CancelledError):
                await reading


async def nobody(_: Silent) -> None:
    """No agent is there."""


async def asked_about(menu: Menu, calls: list[Plan]) -> None:
    """What callers without a record, and with one, ask about."""
    folder = menu.server.folder / "records"
    folder.mkdir()
    await records(folder, calls, menu.server.folder / "ringdesk.db")
    await tickets(menu, calls)


@asynccontextmanager
async def outages(menu: Menu) -> AsyncIterator[None]:
    """The outages that callers are told of, until they are over."""
    found = []
    for district, until in ((ENDING, FAR), (OPEN_ENDED, None)):
        new = {"text_en": NEWS_EN, "text_zh": NEWS_ZH, "districts": [district]}
        found.append(
            await menu.server.api("POST", "/outages", new | ({"until": until} if until else {}), "ada")
        )
    try:
        yield
    finally:
        for one in found:
            await menu.server.api("POST", f"/outages/{one['id']}/end", {"version": one["version"]}, "ada")


async def as_the_flow_says(menu: Menu, walk: Silent, confirms: bool) -> dict[str, Any]:
    """The caller was asked and let go as the engine would; returns the visit."""
    expected = silent_at(walk.plan, "confirm" if confirms else "")
    heard = [one in here for one, here in zip(expected.asked, walk.asked, strict=True)]
    assert all(heard), (walk.plan.node, expected.asked, walk.asked)
    call = await menu.settled(walk.call_id)
    (visit,) = call["ivr"]
    state = expected.state
    assert state.ended is not None
    assert (visit["ended"], visit["detail"]) == (state.ended.value, state.detail), walk.plan.node
    assert visit["path"] == list(state.path), walk.plan.node
    assert walk.queue == state.detail.removeprefix("queue:")
    return dict(visit)


def share(version: int) -> list[Plan]:
    """Of each kind of question every other one for each version, of a kind with one alone that one for both."""
    found = asking()
    if SOAK:
        return found
    some = [one for one in found if one.node == TO_AN_AGENT]
    others = [one for one in found if one.node not in {TO_AN_AGENT, *MADE_READY}]
    for _, same in groupby(sorted(others, key=kind), key=kind):
        each = list(same)
        some += each if len(each) == 1 else each[version != 22 :: 2]
    return some


def kind(plan: Plan) -> str:
    return type(node_of(plan.node)).__name__


async def test_a_silent_caller_is_asked_as_often_as_the_flow_says_and_let_go(menu: Menu) -> None:
    calls = share(menu.pbx.version)
    account = next(one for one in asking() if one.node == CONFIRMS)
    confirming = Plan(CONFIRMS, account.path, CONFIRMING)
    await asked_about(menu, [*calls, confirming])
    async with nullcontext() if SOAK else soon_over(menu), outages(menu), exchange(menu.pbx) as board:
        await menu.on_duty("service", "chen")
        async with pops_of(menu, "chen") as pops, Phone(menu.pbx, "1003"):
            open_ = [one for one in calls if one.office == "open" and one.node != "person/offer"]
            walks = [Silent(board, one, pops.wait) for one in open_]
            unsaid = Silent(board, confirming, pops.wait, confirms=True)
            assert await silent_ones(menu.pbx, [*walks, unsaid]) == []
        await menu.on_duty("service")
        offered = [Silent(board, one, nobody) for one in calls if one.node == "person/offer"]
        if offered:
            async with in_line(menu, 3):
                assert await silent_ones(menu.pbx, offered) == []
            await menu.clear()
        closed = [Silent(board, one, nobody) for one in calls if one.office == "closed"]
        if closed:
            await menu.open_on(another_day())
            assert await silent_ones(menu.pbx, closed) == []
            await menu.open_on(*DAYS)
    await menu.quiet()
    assert "ringdesk_ivr_callers 0.0" in await menu.metrics()
    visits = {one.plan.node: await as_the_flow_says(menu, one, False) for one in (*walks, *offered, *closed)}
    assert set(visits) == {one.node for one in calls}
    assert (await as_the_flow_says(menu, unsaid, True))["answers"]["topic"] == "fault"
    shown = {walk.plan.node: pops.of[f"+86{walk.plan.number}"]["ivr"] for walk in walks if walk.queue}
    assert TO_AN_AGENT in shown
    for node, ivr in shown.items():
        assert (ivr["answers"], ivr["path"]) == (visits[node]["answers"], visits[node]["path"])
    of_faults = [visit["answers"]["topic"] for node, visit in visits.items() if node.startswith("fault/")]
    assert set(of_faults) == {"fault"}
    ticket = await menu.ticket(visits["fault/words"]["answers"]["ticket.number"])
    assert not ticket["fields"].get("recording"), "nothing was said"
