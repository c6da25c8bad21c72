"""The Queue application: one caller who waits, is offered to agents, is answered or gives up."""

from __future__ import annotations

from collections.abc import Callable

from cti.practice.channels import UP, Channel
from cti.practice.queues import Member, Queue, Queues
from cti.practice.rings import Ring
from cti.practice.talks import Talk
from cti.practice.timeline import Alarm
from cti.practice.wire import lines

MAX_WAIT = 300.0  # seconds: the dialplan's Queue(service,,,,300)


class QueueCall:
    """One caller in one queue, from joining on until the talk begins or the caller is gone."""

    def __init__(
        self,
        queues: Queues,
        queue: Queue,
        caller: Channel,
        over: Callable[[], None],
        seconds: float = MAX_WAIT,
    ) -> None:
        """`over` is called when the caller has waited for that long."""
        self.priority = 0
        """QUEUE_PRIO: the higher the sooner."""
        self.goes_on: Callable[[], None] | None = None
        """Option c: where the caller goes on when the agent hangs up first."""
        self.step = 3
        """Which step of its extension this is."""
        self.queues, self.queue, self.caller = queues, queue, caller
        self.world = queues.world
        self.over = over
        self.joined = self.world.now()
        self.seconds = seconds
        self.offers: dict[Ring, Member] = {}
        self.rings: list[Ring] = []
        self._next = 0
        self._not_before = 0.0
        self._alarm: Alarm | None = None
        self._expiry = self.world.timeline.later(seconds, self._expired)

    def join(self) -> None:
        caller, queue, world = self.caller, self.queue, self.world
        caller.flow = self
        caller.set(application="Queue", app_data=f"{queue.name},,,,{self.seconds:g}", priority=self.step)
        behind = sum(other.priority < self.priority for other in queue.calls)
        queue.calls.insert(len(queue.calls) - behind, self)
        self.original = queue.calls.index(self) + 1
        self.queues.changed(queue)
        place = lines(Queue=queue.name, Position=self.original, Count=len(queue.calls))
        world.tell("QueueCallerJoin", caller.lines(), place)
        world.tell("MusicOnHoldStart", caller.lines(), lines(Class="default"))
        self.queues.poke()

    # --- offering ---------------------------------------------------------------------------------------

    def attempt(self) -> bool:
        """Ring who may be rung; false where nobody could, so that callers behind need not try."""
        if self.rings or self.world.now() < self._not_before:
            return True
        world, members = self.world, self.queues.ringable(self.queue)
        if not members:
            return False
        if self.queue.strategy == "linear":
            members = [members[self._next % len(members)]]
            self._next += 1
        for member in members:
            self._offer(member)
        if len(members) == 1:  # with several, Asterisk waits to see who answers
            world.connected(self.caller, self.rings[0].dest)
        for ring in list(self.rings):
            ring.start()
        self._alarm = world.timeline.later(self.queue.timeout, self._unanswered)
        return True

    def _offer(self, member: Member) -> None:
        world, caller = self.world, self.caller
        dest = self._leg(member)
        dest.set(application="AppQueue", app_data="(Outgoing Line)")
        world.connected(dest, caller)
        ring = Ring(world, dest, caller, self, "queue")
        self.rings.append(ring)
        self.offers[ring] = member
        world.tell("AgentCalled", ring.lines, self._agent(ring))
        world.tell("DialBegin", ring.lines, lines(DialString=member.interface))

    def _leg(self, member: Member) -> Channel:
        """A Local member is called through the dialplan: Local/1001@agents, with /n where it is to stay."""
        world, caller = self.world, self.caller
        technology, _, place = member.interface.partition("/")
        if technology == "Local":
            exten, _, context = place.removesuffix("/n").partition("@")
            line, _ = world.local(context, exten, caller, stays=place.endswith("/n"))
            return line
        dest = world.channel(member.interface, parent=caller)
        dest.set(exten=caller.exten)
        return dest

    def _agent(self, ring: Ring, **more: object) -> bytes:
        member = self.offers[ring]
        return lines(Queue=self.queue.name, Interface=member.interface, MemberName=member.name, **more)

    def refused(self, ring: Ring, cause: int) -> None:
        """An agent's phone turned the call down."""
        self.rings.remove(ring)
        self.world.tell("DialEnd", ring.lines, lines(DialStatus="NOANSWER"))
        self.world.tell("AgentRingNoAnswer", ring.lines, self._agent(ring, RingTime=self._rung(ring)))
        self.world.destroy(ring.dest, cause, {17: "486", 21: "603"}.get(cause, ""))
        if not self.rings:
            self._again()

    def forwarded(self, ring: Ring, instead: Ring) -> None:
        """It stays the offer of the member whose phone sent it on; AgentCalled is not told again."""
        self.rings[self.rings.index(ring)] = instead
        self.offers[instead] = self.offers[ring]

    def _unanswered(self) -> None:
        self._no_answer()
        self._again()

    def _no_answer(self) -> None:
        for ring in self.rings:
            ring.cancel()
            self.world.tell("AgentRingNoAnswer", ring.lines, self._agent(ring, RingTime=self._rung(ring)))
            self.world.tell("DialEnd", ring.lines, lines(DialStatus="NOANSWER"))
        ended, self.rings = self.rings, []
        self._silence(ended, 0)

    def _rung(self, ring: Ring) -> int:
        """Milliseconds, in whole seconds as Asterisk counts them."""
        return int(self.world.now() - ring.began) * 1000

    def _again(self) -> None:
        if self._alarm:
            self._alarm.cancel()
        self._not_before = self.world.now() + self.queue.retry
        self.queues.poke(self.queue.retry)

    def _silence(self, rings: list[Ring], cause: int) -> None:
        """Phones that ring no more, each told twice as Asterisk does."""
        for ring in rings:
            ring.cancel()
            self.world.tell("DialEnd", ring.lines, lines(DialStatus="CANCEL"))
        for ring in rings:
            self.world.destroy(ring.dest, cause)

    # --- ends -------------------------------------------------------------------------------------------

    def answered(self, ring: Ring) -> None:
        """The first agent to pick up gets the caller."""
        world, caller, member = self.world, self.caller, self.offers[ring]
        others = [other for other in self.rings if other is not ring]
        if not ring.picked_up:
            world.tell("DialEnd", ring.lines, lines(DialStatus="ANSWER"))
        for other in others:
            other.cancel()
            world.tell("DialEnd", other.lines, lines(DialStatus="CANCEL"))
        if caller.connected_num != ring.dest.caller_num:
            world.connected(caller, ring.dest)
        for other in others:
            world.tell("DialEnd", other.lines, lines(DialStatus="CANCEL"))
        world.tell("MusicOnHoldStop", caller.lines())
        hold = self._leave()
        self.queue.holdtime = (self.queue.holdtime * 3 + hold) // 4 if self.queue.holdtime else hold
        ring_time = int(world.now() - ring.began)
        world.tell("AgentConnect", ring.lines, self._agent(ring, HoldTime=hold, RingTime=ring_time))
        member.in_call = True
        if caller.state != UP:  # an agent's transfer into the queue: the extension does not answer by itself
            world.state(caller, UP)
        talk = Talk(world, caller, ring.dest, lambda why: self._complete(talk, ring, hold, why))
        talk.goes_on = self.goes_on
        for other in others:
            world.destroy(other.dest, 26)
        talk.join()

    def _complete(self, talk: Talk, ring: Ring, hold: int, why: str) -> None:
        now = self.world.now()
        seconds = int(now - talk.began)
        member = self.offers[ring]
        done = self._agent(ring, HoldTime=hold, TalkTime=seconds, Reason=why)
        caller = talk.caller.lines() if talk.caller.alive else b""
        agent = talk.other.lines("Dest") if talk.other.alive else b""
        self.world.tell("AgentComplete", caller, agent, done)
        member.in_call, member.calls_taken, member.last_call = False, member.calls_taken + 1, int(now)
        queue = self.queue
        queue.completed += 1
        queue.talktime = (queue.talktime * 3 + seconds) // 4 if queue.talktime else seconds
        self.queues.poke(queue.wrapuptime + 1)

    def left(self, channel: Channel, cause: int, end: bool = True) -> None:
        """The caller gives up, or is taken out of the queue."""
        world, caller = self.world, self.caller
        world.tell("MusicOnHoldStop", caller.lines())
        rings, self.rings = self.rings, []
        for ring in rings:
            ring.cancel()
            world.tell("DialEnd", ring.lines, lines(DialStatus="CANCEL"))
        self._silence(rings, 0)
        if end:
            self._abandoned()
        self._leave()
        caller.flow = None
        if end:
            world.soft_hangup(caller)
            world.destroy(caller, 0)

    def _expired(self) -> None:
        """The caller has waited as long as the dialplan lets one wait; while a phone rings that is an abandon too."""
        if self.rings:
            self._no_answer()
            self._abandoned()
        self.world.tell("MusicOnHoldStop", self.caller.lines())
        self._leave()
        self.over()

    def _abandoned(self) -> None:
        self.queue.abandoned += 1
        place = self.queue.calls.index(self) + 1
        self.world.tell(
            "QueueCallerAbandon",
            self.caller.lines(),
            lines(Queue=self.queue.name, Position=place, OriginalPosition=self.original),
            lines(HoldTime=int(self.world.now() - self.joined)),
        )

    def _leave(self) -> int:
        for alarm in (self._alarm, self._expiry):
            if alarm:
                alarm.cancel()
        queue = self.queue
        place = queue.calls.index(self) + 1
        queue.calls.remove(self)
        self.queues.changed(queue)
        self.world.tell(
            "QueueCallerLeave",
            self.caller.lines(),
            lines(Queue=queue.name, Position=place, Count=len(queue.calls)),
        )
        return int(self.world.now() - self.joined)
