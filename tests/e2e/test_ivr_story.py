"""One caller and one agent, from the smell of gas to the score, each by keypad; the agent's desk shows all of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.async_api import Browser, Locator, expect

from tests.e2e.desk import Desk, desk
from tests.e2e.house import KNOWN
from tests.e2e.menu import DAYS, PIN, Menu, another_day
from tests.e2e.robot import Robot
from tests.real.sipp import Phone

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="session")]
SECONDS = 30.0
PLAYS = """
audio => new Promise((done, failed) => {
  audio.addEventListener("timeupdate", () => audio.currentTime > 0.2 && done(audio.duration));
  audio.addEventListener("error", () => failed(new Error("it does not play")));
  audio.play().catch(failed);
})
"""


class Story:
    """The same agent's desk in both languages; the Chinese one is there only when it is looked at, for all open pages
    of an agent have one language. `shots` is where pictures of it go, if they are wanted."""

    def __init__(self, menu: Menu, english: Desk, chinese: Desk, shots: Path) -> None:
        self.menu, self.english, self.chinese, self.shots = menu, english, chinese, shots

    async def told(self, name: str, english: list[str], chinese: list[str]) -> Locator:
        """The card says so in either language; what the caller told the phone menu, in English."""
        for text in english:
            await expect(self.english.card).to_contain_text(text, timeout=SECONDS * 1000)
        await self.shoot(name, self.english)
        await self.chinese.page.goto(f"{self.menu.server.address}/desk")
        for text in chinese:
            await expect(self.chinese.card).to_contain_text(text, timeout=SECONDS * 1000)
        await self.shoot(name, self.chinese)
        await self.look_away()
        await self.english.page.reload()
        await self.english.linked()
        return self.english.card.locator("[data-part=ivr]")

    async def look_away(self) -> None:
        await self.chinese.page.goto("about:blank")

    async def ringing(self, phone: Phone, count: int) -> None:
        await phone.wait("ringing", count=count, seconds=SECONDS)
        await self.english.pops("ringing", SECONDS)

    async def shoot(self, name: str, *pages: Desk) -> None:
        for page in pages:
            language = "en" if page is self.english else "zh"
            await page.page.screenshot(path=self.shots / f"{name}.{language}.png")

    async def done_with(self, phone: Phone, count: int) -> None:
        """The call is over; the card is put away by key."""
        await phone.wait("ended", count=count, seconds=SECONDS)
        await self.menu.quiet()
        await self.english.pops("ended", SECONDS)
        await self.english.page.keyboard.press("w")
        await self.english.empty(SECONDS)


async def smells_gas(story: Story, phone: Phone) -> None:
    await story.menu.on_duty("emergency", "chen")
    async with Robot(story.menu.pbx, KNOWN) as robot:
        await robot.press("1")
        await story.ringing(phone, 1)
        await phone.answer()
        ivr = await story.told(
            "1-gas-smell", ["Danger: gas or a leak", "张建国", "VIP"], ["险情：燃气异味或泄漏", "安全提示"]
        )
        await expect(ivr).to_contain_text("Safety advice was played")
        await robot.hang_up()
    await story.done_with(phone, 1)


async def asks_and_reports(story: Story, phone: Phone) -> str:
    """The bill after the PIN, then a fault in the caller's own words, then a person; the number of the ticket."""
    await story.menu.on_duty("service", "chen")
    async with Robot(story.menu.pbx, KNOWN) as robot:
        await robot.press(f"321{PIN}")
        await robot.press("*421")
        await robot.asked()
        await robot.speak(2.0)
        await robot.caller.press("#")
        await robot.press("0")
        await story.ringing(phone, 2)
        await phone.answer()
        ivr = await story.told(
            "2-bill-and-fault",
            ["PIN checked", "88.20", "No supply", "Ticket opened"],
            ["密码", "88.20", "停供", "已建工单"],
        )
        heard = await ivr.locator("audio").evaluate(PLAYS)
        assert heard >= 1, "the agent hears the caller's words from the card"
        pop = (await story.english.got("pop", 2))["data"]
        await robot.hang_up()
    await story.done_with(phone, 2)
    number = str(pop["ivr"]["answers"]["ticket.number"])
    ticket = await story.menu.ticket(number)
    (recording,) = pop["ivr"]["recordings"]
    assert ticket["fields"]["recording"] == recording
    return number


async def urges_and_scores(story: Story, phone: Phone, number: str) -> str:
    """The ticket is urged, and the talk after it gets a score; the call."""
    async with Robot(story.menu.pbx, KNOWN) as robot:
        await robot.press("35")
        await robot.press("".join(filter(str.isdigit, number)) + "#")
        await robot.press("10")
        await story.ringing(phone, 3)
        await phone.answer()
        await story.told("3-urged", [number, "Times urged"], [number, "催办次数"])
        pop = (await story.english.got("pop", 3))["data"]
        await phone.hang_up()
        await robot.press("4")
        await robot.caller.ended()
    await story.done_with(phone, 3)
    return str(pop["call_id"])


async def is_called_back(story: Story, phone: Phone) -> None:
    menu = story.menu
    await menu.on_duty("service")
    await menu.open_on(another_day())
    try:
        async with Robot(menu.pbx, KNOWN) as robot:
            await robot.press("302")
            await robot.caller.ended()
    finally:
        await menu.open_on(*DAYS)
    (callback,) = await menu.callbacks(KNOWN)
    async with Phone(menu.pbx, "outside") as caller:
        await menu.on_duty("service", "chen")
        await story.ringing(phone, 4)
        assert caller.reports == []
        await phone.answer()
        await caller.answer()
        await story.told("4-called-back", ["Call-back", "张建国"], ["回拨", "张建国"])
        done = await menu.closed(callback["id"])
        await caller.hang_up()
    assert (done["state"], done["agent"]) == ("reached", "chen")
    await story.done_with(phone, 4)


async def shown_afterwards(story: Story, number: str, call_id: str) -> None:
    """The ticket has the words and the urging, the call its score."""
    ticket = await story.menu.ticket(number)
    for page, urged in ((story.english.page, "Urge"), (story.chinese.page, "催办")):
        await page.goto(f"{story.menu.server.address}/tickets/{ticket['id']}")
        await expect(page.locator("audio").first).to_be_visible()
        await expect(page.locator("main")).to_contain_text(urged)
    await story.shoot("5-ticket", story.english, story.chinese)
    assert await story.english.page.locator("audio").first.evaluate(PLAYS) >= 1
    for page in (story.english.page, story.chinese.page):
        await page.goto(f"{story.menu.server.address}/calls/{call_id}")
        await expect(page.locator("main")).to_contain_text("4")
    await story.shoot("6-call", story.english, story.chinese)
    assert (await story.menu.call(call_id))["satisfaction"] == 4


# What the desk shows does not depend on the PBX's version; the parts of the story run on both.
@pytest.mark.parametrize("shared_menu", [22], indirect=True)
async def test_one_caller_by_keypad_and_the_desk_shows_all_of_it(
    menu: Menu, chromium: Browser, tmp_path: Path
) -> None:
    shots = Path(os.environ.get("RINGDESK_SHOTS") or tmp_path)
    address = menu.server.address
    async with (
        desk(chromium, address, "chen") as english,
        desk(chromium, address, "chen", "zh-CN") as chinese,
        Phone(menu.pbx, "1003") as phone,
    ):
        story = Story(menu, english, chinese, shots)
        await story.look_away()
        await smells_gas(story, phone)
        number = await asks_and_reports(story, phone)
        call_id = await urges_and_scores(story, phone, number)
        await is_called_back(story, phone)
        await shown_afterwards(story, number, call_id)
