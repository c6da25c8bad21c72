"""Call-backs on a real database: one open for each number, dialled once whoever dials, settled by looking."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from msgspec.structs import replace

from config.settings import CallbackSettings, DialSettings, Settings, SurveySettings
from core.bus import Bus
from core.database import Database
from core.errors import Conflict, NotFound
from cti.dial_counts import DialCounts
from cti.messages import Agent, AgentState
from cti.store import CallStore
from customers.messages import NewCustomer
from ivr_flows.callbacks.dialer import LEASE_SECONDS, SWEEP_SECONDS, Dialer
from ivr_flows.callbacks.model import (
    Callback,
    CallbackChanged,
    Fate,
    FreeAgent,
    Placed,
    QueueNow,
    Seen,
    State,
)
from ivr_flows.callbacks.rule import Rule
from ivr_flows.callbacks.service import Callbacks, Request
from ivr_flows.callbacks.store import CallbackStore
from server.callbacks import EARLY_SECONDS, HousePhones, free_from
from tests.conftest import START, FakeClock
from tests.integration.ivr_house import ivr_house, line
from tests.integration.test_call_store import call

RULE = Rule(3, (600.0, 3600.0), 0, 24 * 3600, 48 * 3600.0, ZoneInfo("Asia/Shanghai"))
LI, WANG = "+8613800138000", "+8613911112222"


class Phones:
    """Phones that do what a test says, and count what was asked of them."""

    def __init__(self) -> None:
        self.free: list[FreeAgent] = []
        self.places = Placed.DONE
        self.calls: dict[str, Seen] = {}
        self.dialled: list[tuple[str, str, str]] = []

    def free_agents(self) -> tuple[FreeAgent, ...]:
        return tuple(self.free)

    def queue(self, pbx: str, queue: str) -> QueueNow:
        return QueueNow()

    def call_id(self, pbx: str, channel_id: str) -> str:
        return f"{pbx}-{channel_id}"

    async def dial(self, agent: str, number: str, channel_id: str, at: float) -> Placed:
        self.dialled.append((agent, number, channel_id))
        await asyncio.sleep(0)
        return self.places

    async def ask(self, pbx: str, number: str, channel_id: str, at: float) -> Placed:
        return await self.dial("", number, channel_id, at)

    async def look(self, pbx: str, call_id: str) -> Seen:
        return self.calls.get(call_id, Seen(Fate.NEVER))


class Gate:
    def __init__(self) -> None:
        self.bars = ""
        self.left = 100

    def barred(self, number: str, pbx: str) -> str:
        return self.bars

    async def take(self, number: str, at: float) -> bool:
        self.left -= 1
        return self.left >= 0


class Room:
    """Call-backs with one dialer; `another` makes a second server on the same database."""

    def __init__(
        self,
        db: Database,
        clock: FakeClock,
        phones: Phones | None = None,
        store: CallbackStore | None = None,
    ) -> None:
        self.db, self.clock = db, clock
        self.phones = phones or Phones()
        self.gate = Gate()
        self.bus = Bus()
        self.told: list[Callback] = []
        self.bus.subscribe(CallbackChanged, lambda event: self.told.append(event.callback))
        store = store or CallbackStore(db)
        self.callbacks = Callbacks(store, self.bus, clock, self.gate, RULE)
        self.dialer = Dialer(self.callbacks, self.phones, self.bus, clock)

    def another(self, store: CallbackStore | None = None) -> Room:
        return Room(self.db, self.clock, self.phones, store)

    async def ask(self, number: str = LI, since: float = START, by: str = "", priority: int = 0) -> Callback:
        wanted = Request(number, "main", "service", since, by or number, priority=priority)
        answered = await self.callbacks.request(wanted)
        assert answered.callback is not None, answered.reason
        return answered.callback

    def agent(self, user: str = "anna") -> None:
        self.phones.free.append(FreeAgent(user, "main", ("service",), self.clock.at))

    async def now(self, callback: Callback) -> Callback:
        return await self.callbacks.get(callback.id)


@pytest.fixture
def room(db: Database, clock: FakeClock) -> Room:
    return Room(db, clock)


async def test_one_is_open_for_a_number_and_for_a_line_and_the_order_is_by_waiting(room: Room) -> None:
    first = await room.ask(LI)
    twice = await room.callbacks.request(Request(LI, "main", "service", START, WANG))
    same_line = await room.callbacks.request(Request("+8613700001111", "main", "service", START, LI))
    assert (twice.reason, same_line.reason) == ("already_open", "already_open")
    longer = await room.callbacks.request(Request(WANG, "main", "service", START - 600, WANG))
    assert (longer.ok, longer.position) == (True, 1)
    assert [one.number for one in await room.callbacks.store.open()] == [WANG, LI]
    vip = Request("+8613700001111", "main", "service", START, "vip", priority=10)
    vip_first = await room.callbacks.request(vip)
    after_the_vip = Request("+8613700001112", "main", "service", START - 900, "b", priority=5)
    assert (vip_first.position, (await room.callbacks.request(after_the_vip)).position) == (1, 2)
    assert [one.priority for one in await room.callbacks.store.open()] == [10, 5, 0, 0]
    await room.callbacks.cancel(first.id, "sam")
    assert (await room.ask(LI)).state is State.WAITING
    with pytest.raises(NotFound):
        await room.callbacks.cancel("none", "sam")


async def test_an_agent_gets_it_and_the_caller_is_reached(room: Room) -> None:
    callback = await room.ask()
    await room.dialer.round()
    assert room.phones.dialled == []
    room.agent()
    await room.dialer.round()
    ((agent, number, channel_id),) = room.phones.dialled
    assert (agent, number) == ("anna", LI)
    dialling = await room.now(callback)
    assert (dialling.state, dialling.agent) == (State.DIALLING, "anna")
    with pytest.raises(Conflict):
        await room.callbacks.cancel(callback.id, "sam")
    await room.dialer.round()
    assert len(room.phones.dialled) == 1
    room.dialer.picked_up(f"main-{channel_id}")
    room.dialer.heard(f"main-{channel_id}", Seen(Fate.ANSWERED))
    room.phones.free.clear()
    await room.dialer.round()
    done = await room.now(callback)
    assert (done.state, done.closed_at, done.call_id) == (State.REACHED, START, f"main-{channel_id}")
    assert [one.state.value for one in room.told] == ["waiting", "dialling", "dialling", "reached"]


async def test_nobody_answers_three_times(room: Room) -> None:
    callback = await room.ask()
    room.agent()
    for tries, pause in ((1, 600), (2, 3600), (3, 0)):
        await room.dialer.round()
        assert len(room.phones.dialled) == tries
        call_id = f"main-{room.phones.dialled[-1][2]}"
        room.dialer.picked_up(call_id)
        room.dialer.heard(call_id, Seen(Fate.ENDED, "no_answer"))
        await room.dialer.round()
        assert (await room.now(callback)).tries == tries
        room.clock.advance(pause)
    done = await room.now(callback)
    assert (done.state, done.reason) == (State.GIVEN_UP, "no_answer")


async def test_an_agent_who_does_not_pick_up_costs_the_caller_no_try(room: Room) -> None:
    callback = await room.ask()
    room.agent("anna")
    await room.dialer.round()
    room.dialer.heard(f"main-{room.phones.dialled[0][2]}", Seen(Fate.ENDED, "no_answer"))
    await room.dialer.round()
    again = await room.now(callback)
    assert (again.state, again.tries, again.reason) == (State.WAITING, 0, "agent_away")
    room.clock.advance(31)
    await room.dialer.round()
    assert len(room.phones.dialled) == 2


async def test_who_wraps_up_is_rung_as_soon_as_that_is_nearly_over(room: Room) -> None:
    assert await room.dialer.round() == SWEEP_SECONDS
    callback = await room.ask()
    room.phones.free.append(FreeAgent("anna", "main", ("service",), START + 1.5))
    assert await room.dialer.round() == 1.5
    assert room.phones.dialled == []
    room.clock.at = START + 1.5
    assert await room.dialer.round() == SWEEP_SECONDS
    assert [agent for agent, *_ in room.phones.dialled] == ["anna"]
    assert (await room.now(callback)).state is State.DIALLING


@pytest.mark.parametrize(
    ("state", "until", "free"),
    [
        (AgentState.READY, None, START),
        (AgentState.WRAP_UP, START + 10, START + 10 - EARLY_SECONDS),
        (AgentState.PAUSED, None, None),
        (AgentState.TALKING, None, None),
        (AgentState.RINGING, None, None),
    ],
)
def test_from_when_on_an_agent_can_be_rung(
    state: AgentState, until: float | None, free: float | None
) -> None:
    agent = Agent("anna", "Anna", "main", "PJSIP/1001", "1001", state, START, wrap_until=until)
    assert free_from(agent, START) == free
    assert free_from(agent, START - 3600) in {START - 3600, free}, "the clock was put back"


async def test_an_agent_whom_the_queue_has_taken_meanwhile_costs_neither_a_try_nor_a_pause(
    room: Room,
) -> None:
    callback, left = await room.ask(), room.gate.left
    room.agent("anna")
    # While it is claimed, a caller on the line gets the agent.
    room.bus.subscribe(CallbackChanged, lambda _: room.phones.free.clear())
    await room.dialer.round()
    assert [one.state for one in room.told] == [State.WAITING, State.DIALLING, State.WAITING]
    assert (room.phones.dialled, room.gate.left) == ([], left)
    waits = await room.now(callback)
    assert replace(waits, version=1) == callback


async def test_what_is_not_known_is_settled_by_looking_and_never_dialled_meanwhile(room: Room) -> None:
    room.phones.places = Placed.UNKNOWN
    callback = await room.ask()
    room.agent()
    await room.dialer.round()
    call_id = f"main-{room.phones.dialled[0][2]}"
    for fate in (Fate.UNKNOWN, Fate.LIVE):
        room.phones.calls[call_id] = Seen(fate)
        room.clock.advance(LEASE_SECONDS)
        await room.dialer.round()
        assert (await room.now(callback)).state is State.DIALLING
    room.phones.calls[call_id] = Seen(Fate.ENDED, "answered")
    room.clock.advance(LEASE_SECONDS)
    await room.dialer.round()
    assert (await room.now(callback)).state is State.REACHED
    assert len(room.phones.dialled) == 1


async def test_a_server_that_dies_after_the_claim_leaves_it_to_the_next_one(room: Room) -> None:
    callback = await room.ask()
    room.agent()
    room.phones.places = Placed.UNKNOWN
    await room.dialer.round()
    other = room.another()
    await other.dialer.round()
    assert len(room.phones.dialled) == 1
    room.phones.places = Placed.DONE
    room.clock.advance(LEASE_SECONDS)
    await other.dialer.round()  # no such call, and the link is up: it never came about
    assert (await room.now(callback)).reason == "not_dialled"
    room.clock.advance(31)
    await other.dialer.round()
    assert len(room.phones.dialled) == 2


async def test_a_refusal_of_the_pbx_is_tried_again_soon(room: Room) -> None:
    room.phones.places = Placed.REFUSED
    callback = await room.ask()
    room.agent()
    await room.dialer.round()
    again = await room.now(callback)
    assert (again.state, again.tries, again.next_at) == (State.WAITING, 0, START + 30)


async def test_two_servers_dial_each_caller_once(room: Room) -> None:
    numbers = [f"+861380013{n:04}" for n in range(12)]
    for number in numbers:
        await room.ask(number)
    for n in range(12):
        room.agent(f"agent{n:02}")
    servers = [room, *(room.another() for _ in range(3))]
    await asyncio.gather(*(server.dialer.round() for server in servers))
    dialled = [number for _, number, _ in room.phones.dialled]
    assert len(dialled) == len(set(dialled))
    assert set(dialled) <= set(numbers)
    assert dialled


async def test_two_servers_give_an_agent_one_caller_though_only_one_of_them_knows_of_the_vip(
    room: Room,
) -> None:
    ordinary = await room.ask(LI)
    room.agent("anna")

    class Slow(CallbackStore):
        """Between its look at the list and what is made of it, somebody asks and the first server dials."""

        async def open(self, due: float | None = None) -> list[Callback]:
            listed = await super().open(due)
            await room.ask(WANG, priority=10)
            await room.dialer.round()
            return listed

    other = room.another(Slow(room.db))
    await other.dialer.round()
    assert [(agent, number) for agent, number, _ in room.phones.dialled] == [("anna", WANG)]
    assert (await room.now(ordinary)).state is State.WAITING


async def test_the_policy_stands_before_every_dial(room: Room) -> None:
    room.gate.bars = "premium"
    assert (await room.callbacks.request(Request(LI, "main", "service", START))).reason == "not_allowed"
    room.gate.bars = ""
    barred = await room.ask(LI)
    room.agent()
    room.gate.bars = "prefix"  # the settings were changed since
    await room.dialer.round()
    assert ((await room.now(barred)).state, (await room.now(barred)).reason) == (
        State.GIVEN_UP,
        "not_allowed",
    )
    room.gate.bars, room.gate.left = "", 0
    capped = await room.ask(WANG)
    await room.dialer.round()
    put_off = await room.now(capped)
    assert (put_off.state, put_off.reason, put_off.tries) == (State.WAITING, "cap", 0)
    assert put_off.next_at > START
    assert room.phones.dialled == []


async def test_customers_are_asked_about_a_ticket_once_a_few_at_a_time_and_without_an_agent(
    room: Room,
) -> None:
    def wanted(n: int) -> Request:
        return Request(f"+861380013{n:04}", "main", "", START)

    for n in range(5):
        assert (await room.callbacks.ask_about(f"R-{n}", wanted(n), 60)).ok
    assert (await room.callbacks.ask_about("R-0", wanted(9), 60)).reason == "already_open"
    await room.dialer.round()
    assert room.phones.dialled == [], "not before its time"
    room.clock.advance(60)
    await room.dialer.round()
    await room.dialer.round()
    assert len(room.phones.dialled) == 3
    call_id = f"main-{room.phones.dialled[0][2]}"
    asked = await room.dialer.asked(call_id)
    assert asked is not None
    assert (asked.ticket, asked.agent) == (f"R-{asked.number[-1]}", "")
    room.dialer.heard(f"main-{room.phones.dialled[1][2]}", Seen(Fate.ENDED, "no_answer"))
    await room.dialer.round()
    assert (await room.now(asked)).state is State.REACHED
    second = await room.callbacks.store.of_ticket(f"R-{room.phones.dialled[1][1][-1]}")
    assert second is not None
    assert (second.tries, second.reason) == (1, "no_answer")
    await room.dialer.round()
    assert len(room.phones.dialled) == 5
    assert await room.dialer.asked("main-rd-cb-unknown") is None


async def test_a_customer_is_asked_also_long_after_the_ticket(room: Room) -> None:
    days = RULE.keep / 86_400 + 1  # longer than a promise is kept
    for n in range(2):
        wanted = Request(f"+861380013{n:04}", "main", "", START)
        assert (await room.callbacks.ask_about(f"R-{n}", wanted, days * 86_400)).ok
        days += RULE.keep / 86_400
    room.clock.advance(RULE.keep + 86_400)
    await room.dialer.round()
    assert [number[-1] for _, number, _ in room.phones.dialled] == ["0"]
    room.clock.advance(2 * RULE.keep + 1)  # nobody has looked until then
    await room.dialer.round()
    late = await room.callbacks.store.of_ticket("R-1")
    assert late is not None
    assert (late.state, late.reason) == (State.GIVEN_UP, "too_old")


async def test_an_old_promise_is_given_up(room: Room) -> None:
    callback = await room.ask()
    room.clock.advance(49 * 3600)
    room.agent()
    await room.dialer.round()
    assert (await room.now(callback)).reason == "too_old"
    assert room.phones.dialled == []


async def test_what_was_heard_is_not_forgotten_while_the_database_is_away(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialled, reached = await room.ask(LI, START - 1), await room.ask(WANG)
    room.agent()
    await room.dialer.round()
    room.dialer.heard(f"main-{room.phones.dialled[0][2]}", Seen(Fate.ENDED, "busy"))
    room.dialer.talked(WANG)

    async def away(due: float) -> list[Callback]:
        raise sa.exc.OperationalError("SELECT", {}, OSError("the server closed the connection"))

    with monkeypatch.context() as cut:
        cut.setattr(room.callbacks.store, "open", away)
        with pytest.raises(sa.exc.OperationalError):
            await room.dialer.round()
    await room.dialer.round()
    assert ((await room.now(dialled)).state, (await room.now(dialled)).reason) == (
        State.WAITING,
        "agent_away",
    )
    assert (await room.now(reached)).reason == "talked"


async def test_callers_who_wait_are_not_behind_a_crowd_of_customers_to_be_asked(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ivr_flows.callbacks.store.MOST_OPEN", 3)
    for n in range(4):
        wanted = Request(f"+861380013{n:04}", "main", "", START)
        assert (await room.callbacks.ask_about(f"R-{n}", wanted, 60 * (n % 2))).ok
    room.clock.advance(1)
    callback = await room.ask()
    room.agent()
    await room.dialer.round()
    assert room.phones.dialled[-1][:2] == ("anna", LI)
    assert (await room.now(callback)).state is State.DIALLING
    due = {one.ticket for one in await room.callbacks.store.open(room.clock.at)}
    assert due == {"", "R-0", "R-2"}, "the others have time yet"


@pytest.mark.parametrize(
    ("answered_at", "fate"), [(None, Fate.LIVE), (START + 5, Fate.ANSWERED)], ids=["rings", "talks"]
)
async def test_a_call_that_became_part_of_another_is_looked_for_in_that_one(
    sqlite_db: Database, answered_at: float | None, fate: Fate
) -> None:
    whole = replace(call(1), answered_at=answered_at)
    part = replace(call(2), joined=whole.id)
    store = CallStore(sqlite_db)
    await store.save_many([whole, part])
    board = SimpleNamespace(call={whole.id: whole}.get, lines={"main": SimpleNamespace(up=True)})
    phones = HousePhones(cast(Any, board), cast(Any, None), store, SurveySettings(), FakeClock(START))
    assert (await phones.look("main", part.id)).fate is fate, "else they would be dialled while they talk"
    board.call = {}.get  # nobody has it any more, and nobody has heard of its end
    assert (await phones.look("main", part.id)).fate is Fate.NEVER


async def test_a_stale_writer_changes_nothing(room: Room) -> None:
    callback = await room.ask()
    await room.callbacks.cancel(callback.id, "sam")
    store = room.callbacks.store
    assert await store.replace(callback, replace(callback, state=State.DIALLING), START) is None
    assert (await room.now(callback)).state is State.CANCELLED


async def test_caps_hold_for_many_at_once_and_begin_anew(db: Database) -> None:
    counts = DialCounts(db, DialSettings(per_hour=5, per_day=7, per_number=2))
    taken = await asyncio.gather(*(counts.take(f"+86138001380{n:02}", START) for n in range(20)))
    assert sum(taken) == 5
    later = START + 3600
    assert [await counts.take(WANG, later) for _ in range(3)] == [True, True, False]  # 7 in the day
    tomorrow = START + 86_400
    assert [await counts.take(LI, tomorrow) for _ in range(3)] == [True, True, False]  # 2 to a number
    assert await counts.take(WANG, tomorrow)
    assert not await DialCounts(db, DialSettings(per_hour=0)).take(WANG, tomorrow)


async def test_a_caller_asks_in_the_phone_menu(db_url: str, clock: FakeClock) -> None:
    settings = Settings(callback=CallbackSettings(queues=("service",)))
    caller, withheld = line("13800138000"), line("anonymous", "s2")
    async with ivr_house(db_url, clock, settings) as it:
        taken = await it.ask("callback.request", caller, queue="service")
        assert taken == {"ok": True, "reason": "taken", "position": 1}
        again = await it.ask("callback.request", caller, queue="service")
        assert again == {"ok": False, "reason": "already_open", "position": 0}
        clock.advance(1)
        reasons = [
            (await it.ask("callback.request", withheld, queue=queue, number=number))["reason"]
            for queue, number in (
                ("service", ""),
                ("service", "110"),
                ("service", "+442079460018"),
                ("service", "999999999999"),
                ("sales", "13911112222"),
                ("service", "13911112222"),
            )
        ]
        assert reasons == ["not_allowed"] * 4 + ["off", "taken"]
        (first, second) = await it.house.callbacks.store.open()
        assert (first.number, first.asked_by, second.number, second.asked_by) == (LI, LI, WANG, "~s2")
        other = await it.ask("callback.request", withheld, queue="service", number="13700001111")
        assert other["reason"] == "already_open"


async def test_a_customer_with_two_lines_has_one_open_call_back(db_url: str, clock: FakeClock) -> None:
    mobile, home, other = line("13800138000"), line("13800138001", "s2"), line("13900139000", "s3")
    async with ivr_house(db_url, clock) as it:
        customer = await it.house.customers.create(
            "test", NewCustomer("李娜", ("13800138000", "13800138001"), vip=True), START
        )
        await it.house.customers.create("test", NewCustomer("王伟", ("13900139000",)), START)
        for who, number, reason in (
            (mobile, "", "taken"),
            (home, "", "already_open"),
            (home, "13700001111", "already_open"),
            (other, "", "taken"),
        ):
            answer = await it.ask("callback.request", who, queue="service", number=number)
            assert answer["reason"] == reason
            clock.advance(1)
        first, second = await it.house.callbacks.store.open()
        assert (first.number, first.customer_id) == (LI, customer.id)
        assert (first.priority, second.priority) == (10, 0), "a VIP, and grade C"
        await it.house.callbacks.cancel(first.id, "sam")
        for level in (101, -1):
            refused = await it.refused("callback.request", home, queue="service", priority=level)
            assert refused == "invalid"
        named = await it.ask("callback.request", home, queue="service", priority=5)
        assert (named["reason"], named["position"]) == ("taken", 1)
        assert (await it.house.callbacks.store.open())[0].priority == 5, "as the flow says"


async def test_who_talks_with_an_agent_meanwhile_is_not_called_back(room: Room) -> None:
    callback, other = await room.ask(LI), await room.ask(WANG)
    survey = (await room.callbacks.ask_about("R-1", Request(LI, "main", "", START), 3600)).callback
    assert survey is not None
    await room.dialer.round()
    room.dialer.talked(LI)
    room.agent()
    await room.dialer.round()
    reached = await room.now(callback)
    assert (reached.state, reached.reason, reached.tries) == (State.REACHED, "talked", 0)
    await room.dialer.round()
    assert [number for _, number, _ in room.phones.dialled] == [WANG]
    assert (await room.now(survey)).state is State.WAITING
    room.dialer.talked(WANG)
    await room.dialer.round()
    assert (await room.now(other)).state is State.DIALLING, "that is the call in which we called"


async def test_who_asks_and_talks_before_anybody_has_looked_is_not_called_back(room: Room) -> None:
    await room.dialer.round()  # nobody waits
    room.dialer.talked(WANG)
    room.clock.advance(1)
    callback, asked_later = await room.ask(LI), await room.ask(WANG)
    room.dialer.talked(LI)
    await room.dialer.round()
    assert (await room.now(callback)).reason == "talked"
    assert (await room.now(asked_later)).state is State.WAITING


async def test_who_calls_in_while_being_called_back_and_talks_is_not_called_again(room: Room) -> None:
    callback = await room.ask(LI)
    room.agent()
    await room.dialer.round()
    call_id = f"main-{room.phones.dialled[0][2]}"
    room.dialer.picked_up(call_id)
    room.clock.advance(1)
    room.dialer.talked(LI)  # on the line, with somebody else
    await room.dialer.round()
    assert (await room.now(callback)).state is State.DIALLING
    room.dialer.heard(call_id, Seen(Fate.ENDED, "busy"))
    await room.dialer.round()
    await room.dialer.round()
    done = await room.now(callback)
    assert (done.state, done.reason, done.tries) == (State.REACHED, "talked", 1)
    assert len(room.phones.dialled) == 1


async def test_a_clock_that_jumps_dials_nobody_twice_and_forgets_nobody(room: Room) -> None:
    callback = await room.ask()
    room.agent()
    await room.dialer.round()
    call_id = f"main-{room.phones.dialled[0][2]}"
    room.phones.calls[call_id] = Seen(Fate.LIVE)
    for jump in (86_400, -2 * 86_400, 86_400):
        room.clock.advance(jump)
        await room.dialer.round()
        assert (await room.now(callback)).state is State.DIALLING
    assert len(room.phones.dialled) == 1
    room.dialer.heard(call_id, Seen(Fate.ENDED, "lost"))
    await room.dialer.round()
    room.clock.advance(3600)
    room.phones.free[0] = replace(room.phones.free[0], since=room.clock.at)
    await room.dialer.round()
    assert len(room.phones.dialled) == 2


async def test_a_pbx_that_is_away_is_waited_for_and_one_that_is_gone_is_not(
    db_url: str, clock: FakeClock
) -> None:
    async with ivr_house(db_url, clock) as it:
        phones = HousePhones(
            it.house.switchboard, it.house.phones, it.house.calls, it.house.settings.survey, clock
        )
        assert phones.free_agents() == ()
        assert phones.queue("main", "service") == phones.queue("gone", "service") == QueueNow()
        assert (await phones.look("main", "main-rd-cb-1")).fate is Fate.UNKNOWN
        assert (await phones.look("gone", "gone-rd-cb-1")).fate is Fate.NEVER


async def test_who_is_to_be_asked_about_a_ticket_may_ask_for_a_call_back(room: Room) -> None:
    wanted = Request(LI, "main", "", START)
    assert (await room.callbacks.ask_about("R-1", wanted, 3600)).reason == "taken"
    callback = await room.ask(LI)
    assert (await room.callbacks.request(Request(LI, "main", "service", START))).reason == "already_open"
    room.agent()
    await room.dialer.round()
    assert [number for _, number, _ in room.phones.dialled] == [LI]
    assert (await room.now(callback)).state is State.DIALLING
