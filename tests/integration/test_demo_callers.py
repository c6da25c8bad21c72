"""The demo's callers in the demo's phone menu: the practice PBX, the real flows, and what each caller gets done."""

import asyncio
import re
import shutil
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from cti.practice.agi.client import FastAgi, FileSounds
from cti.practice.demo import LivelyPbx
from cti.practice.dialplan import HOTLINE
from cti.practice.habits import Habits
from cti.practice.in_flows import Told
from cti.practice.names import COLLEAGUES
from cti.practice.people import Person, town
from cti.practice.queue_calls import QueueCall
from cti.practice.queues import NewMember
from cti.practice.stories import STORIES, Story
from ivr_flows.messages import Ended, Visit, VisitChanged
from server import demo, demo_flows
from server.wiring import House
from tests.real.ports import free_tcp
from tests.wait import until
from ticketing.messages import TicketFilter

SECONDS = 60
pytestmark = pytest.mark.asyncio(loop_scope="module")
NOBODY_ANSWERS = Habits(every=1e6, pick_up=(1e6, 1e6), long_patience=(1e6, 1e6), gives_up=0.0, rings_out=1.0)
TOWN = town(size=60)
OUT_OF_GAS = TOWN.people[0].district


class Demo:
    """A small town's demo, in which nobody calls by himself and nobody picks up."""

    def __init__(self, house: House, pbx: LivelyPbx, agi: FastAgi, folder: Path) -> None:
        self.house, self.pbx, self.agi, self.folder = house, pbx, agi, folder
        self.ended: list[Visit] = []
        self._news = asyncio.Event()
        house.bus.subscribe(VisitChanged, self._seen)
        own = [p for p in TOWN.people if p.grade != "A" and p.district != OUT_OF_GAS]
        own = [p for p in own if not any(line.shared for line in p.lines)]
        self.strangers = iter([p for p in own if p.account not in pbx.population.tickets])
        self.owners = iter([p for p in own if p.account in pbx.population.tickets])

    def _seen(self, event: VisitChanged) -> None:
        if event.visit.ended is not None:
            self.ended.append(event.visit)
            self._news.set()

    def calls(self, story: Story, *, hasty: bool = False) -> Person:
        """Someone with this story calls the hotline."""
        population = self.pbx.population
        person = next(self.owners if story.ticket else self.strangers)
        number = person.lines[0].e164
        own = {"account": person.account, "pin": person.pin, "wrong": "000000", "score": "4"}
        ticket = population.tickets.get(person.account, "")
        think = population.habits.hasty if hasty else population.habits.think
        population.in_flows.next = Told(story, own | {"ticket": ticket}, think)
        self.pbx.plan.inbound(number, HOTLINE)
        return person

    async def visit(self, person: Person, flow: str = "hotline") -> Visit:
        """The caller's visit to that flow, once it has ended."""
        async with asyncio.timeout(SECONDS):
            while True:
                for one in self.ended:
                    if one.number == person.lines[0].e164 and one.flow == flow:
                        return one
                self._news.clear()
                await self._news.wait()

    async def everybody_goes(self) -> None:
        """Returns when nobody is on the phone."""
        for name in list(self.pbx.world.channels):
            if name in self.pbx.world.channels:
                self.pbx.hang_up(self.pbx.world.channels[name])
        await self.pbx.until(lambda: not self.pbx.world.channels, SECONDS)


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Demo]:
    demo_flows.furnish(folder)
    voice = demo_flows.TimedVoice()
    pbx = LivelyPbx(speed=15, habits=NOBODY_ANSWERS)
    pbx.people = TOWN
    agi = FastAgi(FileSounds((folder / demo_flows.RECORDINGS).absolute(), voice.length))
    pbx.agi = agi
    async with pbx:
        settings = demo.settings_for(folder, 0, pbx.port)
        ivr = msgspec.structs.replace(
            settings.ivr, pin=msgspec.structs.replace(settings.ivr.pin, answer_seconds=0.01)
        )
        house = House(msgspec.structs.replace(settings, ivr=ivr), speaker=voice)
        await house.load_definitions()
        now = house.clock.now()
        await demo.seed(house, TOWN, now)
        await demo_flows.give_pins(house, TOWN.people, now)
        pbx.population.tickets = await demo_flows.open_tickets(house)
        await house.start()
        agi.port = house.ivr.port
        try:
            yield Demo(house, pbx, agi, folder)
        finally:
            await house.stop()
            await agi.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def small(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> AsyncIterator[Demo]:
    folder = tmp_path_factory.mktemp("demo")
    shutil.copy(sqlite_template, folder / "demo.db")
    async with opened(folder) as made:
        yield made


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def tidy(small: Demo) -> AsyncIterator[None]:
    yield
    await small.everybody_goes()


TOLD: dict[str, tuple[Ended, str, dict[str, Any]]] = {
    "balance": (Ended.SERVED, "", {"topic": "bill"}),
    "bill_then_person": (Ended.TRANSFERRED, "queue:service", {"topic": "bill"}),
    "wrong_pin": (Ended.TRANSFERRED, "queue:service", {"topic": "bill"}),
    "bill_in_a_hurry": (Ended.TRANSFERRED, "queue:service", {"topic": "bill"}),
    "outage": (Ended.SERVED, "", {"topic": "outage"}),  # leaves where everything was said
    "outage_then_person": (Ended.TRANSFERRED, "queue:service", {"topic": "outage"}),
    "fault_no_supply": (Ended.SERVED, "", {"topic": "fault", "kind": "no_supply"}),
    "fault_appliance": (Ended.TRANSFERRED, "queue:service", {"topic": "fault", "kind": "appliance"}),
    "meter_in_a_hurry": (Ended.TRANSFERRED, "queue:service", {"topic": "fault", "kind": "meter_fault"}),
    "no_supply_in_a_hurry": (Ended.TRANSFERRED, "queue:service", {"topic": "fault", "kind": "no_supply"}),
    "urges": (Ended.SERVED, "", {"topic": "status"}),
    "status_then_person": (Ended.TRANSFERRED, "queue:service", {"topic": "status"}),
    "danger": (Ended.TRANSFERRED, "queue:emergency", {"topic": "danger", "advice_given": "yes_"}),
    "person": (Ended.TRANSFERRED, "queue:service", {}),
    "call_me_back": (Ended.SERVED, "", {"callback.position": 1}),
    "gives_up_in_the_menu": (Ended.HUNG_UP, "", {}),
    "gives_up_at_the_account": (Ended.HUNG_UP, "", {"topic": "bill"}),
    "says_nothing": (Ended.TRANSFERRED, "queue:service", {}),
}


BY_NAME = {story.name: story for story in STORIES}


async def test_each_story_ends_as_it_is_meant_to(small: Demo) -> None:
    assert set(TOLD) == set(BY_NAME)
    small.pbx.queues.add(NewMember("emergency", "PJSIP/1002"))
    last = BY_NAME["call_me_back"]
    callers = {story.name: small.calls(story) for story in STORIES if story is not last}
    visits = {name: await small.visit(person) for name, person in callers.items()}
    # Only now do as many wait that a call-back is offered.
    visits[last.name] = await small.visit(small.calls(last))
    for name, visit in visits.items():
        ended, detail, answers = TOLD[name]
        assert (name, visit.ended, visit.detail) == (name, ended, detail)
        assert answers.items() <= visit.answers.items(), name
    assert not small.house.visits.troubles
    assert visits["balance"].auth == "pin"
    assert visits["urges"].answers["urged.times"] == 1
    await _is_heard(small, visits["fault_no_supply"])


async def _is_heard(small: Demo, visit: Visit) -> None:
    """The caller's words are a sound, on the ticket that was opened."""
    number = visit.answers["ticket.number"]
    (ticket,) = [
        one for one in await small.house.tickets.list(TicketFilter(open=True), 100) if one.number == number
    ]
    assert ticket.fields["recording"] == visit.answers["words"] == visit.recordings[0]
    sam = next(user for user in await small.house.identity.users() if user.name == "sam")
    recording, sound = await small.house.recordings.listen(sam, visit.recordings[0])
    with sound, wave.open(sound) as made:
        assert made.getnframes() / made.getframerate() == pytest.approx(recording.seconds, abs=1.0)
        assert any(made.readframes(8000))


async def test_danger_comes_before_all_others(small: Demo) -> None:
    queue = small.pbx.queues.queues["emergency"]
    small.pbx.caller("13012345678", "4004")
    small.pbx.caller("13012345679", "4004")
    person = small.calls(BY_NAME["danger"])
    await small.visit(person)
    await small.pbx.until(lambda: len(queue.calls) == 3)
    assert queue.calls[0].caller.caller_num == person.lines[0].e164
    board = small.house.switchboard.lines["main"].board
    await until(lambda: len(board.waiting("emergency")) == 3, SECONDS)
    assert sorted(one.priority for one in board.waiting("emergency")) == [0, 0, 20], "as the flow said"
    await small.house.switchboard.watchdogs["main"].look()
    assert sorted(one.priority for one in board.waiting("emergency")) == [0, 0, 20], "as the PBX lists them"


async def test_a_caller_scores_a_call_that_the_agent_has_ended(small: Demo) -> None:
    pbx = small.pbx
    person = small.calls(BY_NAME["person"])
    await pbx.until(lambda: pbx.ringing("1003"), SECONDS)
    pbx.answer("1003")
    pbx.hang_up("1003")
    visit = await small.visit(person, "survey")
    assert (visit.ended, visit.answers) == (Ended.SERVED, {"score": 4})
    score = await small.house.surveys.of_call(visit.call_id)
    assert score is not None
    assert score.score == 4


async def test_an_agent_who_gets_ready_has_a_caller_from_the_menu(small: Demo) -> None:
    pbx = small.pbx
    pbx.population.running = True
    for extension in COLLEAGUES:
        pbx.queues.pause("service", f"PJSIP/{extension}", True, "")
    pbx.queues.add(NewMember("service", "PJSIP/1001"))
    await pbx.until(lambda: pbx.ringing("1001"), SECONDS)
    called = pbx.ring("1001").caller
    assert called is not None
    assert called.dnid == HOTLINE
    assert small.ended[-1].ended is Ended.TRANSFERRED
    pbx.population.running = False
    for extension in COLLEAGUES:
        pbx.queues.pause("service", f"PJSIP/{extension}", False, "")
    pbx.queues.remove("service", "PJSIP/1001")


async def test_a_changed_flow_is_heard_by_the_next_caller(small: Demo) -> None:
    followed = demo_flows.FlowsFollowed(small.house, small.folder)
    assert not await followed.look()
    hotline = small.folder / demo_flows.FLOWS / "hotline.yaml"
    before = hotline.read_text("utf-8")
    hotline.write_text(before.replace("otherwise: welcome", "otherwise: nowhere"), "utf-8")
    assert "nowhere" in await followed.look()
    goodbye = "{do: hangup, text: {en: Welcome back., zh: 您好，欢迎再次致电。}}"
    changed = re.sub(r"(?m)^  greeting: .*$", f"  greeting: {goodbye}", before)
    hotline.write_text(changed, "utf-8")
    assert await followed.look() == "The changed flows are in force for the next caller."
    visit = await small.visit(small.calls(BY_NAME["person"]))
    assert (visit.ended, visit.path[-1]) == (Ended.SERVED, "hotline/greeting")
    hotline.write_text(before, "utf-8")
    await followed.look()


async def test_without_a_server_callers_go_to_the_queue(small: Demo) -> None:
    agi, pbx = small.agi, small.pbx
    port, agi.port = agi.port, free_tcp()
    caller = pbx.caller("13012345670", HOTLINE)
    await pbx.until(lambda: isinstance(caller.flow, QueueCall), SECONDS)
    assert caller.app_data.startswith("service")
    agi.port = port
