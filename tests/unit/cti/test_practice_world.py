"""The practice PBX's calls beyond the recordings: queues, wrap-up, transfers, lists in mid-call."""

from collections.abc import AsyncIterator

import pytest

from cti.practice.hands import NoSuchCall
from cti.practice.pbx import PracticePbx, Setup
from cti.practice.queues import NewMember
from cti.practice.timeline import ManualTimeline


async def made(**setup: object) -> AsyncIterator[PracticePbx]:
    async with PracticePbx(timeline=ManualTimeline(), setup=Setup(**setup)) as running:  # type: ignore[arg-type]
        yield running
        for name in list(running.world.channels):
            channel = running.world.channels.get(name)
            if channel:
                running.hang_up(channel)
        assert not running.world.channels
        assert not running.world.bridges
        assert not running.world.rings
        assert not any(queue.calls for queue in running.queues.queues.values())


@pytest.fixture
async def pbx() -> AsyncIterator[PracticePbx]:
    async for one in made(members={"service": ("1001", "1002")}):
        yield one


@pytest.fixture
async def linear() -> AsyncIterator[PracticePbx]:
    async for one in made(members={"service": ("1001", "1002")}, strategy="linear", timeout=5, retry=1):
        yield one


async def test_agent_in_wrap_up_is_not_rung(pbx: PracticePbx) -> None:
    pbx.caller("1")
    pbx.answer("1001")
    pbx.hang_up("1001")
    pbx.queues.pause("service", "PJSIP/1002", True, "lunch")
    pbx.caller("2")
    pbx.advance(9)
    assert not pbx.ringing("1001")
    pbx.advance(3)
    assert pbx.ringing("1001")


async def test_paused_agent_is_rung_when_the_pause_ends(pbx: PracticePbx) -> None:
    for extension in ("1001", "1002"):
        pbx.queues.pause("", f"PJSIP/{extension}", True, "")
    pbx.caller("1")
    assert not pbx.ringing("1001")
    pbx.queues.pause("service", "PJSIP/1001", False, "")
    pbx.advance()
    assert pbx.ringing("1001")
    assert not pbx.ringing("1002")


async def test_linear_queue_goes_round(linear: PracticePbx) -> None:
    linear.caller("1")
    assert linear.ringing("1001")
    linear.advance(6)
    assert linear.ringing("1002")
    assert not linear.ringing("1001")
    linear.advance(6)
    assert linear.ringing("1001")


async def test_second_caller_gets_the_second_agent(linear: PracticePbx) -> None:
    linear.caller("1")
    linear.caller("2")
    assert linear.ringing("1001")
    assert linear.ringing("1002")


async def test_emergency_goes_first(pbx: PracticePbx) -> None:
    pbx.queues.pause("", "PJSIP/1002", True, "")
    pbx.queues.pause("", "PJSIP/1001", True, "")
    pbx.queues.add(NewMember("emergency", "PJSIP/1001", paused=True))
    pbx.caller("1", "4001")
    pbx.caller("2", "4004")
    pbx.queues.pause("", "PJSIP/1001", False, "")
    pbx.advance()
    caller = pbx.ring("1001").caller
    assert caller
    assert caller.caller_num == "2"


async def test_unregistered_phone_and_unknown_interface_never_ring(pbx: PracticePbx) -> None:
    pbx.world.plug("1001", False)
    pbx.queues.add(NewMember("service", "PJSIP/7777"))
    pbx.caller("1")
    assert not pbx.ringing("1001")
    assert pbx.ringing("1002")
    assert pbx.queues.queues["service"].members["PJSIP/7777"].status == 4


async def test_blind_transfer_rings_the_colleague_and_keeps_the_caller(pbx: PracticePbx) -> None:
    caller = pbx.caller("1")
    pbx.answer("1001")
    pbx.transfer("1001", "1003")
    assert pbx.ringing("1003")
    assert not pbx.world.legs("1001")
    colleague = pbx.answer("1003")
    assert caller.bridge is colleague.bridge is not None
    assert colleague.linkedid == caller.linkedid


async def test_who_asks_first_is_with_the_colleague_and_then_hands_the_caller_over(pbx: PracticePbx) -> None:
    caller = pbx.caller("1")
    agent = pbx.answer("1001")
    first = caller.bridge
    pbx.ask("1001", "1003")
    assert caller.held
    colleague = pbx.answer("1003")
    assert caller.bridge is first is not agent.bridge
    pbx.hang_up("1001")
    assert not agent.alive
    assert caller.bridge is first
    assert not caller.held
    assert colleague.linkedid == caller.linkedid
    pbx.hang_up("1003")
    assert not pbx.world.channels
    assert not pbx.world.bridges


@pytest.mark.parametrize("answered", [False, True])
async def test_who_takes_the_caller_back_is_with_it_again(pbx: PracticePbx, answered: bool) -> None:
    caller = pbx.caller("1")
    agent = pbx.answer("1001")
    pbx.ask("1001", "1003")
    if answered:
        pbx.answer("1003")
    pbx.take_back("1001")
    assert caller.bridge is agent.bridge is not None
    assert not caller.held
    assert not pbx.world.legs("1003")
    pbx.hang_up(caller)
    assert not pbx.world.channels
    assert not pbx.world.bridges


async def test_a_colleague_who_declines_leaves_the_caller_with_the_agent(pbx: PracticePbx) -> None:
    caller = pbx.caller("1")
    agent = pbx.answer("1001")
    pbx.ask("1001", "1003")
    pbx.reject("1003")
    assert caller.bridge is agent.bridge is not None
    pbx.ask("1001", "7")
    assert caller.bridge is agent.bridge is not None


async def test_a_caller_who_loses_patience_leaves_the_two_agents_together(pbx: PracticePbx) -> None:
    caller = pbx.caller("1")
    agent = pbx.answer("1001")
    pbx.ask("1001", "1003")
    pbx.answer("1003")
    pbx.hang_up(caller)
    assert agent.alive
    assert pbx.talking("1003")
    pbx.hang_up("1001")
    assert not pbx.world.channels


async def test_an_agent_can_send_the_caller_into_a_queue(pbx: PracticePbx) -> None:
    caller = pbx.caller("1")
    pbx.answer("1001")
    pbx.transfer("1001", "4001")
    assert pbx.ringing("1002")
    colleague = pbx.answer("1002")
    assert caller.bridge is colleague.bridge is not None


async def test_transfer_to_nowhere_ends_the_caller(pbx: PracticePbx) -> None:
    caller = pbx.caller("1")
    pbx.answer("1001")
    pbx.transfer("1001", "7")
    assert not caller.alive


async def test_caller_waits_no_longer_than_the_dialplan_lets(pbx: PracticePbx) -> None:
    for extension in ("1001", "1002"):
        pbx.queues.pause("", f"PJSIP/{extension}", True, "")
    caller = pbx.caller("1")
    pbx.advance(301)
    assert not caller.alive


async def test_menu_without_a_key_goes_to_the_service_queue(pbx: PracticePbx) -> None:
    caller = pbx.caller("1", "4002")
    pbx.advance(9)
    assert [call.caller for call in pbx.queues.queues["service"].calls] == [caller]


async def test_scenario_says_what_is_not_there(pbx: PracticePbx) -> None:
    for step in (pbx.answer, pbx.reject, pbx.hang_up, pbx.hold):
        with pytest.raises(NoSuchCall):
            step("1001")
    with pytest.raises(NoSuchCall):
        pbx.press(pbx.caller("1"), "1")


async def test_name_is_escaped_as_asterisk_does(pbx: PracticePbx) -> None:
    caller = pbx.caller("1", name='O\'B "x" \\ \n\r\0?')
    assert b'\r\nCallerIDName: O\\\'B \\"x\\" \\\\ \\n\\r\\?\r\n' in caller.lines()
