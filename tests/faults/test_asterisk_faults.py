"""A real Asterisk with two hundred calls that crashes, and a server that reads nothing for five seconds."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from config.settings import PbxSettings
from core.database import Database
from cti.messages import AgentState, CallAnswered, CallEnded, CallState, Outcome, Seat
from tests.faults.crowd import answering, crowd
from tests.faults.soak import times
from tests.integration.test_switchboard import Room, room_on
from tests.real.asterisk import Asterisk, QueueSetup
from tests.real.sipp import Caller, Phone

pytestmark = pytest.mark.real
WAITING, TALKING = "4001", "4003"
EACH = 100
"""Half of the calls wait in a queue, half talk."""
CRASHES = times(1, 10)
LONG = 60.0
EMPTY = {"service": QueueSetup(members=())}
SEATS = (
    Seat("li", "Li Na", "main", "PJSIP/1001", "1001"),
    Seat("wang", "Wang Fang", "main", "PJSIP/1002", "1002"),
)


@asynccontextmanager
async def on(db: Database, pbx: Asterisk, **more: Any) -> AsyncIterator[Room]:
    """A switchboard on a real Asterisk."""
    settings = PbxSettings(
        "main", port=pbx.ami_port, username=pbx.user, secret=pbx.secret, trunks=("PJSIP/trunk",), **more
    )
    async with room_on(db, pbx, settings, SEATS) as it:
        await it.up()
        yield it


def states(it: Room) -> list[CallState]:
    return [call.state for call in it.calls]


async def test_two_hundred_calls_of_a_crashed_asterisk_end_as_lost(
    sqlite_db: Database, tmp_path: Path
) -> None:
    async with Asterisk(EMPTY) as pbx, on(sqlite_db, pbx) as it:
        for _ in range(CRASHES):
            it.told.clear()
            async with AsyncExitStack() as stack:
                await stack.enter_async_context(answering(pbx, "1001", tmp_path))
                for did in (WAITING, TALKING):
                    await stack.enter_async_context(crowd(pbx, did, EACH, tmp_path))
                await it.until(lambda: states(it).count(CallState.TALKING) == EACH, LONG)
                await it.until(lambda: states(it).count(CallState.QUEUED) == EACH, LONG)
                before = {call.id for call in it.calls}
                await pbx.kill()
                await it.until(lambda: not it.board.lines["main"].up)
                assert {call.id for call in it.calls} == before  # what cannot be seen is not made up
                assert all(call.incomplete for call in it.calls)
            began = time.monotonic()
            await pbx.start()
            booted = time.monotonic()
            await it.until(lambda: it.board.lines["main"].up, LONG)
            took = time.monotonic() - booted
            assert it.calls == ()
            ended = {event.call.id: event.call for event in it.told if isinstance(event, CallEnded)}
            assert set(ended) == before
            assert {call.outcome for call in ended.values()} <= {Outcome.LOST}
            assert await it.recorder.flush()
            assert await it.store.live("main") == {}
            await _one_more(pbx, it)
            print(
                f"{len(before)} calls lost and told; started in {booted - began:.1f} s, up {took:.2f} s after that"
            )


async def _one_more(pbx: Asterisk, it: Room) -> None:
    """The next call is seen whole."""
    it.told.clear()
    async with Phone(pbx, "1001") as phone, Caller(pbx, TALKING) as caller:
        await phone.answer()
        await it.until(lambda: any(isinstance(event, CallAnswered) for event in it.told))
        await caller.answered()
        await caller.hang_up()
        await it.until(lambda: it.calls == ())
    last = [event.call for event in it.told if isinstance(event, CallEnded)]
    assert [(call.outcome, call.incomplete) for call in last] == [(Outcome.ANSWERED, False)]
    assert [part.agent for part in last[0].segments] == ["li"]


async def test_a_server_that_reads_nothing_for_five_seconds_believes_what_asterisk_has(
    sqlite_db: Database, tmp_path: Path
) -> None:
    async with Asterisk(EMPTY) as pbx, on(sqlite_db, pbx, ping_seconds=10.0) as it:
        async with crowd(pbx, WAITING, EACH, tmp_path):
            await it.until(lambda: len(it.calls) == EACH, LONG)
            await pbx.ami.action("Hangup", Channel="/.*-0000000[0-9a-f]$/")
            time.sleep(5)  # noqa: ASYNC251 - the whole process stands still: that is the fault
            found = await pbx.ami.action_list("CoreShowChannels")
            there = {f"main-{one['Uniqueid']}" for one in found}
            await it.until(
                lambda: it.board.lines["main"].up and {call.id for call in it.calls} == there, LONG
            )
            assert len(there) < EACH
        await pbx.ami.action("Hangup", Channel="/.*/")  # SIPp, killed, has told nobody
        await it.until(lambda: it.calls == (), LONG)
        assert it.board.lines["main"].link.counters.sink_errors == 0
        agent = it.board.agent("li")
        assert agent is not None
        assert agent.state is not AgentState.TALKING
