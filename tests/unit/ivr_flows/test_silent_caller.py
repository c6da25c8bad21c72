"""Who says and presses nothing: each question of the shipped flows is asked as often as its node says and no more, and
the call ends where the flow says. The same on a real Asterisk: tests/e2e/test_silent_caller.py."""

from __future__ import annotations

from itertools import groupby

import pytest

from ivr_flows.engine import answers
from tests.unit.ivr_flows.shipped_flows import FLOWS
from tests.unit.ivr_flows.silence import CONFIRMS, asking, silent_at
from tests.unit.ivr_flows.ways import WAYS

PERSON, GOODBYE = "transferred queue:service", "served hotline/goodbye"
ASKED_IN_VAIN = {
    "hotline/welcome": ("hotline/welcome 2, hotline/main 3", PERSON),
    "hotline/main": ("hotline/main 3", PERSON),
    "hotline/more": ("hotline/more 1", GOODBYE),
    "identify/own_or_other": ("identify/own_or_other 3, hotline/more 1", GOODBYE),
    "identify/account": ("identify/account 3, hotline/more 1", GOODBYE),
    "identify/pin": ("identify/pin 3, hotline/more 1", GOODBYE),
    "outage/account": ("outage/account 3, hotline/more 1", GOODBYE),
    "outage/none": ("outage/none 1, hotline/more 1", GOODBYE),
    "outage/none_there": ("outage/none_there 1, hotline/more 1", GOODBYE),
    "fault/what": ("fault/what 3", PERSON),
    "fault/own": ("fault/own 2, fault/words 2, hotline/more 1", GOODBYE),
    "fault/account": ("fault/account 3, fault/words 2, hotline/more 1", GOODBYE),
    "fault/joined": ("fault/joined 3, fault/words 2, hotline/more 1", GOODBYE),
    "fault/words": ("fault/words 2, hotline/more 1", GOODBYE),
    "ticket_status/number": ("ticket_status/number 3, hotline/more 1", GOODBYE),
    "ticket_status/none": ("ticket_status/none 1, hotline/more 1", GOODBYE),
    "ticket_status/hurry": ("ticket_status/hurry 2, hotline/more 1", GOODBYE),
    "ticket_status/is_solved": ("ticket_status/is_solved 2, hotline/more 1", GOODBYE),
    "ticket_status/score": ("ticket_status/score 2, hotline/more 1", GOODBYE),
    "person/offer": ("person/offer 1", PERSON),
    "person/closed_offer": ("person/closed_offer 3", "served person/closed_goodbye"),
    "survey/score": ("survey/score 2", "served survey/goodbye"),
    "ticket_survey/number": ("ticket_survey/number 3", "served ticket_survey/goodbye"),
    "ticket_survey/none": ("ticket_survey/none 1", "served ticket_survey/goodbye"),
    "ticket_survey/score": ("ticket_survey/score 2", "served ticket_survey/goodbye"),
}
"""By the node where the caller falls silent: which questions are asked how often until the end, and which end."""
TOPIC = {"fault": "fault", "identify": "bill", "outage": "outage", "ticket_status": "status"}
PLANS = {plan.node: plan for plan in asking()}


def test_every_question_is_in_the_table() -> None:
    assert set(PLANS) == set(ASKED_IN_VAIN)
    assert set(PLANS) <= set(WAYS)


@pytest.mark.parametrize("node", ASKED_IN_VAIN)
def test_nobody_there(node: str) -> None:
    asked, state = silent_at(PLANS[node])
    counted = ", ".join(f"{one} {len([*same])}" for one, same in groupby(asked))
    assert state.ended is not None
    assert (counted, f"{state.ended.value} {state.detail or state.here}") == ASKED_IN_VAIN[node]
    wanted = "outage" if node == "hotline/more" else TOPIC.get(node.partition("/")[0])
    assert answers(FLOWS, state).get("topic") == wanted, "what the agent sees"


def test_an_entry_that_nobody_confirms_is_one_of_its_tries() -> None:
    asked, state = silent_at(PLANS[CONFIRMS], "confirm")
    assert asked == (*[CONFIRMS] * 3, "fault/words", "fault/words", "hotline/more")
    assert state.vars["keyed"], "what was typed is known all the same"
