"""`ringdesk doctor --call` on a real Asterisk: the way to a pop, and each step of it broken for real."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from config.settings import JournalSettings, PbxSettings, Settings
from core.clock import SystemClock
from core.ids import new_id
from cti.findings import Finding, Level
from cti.messages import LinkState, Seat
from cti.selftest import Trial, call_test
from server.commands.doctor import RunningServer
from tests.integration.test_link_asterisk import add_user
from tests.integration.whole import Whole, whole
from tests.real.asterisk import Asterisk, QueueSetup
from tests.real.sipp import Caller, Phone
from tests.wait import until

pytestmark = pytest.mark.real
LONG = 60.0
BOTH = pytest.mark.parametrize("pbx", [22, 16], indirect=True)
QUEUES = {"service": QueueSetup(members=("1001",)), "emergency": QueueSetup(members=())}
SEATS = [Seat("anna", "Anna", "main", "PJSIP/1001", "1001")]
TRUNKS = ("PJSIP/trunk",)


@dataclass
class Ward:
    """An Asterisk with a server on it, and the doctor."""

    pbx: Asterisk
    it: Whole
    settings: Settings
    link: PbxSettings

    async def examine(
        self, seconds: float = 30.0, seats: list[Seat] | None = None, **more: str
    ) -> list[Finding]:
        of = msgspec.structs.replace(self.link, **more)
        server = RunningServer(self.settings)
        trial = Trial(f"rd-test-{new_id(SystemClock().now())}", seconds)
        return await call_test(of, SEATS if seats is None else seats, server, SystemClock(), trial)


@pytest.fixture
async def pbx(request: pytest.FixtureRequest) -> AsyncIterator[Asterisk]:
    async with Asterisk(QUEUES, version=getattr(request, "param", 22)) as running:
        yield running


@asynccontextmanager
async def ward(pbx: Asterisk, tmp_path: Path, template: Path) -> AsyncIterator[Ward]:
    link = PbxSettings(
        "main",
        port=pbx.ami_port,
        username=pbx.user,
        secret=pbx.secret,
        trunks=TRUNKS,
        test_extension="4001",
        test_context="from-trunk",
    )
    journal = JournalSettings(directory=str(tmp_path / "journal"))
    async with whole(tmp_path, template, pbx=link, journal=journal) as it:
        await until(lambda: it.house.switchboard.lines["main"].up, LONG)
        yield Ward(pbx, it, msgspec.structs.replace(it.house.settings, journal=journal), link)


def last(findings: list[Finding]) -> str:
    return findings[-1].what


def levels(findings: list[Finding]) -> list[str]:
    return [finding.level.value for finding in findings]


@BOTH
async def test_a_call_that_pops_is_followed_to_the_browser_and_hung_up(
    pbx: Asterisk, tmp_path: Path, sqlite_template: Path
) -> None:
    async with ward(pbx, tmp_path, sqlite_template) as it, Phone(pbx, "1001") as phone:
        async with it.it.live("anna"):
            found = await it.examine(test_extension="1", test_context="ringdesk-test")
        assert re.fullmatch(r"A test call to 1@ringdesk-test was placed: main-rd-test-\w+", found[0].what)
        assert [finding.what for finding in found[1:]] == [
            "Events tell of its channel",
            "It waits in the queue service",
            "PJSIP/1001 rings, the phone of anna",
            "The card was sent to anna (browsers: 1)",
        ]
        assert set(levels(found)) == {"ok"}
        await phone.wait("ended", seconds=30)  # the phone does not go on ringing
        await until(lambda: not it.it.house.switchboard.snapshot().calls, LONG)


async def test_no_browser_no_server_and_no_user(pbx: Asterisk, tmp_path: Path, sqlite_template: Path) -> None:
    async with ward(pbx, tmp_path, sqlite_template) as it, Phone(pbx, "1001") as phone:
        found = await it.examine()
        assert last(found) == "anna has no browser open"
        assert it.it.url in found[-1].fix
        await phone.wait("ended", seconds=30)
        found = await it.examine(seats=[])
        assert last(found) == "PJSIP/1001 rings and belongs to no user"
        assert "--add PJSIP/1001" in found[-1].fix
    async with Phone(pbx, "1001"):
        found = await it.examine()
        assert "no Ringdesk server answers" in last(found)


async def test_a_queue_that_rings_nobody(pbx: Asterisk, tmp_path: Path, sqlite_template: Path) -> None:
    async with ward(pbx, tmp_path, sqlite_template) as it:
        assert last(await it.examine(2.0, test_extension="4004")) == "The queue emergency has no members"
        await pbx.ami.action("QueueAdd", Queue="emergency", Interface="PJSIP/1009")
        found = await it.examine(2.0, test_extension="4004")
        assert last(found) == "No phone of emergency can be reached"
        assert "PJSIP/1009 is invalid" in found[-1].why
        await pbx.ami.action("QueuePause", Interface="PJSIP/1009", Paused="true", Reason="lunch")
        found = await it.examine(2.0, test_extension="4004")
        assert last(found) == "All members of emergency are paused"
        assert "PJSIP/1009 is paused (lunch)" in found[-1].why


async def test_a_number_that_leads_nowhere_or_elsewhere(
    pbx: Asterisk, tmp_path: Path, sqlite_template: Path
) -> None:
    async with ward(pbx, tmp_path, sqlite_template) as it, Phone(pbx, "1001"):
        found = await it.examine(2.0, test_extension="4999")
        assert found[-1].level is Level.PROBLEM
        assert "4999@from-trunk" in last(found) + found[-1].fix
        found = await it.examine(2.0, test_extension="4003")  # rings 1001 itself
        assert last(found) == "The call is in no queue after 2 s: 4003@from-trunk does not lead into a queue"
        found = await it.examine(2.0, test_extension="")
        assert last(found) == "test_extension and test_context are not set"


async def test_permissions_that_lack(pbx: Asterisk, tmp_path: Path, sqlite_template: Path) -> None:
    async with ward(pbx, tmp_path, sqlite_template) as it:
        write = "call,agent,originate,reporting"
        for name, read, write_ in (
            ("deaf", "system", write),
            ("half", "system,call", write),
            ("mute", "system,call,agent", "call,agent,reporting"),
        ):
            await add_user(pbx, name, read, write_)
        found = await it.examine(2.0, username="deaf")
        assert last(found) == "No event tells of the call"
        assert "add system,call,agent to read" in found[-1].fix
        found = await it.examine(2.0, username="half")
        assert last(found) == "No event tells of the queue"
        assert "service" in found[-1].why
        found = await it.examine(2.0, username="mute")
        assert "write=originate" in last(found)
        assert last(await it.examine(2.0, username="nobody")) == "Login of nobody refused"


async def test_a_pbx_that_is_away(pbx: Asterisk, tmp_path: Path, sqlite_template: Path) -> None:
    async with ward(pbx, tmp_path, sqlite_template) as it:
        await asyncio.gather(pbx.kill())
        assert "cannot connect to" in last(await it.examine(2.0))


async def test_a_phone_in_use_a_server_without_a_link_and_one_without_a_journal(
    pbx: Asterisk, tmp_path: Path, sqlite_template: Path
) -> None:
    async with ward(pbx, tmp_path, sqlite_template) as it, Phone(pbx, "1001") as phone:
        async with Caller(pbx, "4003") as caller:
            await phone.answer()
            await pbx.ami.event("QueueMemberStatus", Interface="PJSIP/1001", Status="2")
            found = await it.examine(2.0)
            assert last(found) == "No phone of service was rung within 2 s"
            assert found[-1].why == "PJSIP/1001 is in use"
            since = len(pbx.ami.messages)
            await caller.hang_up()
        await pbx.ami.event("QueueMemberStatus", since=since, Interface="PJSIP/1001", Status="1")
        line = it.it.house.switchboard.lines["main"]
        line.pbx = msgspec.structs.replace(line.pbx, state=LinkState.DOWN, detail="the cable is out")
        it.it.house.hub.on_published = lambda *_: None  # what a server without a link would note: nothing
        found = await it.examine()
        assert (
            last(found)
            == "The card was not shown: the server's own link to the PBX is down: the cable is out"
        )
        line.pbx = msgspec.structs.replace(line.pbx, state=LinkState.UP)
        without = msgspec.structs.replace(it.settings.journal, enabled=False)
        it.settings = msgspec.structs.replace(it.settings, journal=without)
        found = await it.examine()
        assert last(found) == "Whether anna saw a card could not be seen"
        assert found[-1].level is Level.NOTE


async def test_a_member_in_the_manner_of_freepbx(
    pbx: Asterisk, tmp_path: Path, sqlite_template: Path
) -> None:
    """Local/1001@… stands in the queue, and the phone behind it is anna's."""
    async with ward(pbx, tmp_path, sqlite_template) as it, Phone(pbx, "1001"), it.it.live("anna"):
        await pbx.ami.action("QueueAdd", Queue="emergency", Interface="Local/1001@agents/n")
        found = await it.examine(test_extension="4004")
        assert [finding.what for finding in found[3:]] == [
            "Local/1001@agents/n rings, the phone of anna",
            "The card was sent to anna (browsers: 1)",
        ]
