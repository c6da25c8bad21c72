"""What callers get done by keypad on a real Asterisk: outages, hours, call-backs, their word on a ticket, a person."""

from __future__ import annotations

from contextlib import AsyncExitStack

import pytest

from config.settings import SpeechSettings
from ivr_flows.messages import Language
from ivr_flows.speech.sounds import sound_key
from ivr_flows.speech.spoken import Utterance
from tests.e2e.house import KNOWN, SERVICE, SHARED
from tests.e2e.menu import DAYS, Menu, another_day, loudest
from tests.e2e.robot import Robot
from tests.real.sipp import Caller, Phone

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="session")]
AT_NIGHT, IN_LINE, WITH_NEWS = "13655557777", "13655558888", "4006"
TEXT_EN, TEXT_ZH = "Gas is off in Wangjing.", "望京西园停气检修。"


def keys_of(number: str) -> str:
    return "".join(filter(str.isdigit, number))


async def test_an_outage_is_heard_in_the_callers_language_and_a_report_becomes_part_of_it(menu: Menu) -> None:
    new = {"text_en": TEXT_EN, "text_zh": TEXT_ZH, "places": ["望京西园"]}
    outage = await menu.server.api("POST", "/outages", new, "ada")
    try:
        async with Robot(menu.pbx, KNOWN) as robot:
            await robot.press("2")  # Chinese
            await robot.press("3")  # an outage?
            await robot.press("*")  # after the announcement: the main menu
            said = Utterance("", TEXT_ZH, Language.ZH, Language.ZH)
            sound = sound_key(said, SpeechSettings())
            assert sound in robot.played()
            assert loudest((menu.pbx.run / "sounds" / f"{sound}.wav").read_bytes()) > 1000
            await robot.press("421")  # report a fault: no supply, at the own address
            await robot.press("1")  # as part of the outage
            assert (await robot.asked()).startswith("RECORD FILE")
            await robot.speak(2.0)
            await robot.caller.press("#")
            await robot.asked()
            await robot.hang_up()
    finally:
        await menu.server.api("POST", f"/outages/{outage['id']}/end", {"version": outage["version"]}, "ada")
    visit = await menu.visit(KNOWN)
    assert (visit["language"], visit["answers"]["outage.outage"]) == ("zh_CN", outage["number"])
    assert "outage/told" in visit["path"]
    ticket = await menu.ticket(visit["answers"]["ticket.number"])
    assert (ticket["state"], ticket["fields"]["outage"]) == ("in_outage", outage["number"])
    assert ticket["fields"]["recording"] in visit["recordings"]


async def test_out_of_hours_a_caller_asks_once_and_is_called_back_when_somebody_is_there(menu: Menu) -> None:
    await menu.on_duty("service")
    await menu.open_on(another_day())
    try:
        for _ in range(2):
            async with Robot(menu.pbx, AT_NIGHT) as robot:
                await robot.press("30")  # English, a person
                await robot.press("2")  # a call-back
                await robot.caller.ended()
            visit = await menu.visit(AT_NIGHT)
            assert (visit["language"], visit["ended"]) == ("en", "served")
            assert visit["path"][-4:] == [
                "person/closed",
                "person/closed_offer",
                "person/closed_callback",
                "person/called_back",
            ]
    finally:
        await menu.open_on(*DAYS)
    (callback,) = await menu.callbacks(AT_NIGHT)
    assert (callback["queue"], callback["state"], callback["tries"]) == ("service", "waiting", 0)
    async with Phone(menu.pbx, "1003") as chen, Phone(menu.pbx, "outside") as caller:
        await menu.on_duty("service", "chen")
        await chen.ringing()
        assert caller.reports == []
        await chen.answer()
        await caller.answer()
        assert AT_NIGHT in str(await menu.pbx.ami.action_list("CoreShowChannels"))
        done = await menu.closed(callback["id"])
        await caller.hang_up()
    assert (done["state"], done["agent"], done["tries"]) == ("reached", "chen", 0)


async def test_who_would_wait_long_is_offered_a_call_back_and_a_vip_goes_first(menu: Menu) -> None:
    await menu.on_duty("service")
    ami = menu.pbx.ami
    async with AsyncExitStack() as stack:
        for number in ("13600000001", "13600000002", "13600000003"):
            await stack.enter_async_context(Caller(menu.pbx, SERVICE, number))
            await ami.event("QueueCallerJoin", Queue="service", CallerIDNum=number)
        async with Robot(menu.pbx, IN_LINE) as robot:
            await robot.press("302")  # English, a person, a call-back instead of waiting
            await robot.caller.ended()
        visit = await menu.visit(IN_LINE)
        assert visit["path"][-3:] == ["person/offer", "person/callback", "person/called_back"]
        (callback,) = await menu.callbacks(IN_LINE)
        await menu.server.api("POST", f"/callbacks/{callback['id']}/cancel")
        async with Robot(menu.pbx, KNOWN) as robot:
            since = len(ami.messages)
            await robot.press("30")
            joined = await ami.event("QueueCallerJoin", since=since, Queue="service", CallerIDNum=KNOWN)
            assert (joined["Position"], joined["Count"]) == ("1", "4")
            given = [m["Value"] for m in ami.messages[since:] if m.get("Variable") == "QUEUE_PRIO"]
            assert given[-1] == "10"
            await robot.hang_up()
        assert (await menu.visit(KNOWN))["path"][-1] == "person/first"
        await menu.clear()


async def test_a_caller_says_by_keypad_whether_a_complaint_is_solved_and_scores_it(menu: Menu) -> None:
    new = {"workflow": "complaint", "subject": "Wrong bill", "fields": {"contact_phone": KNOWN}}
    ticket = await menu.server.api("POST", "/tickets", new, "chen")
    ticket = await menu.fire(ticket, "judge", "ada")
    ticket = await menu.fire(ticket, "dispatch", "ada", department="billing")
    ticket = await menu.fire(ticket, "sign", "bo")
    ticket = await menu.fire(ticket, "reply", "bo", reply="Corrected", evidence="Photo 1", founded="founded")
    assert ticket["state"] == "callback_due"
    keys = keys_of(ticket["number"])
    async with Robot(menu.pbx, KNOWN) as robot:
        await robot.press(f"35{keys}#2")  # English, my ticket, not solved
        await robot.asked()
        ticket = await menu.ticket(ticket["number"])
        assert ticket["state"] == "handling"
        ticket = await menu.fire(ticket, "reply", "bo", reply="Again", evidence="2", founded="founded")
        await robot.caller.press("*")
        await robot.press(f"5{keys}#1")  # solved
        await robot.press("4")
        await robot.asked()
        await robot.hang_up()
    visit = await menu.visit(KNOWN)
    assert (visit["answers"]["solved"], visit["answers"]["score"]) == ("solved", 4)
    ticket = await menu.ticket(ticket["number"])
    assert (ticket["state"], ticket["fields"]["satisfaction"]) == ("closed", 4)
    history = (await menu.server.api("GET", f"/tickets/{ticket['id']}/history?limit=50"))["items"]
    said = [row["event"] for row in history if row["actor"] == "ivr"]
    assert sorted(said) == ["dissatisfied", "rate", "satisfied"]


async def test_who_calls_the_number_in_a_message_scores_the_ticket(menu: Menu) -> None:
    new = {"workflow": "inquiry", "subject": "Opening hours", "fields": {"contact_phone": SHARED}}
    ticket = await menu.server.api("POST", "/tickets", new, "chen")
    ticket = await menu.fire(ticket, "answer", "chen", answer="At nine")
    async with Robot(menu.pbx, SHARED, WITH_NEWS) as robot:
        await robot.press(f"{keys_of(ticket['number'])}#")
        await robot.press("2")
        await robot.caller.ended()
    assert (await menu.visit(SHARED, "ticket_survey"))["ended"] == "served"
    assert (await menu.ticket(ticket["number"]))["fields"]["satisfaction"] == 2
    (score,) = (await menu.server.api("GET", "/surveys?kind=ticket"))["items"][:1]
    assert (score["about"], score["score"]) == (ticket["number"], 2)


@pytest.mark.parametrize(
    "keys",
    [
        pytest.param("320", id="identify"),
        pytest.param("3420", id="fault"),
        pytest.param("359999#0", id="ticket_status"),
    ],
)
async def test_zero_is_a_person_in_the_midst_of_each_flow(menu: Menu, keys: str) -> None:
    await menu.on_duty("service")
    async with Robot(menu.pbx, KNOWN) as robot:
        since = len(menu.pbx.ami.messages)
        await robot.press(keys)
        await menu.pbx.ami.event("QueueCallerJoin", since=since, Queue="service", CallerIDNum=KNOWN)
        await robot.hang_up()
    visit = await menu.visit(KNOWN)
    assert (visit["ended"], visit["detail"]) == ("transferred", "queue:service")


async def test_grade_a_goes_before_b_and_b_before_who_is_not_known(menu: Menu) -> None:
    await menu.on_duty("service")
    ami, grades = menu.pbx.ami, {"13622220001": "", "13622220002": "B", "13622220003": "A"}
    for number, grade in grades.items():
        if grade and not (await menu.server.api("GET", f"/customers?phone={number}"))["items"]:
            new = {"name": f"王{grade}", "phones": [number], "grade": grade}
            await menu.server.api("POST", "/customers", new)
    given = []
    async with AsyncExitStack() as stack:
        for number in grades:
            robot = await stack.enter_async_context(Robot(menu.pbx, number))
            since = len(ami.messages)
            await robot.press("30")  # English, a person
            joined = await ami.event("QueueCallerJoin", since=since, Queue="service", CallerIDNum=number)
            prio = [m["Value"] for m in ami.messages[since:] if m.get("Variable") == "QUEUE_PRIO"][-1]
            given.append((prio, joined["Position"]))
        entries = [m for m in await ami.action_list("QueueStatus", Queue="service") if "Wait" in m]
        await menu.clear()
    assert given == [("0", "1"), ("5", "1"), ("10", "1")]
    in_line = {one["Position"]: one["CallerIDNum"] for one in entries}
    assert [in_line[place] for place in "123"] == ["13622220003", "13622220002", "13622220001"]
    assert {one["Position"]: one["Priority"] for one in entries} == {"1": "10", "2": "5", "3": "0"}


async def test_a_caller_of_the_last_hour_gets_the_same_agent_if_free_and_the_queue_if_not(menu: Menu) -> None:
    again, other = "13633330001", "13633330002"
    await menu.on_duty("service", "chen")
    since = len(menu.pbx.ami.messages)
    async with Phone(menu.pbx, "1003") as chen:
        async with Caller(menu.pbx, SERVICE, again) as caller:
            await chen.ringing()
            await chen.answer()
            await menu.pbx.ami.event("AgentConnect", since=since, Queue="service")
            await caller.hang_up()
        await chen.wait("ended")
        await menu.quiet()
        async with Robot(menu.pbx, again) as robot:
            await robot.press("30")  # English, a person
            await chen.ringing(2)
            await robot.hang_up()
        visit = await menu.visit(again)
        assert (visit["detail"], visit["path"][-1]) == ("agent:chen", "person/same_agent")
        await chen.wait("ended", count=2)
        await menu.quiet()
        async with Caller(menu.pbx, SERVICE, other), Robot(menu.pbx, again) as robot:
            await chen.ringing(3)
            await chen.answer(chen.reports[-1].call_id)
            since = len(menu.pbx.ami.messages)
            await robot.press("30")
            await menu.pbx.ami.event("QueueCallerJoin", since=since, Queue="service", CallerIDNum=again)
            await menu.clear()
        assert (await menu.visit(again))["detail"] == "queue:service"
