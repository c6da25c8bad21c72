"""When a PBX was not seen, and why."""

from __future__ import annotations

import pytest

from cti.gaps import Cause, Gap, LinkLife, Seen, during, lost_at


def test_the_first_meeting_of_all_ends_no_gap() -> None:
    life = LinkLife("main")
    life.down(1.0)
    assert life.pictured("a", 2.0) is None
    assert life.current() is None


@pytest.mark.parametrize(("startup", "cause"), [("a", Cause.CUT), ("b", Cause.RESTART)])
def test_a_cut_link_and_a_restarted_pbx_are_told_apart(startup: str, cause: Cause) -> None:
    life = LinkLife("main")
    life.pictured("a", 1.0)
    life.down(5.0)
    life.down(7.0)  # another try that failed
    assert life.current() == Gap("main", 5.0, None, Cause.CUT)
    assert life.pictured(startup, 9.0) == Gap("main", 5.0, 9.0, cause)
    assert life.current() is None


def test_a_picture_taken_anew_without_a_loss_ends_nothing() -> None:
    life = LinkLife("main")
    life.pictured("a", 1.0)
    assert life.pictured("a", 2.0) is None


@pytest.mark.parametrize(("startup", "cause"), [("a", Cause.SERVER), ("b", Cause.RESTART)])
def test_our_own_absence_is_a_gap_since_the_pbx_was_watched_last(startup: str, cause: Cause) -> None:
    life = LinkLife("main", Seen("main", "a", 5.0))
    assert life.current() == Gap("main", 5.0, None, Cause.SERVER)
    life.down(100.0)
    assert life.pictured(startup, 200.0) == Gap("main", 5.0, 200.0, cause)


def test_only_a_restart_says_when_lost_calls_ended() -> None:
    assert lost_at(Gap("main", 5.0, 9.0, Cause.RESTART), 9.0) == 5.0
    assert lost_at(Gap("main", 5.0, 9.0, Cause.CUT), 9.0) == 9.0
    assert lost_at(None, 9.0) == 9.0


def test_an_interval_that_a_gap_touches_is_incomplete() -> None:
    gap, lasting = Gap("main", 5.0, 9.0, Cause.CUT), Gap("main", 50.0, None, Cause.CUT)
    assert during([gap, lasting], 0.0, 5.0) == []
    assert during([gap, lasting], 9.0, 50.0) == []
    assert during([gap, lasting], 8.0, 60.0) == [gap, lasting]
    assert during([gap, lasting], 60.0, 70.0) == [lasting]
