"""The ticket pages in a real browser, by keyboard: walked, chosen, changed several at once; readable for all."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.e2e.axe import violations
from tests.e2e.scene import Looker, Scene
from ticketing.messages import Actor, NewTicket, Ticket

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="session")]

AGENT = Actor("anna", frozenset({"agent"}))
DISPATCHER = Actor("dora", frozenset({"dispatcher"}))
MANY = 23


@pytest_asyncio.fixture(loop_scope="session")
async def looker(looker: Looker) -> AsyncIterator[Looker]:
    yield looker
    assert looker.errors == []


async def opened(scene: Scene, count: int, subject: str) -> list[Ticket]:
    tickets, at = scene.house.tickets, scene.house.clock.now()
    return [await tickets.open(AGENT, NewTicket("complaint", subject), at + n) for n in range(count)]


async def fits(page: Page) -> bool:
    return bool(await page.evaluate("document.scrollingElement.scrollWidth <= innerWidth"))


async def test_many_tickets_are_chosen_and_changed_by_keyboard(scene: Scene, looker: Looker) -> None:
    made = await opened(scene, MANY, "Bill doubled")
    page = await looker.sign_in("li", dark=True)
    await page.goto(f"{scene.address}/tickets?q=doubled")
    await expect(page.locator("#rows tr")).to_have_count(MANY)
    tickets, at = scene.house.tickets, scene.house.clock.now()
    await tickets.fire(made[5].id, "comment", DISPATCHER, {"note": "wait"}, made[5].version, at)
    heights = "[...document.querySelectorAll('#rows tr')].map((row) => row.getBoundingClientRect().top)"
    before = await page.evaluate(heights)
    await page.keyboard.press("j")
    await page.keyboard.press("x")
    for _ in range(MANY - 1):
        await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Shift+X")
    await expect(page.locator("#bulk-count")).to_contain_text(str(MANY))
    assert sorted(await page.evaluate(heights)) == sorted(before) or await page.evaluate("scrollY") > 0
    await page.locator("#bulk-actions .event").first.wait_for()
    await page.keyboard.press("b")
    await page.keyboard.press("Enter")
    await page.locator(".bulk-form:visible [name='fields.wanted']").fill("书面道歉")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator("#bulk-close")).to_be_visible(timeout=30_000)
    await expect(page.locator("#bulk-results [data-done=yes]")).to_have_count(MANY - 1)
    refused = page.locator("#bulk-results li").first
    await expect(refused).to_contain_text(made[5].number)
    await expect(refused).to_contain_text("dora：添加备注")
    await expect(page.locator("#rows .chosen")).to_have_count(1)
    assert await page.evaluate("document.querySelector('progress').value") == MANY
    states = {(await tickets.get(one.id)).state for one in made if one is not made[5]}
    assert states == {"assessed"}
    # What was not done can be done now, for the list shows it as it is.
    await page.keyboard.press("Escape")
    await page.locator("#bulk-actions [value=judge]").wait_for(state="attached")
    await page.keyboard.press("Escape")
    await page.keyboard.press("Escape")
    await expect(page.locator("#bulk")).to_be_hidden()


async def test_the_list_and_its_tickets_by_keyboard(scene: Scene, looker: Looker) -> None:
    made = await opened(scene, 3, "Bill doubled")
    page = await looker.sign_in("anna")
    await page.goto(f"{scene.address}/tickets")
    await page.keyboard.press("/")
    await page.keyboard.type("doubled")
    await expect(page.locator("#rows tr")).to_have_count(3)
    await expect(page).to_have_url(f"{scene.address}/tickets?show=mine&q=doubled&kind=&order=new")
    await page.keyboard.press("Escape")
    await page.keyboard.press("j")
    await page.keyboard.press("Enter")
    await expect(page.locator("h2").first).to_have_text("Bill doubled")
    await expect(page.locator("[data-at]")).to_have_text("1 of 3")
    await page.keyboard.press("j")
    await expect(page.locator("[data-at]")).to_have_text("2 of 3")
    await page.locator(".event:has([value=withdraw]) > summary").click()
    reason = page.locator(".event[open] [name='fields.reason']")
    await expect(reason).to_be_focused()
    # Past the browser's own check, as an older page would send it.
    await reason.evaluate("(field) => field.form.noValidate = true")
    await reason.fill(" ")
    await page.keyboard.press("Control+Enter")
    wrong = page.locator(".event[open] .wrong:visible")
    await expect(wrong).to_have_text("Please fill this in.")
    await expect(page.locator(".event[open] [name='fields.reason']")).to_be_focused()
    await page.keyboard.type("Mistaken")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator(".notice.good")).to_have_text("Done: Withdraw.")
    assert (await scene.house.tickets.get(made[1].id)).state == "withdrawn"
    await page.keyboard.press("Escape")
    await expect(page.locator("#rows tr")).to_have_count(2)


@pytest.mark.parametrize(("user", "dark", "width"), [("li", True, 1280), ("anna", False, 390)])
async def test_axe_finds_nothing_serious(
    scene: Scene, looker: Looker, user: str, dark: bool, width: int
) -> None:
    await opened(scene, 3, "Bill doubled")
    page = await looker.sign_in(user, dark=dark, size=(width, 800))
    found = []
    await page.goto(f"{scene.address}/tickets?show=open")
    for box in await page.locator("#rows .pick input").all():
        await box.check()
    await page.locator("#bulk-actions .event > summary").first.click()
    found.append((await violations(page), await fits(page)))
    await page.click("#bulk-none")
    await page.locator("#rows a").first.click()
    await page.locator(".events .event > summary").first.click()
    await page.click(".ticket-steps > summary")
    await expect(page.locator(".ticket-diagram .here")).to_be_visible()
    found.append((await violations(page), await fits(page)))
    assert found == [([], True), ([], True)]
    looker.errors.clear()  # axe's own: the page's policy keeps it from writing styles
