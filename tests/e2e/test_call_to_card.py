"""From a ringing SIP phone to the card in the agent's browser, to the ticket, to the end of the call."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.e2e.house import KNOWN, SERVICE, House
from tests.real.sipp import Caller, Phone

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="session")]


async def test_the_right_customer_is_shown_to_the_right_agent_while_the_phone_still_rings(
    house: House,
) -> None:
    customer = await house.customer(KNOWN)
    body = {"workflow": "complaint", "subject": "Bill is too high", "body": "", "customer_id": customer["id"]}
    await house.server.api("POST", "/tickets", {**body, "channel": "phone"})
    await house.server.api("POST", f"/customers/{customer['id']}/notes", {"text": "Promised to call back"})
    await house.on_duty("service", "anna")
    async with (
        house.desks("anna", "wei") as (anna, wei),
        house.listener("chen") as chen,
        Phone(house.pbx, "1001") as phone,
        Phone(house.pbx, "1002") as other,
    ):
        async with Caller(house.pbx, SERVICE, KNOWN, "Zhang") as caller:
            await anna.pops("ringing")
            await anna.name("张建国")
            await expect(anna.card.locator("[data-part=head]")).to_contain_text("A")
            await expect(anna.card.locator("[data-part=head]")).to_contain_text("VIP")
            await expect(anna.card.locator("[data-part=tickets]")).to_contain_text("Bill is too high")
            await expect(anna.card.locator("[data-part=history]")).to_contain_text("Promised to call back")
            assert {report.state for report in phone.reports} == {"ringing"}

            await phone.answer()
            await anna.pops("answered")
            await caller.hang_up()
            await anna.pops("ended")
        pop = (await anna.got("pop"))["data"]
        assert (pop["match"], pop["queue"], pop["caller"]["number"]) == ("one", "service", f"+86{KNOWN}")

        # The queue's figures go to everyone, on the same line as a pop would: behind them none can be on its way.
        await wei.got("queue", name="service", waiting=0, talking=0)
        told = {message["type"] for message in [*wei.messages, *await chen.caught_up()] if "type" in message}
        assert told <= {"hello", "queue", "pbx"}
        await wei.empty(0.1)
        assert other.reports == []
