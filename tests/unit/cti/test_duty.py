"""What has to be done on a PBX for its queue members to follow a duty."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cti.control import Action
from cti.dialling import called_number, with_prefix
from cti.duty import SIGNED_OUT, Duty, adopted, steps
from cti.events import Member
from cti.messages import Call, CallState, Direction, Outcome, Party
from cti.statistics import longest_wait, queue_figures

PHONE = "PJSIP/1001"


def member(queue: str, **more: object) -> Member:
    return Member(queue, PHONE, **{"dynamic": True, **more})  # type: ignore[arg-type]


def asked(duty: Duty, *members: Member) -> list[tuple[str, ...]]:
    found = steps(duty, PHONE, "Li Na", {m.queue: m for m in members})
    return [_short(step.action) for step in found]


def _short(action: Action) -> tuple[str, ...]:
    fields = dict(action)
    names = ("Action", "Queue", "Paused", "Reason")
    return tuple(fields[name] for name in names if name in fields)


def test_an_agent_who_signs_in_is_added_and_one_who_is_there_is_left_alone() -> None:
    assert asked(Duty("li", ("service", "emergency")), member("emergency")) == [
        ("QueueAdd", "service", "false")
    ]


def test_a_pause_is_set_in_each_queue_with_its_reason() -> None:
    duty = Duty("li", ("service",), True, "lunch")
    assert asked(duty, member("service")) == [("QueuePause", "service", "true", "lunch")]
    assert asked(duty, member("service", paused=True, paused_reason="lunch")) == []
    assert asked(duty) == [("QueueAdd", "service", "true", "lunch")]


def test_who_signs_out_is_removed_but_a_static_member_only_paused() -> None:
    assert asked(Duty("li"), member("service")) == [("QueueRemove", "service")]
    static = member("service", dynamic=False)
    assert asked(Duty("li"), static) == [("QueuePause", "service", "true", SIGNED_OUT)]
    assert asked(Duty("li"), member("service", dynamic=False, paused=True)) == []
    back = member("service", dynamic=False, paused=True, paused_reason=SIGNED_OUT)
    assert asked(Duty("li", ("service",)), back) == [("QueuePause", "service", "false")]


@given(
    st.lists(st.sampled_from(("a", "b", "c")), unique=True),
    st.booleans(),
    st.dictionaries(st.sampled_from(("a", "b", "c", "d")), st.tuples(st.booleans(), st.booleans())),
)
def test_once_the_steps_are_done_nothing_is_left_to_do(
    queues: list[str], paused: bool, there: dict[str, tuple[bool, bool]]
) -> None:
    duty = Duty("li", tuple(queues), paused, "lunch" if paused else "")
    members = {queue: member(queue, dynamic=d, paused=p) for queue, (d, p) in there.items()}
    for step in steps(duty, PHONE, "Li Na", members):
        if step.becomes is None:
            del members[step.queue]
        else:
            members[step.queue] = step.becomes
    assert steps(duty, PHONE, "Li Na", members) == []
    assert {queue for queue, m in members.items() if not m.paused} == (set() if paused else set(queues))


def test_who_is_seen_for_the_first_time_keeps_what_the_pbx_gives() -> None:
    seen = {"b": member("b", paused=True, paused_reason="lunch"), "a": member("a", paused=True)}
    assert adopted("li", seen, 7.0) == Duty("li", ("a", "b"), True, "lunch", 7.0, ("a", "b"))
    seen["a"] = member("a")
    assert adopted("li", seen, 7.0).paused is False


def test_a_duty_remembers_where_it_was_and_does_not_change_for_nothing() -> None:
    duty = Duty("li").sign_in(("service",), 1.0)
    assert duty.sign_in(("service",), 2.0) is duty
    paused = duty.pause("lunch", 3.0)
    assert (paused.since, paused.queues) == (3.0, ("service",))
    out = paused.sign_out(4.0)
    assert (out.signed_in, out.paused, out.last_queues) == (False, False, ("service",))
    assert out.sign_out(5.0) is out


def test_what_is_dialled_is_what_the_dialplan_takes() -> None:
    assert called_number("+86 139 1234 5678", "CN") == "13912345678"
    assert called_number("+44 20 7946 0958", "CN") == "00442079460958"
    assert called_number("021-5888 0001", "CN") == "02158880001"
    assert with_prefix("13912345678", "9") == "913912345678"
    assert [with_prefix(short, "9") for short in ("1002", "95598", "*8")] == ["1002", "95598", "*8"]


def call(wait: float, outcome: Outcome, talk: float = 0.0, queue: str = "service") -> Call:
    answered = 10.0 + wait if outcome is Outcome.ANSWERED else None
    return Call(
        "main-1", "main", Direction.INBOUND, CallState.ENDED, Party("1"), "4001", 0.0, queue, 10.0, answered, 99.0,
        outcome, wait, talk,
    )  # fmt: skip


def test_the_figures_of_a_queue_sum_to_the_calls_that_they_count() -> None:
    calls = [
        call(10, Outcome.ANSWERED, talk=60),
        call(30, Outcome.ANSWERED, talk=100),
        call(3, Outcome.ABANDONED),
        call(40, Outcome.ABANDONED),
        call(300, Outcome.NO_ANSWER),
        call(1, Outcome.ANSWERED, queue="emergency"),
    ]
    found = queue_figures(calls, "service")
    assert (found.offered, found.answered, found.abandoned, found.short_abandons, found.other) == (
        5,
        2,
        1,
        1,
        1,
    )
    assert found.service_level == 1 / 4
    assert found.average_speed_of_answer == 20
    assert found.average_handling == 80
    assert queue_figures([], "service").service_level is None
    assert (longest_wait(None, 5.0), longest_wait(3.0, 5.0)) == (0.0, 2.0)
