"""Several PBXs in one server: the same extensions and queue names on each do not mix."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from config.settings import DatabaseSettings, JournalSettings, PbxSettings, Settings
from core.identity import NewSeat, Role
from core.identity.passwords import Passwords
from cti.gaps import Cause
from cti.journal.files import files_of, records_in
from cti.journal.journal import Journal
from cti.journal.replay import Replay
from cti.messages import AgentState, Call, Party
from cti.practice.pbx import SECRET, USERNAME, PracticePbx, Setup
from customers.messages import NewCustomer, NewPhone
from server.wiring import House
from tests.conftest import PASSWORD, cheap_hasher
from tests.integration.picky import PickyLine
from tests.real.asterisk import Asterisk, QueueSetup
from tests.real.sipp import Caller, Phone
from tests.wait import until

LONG = 60.0
SHANGHAI, BERLIN = "13800138000", "015112345678"
"""The first is a number of the north's region, the second of the west's."""
AGENTS = {"north": "anna", "west": "bert"}
"""Both have the phone PJSIP/1001, each at its own PBX."""


@asynccontextmanager
async def house_of(tmp_path: Path, template: Path, *pbxs: PbxSettings) -> AsyncIterator[House]:
    path = tmp_path / "ringdesk.db"
    shutil.copy(template, path)
    journal = Journal(JournalSettings(directory=str(tmp_path / "journal")), pbxs)
    house = House(Settings(database=DatabaseSettings(f"sqlite:///{path}"), pbx=pbxs), journal=journal)
    house.identity._passwords = Passwords(cheap_hasher())
    for pbx, user in AGENTS.items():
        seat = NewSeat("PJSIP/1001", pbx, "1001")
        await house.identity.add_user(user, PASSWORD, Role.AGENT, user.title(), seat, house.clock.now())
    try:
        await house.start()
        await until(lambda: all(line.up for line in house.switchboard.lines.values()), LONG)
        yield house
    finally:
        await house.stop()


def settings(name: str, port: int, username: str, secret: str, region: str) -> PbxSettings:
    return PbxSettings(
        name, port=port, username=username, secret=secret, region=region, trunks=("PJSIP/trunk",)
    )


def calls(house: House, pbx: str) -> list[Call]:
    return [call for call in house.switchboard.snapshot().calls if call.pbx == pbx]


def state(house: House, user: str) -> AgentState | None:
    agent = house.switchboard.agent(user)
    return None if agent is None else agent.state


def shown(house: House, user: str) -> list[tuple[str, str]]:
    """The caller and the match of each card on that user's desk."""
    return [(pop["caller"]["number"], pop["match"]) for pop in house.popper.pops_of(user, "en")]


async def customers(house: House) -> None:
    for name, number in (("Li", f"+86{SHANGHAI}"), ("Berg", "+4915112345678")):
        new = NewCustomer(name=name, phones=(NewPhone(number=number),))
        await house.customers.create("test", new, house.clock.now())


def kept(folder: Path) -> dict[str, Call]:
    """What the journal of both makes of them."""
    it = Replay()
    for path in files_of(folder):
        for record in records_in(path):
            it.take(record)
    return it.calls


def anonymous(call: Call) -> Call:
    return msgspec.structs.replace(call, caller=Party())


@pytest.fixture
async def two() -> AsyncIterator[tuple[PracticePbx, PracticePbx]]:
    setup = Setup(members={"service": ("1001",)}, retry=1, wrapuptime=0)
    async with PracticePbx(setup=setup) as north, PracticePbx(setup=setup) as west:
        yield north, west


def practice(north: PracticePbx, west: PracticePbx, west_port: int = 0) -> tuple[PbxSettings, PbxSettings]:
    return (
        settings("north", north.port, USERNAME, SECRET, "CN"),
        settings("west", west_port or west.port, USERNAME, SECRET, "DE"),
    )


async def test_calls_agents_queues_and_regions_of_two_practice_pbxs(
    two: tuple[PracticePbx, PracticePbx], tmp_path: Path, sqlite_template: Path
) -> None:
    north, west = two
    async with house_of(tmp_path, sqlite_template, *practice(north, west)) as house:
        await customers(house)
        board = house.switchboard
        assert {queue.key for queue in board.snapshot().queues} >= {"north/service", "west/service"}
        north.caller(SHANGHAI, "4001")
        await until(lambda: north.ringing("1001") and state(house, "anna") is AgentState.RINGING)
        assert state(house, "bert") is AgentState.READY
        assert calls(house, "west") == []
        west.caller(BERLIN, "4001")
        await until(lambda: west.ringing("1001") and state(house, "bert") is AgentState.RINGING)
        north.answer("1001")
        await until(lambda: state(house, "anna") is AgentState.TALKING)
        assert state(house, "bert") is AgentState.RINGING
        # Each number is read in the region of the PBX that it came to.
        await until(lambda: shown(house, "anna") == [(f"+86{SHANGHAI}", "one")])
        await until(lambda: shown(house, "bert") == [("+4915112345678", "one")])
        west.answer("1001")
        await until(lambda: state(house, "bert") is AgentState.TALKING)
        west.hang_up("1001")
        await until(lambda: calls(house, "west") == [])
        assert state(house, "anna") is AgentState.TALKING
        north.hang_up("1001")
        await until(lambda: not board.snapshot().calls)
        await house.recorder.flush()
        found = [await house.calls.of_numbers([key], None, 5) for key in (f"+86{SHANGHAI}", "+4915112345678")]
        ((one,), (other,)) = found
        assert [(c.pbx, [s.agent for s in c.segments]) for c in (one, other)] == [
            ("north", ["anna"]),
            ("west", ["bert"]),
        ]
        assert one.id.startswith("north-")
        assert other.id.startswith("west-")
    again = kept(tmp_path / "journal")
    assert {id_: anonymous(call) for id_, call in again.items()} == {
        call.id: anonymous(call) for call in (one, other)
    }


async def test_a_duty_is_the_own_pbxs_and_a_lost_link_is_the_other_ones_matter(
    two: tuple[PracticePbx, PracticePbx], tmp_path: Path, sqlite_template: Path
) -> None:
    north, west = two
    async with (
        PickyLine(west.port) as line,
        house_of(tmp_path, sqlite_template, *practice(north, west, line.port)) as house,
    ):
        board = house.switchboard
        await until(lambda: {"anna", "bert"} <= board.duties.keys())
        await board.change_duty("anna", lambda duty: duty.pause("lunch", 1.0), "anna", house.clock.now())
        await north.until(lambda: north.queues.queues["service"].members["PJSIP/1001"].paused)
        assert not west.queues.queues["service"].members["PJSIP/1001"].paused
        north.caller(SHANGHAI, "4001")
        west.caller(BERLIN, "4001")
        await until(lambda: calls(house, "north") and calls(house, "west"))
        before = {name: one.pbx.epoch for name, one in board.lines.items()}
        with line.shut():
            await until(lambda: not board.lines["west"].up)
            assert board.lines["north"].up
            assert [call.incomplete for call in calls(house, "west")] == [True]
            assert [call.incomplete for call in calls(house, "north")] == [False]
        await until(lambda: board.lines["west"].up, LONG)
        after = {name: one.pbx.epoch for name, one in board.lines.items()}
        assert after == {"north": before["north"], "west": before["west"] + 1}
        await board.gaps.flush()
        assert [(gap.pbx, gap.cause) for gap in await board.gaps.find()] == [("west", Cause.CUT)]


@pytest.mark.real
async def test_an_asterisk_22_and_an_asterisk_16(tmp_path: Path, sqlite_template: Path) -> None:
    """The same extension rings on both at once; each call goes to its own agent, its own queue, its own record."""
    queues = {"service": QueueSetup(members=("1001",))}
    async with AsyncExitStack() as stack:
        north = await stack.enter_async_context(Asterisk(queues, version=22))
        west = await stack.enter_async_context(Asterisk(queues, version=16))
        phones = [await stack.enter_async_context(Phone(pbx, "1001")) for pbx in (north, west)]
        pbxs = [
            settings(name, pbx.ami_port, pbx.user, pbx.secret, region)
            for name, pbx, region in (("north", north, "CN"), ("west", west, "DE"))
        ]
        house = await stack.enter_async_context(house_of(tmp_path, sqlite_template, *pbxs))
        await customers(house)
        versions = {name: line.pbx.version.split(".")[0] for name, line in house.switchboard.lines.items()}
        assert versions == {"north": "22", "west": "16"}
        async with Caller(north, "4001", SHANGHAI) as one, Caller(west, "4001", BERLIN) as other:
            await until(lambda: shown(house, "anna") == [(f"+86{SHANGHAI}", "one")], LONG)
            await until(lambda: shown(house, "bert") == [("+4915112345678", "one")], LONG)
            await phones[1].answer()
            await until(lambda: state(house, "bert") is AgentState.TALKING, LONG)
            assert state(house, "anna") is AgentState.RINGING
            await phones[0].answer()
            await until(lambda: state(house, "anna") is AgentState.TALKING, LONG)
            await one.hang_up()
            await until(lambda: calls(house, "north") == [], LONG)
            assert [call.state.value for call in calls(house, "west")] == ["talking"]
            await other.hang_up()
            await until(lambda: calls(house, "west") == [], LONG)
        await house.recorder.flush()
        stored = [
            (await house.calls.of_numbers([key], None, 5))[0] for key in (f"+86{SHANGHAI}", "+4915112345678")
        ]
        assert [(call.pbx, call.outcome and call.outcome.value) for call in stored] == [
            ("north", "answered"),
            ("west", "answered"),
        ]
        assert [[s.agent for s in call.segments] for call in stored] == [["anna"], ["bert"]]
