"""What an agent says by keyboard about taking calls, and what the PBX's queues make of it."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.e2e.desk import Desk
from tests.e2e.house import KNOWN, SERVICE, House
from tests.real.sipp import Caller, Phone

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="session")]
PHONE = "PJSIP/1001"


async def state(desk: Desk, name: str) -> None:
    """Returns when the page shows the agent in that state."""
    await expect(desk.page.locator("#state-now")).to_have_attribute("data-state", name)


async def press(desk: Desk, *keys: str) -> None:
    for key in keys:
        await desk.page.keyboard.press(key)


async def test_the_keys_for_duty_change_the_members_of_the_real_queues(house: House) -> None:
    await house.on_duty("service")
    async with house.desk("anna") as anna:
        await state(anna, "offline")
        since = len(house.pbx.ami.messages)

        await press(anna, "l")  # the queues: all are ticked for who has never chosen
        await expect(anna.page.locator("#menu-queues :checked")).to_have_count(2)
        await press(anna, "Space", "Enter")  # without the first of them
        await state(anna, "ready")
        added = await house.pbx.ami.event("QueueMemberAdded", since=since, Interface=PHONE)
        (left_out,) = {"service", "emergency"} - {added["Queue"]}
        assert PHONE in await house.members(added["Queue"])
        assert PHONE not in await house.members(left_out)

        await press(anna, "p", "2")  # pause, the second reason
        await state(anna, "paused")
        await house.pbx.ami.event("QueueMemberPause", since=since, Interface=PHONE, Paused="1")
        member = (await house.members(added["Queue"]))[PHONE]
        assert (member["Paused"], member["PausedReason"]) == ("1", "lunch")

        await press(anna, "r")
        await state(anna, "ready")
        await house.pbx.ami.event("QueueMemberPause", since=since, Interface=PHONE, Paused="0")
        assert (await house.members(added["Queue"]))[PHONE]["Paused"] == "0"

        await press(anna, "l")
        await anna.page.focus("#queues-leave")
        await press(anna, "Enter")
        await state(anna, "offline")
        await house.pbx.ami.event("QueueMemberRemoved", since=since, Interface=PHONE)
        assert PHONE not in await house.members(added["Queue"])


async def test_who_is_paused_gets_no_call_and_who_is_ready_again_gets_the_one_that_waits(
    house: House,
) -> None:
    await house.on_duty("service", "anna", "wei")
    async with (
        house.desks("anna", "wei") as (anna, wei),
        Phone(house.pbx, "1001") as phone,
        Phone(house.pbx, "1002") as other,
    ):
        for desk in (anna, wei):
            await state(desk, "ready")
        await press(anna, "p", "1")
        await state(anna, "paused")
        await press(wei, "p", "1")
        await state(wei, "paused")
        async with Caller(house.pbx, SERVICE, KNOWN) as caller:
            await anna.got("queue", name="service", waiting=1)
            await expect(anna.page.locator("#queue-figures")).to_contain_text("1 waiting")
            assert phone.reports == other.reports == []
            await press(anna, "r")
            await anna.pops("ringing")
            await phone.answer()
            await state(anna, "talking")
            await caller.hang_up()
            await phone.wait("ended")
        await state(anna, "ready")
        assert other.reports == []
        assert wei.of("pop") == []


async def test_duty_outlives_a_restart_of_either_side(house: House) -> None:
    await house.on_duty("service", "anna")
    async with house.desk("anna") as anna:
        await press(anna, "p", "3")
        await state(anna, "paused")
        await house.server.stop()
        since = len(house.pbx.ami.messages)
        await house.pbx.ami.action("QueuePause", Queue="service", Interface=PHONE, Paused="0")
        await house.server.start()
        await house.pbx.ami.event(
            "QueueMemberPause", since=since, Interface=PHONE, Paused="1", PausedReason="training"
        )
        await anna.linked()
        await state(anna, "paused")

        anna.messages.clear()
        await house.pbx.restart()
        await anna.got("pbx", state="up")
        assert (await house.members("service"))[PHONE]["Paused"] == "1"
        await state(anna, "paused")
