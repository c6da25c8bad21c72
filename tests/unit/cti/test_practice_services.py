"""What an agent's page asks of the practice PBX over AMI: parking, rooms, pick-up, being moved."""

from collections.abc import AsyncIterator

import pytest

from cti.practice.pbx import SECRET, PracticePbx, Setup
from tests.real.ami import Ami, AmiError

KNOWN = "13800138000"


@pytest.fixture
async def pbx() -> AsyncIterator[PracticePbx]:
    setup = Setup(members={"service": ("1001",)}, wrapuptime=0)
    async with PracticePbx(setup=setup) as running:
        yield running


@pytest.fixture
async def ami(pbx: PracticePbx) -> AsyncIterator[Ami]:
    async with Ami(pbx.port, "tester", SECRET) as session:
        yield session


async def talking(pbx: PracticePbx) -> str:
    """A caller talks with 1001, whose channel is returned."""
    pbx.caller(KNOWN)
    await pbx.until(lambda: pbx.ringing("1001"))
    return pbx.answer("1001").name


async def sends(ami: Ami, channel: str, exten: str) -> None:
    await ami.action("BlindTransfer", Channel=channel, Context="ringdesk-dial", Exten=exten)


async def dials(pbx: PracticePbx, ami: Ami, extension: str, number: str) -> None:
    """The extension dials by mouse and takes its own phone off the hook."""
    order = {"Channel": f"PJSIP/{extension}", "Context": "ringdesk-dial", "Exten": number, "Priority": "1"}
    await ami.action("Originate", {**order, "Async": "true"})
    await pbx.until(lambda: pbx.ringing(extension))
    pbx.answer(extension)


async def test_a_caller_is_parked_and_fetched_by_a_colleague(pbx: PracticePbx, ami: Ami) -> None:
    await sends(ami, await talking(pbx), "700")
    parked = await ami.event("ParkedCall", ParkerDialString="PJSIP/1001")
    await dials(pbx, ami, "1002", parked["ParkingSpace"])
    await ami.event("UnParkedCall", RetrieverCallerIDNum="1002")
    assert pbx.talking("1002")
    assert not pbx.plan.lot.spaces


async def test_a_space_with_nobody_there_ends_the_call(pbx: PracticePbx, ami: Ami) -> None:
    await dials(pbx, ami, "1002", "705")
    await pbx.until(lambda: not pbx.world.channels)


async def test_three_meet_in_a_room(pbx: PracticePbx, ami: Ami) -> None:
    await sends(ami, await talking(pbx), "800")
    for extension in ("1001", "1002"):
        await dials(pbx, ami, extension, "800")
    await ami.event("ConfbridgeJoin", CallerIDNum="1002")
    assert len(pbx.plan.rooms.open["800"].bridge.members) == 3


async def test_a_colleague_takes_what_rings(pbx: PracticePbx, ami: Ami) -> None:
    pbx.caller(KNOWN)
    await pbx.until(lambda: pbx.ringing("1001"))
    await dials(pbx, ami, "1002", "**1001")
    await ami.event("Pickup", CallerIDNum="1002", TargetCallerIDNum="1001")
    assert pbx.talking("1002")
    assert not pbx.world.legs("1001")


async def test_a_caller_is_moved_by_redirect_and_by_bridge(pbx: PracticePbx, ami: Ami) -> None:
    await talking(pbx)
    caller = next(name for name in pbx.world.channels if name.startswith("PJSIP/trunk"))
    await ami.action("Redirect", Channel=caller, Context="agents", Exten="1002", Priority="1")
    await pbx.until(lambda: pbx.ringing("1002"))
    assert not pbx.world.legs("1001")
    pbx.answer("1002")
    pbx.dial("1003", "1004")
    colleague = pbx.answer("1004").name
    await ami.action("Bridge", Channel1=caller, Channel2=colleague)
    assert pbx.talking("1004")
    assert not pbx.world.legs("1002")
    assert not pbx.world.legs("1003")


async def test_who_is_being_rung_is_not_moved(pbx: PracticePbx, ami: Ami) -> None:
    caller = pbx.caller(KNOWN)
    await pbx.until(lambda: pbx.ringing("1001"))
    ringing = pbx.ring("1001").dest.name
    with pytest.raises(AmiError):
        await ami.action("Redirect", Channel=ringing, Context="agents", Exten="1002", Priority="1")
    with pytest.raises(AmiError):
        await ami.action("Bridge", Channel1=caller.name, Channel2=ringing)
    assert pbx.ringing("1001")
