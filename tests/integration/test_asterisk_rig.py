"""The rig itself: a SIP call through the sample configuration, as told by AMI."""

import os

import pytest

from tests.real.ami import AmiError
from tests.real.asterisk import Asterisk
from tests.real.sipp import Caller, Phone, answers

pytestmark = pytest.mark.real
VERSIONS = (16, 22)


@pytest.mark.parametrize("version", VERSIONS)
async def test_call_to_the_service_queue_is_offered_answered_and_ended(version: int) -> None:
    async with (
        Asterisk(version=version) as pbx,
        pbx.session() as ami,
        Phone(pbx, "1001") as phone,
        Phone(pbx, "1002") as other,
    ):
        async with Caller(pbx, "4001", number="13800138000", name="Li Na") as caller:
            offer = await ami.event("AgentCalled", Interface="PJSIP/1001")
            assert offer["CallerIDNum"] == "13800138000"
            assert offer["ChanVariable"] == f"RINGDESK_CALL={offer['Uniqueid']}"
            await phone.ringing()
            await phone.answer()
            connect = await ami.event("AgentConnect")
            assert connect["Interface"] == "PJSIP/1001"
            await other.wait("ended")
            await caller.hang_up()
            await phone.wait("ended")
            complete = await ami.event("AgentComplete")
            assert complete["Reason"] == "caller"
            await ami.event("Hangup", Uniqueid=offer["Uniqueid"])
        verbs = [line[4] for line in pbx.queue_log() if line[1] == offer["Uniqueid"]]
        assert verbs == ["ENTERQUEUE", "CONNECT", "COMPLETECALLER"]
        assert pbx.cel()[0]["event"] == "CHAN_START"
        assert (await pbx.ami.action("CoreSettings"))["AsteriskVersion"].startswith(f"{version}.")


async def test_restart_and_crash_leave_a_pbx_that_takes_calls() -> None:
    async with Asterisk() as pbx, Phone(pbx, "1001", answers()) as phone, Phone(pbx, "1002"):
        before = await pbx.ami.action("CoreStatus")
        async with Caller(pbx, "4001"):
            await phone.wait("talking")
            await pbx.restart()
            await phone.wait("ended")
        async with Caller(pbx, "4001"):
            await phone.wait("talking", count=2)
            await pbx.kill()
            await pbx.start()
        after = await pbx.ami.action("CoreStatus")
        assert (before["CoreStartupDate"], before["CoreStartupTime"]) != (
            after["CoreStartupDate"],
            after["CoreStartupTime"],
        )
        assert await pbx.ami.action_list("CoreShowChannels") == []


async def test_two_asterisks_run_side_by_side() -> None:
    async with (
        Asterisk() as one,
        Asterisk() as two,
        Phone(two, "1001", answers()) as phone,
        Caller(two, "4003"),
    ):
        await phone.wait("talking")
        assert len(await two.ami.action_list("CoreShowChannels")) == 2
        assert await one.ami.action_list("CoreShowChannels") == []


async def test_ringdesk_may_do_what_it_needs_and_no_more() -> None:
    async with Asterisk() as pbx, pbx.session() as ami:
        for allowed in (
            "CoreShowChannels",
            "BridgeList",
            "QueueStatus",
            "QueueSummary",
            "Status",
            "DeviceStateList",
        ):
            await ami.action_list(allowed)
        with pytest.raises(AmiError, match="Permission denied"):
            await ami.action("Command", {"Command": "core show uptime"})
        with pytest.raises(AmiError, match="Permission denied"):
            await ami.action("GetConfig", {"Filename": "manager.conf"})


async def test_nothing_is_left_behind() -> None:
    async with Asterisk() as pbx, Phone(pbx, "1001") as phone:
        folder, pid, sipp = pbx.run, pbx.pid, phone.process
    assert not folder.exists()
    assert sipp.returncode is not None
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
