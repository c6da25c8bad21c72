"""Every condition of the shipped workflows where it stands: each refuses in its place, and at its very limit."""

from typing import Any

import pytest
from msgspec.structs import replace

from tests.unit.ticketing.shipped import AT, DAY, LEADER, SHIPPED, SUPERVISOR, opened, person
from ticketing.messages import Actor, Ticket
from ticketing.workflow.decide import Outcome, decide
from ticketing.workflow.model import FieldType, Workflow
from ticketing.workflow.values import Refusal, with_choices

COMPLAINT, REPAIR = SHIPPED["complaint"], SHIPPED["repair"]
VALUES: dict[FieldType, Any] = {
    FieldType.TEXT: "a word",
    FieldType.NUMBER: 1,
    FieldType.DATE: "2026-03-04",
    FieldType.BOOL: True,
    FieldType.PHONE: "010 1234",
}
REQUIRED = {
    "complaint": {
        "reject": "reason", "merge": "other_ticket", "dispatch": "department", "return": "reason", "refuse": "reason",
        "contact": "contact_log", "wait": "contact_log", "propose": "proposal", "amend": "instruction",
        "reply": "reply evidence founded", "dissatisfied": "reason", "rate": "satisfaction",
        "instruct": "instruction", "conclude": "instruction", "reopen": "reason",
        "ask_extension": "reason wanted_until",
        "extend": "reason extended_until customer_told", "supervise": "instruction", "co_handle": "co_department",
        "assign": "new_owner", "link": "other_ticket", "withdraw": "reason",
    },
    "repair": {
        "triage": "urgency medium", "advise": "reason", "dispatch": "department", "make_safe": "measures",
        "wait_parts": "parts", "restore": "work_done", "fail_check": "reason", "dissatisfied": "reason",
        "rate": "satisfaction", "reopen": "reason", "no_access": "reason", "major_incident": "reason",
        "attach_to_outage": "outage", "assign": "new_owner", "link": "other_ticket", "cancel": "reason",
    },
    "inquiry": {
        "answer": "answer", "consult": "department", "give_back": "reason", "ask_again": "question",
        "rate": "satisfaction", "convert": "new_kind", "assign": "new_owner", "link": "other_ticket",
        "reopen": "reason",
    },
}  # fmt: skip
TOLD = {
    "complaint": {
        "reject": "customer", "danger": "dispatcher supervisor", "dispatch": "department", "return": "dispatcher",
        "refuse": "department", "propose": "leader", "approve": "owner", "amend": "owner", "reply": "customer",
        "satisfied": "owner", "dissatisfied": "owner", "instruct": "department owner", "conclude": "customer",
        "reopen": "dispatcher", "urge": "owner department", "supervise": "owner department head",
        "ask_extension": "head supervisor", "co_handle": "department", "assign": "owner", "withdraw": "owner",
    },
    "repair": {
        "advise": "customer", "dispatch": "department", "wait_parts": "customer", "verify": "customer",
        "fail_check": "owner", "dissatisfied": "department dispatcher", "reopen": "dispatcher",
        "no_access": "customer", "major_incident": "head leader supervisor", "attach_to_outage": "customer",
        "assign": "owner", "urge": "owner department", "cancel": "owner",
    },
    "inquiry": {
        "consult": "department", "ask_again": "department", "assign": "owner", "urge": "owner department",
    },
}  # fmt: skip
OWN = [
    *[("complaint", "dispatched", event) for event in ("sign", "return")],
    *[("complaint", "handling", event) for event in ("contact", "wait", "propose", "reply")],
    ("complaint", "replying", "reply"),
    *[
        ("repair", state, event)
        for state, event in (
            ("dispatched", "acknowledge"),
            ("acknowledged", "set_out"),
            ("en_route", "arrive"),
            ("on_site", "make_safe"),
            ("on_site", "no_access"),
            ("made_safe", "begin_repair"),
            ("made_safe", "wait_parts"),
            ("repairing", "wait_parts"),
            ("repairing", "restore"),
        )
    ],
]
CALLED_BACK = [
    (name, state, event)
    for name, state in (("complaint", "callback_due"), ("repair", "callback"))
    for event in ("satisfied", "dissatisfied", "no_answer", "unreached")
]


def filled(workflow: Workflow, event: str) -> dict[str, Any]:
    """Something for each field that the event asks for."""
    fields = {name: with_choices(workflow, workflow.fields[name]) for name in workflow.events[event].required}
    return {name: next(iter(field.choices), None) or VALUES[field.type] for name, field in fields.items()}


def there(workflow: Workflow, state: str, **more: Any) -> Ticket:
    """A ticket in a state, with billing (or the crew of the works), since `AT`."""
    given = {"department": "works", "owner": "clerk", **more}
    return replace(opened(workflow), state=state, **given)


def said(ticket: Ticket, event: str, actor: Actor, now: float = AT, **more: Any) -> str:
    """What comes of the event: the next state, or the guard or code of the refusal."""
    workflow = SHIPPED[ticket.workflow]
    decision = decide(workflow, ticket, event, actor, {**filled(workflow, event), **more}, now)
    if isinstance(decision, Refusal):
        return str(decision.details.get("guard", decision.code))
    return decision.ticket.state


@pytest.mark.parametrize("name", REQUIRED)
def test_each_event_asks_for_what_it_must_and_is_refused_without(name: str) -> None:
    workflow = SHIPPED[name]
    asked = {e: " ".join(event.required) for e, event in workflow.events.items() if event.required}
    assert asked == REQUIRED[name]
    for event, fields in REQUIRED[name].items():
        for field in fields.split():
            row = next(row for row in workflow.table if row.event == event)
            ticket = there(workflow, workflow.sources(row)[0])
            data = {k: v for k, v in filled(workflow, event).items() if k != field}
            refusal = decide(workflow, ticket, event, person(row.roles[0], "x", "works"), data, AT)
            assert isinstance(refusal, Refusal)
            assert (refusal.code, refusal.details["field"]) == ("missing_field", field), event


@pytest.mark.parametrize("name", TOLD)
def test_who_is_told_of_what(name: str) -> None:
    told = {
        event: " ".join(effect.removeprefix("tell_") for effect in e.effects if effect.startswith("tell_"))
        for event, e in SHIPPED[name].events.items()
    }
    assert {event: whom for event, whom in told.items() if whom} == TOLD[name]


@pytest.mark.parametrize(("name", "state", "event"), OWN)
def test_the_work_is_the_departments_own(name: str, state: str, event: str) -> None:
    ticket = there(SHIPPED[name], state)
    assert said(ticket, event, person("department", "eve", "billing")) == "own_department"
    assert said(ticket, event, person("department", "eve", "works")) != "own_department"


@pytest.mark.parametrize(("name", "state", "event"), OWN)
def test_what_is_no_departments_work_yet_is_anybodys(name: str, state: str, event: str) -> None:
    ticket = there(SHIPPED[name], state, department="")
    assert said(ticket, event, person("department", "eve", "billing")) != "own_department"


@pytest.mark.parametrize(("name", "state", "event"), CALLED_BACK)
@pytest.mark.parametrize("again", [0, 2])
def test_the_call_back_is_made_by_somebody_else(name: str, state: str, event: str, again: int) -> None:
    proof = {"medium": "water"}
    ticket = there(SHIPPED[name], state, counts={"no_answer": 3, "dissatisfied": again}, fields=proof)
    assert said(ticket, event, person("agent", "bob", "works")) == "outside_department"
    assert said(ticket, event, person("agent", "ann")) in SHIPPED[name].states


@pytest.mark.parametrize("event", ["satisfied", "unreached"])
@pytest.mark.parametrize("lacks", ["leak_reading", "photo", "signature", "medium"])
def test_gas_is_not_closed_at_the_call_back_either(event: str, lacks: str) -> None:
    proof = {"leak_reading": 0, "photo": "P", "signature": "S", "medium": "gas"}
    ticket = there(REPAIR, "callback", counts={"no_answer": 3}, fields=proof)
    assert said(ticket, event, person("agent", "ann")) == "closed"
    without = {name: value for name, value in proof.items() if name != lacks}
    expected = "closed" if lacks == "medium" else "gas_proof"
    assert said(replace(ticket, fields=without), event, person("agent", "ann")) == expected


@pytest.mark.parametrize("field", ["leak_reading", "photo", "signature"])
def test_a_new_repair_wants_each_proof_anew(field: str) -> None:
    old = {"leak_reading": 40, "photo": "P", "signature": "S", "medium": "gas"}
    ticket = there(REPAIR, "repairing", fields=old)
    crew = person("department", "eve", "works")
    outcome = decide(REPAIR, ticket, "restore", crew, {"work_done": "x"}, AT)
    assert isinstance(outcome, Outcome)
    assert field not in outcome.ticket.fields
    given = {"work_done": "x", field: 0 if field == "leak_reading" else "new"}
    outcome = decide(REPAIR, ticket, "restore", crew, given, AT)
    assert isinstance(outcome, Outcome)
    assert outcome.ticket.fields[field] == given[field]


@pytest.mark.parametrize(
    ("name", "state", "event", "days", "guard"),
    [
        ("complaint", "closed", "reopen", 30, "reopen_window"),
        ("complaint", "closed", "rate", 30, "rating_window"),
        ("repair", "closed", "reopen", 30, "reopen_window"),
        ("repair", "closed", "rate", 30, "rating_window"),
        ("inquiry", "closed", "reopen", 7, "reopen_window"),
        ("inquiry", "closed", "rate", 30, "rating_window"),
        ("complaint", "dispatched", "return", 2, "within_return_time"),
    ],
)
def test_a_window_is_open_to_its_last_second(
    name: str, state: str, event: str, days: int, guard: str
) -> None:
    ticket = there(SHIPPED[name], state)
    who = person("department", "eve", "works") if event == "return" else person("agent", "ann")
    assert said(ticket, event, who, AT + days * DAY) in SHIPPED[name].states
    assert said(ticket, event, who, AT + days * DAY + 1) == guard


def test_an_archive_waits_thirty_days_to_the_second() -> None:
    ticket = there(COMPLAINT, "closed")
    assert said(ticket, "archive", SUPERVISOR, AT + 30 * DAY - 1) == "old_enough"
    assert said(ticket, "archive", person("timer"), AT + 30 * DAY) == "archived"


@pytest.mark.parametrize("event", ["approve", "amend"])
def test_the_handler_gives_no_instruction(event: str) -> None:
    ticket = there(COMPLAINT, "awaiting_instruction", owner="zhou")
    assert said(ticket, event, person("leader", "zhou")) == "not_the_handler"
    stand_in = replace(person("leader", "lin"), stands_for=frozenset({"zhou"}))
    assert said(ticket, event, stand_in) == "not_the_handler"
    assert said(ticket, event, LEADER) in COMPLAINT.states


def test_an_extension_comes_before_the_time_is_up() -> None:
    ticket, data = there(COMPLAINT, "handling"), filled(COMPLAINT, "extend")
    for due, allowed in ((AT + 1, True), (AT, False), (AT - 1, False), (None, True)):
        decision = decide(COMPLAINT, ticket, "extend", SUPERVISOR, data, AT, {"handle": due})
        assert isinstance(decision, Outcome) is allowed, due
        if isinstance(decision, Refusal):
            assert decision.details["guard"] == "before_expiry"


@pytest.mark.parametrize(
    ("fields", "goes"),
    [
        ({}, False),
        ({"severity": "ordinary", "vip": False, "compensation": 0}, False),
        ({"severity": "major"}, True),
        ({"vip": True}, True),
        ({"compensation": 0.01}, True),
    ],
)
def test_what_goes_to_a_leader_and_what_does_not(fields: dict[str, Any], goes: bool) -> None:
    ticket, clerk = there(COMPLAINT, "handling", fields=fields), person("department", "eve", "works")
    assert said(ticket, "propose", clerk) == ("awaiting_instruction" if goes else "needs_instruction")
    assert said(ticket, "reply", clerk) == ("no_instruction_needed" if goes else "callback_due")
