"""A customer goes from one agent to the next, on a real Asterisk: what was written goes along, and comes back."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.e2e.axe import violations
from tests.e2e.desk import Desk
from tests.e2e.house import KNOWN, SERVICE, SHARED, House
from tests.real.sipp import Caller, Phone

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="session")]

SECONDS = 30_000
SUBJECT = "#ticket-subject"


async def over(caller: Caller, *phones: Phone) -> None:
    """The caller hangs up; returns when the phones that are in the call know it too."""
    await caller.hang_up()
    for phone in phones:
        await phone.wait("ended", call_id=phone.reports[-1].call_id)


async def write(desk: Desk) -> None:
    """A note and the draft of a ticket, by keyboard, and not a moment's wait for them to be sent."""
    await desk.page.keyboard.press("m")
    await desk.page.keyboard.type("calls for her mother <script>hacked=1</script>")
    await desk.page.keyboard.press("Escape")
    await desk.page.keyboard.press("n")
    await desk.page.keyboard.type("The meter runs too fast")
    await desk.page.keyboard.press("Escape")


async def hand_to(desk: Desk, name: str, how: str = "Enter") -> None:
    """Through the list of colleagues, by keyboard."""
    await expect(desk.page.locator("#do-transfer")).to_be_enabled(timeout=SECONDS)
    await expect(desk.page.locator("#do-transfer")).to_be_visible(timeout=SECONDS)
    await desk.page.keyboard.press("t")
    await expect(desk.page.locator("#transfer")).to_be_visible()
    await expect(desk.page.locator("#transfer-list [role=option]")).not_to_have_count(0)
    await desk.page.keyboard.type(name)
    await expect(desk.page.locator("#transfer-list [role=option]")).to_have_count(1)
    assert await violations(desk.page) == []
    await desk.page.keyboard.press(how)
    await expect(desk.page.locator("#transfer")).to_be_hidden(timeout=SECONDS)


async def test_a_colleague_sees_what_was_written_while_the_phone_still_rings(house: House) -> None:
    await house.on_duty("service", "anna")
    async with (
        house.desks("anna", "wei") as (anna, wei),
        Phone(house.pbx, "1001") as phone,
        Phone(house.pbx, "1002") as next_phone,
        Caller(house.pbx, SERVICE, SHARED) as caller,
    ):
        await anna.pops("ringing")
        await phone.answer()
        await anna.pops("answered")
        await anna.page.keyboard.press("2")
        await expect(anna.card).to_have_attribute("data-match", "one")
        name = await anna.card.locator("h2").inner_text()
        await write(anna)
        await hand_to(anna, "wei")

        await wei.pops("ringing", 30)
        await wei.name(name)
        handed = wei.card.locator("[data-part=handed]")
        await expect(handed).to_contain_text("calls for her mother <script>hacked=1</script>")
        await expect(handed).to_contain_text("The meter runs too fast")
        went = anna.card.locator("[data-part=went]")
        await expect(went).to_contain_text("wei", timeout=SECONDS)
        await expect(went).to_contain_text("ringing")
        await expect(anna.page.locator(SUBJECT)).to_have_js_property("readOnly", True)

        await next_phone.answer()
        await wei.pops("answered", 30)
        await expect(wei.page.locator(SUBJECT)).to_have_value("The meter runs too fast")
        await expect(wei.page.locator("#ticket-from")).to_contain_text("anna")
        await expect(went).to_contain_text("talking", timeout=SECONDS)
        await over(caller, next_phone)
        await expect(went).to_contain_text("ended", timeout=SECONDS)
        assert await wei.page.evaluate("typeof hacked") == "undefined"
    call = await house.settled((await anna.got("pop"))["data"]["call_id"])
    assert [(one["agent"], one["end_reason"]) for one in call["segments"]] == [
        ("anna", "transferred"),
        ("wei", "caller_hung_up"),
    ]


async def test_a_transfer_that_is_taken_back_leaves_everything_with_the_first_agent(house: House) -> None:
    await house.on_duty("service", "anna")
    async with (
        house.desks("anna", "wei") as (anna, wei),
        Phone(house.pbx, "1001") as phone,
        Phone(house.pbx, "1002") as next_phone,
        Caller(house.pbx, SERVICE, KNOWN) as caller,
    ):
        await anna.pops("ringing")
        await phone.answer()
        await anna.pops("answered")
        await write(anna)
        await hand_to(anna, "wei", "Shift+Enter")
        await wei.pops("ringing", 30)
        await wei.name("张建国")
        await expect(wei.card.locator("[data-part=handed]")).to_contain_text("anna asks")
        await next_phone.answer()
        await wei.pops("answered", 30)
        await expect(wei.page.locator(SUBJECT)).to_have_value("")
        await expect(anna.card.locator("[data-part=went]")).to_contain_text("talking", timeout=SECONDS)
        await anna.page.keyboard.press("b")
        await wei.empty(30)
        assert (await wei.got("pop.withdrawn"))["data"]["reason"] == "cancelled"
        await expect(wei.page.locator("#idle-last")).to_contain_text("anna")
        await expect(anna.card.locator("[data-part=went]")).to_have_count(0)
        await anna.pops("answered")
        await expect(anna.page.locator(SUBJECT)).to_have_value("The meter runs too fast")
        await expect(anna.card.locator("[data-note]")).to_have_value(
            "calls for her mother <script>hacked=1</script>"
        )
        await next_phone.wait("ended")

        await hand_to(anna, "wei", "Shift+Enter")
        await wei.pops("ringing", 30)
        await next_phone.answer()
        await expect(anna.card.locator("[data-part=went]")).to_contain_text("talking", timeout=SECONDS)
        await anna.page.keyboard.press("h")
        await expect(wei.page.locator(SUBJECT)).to_have_value("The meter runs too fast", timeout=SECONDS)
        await expect(anna.card.locator("[data-part=went]")).to_contain_text("Transferred to wei")
        await over(caller, next_phone)


async def test_what_is_typed_while_the_server_is_out_of_reach_goes_along_later(house: House) -> None:
    await house.on_duty("service", "anna")
    async with (
        house.desks("anna", "wei") as (anna, wei),
        Phone(house.pbx, "1001") as phone,
        Phone(house.pbx, "1002") as next_phone,
        Caller(house.pbx, SERVICE, KNOWN) as caller,
    ):
        await anna.pops("ringing")
        await phone.answer()
        await anna.pops("answered")
        await anna.page.context.set_offline(True)
        await write(anna)
        await expect(anna.page.locator("#ticket-draft")).to_contain_text("in this browser only")
        await anna.page.context.set_offline(False)
        await expect(anna.page.locator("#ticket-draft")).to_contain_text("Draft kept", timeout=SECONDS)
        await hand_to(anna, "wei")
        await wei.pops("ringing", 30)
        await expect(wei.card.locator("[data-part=handed]")).to_contain_text("The meter runs too fast")
        await next_phone.answer()
        await wei.pops("answered", 30)
        await over(caller, next_phone)
