"""Who is reached, who stands in for whom: every way the chains of stand-ins can go."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketing.messages import Actor, TicketNotice
from ticketing.staff import Department, Person, Staff

PEOPLE = {
    p.name: p
    for p in (
        Person("bo", "department", "billing"),
        Person("bea", "department"),
        Person("gone", "department", "billing", active=False),
        Person("mo", "department", "metering"),
        Person("hong", "leader", "billing"),
        Person("lin", "leader"),
        Person("dora", "dispatcher"),
        Person("sam", "supervisor"),
    )
}
DEPARTMENTS = {
    "billing": Department("billing", "Billing", "营业收费部", "hong", ("bea",)),
    "works": Department("works", "Works", "工程部"),
}


def staff(**absences: str) -> Staff:
    return Staff(DEPARTMENTS, PEOPLE, absences)


def told(to: str, away: dict[str, str] | None = None, **given: object) -> tuple[str, ...]:
    values = {"department": "billing", "owner": "bo", **given}
    notice = TicketNotice("t1", "C-1", "Bill", "urge", to, **values)  # type: ignore[arg-type]
    return staff(**(away or {})).recipients(notice)


@pytest.mark.parametrize(
    ("to", "users"),
    [
        ("owner", ("bo",)),
        ("department", ("bea", "bo", "hong")),
        ("head", ("hong",)),
        ("leader", ("hong",)),
        ("dispatcher", ("dora",)),
        ("supervisor", ("sam",)),
        ("customer", ()),
    ],
)
def test_a_notice_reaches_those_it_means(to: str, users: tuple[str, ...]) -> None:
    assert told(to) == users


def test_where_nobody_is_named_others_are_told() -> None:
    assert told("head", department="works") == ("sam",)
    assert told("leader", department="works") == ("hong", "lin")
    assert told("owner", owner=None) == ()
    assert told("department", department="") == ()
    assert told("department", department="works", co_department="metering") == ("mo",)
    free = Staff(DEPARTMENTS, {**PEOPLE, "flo": Person("flo", "department")})
    assert free.hands("works") == ("flo",)
    assert free.hands("billing") == ("bea", "bo", "hong")
    assert free.standing(Actor("lin", frozenset({"leader"}))).staffed is None
    assert not free.standing(Actor("flo", frozenset({"department"}))).of_department("billing")


def test_stand_ins_are_told_instead() -> None:
    assert told("owner", {"bo": "mo"}) == ("mo",)
    assert told("owner", {"bo": "mo", "mo": "bea"}) == ("bea",)
    assert told("department", {"bo": "mo", "hong": "mo"}) == ("bea", "mo")
    assert told("owner", {"bo": "gone"}) == ()


def test_who_stands_in_belongs_to_the_departments_of_the_absent() -> None:
    standing = staff(bo="mo", mo="bea").standing(Actor("bea", frozenset({"department"})))
    assert standing.stands_for == {"bo", "mo"}
    assert standing.departments == {"billing", "metering"}
    assert staff(bo="mo").standing(Actor("mo")).departments == {"billing", "metering"}


@given(st.dictionaries(st.sampled_from(sorted(PEOPLE)), st.sampled_from(sorted(PEOPLE))))
def test_chains_of_stand_ins_end_and_agree(absences: dict[str, str]) -> None:
    """Whoever is in the place of a user knows of it, and rings of absences lead nowhere."""
    found = staff(**absences)
    for user in PEOPLE:
        other = found.present(user)
        assert other == user or other not in absences
        assert (user in found.stood_for(other)) == (user in absences and other != user)
