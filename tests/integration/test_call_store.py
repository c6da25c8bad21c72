"""Calls, segments and duties on both databases."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from core.audit import entries
from core.database import Database
from core.errors import Invalid
from cti.duty import Duty
from cti.messages import Call, CallState, Direction, EndReason, How, Outcome, Party, Segment
from cti.store import CallFilter, CallStore, cursor_of
from tests.conftest import START


def segment(call_id: str, agent: str | None = "li", number: int = 1, **more: object) -> Segment:
    given = Segment(f"{call_id}-{number}", "PJSIP/1001", agent, "service", How.QUEUE, START + 5)
    return replace(given, **more)


def call(number: int, *segments: Segment, **more: object) -> Call:
    call_id = f"main-{START}.{number}"
    party = Party("13800138000", 'Li "Na" <b>🔥</b>')
    given = Call(
        call_id, "main", Direction.INBOUND, CallState.QUEUED, party, "4001", START + number, "service"
    )
    return replace(given, segments=segments, **more)


@pytest.fixture
def store(db: Database) -> CallStore:
    return CallStore(db)


async def test_a_call_comes_back_as_it_was_saved(store: CallStore) -> None:
    first = segment("main-1", answered_at=START + 9, ended_at=START + 20, end_reason=EndReason.TRANSFERRED)
    second = segment("main-1", None, 2, how=How.TRANSFER, hold_seconds=3.5, held_since=START + 30)
    made = call(
        1,
        first,
        second,
        id="main-1",
        queued_at=START + 2,
        answered_at=START + 9,
        wait_seconds=7.0,
        hold_seconds=3.5,
        incomplete=True,
    )
    await store.save(made)
    assert await store.get("main-1") == made
    assert await store.get("main-2") is None


async def test_saving_again_brings_call_and_segments_up_to_date(store: CallStore) -> None:
    ringing = call(1, segment("a"))
    await store.save(ringing)
    answered = replace(
        ringing,
        state=CallState.TALKING,
        segments=(segment("a", answered_at=START + 8), segment("a", "wang", 2)),
    )
    await store.save_many([ringing, answered])
    assert await store.get(ringing.id) == answered


async def test_live_calls_are_those_of_the_pbx_that_have_not_ended(store: CallStore) -> None:
    live, other = call(1, segment("b")), call(2, pbx="branch")
    over = call(3, state=CallState.ENDED, ended_at=START + 9, outcome=Outcome.ABANDONED)
    await store.save_many([live, other, over])
    assert await store.live("main") == {live.id: live}


async def test_lists_go_on_page_by_page_with_nothing_missed_or_doubled(store: CallStore) -> None:
    made = [call(number, started_at=START + number // 2) for number in range(7)]
    await store.save_many(made)
    found: list[Call] = []
    after = ""
    while part := await store.list(CallFilter(), 3, after):
        found += part
        after = cursor_of(part[-1])
    assert found == sorted(made, key=lambda c: (c.started_at, c.id), reverse=True)
    for cursor in ("nonsense", "~x", "nan~x", "inf~x"):
        with pytest.raises(Invalid):
            await store.list(CallFilter(), 3, cursor)


async def test_lists_can_be_narrowed(store: CallStore) -> None:
    mine = call(1, segment("c"))
    hers = call(2, segment("d", "wang"), queue="emergency", outcome=Outcome.ANSWERED, ended_at=START + 60)
    out = call(3, direction=Direction.OUTBOUND, queue=None)
    await store.save_many([mine, hers, out])

    async def ids(wanted: CallFilter) -> list[str]:
        return [found.id for found in await store.list(wanted, 10)]

    assert await ids(CallFilter(agent="li")) == [mine.id]
    assert await ids(CallFilter(queue="emergency", outcome=Outcome.ANSWERED)) == [hers.id]
    assert await ids(CallFilter(direction=Direction.OUTBOUND)) == [out.id]
    assert await ids(CallFilter(live=False)) == [hers.id]
    assert await ids(CallFilter(since=START + 2, until=START + 3)) == [hers.id]


async def test_calls_are_found_by_the_number_that_a_customer_has(db: Database) -> None:
    store = CallStore(db, lambda text, pbx: f"+86{text}" if len(text) == 11 else "")
    came = call(1)
    went = call(2, direction=Direction.OUTBOUND, caller=Party("1001"), dialled="13800138000")
    inside = call(3, caller=Party("1002"), dialled="1001", direction=Direction.INTERNAL)
    await store.save_many([came, went, inside])
    assert await store.of_numbers(["+8613800138000", ""], None, 10) == [went, came]
    assert await store.of_numbers(["+8613800138000"], went.started_at, 10) == [came]
    assert await store.of_numbers([""], None, 10) == []


async def test_texts_that_are_too_long_are_cut_and_not_refused(store: CallStore) -> None:
    made = call(1, caller=Party("1" * 300, "名" * 300), dialled="9" * 300, queue="q" * 300)
    await store.save(made)
    found = await store.get(made.id)
    assert found is not None
    assert (len(found.caller.name), len(found.dialled), len(found.queue or "")) == (256, 256, 128)


async def test_duties_are_kept_and_who_changed_them_is_written_down(store: CallStore, db: Database) -> None:
    duty = Duty("li", ("service", "emergency"), False, "", START, ("service", "emergency"))
    await store.save_duty(duty, START, "li", "agent.ready")
    paused = duty.pause("lunch", START + 60)
    await store.save_duty(paused, START + 60, "boss", "agent.pause")
    assert await store.duties() == {"li": paused}
    async with db.read() as tx:
        trail = await entries(tx, subject="user:li")
    assert [(e.actor, e.action) for e in trail] == [("boss", "agent.pause"), ("li", "agent.ready")]
