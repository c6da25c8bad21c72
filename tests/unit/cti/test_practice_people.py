"""The practice PBX's town and its population."""

from collections import Counter
from collections.abc import AsyncIterator

import phonenumbers
import pytest

from cti.practice.demo import LivelyPbx
from cti.practice.habits import OVERFLOWS, Habits
from cti.practice.people import town
from cti.practice.queues import NewMember
from cti.practice.timeline import ManualTimeline


class StillPbx(LivelyPbx):
    """A LivelyPbx on a clock that the test moves."""

    def __init__(self, seed: int = 7, habits: Habits | None = None) -> None:
        super().__init__(seed=seed, habits=habits, timeline=ManualTimeline())


@pytest.fixture
async def pbx() -> AsyncIterator[StillPbx]:
    async with StillPbx() as running:
        yield running


def test_town_is_always_the_same() -> None:
    assert town() == town()
    assert town(1) != town(2)


def test_accounts_meters_and_numbers_tell_people_apart() -> None:
    people = town().people
    assert (
        len({person.account for person in people}) == len({person.meter for person in people}) == len(people)
    )
    owners = Counter(line.e164 for person in people for line in person.lines)
    shared = {line.e164 for person in people for line in person.lines if line.shared}
    assert {number for number, count in owners.items() if count > 1} == shared
    assert len({number[-8:] for number in owners}) == len(owners)


def test_numbers_are_valid() -> None:
    for person in town().people:
        for line in person.lines:
            assert phonenumbers.is_valid_number(phonenumbers.parse(line.e164)), line


def test_calls_and_tickets_belong_to_people() -> None:
    place = town()
    accounts = {person.account for person in place.people}
    assert {call.account for call in place.calls} | {ticket.account for ticket in place.tickets} <= accounts
    assert {ticket.workflow for ticket in place.tickets} == {"complaint", "repair", "inquiry"}


async def story(pbx: StillPbx, seconds: float) -> bytes:
    told = bytearray()
    pbx.world.sinks.append(lambda bit, data: told.extend(data))
    pbx.advance(seconds)
    return bytes(told)


async def test_same_seed_same_story() -> None:
    told = []
    for seed in (7, 7, 8):
        async with StillPbx(seed) as pbx:
            told.append(await story(pbx, 600))
    assert told[0] == told[1] != told[2]


async def test_first_call_rings_within_three_seconds_of_the_visitor_getting_ready(pbx: StillPbx) -> None:
    pbx.queues.add(NewMember("service", "PJSIP/1001"))
    waited = 0.0
    while not pbx.ringing("1001") and waited < 3:
        pbx.advance(0.1)
        waited += 0.1
    assert pbx.ringing("1001")


async def test_visitors_phone_is_preferred(pbx: StillPbx) -> None:
    pbx.queues.add(NewMember("service", "PJSIP/1001"))
    pbx.advance(3600)
    taken = {member.interface: member.calls_taken for member in pbx.queues.queues["service"].members.values()}
    assert taken["PJSIP/1001"] == max(taken.values())
    assert min(taken.values()) > 5


async def test_a_day_stays_within_bounds_and_holds_every_kind_of_call(pbx: StillPbx) -> None:
    seen: Counter[str] = Counter()
    busiest = 0
    for _ in range(4 * 3600):
        pbx.advance(1)
        busiest = max(busiest, sum(leg.endpoint == "PJSIP/trunk" for leg in pbx.world.channels.values()))
    service = pbx.queues.queues["service"]
    seen["answered"], seen["abandoned"] = service.completed, service.abandoned
    assert busiest <= Habits().most + 1  # a ready agent's first caller may come on top
    assert seen["answered"] > seen["abandoned"] > 0


async def test_callers_are_of_the_kinds_asked_for(pbx: StillPbx) -> None:
    shown = Counter(kind(pbx, pbx.population._who()[0]) for _ in range(2000))
    assert 0.50 < shown["known"] / 2000 < 0.60
    assert 0.12 < shown["shared"] / 2000 < 0.18
    assert 0.16 < shown["unknown"] / 2000 < 0.24
    assert 0.07 < shown["anonymous"] / 2000 < 0.13


def kind(pbx: StillPbx, number: str) -> str:
    if number == "anonymous":
        return number
    e164 = phonenumbers.format_number(phonenumbers.parse(number, "CN"), phonenumbers.PhoneNumberFormat.E164)
    owners = sum(line.e164 == e164 for person in pbx.people.people for line in person.lines)
    return "unknown" if not owners else "shared" if owners > 1 else "known"


async def test_callers_go_on_to_the_next_queue_when_nobody_is_there_in_time() -> None:
    async with StillPbx(habits=Habits(every=1e9, rings_out=1, gives_up=0)) as pbx:
        pbx.queues.add(NewMember("emergency", "PJSIP/1001"))
        caller = pbx.population.call(OVERFLOWS)
        pbx.advance(15)
        assert caller.app_data.startswith("service")
        pbx.advance(10)
        assert caller.app_data.startswith("emergency")


async def test_a_customer_who_is_left_in_a_conference_room_goes_after_a_while() -> None:
    async with StillPbx(habits=Habits(every=1e9, gives_up=0)) as pbx:
        pbx.queues.add(NewMember("service", "PJSIP/1001"))
        pbx.population.call("4001")
        while not pbx.talking("1001"):
            pbx.answer("1001") if pbx.ringing("1001") else pbx.advance(1)
        pbx.transfer("1001", "800")
        assert pbx.plan.rooms.open
        pbx.advance(200)
        assert not pbx.plan.rooms.open
        assert not pbx.world.channels
