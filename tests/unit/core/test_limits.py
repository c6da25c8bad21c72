"""How often one may try."""

from core.identity.limits import KEYS, TryLimit


def test_tries_come_back_one_by_one_as_the_window_moves() -> None:
    limit = TryLimit(tries=2, window=10)
    assert limit.take("a", 0.0) == 0
    assert limit.take("a", 4.0) == 0
    assert limit.take("a", 5.0) == 5
    assert limit.take("a", 9.5) == 1
    assert limit.take("a", 10.0) == 0
    assert limit.take("a", 10.0) == 4


def test_keys_do_not_share() -> None:
    limit = TryLimit(tries=1, window=10)
    assert limit.take("a", 0.0) == 0
    assert limit.take("b", 0.0) == 0


def test_a_right_try_clears_the_wrong_ones() -> None:
    limit = TryLimit(tries=1, window=10)
    limit.take("a", 0.0)
    limit.forgive("a")
    assert limit.take("a", 0.0) == 0


def test_a_flood_of_names_does_not_grow_without_end() -> None:
    limit = TryLimit(tries=1, window=10)
    for n in range(KEYS + 10):
        limit.take(str(n), 0.0)
    assert limit.take("0", 0.0) == 0, "the oldest was pushed out"
    assert limit.take(str(KEYS + 9), 0.0) == 10
