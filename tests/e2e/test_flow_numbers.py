"""Callers who are put through to a number, on a real Asterisk 22 and 16: what the dial policy bars is never dialled and
the caller goes on to the queue; what it allows is dialled, as often as the caps allow."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from config.settings import DialSettings
from tests.e2e.house import SERVICE
from tests.e2e.menu import Menu
from tests.e2e.own_flow import OWN, Presser, flow_in_force
from tests.e2e.pages import page_text
from tests.e2e.ringdesk import ProgramFailed, command_here
from tests.e2e.robot import Robot
from tests.e2e.walk import exchange
from tests.faults.soak import SOAK
from tests.real.ami import Message
from tests.real.crowd import Crowd
from tests.real.sipp import Caller, Phone, answers

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="session")]
ALLOWED, DIALLED = "+8613811112222", "13811112222"
FLOW = f"""
name: own
label: {{en: Numbers, zh: 号码}}
start: which
answers: {{number: {{label: {{en: Number, zh: 号码}}}}}}
nodes:
  which:
    do: menu
    text: {{en: "Press a key.", zh: 请按键。}}
    choices:
      "1": {{label: {{en: Abroad, zh: 境外}}, next: abroad}}
      "2": {{label: {{en: Dear, zh: 高资费}}, next: dear}}
      "3": {{label: {{en: Help, zh: 急救}}, next: help}}
      "4": {{label: {{en: Typed, zh: 输入}}, next: number}}
      "5": {{label: {{en: Allowed, zh: 允许}}, next: allowed}}
      "6": {{label: {{en: Misspelt, zh: 误写}}, next: misspelt}}
    otherwise: person
  abroad: {{do: transfer, label: {{en: To a friend abroad, zh: 转境外}}, number: "+442079460000"}}
  dear: {{do: transfer, label: {{en: To a dear line, zh: 转高资费}}, number: "+864008123123"}}
  help: {{do: transfer, label: {{en: To the ambulance, zh: 转急救}}, number: "120"}}
  number:
    do: collect
    text: {{en: "Type a number.", zh: 请输入号码。}}
    into: number
    min: 10
    next: typed
    otherwise: person
  typed: {{do: transfer, label: {{en: To a typed number, zh: 转所输号码}}, number: $number, otherwise: person}}
  allowed: {{do: transfer, label: {{en: To our works, zh: 转抢修}}, number: "{ALLOWED}"}}
  misspelt: {{do: transfer, queue: misspelt}}
  person: {{do: transfer, queue: service}}
"""
BARRED = {
    "13644450001": ("1", "own/abroad", "it is abroad", "属于境外号码"),
    "13644450002": ("2", "own/dear", "it is a premium number", "属于高资费号码"),
    "13644450003": ("3", "own/help", "it is an emergency number", "属于紧急号码"),
    "13644450004": ("40085221234567#", "own/typed", "it is abroad", "属于境外号码"),
}
"""By caller: keys, and what stands on the flow's page."""
NO_QUEUE = "13644480000"
CAP = DialSettings().per_number
BLIND, FURTHER = "##", "900442079460000"
CONNECTED, REFUSED = "13644460000", "as many calls as [dial] allows have been made"


def dialled(messages: list[Message]) -> list[str]:
    """The numbers that Asterisk has dialled outside, by its own events."""
    begun = [m for m in messages if m.get("Event") == "DialBegin"]
    return [m["DialString"] for m in begun if m["DestChannel"].startswith("PJSIP/trunk")]


async def goes_on(menu: Menu, caller: Caller) -> None:
    """From the talk that it is in the caller tries to go on to a number abroad, as an agent may by the keys of its
    telephone; returns when that has come to nothing, or to something."""
    since, before = len(menu.pbx.ami.messages), sum(one.state == "pressed" for one in caller.reports)
    for count, key in enumerate(BLIND + FURTHER, start=before + 1):
        await caller.press(key)
        await caller.wait("pressed", count=count)
    await menu.pbx.ami.event("MusicOnHoldStop", since=since)


@asynccontextmanager
async def calling(menu: Menu, keys: dict[str, str]) -> AsyncIterator[list[Presser]]:
    """These callers call all at once, and press these keys."""
    async with exchange(menu.pbx) as board:
        callers = [Presser(board, number, wanted) for number, wanted in keys.items()]
        async with Crowd(menu.pbx, [(one.number, OWN) for one in callers]) as crowd:
            going = [asyncio.create_task(one.go(crowd.one(at))) for at, one in enumerate(callers)]
            try:
                yield callers
            finally:
                await menu.clear()
                await asyncio.gather(*going)


async def in_line(menu: Menu, since: int, *numbers: str) -> None:
    """Returns when these callers are in the queue."""
    for number in numbers:
        await menu.pbx.ami.event(
            "QueueCallerJoin", since=since, seconds=60, Queue="service", CallerIDNum=number
        )


async def test_a_barred_number_is_told_by_the_check_and_never_dialled(menu: Menu) -> None:
    await menu.on_duty("service")
    since = len(menu.pbx.ami.messages)
    async with flow_in_force(menu, FLOW), Phone(menu.pbx, "outside") as outside:
        with pytest.raises(ProgramFailed) as told:
            await command_here(menu.server.folder, "check")
        for words in ("`+442079460000`: it is abroad", "`+864008123123`: it is a premium", "`120`"):
            assert words in str(told.value)
        async with calling(
            menu, {NO_QUEUE: "6", **{one: keys for one, (keys, *_) in BARRED.items()}}
        ) as callers:
            await in_line(menu, since, NO_QUEUE, *BARRED)
        await menu.quiet()
        english, chinese = await page_text(menu, "/flows/own", "ada")
    assert outside.reports == []
    assert dialled(menu.pbx.ami.messages[since:]) == []
    ran = [
        one["application"]
        for one in menu.pbx.cel()
        if one["number"] in BARRED and one["event"] == "APP_START"
    ]
    assert set(ran) == {"Queue"}
    # Where the PBX does not have the flow's queue, the dialplan takes its own.
    assert (await menu.visit(NO_QUEUE, "own"))["detail"] == "queue:misspelt"
    for caller in callers[1:]:
        _, node, words, chinese_words = BARRED[caller.number]
        (visit,) = (await menu.settled(caller.call_id))["ivr"]
        assert visit["path"][-1] == node
        assert f"no transfer to this number: {words}" in menu.server.log()
        assert f"no transfer to this number: {words}" in english
        assert f"不能转接到该号码：{chinese_words}" in chinese


async def test_an_allowed_number_is_dialled_as_often_as_the_caps_allow(menu: Menu) -> None:
    await menu.on_duty("service")
    since = len(menu.pbx.ami.messages)
    numbers = [f"136444600{n:02}" for n in range(1, CAP + 1)]
    async with flow_in_force(menu, FLOW), Phone(menu.pbx, "outside", answers()) as outside:
        async with Robot(menu.pbx, CONNECTED, OWN) as robot:
            await robot.press("5")
            await outside.wait("talking")
            await menu.pbx.ami.event("BridgeEnter", since=since, CallerIDNum=CONNECTED)
            if SOAK:
                await goes_on(menu, robot.caller)
            await outside.hang_up()
            await robot.caller.ended()
        assert dialled(menu.pbx.ami.messages[since:]) == [f"{DIALLED}@trunk"]
        async with calling(menu, dict.fromkeys(numbers, "5")) as callers:
            await outside.wait("talking", count=CAP, seconds=60)
            joined = await menu.pbx.ami.event("QueueCallerJoin", since=since, seconds=60, Queue="service")
        assert joined["CallerIDNum"] in numbers
        await menu.quiet()
        english, _ = await page_text(menu, "/flows/own", "ada")
    assert dialled(menu.pbx.ami.messages[since:]) == [f"{DIALLED}@trunk"] * CAP
    assert REFUSED in english
    assert len(callers) == CAP


async def test_whom_an_agent_has_transferred_cannot_go_on_at_our_cost(menu: Menu) -> None:
    await menu.on_duty("service", "chen")
    since = len(menu.pbx.ami.messages)
    async with (
        Phone(menu.pbx, "outside") as outside,
        Phone(menu.pbx, "1003") as chen,
        Phone(menu.pbx, "1001", answers()) as anna,
        Caller(menu.pbx, SERVICE, CONNECTED) as caller,
    ):
        await chen.ringing()
        await chen.answer()
        await chen.press(f"{BLIND}1001")
        await anna.wait("talking", seconds=30)
        await goes_on(menu, caller)
        await anna.hang_up()
        await caller.ended()
    assert outside.reports == []
    assert dialled(menu.pbx.ami.messages[since:]) == []
