"""What breaks in the middle of a call and comes back: the PBX, the server, the browser's network."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.e2e.desk import Desk
from tests.e2e.house import KNOWN, SERVICE, House
from tests.e2e.wire import Wire
from tests.real.sipp import Caller, Phone

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="session")]


@pytest_asyncio.fixture(loop_scope="session")
async def anna(house: House) -> AsyncIterator[Desk]:
    """The desk of the only agent on duty."""
    await house.on_duty("service", "anna")
    async with house.desk("anna") as desk:
        yield desk


async def unmoved(desk: Desk) -> None:
    """The page has been there all the time."""
    assert await desk.page.evaluate("window.neverReloaded") is True


async def test_a_crashed_pbx_leaves_no_ghost_and_the_next_call_pops(house: House, anna: Desk) -> None:
    bar = anna.page.locator("#bar-pbx")
    async with Phone(house.pbx, "1001") as phone, Caller(house.pbx, SERVICE, KNOWN):
        await anna.pops("ringing")
        await phone.answer()
        await anna.pops("answered")
        call_id = (await anna.got("pop"))["data"]["call_id"]
        await house.pbx.kill()
        await expect(bar).to_contain_text("“main” is not reachable since")
        assert (await house.server.readiness())[0] == 503
        await anna.pops("answered")  # the talk may go on: what cannot be seen is not made up

    await house.pbx.start()
    await expect(bar).to_be_hidden(timeout=60_000)
    await anna.pops("ended")
    assert await house.board() == []
    call = await house.settled(call_id)
    assert (call["outcome"], call["segments"][0]["ended_at"]) == ("lost", call["ended_at"])
    await expect(anna.page.locator("#state-now")).to_have_attribute("data-state", "ready")

    async with Phone(house.pbx, "1001") as phone, Caller(house.pbx, SERVICE, KNOWN) as caller:
        await anna.got("pop", 2, stage="ringing")
        await phone.answer()
        await anna.pops("answered")
        await caller.hang_up()
        await phone.wait("ended")
        await expect(anna.page.locator("#middle > article[data-stage=ended]")).to_have_count(2)


@pytest.mark.parametrize("how", ["kill", "stop"])
async def test_a_server_restarted_in_mid_call_shows_the_call_and_the_draft_again(
    house: House, anna: Desk, how: str
) -> None:
    async with Phone(house.pbx, "1001") as phone, Caller(house.pbx, SERVICE, KNOWN) as caller:
        await anna.pops("ringing")
        await phone.answer()
        await anna.pops("answered")
        before = (await anna.got("pop"))["data"]
        await anna.page.keyboard.press("n")
        await anna.page.keyboard.type("Smells of gas")
        anna.messages.clear()
        await (house.server.kill() if how == "kill" else house.server.stop())
        await expect(anna.page.locator("#bar-link")).to_contain_text("No connection to the server since")
        await anna.page.keyboard.type(" in the kitchen")

        await house.server.start()
        await anna.linked()
        await expect(anna.page.locator("#bar-link")).to_be_hidden()
        await anna.pops("answered")
        await anna.name("张建国")
        assert [call["id"] for call in await house.board()] == [before["call_id"]]
        await expect(anna.card).to_have_attribute("data-pop", before["pop_id"])
        await expect(anna.cards).to_have_count(1)
        await expect(anna.page.locator("#ticket-subject")).to_have_value("Smells of gas in the kitchen")
        await expect(anna.page.locator("#ticket-subject")).to_be_focused()
        await unmoved(anna)

        await anna.page.keyboard.press("Control+Enter")
        await expect(anna.page.locator("#tickets-mine")).to_contain_text("Smells of gas in the kitchen")
        await caller.hang_up()
        await phone.wait("ended")
        await anna.pops("ended")
    call = await house.settled(before["call_id"])
    assert (call["outcome"], call["answered_at"]) == (
        "answered",
        before["answered_at"] or call["answered_at"],
    )
    assert [(part["agent"], part["end_reason"]) for part in call["segments"]] == [("anna", "caller_hung_up")]


async def test_a_call_that_rings_while_the_server_restarts_still_rings_on_the_page(
    house: House, anna: Desk
) -> None:
    async with Phone(house.pbx, "1001") as phone, Caller(house.pbx, SERVICE, KNOWN) as caller:
        await anna.pops("ringing")
        await house.server.kill()
        await house.server.start()
        await anna.linked()
        await anna.pops("ringing")
        await expect(anna.cards).to_have_count(1)
        await phone.answer()
        await anna.pops("answered")
        await caller.hang_up()
        await phone.wait("ended")
        await anna.pops("ended")
        await expect(anna.cards).to_have_count(1)


async def test_a_call_that_ended_while_the_server_was_away_is_no_ghost(house: House, anna: Desk) -> None:
    async with Phone(house.pbx, "1001") as phone, Caller(house.pbx, SERVICE, KNOWN) as caller:
        await anna.pops("ringing")
        await phone.answer()
        await anna.pops("answered")
        call_id = (await anna.got("pop"))["data"]["call_id"]
        await house.server.kill()
        await caller.hang_up()
        await phone.wait("ended")
    await house.server.start()
    await anna.linked()
    await house.nobody_calls()
    assert (await house.settled(call_id))["outcome"] == "lost"
    await expect(anna.page.locator("#state-now")).to_have_attribute("data-state", "ready")
    await expect(anna.page.locator("#callbar")).to_have_attribute("data-state", "none")


async def test_a_browser_that_was_offline_misses_and_doubles_nothing(house: House) -> None:
    await house.on_duty("service", "anna")
    async with (
        Wire(house.server.port) as wire,
        house.desk("anna", wire.address) as anna,
        Phone(house.pbx, "1001") as phone,
    ):
        async with Caller(house.pbx, SERVICE, KNOWN) as caller:
            await anna.pops("ringing")
            await anna.page.context.set_offline(True)
            wire.cut()
            await expect(anna.page.locator("#link-state")).to_have_attribute("data-link", "lost")
            await phone.answer()
            await caller.hang_up()
            await phone.wait("ended")
            await house.nobody_calls()
        assert anna.of("pop.updated") == []
        async with Caller(house.pbx, SERVICE, KNOWN) as caller:
            await phone.ringing(2)
            wire.mend()
            await anna.page.context.set_offline(False)
            await anna.linked()
            await anna.got("pop", 2, stage="ringing")
            await phone.answer()
            await anna.got("pop.updated", 2, stage="answered", ended_at=None)
            await caller.hang_up()
            await phone.wait("ended", count=2)
            await expect(anna.page.locator("#middle > article[data-stage=ended]")).to_have_count(2)
        assert len(anna.of("resumed")) == 1
        assert anna.of("hello") == []
        places = [message["seq"] for message in anna.messages if "data" in message]
        assert places == sorted(set(places))
        assert len(anna.of("pop")) == 2
        await unmoved(anna)
