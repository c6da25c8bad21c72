"""Pops: looked up before the phone rings, told to the offered agent only, withdrawn with a reason."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from core.errors import Conflict, NotFound
from core.identity.roles import Permission
from cti import messages as cti
from screenpop.lookups import Changed
from screenpop.pops import PopCallback, PopHistory
from screenpop.session import Viewer
from tests.unit.screenpop.fakes import KNOWN, Desk, call, segment, turn
from ticketing.messages import Ticket

ANSWERED = 1_780_000_010.0


async def ringing(desk: Desk, *agents: str) -> None:
    """A known caller whose record has come, offered to the agents."""
    desk.bus.publish(cti.CallStarted(call()))
    await desk.records.answer(KNOWN)
    for agent in agents:
        desk.bus.publish(cti.CallOffered(call(state=cti.CallState.RINGING), segment(agent)))


async def test_the_caller_is_looked_up_before_any_phone_rings() -> None:
    desk = Desk()
    desk.bus.publish(cti.CallStarted(call()))
    await turn()
    assert desk.records.asked == ["13800138000"]
    assert desk.heard("anna") == []


async def test_a_pop_goes_out_in_the_same_step_as_the_offer_and_only_to_its_agent() -> None:
    desk = Desk()
    await ringing(desk, "anna")
    (message,) = desk.heard("anna")
    assert message["type"] == "pop"
    assert message["html"] == "<article>ringing</article>"
    assert message["data"]["match"] == "one"
    assert message["data"]["customers"][0]["name"] == "Li Wei"
    assert message["data"]["caller"] == {"number": "+8613800138000", "shown": "138 0013 8000", "name": "LI"}
    assert desk.heard("ben") == []


async def test_a_late_record_is_waited_for_then_filled_in() -> None:
    desk = Desk(deadline=0.0)
    desk.bus.publish(cti.CallStarted(call()))
    desk.bus.publish(cti.CallOffered(call(), segment()))
    await turn()
    assert [m["data"]["loading"] for m in desk.heard("anna")] == [True]
    await desk.records.answer(KNOWN)
    assert desk.kinds("anna") == ["pop", "pop.updated"]
    assert desk.heard("anna")[-1]["data"]["loading"] is False


async def test_nothing_is_shown_while_the_record_may_still_come_in_time() -> None:
    desk = Desk()
    desk.bus.publish(cti.CallStarted(call()))
    desk.bus.publish(cti.CallOffered(call(), segment()))
    await turn()
    assert desk.heard("anna") == []
    desk.bus.publish(cti.OfferWithdrawn(call(), segment(end_reason=cti.EndReason.CALLER_HUNG_UP)))
    await desk.records.answer(KNOWN)
    assert desk.heard("anna") == [], "the offer was gone before there was anything to show"


async def test_a_record_that_cannot_be_read_leaves_what_the_line_says() -> None:
    desk = Desk()
    desk.bus.publish(cti.CallStarted(call()))
    desk.bus.publish(cti.CallOffered(call(), segment()))
    await desk.records.fail()
    (message,) = desk.heard("anna")
    assert message["data"]["loading"] is True
    assert message["data"]["caller"]["shown"] == "13800138000"


async def test_the_answer_opens_the_card_and_takes_the_others_away() -> None:
    desk = Desk()
    await ringing(desk, "anna", "ben")
    desk.bus.publish(cti.CallAnswered(call(), segment("anna", answered_at=ANSWERED)))
    gone = segment("ben", ended_at=ANSWERED, end_reason=cti.EndReason.ANSWERED_ELSEWHERE)
    desk.bus.publish(cti.OfferWithdrawn(call(), gone))
    assert desk.kinds("anna") == ["pop", "pop.updated"]
    assert desk.heard("anna")[-1]["data"]["stage"] == "answered"
    assert desk.kinds("ben") == ["pop", "pop.withdrawn"]
    assert desk.heard("ben")[-1]["data"]["reason"] == "answered_elsewhere"


@pytest.mark.parametrize(
    ("why", "reason"),
    [
        (cti.EndReason.ANSWERED_ELSEWHERE, "answered_elsewhere"),
        (cti.EndReason.NO_ANSWER, "no_answer"),
        (cti.EndReason.BUSY, "no_answer"),
        (cti.EndReason.CALLER_HUNG_UP, "caller_hung_up"),
        (cti.EndReason.TRANSFERRED, "transferred"),
        (cti.EndReason.CANCELLED, "cancelled"),
        (cti.EndReason.LOST, "cancelled"),
    ],
)
async def test_each_end_of_an_offer_has_its_reason(why: cti.EndReason, reason: str) -> None:
    desk = Desk()
    await ringing(desk, "anna")
    desk.bus.publish(cti.OfferWithdrawn(call(), segment(end_reason=why)))
    assert desk.heard("anna")[-1]["data"]["reason"] == reason
    assert desk.popper.pops_of("anna", "en") == []


async def test_the_card_stays_after_the_call_until_the_agent_closes_it() -> None:
    desk = Desk()
    await ringing(desk, "anna")
    desk.bus.publish(cti.CallAnswered(call(), segment(answered_at=ANSWERED)))
    (card,) = desk.popper.pops_of("anna", "en")
    with pytest.raises(Conflict):
        desk.popper.close("anna", card["pop_id"])
    done = segment(answered_at=ANSWERED, ended_at=ANSWERED + 60, end_reason=cti.EndReason.CALLER_HUNG_UP)
    desk.bus.publish(cti.SegmentEnded(call(), done))
    desk.bus.publish(cti.CallEnded(call(state=cti.CallState.ENDED, ended_at=ANSWERED + 60)))
    (card,) = desk.popper.pops_of("anna", "en")
    assert card["ended_at"] is not None
    with pytest.raises(NotFound):
        desk.popper.close("ben", card["pop_id"])
    desk.popper.close("anna", card["pop_id"])
    assert desk.popper.pops_of("anna", "en") == []
    assert desk.kinds("anna") == ["pop", "pop.updated", "pop.updated", "pop.withdrawn"]


async def test_no_ringing_card_outlives_its_call() -> None:
    desk = Desk()
    await ringing(desk, "anna")
    desk.bus.publish(cti.CallEnded(call(state=cti.CallState.ENDED, ended_at=ANSWERED)))
    assert desk.kinds("anna") == ["pop", "pop.withdrawn"]


async def test_an_offer_to_a_phone_without_a_user_and_an_internal_call_pop_nowhere() -> None:
    desk = Desk()
    await ringing(desk)
    desk.bus.publish(cti.CallOffered(call(), segment(None)))
    inside = call(id="main-2.1", direction=cti.Direction.INTERNAL)
    desk.bus.publish(cti.CallStarted(inside))
    desk.bus.publish(cti.CallOffered(inside, segment("ben")))
    await turn()
    assert desk.hub.log.since("e1", 0, Viewer("ben", frozenset(Permission))) == []
    assert desk.records.asked == ["13800138000"]


async def test_a_number_that_is_learned_late_is_looked_up_again() -> None:
    desk = Desk()
    desk.bus.publish(cti.CallStarted(call(caller=cti.Party())))
    desk.bus.publish(cti.CallChanged(call()))
    desk.bus.publish(cti.CallOffered(call(), segment()))
    await desk.records.answer(KNOWN)
    assert desk.records.asked == ["", "13800138000"]
    assert desk.kinds("anna") == ["pop"]


async def test_on_an_outbound_call_the_dialled_number_is_the_customer() -> None:
    desk = Desk()
    out = call(direction=cti.Direction.OUTBOUND, caller=cti.Party("1001", "Anna"), dialled="13800138000")
    desk.bus.publish(cti.CallStarted(out))
    desk.bus.publish(cti.CallOffered(out, segment(how=cti.How.OUTBOUND)))
    await desk.records.answer(KNOWN)
    assert desk.records.asked == ["13800138000"]
    assert desk.heard("anna")[0]["data"]["caller"]["name"] == ""


async def test_twelve_cards_of_ended_calls_are_kept_and_old_ones_expire() -> None:
    desk = Desk()
    for number in range(14):
        one = call(id=f"main-{number}")
        done = segment(id=f"s{number}", answered_at=ANSWERED, ended_at=ANSWERED + number)
        desk.bus.publish(cti.CallStarted(one))
        desk.bus.publish(cti.CallOffered(one, segment(id=f"s{number}")))
        await desk.records.answer(KNOWN)
        desk.bus.publish(cti.CallAnswered(one, segment(id=f"s{number}", answered_at=ANSWERED)))
        desk.bus.publish(cti.SegmentEnded(one, done))
        desk.bus.publish(cti.CallEnded(one))
    assert [card["pop_id"] for card in desk.popper.pops_of("anna", "en")] == [
        f"pop-s{n}" for n in range(2, 14)
    ]
    desk.popper.expire(ANSWERED + 13 + 1801)
    assert desk.popper.pops_of("anna", "en") == []


async def test_while_a_card_is_read_again_it_keeps_what_it_shows() -> None:
    desk = Desk()
    await ringing(desk, "anna")
    desk.popper.refresh(Changed(customer_id="cu1"))
    desk.bus.publish(cti.CallAnswered(call(), segment(answered_at=ANSWERED)))
    assert desk.heard("anna")[-1]["data"]["stage"] == "answered"
    assert desk.heard("anna")[-1]["data"]["customers"][0]["name"] == "Li Wei"
    await desk.records.fail()
    assert desk.heard("anna")[-1]["data"]["match"] == "one"


@pytest.mark.parametrize(
    ("changed", "again"),
    [
        (Changed(call_id="main-1.1"), True),
        (Changed(customer_id="cu1"), True),
        (Changed(numbers=frozenset({"+8613800138000"})), True),
        (Changed("cu2", "main-1.2", frozenset({"+8613900139000"})), False),
        (Changed(), False),
    ],
)
async def test_what_changes_while_the_caller_is_in_the_menu_is_on_the_card_that_comes(
    changed: Changed, again: bool
) -> None:
    desk = Desk()
    desk.bus.publish(cti.CallStarted(call()))
    await desk.records.answer(KNOWN)
    desk.popper.refresh(changed)
    opened = Ticket(
        "t1", "R-1", "repair", 1, "reported", 1, "No gas", "", "normal", "", "ivr", "cu1", call().id, "ivr", None,
        "", {}, 0.0, 0.0,
    )  # fmt: skip
    await desk.records.answer(replace(KNOWN, tickets=(opened,)))
    desk.bus.publish(cti.CallOffered(call(), segment()))
    shown = [ticket["id"] for ticket in desk.heard("anna")[0]["data"]["tickets"]]
    assert shown == (["t1"] if again else [])


async def test_the_call_that_rings_is_none_of_the_last_contacts() -> None:
    desk = Desk()
    rows = tuple(
        PopHistory("2026-01-01T00:00:00.000Z", "call", "service", "", ref, "answered")
        for ref in ("old", call().id)
    )
    desk.bus.publish(cti.CallStarted(call()))
    await desk.records.answer(replace(KNOWN, history=rows))
    desk.bus.publish(cti.CallOffered(call(), segment()))
    assert [row["ref"] for row in desk.heard("anna")[0]["data"]["history"]] == ["old"]


async def test_a_call_back_is_on_the_desk_while_the_agents_own_phone_rings_for_it() -> None:
    asked = PopCallback("2026-01-31T08:00:00.000Z", "2026-01-31T07:55:00.000Z", "service", 1)
    desk = Desk(callbacks={"main-1.1": asked})
    own = segment(how=cti.How.OUTBOUND, queue=None)
    out = call(direction=cti.Direction.OUTBOUND, dialled="13800138000", queue=None, segments=(own,))
    desk.bus.publish(cti.CallStarted(out))
    await desk.records.answer(KNOWN)
    (message,) = desk.heard("anna")
    assert (message["type"], message["data"]["stage"], message["data"]["queue"]) == (
        "pop",
        "ringing",
        "service",
    )
    assert message["data"]["callback"]["tries"] == 1
    ended = replace(out, ended_at=ANSWERED, segments=(replace(own, ended_at=ANSWERED),))
    desk.bus.publish(cti.SegmentEnded(ended, ended.segments[0]))
    desk.bus.publish(cti.CallEnded(ended))
    assert desk.heard("anna")[-1]["data"]["reason"] == "cancelled"
    assert desk.popper.pops_of("anna", "en") == []


async def test_the_agents_own_click_to_dial_shows_nothing_before_it_is_answered() -> None:
    desk = Desk()
    own = segment(how=cti.How.OUTBOUND, queue=None)
    out = call(direction=cti.Direction.OUTBOUND, dialled="13800138000", queue=None, segments=(own,))
    desk.bus.publish(cti.CallStarted(out))
    await desk.records.answer(KNOWN)
    assert desk.heard("anna") == []
