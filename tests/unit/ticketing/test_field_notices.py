"""The shipped workflows against the field's own tables, further: who is told of what and when, what else a step does,
what ties tickets to each other, and how fields are kept."""

from typing import Any

import pytest
from msgspec.structs import fields, replace

from tests.unit.ticketing.shipped import AGENT, AT, SHIPPED, person
from tests.unit.ticketing.test_field_rules import filled, there
from ticketing.messages import NewTicket
from ticketing.workflow.decide import Outcome, decide
from ticketing.workflow.model import Relates, Target, Workflow
from ticketing.workflow.opening import Birth, decide_open

# Clock, share of its time or time after it, whom the timer tells (or `=` what it has happen).
ESCALATIONS = {
    "complaint": """
        assess    80%  dispatcher
        assess    100% dispatcher supervisor
        sign      80%  department
        sign      100% department head
        contact   80%  owner
        contact   100% owner head
        handle    80%  owner department
        handle    100% owner department head
        handle    +1d  head supervisor
        handle    +3d  leader supervisor
        review    100% dispatcher supervisor
        instruct  80%  leader
        instruct  100% leader supervisor
        callback  100% supervisor
        archive   100% =archive
    """,
    "repair": """
        triage    80%  dispatcher
        triage    100% dispatcher supervisor
        arrive    50%  dispatcher
        arrive    80%  dispatcher owner
        arrive    100% dispatcher supervisor head
        arrive    +30m leader supervisor
        restore   80%  owner dispatcher
        restore   100% owner head supervisor
        restore   +4h  leader
        callback  100% supervisor
    """,
    "inquiry": """
        first_contact 80%  owner
        first_contact 100% owner supervisor
        expert        80%  department
        expert        100% department head
        settle        100% =close
    """,
}
# What else a clock follows than its target and its states.
FOLLOWS: dict[str, dict[str, dict[str, Any]]] = {
    "complaint": {
        "contact": {"stops_on": ("contact", "wait")},
        "handle": {"cap": "5d", "until": "extended_until"},
    },
    "repair": {"restore": {"never_pauses_when": ("emergency",)}},
    "inquiry": {},
}
# Clocks whose target depends on a field, and the target where it says nothing.
DEPENDS = [("repair", "arrive", "area", "45m")]
# What a step does to the ticket, besides telling people. `state event` where only that row does it.
CHANGED: dict[str, dict[str, str]] = {
    "complaint": {"sign": "take", "uphold": "leave_department"},
    "repair": {
        "acknowledge": "take",
        "dispatched dispatch": "release",
        "acknowledged dispatch": "release",
        "en_route dispatch": "release",
    },
    "inquiry": {"take": "take", "give_back": "leave_department"},
}
TIES = {
    "complaint": {
        "merge": Relates("merged_into", "other_ticket"),
        "danger": Relates("converted_to", "other_ticket", opens="repair", priority="urgent"),
        "link": Relates("follows", "other_ticket"),
    },
    "repair": {
        "attach_to_outage": Relates("outage", "outage", exists=False),
        "link": Relates("follows", "other_ticket"),
    },
    "inquiry": {
        "convert": Relates("converted_to", "other_ticket", opens="new_kind"),
        "link": Relates("follows", "other_ticket"),
    },
}
ANEW: dict[str, dict[str, dict[str, tuple[str, ...]]]] = {
    "complaint": {"reply": {"recounts": ("no_answer",)}},
    "repair": {
        "restore": {"clears": ("leak_reading", "photo", "signature")},
        "ask_back": {"recounts": ("no_answer",)},
    },
    "inquiry": {},
}
# How a field is kept, where it is not simply kept.
EVERYWHERE: dict[str, dict[str, Any]] = {
    "department": {"sets": "department"},
    "new_owner": {"sets": "owner"},
    "reason": {"keep": False},
    "satisfaction": {"min": 1, "max": 5},
}
KEPT: dict[str, dict[str, dict[str, Any]]] = {
    "complaint": {
        **EVERYWHERE,
        "vip": {"from_customer": "vip"},
        "compensation": {"min": 0, "max": 100_000_000},
        "priority": {"sets": "priority"},
        "contact_log": {"keep": False},
        "customer_told": {"keep": False},
    },
    "repair": {
        **EVERYWHERE,
        "priority": {"sets": "priority"},
        "leak_reading": {"min": 0, "max": 100},
    },
    "inquiry": EVERYWHERE,
}
OPENED: dict[str, tuple[str, ...]] = {"complaint": ("customer",), "repair": ("dispatcher",), "inquiry": ()}
OPENERS = ("agent", "dispatcher", "ivr", "mail", "system")
# Workflow, state, event, what was counted before, and who is told of this very step.
STEPS: list[tuple[str, str, str, dict[str, int], str]] = [
    ("complaint", "callback_due", "dissatisfied", {}, "owner"),
    ("complaint", "callback_due", "dissatisfied", {"dissatisfied": 1}, "owner"),
    ("complaint", "callback_due", "dissatisfied", {"dissatisfied": 2}, "owner leader head"),
    ("complaint", "handling", "urge", {}, "owner department"),
    ("complaint", "handling", "urge", {"urge": 1}, "owner department"),
    ("complaint", "handling", "urge", {"urge": 2}, "owner department head"),
    ("repair", "repairing", "urge", {"urge": 1}, "owner department"),
    ("repair", "repairing", "urge", {"urge": 2}, "owner department head"),
    ("repair", "triaged", "dispatch", {}, "department"),
    ("repair", "en_route", "dispatch", {}, "department"),
    ("inquiry", "expert", "urge", {"urge": 5}, "owner department"),
    ("inquiry", "received", "consult", {}, "department"),
    ("inquiry", "answered", "ask_again", {}, "department"),
    ("inquiry", "expert", "assign", {}, "owner"),
    ("inquiry", "expert", "answer", {}, ""),
    ("inquiry", "answered", "close", {}, ""),
]


def unlike(one: Any, names: tuple[str, ...]) -> dict[str, Any]:
    """Which of these parts are not as they are where a file says nothing."""
    plain = {field.name: field.default for field in fields(one)}
    return {name: value for name in names if (value := getattr(one, name)) != plain[name]}


@pytest.mark.parametrize("name", ESCALATIONS)
def test_whom_the_timer_tells_and_when(name: str) -> None:
    said = [tuple(line.split(maxsplit=2)) for line in ESCALATIONS[name].strip().splitlines()]
    assert said == [
        (clock, e.at, f"={e.event}" if e.event else " ".join(x.removeprefix("tell_") for x in e.effects))
        for clock, c in SHIPPED[name].clocks.items()
        for e in c.escalations
    ]


@pytest.mark.parametrize("name", FOLLOWS)
def test_what_else_a_clock_follows(name: str) -> None:
    names = ("stops_on", "cap", "until", "never_pauses_when")
    found = {clock: unlike(c, names) for clock, c in SHIPPED[name].clocks.items()}
    assert {clock: parts for clock, parts in found.items() if parts} == FOLLOWS[name]


def test_only_the_way_to_a_place_depends_on_where_it_is() -> None:
    found = [
        (name, clock, c.target.field, c.target.otherwise)
        for name, workflow in SHIPPED.items()
        for clock, c in workflow.clocks.items()
        if isinstance(c.target, Target)
    ]
    assert found == DEPENDS


@pytest.mark.parametrize("name", CHANGED)
def test_what_a_step_does_besides_telling(name: str) -> None:
    workflow, done = SHIPPED[name], {}
    for event, e in workflow.events.items():
        done[event] = [x for x in e.effects if not x.startswith("tell_")]
    for row in workflow.table:
        for state in workflow.sources(row):
            done[f"{state} {row.event}"] = [x for x in row.effects if not x.startswith("tell_")]
    assert {step: " ".join(effects) for step, effects in done.items() if effects} == CHANGED[name]


@pytest.mark.parametrize("name", TIES)
def test_what_ties_tickets_to_each_other(name: str) -> None:
    assert {event: e.relates for event, e in SHIPPED[name].events.items() if e.relates} == TIES[name]


@pytest.mark.parametrize("name", ANEW)
def test_what_a_step_begins_anew(name: str) -> None:
    found = {event: unlike(e, ("clears", "recounts")) for event, e in SHIPPED[name].events.items()}
    assert {event: parts for event, parts in found.items() if parts} == ANEW[name]


@pytest.mark.parametrize("name", KEPT)
def test_how_fields_are_kept(name: str) -> None:
    names = ("from_customer", "sets", "keep", "min", "max")
    found = {field: unlike(f, names) for field, f in SHIPPED[name].fields.items()}
    assert {field: parts for field, parts in found.items() if parts} == KEPT[name]


@pytest.mark.parametrize("workflow", SHIPPED.values(), ids=lambda w: w.name)
def test_who_opens_a_ticket_and_who_is_told_of_it(workflow: Workflow) -> None:
    assert workflow.open.roles == OPENERS
    assert workflow.includes == {
        "supervisor": ("agent", "dispatcher"),
        "admin": ("agent", "dispatcher", "supervisor"),
    }
    new = NewTicket(workflow=workflow.name, subject="x")
    outcome = decide_open(workflow, new, AGENT, Birth("t1", "X-1", 1, AT))
    assert isinstance(outcome, Outcome)
    assert outcome.notices == OPENED[workflow.name]


@pytest.mark.parametrize(("name", "state", "event", "counts", "told"), STEPS)
def test_who_is_told_of_this_very_step(
    name: str, state: str, event: str, counts: dict[str, int], told: str
) -> None:
    workflow = SHIPPED[name]
    ticket = replace(there(workflow, state), counts=counts)
    who = person(workflow.rows(state, event)[0].roles[0], "x")
    outcome = decide(workflow, ticket, event, who, filled(workflow, event), AT)
    assert isinstance(outcome, Outcome), outcome
    assert " ".join(outcome.notices) == told


def test_a_table_of_steps_has_every_row_that_tells_somebody_of_its_own() -> None:
    own = {
        (name, row.event)
        for name, workflow in SHIPPED.items()
        for row in workflow.table
        if any(effect.startswith("tell_") for effect in row.effects)
    }
    assert own == {("complaint", "dissatisfied"), ("complaint", "urge"), ("repair", "urge")}
