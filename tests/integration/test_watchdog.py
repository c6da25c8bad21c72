"""Events that never arrive: what the watchdog repairs, what it tells, and that it leaves a busy PBX alone."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import websockets

from config.settings import PbxSettings
from core.database import Database
from cti.drift import Drift
from cti.gaps import Cause, Gap
from cti.messages import AgentState, Call, CallEnded, DriftFound, Outcome, PbxChanged, Seat
from cti.practice.pbx import SECRET, PracticePbx, Setup
from cti.watchdog import Watchdog
from tests.integration.picky import PickyLine
from tests.integration.test_switchboard import Room, asked, room_on
from tests.integration.whole import whole
from tests.real.asterisk import Asterisk, QueueSetup
from tests.real.sipp import Caller, Phone

LONG = 60.0
NUMBER = "13800138000"
SEATS = tuple(
    Seat(user, user.title(), "main", f"PJSIP/{extension}", extension)
    for user, extension in (("li", "1001"), ("wang", "1002"))
)


@asynccontextmanager
async def seen(
    db: Database, port: int, username: str, secret: str, **more: float
) -> AsyncIterator[tuple[Room, PickyLine, Watchdog]]:
    """A switchboard behind a line that can lose events; its watchdog looks when it is told to."""
    async with PickyLine(port) as line:
        settings = PbxSettings(
            "main",
            port=line.port,
            username=username,
            secret=secret,
            trunks=("PJSIP/trunk",),
            **{"watchdog_seconds": 0.0, **more},
        )
        async with room_on(db, None, settings, SEATS) as it:
            it.board._bus.subscribe(DriftFound, it.hear)
            line.on_fall = it.news.set  # what is lost makes no event that could wake who waits for it
            await it.until(lambda: it.board.lines["main"].up, LONG)
            yield it, line, it.board.watchdogs["main"]


@asynccontextmanager
async def practice(
    db: Database, members: tuple[str, ...] = ("1001",), **more: float
) -> AsyncIterator[tuple[PracticePbx, Room, PickyLine, Watchdog]]:
    setup = Setup(members={"service": members}, retry=1, wrapuptime=0)
    async with (
        PracticePbx(setup=setup) as pbx,
        seen(db, pbx.port, "ringdesk", SECRET, **more) as (it, line, dog),
    ):
        yield pbx, it, line, dog


async def looks(dog: Watchdog, times: int = 2) -> None:
    for _ in range(times):
        await dog.look()


async def talking(it: Room, pbx: PracticePbx) -> Call:
    pbx.caller(NUMBER, "4001")
    await pbx.until(lambda: pbx.ringing("1001"))
    pbx.answer("1001")
    await it.state("li", AgentState.TALKING)
    return it.calls[0]


def lost(it: Room) -> list[Call]:
    return [event.call for event in it.told if isinstance(event, CallEnded)]


async def test_a_call_whose_end_never_came_ends_as_lost_and_its_agent_is_free(sqlite_db: Database) -> None:
    async with practice(sqlite_db) as (pbx, it, line, dog):
        call = await talking(it, pbx)
        with line.losing("Hangup", "BridgeLeave", "AgentComplete", "QueueMemberStatus", "BridgeDestroy"):
            pbx.hang_up("1001")
            await pbx.until(lambda: not pbx.world.channels)
            await it.until(lambda: len([b for b in line.fallen if b.startswith(b"Event: Hangup")]) == 2)
        await dog.look()
        assert [one.id for one in it.calls] == [call.id]  # once is not enough
        await dog.look()
        (over,) = lost(it)
        assert (over.id, over.outcome, over.incomplete) == (call.id, Outcome.LOST, True)
        assert it.calls == ()
        assert dog.repaired == {"channel": 2}
        await it.state("li", AgentState.READY)
        await looks(dog)
        assert dog.repaired == {"channel": 2}


async def test_a_pause_that_nobody_told_of_is_made_to_follow_the_duty_again(sqlite_db: Database) -> None:
    async with practice(sqlite_db, ()) as (pbx, it, line, dog):
        await it.phones.login(asked("li"), ["service"])
        member = pbx.queues.queues["service"].members["PJSIP/1001"]
        await it.until(lambda: it.board.lines["main"].board.members("li"))
        with line.losing("QueueMemberPause"):
            action = (("Action", "QueuePause"), ("Interface", "PJSIP/1001"), ("Paused", "true"))
            await it.board.lines["main"].link.action(action)
            await it.until(lambda: line.fallen)
        assert member.paused
        await looks(dog)
        await pbx.until(lambda: not member.paused)  # li's duty says ready
        assert dog.repaired == {"member": 1}


async def test_a_member_taken_out_unseen_is_put_back(sqlite_db: Database) -> None:
    async with practice(sqlite_db, ()) as (pbx, it, line, dog):
        await it.phones.login(asked("li"), ["service"])
        await it.until(lambda: it.board.lines["main"].board.members("li"))
        members = pbx.queues.queues["service"].members
        with line.losing("QueueMemberRemoved"):
            action = (("Action", "QueueRemove"), ("Queue", "service"), ("Interface", "PJSIP/1001"))
            await it.board.lines["main"].link.action(action)
            await it.until(lambda: line.fallen)
        assert members == {}
        await looks(dog)
        await pbx.until(lambda: "PJSIP/1001" in members)
        assert dog.repaired == {"member": 1}


async def test_calls_that_nobody_told_of_are_said_until_they_are_over(sqlite_db: Database) -> None:
    async with practice(sqlite_db, ()) as (pbx, it, line, dog):
        line.falls = lambda _: True
        caller = pbx.caller(NUMBER, "4001")
        await looks(dog, 3)
        assert it.calls == ()
        found = [event for event in it.told if isinstance(event, DriftFound)]
        assert [(one.unseen, one.deaf) for one in found] == [(1, True)]
        assert "read=call,agent" in it.board.lines["main"].pbx.detail
        line.falls = lambda _: False
        pbx.hang_up(caller)
        await looks(dog)
        assert [event.unseen for event in it.told if isinstance(event, DriftFound)] == [1, 0]
        assert [event.pbx.detail for event in it.told if isinstance(event, PbxChanged)][-1] == ""
        assert not dog.repaired


async def test_queues_that_nobody_told_of_are_said_with_the_remedy(sqlite_db: Database) -> None:
    """As for a manager user without read=agent."""
    async with practice(sqlite_db, ()) as (pbx, it, line, dog):
        line.falls = lambda block: block.startswith((b"Event: Queue", b"Event: Agent"))
        caller = pbx.caller(NUMBER, "4001")
        await it.until(lambda: bool(it.calls), LONG)
        await looks(dog, 3)
        assert [(one.waiting, one.mute) for one in it.told if isinstance(one, DriftFound)] == [(1, True)]
        assert "read=agent" in it.board.lines["main"].pbx.detail
        pbx.hang_up(caller)
        await it.until(lambda: not it.board.lines["main"].board.belief().channels, LONG)
        await looks(dog)
        assert it.board.lines["main"].pbx.detail == ""


async def test_a_busy_pbx_that_tells_everything_is_left_alone(sqlite_db: Database) -> None:
    async with practice(sqlite_db, ("1001", "1002")) as (pbx, it, _, dog):
        for _ in range(15):
            caller = pbx.caller(NUMBER, "4001")
            await dog.look()
            await pbx.until(lambda: pbx.ringing("1001"))
            pbx.answer("1001")
            await dog.look()
            pbx.hang_up(caller)
        await it.until(lambda: it.calls == ())
        assert dog.rounds == 30
        assert not dog.repaired
        assert not any(isinstance(event, DriftFound) for event in it.told)


async def test_it_looks_by_itself(sqlite_db: Database) -> None:
    async with practice(sqlite_db, watchdog_seconds=0.02) as (pbx, it, line, dog):
        await talking(it, pbx)
        with line.losing("Hangup"):
            pbx.hang_up("1001")
            await it.until(lambda: lost(it))
        assert it.calls == ()
        assert dog.rounds >= 2


async def test_a_pbx_that_does_not_answer_is_looked_at_the_next_time(sqlite_db: Database) -> None:
    async with practice(sqlite_db) as (_, it, line, dog):
        line.cut()
        await it.until(lambda: not it.board.lines["main"].up)
        await dog.look()
        assert dog.rounds == 0
        await it.until(lambda: it.board.lines["main"].up, LONG)
        await dog.look()
        assert dog.rounds == 1


@pytest.mark.real
@pytest.mark.parametrize("version", [22, 16])
async def test_on_a_real_asterisk(sqlite_db: Database, version: int) -> None:
    """Busy calls alarm nobody; a lost Hangup is found; a pause behind our back is undone."""
    queues = {"service": QueueSetup(members=("1001",))}
    async with (
        Asterisk(queues, version=version) as pbx,
        seen(sqlite_db, pbx.ami_port, pbx.user, pbx.secret) as (it, line, dog),
        Phone(pbx, "1001") as phone,
    ):
        await it.until(lambda: "li" in it.board.duties, LONG)
        async with Caller(pbx, "4001", NUMBER) as caller:
            await phone.ringing()
            joined = await pbx.ami.event("QueueCallerJoin")
            rank = {"Queue": "service", "Caller": joined["Channel"], "Priority": "7"}
            await pbx.ami.action("QueueChangePriorityCaller", rank)
            await looks(dog)
            assert [one.priority for one in it.board.lines["main"].board.waiting("service")] == [7]
            await phone.answer()
            await it.until(lambda: [call for call in it.calls if call.answered_at], LONG)
            await looks(dog)
            assert not dog.repaired
            with line.losing("Hangup", "BridgeLeave", "BridgeDestroy", "AgentComplete", "QueueMemberStatus"):
                await caller.hang_up()
                await it.until(
                    lambda: len([b for b in line.fallen if b.startswith(b"Event: Hangup")]) == 2, LONG
                )
        await looks(dog)
        assert [call.outcome for call in lost(it)] == [Outcome.LOST]
        with line.losing("QueueMemberPause"):
            await pbx.ami.action("QueuePause", Interface="PJSIP/1001", Paused="true")
            await it.until(lambda: any(b.startswith(b"Event: QueueMemberPause") for b in line.fallen), LONG)
        await looks(dog)
        await pbx.ami.event("QueueMemberPause", Paused="0")
        assert dog.repaired == {"channel": 2, "member": 1}
        await looks(dog)
        assert not dog.left


async def test_supervisors_are_told_of_what_nobody_can_repair_and_scripts_can_ask(
    tmp_path: Path, sqlite_template: Path
) -> None:
    async with whole(tmp_path, sqlite_template) as it:
        async with it.live("sam") as sam, it.live("anna") as anna:
            for live in (sam, anna):
                await live.recv()
            board = it.house.switchboard
            line = board.lines["main"]
            board.drifted(line, Drift(unseen=frozenset({"17.1", "17.2"})), 1.0)
            notice = await kind(sam, "notice")
            assert notice["code"] == "drift"
            assert "2 channels are not shown" in notice["text"]
            assert "read=call,agent" in (await kind(anna, "pbx"))["detail"]
            board.drifted(line, Drift(), 2.0)
            assert (await kind(anna, "pbx"))["detail"] == ""
        (pbx,) = (await it.get("/api/v1/pbxs", "sam")).json["items"]
        assert (pbx["pbx"]["state"], pbx["unseen"], pbx["gaps"]) == ("up", None, [])
        board.gaps.add(Gap("main", 1.0, it.house.clock.now(), Cause.CUT))
        await board.gaps.flush()
        (pbx,) = (await it.get("/api/v1/pbxs", "sam")).json["items"]
        assert [(gap["from"], gap["cause"]) for gap in pbx["gaps"]] == [("1970-01-01T00:00:01.000Z", "cut")]
        metrics = (await it.get("/metrics")).text
        assert 'ringdesk_drift_repaired_total{pbx="main",what="channel"} 0.0' in metrics


async def kind(live: websockets.ClientConnection, wanted: str) -> dict[str, Any]:
    """The data of the next message of that kind."""
    async with asyncio.timeout(LONG):
        while True:
            message = json.loads(await live.recv())
            if message["type"] == wanted:
                data: dict[str, Any] = message["data"]
                return data
