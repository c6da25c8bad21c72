"""Pages as a person reads them who is signed in, without a browser."""

from __future__ import annotations

import re
from html import unescape

import aiohttp

from tests.e2e.desk import PASSWORD
from tests.e2e.house import House


async def page_text(house: House, path: str, user: str) -> tuple[str, str]:
    """The page in English and in Chinese."""
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(house.server.address, cookie_jar=jar) as http:
        async with http.get("/sign-in") as form:
            found = re.search(r'name="csrf" value="([^"]+)"', await form.text())
        data = {"name": user, "password": PASSWORD, "next": path} | ({"csrf": found[1]} if found else {})
        async with http.post("/sign-in", data=data, allow_redirects=False) as answer:
            assert answer.status in {302, 303}, await answer.text()
        pages = []
        for language in ("en", "zh-CN"):
            async with http.get(path, headers={"Accept-Language": language}) as page:
                assert page.ok, page.status
                pages.append(unescape(await page.text()))
    return pages[0], pages[1]
