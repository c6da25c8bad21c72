"""The shipped workflows against the field's own tables, row by row: what refuses a step, and who may do one that has
several rows."""

import pytest
from msgspec.structs import replace

from tests.unit.ticketing.shipped import AT, SHIPPED, person
from tests.unit.ticketing.test_field_rules import filled, there
from ticketing.workflow.decide import Outcome, decide
from ticketing.workflow.model import MACHINES, ROLES

# Where one step has several rows: the situation, and who may do it then. A number is how often it was done before;
# `own` is somebody of the ticket's department, `other` somebody of none.
BRANCHES: list[tuple[str, str, str, dict[str, int], str, set[str]]] = [
    *[
        ("complaint", "return_review", event, {"return": times}, "other", {who})
        for event in ("uphold", "refuse")
        for times, who in ((1, "dispatcher"), (2, "dispatcher"), (3, "supervisor"), (4, "supervisor"))
    ],
    *[
        ("complaint", "callback_due", "dissatisfied", {"dissatisfied": times}, "other", {"agent", "ivr"})
        for times in (0, 1, 2)
    ],
    *[
        (name, state, "urge", {"urge": times}, "other", {"agent", "ivr"})
        for name, workflow in SHIPPED.items()
        for state, one in workflow.states.items()
        if not one.end
        for times in (0, 1, 2, 3)
    ],
    *[
        (name, state, "assign", {}, whose, who)
        for name, states in (
            ("complaint", "handling waiting_customer replying"),
            ("repair", "acknowledged en_route on_site made_safe repairing waiting_parts"),
        )
        for state in states.split()
        for whose, who in (("own", {"department"}), ("other", {"dispatcher"}))
    ],
]
# Every condition of a row: what refuses, in this order. `state event` where only the row of that state has it.
GUARDS = {
    "complaint": {
        "sign": "own_department",
        "return": "own_department returns_left within_return_time",
        "contact": "own_department",
        "wait": "own_department",
        "propose": "own_department needs_instruction",
        "approve": "not_the_handler",
        "amend": "not_the_handler",
        "handling reply": "own_department no_instruction_needed",
        "replying reply": "own_department",
        "satisfied": "outside_department",
        "dissatisfied": "outside_department",
        "no_answer": "outside_department",
        "unreached": "outside_department three_tries",
        "archive": "old_enough",
        "reopen": "reopen_window",
        "ask_extension": "own_department before_expiry extend_once",
        "extend": "before_expiry extend_once told",
        "rate": "rating_window",
    },
    "repair": {
        "advise": "not_ours",
        "triaged dispatch": "ours",
        "acknowledge": "own_department",
        "set_out": "own_department",
        "arrive": "own_department",
        "make_safe": "own_department",
        "begin_repair": "own_department",
        "wait_parts": "own_department",
        "restore": "own_department",
        "verify": "gas_proof",
        "satisfied": "outside_department gas_proof",
        "dissatisfied": "outside_department",
        "no_answer": "outside_department",
        "unreached": "outside_department three_tries gas_proof",
        "reopen": "reopen_window",
        "no_access": "own_department",
        "rate": "rating_window",
        "cancel": "no_danger",
    },
    "inquiry": {"reopen": "reopen_window", "rate": "rating_window"},
}


@pytest.mark.parametrize(("name", "state", "event", "counts", "whose", "who"), BRANCHES)
def test_who_may_do_a_step_that_has_several_rows(
    name: str, state: str, event: str, counts: dict[str, int], whose: str, who: set[str]
) -> None:
    workflow = replace(SHIPPED[name], includes={})
    ticket = replace(there(workflow, state), counts=counts)
    may = set()
    for role in ROLES | MACHINES:
        actor = person(role, "x", "works" if whose == "own" else "")
        said = decide(workflow, ticket, event, actor, filled(workflow, event), AT)
        may |= {role} if isinstance(said, Outcome) else set()
    assert may == who


@pytest.mark.parametrize("name", GUARDS)
def test_what_refuses_a_step(name: str) -> None:
    """Each row says what its line says, and no row says anything else."""
    workflow, used = SHIPPED[name], set()
    for row in workflow.table:
        for state in workflow.sources(row):
            line = next((key for key in (f"{state} {row.event}", row.event) if key in GUARDS[name]), "")
            used.add(line)
            assert " ".join(row.guards) == GUARDS[name].get(line, ""), (state, row.event)
    assert used - {""} == GUARDS[name].keys()


def test_who_opens_a_repair_has_told_what_to_do_before_help_is_there() -> None:
    assert {name: workflow.open.guards for name, workflow in SHIPPED.items() if workflow.open.guards} == {
        "repair": ("advice_before_goodbye",)
    }
