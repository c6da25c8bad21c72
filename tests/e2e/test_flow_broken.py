"""What breaks while a caller is in a flow, on a real Asterisk 22 and 16: the caller reaches an agent all the same, who
sees what was said so far, and the integrator sees on the flow's page and in the log what it was."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from config.settings import SpeechSettings
from ivr_flows.flow.words import prompts
from ivr_flows.messages import Language
from ivr_flows.speech.sounds import sound_key, wanted
from tests.e2e.menu import Menu
from tests.e2e.own_flow import OWN, flow_in_force
from tests.e2e.pages import page_text
from tests.e2e.robot import HOTLINE, Robot
from tests.e2e.silent import short_sounds
from tests.e2e.test_hang_up_everywhere import away
from tests.real.sipp import Phone
from tests.unit.ivr_flows.shipped_flows import FLOWS

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="session")]
OUTSIDE = """
name: own
label: {en: Works, zh: 抢修}
start: what
answers: {topic: {label: {en: Wanted, zh: 需求}}}
nodes:
  what:
    do: menu
    text: {en: "Press a key.", zh: 请按键。}
    choices: {"1": {label: {en: Works, zh: 抢修}, set: {topic: works}, next: works}}
    otherwise: person
  works: {do: transfer, label: {en: To our works, zh: 转抢修}, number: "+8613811112222"}
  person: {do: transfer, queue: service}
"""
ROOMS = ("tickets", "customers", "outages", "accounts", "calls", "ivr_visits")


class Unlucky:
    """A caller whose flow breaks, and what the agent's pop shows of it."""

    def __init__(self, robot: Robot) -> None:
        self.robot = robot
        self.pop: dict[str, Any] = {}


@asynccontextmanager
async def reaches_chen(menu: Menu, number: str, did: str = HOTLINE) -> AsyncIterator[Unlucky]:
    """What breaks in here takes the caller to the queue, and to the agent who is there."""
    await menu.on_duty("service", "chen")
    since = len(menu.pbx.ami.messages)
    async with (
        menu.listener("chen") as chen,
        Phone(menu.pbx, "1003") as phone,
        Robot(menu.pbx, number, did) as robot,
    ):
        caller = Unlucky(robot)
        yield caller
        await menu.pbx.ami.event("QueueCallerJoin", since=since, Queue="service", CallerIDNum=number)
        await phone.ringing()
        caller.pop = await menu.pop(chen)
        await phone.answer()
        await menu.pbx.ami.event("AgentConnect", since=since, Queue="service", CallerIDNum=number)
        await robot.hang_up()
    assert caller.pop["caller"]["number"] == f"+86{number}"
    call = await menu.settled(caller.pop["call_id"])
    assert (call["outcome"], call["segments"][0]["agent"]) == ("answered", "chen")


async def broke(menu: Menu, number: str, flow: str = "hotline") -> dict[str, Any]:
    """The caller's visit, which has failed."""
    visit = await menu.visit(number, flow)
    assert visit["ended"] == "failed"
    return visit


async def told(menu: Menu, flow: str, english: str, chinese: str) -> None:
    """The trouble stands on the flow's page and in the log."""
    assert english in menu.server.log()
    pages = await page_text(menu, f"/flows/{flow}", "ada")
    assert english in pages[0]
    assert chinese in pages[1]


@contextmanager
def damaged(folder: Path, prompt: str) -> Iterator[None]:
    """The English sounds of this prompt are empty files, as a full disk leaves them."""
    speech = SpeechSettings()
    those = [
        folder / f"{sound_key(one, speech)}.wav"
        for one in wanted(prompts(FLOWS))
        if one.name.startswith(prompt) and one.language is Language.EN
    ]
    assert those
    for path in those:
        path.rename(path.with_suffix(".whole"))
        path.touch()
    try:
        yield
    finally:
        for path in those:
            path.with_suffix(".whole").rename(path)


@contextmanager
def unwritable(folder: Path) -> Iterator[None]:
    """Nothing can be written to this folder, root's rights or not: it is a file."""
    aside = folder.with_suffix(".aside")
    folder.rename(aside)
    folder.touch()
    try:
        yield
    finally:
        folder.unlink()
        aside.rename(folder)


async def test_a_question_that_the_pbx_cannot_play(menu: Menu) -> None:
    number = "13644470001"
    with damaged(menu.pbx.run / "sounds", "fault.what."):
        async with reaches_chen(menu, number) as caller:
            await caller.robot.press("34")  # English, report a fault
    assert caller.pop["ivr"]["answers"] == {"topic": "fault"}
    assert caller.pop["ivr"]["path"][-1] == "fault/what"
    assert (await broke(menu, number))["detail"] == "no sound for fault.what.key_1"
    await told(menu, "fault", "no sound for fault.what.key_1", "缺少语音文件：fault.what.key_1")
    await told(menu, "hotline", "no sound for fault.what.key_1", "缺少语音文件：fault.what.key_1")


async def test_words_that_the_pbx_cannot_record(menu: Menu) -> None:
    number, account = "13644470004", "31002499"
    own = {"name": "王修", "phones": [number], "account": account}
    await menu.server.api("POST", "/customers", own)
    with short_sounds(menu.pbx.run / "sounds"), unwritable(menu.pbx.run / "recordings"):
        async with reaches_chen(menu, number) as caller:
            await caller.robot.press("3421")  # English, report a fault: no supply, at the own address
    answers = caller.pop["ivr"]["answers"]
    assert answers == {"topic": "fault", "kind": "no_supply", "account": account}
    assert (await broke(menu, number))["path"][-1] == "fault/words"
    await told(menu, "fault", "the telephone system refused: RECORD FILE", "电话系统拒绝执行：RECORD FILE")


async def test_our_own_code_raises_in_mid_flow(menu: Menu) -> None:
    number, why = "13644470002", "OperationalError: (sqlite3.OperationalError) no such table: dial_counts"
    menu.server.broken.append("no such table: dial_counts")
    async with flow_in_force(menu, OUTSIDE):
        with away(menu.server.folder / "ringdesk.db", "dial_counts"):
            async with reaches_chen(menu, number, OWN) as caller:
                await caller.robot.press("1")
        assert caller.pop["ivr"]["answers"] == {"topic": "works"}
        visit = await broke(menu, number, "own")
        assert (visit["detail"], visit["path"]) == (why, ["own/what", "own/works"])
        await told(menu, "own", f"the flow broke: {why}", f"流程出错：{why}")
        assert "Traceback" in menu.server.log()


async def test_every_room_is_gone_in_mid_call(menu: Menu) -> None:
    number = "13644470003"
    menu.server.broken.append("no such table: ")
    async with reaches_chen(menu, number) as caller:
        await caller.robot.press("3")
        await caller.robot.asked()
        with away(menu.server.folder / "ringdesk.db", *ROOMS):
            await caller.robot.caller.press("5")  # my ticket
            await caller.robot.press("202611250001#")
            await caller.robot.press("0")
            await menu.pbx.ami.event("QueueCallerJoin", Queue="service", CallerIDNum=number)
    assert caller.pop["ivr"]["answers"] == {"topic": "status"}
    assert caller.pop["ivr"]["path"][-1] == "person/queue"
    assert "ticket_status/sorry" in caller.pop["ivr"]["path"]
    visit = await menu.visit(number)
    assert (visit["ended"], visit["detail"]) == ("transferred", "queue:service")
    await menu.saved()
    await told(menu, "ticket_status", "a service said no: unavailable", "服务返回失败：")
