"""Bus, clock, ids: the small things that all else stands on."""

from hypothesis import given
from hypothesis import strategies as st

from core.bus import Bus
from core.clock import SystemClock, iso, iso_or_none
from core.ids import new_id


class Rang(int): ...


class Stopped(int): ...


def test_the_bus_hands_over_in_order_and_by_exact_type() -> None:
    bus, got = Bus(), []
    bus.subscribe(Rang, lambda event: got.append(("first", event)))
    bus.subscribe(Rang, lambda event: got.append(("second", event)))
    bus.publish(Rang(1))
    bus.publish(Stopped(2))
    assert got == [("first", 1), ("second", 1)]


def test_a_subscriber_that_raises_does_not_rob_the_next() -> None:
    bus, got = Bus(), []

    def fail(_: Rang) -> None:
        raise ValueError

    bus.subscribe(Rang, fail)
    bus.subscribe(Rang, got.append)
    bus.publish(Rang(1))
    assert got == [1]
    assert bus.failures == 1


def test_times_are_written_as_the_contract_has_them() -> None:
    assert iso(1_769_846_400.1239) == "2026-01-31T08:00:00.123Z"
    assert iso_or_none(None) is None
    assert iso_or_none(0.0) == "1970-01-01T00:00:00.000Z"


def test_the_system_clock_goes_forward() -> None:
    clock = SystemClock()
    assert clock.monotonic() <= clock.monotonic()
    assert clock.now() > 1_700_000_000


@given(st.floats(0, 4e9), st.floats(0, 4e9), st.binary(min_size=10, max_size=10))
def test_ids_sort_by_their_time(one: float, other: float, noise: bytes) -> None:
    first, second = new_id(one, noise), new_id(other, noise)
    assert len(first) == 26
    assert (first < second) == (int(one * 1000) < int(other * 1000))


def test_ids_of_one_moment_differ() -> None:
    assert len({new_id(1.0) for _ in range(1000)}) == 1000
