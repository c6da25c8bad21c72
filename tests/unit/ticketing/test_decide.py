"""What `decide` promises for any definition and any sequence of events."""

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings
from msgspec.structs import asdict, replace

from tests.unit.ticketing.shipped import (
    AGENT,
    AT,
    CLERK,
    COMPLAINT,
    DISPATCHER,
    INQUIRY,
    SHIPPED,
    Walk,
    handled,
    opened,
    person,
)
from ticketing.chain import FIRST, sealed, verify
from ticketing.messages import HistoryRow, NewTicket, Ticket
from ticketing.views import event_view
from ticketing.workflow.decide import Outcome, decide, offered
from ticketing.workflow.model import MACHINES, ROLES, FieldType, Workflow
from ticketing.workflow.opening import Birth, decide_open
from ticketing.workflow.values import Refusal, clean

Made = tuple[str, list[Ticket], list[HistoryRow], list[Refusal]]
"""A workflow's name, the ticket after each event, its history, and what was refused on the way."""

CODES = {"not_allowed_in_state", "role", "missing_field", "invalid", "guard"}
GOOD = {
    FieldType.TEXT: st.text(min_size=1, max_size=20),
    FieldType.NUMBER: st.integers(0, 5),
    FieldType.DATE: st.just("2026-02-01"),
    FieldType.BOOL: st.booleans(),
    FieldType.PHONE: st.just("+8613800138000"),
}


def _value(draw: st.DrawFn, workflow: Workflow, name: str) -> object:
    field = workflow.fields[name]
    choices = field.choices or {"priority": workflow.priorities, "category": workflow.categories}.get(
        field.sets
    )
    return draw(st.sampled_from(sorted(choices)) if choices else GOOD[field.type])


@st.composite
def histories(draw: st.DrawFn) -> Made:
    """A ticket taken through forty events that somebody might try, well filled in or not."""
    workflow = draw(st.sampled_from(list(SHIPPED.values())))
    ticket, now = opened(workflow), AT
    states, refusals = [ticket], []
    rows = [_row(ticket, workflow.open.event, None, {}, now, FIRST)]
    for _ in range(draw(st.integers(0, 40))):
        # Mostly what fits the state, so that tickets get somewhere; sometimes anything.
        fitting = sorted({row.event for row in workflow.rows(ticket.state)})
        event = draw(
            st.sampled_from(fitting or sorted(workflow.events)) | st.sampled_from(sorted(workflow.events))
        )
        actor = person(
            draw(st.sampled_from(sorted(ROLES | MACHINES))), "", draw(st.sampled_from(["", "billing"]))
        )
        names = [*workflow.events[event].required, *workflow.events[event].optional]
        data = {name: _value(draw, workflow, name) for name in names if draw(st.integers(0, 5))}
        now += draw(st.sampled_from([0, 60, 86_400, 31 * 86_400]))
        before = asdict(ticket)
        buttons = offered(workflow, ticket, actor, now)
        decision = decide(workflow, ticket, event, actor, data, now)
        assert asdict(ticket) == before
        if isinstance(decision, Refusal):
            refusals.append(decision)
            continue
        assert event in buttons
        rows.append(_row(decision.ticket, event, ticket.state, decision.data, now, rows[-1].hash))
        ticket = decision.ticket
        states.append(ticket)
    return workflow.name, states, rows, refusals


def _row(
    ticket: Ticket, event: str, source: str | None, data: dict[str, object], now: float, previous: str
) -> HistoryRow:
    v = ticket.version
    return sealed(ticket.id, HistoryRow(v, now, event, "x", source, ticket.state, data, v, previous, ""))


@given(histories())
@settings(max_examples=60, deadline=None)
def test_any_sequence_of_events_keeps_what_is_promised(
    made: Made,
) -> None:
    name, tickets, rows, refusals = made
    workflow = SHIPPED[name]
    assert {refusal.code for refusal in refusals} <= CODES
    for before, after, row in zip(tickets[:-1], tickets[1:], rows[1:], strict=True):
        declared = {r.to for r in workflow.rows(before.state, row.event)}
        assert after.state in declared or ("stay" in declared and after.state == before.state)
        assert after.version == before.version + 1
        assert (after.closed_at is not None) == workflow.states[after.state].end
        assert sum(after.counts.values()) == after.version
    assert verify(tickets[-1], rows).ok


@given(histories(), st.data())
@settings(max_examples=40, deadline=None)
def test_an_edited_row_shows(made: Made, data: st.DataObject) -> None:
    _, tickets, rows, _ = made
    at = data.draw(st.integers(0, len(rows) - 1))
    change = data.draw(
        st.sampled_from([{"actor": "else"}, {"at": 1.0}, {"data": {"n": 1}}, {"event": "other"}])
    )
    edited = [*rows[:at], replace(rows[at], **change), *rows[at + 1 :]]
    assert verify(tickets[-1], edited).broken_at == at + 1
    # Whoever edits and seals again breaks the row after it, or leaves the state of the ticket behind.
    assert not verify(tickets[-1], [*rows[:at], *rows[at + 1 :]]).ok


def test_the_state_comes_before_the_role_and_the_role_before_the_fields() -> None:
    walk = Walk(COMPLAINT)
    assert walk.refused("reply", AGENT)[0] == "not_allowed_in_state"
    assert walk.refused("reject", AGENT)[0] == "role"
    assert walk.refused("reject", person("supervisor")) == ("missing_field", "reason")
    assert walk.refused("reject", person("supervisor"), reason=" \x00 ") == ("missing_field", "reason")


def test_an_unknown_event_is_refused_with_what_there_is() -> None:
    refusal = Walk(COMPLAINT).try_("juge", DISPATCHER)
    assert isinstance(refusal, Refusal)
    assert refusal.code == "not_allowed_in_state"
    assert "judge" in refusal.message
    assert "judge" in refusal.details["possible"]


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"department": "marketing"}, "department"),
        ({"department": ["billing"]}, "department"),
        ({"department": "billing", "priority": "hot"}, "priority"),
        ({"department": "billing", "state": "closed"}, "state"),
        ({"department": "billing", "vip": True}, "vip"),
        ({"department": "billing", "note": "x" * 20_001}, "note"),
    ],
)
def test_wrong_data_is_named(data: dict[str, object], field: str) -> None:
    assert Walk(COMPLAINT).do("judge", DISPATCHER).refused("dispatch", DISPATCHER, **data) == (
        "invalid",
        field,
    )


def test_data_that_is_not_asked_cannot_choose_another_row() -> None:
    """Severity is settled at the assessment; a reply that smuggles it in does not get past the leader."""
    walk = Walk(COMPLAINT, fields={"severity": "major"}).do("judge", DISPATCHER)
    walk.do("dispatch", DISPATCHER, department="billing").do("sign", CLERK)
    data = {"reply": "Done", "founded": "unfounded", "evidence": "None", "severity": "ordinary"}
    assert walk.refused("reply", CLERK, **data) == ("invalid", "severity")


@pytest.mark.parametrize("nothing", [None, "", " \n"])
def test_an_optional_field_that_is_given_as_nothing_is_emptied_and_the_history_says_so(
    nothing: object,
) -> None:
    walk = Walk(COMPLAINT, fields={"wanted": "An apology", "compensation": 5})
    outcome = walk.try_("judge", DISPATCHER, wanted=nothing, note=nothing)
    assert isinstance(outcome, Outcome)
    assert (outcome.data, outcome.ticket.fields) == ({"wanted": None}, {"compensation": 5})


@pytest.mark.parametrize(
    ("event", "data"),
    [
        ("judge", {}),
        ("judge", {"severity": None}),  # was empty before
        ("judge", {"priority": ""}),  # a column of every ticket
        ("withdraw", {"reason": "Mistaken", "note": ""}),
    ],
)
def test_what_is_not_there_or_cannot_be_empty_is_not_emptied(event: str, data: dict[str, object]) -> None:
    walk = Walk(COMPLAINT, fields={"wanted": "An apology"}, priority="high")
    outcome = walk.try_(event, DISPATCHER if event == "judge" else AGENT, **data)
    assert isinstance(outcome, Outcome)
    assert (outcome.ticket.fields, outcome.ticket.priority) == ({"wanted": "An apology"}, "high")
    assert None not in outcome.data.values()


def test_a_proof_that_is_emptied_is_none() -> None:
    proof = {"leak_reading": 0, "photo": "P-1", "signature": "S-1"}
    restored = replace(opened(SHIPPED["repair"]), state="restored", fields={"medium": "gas", **proof})
    for name in proof:
        refusal = decide(SHIPPED["repair"], restored, "verify", DISPATCHER, {name: None}, AT)
        assert isinstance(refusal, Refusal), name
        assert refusal.details["guard"] == "gas_proof"


def test_what_an_event_clears_is_not_offered_as_its_answer() -> None:
    """A photo of the visit in vain, filled in unasked, would pass for one of the repair."""
    repairing = replace(
        opened(SHIPPED["repair"]), state="repairing", fields={"photo": "P-1", "work_done": "Seal"}
    )
    given_ = {
        field.name: field.value for field in event_view(SHIPPED["repair"], repairing, "restore", "en").fields
    }
    assert (given_["photo"], given_["work_done"]) == (None, "Seal")


def test_hostile_text_stays_text_without_control_characters() -> None:
    walk = Walk(COMPLAINT)
    walk.do("comment", AGENT, note="<script>alert('1')</script>\x1b[31m\r\n'; drop table\x00")
    outcome = walk.try_("comment", AGENT, note="<b>\x07\ud800ok\u202e")
    assert isinstance(outcome, Outcome)
    assert outcome.data["note"] == "<b>ok"
    assert clean("a\tb\nc\x7f") == "a b c"


@pytest.mark.parametrize(
    ("given_", "code", "field"),
    [
        ({"subject": "  "}, "missing_field", "subject"),
        ({"subject": "x" * 201}, "invalid", "subject"),
        ({"body": "x" * 20_001}, "invalid", "body"),
        ({"category": "weather"}, "invalid", "category"),
        ({"priority": "hot"}, "invalid", "priority"),
        ({"channel": "pigeon"}, "invalid", "channel"),
        ({"fields": {"contact_phone": "call me"}}, "invalid", "fields.contact_phone"),
        ({"fields": {"nothing": 1}}, "invalid", "fields.nothing"),
        ({"fields": {"compensation": float("inf")}}, "invalid", "fields.compensation"),
    ],
)
def test_an_opening_that_is_wrong_is_refused(given_: dict[str, object], code: str, field: str) -> None:
    new = NewTicket(**{"workflow": "complaint", "subject": "Bill", **given_})  # type: ignore[arg-type]  # test data
    refusal = decide_open(COMPLAINT, new, AGENT, Birth("t", "C-1", 1, AT))
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.details["field"]) == (code, field)


def test_nobody_without_the_role_opens() -> None:
    refusal = decide_open(INQUIRY, NewTicket("inquiry", "?"), person("auditor"), Birth("t", "Q-1", 1, AT))
    assert isinstance(refusal, Refusal)
    assert refusal.code == "role"


def test_what_is_offered_can_be_done_and_the_rest_cannot() -> None:
    walk = handled()
    names = offered(COMPLAINT, walk.ticket, CLERK, AT)
    steps = {"contact", "wait", "propose", "reply", "danger"}
    assert set(names) == steps | {"ask_extension", "co_handle", "comment", "assign", "link"}
    assert "sign" not in names
    assert offered(COMPLAINT, walk.ticket, person("auditor"), AT) == ()
    # A claim for compensation can still come with the proposal itself; without that field it would be hidden.
    ordinary = Walk(COMPLAINT).do("judge", DISPATCHER)
    assert "dispatch" in offered(COMPLAINT, ordinary.ticket, DISPATCHER, AT)
    assert "approve" not in offered(COMPLAINT, ordinary.ticket, person("leader"), AT)
