"""The people of the demo: callers who come, wait and give up, agents' phones that are answered by themselves.

All chances and seconds of their behaviour are in `Habits`.
"""

from __future__ import annotations

import random
from collections.abc import Mapping

from cti.practice.agi.run import AgiRun
from cti.practice.channels import Channel
from cti.practice.dialplan import HOTLINE, Dialplan, Menu
from cti.practice.habits import OVERFLOWS, Habits, Span
from cti.practice.in_flows import FlowCallers, Told
from cti.practice.names import HOSTILE
from cti.practice.parking import Parked
from cti.practice.people import Line, Person, Town
from cti.practice.queue_calls import QueueCall
from cti.practice.queues import Member
from cti.practice.rings import Dial, Ring
from cti.practice.rooms import Room
from cti.practice.talks import Talk
from cti.practice.timeline import Act
from cti.practice.world import TRUNK


class Population:
    """Moves into a world. `visitor` is the extension that gets calls before its colleagues."""

    def __init__(
        self, plan: Dialplan, town: Town, rng: random.Random, habits: Habits, visitor: str = "1001"
    ) -> None:
        self.plan, self.rng, self.habits, self.visitor = plan, rng, habits, visitor
        self.world = plan.world
        self.people = town.people
        shared = {line.e164: line for person in town.people for line in person.lines if line.shared}
        self.shared = tuple(shared.values())
        self.known = {line.e164 for person in town.people for line in person.lines}
        self.of_number = {line.e164: person for person in town.people for line in person.lines}
        self.tickets: Mapping[str, str] = {}
        """By account, what its customer keys for an open ticket."""
        self.running = False
        self._first_due = False
        self.in_flows = FlowCallers(rng, self._later, self._out_of_flow)

    def start(self) -> None:
        """Begin to live."""
        self.running = True
        self.world.on_ring.append(self._rings)
        self.world.on_talk.append(self._talks)
        self.plan.queues.on_ready.append(self._ready)
        self.plan.rooms.on_join.append(self._meets)
        self.plan.serving.on_run.append(self.in_flows.meets)
        self._next()

    def stop(self) -> None:
        """No more callers; what is under way goes on."""
        self.running = False

    # --- callers ----------------------------------------------------------------------------------------

    def _next(self) -> None:
        seconds = min(self.rng.expovariate(1 / self.habits.every), self.habits.every * 3)
        self.world.timeline.later(seconds, self._arrive)

    def _arrive(self) -> None:
        if self.running:
            if self._room():
                self.call()
            self._next()

    def _room(self) -> bool:
        waiting = sum(len(queue.calls) for queue in self.plan.queues.queues.values())
        inbound = sum(leg.endpoint == TRUNK for leg in self.world.channels.values())
        return inbound < self.habits.most and waiting < self.habits.most_waiting

    def call(self, did: str = "", *, hasty: bool = False) -> Channel:
        """One caller of a random kind calls now; a `hasty` one gets through the phone menu in no time."""
        number, name = self._who(known=0.7 if hasty else 0.0)
        did = did or self._line()
        if did == HOTLINE:
            self.in_flows.next = self._told(number, hasty=hasty)
        caller = self.plan.inbound(number, did, name)
        if isinstance(caller.flow, Menu):
            self._in_menu(caller, caller.flow)
        elif not isinstance(caller.flow, AgiRun):
            self._patience(caller)
        return caller

    def _told(self, number: str, *, hasty: bool) -> Told:
        """What this caller wants of the phone menu. Who calls from a shared line or a strange one knows an account too,
        most of the time."""
        digits = number.removeprefix("0086").removeprefix("+86")
        person = self.of_number.get(f"+86{digits.removeprefix('0')}")
        own = person is not None and not any(line.shared for line in person.lines)
        if person is None and self.people and self.rng.random() < 0.7:
            person = self.rng.choice(self.people)
        ticket = self.tickets.get(person.account, "") if person and own else ""
        queues = self.plan.queues
        danger = bool(queues.ringable(queues.queues["emergency"]))
        story = self.in_flows.choose(known=own, ticket=bool(ticket), danger=danger, hasty=hasty)
        figures = {"score": self.in_flows.score(), "wrong": "000000"}
        if person:
            figures |= {"account": person.account, "pin": person.pin}
        if ticket:
            figures["ticket"] = ticket
        return Told(story, figures, self.habits.hasty if hasty else self.habits.think)

    def _out_of_flow(self, caller: Channel) -> None:
        """The flow is over: who waits now does not wait for ever."""
        if isinstance(caller.flow, QueueCall | Dial):
            self._patience(caller)

    def _line(self) -> str:
        """A number to dial, of those where someone can answer."""
        queues = self.plan.queues
        served = self.plan.serving.service is not None
        choices = {HOTLINE: 75.0, "4001": 10.0, "4002": 5.0} if served else {"4001": 62.0, "4002": 24.0}
        if queues.ringable(queues.queues["emergency"]):
            choices["4004"] = 10.0
            choices |= dict.fromkeys(self.plan.ways.keys() & {OVERFLOWS}, 8.0)
        if any(queues.ringable(queue) and self._visiting(queue.name) for queue in queues.queues.values()):
            choices["4003"] = 5.0
        return self.rng.choices(list(choices), list(choices.values()))[0]

    def _visiting(self, queue: str) -> bool:
        member = self.plan.queues.queues[queue].members.get(f"PJSIP/{self.visitor}")
        return member is not None and not member.paused and member.status == 1

    def _who(self, known: float = 0.0) -> tuple[str, str]:
        """Number and name; one whom we know for sure with that chance."""
        rng = self.rng
        kind = rng.choices(("known", "shared", "unknown", "anonymous"), self.habits.kinds)[0]
        if known and rng.random() < known:
            kind = "known"
        if kind == "anonymous":
            return "anonymous", rng.choice(("Anonymous", ""))
        if kind == "shared" and self.shared:
            return self._presented(rng.choice(self.shared)), ""
        if kind == "known" and self.people:
            person = rng.choice(self.people)
            return self._presented(_own(person)), self._shown(person.name)
        return self._stranger(), rng.choice(HOSTILE) if rng.random() < 0.4 else ""

    def _stranger(self) -> str:
        while True:
            number = f"1{self.rng.choice('3589')}{self.rng.randrange(10**9):09d}"
            if f"+86{number}" not in self.known:
                return number

    def _presented(self, line: Line) -> str:
        """The number as a carrier may send it: mostly national, sometimes with the country."""
        national = line.e164.removeprefix("+86")
        trunk = national if national.startswith("1") else f"0{national}"
        return self.rng.choices((trunk, line.e164, f"0086{national}"), (80, 14, 6))[0]

    def _shown(self, name: str) -> str:
        return self.rng.choices(("", name, self.rng.choice(HOSTILE)), (70, 24, 6))[0]

    def _in_menu(self, caller: Channel, menu: Menu) -> None:
        if self.rng.random() < 0.06:
            self._later((1, 4), lambda: self._leave(caller))
            return
        key = self.rng.choices(("1", "2", ""), (80, 4, 16))[0]
        if key:
            self._later((2, 5), lambda: menu.press(key))
        self._patience(caller)

    def _patience(self, caller: Channel) -> None:
        short = self.rng.random() < self.habits.gives_up
        self._later(self.habits.patience if short else self.habits.long_patience, lambda: self._leave(caller))

    def _leave(self, caller: Channel) -> None:
        """Give up, unless somebody is on the line by now."""
        if caller.alive and isinstance(caller.flow, QueueCall | Menu | Dial | Parked):
            self.world.hang_up(caller)

    def _meets(self, channel: Channel) -> None:
        """Customers do not stay in a conference room for ever."""
        if channel.endpoint == TRUNK:
            self._later(self.habits.talk, lambda: self._leaves_room(channel))

    def _leaves_room(self, channel: Channel) -> None:
        if channel.alive and isinstance(channel.flow, Room):
            self.world.hang_up(channel)

    def _ready(self, member: Member) -> None:
        """Somebody got ready: a caller comes soon, if none is waiting already."""
        queue = self.plan.queues.queues[member.queue]
        if self.running and not self._first_due and not queue.calls and member.status == 1:
            self._first_due = True
            self._later(self.habits.first, lambda: self._first(member))

    def _first(self, member: Member) -> None:
        self._first_due = False
        if self.running and not member.paused and self._room():
            served = self.plan.serving.service is not None
            did = HOTLINE if served else "4001"
            self.call("4004" if member.queue == "emergency" else did, hasty=served)

    # --- agents and the world outside ---------------------------------------------------------------------

    def _rings(self, ring: Ring) -> None:
        habits, rng = self.habits, self.rng
        if ring.dest.endpoint == TRUNK:
            fate = rng.random()
            if fate < habits.outside_busy:
                cause = rng.choice((17, 21, 1))
                self._later((1, 3), lambda: ring.refuse(cause))
            elif fate < 1 - habits.outside_away:
                self._later(habits.outside, ring.answer)
        elif ring.why == "originate":
            self._later(habits.own_phone, ring.answer)
        elif rng.random() >= habits.rings_out:
            self._later(habits.step_in if self._has_visitor(ring) else habits.pick_up, ring.answer)

    def _has_visitor(self, ring: Ring) -> bool:
        """Whether this is a colleague's phone and the visitor's rings for the same caller."""
        owner = ring.owner
        if ring.dest.extension == self.visitor or not isinstance(owner, QueueCall):
            return False
        return any(other.dest.extension == self.visitor for other in owner.rings)

    def _talks(self, talk: Talk) -> None:
        habits, rng = self.habits, self.rng
        seconds = rng.uniform(*habits.talk)
        agent = talk.other if talk.other.endpoint != TRUNK else talk.caller
        if rng.random() < habits.holds:
            begin, length = seconds * rng.uniform(0.3, 0.6), rng.uniform(*habits.hold)
            self.world.timeline.later(begin, lambda: talk.hold(agent))
            self.world.timeline.later(begin + length, lambda: talk.resume(agent))
            seconds += length
        stays = self.habits.stays_for_survey if talk.goes_on else 0.3
        goes = talk.peer(agent) if rng.random() < 1 - stays else agent
        self.world.timeline.later(seconds, lambda: self._ends(talk, goes))

    def _ends(self, talk: Talk, goes: Channel) -> None:
        if (
            talk.open and goes.flow is not talk
        ):  # the agent asks a colleague meanwhile: nobody loses patience then
            self._later(self.habits.hold, lambda: self._ends(talk, goes))
        elif talk.open:
            self.world.hang_up(goes)

    def _later(self, span: Span, act: Act) -> None:
        self.world.timeline.later(self.rng.uniform(*span), act)


def _own(person: Person) -> Line:
    """A line that only this person has."""
    return next(line for line in person.lines if not line.shared)
