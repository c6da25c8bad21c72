"""Who is calling: none, one, several, anonymous."""

from __future__ import annotations

from customers.matching import MOST_CANDIDATES, rank
from customers.messages import Certainty, Customer, Grade, Lookup, Match, Phone
from customers.numbers import normalise

WANG = Customer("1", "王芳", phones=(Phone("+8613812345678"),))
LI = Customer("2", "Li Lei", phones=(Phone("+862587654321"),))
OFFICE = Phone("+862512340000", "office", shared=True)


def _ask(text: str, *customers: Customer, region: str = "CN") -> Lookup:
    return rank(normalise(text, region), customers)


def test_one_whole_number_is_one_customer() -> None:
    found = _ask("013812345678", WANG, LI)
    assert (found.match, found.e164, found.shown) == (Match.ONE, "+8613812345678", "138 1234 5678")
    assert [(one.customer, one.certainty, one.shared) for one in found.candidates] == [
        (WANG, Certainty.EXACT, False)
    ]


def test_nobody_has_it() -> None:
    found = _ask("13900000000", WANG, LI)
    assert (found.match, found.candidates, found.e164) == (Match.NONE, (), "+8613900000000")


def test_an_anonymous_caller_is_nobody() -> None:
    found = _ask("anonymous", WANG)
    assert (found.match, found.e164, found.candidates) == (Match.ANONYMOUS, None, ())


def test_an_extension_and_a_sip_name_match_nobody() -> None:
    assert _ask("5678", WANG).match is Match.NONE
    assert _ask("alice", WANG).match is Match.NONE


def test_a_shared_line_with_one_owner_is_one_and_says_shared() -> None:
    found = _ask("02512340000", Customer("3", "Zhao", phones=(OFFICE,)))
    assert found.match is Match.ONE
    assert found.candidates[0].shared


def test_two_owners_are_several_and_share_the_line_even_unmarked() -> None:
    twin = Customer("9", "Anna", phones=WANG.phones)
    found = _ask("13812345678", WANG, twin)
    assert found.match is Match.SEVERAL
    assert [one.shared for one in found.candidates] == [True, True]


def test_vips_come_first_then_grades_then_names() -> None:
    phones = WANG.phones
    people = [
        Customer("1", "B", Grade.A, phones=phones),
        Customer("2", "A", Grade.A, phones=phones),
        Customer("3", "Z", Grade.C, vip=True, phones=phones),
        Customer("4", "A", Grade.C, phones=phones),
    ]
    assert [one.customer.id for one in _ask("13812345678", *people).candidates] == ["3", "2", "1", "4"]


def test_a_national_reading_counts_where_the_country_is_in_doubt() -> None:
    found = _ask("+13812345678", WANG)
    assert (found.match, found.candidates[0].certainty) == (Match.ONE, Certainty.NATIONAL)
    assert _ask("13812345678", WANG, region="US").candidates[0].certainty is Certainty.NATIONAL


def test_an_exact_hit_hides_the_others() -> None:
    odd = Customer("5", "Odd", phones=(Phone("+13812345678"),))
    found = _ask("+13812345678", WANG, odd)
    assert [one.customer for one in found.candidates] == [odd]


def test_a_local_number_is_a_maybe_that_the_agent_confirms() -> None:
    found = _ask("87654321", WANG, LI)
    assert found.match is Match.SEVERAL
    assert [(one.customer, one.certainty) for one in found.candidates] == [(LI, Certainty.MAYBE)]


def test_seven_local_digits_are_enough() -> None:
    xuzhou = Customer("6", "Xu", phones=(Phone("+865168765432"),))
    assert [one.customer for one in _ask("8765432", WANG, xuzhou).candidates] == [xuzhou]


def test_a_national_hit_hides_a_maybe() -> None:
    maybe = Customer("7", "Maybe", phones=(Phone("+447712345678"),))
    assert [one.customer for one in _ask("+13812345678", WANG, maybe).candidates] == [WANG]


def test_another_mobile_with_the_same_last_digits_is_somebody_else() -> None:
    assert _ask("13912345678", WANG).match is Match.NONE


def test_the_same_last_digits_in_another_country_are_a_maybe() -> None:
    found = _ask("+447912345678", WANG)
    assert (found.match, found.candidates[0].certainty) == (Match.SEVERAL, Certainty.MAYBE)


def test_the_best_of_a_customers_numbers_counts() -> None:
    both = Customer("8", "Both", phones=(Phone("+442512340000"), OFFICE))
    found = _ask("02512340000", both)
    assert (found.candidates[0].certainty, found.candidates[0].shared) == (Certainty.EXACT, True)


def test_candidates_are_bounded() -> None:
    crowd = [Customer(str(n), f"N{n:03}", phones=WANG.phones) for n in range(MOST_CANDIDATES * 3)]
    found = _ask("13812345678", *crowd)
    assert found.match is Match.SEVERAL
    assert [one.customer.name for one in found.candidates] == [f"N{n:03}" for n in range(MOST_CANDIDATES)]
