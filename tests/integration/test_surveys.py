"""Scores by keypad: with the call, on the ticket through its workflow, in the time line, and as figures."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti.messages import Call, CallState, Direction, EndReason, How, Outcome, Party, Segment
from customers.messages import NewCustomer
from ivr_flows.surveys.store import Score, Wanted, figure
from tests.conftest import START, FakeClock
from tests.integration.ivr_house import IvrHouse, ivr_house, line
from tests.integration.whole import whole
from ticketing.messages import Actor, NewTicket, caller

CALLER, STRANGER = line("13800138000", call_id="main-1.1"), line("13700001111", "s2", "main-2.1")
ANNA = Actor("anna", frozenset({"agent"}))


@pytest.fixture
async def ivr(db_url: str, clock: FakeClock) -> AsyncIterator[IvrHouse]:
    async with ivr_house(db_url, clock) as it:
        yield it


def talked(id: str, agent: str) -> Call:
    segment = Segment(
        f"{id}-1",
        "PJSIP/1001",
        agent,
        "service",
        How.QUEUE,
        START,
        START + 5,
        START + 60,
        EndReason.AGENT_HUNG_UP,
    )
    return Call(
        id,
        "main",
        Direction.INBOUND,
        CallState.ENDED,
        Party("13800138000"),
        "4001",
        START,
        "service",
        START,
        START + 5,
        START + 60,
        Outcome.ANSWERED,
        segments=(segment,),
    )


async def test_a_score_for_a_call_is_kept_with_its_agent_and_in_the_time_line(ivr: IvrHouse) -> None:
    customer = await ivr.house.customers.create("test", NewCustomer("张建国", ("13800138000",)), START)
    await ivr.house.calls.save(talked("main-1.1", "anna"))
    assert await ivr.ask("survey.save", CALLER, score="2", call=True) == {"ok": True}
    assert await ivr.ask("survey.save", CALLER, score=4, call=True) == {"ok": True}
    (score,) = await ivr.house.surveys.page(Wanted(), 10, "")
    assert (score.score, score.agent, score.queue, score.customer_id) == (4, "anna", "service", customer.id)
    entries, _ = await ivr.house.customers.timeline(customer.id)
    assert [(one.kind, one.title) for one in entries if one.kind == "survey"] == [("survey", "4")]


async def test_a_score_for_a_ticket_goes_through_its_workflow_and_only_by_its_own_caller(
    ivr: IvrHouse,
) -> None:
    tickets = ivr.house.tickets
    new = NewTicket("inquiry", "Hours", fields={"contact_phone": "13800138000"})
    opened = await tickets.open(ANNA, new, START)
    args = {"score": 5, "ticket": opened.number}
    assert await ivr.refused("survey.save", CALLER, **args) == "not_allowed_in_state"
    await tickets.fire(opened.id, "answer", ANNA, {"answer": "At nine"}, 1, START)
    await tickets.fire(opened.id, "close", ANNA, {}, 2, START)
    assert await ivr.refused("survey.save", STRANGER, **args) == "not_found"
    await ivr.ask("survey.save", CALLER, **args)
    rated = await tickets.get(opened.id)
    assert (rated.state, rated.fields["satisfaction"]) == ("closed", 5)
    assert (await tickets.history(opened.id))[-1].actor == caller("").user == "ivr"
    (score,) = await ivr.house.surveys.page(Wanted(kind="ticket"), 10, "")
    assert (score.about, score.workflow, score.score) == (opened.number, "inquiry", 5)


async def test_who_scores_a_ticket_again_in_a_later_call_has_changed_their_mind(ivr: IvrHouse) -> None:
    tickets, surveys = ivr.house.tickets, ivr.house.surveys
    new = NewTicket("inquiry", "Hours", fields={"contact_phone": "13800138000"})
    opened = await tickets.open(ANNA, new, START)
    digits = "".join(filter(str.isdigit, opened.number))
    assert (await ivr.ask("ticket.status", CALLER, digits=digits))["may_rate"] is False
    await tickets.fire(opened.id, "answer", ANNA, {"answer": "At nine"}, 1, START)
    assert (await ivr.ask("ticket.status", CALLER, digits=digits))["may_rate"] is True
    later = line("13800138000", "s3", "main-3.1")
    for who, score in ((CALLER, 5), (later, 2), (later, 1)):
        await ivr.ask("survey.save", who, score=score, ticket=opened.number)
    await surveys.save(Score("other", START, "ticket", "Q-1", "main-1.1", 4, workflow="repair"))
    (figure_,) = await surveys.figures(Wanted(workflow="inquiry"))
    assert (figure_.count, figure_.scores) == (1, (1, 0, 0, 0, 0))
    said = [row.data["satisfaction"] for row in await tickets.history(opened.id) if row.event == "rate"]
    assert said == [5, 2, 1]
    assert (await surveys.figures(Wanted()))[0].count == 2


async def test_what_is_no_score_is_refused(ivr: IvrHouse) -> None:
    for wrong in (
        {"score": 0, "call": True},
        {"score": 6, "call": True},
        {"score": "x", "call": True},
        {"score": 3},
    ):
        assert await ivr.refused("survey.save", CALLER, **wrong) == "invalid"
    assert await ivr.refused("survey.save", line("13800138000"), score=3, call=True) == "invalid"


async def test_figures_are_those_of_the_listed_scores(ivr: IvrHouse) -> None:
    surveys = ivr.house.surveys
    given_ = [("anna", 5), ("anna", 4), ("anna", 1), ("ben", 3)]
    for n, (agent, score) in enumerate(given_):
        await surveys.save(Score(f"s{n}", START + n, "call", f"c{n}", f"c{n}", score, agent, "service"))
    (whole_,) = await surveys.figures(Wanted())
    assert (whole_.count, whole_.average, whole_.satisfied) == (4, 3.25, 0.5)
    anna, ben = await surveys.figures(Wanted(), "agent")
    assert (anna.name, anna.count, anna.scores) == ("anna", 3, (1, 0, 0, 1, 1))
    assert (ben.count, ben.average) == (1, 3.0)
    (late,) = await surveys.figures(Wanted(since=START + 3))
    assert late.count == len(await surveys.page(Wanted(since=START + 3), 10, "")) == 1
    (none,) = await surveys.figures(Wanted(agent="nobody"))
    assert (none.count, none.average) == (0, None)


@given(st.lists(st.integers(1, 5), min_size=1, max_size=50))
def test_the_average_is_the_average(scores: list[int]) -> None:
    made = figure("", [scores.count(value) for value in range(1, 6)])
    assert made.count == len(scores)
    assert made.average == pytest.approx(sum(scores) / len(scores), abs=1e-4)


async def test_api(tmp_path: Path, sqlite_template: Path) -> None:
    async with whole(tmp_path, sqlite_template) as it:
        await it.house.calls.save(talked("c1", "anna"))
        await it.house.surveys.save(Score("s1", START, "call", "c1", "c1", 4, "anna", "service"))
        assert (await it.get("/api/v1/calls/c1", "anna")).json["satisfaction"] == 4
        assert (await it.get("/api/v1/calls", "sam")).json["items"][0]["satisfaction"] == 4
        assert "4 of 5" in (await it.get("/desk/calls/c1", "sam")).text
        listed = (await it.get("/api/v1/surveys?kind=call&agent=anna", "sam")).json["items"]
        assert [(one["score"], one["at"]) for one in listed] == [(4, "2026-01-31T08:00:00.000Z")]
        figures = (await it.get("/api/v1/surveys/figures?by=queue", "sam")).json["items"]
        assert figures == [
            {"name": "service", "count": 1, "average": 4.0, "satisfied": 1.0, "scores": [0, 0, 0, 1, 0]}
        ]
        since = (await it.get("/api/v1/surveys/figures?since=2026-02-01T00:00:00Z", "sam")).json["items"]
        assert since[0]["count"] == 0
