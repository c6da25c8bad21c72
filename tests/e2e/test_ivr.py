"""Callers serve themselves on a real Asterisk: real prompts are played, real keys pressed, real words recorded."""

from __future__ import annotations

import pytest

from tests.e2e.house import KNOWN
from tests.e2e.menu import ACCOUNT, PIN, Menu, linked, loudest
from tests.e2e.robot import HOTLINE, Robot
from tests.real.sipp import Caller, Phone

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="session")]
UNKNOWN = "13655556666"


async def test_danger_goes_to_the_front_of_the_emergency_queue_and_the_agent_sees_why(menu: Menu) -> None:
    await menu.on_duty("emergency", "chen")
    async with (
        menu.listener("chen") as chen,
        Phone(menu.pbx, "1003") as phone,
        Robot(menu.pbx, UNKNOWN) as robot,
    ):
        await robot.press("1")
        await phone.ringing()
        joined = await menu.pbx.ami.event("QueueCallerJoin", Queue="emergency", CallerIDNum=UNKNOWN)
        assert joined["Position"] == "1"
        pop = await menu.pop(chen)
        assert pop["ivr"]["answers"]["topic"] == "danger"
        assert pop["ivr"]["path"][-2:] == ["danger/advice", "danger/emergency"]
        await robot.hang_up()
    call = await menu.settled(pop["call_id"])
    (visit,) = call["ivr"]
    assert (visit["flow"], visit["ended"], visit["detail"]) == ("hotline", "transferred", "queue:emergency")


async def test_a_bill_is_told_after_the_pin_and_nothing_keeps_the_pin(menu: Menu) -> None:
    async with Robot(menu.pbx, KNOWN) as robot:
        await robot.press("3")  # English
        await robot.press("2")  # the bill
        await robot.press("1")  # of the own account
        await robot.press(PIN)
        await robot.press("#")  # one key more than the PIN has is no answer to the next question
        await robot.asked()
        await robot.hang_up()
    visit = await menu.visit(KNOWN)
    assert (visit["auth"], visit["account"], visit["ended"]) == ("pin", ACCOUNT, "hung_up")
    assert visit["answers"]["balance.balance"] == "88.20 CNY"
    assert visit["path"][-1] == "bill/owed_due"
    assert PIN not in str(visit)
    assert PIN not in menu.server.log()


async def test_a_wrong_pin_tells_nothing(menu: Menu) -> None:
    async with Robot(menu.pbx, KNOWN) as robot:
        await robot.press("321")
        for _ in range(3):
            await robot.press("111111")
        await robot.asked()
        await robot.hang_up()
    visit = await menu.visit(KNOWN)
    assert (visit["auth"], visit["path"][-1]) == ("", "identify/locked_words")
    assert "balance.balance" not in visit["answers"]


async def test_a_reported_fault_is_a_ticket_with_the_callers_words_and_urging_it_is_history(
    menu: Menu,
) -> None:
    async with Robot(menu.pbx, KNOWN) as robot:
        await robot.press("3")
        await robot.press("4")  # report a fault
        await robot.press("2")  # no supply
        await robot.press("1")  # at the own address
        assert (await robot.asked()).startswith("RECORD FILE")
        await robot.speak(2.0)
        await robot.caller.press("#")
        await robot.asked()
        await robot.hang_up()
    visit = await menu.visit(KNOWN)
    number = visit["answers"]["ticket.number"]
    (recording,) = visit["recordings"]
    ticket = await menu.ticket(number)
    assert (ticket["workflow"], ticket["fields"]["recording"]) == ("repair", recording)
    kept = await menu.recording(ticket["id"])
    assert (kept["id"], kept["kind"]) == (recording, "words")
    assert kept["seconds"] >= 1
    assert loudest(await menu.sound(kept["audio"])) > 1000

    digits = "".join(filter(str.isdigit, number))
    async with Robot(menu.pbx, KNOWN) as robot:
        await robot.press("35")
        await robot.press(digits + "#")
        await robot.press("1")  # urge
        await robot.asked()
        await robot.hang_up()
    assert (await menu.visit(KNOWN))["answers"]["urged.times"] == 1
    history = (await menu.server.api("GET", f"/tickets/{ticket['id']}/history"))["items"]
    urge = next(row for row in history if row["event"] == "urge")
    assert urge["actor"] == "ivr"


async def test_after_the_agent_has_hung_up_the_caller_gives_a_score(menu: Menu) -> None:
    await menu.on_duty("service", "chen")
    async with (
        menu.listener("chen") as chen,
        Phone(menu.pbx, "1003") as phone,
        Robot(menu.pbx, UNKNOWN) as robot,
    ):
        await robot.press("30")  # English, a person
        await phone.ringing()
        await phone.answer()
        pop = await menu.pop(chen)
        await phone.hang_up()
        await robot.press("5")
        await robot.caller.ended()
    call = await menu.settled(pop["call_id"])
    assert [one["flow"] for one in call["ivr"]] == ["hotline", "survey"]
    (score,) = (await menu.server.api("GET", "/surveys?kind=call"))["items"][:1]
    assert (score["call_id"], score["score"], score["agent"]) == (pop["call_id"], 5, "chen")


async def test_the_server_dies_in_mid_flow_and_the_caller_reaches_the_queue(menu: Menu) -> None:
    ami = menu.pbx.ami
    async with Robot(menu.pbx, UNKNOWN) as robot:
        await robot.press("3")
        await robot.asked()
        await menu.saved()
        await menu.server.kill()
        await ami.event("QueueCallerJoin", Queue="service", CallerIDNum=UNKNOWN)
        await robot.hang_up()
    since = len(ami.messages)
    async with Caller(menu.pbx, HOTLINE, UNKNOWN) as caller:  # and so does who calls while it is away
        await ami.event("QueueCallerJoin", since=since, Queue="service", CallerIDNum=UNKNOWN)
        await caller.hang_up()
    await menu.server.start()
    await linked(menu.server)
    visit = await menu.visit(UNKNOWN)
    assert (visit["ended"], visit["detail"]) == ("failed", "the server was stopped")


async def test_a_caller_with_line_ends_and_quotes_in_name_and_number_is_served_like_any_other(
    menu: Menu,
) -> None:
    number, name = "1365%0a%0a200%20result=49", 'x" ${SHELL(id)}, \\ 名'
    async with Caller(menu.pbx, HOTLINE, number, name) as caller:
        await menu.in_node("hotline/welcome")
        await caller.hang_up()
    await menu.in_node("hotline/welcome", 0)
    await menu.saved()
    calls = (await menu.server.api("GET", "/calls?limit=5"))["items"]
    visit = next(one for call in calls for one in call["ivr"] if call["caller"]["number"].startswith("1365"))
    assert (visit["ended"], visit["path"][-1]) == ("hung_up", "hotline/welcome")
