"""What is offered first, what stands apart, what is in the way, and whom a ticket waits for."""

from tests.unit.ticketing.shipped import (
    AGENT,
    CLERK,
    COMPLAINT,
    DISPATCHER,
    INQUIRY,
    SHIPPED,
    SUPERVISOR,
    Walk,
    handled,
    person,
)
from ticketing.messages import Actor
from ticketing.next_steps import NextSteps, counted, next_steps, turns, turns_of


def steps(walk: Walk, actor: Actor, language: str = "en") -> NextSteps:
    return next_steps(walk.workflow, walk.ticket, actor, walk.now, language=language)


def names(found: NextSteps) -> tuple[list[str], list[str]]:
    return [one.view.name for one in found.steps], [one.view.name for one in found.side]


def test_what_leads_furthest_comes_first_and_what_goes_on_beside_it_stands_apart() -> None:
    walk = Walk(COMPLAINT).do("judge", DISPATCHER).do("dispatch", DISPATCHER, department="billing")
    found = steps(walk, CLERK)
    assert names(found) == (["sign", "return", "danger"], ["ask_extension", "co_handle", "link", "comment"])
    assert found.leads
    assert (found.steps[0].to, found.steps[0].tells) == ("Being handled", ())
    assert found.side[0].tells == ("head", "supervisor")
    assert not steps(walk, DISPATCHER).leads
    assert names(steps(handled(), CLERK))[0] == ["reply", "propose", "wait", "contact", "danger"]


def test_a_ticket_waits_for_the_role_whose_turn_it_is() -> None:
    walk = Walk(COMPLAINT)
    assert [(one.role, one.labels) for one in steps(walk, AGENT, "zh_CN").waits] == [
        ("dispatcher", ("研判",))
    ]
    walk.do("judge", DISPATCHER).do("dispatch", DISPATCHER, department="billing")
    for ruler in ("dispatcher", "dispatcher", "supervisor"):
        walk.do("return", CLERK, reason="Not ours")
        assert [one.role for one in steps(walk, CLERK).waits] == [ruler]
        walk.do("refuse", SUPERVISOR, reason="It is")
    walk.do("sign", CLERK)
    assert steps(walk, CLERK).leads
    assert not steps(walk, person("department", "other", "billing")).leads, "it is the clerk's who took it"
    walk.do("reply", CLERK, reply="Done", founded="founded", evidence="Photo").do("satisfied", AGENT)
    assert steps(walk, AGENT).waits == ()


def test_what_is_in_the_way_is_said() -> None:
    walk = Walk(COMPLAINT, fields={"severity": "major"}).do("judge", DISPATCHER)
    walk.do("dispatch", DISPATCHER, department="billing").do("sign", CLERK)
    found = steps(walk, CLERK, "zh_CN")
    assert [(one.label, one.why) for one in found.barred] == [
        ("答复", "重大、重要客户或索赔类投诉须先经领导批示")
    ]
    assert "reply" not in names(found)[0]


def test_what_a_definition_counts_is_shown() -> None:
    walk = Walk(COMPLAINT).do("urge", AGENT).do("urge", AGENT).do("comment", AGENT)
    assert counted(COMPLAINT, walk.ticket, "en") == [("Urge", 2)]
    assert counted(INQUIRY, Walk(INQUIRY).do("urge", AGENT).ticket, "en") == []


def test_each_open_state_of_the_shipped_workflows_waits_for_somebody() -> None:
    for workflow in SHIPPED.values():
        for name, state in workflow.states.items():
            assert bool(turns(workflow, name)) != state.end, (workflow.name, name)
    assert turns_of(COMPLAINT, frozenset({"leader"})) == ("awaiting_instruction", "supervision")
    assert turns_of(COMPLAINT, frozenset({"auditor"})) == ()
