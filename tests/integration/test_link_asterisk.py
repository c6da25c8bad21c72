"""The link on a real Asterisk: what it says of a call, of a restart, of a crash, and what it may do."""

import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import pytest

from cti import control
from cti import events as e
from cti.actions import Dialled
from cti.link import PbxLink
from cti.messages import LinkState
from cti.vocabulary import AmiRefused
from tests.integration.ami_script import QUICK, Sink, linked
from tests.real.asterisk import Asterisk, QueueSetup
from tests.real.sipp import Caller, Phone, answers
from tests.wait import until

pytestmark = pytest.mark.real
NO_AGENT = {"service": QueueSetup(members=())}
ONE_AGENT = {"service": QueueSetup(members=("1001",))}
LIMITED = "[{name}]\nsecret={secret}\nread={read}\nwrite={write}\nwritetimeout={write_timeout}\n"


@asynccontextmanager
async def on(pbx: Asterisk, sink: Sink, **more: object) -> AsyncIterator[PbxLink]:
    values = {"username": pbx.user, "secret": pbx.secret, "ping_seconds": 0.5, **more}
    async with linked(pbx.ami_port, sink, QUICK, **values) as link:
        yield link


async def add_user(pbx: Asterisk, name: str, read: str, write: str, write_timeout: int = 5000) -> None:
    with (pbx.run / "etc" / "manager.conf").open("a") as file:
        file.write(
            LIMITED.format(name=name, secret=pbx.secret, read=read, write=write, write_timeout=write_timeout)
        )
    await pbx.ami.action("Reload", Module="manager")


def names(sink: Sink) -> list[str]:
    return [type(event).__name__ for event in sink.events]


def seen(sink: Sink, kind: type[e.AmiEvent]) -> bool:
    return any(isinstance(event, kind) for event in sink.events)


async def test_a_queue_call_from_its_first_channel_to_its_end() -> None:
    sink = Sink()
    async with Asterisk(ONE_AGENT) as pbx, on(pbx, sink) as link, Phone(pbx, "1001", answers()) as phone:
        await sink.up()
        assert link.version.startswith("22.")
        assert {queue.name for queue in sink.pictures[0].queues} == {"service", "emergency"}
        async with Caller(pbx, "4001", "13800138000", "Li Na") as caller:
            await phone.wait("talking")
            await sink.until(lambda: seen(sink, e.AgentConnect))
            await caller.hang_up()
            await sink.until(lambda: seen(sink, e.AgentComplete))
        order = ["Newchannel", "QueueCallerJoin", "AgentCalled", "AgentConnect", "AgentComplete"]
        assert [name for name in names(sink) if name in order and name != "Newchannel"] == order[1:]
        (connect,) = [event for event in sink.events if isinstance(event, e.AgentConnect)]
        assert (connect.chan.caller_num, connect.chan.caller_name) == ("13800138000", "Li Na")
        assert connect.chan.call_tag == connect.chan.uniqueid
        assert link.counters.malformed == 0
        assert not {b"RTCPSent", b"TestEvent", b"VarSet", b"Newexten"} & set(link.skipped)


async def test_a_link_made_in_the_middle_of_a_call_sees_it() -> None:
    sink = Sink()
    async with (
        Asterisk(ONE_AGENT) as pbx,
        Phone(pbx, "1001", answers()) as phone,
        Caller(pbx, "4001", "13800138000"),
    ):
        await phone.wait("talking")
        await pbx.ami.event("AgentConnect")
        await pbx.ami.event("BridgeEnter")
        async with on(pbx, sink):
            await sink.up()
            channels = sink.pictures[0].channels
            assert {channel.chan.caller_num for channel in channels} == {"13800138000", "1001"}
            assert len({channel.chan.call_tag for channel in channels}) == 1


async def test_a_restart_and_a_crash_in_the_middle_of_a_call() -> None:
    sink = Sink()
    async with Asterisk(ONE_AGENT) as pbx, on(pbx, sink), Phone(pbx, "1001", answers()) as phone:
        await sink.up()
        async with Caller(pbx, "4001"):
            await phone.wait("talking")
            await pbx.stop()
            await sink.until(lambda: sink.state is LinkState.DOWN)
            assert seen(sink, e.Shutdown)
        await pbx.start()
        await sink.up(pictures=2)
        second = int(time.time())  # Asterisk tells its start to the second: the next one must be in another
        await pbx.kill()
        await sink.told("cannot connect to")
        await until(lambda: int(time.time()) > second)
        await pbx.start()
        await sink.up(pictures=3)
        assert len({picture.startup for picture in sink.pictures}) == 3
        assert all(picture.channels == () for picture in sink.pictures)


async def test_an_asterisk_that_hangs_is_found_by_pings_and_met_again() -> None:
    sink = Sink()
    async with Asterisk() as pbx, on(pbx, sink, ping_seconds=0.2, action_seconds=0.5):
        await sink.up()
        os.kill(pbx.pid, signal.SIGSTOP)
        try:
            await sink.told("no answer to 2 pings")
        finally:
            os.kill(pbx.pid, signal.SIGCONT)
        await sink.up(pictures=2)


async def test_a_wrong_secret() -> None:
    sink = Sink()
    async with Asterisk() as pbx, on(pbx, sink, secret="wrong"):
        await sink.told("login refused: check username and secret")


async def test_an_agent_signs_in_takes_a_break_and_signs_out() -> None:
    sink = Sink()
    async with Asterisk(ONE_AGENT) as pbx, on(pbx, sink) as link:
        await sink.up()
        await link.action(control.queue_add("emergency", "PJSIP/1004", "Wang", paused=True, reason="start"))
        await link.action(control.queue_pause("PJSIP/1004", True, "午饭"))
        await link.action(control.queue_remove("emergency", "PJSIP/1004"))
        await sink.until(lambda: seen(sink, e.QueueMemberRemoved))
        (added,) = [event.member for event in sink.events if isinstance(event, e.QueueMemberAdded)]
        assert (added.interface, added.name, added.dynamic, added.paused) == (
            "PJSIP/1004",
            "Wang",
            True,
            True,
        )
        reasons = [
            event.member.paused_reason for event in sink.events if isinstance(event, e.QueueMemberPause)
        ]
        assert reasons[-1] == "午饭"
        with pytest.raises(AmiRefused, match="No such queue"):
            await link.action(control.queue_add("nowhere", "PJSIP/1004"))


async def test_click_to_dial_makes_the_channel_that_was_asked_for() -> None:
    sink = Sink()
    order = control.Order("PJSIP/1001", "913912345678", "agents", "ringdesk-test-1", caller="1001")
    async with (
        Asterisk() as pbx,
        on(pbx, sink) as link,
        Phone(pbx, "1001", answers()),
        Phone(pbx, "outside", answers()) as outside,
    ):
        await sink.up()
        assert (await link.originate(order)).state is Dialled.QUEUED
        await outside.wait("talking")
        await sink.until(lambda: seen(sink, e.OriginateResponse))
        (answer,) = [event for event in sink.events if isinstance(event, e.OriginateResponse)]
        assert (answer.success, answer.uniqueid) == (True, "ringdesk-test-1")
        (own,) = [event.chan for event in sink.events if isinstance(event, e.Hangup | e.Newchannel)][:1]
        assert (own.uniqueid, own.name[:10]) == ("ringdesk-test-1", "PJSIP/1001")
        await link.action(control.hangup(own.name))
        await sink.until(lambda: seen(sink, e.Hangup))


async def test_a_manager_user_with_too_few_permissions_is_told_which_one_lacks() -> None:
    async with Asterisk() as pbx:
        await add_user(pbx, "blind", read="call,agent", write="call,reporting")
        await add_user(pbx, "mute", read="system,call", write="call")
        sink = Sink()
        async with linked(
            pbx.ami_port, sink, msgspec.structs.replace(QUICK, boot=0.3), username="blind", secret=pbx.secret
        ) as link:
            await sink.up()
            assert "read=system" in link.detail
            with pytest.raises(AmiRefused) as refused:
                await link.action(control.queue_pause("PJSIP/1001", True))
            assert "write=agent" in control.lacks(refused.value)
        sink = Sink()
        async with on(pbx, sink, username="mute"):
            await sink.told("write=reporting")


@pytest.mark.parametrize("version", [22, 16])
async def test_a_caller_who_writes_line_ends_into_its_number_forges_nothing(version: int) -> None:
    """Asterisk passes them on; the sample dialplan takes them out, and the picture then shows the call."""
    evil = "138%0d%0a%0d%0aEvent%3a%20Hangup%0d%0aUniqueid%3a%201.7%0d%0aX%3a1"
    sink = Sink()
    async with Asterisk(NO_AGENT, version=version) as pbx, on(pbx, sink) as link:
        await sink.up()
        async with Caller(pbx, "4001", evil):
            await sink.until(
                lambda: any(
                    channel.chan.caller_num.startswith("138Event")
                    for picture in sink.pictures
                    for channel in picture.channels
                )
            )
            assert link.counters.forged >= 1
            assert "have the trunk refuse such numbers" in link.detail
            assert not any(isinstance(event, e.Hangup) for event in sink.events)
            await pbx.ami.action("Hangup", Channel="/.*/")
            await sink.until(lambda: seen(sink, e.Hangup))
