"""What counts as drift: only what was believed all the while, and is found twice."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from cti.drift import Belief, Drift, compare, listed, pause_of
from cti.events import AmiEvent, Chan, Member, QueueMemberAdded, QueueMemberPause, QueueMemberRemoved
from cti.seen import Picture, SeenChannel, SeenEntry, SeenQueue
from cti.watchdog import corrections

ONE, TWO = ("service", "PJSIP/1001"), ("service", "PJSIP/1002")
READY, LUNCH = (False, ""), (True, "lunch")


def belief(*channels: str, members: dict[tuple[str, str], tuple[bool, str]] | None = None) -> Belief:
    return Belief(frozenset(channels), members or {}, frozenset(), frozenset({"service"}))


def test_what_agrees_is_no_drift() -> None:
    same = belief("1.1", members={ONE: READY})
    assert not compare(same, same, same)


def test_a_channel_that_went_or_came_while_the_pbx_was_asked_is_no_drift() -> None:
    assert not compare(belief("1.1"), belief(), belief())  # its Hangup came meanwhile
    assert not compare(belief(), belief("1.1"), belief("1.1"))  # its Newchannel came meanwhile
    assert not compare(belief(), belief("1.1"), belief("1.1", "1.2"))


def test_ghosts_and_unseen_channels() -> None:
    found = compare(belief("1.1", "1.2"), belief("1.2", "1.3"), belief("1.1", "1.2"))
    assert found == Drift(ghosts=frozenset({"1.1"}), unseen=frozenset({"1.3"}))


def test_members_and_pauses() -> None:
    here, there = belief(members={ONE: READY}), belief(members={ONE: LUNCH, TWO: READY})
    assert compare(here, there, here).members == {ONE: LUNCH, TWO: READY}
    assert compare(there, here, there).members == {ONE: READY, TWO: None}
    assert compare(here, there, there).members == {}


def test_a_queue_that_the_list_does_not_have_is_not_judged() -> None:
    here = belief(members={ONE: READY})
    assert not compare(here, Belief(), here)  # QueueStatus was refused


def test_only_what_both_looks_found_alike_is_sure() -> None:
    first = Drift(frozenset({"1.1", "1.2"}), members={ONE: LUNCH, TWO: None})
    second = Drift(frozenset({"1.2", "1.3"}), members={ONE: READY, TWO: None})
    assert second.again(first) == Drift(frozenset({"1.2"}), members={TWO: None})
    assert not second.again(Drift())


def test_the_reason_of_a_pause_that_is_over_does_not_count() -> None:
    assert pause_of(Member(*ONE, paused=False, paused_reason="lunch")) == READY


def test_corrections_are_the_events_that_never_came() -> None:
    member = Member(*ONE, paused=True, paused_reason="lunch", dynamic=True)
    known, new = Member(*TWO), Member("service", "PJSIP/1003")
    picture = Picture("x", members=(member, new))
    sure = Drift(members={ONE: LUNCH, TWO: None, ("service", "PJSIP/1003"): READY})
    believed = {ONE: Member(*ONE), TWO: known}
    made: list[AmiEvent] = corrections(
        sure, picture, lambda queue, interface: believed.get((queue, interface))
    )
    assert made == [QueueMemberPause(member), QueueMemberRemoved(known), QueueMemberAdded(new)]


def test_what_a_pbx_lists() -> None:
    picture = Picture(
        "x",
        channels=(SeenChannel(Chan("1.1", "1.1", "PJSIP/1001-1")),),
        queues=(SeenQueue("service"),),
        members=(Member(*ONE),),
        entries=(SeenEntry("service", "1.1", 1, 7),),
    )
    assert listed(picture) == Belief(
        frozenset({"1.1"}), {ONE: READY}, frozenset({("service", "1.1")}), frozenset({"service"})
    )


@dataclass
class World:
    """A PBX whose events arrive late: truth runs ahead of what has been told by up to `lag` changes."""

    truth: list[frozenset[str]] = field(default_factory=lambda: [frozenset()])

    def change(self, channel: str) -> None:
        now = self.truth[-1]
        self.truth.append(now - {channel} if channel in now else now | {channel})


@given(
    st.lists(st.sampled_from(["1", "2", "3", "4"]), min_size=1, max_size=30),
    st.integers(0, 6),
    st.data(),
)
def test_events_in_flight_never_look_like_drift_twice(
    changes: list[str], lag: int, data: st.DataObject
) -> None:
    """Looks at any moments, while events arrive up to `lag` changes late but well before the next look. A Uniqueid is
    never used again, so each channel comes and goes once."""
    world, used = World(), dict.fromkeys("1234", 0)
    for channel in changes:
        used[channel] += 1
        world.change(f"{channel}.{(used[channel] + 1) // 2}")
    last = len(world.truth) - 1
    suspects = Drift()
    moment = 0
    while moment <= last:
        end = min(last, moment + data.draw(st.integers(0, 4)))
        listing = data.draw(st.integers(moment, end))
        before = Belief(world.truth[max(0, moment - lag)])
        after = Belief(world.truth[max(0, end - lag)])
        found = compare(before, Belief(world.truth[listing]), after)
        assert not found.again(suspects)
        suspects = found
        moment = end + lag + 1  # CONFIRM_SECONDS are longer than any event is under way
