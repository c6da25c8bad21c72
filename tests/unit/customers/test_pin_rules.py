"""What a PIN may be, and the guarantee of the counts: never more than `most` tries in any stretch of the rest."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.settings import PinSettings
from core.errors import Invalid
from customers.pins.rules import ANONYMOUS_FACTOR, Attempt, checked_pin, closed, doors


@pytest.mark.parametrize(
    "pin", ["", "123", "123456789", "12a4", "１２３５", "1111", "123456", "9876", " 1357", "31002", "2417"]
)
def test_what_is_no_pin_or_guessed_first_is_refused_without_repeating_it(pin: str) -> None:
    with pytest.raises(Invalid) as refusal:
        checked_pin(pin, "31002417")
    assert not pin.strip() or pin not in refusal.value.message
    assert refusal.value.details == {"field": "pin"}


@pytest.mark.parametrize("pin", ["1357", "829146", "10002000"])
def test_a_pin_of_four_to_eight_digits_is_taken(pin: str) -> None:
    assert checked_pin(pin, "31002417") == pin


def test_a_short_account_may_have_any_pin() -> None:
    assert checked_pin("1357", "13") == "1357"


def test_callers_without_a_number_share_a_wider_count() -> None:
    settings = PinSettings()
    known = doors(Attempt("31", "s", "+8613800138000"), settings)
    hidden = doors(Attempt("31", "s", ""), settings)
    assert known[0].most * ANONYMOUS_FACTOR == hidden[0].most
    assert [door.key for door in known[1:]] == [door.key for door in hidden[1:]] == ["call:s", "account:31"]


@given(st.lists(st.floats(0, 5000, allow_nan=False), min_size=1, max_size=80), st.integers(1, 6))
def test_no_stretch_of_the_rest_holds_more_tries_than_allowed(waits: list[float], most: int) -> None:
    """The rule that `take` has in SQL, walked through in time."""
    rest, now, tries, last = 1800.0, 0.0, 0, -1e9
    taken: list[float] = []
    for wait in waits:
        now += wait
        if closed(tries, last, most, rest, now):
            continue
        tries = 1 if now - last >= rest else tries + 1
        last = now
        taken.append(now)
    for begin in taken:
        assert sum(1 for at in taken if begin <= at < begin + rest) <= most
