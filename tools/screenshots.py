"""Makes docs/images/*.png from the demo (needs Chromium): `PYTHONPATH=. python tools/screenshots.py [NAME ...]`.

A fresh demo in a folder of its own, the practice PBX with people whose habits leave time to look; the callers of the
pictures are rung up by hand, so that each picture shows what its name says.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page, ViewportSize, async_playwright

from config.settings import LogSettings
from core.logs import set_up_logs
from cti.commands import Asked
from cti.practice.channels import Channel
from cti.practice.demo import LivelyPbx
from cti.practice.habits import Habits
from cti.practice.names import COLLEAGUES
from cti.practice.people import Person
from server import demo
from server.site import Site
from server.wiring import House
from ticketing.messages import Actor, TicketFilter

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"
MOST_BYTES = 300_000
SIZE: ViewportSize = {"width": 1280, "height": 720}
BROWSER_ARGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--force-color-profile=srgb",
)
HABITS = Habits(
    every=100_000,
    first=(90_000, 90_000),
    step_in=(90_000, 90_000),
    rings_out=0.0,
    gives_up=0.0,
    long_patience=(900, 900),
    talk=(900, 900),
    holds=0.0,
)
"""Nobody calls, gives up or hangs up by himself: what is seen is what was rung up here."""
LOOK_MS = 15_000


class Studio:
    """A demo that serves, and a browser in front of it."""

    def __init__(self, pbx: LivelyPbx, house: House, address: str, browser: Browser) -> None:
        self.pbx, self.house, self.address, self.browser = pbx, house, address, browser
        self.callers: list[Channel] = []

    async def sign_in(self, name: str) -> Page:
        """A page of this user, in English and light colours."""
        context = await self.browser.new_context(viewport=SIZE, color_scheme="light", locale="en-GB")
        page = await context.new_page()
        await page.goto(f"{self.address}/sign-in")
        await page.fill("#name", name)
        await page.fill("#password", demo.PASSWORD)
        await page.press("#password", "Enter")
        await page.wait_for_url(lambda url: "sign-in" not in url)
        return page

    async def pop(self, number: str, match: str) -> Page:
        """Anna's desk while this number rings for two seconds."""
        page = await self.sign_in("anna")
        await page.wait_for_selector('#link-state[data-link="open"]', timeout=LOOK_MS)
        if await page.is_enabled("#do-ready"):
            await page.click("#do-ready")
        await page.wait_for_selector('#state-now[data-state="ready"]', timeout=LOOK_MS)
        self.callers.append(self.pbx.caller(number, "4001"))
        card = f'article.pop[data-stage="ringing"][data-match="{match}"]'
        await page.wait_for_selector(card, timeout=LOOK_MS)
        await page.locator(f"{card} [data-since]", has_text="0:02").wait_for(timeout=LOOK_MS)
        return page

    async def quiet(self) -> None:
        """Let the callers of the last picture hang up."""
        while self.callers:
            self.pbx.hang_up(self.callers.pop())
        await self.pbx.until(lambda: not self.pbx.ringing("1001"))

    async def call(self, callers: int) -> None:
        """So many strangers call the service line."""
        for _ in range(callers):
            self.pbx.population.call("4001")
            await asyncio.sleep(0.7)

    async def busy(self) -> None:
        """All colleagues come to talk with strangers, and nobody waits."""
        await self.call(len(COLLEAGUES))
        queues = self.pbx.queues.queues.values()
        await self.pbx.until(lambda: not any(queue.calls for queue in queues), 60)


async def desk(studio: Studio) -> Page:
    """A known customer with an open ticket and a history rings."""
    known = _known(studio.pbx.people.people, {t.account for t in studio.pbx.people.tickets})
    return await studio.pop(_national(known), "one")


async def several(studio: Studio) -> Page:
    """A line that several customers share rings."""
    shared = next(line.e164 for person in studio.pbx.people.people for line in person.lines if line.shared)
    return await studio.pop(shared, "several")


async def wall(studio: Studio) -> Page:
    """The wallboard with colleagues at work, one ready, one at lunch, and callers who wait."""
    phones, now = studio.house.phones, time.time()
    for user in ("wei", "dora"):
        await phones.login(Asked(user, now), ("emergency",))
    await phones.pause(Asked("dora", now), "lunch")
    await studio.call(2)
    page = await studio.sign_in("sam")
    await page.goto(f"{studio.address}/wall")
    await page.wait_for_selector("#queues tr", timeout=LOOK_MS)
    await page.locator("#agents li", has_text="Lunch").wait_for(timeout=LOOK_MS)
    await page.locator("#wall-clock", has_text=":").wait_for(timeout=LOOK_MS)
    return page


async def ticket(studio: Studio) -> Page:
    """A complaint on its way, as a supervisor sees it."""
    tickets, now = studio.house.tickets, time.time()
    (complaint, *_) = await tickets.list(TicketFilter(workflow="complaint", open=True))
    steps: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("dora", "judge", {}),
        ("dora", "dispatch", {"department": "network"}),
        ("gao", "sign", {}),
        ("gao", "contact", {"contact_log": "客户在家，约定明日上午到现场查看。"}),
    )
    for hours, (user, event, data) in enumerate(steps):
        at = now - 4 * 3600 + hours * 3000
        account = await studio.house.identity.user(user)
        actor = Actor(user, frozenset({account.role.value}), account.department)
        complaint = await tickets.fire(complaint.id, event, actor, data, complaint.version, at)
    page = await studio.sign_in("sam")
    await page.goto(f"{studio.address}/tickets/{complaint.id}")
    await page.wait_for_selector(".ticket-zoom", timeout=LOOK_MS)
    return page


PICTURES: dict[str, Callable[[Studio], Awaitable[Page]]] = {
    "desk": desk,
    "several": several,
    "ticket": ticket,
    "wall": wall,
}


def _known(people: tuple[Person, ...], with_tickets: set[str]) -> Person:
    """A VIP with an open ticket, or else anyone with one."""
    found = [person for person in people if person.account in with_tickets]
    return max(found, key=lambda person: (person.vip, person.grade == "A", bool(person.note)))


def _national(person: Person) -> str:
    e164 = next(line.e164 for line in person.lines if not line.shared)
    national = e164.removeprefix("+86")
    return national if national.startswith("1") else f"0{national}"


async def take(studio: Studio, name: str) -> str:
    """One picture; returns a line about it. Raises ValueError where it is too large to be shown."""
    page = await PICTURES[name](studio)
    path = IMAGES / f"{name}.png"
    await page.screenshot(path=path, animations="disabled", caret="hide")
    await page.context.close()
    await studio.quiet()
    if path.stat().st_size > MOST_BYTES:
        raise ValueError(f"{path} has {path.stat().st_size} bytes, more than {MOST_BYTES}")
    return f"{path.relative_to(IMAGES.parents[1])}: {path.stat().st_size // 1000} kB"


async def main(names: list[str]) -> None:
    set_up_logs(LogSettings(level="error"))
    folder = Path(tempfile.mkdtemp(prefix="ringdesk-pictures-"))
    IMAGES.mkdir(parents=True, exist_ok=True)
    try:
        async with AsyncExitStack() as stack:
            studio = await _studio(stack, folder)
            for name in names:
                print(await take(studio, name), flush=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _studio(stack: AsyncExitStack, folder: Path) -> Studio:
    pbx = await stack.enter_async_context(LivelyPbx(habits=HABITS))
    house = House(demo.settings_for(folder, 0, pbx.port))
    await demo.prepare(house.db)
    await house.load_definitions()
    await demo.seed(house, pbx.people, time.time())
    await house.start()
    stack.push_async_callback(house.stop)
    site = Site(house)
    address = await site.start()
    stack.push_async_callback(site.stop)
    playwright = await stack.enter_async_context(async_playwright())
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    browser = await playwright.chromium.launch(executable_path=program, args=list(BROWSER_ARGS))
    stack.push_async_callback(browser.close)
    studio = Studio(pbx, house, address, browser)
    await studio.busy()
    return studio


if __name__ == "__main__":
    asked = sys.argv[1:] or list(PICTURES)
    unknown = [name for name in asked if name not in PICTURES]
    if unknown:
        sys.exit(f"no picture {unknown[0]!r}; there are: {', '.join(PICTURES)}")
    asyncio.run(main(asked))
