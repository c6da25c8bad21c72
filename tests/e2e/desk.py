"""One agent's browser: the desk, what the live socket brings it, and every error that the page has."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from playwright.async_api import Browser, Locator, Page, WebSocket, expect

from tests.wait import until

PASSWORD = "correct horse"
NETWORK_ERRORS = (
    *("ERR_CONNECTION_REFUSED", "ERR_CONNECTION_RESET", "ERR_CONNECTION_CLOSED", "ERR_EMPTY_RESPONSE"),
    *("ERR_INTERNET_DISCONNECTED", "WebSocket connection to", "htmx:sendError", "htmx:afterRequest"),
)
"""What Chromium itself and htmx write on the console where the server is away, or was killed with a request in hand
(reset, closed or empty, as the moment was); a page cannot prevent it.
"""

Message = dict[str, Any]


class Desk:
    """The desk of one agent, signed in, with its live socket open."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.messages: list[Message] = []
        self.errors: list[str] = []
        page.on("websocket", self._follow)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda m: self.errors.append(m.text) if m.type in ("error", "warning") else None)

    def _follow(self, socket: WebSocket) -> None:
        socket.on("framereceived", lambda payload: self.messages.append(json.loads(payload)))

    async def sign_in(self, address: str, user: str) -> None:
        """Through the form, as people do."""
        await self.page.goto(f"{address}/sign-in?next=/desk")
        await self.page.fill("#name", user)
        await self.page.fill("#password", PASSWORD)
        await self.page.press("#password", "Enter")
        await self.linked()
        await self.page.evaluate("window.neverReloaded = true")
        await self.put_away()

    async def put_away(self) -> None:
        """Closes the cards of calls that are over, which wait on the desk until their agent has done with them; what
        the socket brought until then is forgotten.
        """
        while left := await self.cards.count():
            await self.pops("ended")
            await self.page.keyboard.press("w")
            await expect(self.cards).to_have_count(left - 1)
        self.messages.clear()

    async def linked(self, seconds: float = 60) -> None:
        """Returns when the page says that its link to the server is live."""
        await expect(self.page.locator("#link-state")).to_have_attribute(
            "data-link", "open", timeout=seconds * 1000
        )

    @property
    def card(self) -> Locator:
        """The card that the middle shows."""
        return self.page.locator("#middle > article:not([hidden])")

    @property
    def cards(self) -> Locator:
        """All cards, shown or not."""
        return self.page.locator("#middle > article")

    async def pops(self, stage: str, seconds: float = 60) -> None:
        """Returns when a card of that stage (ringing, answered, ended) is shown."""
        await expect(self.card).to_have_attribute("data-stage", stage, timeout=seconds * 1000)

    async def name(self, text: str) -> None:
        """Returns when the shown card is headed by that name."""
        await expect(self.card.locator("h2")).to_have_text(text)

    async def empty(self, seconds: float = 60) -> None:
        """Returns when there is no card at all."""
        await expect(self.cards).to_have_count(0, timeout=seconds * 1000)

    def of(self, kind: str) -> list[Message]:
        """The messages of that type which came so far."""
        return [message for message in self.messages if message.get("type") == kind]

    async def got(self, kind: str, count: int = 1, **data: object) -> Message:
        """The count-th message of that type with these values in its data, whenever it came or comes."""

        def found() -> list[Message]:
            return [m for m in self.of(kind) if all(m["data"].get(key) == v for key, v in data.items())]

        await until(lambda: len(found()) >= count)
        return found()[count - 1]

    def faults(self) -> list[str]:
        """Errors of the page, without those that come of a server that was away."""
        return [text for text in self.errors if not any(known in text for known in NETWORK_ERRORS)]


@asynccontextmanager
async def desk(browser: Browser, address: str, user: str, locale: str = "en-GB") -> AsyncIterator[Desk]:
    """A desk in a browser profile of its own, in that language; at the end the page must have had no error."""
    context = await browser.new_context(viewport={"width": 1280, "height": 720}, locale=locale)
    context.set_default_timeout(60_000)
    try:
        desk = Desk(await context.new_page())
        await desk.sign_in(address, user)
        yield desk
        faults = desk.faults()
        assert faults == [], "\n".join(faults)
    finally:
        await context.close()
