"""The complaint as the field draws it: who may, when, and what is refused."""

from tests.unit.ticketing.shipped import (
    AGENT,
    CLERK,
    COMPLAINT,
    DAY,
    DISPATCHER,
    LEADER,
    SUPERVISOR,
    Walk,
    handled,
    person,
)

REPLY = {"reply": "The meter was read wrongly; corrected.", "founded": "founded", "evidence": "Photo 3"}


def test_from_the_call_to_the_archive() -> None:
    walk = handled().do("contact", CLERK, contact_log="Called back").do("reply", CLERK, **REPLY)
    assert walk.ticket.state == "callback_due"
    assert walk.notices == ("customer",)
    walk.now += DAY
    walk.do("satisfied", AGENT, satisfaction=5)
    assert (walk.ticket.state, walk.ticket.closed_at, walk.ticket.owner) == ("closed", walk.now, "clerk")
    assert walk.refused("archive", SUPERVISOR) == ("guard", "old_enough")
    walk.now += 30 * DAY
    assert walk.do("archive", SUPERVISOR).ticket.state == "archived"
    assert walk.ticket.version == 8
    assert walk.refused("comment", AGENT)[0] == "not_allowed_in_state"


def test_a_department_has_two_returns_and_a_third_that_a_supervisor_rules_on() -> None:
    walk = Walk(COMPLAINT).do("judge", DISPATCHER).do("dispatch", DISPATCHER, department="billing")
    for _ in range(2):
        walk.do("return", CLERK, reason="Not ours").do("refuse", DISPATCHER, reason="It is")
    walk.do("return", CLERK, reason="Really not ours")
    assert walk.refused("refuse", DISPATCHER, reason="It is") == ("role", None)
    walk.do("refuse", SUPERVISOR, reason="It is")
    assert walk.refused("return", CLERK, reason="No!") == ("guard", "returns_left")


def test_a_return_comes_within_two_days_of_the_dispatch() -> None:
    walk = Walk(COMPLAINT).do("judge", DISPATCHER).do("dispatch", DISPATCHER, department="billing")
    walk.now += 2 * DAY + 1
    assert walk.refused("return", CLERK, reason="Not ours") == ("guard", "within_return_time")
    assert walk.refused("return", person("department", "x", "works"), reason="?") == (
        "guard",
        "own_department",
    )


def test_a_major_case_goes_to_a_leader_who_is_not_the_handler() -> None:
    walk = Walk(COMPLAINT, fields={"severity": "major"}).do("judge", DISPATCHER)
    walk.do("dispatch", DISPATCHER, department="billing").do("sign", CLERK)
    assert walk.refused("reply", CLERK, **REPLY) == ("guard", "no_instruction_needed")
    walk.do("propose", CLERK, proposal="Refund")
    assert walk.refused("approve", person("leader", "clerk", "billing")) == ("guard", "not_the_handler")
    assert walk.do("approve", LEADER).do("reply", CLERK, **REPLY).ticket.state == "callback_due"


def test_an_ordinary_case_needs_no_leader() -> None:
    assert handled().refused("propose", CLERK, proposal="Refund") == ("guard", "needs_instruction")


def test_the_call_back_is_made_from_outside_the_department() -> None:
    walk = handled().do("reply", CLERK, **REPLY)
    assert walk.refused("satisfied", person("agent", "bob", "billing")) == ("guard", "outside_department")
    for _ in range(2):
        walk.do("no_answer", AGENT)
    assert walk.refused("unreached", AGENT) == ("guard", "three_tries")
    assert walk.do("no_answer", AGENT).do("unreached", AGENT).ticket.state == "closed_unreached"


def test_each_call_back_has_three_tries_of_its_own() -> None:
    walk = handled().do("reply", CLERK, **REPLY).do("no_answer", AGENT).do("no_answer", AGENT)
    walk.do("dissatisfied", AGENT, reason="Nobody came").do("reply", CLERK, **REPLY).do("no_answer", AGENT)
    assert walk.refused("unreached", AGENT) == ("guard", "three_tries")
    for _ in range(2):
        walk.do("no_answer", AGENT)
    walk.do("unreached", AGENT).do("reopen", AGENT, reason="It is back").do(
        "dispatch", DISPATCHER, department="billing"
    )
    walk.do("sign", CLERK).do("reply", CLERK, **REPLY)
    assert walk.refused("unreached", AGENT) == ("guard", "three_tries")
    assert walk.ticket.counts["dissatisfied"] == 1


def test_dissatisfied_twice_is_done_again_and_then_supervised() -> None:
    walk = handled()
    for _ in range(2):
        walk.do("reply", CLERK, **REPLY).do("dissatisfied", AGENT, reason="Nobody came")
        assert walk.ticket.state == "handling"
    walk.do("reply", CLERK, **REPLY).do("dissatisfied", AGENT, reason="Still nobody")
    assert walk.ticket.state == "supervision"
    assert set(walk.notices) == {"owner", "leader", "head"}


def test_the_third_urge_tells_the_head_and_keeps_the_state() -> None:
    walk = handled()
    since = walk.ticket.state_since
    walk.now += 60
    for _ in range(2):
        assert "head" not in walk.do("urge", AGENT).notices
    assert "head" in walk.do("urge", AGENT).notices
    assert (walk.ticket.state, walk.ticket.state_since, walk.ticket.counts["urge"]) == ("handling", since, 3)


def test_an_extension_once_approved_and_told() -> None:
    walk = handled()
    data = {"reason": "Parts", "extended_until": "2026-02-20"}
    assert walk.refused("extend", CLERK, **data, customer_told=True)[0] == "role"
    assert walk.refused("extend", SUPERVISOR, **data) == ("missing_field", "customer_told")
    assert walk.refused("extend", SUPERVISOR, **data, customer_told=False) == ("guard", "told")
    walk.do("extend", SUPERVISOR, **data, customer_told=True)
    assert walk.ticket.fields["extended_until"] == "2026-02-20"
    assert walk.refused("extend", LEADER, **data, customer_told=True) == ("guard", "extend_once")


def test_reopened_within_thirty_days_only() -> None:
    walk = Walk(COMPLAINT).do("withdraw", AGENT, reason="Solved")
    assert walk.ticket.closed_at == walk.now
    walk.now += 31 * DAY
    assert walk.refused("reopen", AGENT, reason="It is back") == ("guard", "reopen_window")
    walk.now -= 2 * DAY
    assert walk.do("reopen", AGENT, reason="It is back").ticket.closed_at is None
