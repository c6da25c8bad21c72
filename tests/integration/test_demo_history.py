"""The demo's last days: what was made of them hangs together, as if people had called."""

from __future__ import annotations

import shutil
import time
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from core.identity.roles import Role
from core.identity.users import User
from cti.messages import Outcome
from cti.practice.people import town
from cti.recordings.store import Wanted
from cti.store import CallFilter
from ivr_flows.messages import Ended, Visit
from ivr_flows.surveys.store import Wanted as Scores
from server import demo, demo_flows, demo_history
from server.demo_past import DemoClock, PastMenu
from server.wiring import House
from ticketing.messages import TicketFilter

pytestmark = pytest.mark.asyncio(loop_scope="module")
TOWN = town(size=24)
NOON = (time.time() // 86_400 - 1) * 86_400 + 4 * 3600
"""Of yesterday, where the demo is: all of it is past."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> AsyncIterator[House]:
    folder, clock = tmp_path_factory.mktemp("demo"), DemoClock()
    shutil.copy(sqlite_template, folder / "demo.db")
    demo_flows.furnish(folder)
    house = House(demo.settings_for(folder, 0, 0), clock, speaker=demo_flows.TimedVoice())
    await house.load_definitions()
    await demo.seed(house, TOWN, NOON)
    await demo_history.tell(PastMenu(house, clock, folder / demo_flows.RECORDINGS), TOWN, NOON, days=3)
    assert clock.past is None
    yield house
    await house.db.close()


async def visits_of(house: House) -> list[Visit]:
    return [one async for some in house.visits.store.ended_between(0, NOON * 2) for one in some]


async def test_the_last_days_hang_together(house: House) -> None:
    visits = await visits_of(house)
    calls = {one.id: one for one in await house.calls.list(CallFilter(since=NOON - 4 * 86_400), 1000)}
    ended = Counter(one.ended for one in visits if one.flow == "hotline")
    assert min(ended[one] for one in (Ended.SERVED, Ended.TRANSFERRED, Ended.HUNG_UP)) > 3
    assert not ended[Ended.FAILED], "no answer of the house was missing"
    for visit in visits:
        call = calls[visit.call_id]
        assert len(visit.path) == len(visit.entered)
        assert list(visit.entered) == sorted(visit.entered)
        assert call.started_at <= visit.started_at <= (visit.ended_at or 0.0) <= NOON
        assert (call.ended_at or 0.0) >= (visit.ended_at or 0.0) or call.queue, visit
        if visit.flow == "hotline":
            assert call.called_nobody == (visit.ended is not Ended.TRANSFERRED)
    assert all((one.ended_at or 0.0) <= NOON for one in calls.values())
    assert {one.outcome for one in calls.values()} >= {Outcome.ANSWERED, Outcome.ABANDONED}

    scores = await house.surveys.page(Scores(), 100, "")
    assert {one.kind for one in scores} == {"call", "ticket"}
    assert all(one.call_id in calls and one.at <= NOON for one in scores)
    assert all(one.agent and one.queue for one in scores if one.kind == "call")
    callbacks = await house.callbacks.store.page(None, 100, "")
    assert callbacks
    assert all(not one.open and one.call_id in calls and one.asked_call in calls for one in callbacks)
    assert await house.outages.page(False, 10, "")


async def test_what_was_said_can_be_heard_and_was_repaired(house: House) -> None:
    assert await house.recordings.scan() > 0
    found, _ = await house.recordings.find(User("sam", "Sam", Role.SUPERVISOR), Wanted())
    assert {one.kind.value for one in found} == {"words", "call"}
    for one in found:
        assert await house.calls.get(one.call_id) is not None
        assert one.size > one.seconds * 15_000
        assert one.started_at < NOON
    own = await house.tickets.list(TicketFilter(workflow="repair"), 100)
    reported = [ticket for ticket in own if ticket.channel == "ivr"]
    assert {ticket.fields["recording"] for ticket in reported} == {one.id for one in found if one.ticket_id}
    assert {ticket.state for ticket in reported} >= {"closed"}
    assert all(ticket.updated_at <= NOON for ticket in reported)
