"""Visits in both databases, and over a restart of the server."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from core.bus import Bus
from core.database import Database
from core.tasks import Tasks
from cti.messages import Call, CallChanged, CallState, Direction, Party
from ivr_flows.messages import Ended, Language, Visit
from ivr_flows.visit_store import PAGE, VisitStore
from ivr_flows.visits import KEPT_OF_CALL, READ_BACK, Visits
from server.not_taken import NotTaken
from tests.conftest import START, FakeClock

VISIT = Visit(
    id="v1",
    call_id="main-1.1",
    pbx="main",
    flow="hotline",
    language=Language.ZH,
    number="13800138000",
    started_at=START,
    node="hotline/bill",
    path=("hotline/welcome", "hotline/bill"),
    entered=(0.0, 2.5),
    answers={"topic": "账单", "known": True, "count": 3},
    auth="pin",
    customer_id="c1",
    account="31002417",
    recordings=("r1",),
)


async def test_a_visit_comes_back_as_it_was_and_its_latest_shape_stays(db: Database) -> None:
    store = VisitStore(db)
    await store.save_many([VISIT])
    ended = replace(VISIT, ended=Ended.TRANSFERRED, ended_at=START + 9, detail="queue:service")
    later = replace(VISIT, id="v2", started_at=START + 60, ended=Ended.SERVED, ended_at=START + 61)
    await store.save_many([ended, later])
    assert await store.of_customer("c1", None, 10) == [later, ended]
    assert await store.of_customer("c1", START + 59, 10) == [ended]
    assert await store.of_calls(["main-1.1", "other"]) == {"main-1.1": (ended, later)}
    assert await store.since(START, 1) == [later]


WAITS = Call("main-1.1", "main", Direction.INBOUND, CallState.QUEUED, Party(), "4005", START, queue="service")


@pytest.mark.parametrize(
    ("left", "call", "told"),
    [
        pytest.param("number:+8613811112222", WAITS, True, id="a number"),
        pytest.param("queue:emergency", WAITS, True, id="another queue"),
        pytest.param("queue:service", WAITS, False, id="its own queue"),
        pytest.param("agent:chen", WAITS, False, id="an agent"),
        pytest.param("that agent is not free", WAITS, False, id="nobody"),
        pytest.param("number: no answer in time", WAITS, False, id="told already"),
        pytest.param("queue:emergency", replace(WAITS, state=CallState.IVR), False, id="not there yet"),
        pytest.param("queue:emergency", replace(WAITS, answered_at=START), False, id="sent on by an agent"),
        pytest.param("queue:emergency", replace(WAITS, id="main-9.9"), False, id="another call"),
    ],
)
def test_whom_nobody_took_where_the_flow_sent_it_is_told_of_once(
    sqlite_db: Database, left: str, call: Call, told: bool
) -> None:
    bus = Bus()
    visits = Visits(bus, VisitStore(sqlite_db), FakeClock())
    NotTaken(visits).subscribe(bus)
    bus.publish(CallChanged(call))
    visits.put(replace(VISIT, ended=Ended.TRANSFERRED, ended_at=START + 9, detail=left))
    for _ in range(2):
        bus.publish(CallChanged(call))
    said = ["nobody took the caller there, who went on to the queue service"]
    assert [one.what for one in visits.troubles] == (said if told else [])
    visits.put(replace(VISIT, id="v2", ended=Ended.FAILED, detail=left))
    bus.publish(CallChanged(call))
    assert len(visits.troubles) == told


async def test_hostile_texts_are_cut_to_what_the_table_holds(db: Database) -> None:
    store = VisitStore(db)
    await store.save_many(
        [replace(VISIT, number="9" * 1000, detail="x" * 1000, node="n" * 1000, call_id="c" * 1000)]
    )
    (found,) = await store.since(START, 10)
    assert (len(found.number), len(found.detail)) == (256, 256)


async def test_figures_read_every_ended_visit_once_however_many_begin_at_once(sqlite_db: Database) -> None:
    store = VisitStore(sqlite_db)
    ended = replace(VISIT, ended=Ended.SERVED, ended_at=START + 1)
    many = [
        replace(ended, id=f"v{number:05d}", started_at=START + number // 900) for number in range(PAGE + 500)
    ]
    await store.save_many(
        [*many, replace(VISIT, id="live"), replace(ended, id="after", started_at=START + 99)]
    )
    found = [visit.id async for page in store.ended_between(START, START + 99) for visit in page]
    assert found == [visit.id for visit in many]


async def test_of_thousands_who_say_that_they_are_one_call_the_last_are_shown(
    sqlite_db: Database, bus: Bus, clock: FakeClock
) -> None:
    visits = Visits(bus, VisitStore(sqlite_db), clock)
    for number in range(3 * KEPT_OF_CALL):
        visits.put(replace(VISIT, id=f"v{number:05d}"))
    shown = [visit.id for visit in visits.of_call(VISIT.call_id)]
    assert shown == [f"v{number:05d}" for number in range(2 * KEPT_OF_CALL, 3 * KEPT_OF_CALL)]


async def test_after_a_restart_the_pop_still_has_it_and_nobody_is_in_a_flow(
    db: Database, bus: Bus, clock: FakeClock
) -> None:
    store, tasks = VisitStore(db), Tasks()
    before = Visits(bus, store, clock)
    await before.start(tasks)
    before.put(VISIT)
    assert before.in_nodes() == {"hotline/bill": 1}
    assert await before.saver.flush()
    after = Visits(bus, store, clock)
    await after.start(tasks)
    assert await after.saver.flush()
    assert after.live() == []
    (found,) = await store.since(START, 10)
    assert (found.ended, found.ended_at, found.detail) == (
        Ended.FAILED,
        START + 2.5,
        "the server was stopped",
    )
    assert after.of_call("main-1.1") == (found,)
    await tasks.close()


async def test_a_server_that_starts_leaves_the_callers_of_another_one_alone(
    db: Database, bus: Bus, clock: FakeClock
) -> None:
    store, tasks = VisitStore(db), Tasks()
    theirs = replace(VISIT, id="v2", pbx="branch", call_id="branch-1.1")
    orphan = replace(VISIT, id="v3", pbx="sold", call_id="sold-1.1", started_at=START - READ_BACK - 1)
    await store.save_many([VISIT, theirs, orphan])
    main = Visits(bus, store, clock, pbxs=("main",))
    await main.start(tasks)
    kept = {visit.id: visit.ended for visit in await store.since(0, 10)}
    assert kept == {"v1": Ended.FAILED, "v2": None, "v3": Ended.FAILED}
    await store.save_many([replace(theirs, ended=Ended.SERVED, ended_at=START + 9)])
    assert (await main.of_calls(["branch-1.1"]))["branch-1.1"][0].ended is Ended.SERVED
    # Who ended it meanwhile knows better than who only found it.
    await store.break_off([replace(theirs, ended=Ended.FAILED, ended_at=START)])
    assert (await store.of_calls(["branch-1.1"]))["branch-1.1"][0].ended is Ended.SERVED
    await tasks.close()
