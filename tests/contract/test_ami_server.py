"""What Ringdesk relies on in an AMI server: the same tests on the practice PBX and on a real Asterisk."""

from collections.abc import AsyncIterator

import pytest

from tests.contract import stage as stages
from tests.contract.stage import Stage
from tests.real.ami import Ami, AmiError, named

KNOWN = "13800138000"
MEMBER = {"Queue": "emergency", "Interface": "PJSIP/1003"}
LISTS = {
    "CoreShowChannels": (
        "CoreShowChannel",
        {"Uniqueid", "Linkedid", "Channel", "BridgeId", "Duration", "Application"},
    ),
    "Status": ("Status", {"Uniqueid", "DNID", "Seconds", "BridgeID"}),
    "BridgeList": ("BridgeListItem", {"BridgeUniqueid", "BridgeNumChannels"}),
    "DeviceStateList": ("DeviceStateChange", {"Device", "State"}),
}


@pytest.fixture(params=["practice", pytest.param("asterisk", marks=pytest.mark.real)])
async def stage(request: pytest.FixtureRequest) -> AsyncIterator[Stage]:
    make = stages.practice if request.param == "practice" else stages.asterisk
    async with make() as made:
        yield made


@pytest.fixture
async def ami(stage: Stage) -> AsyncIterator[Ami]:
    async with stage.session() as session:
        yield session


async def refusal(session: Ami, action: str, **fields: str) -> str:
    with pytest.raises(AmiError) as caught:
        await session.action(action, fields)
    return str(caught.value)


async def test_login_permissions_and_refusals(stage: Stage, ami: Ami) -> None:
    await ami.event("FullyBooted")
    with pytest.raises(AmiError, match="Authentication failed"):
        async with stage.session(secret="wrong"):
            pass
    assert "Permission denied" in await refusal(ami, "Command", Command="core show version")
    assert "Invalid/unknown command" in await refusal(ami, "Nope")
    assert "No such channel" in await refusal(ami, "Hangup", Channel="PJSIP/none-1")
    assert "Extension does not exist" in await refusal(
        ami, "Originate", Channel="PJSIP/1001", Context="agents", Exten="7", Priority="1", Async="true"
    )
    assert (await ami.action("Ping"))["Ping"] == "Pong"
    settings, status = await ami.action("CoreSettings"), await ami.action("CoreStatus")
    assert settings["AsteriskVersion"].startswith("22.")
    assert {"CoreStartupDate", "CoreStartupTime"} <= set(status)


async def test_dynamic_members_come_pause_and_go(ami: Ami) -> None:
    await ami.action("QueueAdd", MEMBER, MemberName="Zhang Wei", StateInterface="PJSIP/1003")
    added = await ami.event("QueueMemberAdded")
    assert (added["Membership"], added["MemberName"], added["Status"]) == ("dynamic", "Zhang Wei", "1")
    assert "Already there" in await refusal(ami, "QueueAdd", **MEMBER)
    await ami.action("QueuePause", MEMBER, Paused="true", Reason="lunch")
    paused = await ami.event("QueueMemberPause", Paused="1")
    assert paused["PausedReason"] == "lunch"
    listed = [
        m for m in await ami.action_list("QueueStatus", Queue="emergency") if m["Event"] == "QueueMember"
    ]
    assert [(m["Location"], m["Name"], m["Paused"]) for m in listed] == [("PJSIP/1003", "Zhang Wei", "1")]
    await ami.action("QueueRemove", MEMBER)
    await ami.event("QueueMemberRemoved")
    assert "Not there" in await refusal(ami, "QueueRemove", **MEMBER)
    assert "not dynamic" in await refusal(ami, "QueueRemove", Queue="service", Interface="PJSIP/1001")


async def test_queue_call_and_the_lists_in_the_middle_of_it(stage: Stage, ami: Ami) -> None:
    await stage.call("4001", KNOWN, "Li Na")
    waiting = await ami.event("QueueCallerJoin")
    await ami.event("AgentCalled", Interface="PJSIP/1002")
    await stage.answer("1001")
    connect = await ami.event("AgentConnect")
    await ami.wait(lambda m: m.get("Event") == "BridgeEnter" and m["Uniqueid"] == waiting["Uniqueid"])
    assert connect["Interface"] == "PJSIP/1001"
    assert connect["DestLinkedid"] == waiting["Uniqueid"] == waiting["Linkedid"]
    assert connect["ChanVariable"] == f"RINGDESK_CALL={waiting['Uniqueid']}"
    for action, (event, headers) in LISTS.items():
        items = await ami.action_list(action)
        assert {item["Event"] for item in items} == {event}
        assert headers <= set(items[0])
    channels = {m["Channel"]: m for m in await ami.action_list("CoreShowChannels")}
    assert len({m["BridgeId"] for m in channels.values()} - {""}) == 1
    assert channels[waiting["Channel"]]["ApplicationData"].startswith("service")
    await stage.hang_up("1001")
    assert (await ami.event("AgentComplete"))["Reason"] == "agent"
    await ami.event("Hangup", Uniqueid=waiting["Uniqueid"])
    await ami.event("QueueMemberStatus", Interface="PJSIP/1001", Status="1", CallsTaken="1")


async def test_caller_who_gives_up(stage: Stage, ami: Ami) -> None:
    await stage.call("4001", KNOWN)
    await ami.event("DialState", DialStatus="RINGING")
    await stage.give_up()
    gone = await ami.event("QueueCallerAbandon")
    await ami.event("Hangup", Uniqueid=gone["Uniqueid"])
    assert await ami.action_list("CoreShowChannels") == []


async def test_click_to_dial_with_a_channel_id_of_ours(stage: Stage, ami: Ami) -> None:
    await ami.action(
        "Originate",
        *({"Channel": "PJSIP/1001", "Context": "agents", "Exten": "913912345678", "Priority": "1"},),
        Async="true",
        ChannelId="ringdesk-1",
        CallerID="1001",
        Variable="__RINGDESK_CALL=opaque",
        Timeout="20000",
    )
    await stage.answer("1001")
    response = await ami.wait(named("OriginateResponse"))
    assert (response["Response"], response["Reason"], response["Uniqueid"]) == ("Success", "4", "ringdesk-1")
    await stage.answer("outside")
    entered = await ami.wait(lambda m: m.get("Event") == "BridgeEnter" and m["BridgeNumChannels"] == "2")
    assert (entered["Linkedid"], entered["ChanVariable"]) == ("ringdesk-1", "RINGDESK_CALL=opaque")
    own = await ami.event("Newchannel", Uniqueid="ringdesk-1")
    await ami.action("Hangup", Channel=own["Channel"])
    await ami.event("Hangup", Uniqueid="ringdesk-1")


async def test_blind_transfer_by_the_agent(stage: Stage, ami: Ami) -> None:
    await stage.call("4003", KNOWN)
    await stage.answer("1001")
    await ami.wait(lambda m: m.get("Event") == "BridgeEnter" and m["BridgeNumChannels"] == "2")
    agent = await ami.wait(lambda m: m.get("Event") == "DialEnd" and m["DialStatus"] == "ANSWER")
    await ami.action("BlindTransfer", Channel=agent["DestChannel"], Context="agents", Exten="1002")
    told = await ami.event("BlindTransfer")
    assert (told["Result"], told["Extension"], told["TransfereeCallerIDNum"]) == ("Success", "1002", KNOWN)
    await ami.event("Hangup", Channel=agent["DestChannel"])
    await stage.answer("1002")
    end = await ami.wait(lambda m: m.get("Event") == "DialEnd" and m["DestCallerIDNum"] == "1002")
    assert (end["DialStatus"], end["Uniqueid"]) == ("ANSWER", told["TransfereeUniqueid"])
    await stage.hang_up("1002")
    await ami.event("Hangup", Uniqueid=end["Uniqueid"])
