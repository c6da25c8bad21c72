"""Real parts that the tests of a module share: one event loop, one browser, one Asterisk and one server."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright, expect

from tests.e2e.house import QUEUES, House, install, open_house
from tests.e2e.leavers import OpenLine, records
from tests.e2e.menu import Menu, build_prompts, open_menu, prepare
from tests.e2e.plans import Plan
from tests.e2e.ringdesk import PROGRAM, Installation
from tests.e2e.scene import Looker, Scene, staged
from tests.real.asterisk import Asterisk
from tests.real.parts import require

BROWSER_ARGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


# Playwright gives up after 5 s, which a browser may well take on a machine with other work.
expect.set_options(timeout=60_000)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """Headless Chromium; each desk is a profile of its own in it."""
    program = require("chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=os.fspath(program), args=list(BROWSER_ARGS)
        )
        yield browser
        await browser.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def installation(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """A database with users and customers, to be copied."""
    return await install(tmp_path_factory.mktemp("installation"))


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def pbx() -> AsyncIterator[Asterisk]:
    require("sipp")
    async with Asterisk(QUEUES) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def shared_house(
    pbx: Asterisk,
    installation: Installation,
    chromium: Browser,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[House]:
    async with open_house(pbx, installation.copied_to(tmp_path_factory.mktemp("house")), chromium) as house:
        yield house


@pytest_asyncio.fixture(loop_scope="session")
async def house(shared_house: House) -> AsyncIterator[House]:
    """The module's house; no call of one test is left for the next."""
    yield shared_house
    try:
        await shared_house.nobody_calls()
    finally:
        await shared_house.clear()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def sounds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return await build_prompts(tmp_path_factory.mktemp("prompts"))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def served(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """The installation with what callers ask for, to be copied."""
    return await prepare(installation.copied_to(tmp_path_factory.mktemp("served")))


# A module's own: what callers of one module left must not be there for the next, whichever runs before it.
@pytest_asyncio.fixture(scope="module", loop_scope="session", params=[22, 16])
async def shared_menu(
    request: pytest.FixtureRequest,
    served: Installation,
    sounds: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Menu]:
    folder = tmp_path_factory.mktemp("menu")
    async with open_menu(request.param, served.copied_to(folder), sounds) as menu:
        yield menu


@pytest.fixture(scope="session")
def open_line(served: Installation, sounds: Path, tmp_path_factory: pytest.TempPathFactory) -> OpenLine:
    """`async with open_line(22, plans) as menu`: a menu of its own in which these callers' records are."""

    @asynccontextmanager
    async def opened(
        version: int, calls: list[Plan], program: tuple[str, ...] = (str(PROGRAM),)
    ) -> AsyncIterator[Menu]:
        own = served.copied_to(tmp_path_factory.mktemp("line"))
        await records(own.folder, calls)
        async with open_menu(version, own, sounds, program) as menu:
            yield menu

    return opened


@pytest_asyncio.fixture(loop_scope="session")
async def menu(shared_menu: Menu) -> AsyncIterator[Menu]:
    """The shared menu; no call of one test is left for the next."""
    yield shared_menu
    await shared_menu.clear()


@pytest_asyncio.fixture(loop_scope="session")
async def scene(tmp_path: Path, sqlite_template: Path) -> AsyncIterator[Scene]:
    async with staged(tmp_path, sqlite_template) as scene:
        yield scene


@pytest_asyncio.fixture(loop_scope="session")
async def looker(scene: Scene, chromium: Browser) -> AsyncIterator[Looker]:
    looker = Looker(chromium, scene.address)
    yield looker
    await looker.close()
