"""A link that comes back: in mid-transfer, with callers in a queue, after a restart. On a real Asterisk."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from config.settings import PbxSettings
from core.database import Database
from cti.gaps import Cause, Gap
from cti.messages import Call, CallEnded, CallState, EndReason, Outcome, Seat
from tests.integration.picky import PickyLine
from tests.integration.test_switchboard import Room, room_on
from tests.real.asterisk import Asterisk, QueueSetup
from tests.real.sipp import Caller, Phone

pytestmark = pytest.mark.real
LONG = 60.0
BOTH = pytest.mark.parametrize("pbx", [22, 16], indirect=True)
FIRST, SECOND = "13800138000", "13900139000"
SEATS = tuple(
    Seat(user, user.title(), "main", f"PJSIP/{extension}", extension)
    for user, extension in (("li", "1001"), ("wang", "1002"))
)


@pytest.fixture
async def pbx(request: pytest.FixtureRequest) -> AsyncIterator[Asterisk]:
    async with Asterisk(
        {"service": QueueSetup(members=("1001",))}, version=getattr(request, "param", 22)
    ) as running:
        yield running


@asynccontextmanager
async def seen(db: Database, pbx: Asterisk) -> AsyncIterator[tuple[Room, PickyLine]]:
    async with PickyLine(pbx.ami_port) as line:
        settings = PbxSettings(
            "main",
            port=line.port,
            username=pbx.user,
            secret=pbx.secret,
            trunks=("PJSIP/trunk",),
            dial_context="agents",
        )
        async with room_on(db, pbx, settings, SEATS) as it:
            await it.until(lambda: it.board.lines["main"].up, LONG)
            yield it, line


def call_from(it: Room, number: str) -> Call | None:
    return next((call for call in it.calls if call.caller.number == number), None)


async def state(it: Room, number: str, wanted: CallState) -> Call:
    await it.until(lambda: (call := call_from(it, number)) and call.state is wanted, LONG)
    call = call_from(it, number)
    assert call is not None
    return call


async def back(it: Room, epoch: int) -> None:
    """Until the link is up again, with a picture of its own."""
    line = it.board.lines["main"]
    await it.until(lambda: line.up and line.pbx.epoch > epoch, LONG)


async def gaps(it: Room) -> list[Gap]:
    await it.board.gaps.flush()
    return list(await it.board.gaps.find("main"))


def ended(it: Room) -> dict[str, Call]:
    return {event.call.id: event.call for event in it.told if isinstance(event, CallEnded)}


@BOTH
async def test_a_transfer_goes_on_while_the_link_is_cut(sqlite_db: Database, pbx: Asterisk) -> None:
    """1001 sends the caller to 1002; the link is cut before, and comes back while 1002 rings."""
    async with AsyncExitStack() as stack:
        it, line = await stack.enter_async_context(seen(sqlite_db, pbx))
        first, second = [await stack.enter_async_context(Phone(pbx, one)) for one in ("1001", "1002")]
        caller = await stack.enter_async_context(Caller(pbx, "4001", FIRST, "Li Na"))
        await first.answer()
        before = await state(it, FIRST, CallState.TALKING)
        epoch = it.board.lines["main"].pbx.epoch
        (channel,) = it.board.lines["main"].board.channels_of("li", before.id)
        await pbx.ami.event("BridgeEnter", Channel=channel)  # only who is in a bridge can be transferred
        with line.shut():
            await it.until(lambda: not it.board.lines["main"].up, LONG)
            await pbx.ami.action("BlindTransfer", Channel=channel, Exten="1002", Context="agents")
            await second.ringing()
        await back(it, epoch)
        ringing = await state(it, FIRST, CallState.RINGING)
        assert (ringing.id, ringing.incomplete, ringing.queue) == (before.id, True, "service")
        assert [(s.agent, s.end_reason, s.answered_at is None) for s in ringing.segments] == [
            ("li", EndReason.LOST, False),
            ("wang", None, True),
        ]
        await second.answer()
        await state(it, FIRST, CallState.TALKING)
        await caller.hang_up()
        await it.until(lambda: before.id in ended(it), LONG)
        over = ended(it)[before.id]
        assert over.outcome is Outcome.ANSWERED
        assert [s.agent for s in over.segments] == ["li", "wang"]
        assert over.segments[1].end_reason is EndReason.CALLER_HUNG_UP
        (gap,) = await gaps(it)
        assert (gap.cause, gap.to_at is not None) == (Cause.CUT, True)
        assert gap.from_at < ringing.segments[1].offered_at


@BOTH
async def test_a_consultation_goes_on_and_ends_in_a_transfer_while_the_link_is_cut_twice(
    sqlite_db: Database, pbx: Asterisk
) -> None:
    """1001 asks 1002 with the caller on hold; the link is cut and comes back. It is cut again: the caller goes over."""
    async with AsyncExitStack() as stack:
        it, line = await stack.enter_async_context(seen(sqlite_db, pbx))
        first, second = [await stack.enter_async_context(Phone(pbx, one)) for one in ("1001", "1002")]
        caller = await stack.enter_async_context(Caller(pbx, "4001", FIRST, "Li Na"))
        await first.answer()
        before = await state(it, FIRST, CallState.TALKING)
        (channel,) = it.board.lines["main"].board.channels_of("li", before.id)
        await pbx.ami.event("BridgeEnter", Channel=channel)
        await first.hold()
        asks = await stack.enter_async_context(Caller(pbx, "1002", agent="1001"))
        await second.answer()
        await asks.answered()
        await it.until(lambda: (agent := it.board.agent("wang")) and agent.call_id == before.id, LONG)
        epoch = it.board.lines["main"].pbx.epoch
        line.cut()
        await back(it, epoch)
        now = call_from(it, FIRST)
        assert now is not None
        assert now.id == before.id
        assert {s.agent for s in now.segments if s.ended_at is None} == {"li", "wang"}
        epoch = it.board.lines["main"].pbx.epoch
        with line.shut():
            await it.until(lambda: not it.board.lines["main"].up, LONG)
            await first.refer("1002", asks)
            await asks.ended()
        await back(it, epoch)
        await it.until(
            lambda: (
                (call := call_from(it, FIRST))
                and [s.agent for s in call.segments if s.ended_at is None] == ["wang"]
            ),
            LONG,
        )
        await caller.hang_up()
        await it.until(lambda: it.calls == (), LONG)
        over = ended(it)[before.id]
        assert over.outcome is Outcome.ANSWERED
        assert over.incomplete
        assert [s.agent for s in over.segments if s.answered_at is not None][-1] == "wang"
        assert sum(call.direction.value == "inbound" for call in ended(it).values()) == 1


async def test_of_two_who_wait_in_a_queue_one_gives_up_unseen(sqlite_db: Database, pbx: Asterisk) -> None:
    async with AsyncExitStack() as stack:
        it, line = await stack.enter_async_context(seen(sqlite_db, pbx))
        phone = await stack.enter_async_context(Phone(pbx, "1001"))
        one = await stack.enter_async_context(Caller(pbx, "4001", FIRST))
        await phone.ringing()
        two = await stack.enter_async_context(Caller(pbx, "4001", SECOND))
        left = await state(it, FIRST, CallState.RINGING)
        stays = await state(it, SECOND, CallState.QUEUED)
        epoch = it.board.lines["main"].pbx.epoch
        with line.shut():
            await it.until(lambda: not it.board.lines["main"].up, LONG)
            await one.hang_up()
            await phone.ringing(2)
        await back(it, epoch)
        assert ended(it)[left.id].outcome is Outcome.LOST
        now = await state(it, SECOND, CallState.RINGING)
        assert (now.id, now.incomplete) == (stays.id, True)
        assert now.queued_at is not None
        assert stays.queued_at is not None
        assert abs(now.queued_at - stays.queued_at) < 2  # Asterisk tells the wait in whole seconds
        (queue,) = [q for q in it.board.snapshot().queues if q.name == "service"]
        assert queue.waiting == 1
        await two.hang_up()
        await it.until(lambda: it.calls == (), LONG)
        assert ended(it)[stays.id].outcome is Outcome.ABANDONED


async def test_a_restart_is_told_from_a_cut_and_its_calls_end_when_the_link_was_lost(
    sqlite_db: Database, pbx: Asterisk
) -> None:
    async with AsyncExitStack() as stack:
        it, line = await stack.enter_async_context(seen(sqlite_db, pbx))
        phone = await stack.enter_async_context(Phone(pbx, "1001"))
        await stack.enter_async_context(Caller(pbx, "4001", FIRST))
        await phone.answer()
        call = await state(it, FIRST, CallState.TALKING)
        line.cut()
        await back(it, 1)
        assert (await state(it, FIRST, CallState.TALKING)).id == call.id
        await pbx.kill()
        await it.until(lambda: not it.board.lines["main"].up, LONG)
        lasting = it.board.lines["main"].life.current()
        assert lasting is not None
        assert lasting.to_at is None
        await pbx.start()
        await back(it, 2)
        over = ended(it)[call.id]
        found = await gaps(it)
        assert [gap.cause for gap in found] == [Cause.RESTART, Cause.CUT]
        assert over.outcome is Outcome.LOST
        assert over.ended_at == found[0].from_at == lasting.from_at
        assert over.segments[0].end_reason is EndReason.LOST


async def test_a_server_that_was_away_writes_that_down_too(sqlite_db: Database, pbx: Asterisk) -> None:
    async with seen(sqlite_db, pbx):
        pass
    async with seen(sqlite_db, pbx) as (it, _):
        (gap,) = await gaps(it)
        assert gap.cause is Cause.SERVER
        assert gap.to_at is not None
        assert gap.from_at <= gap.to_at
