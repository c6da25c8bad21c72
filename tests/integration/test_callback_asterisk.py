"""Call-backs on a real Asterisk with SIP phones: the agent's rings, then the caller's, and what came of it is known."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from msgspec.structs import replace

from config.settings import CallbackSettings, IvrSettings, SpeechSettings, SurveySettings
from cti.commands import Asked
from customers.messages import NewCustomer
from ivr_flows.callbacks.model import Callback, CallbackChanged, State
from ivr_flows.callbacks.service import Request
from ivr_flows.messages import Ended, Language, Visit
from ivr_flows.surveys.store import Wanted
from server.wiring import House
from tests.real.ami import Message
from tests.real.asterisk import Asterisk, QueueSetup
from tests.real.parts import require
from tests.real.sipp import Caller, Phone, answers, rejects
from tests.real.staffed import ready, settings_on, staffed
from tests.wait import until
from ticketing.messages import Actor, NewTicket

pytestmark = pytest.mark.asyncio(loop_scope="module")
LI, WANG, STRANGER = "+8613800138000", "+8613911112222", "+8613700001111"
SECONDS = 60.0


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pbx() -> AsyncIterator[Asterisk]:
    require("sipp")
    require("espeak-ng")
    async with Asterisk({"service": QueueSetup(members=("1001",))}) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(
    pbx: Asterisk, tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path
) -> AsyncIterator[House]:
    path = tmp_path_factory.mktemp("callbacks") / "ringdesk.db"
    shutil.copy(sqlite_template, path)
    speech = SpeechSettings(folder=str(pbx.run / "spoken"), pbx_folder="/srv/spoken", seconds=60)
    settings = settings_on(
        pbx,
        str(path),
        ivr=IvrSettings(port=pbx.agi_port, speech=speech),
        survey=SurveySettings(after_ticket=True, delay_minutes=0),
        # A second between two tries, and no night.
        callback=CallbackSettings(gap_minutes=(1 / 60,), first_hour="00:00", last_hour="24:00"),
    )
    async with staffed(settings, {"anna": "1001"}) as house:
        await house.customers.create("test", NewCustomer("李娜", (LI,)), house.clock.now())
        yield house


async def ask(house: House, number: str, asked_call: str = "", *, pause: bool = False) -> Callback:
    """Asks for a call-back once the agent is ready, who takes a break before that where `pause` says so."""
    await until(lambda: ready(house, ("anna",)), SECONDS)
    now = house.clock.now()
    if pause:
        await house.phones.pause(Asked("anna", now), "lunch")
    wanted = Request(number, "main", "service", now, number, asked_call=asked_call)
    answered = await house.callbacks.request(wanted)
    assert answered.callback is not None, answered.reason
    return answered.callback


class Watch:
    """What a call-back comes to, as it is told on the bus."""

    def __init__(self, house: House, id: str) -> None:
        self.told: list[Callback] = []
        house.bus.subscribe(
            CallbackChanged,
            lambda event: self.told.append(event.callback) if event.callback.id == id else None,
        )

    async def state(self, *wanted: State) -> Callback:
        await until(lambda: bool(self.told) and self.told[-1].state in wanted, SECONDS)
        return self.told[-1]


async def test_the_caller_is_reached_and_the_agent_saw_who_it_would_be(pbx: Asterisk, house: House) -> None:
    async with Phone(pbx, "1001") as anna, Phone(pbx, "outside") as caller:
        visit = Visit("v1", "main-9.9", "main", "hotline", Language.ZH, LI, house.clock.now(), auth="pin")
        house.visits.put(
            replace(visit, path=("hotline/menu",), answers={"topic": "bill"}, ended=Ended.SERVED)
        )
        callback = await ask(house, LI, "main-9.9")
        watch = Watch(house, callback.id)
        await anna.ringing()
        await until(lambda: bool(house.popper.pops_of("anna", "en")), SECONDS)
        await until(lambda: house.popper.pops_of("anna", "zh_CN")[0]["match"] == "one", SECONDS)
        (pop,) = house.popper.pops_of("anna", "zh_CN")
        assert (pop["stage"], pop["queue"], pop["customers"][0]["name"]) == ("ringing", "service", "李娜")
        assert pop["callback"]["tries"] == 0
        assert (pop["ivr"]["answers"], pop["ivr"]["auth"]) == ({"topic": "bill"}, "")
        assert "回拨" in pop["html"]
        assert caller.reports == [], "the caller is not rung before the agent is there"
        await anna.answer()
        await caller.answer()
        reached = await watch.state(State.REACHED)
        assert reached.agent == "anna"
        await caller.hang_up()
        await until(lambda: house.switchboard.call(reached.call_id) is None, SECONDS)
        await house.recorder.flush()
        call = await house.calls.get(reached.call_id)
        assert call is not None
        assert (call.direction.value, call.dialled, call.outcome and call.outcome.value) == (
            "outbound",
            "13800138000",
            "answered",
        )
        assert (await house.callbacks.get(callback.id)).closed_at is not None


async def test_busy_then_reached_at_the_second_try(pbx: Asterisk, house: House) -> None:
    async with Phone(pbx, "1001", answers()):
        async with Phone(pbx, "outside", rejects()):
            callback = await ask(house, WANG)
            watch = Watch(house, callback.id)
            await until(lambda: any(one.tries == 1 for one in watch.told), SECONDS)
            (first,) = [one for one in watch.told if one.tries == 1 and one.state is State.WAITING][:1]
            assert first.reason == "busy"
        async with Phone(pbx, "outside", answers()) as caller:
            reached = await watch.state(State.REACHED, State.GIVEN_UP)
            assert reached.state is State.REACHED
            assert reached.tries in (1, 2)  # one more try may have met the moment between the two phones
            await caller.hang_up()


async def test_who_calls_again_and_talks_with_an_agent_is_not_called_back(
    pbx: Asterisk, house: House
) -> None:
    async with Phone(pbx, "1001") as anna, Caller(pbx, "4001", LI.removeprefix("+86")) as caller:
        await anna.ringing()
        now = house.clock.now()
        asked = await house.callbacks.request(Request(LI, "main", "service", now, LI))
        assert asked.callback is not None
        watch = Watch(house, asked.callback.id)
        await anna.answer()
        reached = await watch.state(State.REACHED)
        assert (reached.reason, reached.tries, reached.call_id) == ("talked", 0, "")
        await caller.hang_up()


async def test_an_agent_who_turns_it_down_costs_the_caller_nothing(pbx: Asterisk, house: House) -> None:
    async with Phone(pbx, "1001", rejects()), Phone(pbx, "outside") as caller:
        callback = await ask(house, STRANGER)
        watch = Watch(house, callback.id)
        await until(lambda: any(one.reason for one in watch.told), SECONDS)
        put_off = watch.told[-1]
        assert (put_off.state, put_off.reason, put_off.tries) == (State.WAITING, "agent_away", 0)
        assert caller.reports == []
        await house.callbacks.cancel(callback.id, "anna")


async def test_an_agent_who_hangs_up_while_the_caller_is_rung_costs_the_caller_nothing(
    pbx: Asterisk, house: House
) -> None:
    async with Phone(pbx, "1001") as anna, Phone(pbx, "outside") as caller:
        callback = await ask(house, STRANGER)
        watch = Watch(house, callback.id)
        await anna.answer()
        await caller.ringing()
        await anna.hang_up()
        await caller.wait("ended", seconds=SECONDS)
        put_off = await watch.state(State.WAITING)
        assert (put_off.reason, put_off.tries, put_off.picked_up) == ("agent_away", 0, True)
        await house.callbacks.cancel(callback.id, "anna")


async def test_a_vip_on_the_line_goes_before_who_is_to_be_called_back(pbx: Asterisk, house: House) -> None:
    async with Phone(pbx, "1001") as anna, Phone(pbx, "outside", answers()):
        callback = await ask(house, WANG, pause=True)
        watch, seen = Watch(house, callback.id), len(pbx.ami.messages)
        async with Caller(pbx, "4001", "13500002222") as vip:
            joined = await pbx.ami.event("QueueCallerJoin", since=seen, seconds=SECONDS)
            rank = {"Queue": "service", "Caller": joined["Channel"], "Priority": "10"}
            await pbx.ami.action("QueueChangePriorityCaller", rank)
            await house.switchboard.watchdogs["main"].look()
            await house.phones.ready(Asked("anna", house.clock.now()))
            await anna.answer()
            await pbx.ami.event("AgentConnect", since=seen, Uniqueid=joined["Uniqueid"], seconds=SECONDS)
            assert watch.told == [], "nobody was called back before the VIP was served"
            await vip.hang_up()
        await anna.ringing(count=2)
        await anna.answer(anna.reports[-1].call_id)
        assert (await watch.state(State.REACHED)).tries == 0


def listens(message: Message) -> bool:
    """Whether Asterisk takes keys from now on; between two commands of a flow it throws them away."""
    command = message.get("Command", "")
    return (
        message.get("Event") == "AGIExecStart" and command.startswith("STREAM FILE") and '""' not in command
    )


async def test_a_customer_is_rung_up_about_a_ticket_and_scores_it_by_keypad(
    pbx: Asterisk, house: House
) -> None:
    anna, number = Actor("anna", frozenset({"agent"})), "+8613500001111"
    new = NewTicket("inquiry", "Opening hours", fields={"contact_phone": number})
    ticket = await house.tickets.open(anna, new, house.clock.now())
    seen = len(pbx.ami.messages)
    async with Phone(pbx, "1001") as agent, Phone(pbx, "outside") as customer:
        await house.tickets.fire(ticket.id, "answer", anna, {"answer": "At nine"}, 1, house.clock.now())
        await customer.answer()
        await until(lambda: any(one.node == "ticket_survey/score" for one in house.visits.live()), SECONDS)
        (visit,) = house.visits.live()
        await pbx.ami.wait(listens, since=seen, seconds=SECONDS)
        await customer.press("4")
        await customer.wait("ended", seconds=SECONDS)
        rated = await house.tickets.get(ticket.id)
        assert (rated.state, rated.fields["satisfaction"]) == ("answered", 4)
        assert agent.reports == [], "no agent is needed"
    last = (await house.tickets.history(ticket.id))[-1]
    assert (last.event, last.actor, last.data["call_id"]) == ("rate", "ivr", visit.call_id)
    callback = await house.callbacks.store.of_ticket(ticket.number)
    assert callback is not None
    assert (callback.state, callback.number, callback.call_id) == (State.REACHED, number, visit.call_id)
    (score,) = await house.surveys.page(Wanted(kind="ticket"), 10, "")
    assert (score.about, score.score, score.number) == (ticket.number, 4, number)
    await until(lambda: house.switchboard.call(visit.call_id) is None, SECONDS)
    await house.recorder.flush()
    call = await house.calls.get(visit.call_id)
    assert call is not None
    assert (call.direction.value, call.dialled, call.outcome and call.outcome.value) == (
        "outbound",
        "13500001111",
        "answered",
    )


async def test_numbers_that_the_policy_bars_never_reach_the_pbx(pbx: Asterisk, house: House) -> None:
    now = house.clock.now()
    for number in ("+442079460018", "+86110", "+8695598"):
        answered = await house.callbacks.request(Request(number, "main", "service", now, number))
        assert answered.reason == "not_allowed"
