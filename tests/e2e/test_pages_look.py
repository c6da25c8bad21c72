"""The pages in a real browser: readable for all, in Chinese too, and never in the way of who is working."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Page, expect

from cti.messages import Call
from tests.e2e.axe import violations
from tests.e2e.scene import KNOWN, SHARED, UNKNOWN, WITHHELD, Looker, Scene

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="session")]

SHORT_WORDS = {"VIP", "Esc", "Ctrl", "Alt", "English", "UTC"}
"""Latin words that Chinese pages do have: keys, a language's own name, and that of the time zone in a full date."""


async def desk(looker: Looker, name: str, *, dark: bool = False) -> Page:
    """The desk of this agent, with its live socket open."""
    page = await looker.sign_in(name, dark=dark)
    await expect(page.locator("#link-state")).to_have_attribute("data-link", "open")
    return page


SHOWN = "#middle > article:not([hidden])"
"""Selects the card that the middle shows."""


async def every_view(scene: Scene, page: Page, user: str) -> AsyncIterator[str]:
    """Brings every view of the pages onto `page`, one after the other; yields its name."""
    yield "desk without a call"
    for number in (KNOWN, SHARED, UNKNOWN, WITHHELD):
        call = scene.ring(user, number)
        await expect(page.locator(SHOWN)).to_have_attribute("data-stage", "ringing")
        yield f"pop of {number or 'nobody'}"
        if number == KNOWN:
            call = scene.answer(call)
            await expect(page.locator(SHOWN)).to_have_attribute("data-stage", "answered")
            yield "card of the call"
            await page.keyboard.press("v")
            await expect(page.locator("#look .note-form")).to_be_visible()
            yield "record on the desk"
            await refused_pin(page)
            yield "a PIN that was refused"
            await page.keyboard.press("Escape")  # out of the field, the next one out of the record
            await page.keyboard.press("Escape")
        if number == KNOWN:
            await scene.wrote(call, user)
            scene.transfer(call, "li")
            await expect(page.locator(f"{SHOWN} [data-part=went]")).to_be_visible()
            await expect(page.locator("#ticket-copy")).to_be_visible()
            yield "where the customer went"
            await page.keyboard.press("w")
            await expect(page.locator(SHOWN)).to_have_count(0)
            call = await handed_over(scene, page, user)
            yield "handed over"
        scene.end(call)
        await expect(page.locator(SHOWN)).to_have_count(0)
    await page.keyboard.press("?")
    yield "keys"
    await page.keyboard.press("Escape")
    for path in (
        "/customers",
        "/calls",
        "/calls?outcome=lost",
        "/callbacks",
        "/callbacks?show=closed",
        "/tickets?show=open",
        "/tickets?show=mine&q=000",
        "/settings",
        "/customers/nobody",
    ):
        await page.goto(scene.address + path)
        yield path
    await page.goto(f"{scene.address}/calls")
    await page.click("tbody tr:last-child a")
    yield "a call"
    await page.goto(f"{scene.address}/tickets?show=open")
    await page.click("tbody a")
    await page.locator(".event summary").first.click()
    yield "ticket"


async def refused_pin(page: Page) -> None:
    """What was typed twice in the record on the desk is not the same."""
    form = page.locator("#look .pins details")
    await form.locator("summary").click()
    await form.locator("input[name=pin]").fill("739184")
    await form.locator("input[name=again]").fill("739148")
    await page.keyboard.press("Enter")
    await expect(form.locator(".wrong")).to_be_visible()
    await expect(form.locator("input[name=pin]")).to_have_value("")


async def handed_over(scene: Scene, page: Page, user: str) -> Call:
    """A call that another agent has transferred rings at the user's phone."""
    other = {"anna": "wei", "wei": "anna"}[user]
    call = scene.answer(scene.ring(other, KNOWN))
    await scene.wrote(call, other)
    call = scene.transfer(call, user)
    await expect(page.locator(f"{SHOWN} [data-part=handed]")).to_contain_text("替母亲来电")
    return call


@pytest.mark.parametrize(("user", "dark"), [("anna", False), ("wei", True)])
async def test_axe_finds_nothing_serious(scene: Scene, looker: Looker, user: str, dark: bool) -> None:
    page = await desk(looker, user, dark=dark)
    async for view in every_view(scene, page, user):
        assert await violations(page) == [], view


async def test_the_wall_is_for_all_eyes_too(scene: Scene, looker: Looker) -> None:
    page = await looker.sign_in("li", size=(1920, 1080))
    await expect(page.locator("#queues tr")).to_have_count(1)
    await expect(page.locator("#agents li")).to_have_count(3)
    assert await violations(page) == []
    for path in ("/outages", "/outages/new", "/callbacks"):
        await page.goto(scene.address + path)
        assert await violations(page) == [], path


async def test_chinese_pages_are_chinese(scene: Scene, looker: Looker) -> None:
    page = await desk(looker, "wei")
    async for view in every_view(scene, page, "wei"):
        text = await page.inner_text("body")
        words = set(re.findall(r"[A-Za-z]{3,}", text)) - SHORT_WORDS - {"wei", "anna"}
        assert words == set(), view


async def test_pages_ask_no_other_host_and_break_no_policy(scene: Scene, looker: Looker) -> None:
    page = await desk(looker, "anna")
    async for view in every_view(scene, page, "anna"):
        fits = "document.scrollingElement.scrollWidth <= innerWidth"
        assert await page.evaluate(fits), view
    assert looker.hosts == {scene.address.removeprefix("http://")}
    assert [error for error in looker.errors if "404" not in error] == []


async def test_a_call_never_takes_the_hands_off_the_keyboard(scene: Scene, looker: Looker) -> None:
    page = await desk(looker, "anna")
    call = scene.ring("anna", UNKNOWN)
    await expect(page.locator(SHOWN)).to_have_attribute("data-match", "none")
    await page.keyboard.press("c")
    await page.keyboard.type("Rob")
    scene.answer(call)
    await expect(page.locator(SHOWN)).to_have_attribute("data-stage", "answered")
    await page.keyboard.type("ert")
    await expect(page.locator(":focus")).to_have_value("Robert")

    await page.keyboard.press("Alt+n")
    await page.keyboard.type("No gas ")
    scene.ring("anna", KNOWN)
    await expect(page.locator("#calls-now .waits")).to_have_count(1)
    await page.keyboard.type("since noon")
    await expect(page.locator("#ticket-subject")).to_have_value("No gas since noon")
    await expect(page.locator(SHOWN)).to_have_attribute("data-number", f"+86{UNKNOWN}")
    await page.keyboard.press("Escape")
    await page.keyboard.press("o")
    await expect(page.locator(f"{SHOWN} h2")).to_have_text("张建国")


async def test_a_draft_outlives_a_reload_and_is_sent_once(scene: Scene, looker: Looker) -> None:
    page = await desk(looker, "anna")
    scene.answer(scene.ring("anna", KNOWN))
    await expect(page.locator("#ticket-customer-name")).to_have_text("张建国")
    await page.keyboard.press("n")
    await page.keyboard.type("Meter is too fast")
    await page.reload()
    await expect(page.locator("#ticket-subject")).to_have_value("Meter is too fast")
    await expect(page.locator("#ticket-customer-name")).to_have_text("张建国")
    await page.evaluate(
        "() => { for (let i = 0; i < 3; i++) document.getElementById('ticket-form').requestSubmit(); }"
    )
    await expect(page.locator("#tickets-mine li")).to_have_count(2)
    await expect(page.locator("#ticket-subject")).to_have_value("")
    await expect(page.locator(f"{SHOWN} [data-part=tickets]")).to_contain_text("Meter is too fast")
    assert len(await scene.house.tickets.open_of("anna")) == 2


async def test_one_of_several_is_chosen_by_a_key_and_stays_chosen(scene: Scene, looker: Looker) -> None:
    page = await desk(looker, "anna")
    call = scene.ring("anna", SHARED)
    await expect(page.locator(f"{SHOWN} [data-digit]")).to_have_count(2)
    name = await page.inner_text(f"{SHOWN} tbody tr:nth-child(2) strong")
    await page.keyboard.press("2")
    await expect(page.locator(f"{SHOWN} h2")).to_have_text(name)
    scene.answer(call)
    await expect(page.locator(SHOWN)).to_have_attribute("data-stage", "answered")
    await page.reload()
    await expect(page.locator(f"{SHOWN} h2")).to_have_text(name)
    await expect(page.locator("#ticket-customer-name")).to_have_text(name)


async def test_an_unknown_number_is_attached_to_a_customer_who_was_found(
    scene: Scene, looker: Looker
) -> None:
    page = await desk(looker, "anna")
    scene.answer(scene.ring("anna", UNKNOWN))
    await expect(page.locator(SHOWN)).to_have_attribute("data-match", "none")
    await page.keyboard.press("a")
    await page.keyboard.type("李志强")
    await page.locator(f"{SHOWN} .find-results button").click()
    await expect(page.locator(f"{SHOWN} h2")).to_have_text("李志强")
    await expect(page.locator(f"{SHOWN} [data-act=customer]")).to_be_visible()
    await expect(page.locator(f"{SHOWN} .came")).to_have_count(0)
    found = await scene.house.customers.lookup(UNKNOWN)
    assert [one.customer.name for one in found.candidates] == ["李志强"]


async def test_a_break_of_the_link_is_told_and_nothing_is_missed(scene: Scene, looker: Looker) -> None:
    page = await desk(looker, "anna")
    await page.context.set_offline(True)
    scene.house.hub.close_all()
    await expect(page.locator("#bar-link")).to_contain_text("No connection to the server since")
    scene.ring("anna", KNOWN)
    await page.context.set_offline(False)
    await expect(page.locator(f"{SHOWN} h2")).to_have_text("张建国", timeout=60_000)
    await expect(page.locator("#bar-link")).to_be_hidden()


async def test_who_gave_up_is_told_and_the_card_goes(scene: Scene, looker: Looker) -> None:
    page = await desk(looker, "anna")
    call = scene.ring("anna", KNOWN)
    await expect(page.locator(f"{SHOWN} h2")).to_have_text("张建国")
    scene.end(call)
    await expect(page.locator("#idle-last")).to_contain_text("张建国: the caller hung up")
    await expect(page.locator(SHOWN)).to_have_count(0)
