"""Callers who are put through to a number or an agent, on a real Asterisk 22 and 16: what the dial policy bars is never
dialled and the caller goes on to the queue; what it allows is dialled, as often as the caps allow; and whom nobody
takes there goes on to the queue too."""

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
from tests.real.sipp import Caller, Phone, answers, rejects

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="session")]
ALLOWED, DIALLED = "+8613811112222", "13811112222"
BUSY = "+8613811113333"
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
      "7": {{label: {{en: Busy, zh: 占线}}, next: busy}}
      "8": {{label: {{en: Chen, zh: 陈}}, next: chen}}
      "9": {{label: {{en: Unanswered, zh: 无人}}, next: unanswered}}
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
  busy: {{do: transfer, label: {{en: To the plumber, zh: 转管工}}, number: "{BUSY}"}}
  unanswered: {{do: transfer, label: {{en: To the night porter, zh: 转门卫}}, number: "+8613811114444"}}
  chen: {{do: transfer, label: {{en: To Chen, zh: 转陈}}, agent: chen, priority: 7}}
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
NOT_TAKEN = {
    "13644470001": "486 Busy Here",
    "13644470002": "603 Decline",
    "13644470003": "404 Not Found",
    "13644470004": "480 Temporarily Unavailable",
    "13644470007": "486 Busy Here",
}
"""By caller: what the number says that is dialled."""
GIVES_UP = "13644470007"
"""Who hangs up while the agent's phone rings: what ended the call to the number is nothing that ended this."""
WENT_ON = "nobody took the caller there, who went on to the queue service"
WENT_ON_ZH = "该处无人接听，来电已转入队列 service"
UNANSWERED = "13644470005"
TO_CHEN = "13644470006"
CONNECTED, REFUSED = "13644460000", "as many calls as [dial] allows have been made"


def dialled(messages: list[Message]) -> list[str]:
    """The numbers that Asterisk has dialled outside, by its own events."""
    begun = [m for m in messages if m.get("Event") == "DialBegin"]
    return [m["DialString"] for m in begun if m["DestChannel"].startswith("PJSIP/trunk")]


async def presses_on(caller: Caller) -> None:
    """From the talk that it is in the caller tries to go on to a number abroad, as an agent may by the keys of its
    telephone."""
    before = sum(one.state == "pressed" for one in caller.reports)
    for count, key in enumerate(BLIND + FURTHER, start=before + 1):
        await caller.press(key)
        await caller.wait("pressed", count=count)


async def goes_on(menu: Menu, caller: Caller) -> None:
    """The same where Asterisk heeds the keys; returns when that has come to nothing, or to something."""
    since = len(menu.pbx.ami.messages)
    await presses_on(caller)
    await menu.pbx.ami.event("MusicOnHoldStop", since=since)


async def variable(menu: Menu, channel: str, name: str) -> str:
    """A channel's variable, as Asterisk has it now."""
    answer = await menu.pbx.ami.action("Getvar", Channel=channel, Variable=name)
    return answer["Value"]


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


async def call_of(menu: Menu, number: str) -> str:
    """The id of that caller's last call."""
    calls = (await menu.server.api("GET", "/calls?limit=5"))["items"]
    return str(next(one["id"] for one in calls if one["caller"]["number"] == number))


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
    assert WENT_ON in english
    assert WENT_ON_ZH in chinese
    for caller in callers[1:]:
        _, node, words, chinese_words = BARRED[caller.number]
        (visit,) = (await menu.settled(caller.call_id))["ivr"]
        assert (visit["path"][-1], visit["detail"]) == (node, f"no transfer to this number: {words}")
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
            begun = len(menu.pbx.ami.messages)
            await presses_on(robot.caller)
            await outside.hang_up()
            await robot.caller.ended()
            # Asterisk plays music to the other side as soon as it takes the keys for its own.
            assert not [m for m in menu.pbx.ami.messages[begun:] if m.get("Event") == "MusicOnHoldStart"]
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


async def rings_in_vain(menu: Menu, there: bool) -> None:
    """A caller who is put through to a number that rings, or says nothing at all, for half a minute."""
    since = len(menu.pbx.ami.messages)
    async with Robot(menu.pbx, UNANSWERED, OWN) as robot:
        if there:
            async with Phone(menu.pbx, "outside") as outside:
                await robot.press("9")
                await outside.wait("ended", seconds=60)
        else:
            await robot.press("9")
        await in_line(menu, since, UNANSWERED)
        await robot.hang_up()
    await menu.quiet()
    await menu.visit(UNANSWERED, "own")
    call = await menu.settled(await call_of(menu, UNANSWERED))
    assert (call["outcome"], call["queue"]) == ("abandoned", "service")
    assert call["wait_seconds"] < 10  # what rang outside is no wait in the queue


async def is_not_taken(menu: Menu, number: str, status: str) -> None:
    """A caller who is put through to a number that says this, and then is with Chen or, of one who gives up, rings
    there."""
    since = len(menu.pbx.ami.messages)
    async with (
        Phone(menu.pbx, "outside", rejects(), status),
        Phone(menu.pbx, "1003") as chen,
        Robot(menu.pbx, number, OWN) as robot,
    ):
        await robot.press("7")
        await chen.ringing()
        rung = await menu.pbx.ami.event("AgentCalled", since=since)
        # The caller may still transfer nobody, the agent may.
        assert await variable(menu, rung["Channel"], "TRANSFER_CONTEXT") == "ringdesk-nowhere"
        assert await variable(menu, rung["DestChannel"], "TRANSFER_CONTEXT") == ""
        if number != GIVES_UP:
            await chen.answer()
            await menu.pbx.ami.event("AgentConnect", since=since)
            await chen.hang_up()
            await robot.doing("STREAM FILE")  # the survey
        await robot.hang_up()
    await menu.quiet()


async def test_whom_a_number_does_not_take_is_answered_in_the_queue(menu: Menu) -> None:
    await menu.on_duty("service", "chen")
    before = menu.server.log().count(WENT_ON)
    async with flow_in_force(menu, FLOW):
        for number, status in NOT_TAKEN.items():
            await is_not_taken(menu, number, status)
            visit = await menu.visit(number, "own")
            assert (visit["ended"], visit["detail"]) == ("transferred", f"number:{BUSY}"), status
            call = await menu.settled(await call_of(menu, number))
            (segment,) = call["segments"]
            told = ("abandoned", "caller_hung_up") if number == GIVES_UP else ("answered", "agent_hung_up")
            assert (call["outcome"], segment["end_reason"]) == told, status
            assert (call["queue"], call["served"], segment["agent"]) == ("service", False, "chen"), status
        english, chinese = await page_text(menu, "/flows/own", "ada")
        if SOAK:
            await menu.on_duty("service")
            await rings_in_vain(menu, there=True)
            await rings_in_vain(menu, there=False)
    assert menu.server.log().count(WENT_ON) == before + len(NOT_TAKEN) + 2 * SOAK
    assert WENT_ON in english
    assert WENT_ON_ZH in chinese


async def is_sent_to_chen(menu: Menu) -> tuple[str, list[str]]:
    """A caller who is sent to Chen, and gives up in the queue: what the visit says of it, and how the ringing ended."""
    since = len(menu.pbx.ami.messages)
    async with Robot(menu.pbx, TO_CHEN, OWN) as robot:
        await robot.press("8")
        joined = await menu.pbx.ami.event("QueueCallerJoin", since=since, seconds=60, CallerIDNum=TO_CHEN)
        assert await variable(menu, joined["Channel"], "QUEUE_PRIO") == "7"
        await robot.hang_up()
    await menu.quiet()
    visit = await menu.visit(TO_CHEN, "own")
    call = await menu.settled(await call_of(menu, TO_CHEN))
    assert (call["outcome"], call["queue"]) == ("abandoned", "service")
    return visit["detail"], [one["end_reason"] for one in call["segments"]]


async def test_an_agent_is_rung_only_where_it_is_free(menu: Menu) -> None:
    before = menu.server.log().count("flow.trouble")
    async with flow_in_force(menu, FLOW):
        await menu.on_duty("emergency", "chen")
        async with Phone(menu.pbx, "1003", rejects()):
            assert await is_sent_to_chen(menu) == ("agent:chen", ["busy"])
        async with Phone(menu.pbx, "1003") as chen:
            if SOAK:
                assert await is_sent_to_chen(menu) == ("agent:chen", ["no_answer"])
            rung = len(chen.reports)
            await menu.server.api("POST", "/agents/chen/pause", {"reason": "lunch"})
            assert await is_sent_to_chen(menu) == ("that agent is not free", [])
            await menu.on_duty("emergency")
            assert await is_sent_to_chen(menu) == ("that agent is not free", [])
            assert len(chen.reports) == rung
    assert menu.server.log().count("flow.trouble") == before


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
