"""What is older than an installation keeps is deleted, and nothing that is still needed."""

from __future__ import annotations

import sqlalchemy as sa
from msgspec.structs import asdict, replace

from config.settings import DatabaseSettings, PbxSettings, RetentionSettings, Settings
from core import outbox
from core.audit import entries
from core.database import Database
from core.forgetting import BATCH
from cti.messages import Call, CallState, EndReason
from cti.recordings.model import Kind
from cti.tables import calls, recordings, segments
from ivr_flows.callbacks.model import Callback, State
from ivr_flows.messages import Ended, Language, Visit
from ivr_flows.surveys.store import Score, Wanted
from ivr_flows.surveys.tables import surveys
from screenpop.work import Work
from screenpop.work_store import WorkStore
from server.retention import Retention, Rule
from server.wiring import House
from tests.conftest import START, FakeClock
from tests.integration.test_call_store import call, segment
from ticketing.messages import Actor, NewTicket

DAY = 86_400.0
KEPT = RetentionSettings(calls_days=30, menus_days=20, callbacks_days=20, surveys_days=20, audit_days=0)
AGENT = Actor("anna", frozenset({"agent"}))


def house_of(url: str, clock: FakeClock, kept: RetentionSettings = KEPT) -> House:
    """A house that nothing runs in."""
    return House(Settings(database=DatabaseSettings(url), pbx=(PbxSettings("main"),), retention=kept), clock)


def old(number: int, days: float = 31, **more: object) -> Call:
    """A call that ended days ago."""
    at = START - days * DAY + number
    part = segment(
        f"main-{START}.{number}", answered_at=at, ended_at=at + 9, end_reason=EndReason.CALLER_HUNG_UP
    )
    made = call(number, part, state=CallState.ENDED, started_at=at, ended_at=at + 9)
    return replace(made, **more)


async def ids(db: Database, column: sa.Column[str]) -> set[str]:
    async with db.read() as tx:
        return set(await tx.scalars(sa.select(column)))


async def deleted(db: Database) -> dict[str, dict[str, object]]:
    """What the audit trail says was deleted, by what it is."""
    async with db.read() as tx:
        found = await entries(tx, limit=100)
    return {one.subject: one.details for one in found if one.action == "retention.delete"}


async def test_old_calls_go_unless_somebody_needs_them(db_url: str, clock: FakeClock) -> None:
    house = house_of(db_url, clock)
    await house.load_definitions()
    gone, recorded, named, part, whole, unended, young = (
        old(1),
        old(2),
        old(3),
        old(4, joined=f"main-{START}.5"),
        old(5),
        old(6, state=CallState.TALKING, ended_at=None),
        old(7, days=29),
    )
    later_gone = old(0, joined=gone.id)  # goes after what it is part of
    await house.calls.save_many([gone, recorded, named, part, whole, unended, young, later_gone])
    async with house.db.begin() as tx:
        row = {"id": "r1", "kind": Kind.CALL.value, "pbx": "main", "call_id": recorded.id, "visit": ""}
        row |= {"ticket_id": "", "started_at": START, "seconds": 1.0, "size": 1, "file": "x.wav"}
        await tx.execute(sa.insert(recordings), row)
    for number, one in enumerate((named, part)):
        new = NewTicket("inquiry", "Opening hours", call_id=one.id)
        await house.tickets.open(AGENT, new, START + number)
    works = WorkStore(house.db)
    for one in (gone, young):
        await works.save(Work(one.id, "anna", version=1, note="rang twice", updated_at=START))

    await house.retention.round()
    kept = {one.id for one in (recorded, named, part, whole, unended, young)}
    assert await ids(house.db, calls.c.id) == kept | {later_gone.id}
    await house.retention.round()
    assert await ids(house.db, calls.c.id) == kept == await ids(house.db, segments.c.call_id)
    assert not await works.of_call(gone.id)
    assert await works.of_call(young.id)
    assert house.retention.forgotten["calls"] == 2
    assert (await deleted(house.db))["rows:calls"] == {"count": 1, "days": 30.0}

    async with house.db.begin() as tx:
        await tx.execute(sa.update(recordings).values(deleted_at=START))
    await house.retention.round()
    assert recorded.id not in await ids(house.db, calls.c.id)
    assert await ids(house.db, recordings.c.id) == {"r1"}, (
        "the recording is not older than what is kept of calls"
    )
    clock.advance(31 * DAY)
    async with house.db.begin() as tx:
        row |= {"id": "r2", "file": "y.wav", "call_id": "main-9"}
        await tx.execute(sa.insert(recordings), row)
    await house.retention.round()
    assert await ids(house.db, recordings.c.id) == {"r2"}, "that one is still to be heard"
    await house.db.close()


async def test_visits_call_backs_scores_and_failed_deliveries(db_url: str, clock: FakeClock) -> None:
    house = house_of(db_url, clock)
    long_ago, lately = START - 21 * DAY, START - 19 * DAY
    visit = Visit(
        id="v1", call_id="c", pbx="main", flow="hotline", language=Language.EN, number="1380", started_at=long_ago,
        node="hotline/main", path=("hotline/main",), entered=(0.0,), ended=Ended.SERVED, ended_at=long_ago,
    )  # fmt: skip
    await house.visits.store.save_many(
        [visit, replace(visit, id="v2", started_at=lately), replace(visit, id="v3", ended=None)]
    )
    back = Callback("b1", "+8613800138001", "main", "service", State.REACHED, long_ago, long_ago, long_ago)
    for one in (
        back,
        replace(back, id="b2", requested_at=lately),
        replace(back, id="b3", state=State.WAITING, number="+8613800138003"),
    ):
        assert await house.callbacks.store.add(one, "anna")
    for id, at in (("s1", long_ago), ("s2", lately)):
        await house.surveys.save(Score(id, at, "call", id, id, 5))
    async with house.db.begin() as tx:
        for days in (91, 89):
            await outbox.put(tx, START, f"old{days}", {})
            values = {"failed_at": START - days * DAY}
            await tx.execute(
                sa.update(outbox.outbox).where(outbox.outbox.c.topic == f"old{days}").values(values)
            )
        await outbox.put(tx, START - 100 * DAY, "waiting", {})

    await house.retention.round()
    assert [one.id for one in await house.visits.store.since(0, 9)] == ["v3", "v2"]
    assert {one.id for one in await house.callbacks.store.page(None, 9, "")} == {"b2", "b3"}
    assert [one.id for one in await house.surveys.page(Wanted(), 9, "")] == ["s2"]
    assert await ids(house.db, outbox.outbox.c.topic) == {"old89", "waiting"}
    assert {name: one["count"] for name, one in (await deleted(house.db)).items()} == {
        f"rows:{name}": 1 for name in ("visits", "callbacks", "surveys", "outbox")
    }
    async with house.db.read() as tx:
        assert any(one.action == "callback.request" for one in await entries(tx, limit=100))  # audit_days = 0

    strict = house_of(db_url, clock, replace(KEPT, audit_days=10))
    clock.advance(11 * DAY)
    await strict.retention.round()
    async with strict.db.read() as tx:
        assert {one.action for one in await entries(tx, limit=100)} == {"retention.delete"}
    await strict.db.close()
    await house.db.close()


async def test_nothing_goes_where_all_is_kept(db_url: str, clock: FakeClock) -> None:
    house = house_of(db_url, clock, RetentionSettings(0, 0, 0, 0, 0))
    await house.calls.save(old(1, days=9999))
    await house.retention.round()
    assert len(await ids(house.db, calls.c.id)) == 1
    await house.db.close()


async def test_more_than_a_batch(db_url: str, clock: FakeClock) -> None:
    house = house_of(db_url, clock)
    many = 2 * BATCH + 3
    await house.calls.save_many([old(number) for number in range(many)])
    scores = [asdict(Score(f"s{n}", START - 99 * DAY, "call", f"{n}", "c", 1)) for n in range(BATCH + 1)]
    async with house.db.begin() as tx:
        await tx.execute(sa.insert(surveys), scores)
    await house.retention.round()
    assert not await ids(house.db, calls.c.id)
    assert not await ids(house.db, segments.c.id)
    assert house.retention.forgotten == {**house.retention.forgotten, "calls": many, "surveys": BATCH + 1}
    await house.db.close()


async def test_a_rule_that_fails_holds_up_nobody(db: Database, clock: FakeClock) -> None:
    heard: list[float] = []

    async def broken(_: float) -> int:
        raise OSError("disk full")

    async def works(before: float) -> int:
        heard.append(before)
        return 0

    await Retention(db, (Rule("a", 1, broken), Rule("b", 2, works), Rule("c", 0, works)), clock).round()
    assert heard == [START - 2 * DAY]
    assert not await deleted(db)
