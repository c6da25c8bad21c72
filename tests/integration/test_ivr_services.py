"""What a flow asks of the other rooms, and that a caller learns of nothing that is not theirs."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from cti.messages import Call, CallState, Direction, EndReason, How, Outcome, Party, Segment
from customers.messages import Address, Customer, Grade, NewCustomer
from ivr_flows.messages import ServiceRefused
from tests.conftest import START, FakeClock
from tests.integration.ivr_house import IvrHouse, ivr_house, line
from ticketing.messages import Actor, caller

KNOWN, OTHER, STRANGER = line("13800138000"), line("13911112222", "s2"), line("13700001111", "s3")
WITHHELD = line("anonymous", "s4")


@pytest.fixture
async def ivr(db_url: str, clock: FakeClock) -> AsyncIterator[IvrHouse]:
    async with ivr_house(db_url, clock) as it:
        yield it


async def known(ivr: IvrHouse, number: str = "13800138000", account: str = "31002417") -> Customer:
    new = NewCustomer(
        "张建国",
        (number,),
        Grade.A,
        vip=True,
        account=account,
        language="zh_CN",
        address=Address("望京西园四区 602", district="望京"),
    )
    return await ivr.house.customers.create("test", new, START)


async def fault(ivr: IvrHouse, who: object = KNOWN, **more: object) -> dict[str, object]:
    args = {"workflow": "repair", "subject": "No gas", "category": "no_supply", **more}
    return dict(await ivr.house.services.ask("ticket.open", args, who))  # type: ignore[arg-type]


async def test_arguments_are_checked_and_what_is_not_there_is_refused(ivr: IvrHouse) -> None:
    assert await ivr.refused("shell.run", KNOWN) == "unknown_service"
    assert await ivr.refused("ticket.status", KNOWN) == "invalid"
    assert await ivr.refused("ticket.status", KNOWN, digits="1" * 65) == "invalid"
    assert await ivr.refused("ticket.status", KNOWN, digits="1", more="x") == "invalid"
    assert await ivr.refused("ticket.open", KNOWN, workflow="no such", subject="x") == "not_found"
    assert await ivr.refused("queue.state", KNOWN, queue="no such") == "not_found"
    assert await ivr.refused("hours.open", KNOWN, calendar="no such") == "not_found"


async def test_who_is_calling(ivr: IvrHouse) -> None:
    customer = await known(ivr)
    found = await ivr.ask("customer.find", KNOWN, number="+86 138 0013 8000")
    assert found == {
        "match": "one",
        "customer_id": customer.id,
        "name": "张建国",
        "grade": "A",
        "vip": True,
        "language": "zh_CN",
        "account": "31002417",
        "district": "望京",
    }
    for nobody in (OTHER, WITHHELD):
        found = await ivr.ask("customer.find", nobody)
        assert (found["customer_id"], found["vip"]) == ("", False)
    assert (await ivr.ask("customer.find", WITHHELD))["match"] == "anonymous"
    assert await ivr.refused("customer.find", OTHER, number="13800138000") == "not_allowed"


async def test_an_account_is_there_or_not_and_nothing_more_is_told(ivr: IvrHouse) -> None:
    await known(ivr)
    assert await ivr.ask("account.find", OTHER, account="31002417") == {"found": True, "account": "31002417"}
    for wrong in ("31002418", "", "%", "3100241\x007"):
        assert (await ivr.ask("account.find", OTHER, account=wrong))["found"] is False


async def test_a_reported_fault_is_a_ticket_with_caller_and_recording(ivr: IvrHouse) -> None:
    customer = await known(ivr)
    opened = await fault(ivr, recording="rec-1", account="31002417")
    ticket = await ivr.house.tickets.by_number(str(opened["number"]))
    assert ticket is not None
    assert (ticket.channel, ticket.created_by, ticket.customer_id) == ("ivr", "ivr", customer.id)
    assert ticket.fields == {"contact_phone": "+8613800138000", "recording": "rec-1"}
    assert "31002417" in ticket.body
    assert opened["digits"] == ticket.number.removeprefix("R-").replace("-", "")


async def test_a_keyed_account_names_no_customer_until_its_pin_was_entered(ivr: IvrHouse) -> None:
    customer = await known(ivr)
    first = await fault(ivr, STRANGER, account="31002417")
    assert (await ivr.house.tickets.get(str(first["id"]))).customer_id is None
    ivr.proof.of["s3"] = frozenset({"31002417"})
    second = await fault(ivr, STRANGER, account="31002417")
    assert (await ivr.house.tickets.get(str(second["id"]))).customer_id == customer.id


async def test_digits_that_a_caller_typed_fill_a_field_that_is_a_number(ivr: IvrHouse) -> None:
    complaint: dict[str, object] = {"workflow": "complaint", "category": "billing"}
    opened = await fault(ivr, **complaint, fields={"compensation": "0120"})
    assert (await ivr.house.tickets.get(str(opened["id"]))).fields["compensation"] == 120
    with pytest.raises(ServiceRefused) as refused:
        await fault(ivr, **complaint, fields={"compensation": "much"})
    assert (refused.value.code, "number" in refused.value.why) == ("invalid", True)


async def test_a_ticket_is_told_of_to_its_own_caller_only(ivr: IvrHouse) -> None:
    await known(ivr)
    opened = await fault(ivr)
    digits = str(opened["digits"])
    told = await ivr.ask("ticket.status", KNOWN, digits=digits)
    assert (told["found"], told["number"], told["label_zh"]) == (True, opened["number"], "已报修")
    assert (told["may_urge"], told["may_confirm"]) == (True, False)
    nothing = {"found": False}
    for stranger in (OTHER, WITHHELD):
        assert await ivr.ask("ticket.status", stranger, digits=digits) == nothing
        assert await ivr.refused("ticket.urge", stranger, number=opened["number"]) == "not_found"
        assert (
            await ivr.refused("ticket.confirm", stranger, number=opened["number"], solved=True) == "not_found"
        )
    for wrong in ("1", "", "9" * 13, digits[:-1] + "9"):
        assert await ivr.ask("ticket.status", KNOWN, digits=wrong) == nothing
    ivr.proof.of[OTHER.session] = frozenset({"31002417"})
    assert (await ivr.ask("ticket.status", OTHER, digits=digits))["found"] is True


async def test_of_two_own_tickets_with_the_same_digits_the_open_one_is_told_of(ivr: IvrHouse) -> None:
    staff, tickets = Actor("anna", frozenset({"agent"})), ivr.house.tickets
    repair = await fault(ivr, STRANGER)
    inquiry = await fault(ivr, STRANGER, workflow="inquiry", category="tariff")
    assert repair["digits"] == inquiry["digits"]

    async def told() -> object:
        return (await ivr.ask("ticket.status", STRANGER, digits=repair["digits"]))["number"]

    await tickets.fire(str(inquiry["id"]), "answer", staff, {"answer": "At nine"}, 1, START)
    await tickets.fire(str(inquiry["id"]), "close", staff, {}, 2, START)
    assert await told() == repair["number"]
    opened = await tickets.get(str(repair["id"]))
    await tickets.fire(opened.id, "cancel", staff, {"reason": "twice"}, opened.version, START)
    assert await told() in {repair["number"], inquiry["number"]}


async def test_a_withheld_number_is_nobody_though_the_ticket_has_none_either(ivr: IvrHouse) -> None:
    opened = await fault(ivr, WITHHELD)
    assert await ivr.ask("ticket.status", WITHHELD, digits=opened["digits"]) == {"found": False}


async def test_an_urged_ticket_has_the_urge_and_its_call_in_its_history(ivr: IvrHouse) -> None:
    opened = await fault(ivr, STRANGER)
    for times in (1, 2, 3):
        done = await ivr.ask("ticket.urge", STRANGER, number=opened["number"])
        assert done == {"ok": True, "code": "", "times": times}
    last = (await ivr.house.tickets.history(str(opened["id"])))[-1]
    assert (last.event, last.actor) == ("urge", "ivr")


async def test_a_caller_says_whether_it_was_solved(ivr: IvrHouse) -> None:
    staff, tickets = Actor("anna", frozenset({"agent"})), ivr.house.tickets
    opened = await fault(ivr, STRANGER, workflow="inquiry", category="tariff")
    assert await ivr.refused("ticket.confirm", STRANGER, number=opened["number"], solved=True) == (
        "not_allowed_in_state"
    )
    await tickets.fire(str(opened["id"]), "answer", staff, {"answer": "At nine"}, 1, START)
    digits = str(opened["digits"])
    assert (await ivr.ask("ticket.status", STRANGER, digits=digits))["may_confirm"] is True
    await ivr.ask("ticket.confirm", STRANGER, number=opened["number"], solved=False)
    assert (await tickets.get(str(opened["id"]))).state == "expert"
    await tickets.fire(str(opened["id"]), "answer", staff, {"answer": "At ten"}, 3, START)
    await ivr.ask("ticket.confirm", STRANGER, number=opened["number"], solved=True)
    assert (await tickets.get(str(opened["id"]))).state == "closed"
    assert [row.actor for row in await tickets.history(str(opened["id"]))].count("ivr") == 3


async def test_hours_of_the_working_calendar(ivr: IvrHouse) -> None:
    # 2026-01-31 is a Saturday, 16:00 in Shanghai.
    closed = await ivr.ask("hours.open", KNOWN, calendar="default")
    assert (closed["open"], closed["holiday"]) == (False, False)
    monday = START + 1.75 * 86_400  # 2026-02-02, 10:00 in Shanghai
    ivr.clock.at = monday
    assert (await ivr.ask("hours.open", KNOWN, calendar="default"))["open"] is True
    ivr.clock.at = START + 17 * 86_400  # 2026-02-17, Tuesday, New Year's day in China
    holiday = await ivr.ask("hours.open", KNOWN, calendar="default")
    assert (holiday["open"], holiday["holiday"]) == (False, True)
    assert str(holiday["opens_date"]) > "2026-02-17"
    assert (await ivr.ask("hours.open", KNOWN, calendar="always"))["open"] is True


async def test_the_agent_of_the_last_hour(ivr: IvrHouse) -> None:
    def talked(at: float, agent: str | None) -> Call:
        segment = Segment(
            f"main-{at}-1",
            "PJSIP/1001",
            agent,
            "service",
            How.QUEUE,
            at,
            at + 5,
            at + 60,
            EndReason.AGENT_HUNG_UP,
        )
        return Call(
            f"main-{at}",
            "main",
            Direction.INBOUND,
            CallState.ENDED,
            Party("13800138000"),
            "4001",
            at,
            "service",
            at,
            at + 5,
            at + 60,
            Outcome.ANSWERED,
            segments=(segment,),
        )

    await ivr.house.calls.save_many([talked(START - 5000, "ben"), talked(START - 1800, "anna")])
    found = await ivr.ask("agent.last", KNOWN, within_seconds=3600)
    assert found == {"found": True, "agent": "anna", "free": False}
    assert (await ivr.ask("agent.last", KNOWN, within_seconds=600))["found"] is False
    assert (await ivr.ask("agent.last", WITHHELD, within_seconds=3600))["found"] is False


async def test_the_call_of_a_ticket_is_kept_in_its_history(ivr: IvrHouse) -> None:
    here = line("13800138000", call_id="main-1.5")
    opened = await fault(ivr, here)
    first = (await ivr.house.tickets.history(str(opened["id"])))[0]
    assert first.data["call_id"] == "main-1.5"
    assert caller("main-1.5").call_id == "main-1.5"
