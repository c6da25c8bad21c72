"""Any sequence of events keeps the invariants, for every shipped definition.

Never two ends, clock time adds up, the history verifies, a refused event changes nothing.
"""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.unit.ticketing.shipped import AT, SHIPPED
from ticketing.calendar import ALWAYS
from ticketing.chain import verify
from ticketing.clocks import ClockState, Reading, readings
from ticketing.messages import Actor, NewTicket
from ticketing.sandbox import Sandbox
from ticketing.workflow.decide import Outcome
from ticketing.workflow.model import Field, FieldType, Workflow
from ticketing.workflow.values import with_choices

RECKONERS = {"always": ALWAYS, "working": ALWAYS}
"""Every clock by the clock on the wall, so that all of them add up to something; calendars have tests of their own."""
DEPARTMENTS = ("", "billing", "network")
STEPS = 40


def value_of(workflow: Workflow, field: Field) -> st.SearchStrategy[Any]:
    field = with_choices(workflow, field)
    good: dict[FieldType, st.SearchStrategy[Any]] = {
        FieldType.TEXT: st.sampled_from(["a word", "", "两 words\n"]),
        FieldType.NUMBER: st.sampled_from([0, 1, 5, -1, 1e9]),
        FieldType.CHOICE: st.sampled_from([*field.choices, "none of them"]),
        FieldType.DATE: st.sampled_from(["2026-03-04", "soon"]),
        FieldType.BOOL: st.booleans(),
        FieldType.PHONE: st.sampled_from(["010 1234", "x"]),
    }
    return good[field.type]


@st.composite
def steps(draw: st.DrawFn, workflow: Workflow, sandbox: Sandbox) -> tuple[str, Actor, dict[str, Any], float]:
    """Mostly something that the table has in this state, by somebody who may, with what it asks; sometimes anything."""
    rows = workflow.rows(sandbox.opened.state)
    sensible = bool(rows) and draw(st.integers(0, 9)) > 1
    if sensible:
        row = draw(st.sampled_from(rows))
        event, role = row.event, draw(st.sampled_from(row.roles))
    else:
        event = draw(st.sampled_from([*workflow.events, "nonsense"]))
        role = draw(st.sampled_from(["agent", "auditor", "department", "timer"]))
    own = sandbox.opened.department
    department = draw(st.sampled_from((own, *DEPARTMENTS))) if role in ("department", "agent") else ""
    actor = Actor(draw(st.sampled_from("xy")), frozenset({role}), department)
    asked = workflow.events.get(event)
    names = () if asked is None else (*asked.required, *asked.optional)
    data = {name: draw(value_of(workflow, workflow.fields[name])) for name in names}
    return event, actor, data, draw(st.sampled_from([0.0, 0.5, 60.0, 7200.0, 86400.0, 31 * 86400.0]))


def check_clocks(before: list[Reading], after: list[Reading], at: float) -> None:
    """Intervals touch, none is negative, the counted ones add up, and what was counted is not lost in a run."""
    for old, new in zip(before, after, strict=True):
        for one, following in zip(new.intervals, new.intervals[1:], strict=False):
            assert one.end == following.start
        assert all(i.end is None or i.end >= i.start for i in new.intervals)
        counted = sum((at if i.end is None else i.end) - i.start for i in new.intervals if i.counted)
        if new.intervals:
            assert new.elapsed_seconds == pytest.approx(counted, abs=1e-3)
            assert (new.intervals[-1].end is None) == (new.state is not ClockState.STOPPED)
        if old.run == new.run and old.intervals:
            assert (new.elapsed_seconds or 0) >= (old.elapsed_seconds or 0) - 1e-3
        assert new.run - old.run in (0, 1)


@pytest.mark.parametrize("workflow", SHIPPED.values(), ids=lambda w: w.name)
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_sequence_keeps_the_invariants(workflow: Workflow, data: st.DataObject) -> None:
    sandbox = Sandbox(workflow, lambda w, t, h, now: readings(w, t, h, now, RECKONERS))
    now = AT
    opened = sandbox.open(NewTicket(workflow.name, "x"), Actor("a", frozenset({"agent"})), now)
    assert isinstance(opened, Outcome)
    for _ in range(STEPS):
        event, actor, values, wait = data.draw(steps(workflow, sandbox))
        now += wait
        before, clocks, rows = sandbox.opened, sandbox.clocks(now), list(sandbox.history)
        offered = sandbox.offered(actor, now)
        decision = sandbox.fire(event, actor, values, now)
        after = sandbox.opened
        if not isinstance(decision, Outcome):
            assert (after, sandbox.history) == (before, rows)
            continue
        # A button that works is a button that was there.
        assert event in offered
        assert after.version == before.version + 1 == len(sandbox.history)
        assert after.counts[event] == before.counts.get(event, 0) + 1
        ended = workflow.states[after.state].end
        assert (after.closed_at is not None) == ended
        if ended and workflow.states[before.state].end:
            # From one end to another (to the archive) the ticket stays closed since when it was.
            assert after.closed_at == before.closed_at
        assert (after.id, after.number, after.created_at) == (before.id, before.number, before.created_at)
        assert verify(after, sandbox.history).ok
        check_clocks(clocks, sandbox.clocks(now), now)


@pytest.mark.parametrize("workflow", SHIPPED.values(), ids=lambda w: w.name)
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_one_edit_of_a_history_shows(workflow: Workflow, data: st.DataObject) -> None:
    sandbox = Sandbox(workflow)
    sandbox.open(NewTicket(workflow.name, "x"), Actor("a", frozenset({"agent"})), AT)
    for at in range(5):
        sandbox.fire("comment", Actor("a", frozenset({"agent"})), {"note": f"n{at}"}, AT + at)
    rows = list(sandbox.history)
    place = data.draw(st.integers(0, len(rows) - 1))
    kind = data.draw(st.sampled_from(["drop", "swap", "actor", "at", "data", "to_state"]))
    if kind == "drop":
        del rows[place]
    elif kind == "swap":
        other = (place + 1) % len(rows)
        rows[place], rows[other] = rows[other], rows[place]
    else:
        changed: dict[str, Any] = {"actor": "eve", "at": AT - 1, "data": {"note": "?"}, "to_state": "closed"}
        rows[place] = replace(rows[place], **{kind: changed[kind]})
    assert not verify(sandbox.opened, rows).ok
