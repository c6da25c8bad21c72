"""When a link tries again."""

import random

from hypothesis import given
from hypothesis import strategies as st

from cti.backoff import Pace, delay, refused_delay

PACE = Pace(first_delay=0.5, longest_delay=30, refused_delay=10)


class Highest(random.Random):
    def random(self) -> float:
        return 1.0


def test_the_longest_wait_doubles_up_to_the_cap() -> None:
    assert [delay(n, PACE, Highest()) for n in range(8)] == [0.5, 1, 2, 4, 8, 16, 30, 30]


@given(st.integers(0, 10_000), st.randoms())
def test_waits_are_jittered_within_their_bounds(attempt: int, rng: random.Random) -> None:
    assert 0 <= delay(attempt, PACE, rng) <= 30
    assert 5 <= refused_delay(attempt, PACE, rng) <= 60


def test_after_a_refusal_the_first_wait_is_ten_seconds() -> None:
    assert refused_delay(0, PACE, random.Random(1)) == 10
