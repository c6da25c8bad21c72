"""Whoever hangs up where nothing is heard is gone too, on a real Asterisk 22 and 16: while another room is asked, whose
act is then done once and whole; and in the moment in which the caller is handed over to a queue."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any, NamedTuple

import pytest
import pytest_asyncio

from config.settings import SpeechSettings
from ivr_flows.flow import model as m
from ivr_flows.messages import Language
from ivr_flows.speech.sounds import sound_key
from ivr_flows.speech.spoken import Utterance
from tests.e2e.door import Door, open_door
from tests.e2e.leavers import OpenLine, in_line, nothing_left, tickets
from tests.e2e.menu import DAYS, Menu, another_day
from tests.e2e.plans import Plan, plans_to
from tests.e2e.robot import Robot
from tests.e2e.walk import Exchange, Walk, all_of, exchange
from tests.real.ami import Message
from tests.real.crowd import OneOf
from tests.real.sipp import Phone
from tests.unit.ivr_flows.ways import ASKED, WAYS, node_of

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="session")]
SAVED_THERE = {
    "survey/score": "survey/very_satisfied.yaml",
    "ticket_survey/score": "ticket_survey/score.yaml",
}
"""Heard nodes which ask another room to save what was typed, with a scenario in which it is."""
TRANSFERS = [name for name in WAYS if isinstance(node_of(name), m.Transfer) and not node_of(name).text]
ACTS = [name for name in ASKED if not isinstance(node_of(name), m.LookUp)] + [*SAVED_THERE]
UNLUCKY = "13644440001"
GREETED = [
    ("13644440002", Language.EN, "Welcome back."),
    ("13644440003", Language.ZH, "您好，欢迎再次致电。"),
]
Sign = Callable[[Message], bool]


def is_held(event: Message) -> bool:
    return event["Event"] == "Held"


def is_handed_over(event: Message) -> bool:
    """The dialplan knows where to go on, and has not gone on."""
    told = event.get("Command", "").startswith("SET VARIABLE RINGDESK_NEXT")
    return event["Event"] == "AGIExecEnd" and told


def is_in_line(event: Message) -> bool:
    return event["Event"] == "QueueCallerJoin"


class Moment(NamedTuple):
    """When the caller hangs up."""

    node: str
    sign: Sign
    order: str = ""


MOMENTS = [
    *(Moment(node, is_held, "gone") for node in (*ASKED, *SAVED_THERE)),
    *(Moment(node, is_held, "meanwhile") for node in ACTS),
    *(Moment(node, sign) for node in TRANSFERS for sign in (is_handed_over, is_in_line)),
]


class Unheard(Walk):
    """A caller who hangs up when something is seen that no caller hears."""

    def __init__(self, board: Exchange, plan: Plan, moment: Moment, door: Door) -> None:
        super().__init__(board, plan, {})
        self.moment, self._door = moment, door

    async def hang_up_there(self, caller: OneOf) -> None:
        self._seen = False
        if self.moment.order:
            number, node, order = self.plan.number, self.plan.node, self.moment.order
            self._door.hold(number, node, order, lambda: self._events.put_nowait({"Event": "Held"}))
        await super().hang_up_there(caller)

    async def _event(self) -> Message:
        event = await super()._event()
        self._seen = self._seen or self.moment.sign(event)
        return event

    async def _arrives(self, caller: OneOf) -> bool:
        if not self._seen:
            await super()._arrives(caller)
        return self._seen

    def _is_there(self, command: str) -> bool:
        return False


class Line(NamedTuple):
    menu: Menu
    door: Door
    plans: list[Plan]


@pytest_asyncio.fixture(scope="module", loop_scope="session", params=[22, 16])
async def line(request: pytest.FixtureRequest, open_line: OpenLine) -> AsyncIterator[Line]:
    plans = plans_to([moment.node for moment in MOMENTS], SAVED_THERE)
    async with open_door() as door, open_line(request.param, plans, door.program) as menu:
        yield Line(menu, door, plans)


def of(walks: list[Unheard], node: str) -> list[Unheard]:
    found = [one for one in walks if one.plan.node == node and one.moment.order]
    assert len(found) == 2, node
    return found


async def said_by_callers(menu: Menu, ticket: dict[str, Any]) -> list[str]:
    history = (await menu.server.api("GET", f"/tickets/{ticket['id']}/history?limit=50"))["items"]
    return [row["event"] for row in history if row["actor"] == "ivr"]


async def done_once(menu: Menu, walks: list[Unheard]) -> None:
    """What the callers wanted is there, once and whole, though they went before they heard of it."""
    opened = (await menu.server.api("GET", "/tickets?limit=200"))["items"]
    for walk in of(walks, "fault/open"):
        (ticket,) = (one for one in opened if walk.call_id in str(one))
        (visit,) = (await menu.call(walk.call_id))["ivr"]
        assert visit["answers"]["ticket.number"] == ticket["number"]
        assert ticket["fields"]["recording"] in visit["recordings"]
    for node in ("person/callback", "person/closed_callback"):
        for walk in of(walks, node):
            (callback,) = await menu.callbacks(walk.plan.number)
            assert (callback["queue"], callback["state"], callback["tries"]) == ("service", "waiting", 0)
    for node, event in (("urge", "urge"), ("confirm", "close"), ("deny", "ask_again")):
        for walk in of(walks, f"ticket_status/{node}"):
            own = [one for one in opened if one["subject"] == walk.plan.node]
            (ticket,) = (one for one in own if walk.plan.number in str(one["fields"]["contact_phone"]))
            assert await said_by_callers(menu, ticket) == [event]


async def test_a_room_that_breaks_costs_the_caller_nothing_and_the_agent_sees_what_was_said(
    line: Line,
) -> None:
    menu, door, _ = line
    await menu.clear()
    await menu.quiet()
    await menu.on_duty("service", "chen")
    menu.server.broken = ["broken on purpose"]
    door.hold(UNLUCKY, "ticket_status/status", "broken")
    async with (
        menu.listener("chen") as chen,
        Phone(menu.pbx, "1003") as phone,
        Robot(menu.pbx, UNLUCKY) as robot,
    ):
        await robot.press("35123456#0")  # English, my ticket, its number; sorry; a person
        await phone.ringing()
        pop = await menu.pop(chen)
        await robot.hang_up()
    assert pop["ivr"]["answers"]["topic"] == "status"
    assert [one for one in pop["ivr"]["path"] if one.startswith("ticket_status/")] == [
        "ticket_status/number",
        "ticket_status/status",
        "ticket_status/sorry",
    ]
    visit = await menu.visit(UNLUCKY)
    assert (visit["ended"], visit["detail"]) == ("transferred", "queue:service")
    assert "broken on purpose" in menu.server.log()


async def test_a_known_caller_is_greeted_in_the_language_of_the_record(line: Line) -> None:
    menu = line.menu
    for number, language, words in GREETED:
        new = {"name": f"客户 {number}", "phones": [number], "language": language.value}
        await menu.server.api("POST", "/customers", new, "chen")
        async with Robot(menu.pbx, number) as robot:
            await robot.press("*")  # heard the greeting out; the main menu again
            await robot.hang_up()
        assert (
            sound_key(Utterance("hotline.greeting.text", words, language, language), SpeechSettings())
            in robot.played()
        )
        visit = await menu.visit(number)
        assert (visit["language"], visit["path"][0]) == (language.value, "hotline/who")


async def test_a_caller_may_hang_up_where_nothing_is_heard(line: Line) -> None:
    menu, door, plans = line
    await menu.on_duty("service")  # nobody: the call-backs wait
    await tickets(menu, plans)
    async with exchange(menu.pbx) as board:
        walks = [Unheard(board, plan, moment, door) for plan, moment in zip(plans, MOMENTS, strict=True)]
        assert await all_of(menu.pbx, [one for one in walks if not one.moment.order]) == []
        async with in_line(menu, 3):
            held = [one for one in walks if one.moment.order and one.plan.office == "open"]
            assert await all_of(menu.pbx, held) == []
        await menu.open_on(another_day())
        assert await all_of(menu.pbx, [one for one in walks if one.plan.office != "open"]) == []
        await menu.open_on(*DAYS)
    await nothing_left(menu, [one for one in walks if one.moment.order])
    await done_once(menu, walks)
    handed = [one for one in walks if not one.moment.order]
    await nothing_left(menu, handed, "transferred")
    for one in handed:
        call = await menu.settled(one.call_id)
        assert (call["state"], call["outcome"]) == ("ended", "abandoned"), one.plan.node
    assert menu.server.faults() == []
