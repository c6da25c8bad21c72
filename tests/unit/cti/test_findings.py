"""What the doctor makes of a PBX's answers."""

import pytest

from cti import findings as f
from cti.control import PERMISSIONS
from cti.events import Member
from cti.findings import Level
from cti.messages import Seat
from cti.seen import Picture
from cti.vocabulary import Message

ALL = {name: "" for name in PERMISSIONS}


@pytest.mark.parametrize(
    ("version", "level"),
    [("22.10.1+dfsg", Level.OK), ("certified/18.9", Level.OK), ("13.1", Level.PROBLEM), ("GIT", Level.NOTE)],
)
def test_versions(version: str, level: Level) -> None:
    assert f.judge_version(version).level is level


def test_nothing_lacks() -> None:
    assert [finding.level for finding in f.judge_permissions(ALL)] == [Level.OK]


@pytest.mark.parametrize("permission", ["agent", "call", "originate", "reporting"])
def test_a_permission_lacks_where_all_its_actions_do(permission: str) -> None:
    (finding,) = f.judge_permissions(
        {name: "" for name, needed in PERMISSIONS.items() if needed != permission}
    )
    assert (finding.level, f"write={permission}" in finding.what) == (Level.PROBLEM, True)
    assert permission in finding.fix


def test_reporting_lacks_though_write_call_allows_some_of_its_actions() -> None:
    """As a real Asterisk 22 lists them to a user with write = call,agent,originate."""
    lacking = {"CoreSettings", "CoreStatus", "CoreShowChannels", "ShowDialPlan"}
    (finding,) = f.judge_permissions({name: "" for name in ALL if name not in lacking})
    assert (finding.level, finding.what) == (Level.PROBLEM, "The manager user lacks write=reporting")
    assert "CoreShowChannels" in finding.why


def test_a_module_lacks_where_only_its_action_does() -> None:
    (finding,) = f.judge_permissions({name: "" for name in ALL if name != "DeviceStateList"})
    assert finding.level is Level.WARNING
    assert "DeviceStateList" in finding.what


@pytest.mark.parametrize(
    ("pbx", "level"), [(100.0, Level.OK), (130.0, Level.WARNING), (40.0, Level.WARNING), (None, Level.NOTE)]
)
def test_clocks(pbx: float | None, level: Level) -> None:
    assert f.judge_clock(pbx, 101.0).level is level


@pytest.mark.parametrize(
    ("channels", "level"),
    [
        ([], Level.NOTE),
        ([Message({"ChanVariable": "RINGDESK_CALL="})], Level.OK),
        ([Message({"ChanVariable": "OTHER=1"})], Level.WARNING),
        ([Message({})], Level.WARNING),
    ],
)
def test_channelvars(channels: list[Message], level: Level) -> None:
    assert f.judge_channelvars(channels).level is level


@pytest.mark.parametrize(("heard", "level"), [(True, Level.OK), (False, Level.PROBLEM), (None, Level.NOTE)])
def test_events_that_may_not_be_read(heard: bool | None, level: Level) -> None:
    found = f.judge_heard("agent", heard)
    assert found.level is level
    assert ("add agent to read" in found.fix) is (heard is False)


def test_members_without_users_and_users_without_phones_or_queues() -> None:
    picture = Picture(
        startup="",
        members=(
            Member("service", "PJSIP/1001"),
            Member("service", "PJSIP/9999"),
            Member("other", "PJSIP/9999"),
        ),
        devices={"PJSIP/1001": "NOT_INUSE", "PJSIP/1002": "UNAVAILABLE", "PJSIP/1003": "INVALID"},
    )
    seats = [Seat(f"u{n}", "", "main", f"PJSIP/100{n}", "") for n in (1, 2, 3)]
    found = {finding.what: finding for finding in f.judge_seats(picture, seats)}
    assert [finding.level for finding in found.values()] == [Level.WARNING, Level.NOTE, Level.PROBLEM]
    assert (
        "--interface PJSIP/9999" in found["PJSIP/9999 is a member of other, service and matches no user"].fix
    )
    assert f.judge_seats(Picture(startup=""), [])[0].level is Level.OK


def test_the_members_of_freepbx_are_known_by_extension_and_a_stranger_is_told_by_its_phone() -> None:
    members = (Member("400", "Local/1001@from-queue/n"), Member("400", "Local/1002@from-queue/n"))
    seat = Seat("anna", "", "main", "PJSIP/1001", "1001")
    (finding,) = f.judge_seats(Picture(startup="", members=members), [seat])
    assert finding.what.startswith("Local/1002@from-queue/n is a member of 400")
    assert "--interface PJSIP/1002" in finding.fix
