"""Which call-back is next, and what follows from a try."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from cti.messages import Waiting
from ivr_flows.callbacks.model import Callback, Fate, FreeAgent, QueueNow, Seen, State, Try
from ivr_flows.callbacks.rule import (
    SOON_SECONDS,
    Rule,
    after,
    came_of,
    choose,
    expired,
    next_free,
    order,
    seconds_of_day,
)

NOON = 1_769_832_000.0
"""2026-01-31, 12:00 in Shanghai."""
RULE = Rule(3, (600.0, 3600.0), 8 * 3600, 21 * 3600, 48 * 3600.0, ZoneInfo("Asia/Shanghai"))


def one(id: str = "a", since: float = NOON - 60, **more: object) -> Callback:
    made = Callback(id, f"+86138{id}", "main", "service", State.WAITING, since, since, since)
    return replace(made, **more)


def agent(user: str, since: float = NOON - 5, *queues: str) -> FreeAgent:
    return FreeAgent(user, "main", queues or ("service",), since)


def chosen(
    waiting: list[Callback], agents: list[FreeAgent], now: float = NOON, queue: QueueNow | None = None
) -> list[tuple[str, str]]:
    found = choose(waiting, agents, lambda pbx, name: queue or QueueNow(), now, RULE)
    return [(callback.id, free.user) for callback, free in found]


def test_who_waits_longest_is_called_by_who_is_free_longest() -> None:
    waiting = [one("b", NOON - 100), one("a", NOON - 50), one("c", NOON - 200)]
    agents = [agent("ben", NOON - 5), agent("anna", NOON - 9)]
    assert chosen(waiting, agents) == [("c", "anna"), ("b", "ben")]


def test_only_agents_of_the_queue_on_the_same_pbx() -> None:
    assert chosen([one()], [agent("ben", NOON, "emergency")]) == []
    assert chosen([one(pbx="second")], [agent("ben")]) == []


def on_line(*ages: float, priority: int = 0, weight: int = 0) -> QueueNow:
    return QueueNow(tuple(Waiting(NOON - age, priority) for age in ages), weight)


def test_callers_on_the_line_who_came_earlier_are_served_first() -> None:
    older, younger, both = on_line(90), on_line(10, 9, 8), on_line(90, 10, 9)
    assert chosen([one()], [agent("ben")], queue=older) == []
    assert chosen([one()], [agent("ben"), agent("anna")], queue=older) == [("a", "anna")]
    assert chosen([one()], [agent("ben")], queue=younger) == [("a", "ben")]
    assert chosen([one()], [agent("ben")], queue=both) == []
    assert chosen([one()], [agent("ben"), agent("anna")], queue=both) == [("a", "anna")]


@pytest.mark.parametrize(
    ("called_back", "on_the_line", "taken"),
    [
        (0, 0, True),  # who came later waits behind who is to be called back
        (0, 10, False),  # but not a VIP
        (10, 0, True),
        (10, 10, True),
        (5, 10, False),
    ],
)
def test_priority_goes_before_waiting_as_it_does_on_the_line(
    called_back: int, on_the_line: int, taken: bool
) -> None:
    line = on_line(10, priority=on_the_line)
    found = chosen([one(priority=called_back)], [agent("ben")], queue=line)
    assert found == ([("a", "ben")] if taken else [])


def test_a_vip_who_asks_later_is_called_back_first() -> None:
    waiting = [one("a", NOON - 3600), one("b", NOON - 10, priority=10), one("c", NOON - 1800, priority=5)]
    assert [id for id, _ in chosen(waiting, [agent("ben")])] == ["b"]
    assert [one.id for one in order(waiting)] == ["b", "c", "a"]
    assert chosen([one(priority=10)], [agent("ben")], queue=on_line(90)) == [("a", "ben")], "not by waiting"


def test_who_wraps_up_is_taken_from_when_on_the_wrap_up_is_nearly_over() -> None:
    agents = [agent("anna", NOON + 0.5), agent("ben", NOON + 0.25)]
    assert chosen([one()], agents) == []
    assert next_free(agents, NOON) == NOON + 0.25
    assert chosen([one()], agents, NOON + 0.25) == [("a", "ben")]
    assert next_free(agents, NOON + 0.5) is None


@pytest.mark.parametrize(
    ("waiting", "weight", "agents", "taken"),
    [
        (1, 10, ["anna"], []),
        (1, 10, ["anna", "ben"], ["ben"]),
        (2, 10, ["anna", "ben"], []),
        (0, 10, ["anna"], ["anna"]),
        (5, 0, ["anna"], ["anna"]),
    ],
)
def test_callers_of_a_heavier_queue_get_their_agents_first(
    waiting: int, weight: int, agents: list[str], taken: list[str]
) -> None:
    both = [agent(user, NOON - 9 + n, "service", "emergency") for n, user in enumerate(agents)]
    lines = {"service": QueueNow(), "emergency": on_line(*[1.0] * waiting, weight=weight)}
    found = choose([one()], both, lambda _, name: lines[name], NOON, RULE)
    assert [free.user for _, free in found] == taken
    only_service = [agent("cy", NOON - 1)]
    more = choose([one()], both + only_service, lambda _, name: lines[name], NOON, RULE)
    assert [free.user for _, free in more] == (taken or ["cy"])


def test_of_call_backs_too_those_of_the_heavier_queue_come_first() -> None:
    weights = {"service": 0, "emergency": 10}
    both = [agent("anna", NOON - 9, "service", "emergency")]
    waiting = [one("a", NOON - 900, priority=10), one("b", NOON - 5, queue="emergency")]
    found = choose(waiting, both, lambda _, name: QueueNow(weight=weights[name]), NOON, RULE)
    assert [callback.id for callback, _ in found] == ["b"]


def test_who_is_dialled_while_the_last_hour_passes_is_tried_again_in_the_morning() -> None:
    evening = NOON + 9 * 3600  # 21:00
    put_off = after(one(state=State.DIALLING, since=evening - 60), Try.BUSY, evening + 20, RULE)
    assert (put_off.state, put_off.tries, put_off.next_at) == (State.WAITING, 1, NOON + 20 * 3600)


def test_nobody_is_dialled_before_time_or_at_night() -> None:
    assert chosen([one(next_at=NOON + 1)], [agent("ben")]) == []
    night = NOON + 10 * 3600
    assert chosen([one()], [agent("ben")], night) == []
    assert RULE.hours_at(night) == NOON + 20 * 3600
    assert RULE.hours_at(NOON) == NOON
    assert RULE.hours_at(NOON - 6 * 3600) == NOON - 4 * 3600


def test_hours_are_those_of_the_clock_on_the_wall_when_clocks_are_changed() -> None:
    berlin = replace(RULE, zone=ZoneInfo("Europe/Berlin"))
    night_of_the_change = 1_774_738_800.0  # 2026-03-29 00:00 in Berlin; at two the clocks go to three
    assert berlin.hours_at(night_of_the_change) == night_of_the_change + 7 * 3600


@pytest.mark.parametrize(
    ("outcome", "picked_up", "agent_hung_up", "came"),
    [
        ("answered", True, False, Try.REACHED),
        ("no_answer", True, False, Try.NO_ANSWER),
        ("no_answer", False, False, Try.AGENT_AWAY),
        ("no_answer", True, True, Try.AGENT_AWAY),
        ("busy", True, False, Try.BUSY),
        ("failed", True, False, Try.FAILED),
        ("lost", True, False, Try.NOT_DIALLED),
    ],
)
def test_what_an_ended_call_was_as_a_try(
    outcome: str, picked_up: bool, agent_hung_up: bool, came: Try
) -> None:
    assert came_of(Seen(Fate.ENDED, outcome, agent_hung_up), picked_up) is came


def test_three_tries_with_pauses_then_given_up() -> None:
    first = after(one(), Try.NO_ANSWER, NOON, RULE)
    assert (first.state, first.tries, first.next_at, first.since) == (State.WAITING, 1, NOON + 600, NOON - 60)
    second = after(first, Try.BUSY, NOON, RULE)
    assert (second.tries, second.next_at) == (2, NOON + 3600)
    third = after(second, Try.NO_ANSWER, NOON, RULE)
    assert (third.state, third.tries, third.reason, third.closed_at) == (State.GIVEN_UP, 3, "no_answer", NOON)


def test_what_was_not_the_callers_doing_is_no_try() -> None:
    for came in (Try.AGENT_AWAY, Try.NOT_DIALLED):
        again = after(one(tries=2), came, NOON, RULE)
        assert (again.state, again.tries, again.next_at) == (State.WAITING, 2, NOON + SOON_SECONDS)


def test_reached_is_the_end() -> None:
    done = after(one(), Try.REACHED, NOON, RULE)
    assert (done.state, done.open, done.closed_at) == (State.REACHED, False, NOON)


def test_a_promise_grows_too_old() -> None:
    assert expired(one(), NOON, RULE) is None
    gone = expired(one(since=NOON - 49 * 3600), NOON, RULE)
    assert gone is not None
    assert (gone.state, gone.reason) == (State.GIVEN_UP, "too_old")
    assert expired(one(since=0, state=State.DIALLING), NOON, RULE) is None


def test_times_of_day() -> None:
    assert [seconds_of_day(text) for text in ("00:00", "08:30", "24:00")] == [0, 30_600, 86_400]


Stands = st.tuples(st.integers(0, 1000), st.sampled_from((0, 0, 5, 10)))
"""How long somebody waits, and their priority."""


@given(
    st.lists(Stands, max_size=12),
    st.lists(Stands, max_size=6),
    st.lists(st.integers(0, 1000), max_size=6),
)
def test_call_backs_stand_where_their_callers_would_on_the_line(
    asked: list[tuple[int, int]], line: list[tuple[int, int]], free: list[int]
) -> None:
    """Of one line of all the first, as many as there are agents, get one; the PBX serves those who are on the line."""
    callbacks = [one(f"{n:02}", NOON - age, priority=rank) for n, (age, rank) in enumerate(asked)]
    callers = tuple(Waiting(NOON - age, rank) for age, rank in line)
    agents = [agent(f"u{n}", NOON - since) for n, since in enumerate(free)]
    found = chosen(callbacks, agents, queue=QueueNow(callers))
    assert len({user for _, user in found}) == len(found) <= len(agents)
    all_in_line = sorted(
        [(-c.priority, c.since, c.id) for c in callbacks] + [(-w.priority, w.since, "~") for w in callers]
    )
    served = [id for *_, id in all_in_line[: len(agents)] if id != "~"]
    assert [id for id, _ in found] == served


@given(st.lists(st.sampled_from(Try), max_size=40))
def test_any_row_of_tries_ends_or_waits_in_permitted_hours(tries: list[Try]) -> None:
    callback, now = one(), NOON
    for came in tries:
        callback = after(callback, came, now, RULE)
        if not callback.open:
            break
        assert RULE.hours_at(callback.next_at) == callback.next_at > now
        assert callback.tries < RULE.tries
        now = callback.next_at
    counted = sum(came in (Try.NO_ANSWER, Try.BUSY, Try.FAILED) for came in tries)
    assert callback.open or callback.reason == "reached" or callback.tries <= max(counted, 0)
