"""Repair, emergency and inquiry."""

import pytest

from tests.unit.ticketing.shipped import AGENT, DISPATCHER, INQUIRY, REPAIR, Walk, opened, person
from ticketing.messages import NewTicket
from ticketing.workflow.opening import Birth, decide_open
from ticketing.workflow.values import Refusal

FITTER = person("department", "fitter", "network")
PROOF = {"leak_reading": 0, "photo": "P-1", "signature": "S-1"}


def restored(medium: str, urgency: str = "emergency") -> Walk:
    walk = Walk(REPAIR).do("triage", DISPATCHER, urgency=urgency, medium=medium)
    walk.do("dispatch", DISPATCHER, department="network").do("acknowledge", FITTER).do("set_out", FITTER)
    walk.do("arrive", FITTER).do("make_safe", FITTER, measures="Valve shut").do("begin_repair", FITTER)
    return walk.do("restore", FITTER, work_done="New joint")


def test_gas_is_not_verified_without_reading_photo_and_signature() -> None:
    walk = restored("gas")
    assert walk.refused("verify", FITTER, leak_reading=0, photo="P-1") == ("guard", "gas_proof")
    walk.do("verify", FITTER, **PROOF).do("ask_back", FITTER).do("satisfied", AGENT)
    assert walk.ticket.state == "closed"


def test_proof_of_an_earlier_round_is_none() -> None:
    walk = restored("gas").do("verify", FITTER, **PROOF).do("ask_back", FITTER)
    walk.do("satisfied", AGENT).do("reopen", AGENT, reason="It smells again")
    walk.do("dispatch", DISPATCHER, department="network").do("acknowledge", FITTER).do("set_out", FITTER)
    walk.do("arrive", FITTER).do("make_safe", FITTER, measures="Valve shut", leak_reading=12)
    walk.do("begin_repair", FITTER).do("restore", FITTER, work_done="New pipe", photo="P-2")
    assert walk.ticket.fields["photo"] == "P-2"
    assert walk.refused("verify", FITTER) == ("guard", "gas_proof")
    assert walk.refused("verify", FITTER, leak_reading=0) == ("guard", "gas_proof")
    walk.do("verify", FITTER, leak_reading=0, signature="S-2").do("ask_back", FITTER)
    assert walk.do("satisfied", AGENT).ticket.state == "closed"


def test_a_crew_cannot_make_a_gas_job_one_without_proof() -> None:
    walk = Walk(REPAIR).do("triage", DISPATCHER, urgency="emergency", medium="gas")
    walk.do("dispatch", DISPATCHER, department="network").do("acknowledge", FITTER).do("set_out", FITTER)
    walk.do("arrive", FITTER).do("make_safe", FITTER, measures="Valve shut").do("begin_repair", FITTER)
    assert walk.refused("restore", FITTER, work_done="New joint", medium="water") == ("invalid", "medium")


def test_each_call_back_has_three_tries_of_its_own() -> None:
    walk = restored("water").do("verify", FITTER).do("ask_back", FITTER)
    for _ in range(3):
        walk.do("no_answer", AGENT)
    walk.do("unreached", AGENT).do("reopen", AGENT, reason="Dripping again")
    walk.do("dispatch", DISPATCHER, department="network").do("acknowledge", FITTER).do("set_out", FITTER)
    walk.do("arrive", FITTER).do("make_safe", FITTER, measures="None").do("begin_repair", FITTER)
    walk.do("restore", FITTER, work_done="New seal").do("verify", FITTER).do("ask_back", FITTER)
    assert walk.refused("unreached", AGENT) == ("guard", "three_tries")


def test_a_danger_is_not_cancelled() -> None:
    walk = Walk(REPAIR, fields={"danger": True, "safety_advice": True})
    assert walk.refused("cancel", AGENT, reason="Called off") == ("guard", "no_danger")
    walk = Walk(REPAIR).do("triage", DISPATCHER, urgency="emergency", medium="gas")
    assert walk.refused("cancel", DISPATCHER, reason="Called off") == ("guard", "no_danger")
    walk.do("triage", DISPATCHER, urgency="normal", medium="gas")
    assert walk.do("cancel", AGENT, reason="Called off").ticket.state == "cancelled"


def test_water_needs_no_leak_reading() -> None:
    assert restored("water").do("verify", FITTER).ticket.state == "verified"


def test_danger_is_not_taken_down_without_the_safety_advice() -> None:
    new = NewTicket(workflow="repair", subject="Smell of gas", fields={"danger": True})
    refusal = decide_open(REPAIR, new, AGENT, Birth("t", "R-1", 1, 0.0))
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.details["guard"]) == ("guard", "advice_before_goodbye")
    assert opened(REPAIR, fields={"danger": True, "safety_advice": True}).state == "reported"


def test_the_customers_own_equipment_is_not_dispatched() -> None:
    walk = Walk(REPAIR).do("triage", DISPATCHER, urgency="customer_owned", medium="gas")
    assert walk.refused("dispatch", DISPATCHER, department="network") == ("guard", "ours")
    assert walk.do("advise", AGENT, reason="Boiler").ticket.state == "customer_owned"


def test_waiting_for_parts_comes_after_making_safe() -> None:
    walk = Walk(REPAIR).do("triage", DISPATCHER, urgency="normal", medium="gas")
    walk.do("dispatch", DISPATCHER, department="network").do("acknowledge", FITTER)
    assert walk.refused("wait_parts", FITTER, parts="Valve")[0] == "not_allowed_in_state"


def test_an_inquiry_is_answered_at_once() -> None:
    walk = Walk(INQUIRY).do("answer", AGENT, answer="Until six").do("close", AGENT)
    assert walk.ticket.state == "closed"


@pytest.mark.parametrize("department", ["billing", "metering"])
def test_an_inquiry_goes_to_an_expert(department: str) -> None:
    walk = Walk(INQUIRY).do("consult", AGENT, department=department)
    assert (walk.ticket.department, walk.notices) == (department, ("department",))
    expert = person("department", "eve", department)
    assert walk.do("take", expert).do("answer", expert, answer="Yes").ticket.owner == "eve"
