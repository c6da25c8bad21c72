"""From a ringing SIP phone to the card in the agent's browser, to the ticket, to the end of the call."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.e2e.house import EMERGENCY, KNOWN, SERVICE, SHARED, House
from tests.real.sipp import Caller, Phone

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="session")]


async def over(caller: Caller, phone: Phone) -> None:
    """The caller hangs up; returns when the phone knows it too, for a phone that goes without an answer stays busy."""
    await caller.hang_up()
    await phone.wait("ended", call_id=phone.reports[-1].call_id)


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
            await over(caller, phone)
            await anna.pops("ended")
        pop = (await anna.got("pop"))["data"]
        assert (pop["match"], pop["queue"], pop["caller"]["number"]) == ("one", "service", f"+86{KNOWN}")

        # The queue's figures go to everyone, on the same line as a pop would: behind them none can be on its way.
        await wei.got("queue", name="service", waiting=0, talking=0)
        told = {message["type"] for message in [*wei.messages, *await chen.caught_up()] if "type" in message}
        assert told <= {"hello", "queue", "pbx"}
        await wei.empty(0.1)
        assert other.reports == []


async def test_a_ticket_opened_by_keyboard_is_in_the_time_line(house: House) -> None:
    await house.on_duty("service", "anna")
    async with (
        house.desk("anna") as anna,
        Phone(house.pbx, "1001") as phone,
        Caller(house.pbx, SERVICE, KNOWN) as caller,
    ):
        await anna.pops("ringing")
        await phone.answer()
        await anna.pops("answered")
        call_id = (await anna.got("pop"))["data"]["call_id"]
        await anna.page.keyboard.press("n")
        await anna.page.keyboard.type("The meter runs too fast")
        await anna.page.keyboard.press("Tab")
        await anna.page.keyboard.type("Since the new one was put in.")
        await anna.page.keyboard.press("Control+Enter")
        await expect(anna.page.locator("#ticket-subject")).to_have_value("")
        for place in ("[data-part=tickets]", "[data-part=history]"):
            await expect(anna.card.locator(place)).to_contain_text("The meter runs too fast")
        await expect(anna.page.locator("#tickets-mine")).to_contain_text("The meter runs too fast")
        await over(caller, phone)
    customer = await house.customer(KNOWN)
    await house.settled(call_id)
    items = (await house.server.api("GET", f"/customers/{customer['id']}/timeline"))["items"]
    (entry,) = [item for item in items if item["title"] == "The meter runs too fast"]
    ticket = await house.server.api("GET", f"/tickets/{entry['ref']}")
    assert (ticket["workflow"], ticket["call_id"], ticket["customer_id"]) == (
        "complaint",
        call_id,
        customer["id"],
    )
    assert ticket["body"] == "Since the new one was put in."
    assert call_id in [item["ref"] for item in items if item["kind"] == "call"]


async def test_a_caller_who_gives_up_takes_the_card_back_and_the_page_says_so(house: House) -> None:
    await house.on_duty("service", "anna")
    async with house.desk("anna") as anna, Phone(house.pbx, "1001") as phone:
        async with Caller(house.pbx, SERVICE, KNOWN) as caller:
            await anna.pops("ringing")
            await over(caller, phone)
        await anna.empty()
        assert (await anna.got("pop.withdrawn"))["data"]["reason"] == "caller_hung_up"
        await expect(anna.page.locator("#idle-last")).to_contain_text("张建国: the caller hung up")
        call = await house.settled((await anna.got("pop"))["data"]["call_id"])
    assert (call["outcome"], call["answered_at"], call["queue"]) == ("abandoned", None, "service")


async def test_a_call_that_is_not_taken_moves_on_to_the_next_agent(house: House) -> None:
    await house.on_duty("emergency", "anna", "wei")
    async with (
        house.desks("anna", "wei") as (anna, wei),
        Phone(house.pbx, "1001") as silent,
        Phone(house.pbx, "1002") as phone,
    ):
        async with Caller(house.pbx, EMERGENCY, KNOWN) as caller:
            await anna.pops("ringing")
            assert wei.of("pop") == []
            await wei.pops("ringing")
            await wei.name("张建国")
            await anna.empty()
            assert (await anna.got("pop.withdrawn"))["data"]["reason"] == "no_answer"
            await silent.wait("ended")
            await phone.answer()
            await wei.pops("answered")
            await over(caller, phone)
            await wei.pops("ended")
        call = await house.settled((await wei.got("pop"))["data"]["call_id"])
    assert [(segment["agent"], segment["end_reason"]) for segment in call["segments"]] == [
        ("anna", "no_answer"),
        ("wei", "caller_hung_up"),
    ]
    assert len(anna.of("pop")) == len(wei.of("pop")) == 1


async def test_of_two_phones_the_one_that_is_answered_keeps_the_card(house: House) -> None:
    await house.on_duty("service", "anna", "wei")
    async with (
        house.desks("anna", "wei") as (anna, wei),
        Phone(house.pbx, "1001") as other,
        Phone(house.pbx, "1002") as phone,
        Caller(house.pbx, SERVICE, KNOWN) as caller,
    ):
        await anna.pops("ringing")
        await wei.pops("ringing")
        await phone.answer()
        await wei.pops("answered")
        await anna.empty()
        assert (await anna.got("pop.withdrawn"))["data"]["reason"] == "answered_elsewhere"
        await other.wait("ended")
        await over(caller, phone)
        await wei.pops("ended")


async def test_an_unknown_caller_is_saved_from_the_card_and_known_the_next_time(house: House) -> None:
    number = "13655556666"
    await house.on_duty("service", "anna")
    async with house.desk("anna") as anna, Phone(house.pbx, "1001") as phone:
        async with Caller(house.pbx, SERVICE, number) as caller:
            await anna.pops("ringing")
            await expect(anna.card).to_have_attribute("data-match", "none")
            await phone.answer()
            await anna.pops("answered")
            await anna.page.keyboard.press("c")
            await anna.page.keyboard.type("Robert Chen")
            await anna.page.keyboard.press("Enter")
            await anna.name("Robert Chen")
            await over(caller, phone)
            await anna.pops("ended")
        await anna.page.keyboard.press("Escape")
        await anna.page.keyboard.press("w")
        await anna.empty()
        async with Caller(house.pbx, SERVICE, number) as caller:
            await anna.pops("ringing")
            await anna.name("Robert Chen")
            await expect(anna.card).to_have_attribute("data-match", "one")
            await over(caller, phone)
        await anna.empty()


@pytest.mark.parametrize(
    ("number", "match", "shown"),
    [("anonymous", "anonymous", "Number withheld"), (SHARED, "several", "李志强")],
)
async def test_a_caller_who_cannot_be_told_has_a_card_of_its_own(
    house: House, number: str, match: str, shown: str
) -> None:
    await house.on_duty("service", "anna")
    async with house.desk("anna") as anna, Phone(house.pbx, "1001") as phone:
        async with Caller(house.pbx, SERVICE, number) as caller:
            await anna.pops("ringing")
            await expect(anna.card).to_have_attribute("data-match", match)
            await expect(anna.card).to_contain_text(shown)
            await over(caller, phone)
        await anna.empty()


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("<script>hacked=1</script><img src=x onerror=hacked=1>", "<script>hacked=1</script>"),
        ('"><svg onload="hacked=1"> {{ 7*7 }} ${SHELL(id)}', "><svg onload="),
        ("\\' 🔥 \x07\x1b[31m 张伟 %(name)s", "🔥"),
        ("Ringdesk " * 1100, "Ringdesk "),
    ],
    ids=["markup", "attributes", "control characters", "10 KB"],
)
async def test_a_hostile_name_is_shown_as_text_and_does_nothing(house: House, name: str, shown: str) -> None:
    await house.on_duty("service", "anna")
    async with house.desk("anna") as anna, Phone(house.pbx, "1001") as phone:
        async with Caller(house.pbx, SERVICE, "13777778888", name) as caller:
            await anna.pops("ringing")
            await expect(anna.card.locator("[data-part=head]")).to_contain_text(shown)
            await phone.answer()
            await anna.pops("answered")
            await over(caller, phone)
            await anna.pops("ended")
        said = (await anna.got("pop"))["data"]["caller"]["name"]
        assert said.isprintable()
        assert len(said) <= 256
        assert await anna.page.evaluate("typeof hacked") == "undefined"
        assert await anna.page.locator("#middle :is(script, img), svg[onload]").count() == 0
