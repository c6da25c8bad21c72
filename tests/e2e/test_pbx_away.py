"""A server whose PBX is not there, or does not let it in: it serves, and says what is wrong and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.e2e.house import KNOWN, QUEUES, SERVICE, open_house
from tests.e2e.ringdesk import Installation
from tests.real.asterisk import Asterisk
from tests.real.parts import require
from tests.real.sipp import Caller, Phone

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="session")]


async def test_a_pbx_that_is_away_at_the_start_is_told_and_taken_up_when_it_comes(
    installation: Installation, chromium: Browser, tmp_path: Path
) -> None:
    require("sipp")
    async with Asterisk(QUEUES) as pbx:
        await pbx.stop()
        async with (
            open_house(pbx, installation.copied_to(tmp_path), chromium) as house,
            house.desk("anna") as anna,
        ):
            bar = anna.page.locator("#bar-pbx")
            await expect(bar).to_contain_text("“main” is not reachable since")
            status, ready = await house.server.readiness()
            assert (status, ready["ready"], ready["database"], ready["pbx"]) == (
                503,
                False,
                "ok",
                {"main": "down"},
            )
            assert ready["problems"]["main"]

            await pbx.start()
            await expect(bar).to_be_hidden(timeout=30_000)
            assert (await house.server.readiness())[0] == 200
            await house.on_duty("service", "anna")
            async with Phone(pbx, "1001") as phone, Caller(pbx, SERVICE, KNOWN) as caller:
                await anna.pops("ringing")
                await anna.name("张建国")
                await caller.hang_up()
                await phone.wait("ended")
                await anna.empty()


async def test_a_wrong_secret_is_told_to_who_can_mend_it(
    installation: Installation, chromium: Browser, tmp_path: Path
) -> None:
    async with (
        Asterisk(QUEUES) as pbx,
        open_house(pbx, installation.copied_to(tmp_path), chromium, secret="not the secret") as house,
        house.desk("anna") as anna,
        house.desk("ada") as ada,
    ):
        await expect(anna.page.locator("#bar-pbx")).to_contain_text("“main” is not reachable since")
        await expect(ada.page.locator("#bar-pbx")).to_contain_text("check username and secret")
        status, ready = await house.server.readiness()
        assert (status, ready["pbx"]) == (503, {"main": "down"})
        assert ready["problems"] == {"main": "login refused: check username and secret"}
        assert "not the secret" not in house.server.log()
