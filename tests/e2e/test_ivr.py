"""Callers serve themselves on a real Asterisk: real prompts are played, real keys pressed, real words recorded."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.e2e.menu import Menu, build_prompts, open_menu
from tests.e2e.ringdesk import Installation
from tests.e2e.robot import Robot
from tests.real.sipp import Phone

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="session")]
UNKNOWN = "13655556666"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def sounds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return await build_prompts(tmp_path_factory.mktemp("prompts"))


@pytest_asyncio.fixture(scope="module", loop_scope="session", params=[22, 16])
async def shared_menu(
    request: pytest.FixtureRequest,
    installation: Installation,
    sounds: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Menu]:
    folder = tmp_path_factory.mktemp("menu")
    async with open_menu(request.param, installation.copied_to(folder), sounds) as menu:
        yield menu


@pytest_asyncio.fixture(loop_scope="session")
async def menu(shared_menu: Menu) -> AsyncIterator[Menu]:
    """The module's menu; no call of one test is left for the next."""
    yield shared_menu
    await shared_menu.clear()


async def test_danger_goes_to_the_front_of_the_emergency_queue_and_the_agent_sees_why(menu: Menu) -> None:
    await menu.on_duty("emergency", "chen")
    async with (
        menu.listener("chen") as chen,
        Phone(menu.pbx, "1003") as phone,
        Robot(menu.pbx, UNKNOWN) as robot,
    ):
        await robot.press("1")
        await phone.ringing()
        joined = await menu.pbx.ami.event("QueueCallerJoin", Queue="emergency", CallerIDNum=UNKNOWN)
        assert joined["Position"] == "1"
        pop = await menu.pop(chen)
        assert pop["ivr"]["answers"]["topic"] == "danger"
        assert pop["ivr"]["path"][-2:] == ["danger/advice", "danger/emergency"]
        await robot.hang_up()
    call = await menu.settled(pop["call_id"])
    (visit,) = call["ivr"]
    assert (visit["flow"], visit["ended"], visit["detail"]) == ("hotline", "transferred", "queue:emergency")
