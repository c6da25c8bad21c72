"""Who is calling: the candidates of one number, ranked. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from customers.messages import Candidate, Certainty, Customer, Lookup, Match, Phone
from customers.numbers import LOCAL_DIGITS, TAIL, Kind, Number, split, tail, variants

MOST_CANDIDATES = 20
"""How many candidates a pop can show; a switchboard's number may belong to thousands."""

_ORDER = {Certainty.EXACT: 0, Certainty.NATIONAL: 1, Certainty.MAYBE: 2}


def rank(number: Number, customers: Iterable[Customer]) -> Lookup:
    """The answer for `number` out of the customers that may be meant.

    An exact hit hides the national ones, and these the ones that share only the last digits. `one` is said only
    where it is certain: one customer whose whole number it is (a shared line too, with `shared` set). A single
    "maybe" is `several` with one candidate, so that the agent asks before believing it. Candidates come best
    first: VIPs, then by grade, then by name.
    """
    if number.kind is Kind.ANONYMOUS:
        return Lookup(Match.ANONYMOUS, number.shown)
    candidates = _best([found for customer in customers if (found := _candidate(number, customer))])
    return Lookup(_match(candidates), number.shown, number.e164, candidates)


def _match(candidates: Sequence[Candidate]) -> Match:
    if not candidates:
        return Match.NONE
    certain = len(candidates) == 1 and candidates[0].certainty is not Certainty.MAYBE
    return Match.ONE if certain else Match.SEVERAL


def _best(found: list[Candidate]) -> tuple[Candidate, ...]:
    if not found:
        return ()
    level = min(_ORDER[candidate.certainty] for candidate in found)
    best = [candidate for candidate in found if _ORDER[candidate.certainty] == level]
    best.sort(
        key=lambda one: (not one.customer.vip, one.customer.grade.value, one.customer.name, one.customer.id)
    )
    # Several owners of one whole number share the line, whether or not somebody has marked it.
    together = len(best) > 1 and level < _ORDER[Certainty.MAYBE]
    return tuple(
        Candidate(one.customer, one.certainty, one.shared or together) for one in best[:MOST_CANDIDATES]
    )


def _candidate(number: Number, customer: Customer) -> Candidate | None:
    hits = [
        (_ORDER[level], not phone.shared, level, phone)
        for phone in customer.phones
        if (level := certainty(number, phone)) is not None
    ]
    if not hits:
        return None
    _, _, level, phone = min(hits, key=lambda hit: hit[:2])
    return Candidate(customer, level, phone.shared)


def certainty(number: Number, phone: Phone) -> Certainty | None:
    """How surely `number` is this phone, or None where it is not.

    Two whole numbers of one country that differ are two lines, whatever their last digits say: else every
    unknown mobile would bring up a stranger's record.
    """
    if number.kind is not Kind.NUMBER:
        return None
    if number.e164 == phone.e164:
        return Certainty.EXACT
    country, national = split(phone.e164)
    if national in variants(number):
        return Certainty.NATIONAL
    if number.whole and number.e164 and split(number.e164)[0] == country:
        return None
    ending = tail(number.digits)
    if len(ending) >= LOCAL_DIGITS and tail(national, TAIL).endswith(ending):
        return Certainty.MAYBE
    return None
