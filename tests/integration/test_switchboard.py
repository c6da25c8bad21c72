"""The switchboard on the practice PBX: real connections, duties that queues follow, calls by command."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, get_args

import pytest
from msgspec.structs import replace

from config.settings import PbxSettings
from core.bus import Bus
from core.clock import SystemClock
from core.database import Database
from core.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable
from core.tasks import Tasks
from cti.commands import Asked, PhoneCommands
from cti.duty import SIGNED_OUT, Duty
from cti.messages import (
    AgentState,
    Call,
    CallAnswered,
    CallEnded,
    CallOffered,
    CallState,
    Direction,
    DomainEvent,
    How,
    LinkState,
    Outcome,
    PbxChanged,
    Seat,
)
from cti.practice.pbx import SECRET, PracticePbx, Setup
from cti.recorder import Recorder
from cti.store import CallStore
from cti.switchboard import Switchboard

SECONDS = 60.0
SEATS = (
    Seat("li", "Li Na", "main", "PJSIP/1001", "1001"),
    Seat("wang", "Wang Fang", "", "PJSIP/1002", "1002"),
)


@dataclass
class Room:
    """A running switchboard on a practice PBX, and all that was told on its bus."""

    pbx: PracticePbx
    board: Switchboard
    phones: PhoneCommands
    store: CallStore
    recorder: Recorder
    told: list[DomainEvent] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def hear(self, event: DomainEvent) -> None:
        self.told.append(event)
        self.news.set()

    async def until(self, met: Callable[[], Any], seconds: float = SECONDS) -> None:
        try:
            async with asyncio.timeout(seconds):
                while not met():
                    self.news.clear()
                    await self.news.wait()
        except TimeoutError:
            raise AssertionError(f"not seen; last told {self.told[-4:]}") from None

    async def up(self) -> None:
        await self.until(lambda: self.board.lines["main"].up)

    async def state(self, user: str, state: AgentState) -> None:
        await self.until(lambda: (agent := self.board.agent(user)) and agent.state is state)

    @property
    def calls(self) -> tuple[Call, ...]:
        return self.board.snapshot().calls

    def members(self, queue: str = "service") -> dict[str, tuple[bool, str]]:
        """What the PBX itself holds."""
        members = self.pbx.queues.queues[queue].members
        return {name: (member.paused, member.reason) for name, member in members.items()}


@asynccontextmanager
async def room(
    db: Database, pbx: PracticePbx, seats: tuple[Seat, ...] = SEATS, **more: object
) -> AsyncIterator[Room]:
    settings = PbxSettings(
        "main",
        port=pbx.port,
        secret=SECRET,
        trunks=("PJSIP/trunk",),
        outside_prefix="9",
        dial_context="agents",
        wrapup={"service": 10.0},
    )
    async with room_on(db, pbx, replace(settings, **more), seats) as made:
        yield made


@asynccontextmanager
async def room_on(
    db: Database, pbx: Any, settings: PbxSettings, seats: tuple[Seat, ...]
) -> AsyncIterator[Room]:
    """The same on any PBX with these settings."""
    bus, clock, store, tasks = Bus(), SystemClock(), CallStore(db), Tasks()
    board = Switchboard((settings,), bus, store, clock)
    recorder = Recorder(store)
    recorder.subscribe(bus)
    recorder.start(tasks)
    made = Room(pbx, board, PhoneCommands(board), store, recorder)
    for kind in get_args(DomainEvent):
        bus.subscribe(kind, made.hear)
    board.set_seats(seats, clock.now())
    try:
        await board.start(tasks)
        yield made
    finally:
        await board.stop()
        await recorder.flush()
        await tasks.close()


def asked(user: str, **more: Any) -> Asked:
    return Asked(user, SystemClock().now(), **more)


async def test_an_agent_signs_in_pauses_and_leaves_and_the_queues_follow(sqlite_db: Database) -> None:
    async with PracticePbx() as pbx, room(sqlite_db, pbx) as it:
        await it.up()
        done = await it.phones.login(asked("li"), ["service"])
        assert (done.applied, done.note) == (True, "")
        assert it.members() == {"PJSIP/1001": (False, "")}
        # At once, before the event of the first command can have come: nothing is asked for twice.
        done = await it.phones.pause(asked("li"), "lunch")
        assert done.applied
        assert it.members() == {"PJSIP/1001": (True, "lunch")}
        await it.phones.logout(asked("li"))
        assert it.members() == {}
        done = await it.phones.ready(asked("li"))
        assert done.agent is not None
        assert (done.agent.state, done.agent.queues) == (AgentState.READY, ("service",))
        assert it.members() == {"PJSIP/1001": (False, "")}
        assert (await it.store.duties())["li"].queues == ("service",)


async def test_no_queue_named_is_all_of_them_and_an_unknown_one_is_refused(sqlite_db: Database) -> None:
    async with PracticePbx() as pbx, room(sqlite_db, pbx) as it:
        await it.up()
        await it.phones.login(asked("wang"), [])
        assert it.members("emergency") == it.members("service") == {"PJSIP/1002": (False, "")}
        with pytest.raises(Invalid, match="no queue 'sales'"):
            await it.phones.login(asked("wang"), ["sales"])
        with pytest.raises(Conflict, match="Sign in"):
            await it.phones.pause(asked("li"), "lunch")
        with pytest.raises(NotFound, match="no phone"):
            await it.phones.ready(asked("nobody"))


async def test_a_duty_taken_while_the_pbx_is_away_is_applied_when_it_is_back(sqlite_db: Database) -> None:
    async with PracticePbx() as pbx, room(sqlite_db, pbx) as it:
        await it.up()
        await it.phones.login(asked("li"), ["service"])
        await pbx.stop()
        await it.until(lambda: not it.board.lines["main"].up)
        done = await it.phones.pause(asked("li"), "meeting")
        assert not done.applied
        assert "follow when it is back" in done.note
        assert done.agent is not None
        assert done.agent.state is AgentState.PAUSED
        await pbx.start()
        await it.up()
        await pbx.until(lambda: it.members() == {"PJSIP/1001": (True, "meeting")})


async def test_static_members_work_without_a_sign_in_and_are_paused_not_removed(sqlite_db: Database) -> None:
    setup = Setup(members={"service": ["1001"]})
    async with PracticePbx(setup=setup) as pbx, room(sqlite_db, pbx) as it:
        await it.state("li", AgentState.READY)
        assert it.board.duties["li"].queues == ("service",)
        await it.phones.logout(asked("li"))
        assert it.members() == {"PJSIP/1001": (True, SIGNED_OUT)}
        await it.phones.ready(asked("li"))
        assert it.members() == {"PJSIP/1001": (False, "")}


async def test_a_queue_call_is_told_stored_and_ends(sqlite_db: Database) -> None:
    async with PracticePbx() as pbx, room(sqlite_db, pbx) as it:
        await it.up()
        await it.phones.login(asked("li"), ["service"])
        caller = pbx.caller("13800138000", name="Zhang")
        await it.until(lambda: any(isinstance(e, CallOffered) for e in it.told))
        await it.state("li", AgentState.RINGING)
        pbx.answer("1001")
        await it.until(lambda: any(isinstance(e, CallAnswered) for e in it.told))
        (call,) = it.calls
        assert await it.recorder.flush()
        assert list(await it.store.live("main")) == [call.id]
        pbx.hang_up(caller)
        await it.until(lambda: any(isinstance(e, CallEnded) for e in it.told))
        await it.state("li", AgentState.WRAP_UP)
        assert await it.recorder.flush()
        stored = await it.store.get(call.id)
        assert stored is not None
        assert (stored.outcome, stored.queue, stored.caller.name) == (Outcome.ANSWERED, "service", "Zhang")
        assert it.calls == ()


async def test_a_restarted_server_shows_the_call_again_with_its_history(sqlite_db: Database) -> None:
    async with PracticePbx() as pbx:
        async with room(sqlite_db, pbx) as it:
            await it.up()
            await it.phones.login(asked("li"), ["service"])
            pbx.caller("13800138000")
            await it.state("li", AgentState.RINGING)
            pbx.answer("1001")
            await it.state("li", AgentState.TALKING)
            (before,) = it.calls
        async with room(sqlite_db, pbx) as it:
            await it.until(lambda: any(isinstance(e, CallAnswered) for e in it.told))
            (after,) = it.calls
            assert (after.id, after.started_at, after.answered_at) == (
                before.id,
                before.started_at,
                before.answered_at,
            )
            assert after.incomplete
            assert [s.id for s in after.segments] == [s.id for s in before.segments]
            assert it.board.duties["li"].queues == ("service",)


async def test_a_restarted_pbx_leaves_no_ghost(sqlite_db: Database) -> None:
    async with PracticePbx() as pbx, room(sqlite_db, pbx) as it:
        await it.up()
        await it.phones.login(asked("li"), ["service"])
        pbx.caller("13800138000")
        await it.state("li", AgentState.RINGING)
        await pbx.restart()
        await it.until(lambda: any(isinstance(e, CallEnded) for e in it.told))
        ended = next(e.call for e in it.told if isinstance(e, CallEnded))
        assert ended.outcome is Outcome.LOST
        await it.state("li", AgentState.READY)
        await pbx.until(lambda: it.members() == {"PJSIP/1001": (False, "")})
        epochs = [e.pbx.epoch for e in it.told if isinstance(e, PbxChanged) and e.pbx.state is LinkState.UP]
        assert list(dict.fromkeys(epochs)) == [1, 2]
        pbx.caller("02158880001")
        await it.until(lambda: any(call.caller.number == "02158880001" for call in it.calls))


async def test_click_to_dial_rings_the_own_phone_first_and_then_the_number(sqlite_db: Database) -> None:
    async with PracticePbx() as pbx, room(sqlite_db, pbx) as it:
        await it.up()
        with pytest.raises(Forbidden) as barred:
            await it.phones.dial(asked("li"), "+44 909 879 0879")
        assert (barred.value.code, barred.value.details["why"]) == ("dial_barred", "premium")
        call_id = await it.phones.dial(asked("li"), "+86 139 1234 5678")
        await it.state("li", AgentState.RINGING)
        call = it.board.call(call_id)
        assert call is not None
        assert (call.direction, call.dialled) == (Direction.OUTBOUND, "13912345678")
        with pytest.raises(Conflict, match="in a call"):
            await it.phones.dial(asked("li"), "13912345678")
        pbx.answer("1001")
        await pbx.until(lambda: pbx.ringing("trunk"))
        pbx.answer("trunk")
        await it.until(lambda: (c := it.board.call(call_id)) and c.state is CallState.TALKING)
        with pytest.raises(Forbidden):
            await it.phones.transfer(asked("li"), call_id, "+449098790879", "blind")
        await it.phones.hangup(asked("li"), call_id)
        await it.until(lambda: any(isinstance(e, CallEnded) for e in it.told))
        ended = next(e.call for e in it.told if isinstance(e, CallEnded))
        assert (ended.outcome, ended.dialled, ended.id) == (Outcome.ANSWERED, "13912345678", call_id)


async def test_a_transfer_gives_the_caller_to_a_colleague(sqlite_db: Database) -> None:
    async with PracticePbx() as pbx, room(sqlite_db, pbx) as it:
        await it.up()
        await it.phones.login(asked("li"), ["service"])
        pbx.caller("13800138000")
        await it.state("li", AgentState.RINGING)
        (call,) = it.calls
        with pytest.raises(Conflict, match="nothing to transfer"):
            await it.phones.transfer(asked("li"), call.id, "1002", "blind")
        pbx.answer("1001")
        await it.until(lambda: it.calls[0].state is CallState.TALKING)
        await it.phones.transfer(asked("li"), call.id, "1002", "blind")
        await it.state("wang", AgentState.RINGING)
        pbx.answer("1002")
        await it.state("wang", AgentState.TALKING)
        (now,) = it.calls
        assert now.id == call.id
        assert [(s.agent, s.how, s.ended_at is None) for s in now.segments] == [
            ("li", How.QUEUE, False),
            ("wang", How.TRANSFER, True),
        ]


async def test_nobody_touches_a_call_that_is_not_theirs(sqlite_db: Database) -> None:
    async with PracticePbx() as pbx, room(sqlite_db, pbx) as it:
        await it.up()
        await it.phones.login(asked("li"), ["service"])
        pbx.caller("13800138000")
        await it.state("li", AgentState.RINGING)
        (call,) = it.calls
        with pytest.raises((NotFound, Forbidden)):
            await it.phones.hangup(asked("wang"), call.id)
        with pytest.raises(NotFound):
            await it.phones.hangup(asked("li"), "main-no.such")
        with pytest.raises(Invalid):
            await it.phones.transfer(asked("li"), call.id, "1002", "sideways")
        with pytest.raises(Invalid):
            await it.phones.dial(asked("wang"), "1003&Local/x@y")
        with pytest.raises(Invalid, match="own number"):
            await it.phones.dial(asked("wang"), "1002")
        with pytest.raises(Conflict, match="on the phone itself"):
            await it.phones.hold(asked("li"), call.id)
        await it.phones.hangup(asked("wang", anyone=True), call.id)
        await it.until(lambda: it.calls == ())


async def test_without_a_link_a_call_is_refused_and_a_pbx_says_what_is_wrong(sqlite_db: Database) -> None:
    async with PracticePbx() as pbx, room(sqlite_db, pbx, secret="wrong") as it:
        await it.until(lambda: "login refused" in it.board.snapshot().pbxs[0].detail)
        with pytest.raises(Unavailable, match="down"):
            await it.phones.dial(asked("li"), "13912345678")
        assert it.board.snapshot().pbxs[0].state is LinkState.DOWN
        agent = it.board.agent("li")
        assert agent is not None
        assert agent.state is AgentState.OFFLINE


async def test_duties_outlive_the_server(sqlite_db: Database) -> None:
    duty = Duty("li", ("service",), True, "lunch", 1.0, ("service",))
    await CallStore(sqlite_db).save_duty(duty, 1.0, "li", "agent.pause")
    async with PracticePbx() as pbx, room(sqlite_db, pbx) as it:
        agent = it.board.agent("li")
        assert agent is not None
        assert (agent.state, agent.reason, agent.since) == (AgentState.PAUSED, "lunch", 1.0)
        await it.up()
        await pbx.until(lambda: it.members() == {"PJSIP/1001": (True, "lunch")})
