"""The integrator's pages of the phone menu in a real browser: readable for all, alive, and in the reader's language."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from msgspec.structs import replace
from playwright.async_api import Page, expect

from cti.messages import Call, CallState, Direction, Outcome, Party
from customers.messages import NewCustomer
from ivr_flows.messages import Ended, Language, Visit
from ivr_flows.surveys.store import Score
from tests.e2e.axe import violations
from tests.e2e.scene import Looker, Scene
from tests.integration.test_recordings import sound

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="session")]


def came(scene: Scene, n: int, *path: str, ended: Ended | None = None) -> Visit:
    """A caller of a minute ago who went this way, and is there still unless it ended."""
    at = scene.house.clock.now()
    visit = Visit(
        f"v{n}", f"main-{n}", "main", "hotline", Language.ZH, "13800138000", at - 60, path[-1], path
    )
    visit = replace(visit, entered=tuple(7.0 * step for step in range(len(path))))
    visit = replace(visit, ended=ended, ended_at=at) if ended else visit
    scene.house.visits.put(visit)
    return visit


async def busy(scene: Scene) -> None:
    """Callers of the day, some in the menu now, and a service that did not answer."""
    menu, bill = ("hotline/who", "hotline/main"), ("identify/own_or_other", "identify/pin")
    for n in range(20):
        came(scene, n, *menu, *bill, "bill/balance", "hotline/more", "hotline/goodbye", ended=Ended.SERVED)
    for n in range(20, 26):
        came(scene, n, *menu, *bill, ended=Ended.HUNG_UP)
    for n in range(26, 30):
        came(scene, n, *menu, "danger/advice", "danger/emergency", ended=Ended.TRANSFERRED)
    for n in range(30, 33):
        came(scene, n, *menu)
    last = came(scene, 33, *menu, "bill/balance")
    scene.house.visits.trouble(last, "account.balance: no answer in time")
    await scene.house.visits.saver.flush()


async def scored(scene: Scene) -> None:
    """Callers who left words and scores."""
    at = scene.house.clock.now()
    for n, value in enumerate((5, 4, 1)):
        await scene.house.surveys.save(
            Score(f"s{n}", at - n, "call", f"main-{n}", f"main-{n}", value, "anna", "service")
        )
    if scene.house.recordings.on:
        for seconds in (3.0, 8.0):
            id, path = scene.house.recordings.begin()
            sound(Path(f"{path}.wav"), seconds)
            await scene.house.recordings.keep_words(id, "main", "main-1", "v1", seconds)


async def fits(page: Page) -> bool:
    return bool(await page.evaluate("document.scrollingElement.scrollWidth <= innerWidth"))


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
async def test_axe_finds_nothing_serious(scene: Scene, looker: Looker, dark: bool) -> None:
    page = await looker.sign_in("li", dark=dark)
    if not dark:
        await page.goto(f"{scene.address}/flows/hotline")
        assert await violations(page) == []
    await busy(scene)
    await scored(scene)
    flows = ("/flows", "/flows/hotline", "/flows/hotline/visits?node=main", "/flows/bill/visits")
    for path in (*flows, "/recordings", "/recordings?show=call", "/satisfaction"):
        await page.goto(scene.address + path)
        assert await violations(page) == [], path
        assert await fits(page), path


async def test_the_diagram_follows_the_callers(scene: Scene, looker: Looker) -> None:
    page = await looker.sign_in("li")
    await page.goto(f"{scene.address}/flows/hotline")
    await expect(page.locator(".flow-now")).to_contain_text("当前没有来电在此流程中")
    caller = came(scene, 1, "hotline/who", "hotline/main")
    await expect(page.locator(".badge")).to_have_text("1", timeout=30_000)
    await expect(page.locator("#now-title")).to_have_text("当前 1 个来电")
    scene.house.visits.put(replace(caller, ended=Ended.HUNG_UP, ended_at=scene.house.clock.now()))
    await expect(page.locator(".badge")).to_have_count(0, timeout=30_000)
    await expect(page.locator("nav.rail")).to_contain_text("语音流程")
    await page.goto(f"{scene.address}/flows")
    await expect(page.locator("table.flows tbody tr")).not_to_have_count(0)
    assert looker.errors == []
    assert looker.hosts == {scene.address.removeprefix("http://")}


async def test_a_caller_is_heard_and_sought_through(scene: Scene, looker: Looker) -> None:
    await scored(scene)
    page = await looker.sign_in("li")
    await page.goto(f"{scene.address}/recordings")
    sound = page.locator("audio").first
    await expect(page.locator("audio")).to_have_count(2)
    assert await sound.evaluate("one => one.readyState") == 0  # nothing is listened to before it is asked for
    await sound.evaluate("async one => { one.muted = true; await one.play(); }")
    assert await sound.evaluate("one => Math.round(one.duration)") == 8
    sought = """one => new Promise(done => {
        one.addEventListener("seeked", () => done(one.currentTime), {once: true});
        one.currentTime = 6;
    })"""
    assert await sound.evaluate(sought) >= 6
    assert looker.errors == []


async def listed(scene: Scene) -> None:
    """More calls than a page of the list has, of a customer with a long name."""
    at, number = scene.house.clock.now(), "13900000000"
    await scene.house.customers.create("anna", NewCustomer("x" * 200, (number,)), at)
    calls = [
        Call(
            f"main-{n}",
            "main",
            Direction.INBOUND,
            CallState.ENDED,
            Party(number),
            "4005",
            at - n,
            ended_at=at,
        )
        for n in range(60)
    ]
    await scene.house.calls.save_many([replace(call, outcome=Outcome.ABANDONED) for call in calls])


async def test_nobody_loses_their_place_in_a_list(scene: Scene, looker: Looker) -> None:
    await listed(scene)
    page = await looker.sign_in("li")
    await page.goto(f"{scene.address}/calls")
    assert await fits(page)
    await page.locator(".more-row button").focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("#rows tr")).to_have_count(60)
    await expect(page.locator("#rows tr:nth-child(51) a")).to_be_focused()
    await page.locator("#outcome").select_option("abandoned")
    await expect(page).to_have_url(re.compile("outcome=abandoned"))
    await page.reload()
    await expect(page.locator("#outcome")).to_have_value("abandoned")
    await page.goto(f"{scene.address}/flows")
    third = page.locator("table.flows tbody tr:nth-child(3) a")
    await third.first.focus()
    again = "htmx.ajax('GET', '/flows?days=1', 'table.flows tbody')"
    await page.evaluate(f"{again}.then(() => document.activeElement.dataset.seen = 'yes')")
    await expect(third.first).to_be_focused()
    await expect(third.first).to_have_attribute("data-seen", "yes")
    assert looker.errors == []
