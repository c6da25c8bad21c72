"""A phone that rings, and the dialling of others: extensions, the outside, a colleague."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from cti.practice.channels import DOWN, RINGING, UP, Channel
from cti.practice.timeline import Alarm
from cti.practice.wire import lines
from cti.practice.world import TRUNK, World

SIP_STATUS = {1: "404", 17: "486", 18: "408", 21: "603", 23: "302"}
"""What the other side said, by the cause that Asterisk makes of it."""


class Caller(Protocol):
    """Who made a phone ring, and hears how it ended."""

    def answered(self, ring: Ring) -> None: ...

    def refused(self, ring: Ring, cause: int) -> None: ...

    def forwarded(self, ring: Ring, instead: Ring) -> None:
        """The phone sent the caller on to another extension, which rings `instead`."""
        ...


class Ring:
    """A phone that rings. `why`: queue, dial or originate. Answer or refuse it once; later ones do nothing."""

    def __init__(self, world: World, dest: Channel, caller: Channel | None, owner: Caller, why: str) -> None:
        self.world, self.dest, self.caller, self.owner, self.why = world, dest, caller, owner, why
        self.began = world.now()
        self.open = True
        self.picked_up = False
        """By a colleague, from another phone."""
        dest.flow = self
        if dest.partner is not None:
            dest.on_far_answer = self.answer

    @property
    def lines(self) -> bytes:
        return (self.caller.lines() if self.caller else b"") + self.dest.lines("Dest")

    def start(self) -> None:
        """The phone begins to sound, if it is there; a Local channel goes through the dialplan to one."""
        world, dest = self.world, self.dest
        if dest.endpoint in world.unplugged or not self.open:
            return
        if dest.partner is not None:
            world.send_on(dest.partner, dest.context, dest.exten)
            return
        world.state(dest, RINGING)
        world.tell("DialState", self.lines, lines(DialStatus="RINGING"))
        world.rings[dest.name] = self
        if self.why == "dial" and self.caller is not None and self.caller.partner is not None:
            self._sounds_on(self.caller.partner)
        for watcher in world.on_ring:
            watcher(self)

    def _sounds_on(self, line: Channel) -> None:
        """Who called over a Local channel hears that its far end rings."""
        if line.state != DOWN:
            return
        self.world.state(line, RINGING)
        line.set(caller_num=line.exten)
        self.world.callerid(line)

    def answer(self) -> None:
        """The phone is picked up."""
        if self._close():
            self.dest.set(state=UP)
            self.world.tell("Newstate", self.dest.lines())
            self.owner.answered(self)

    def refuse(self, cause: int = 17) -> None:
        """The phone turns the call down; 17 busy, 21 rejected, 1 no such number."""
        if self._close():
            tech = SIP_STATUS.get(cause, "480")
            self.world.tell("HangupRequest", self.dest.lines(), lines(Cause=cause, TechCause=tech))
            self.owner.refused(self, cause)

    def forward(self, context: str, exten: str) -> None:
        """The phone sends the caller on (302): that extension is dialled in its place, over a Local channel."""
        if not self.caller or not self._close():
            return
        world, dest, caller = self.world, self.dest, self.caller
        tech = {"Cause": 23, "TechCause": SIP_STATUS[23]}
        world.tell("HangupRequest", dest.lines(), lines(**tech))
        line, _ = world.local(context, exten, caller, shown=self.why == "dial")
        instead = Ring(world, line, caller, self.owner, self.why)
        world.tell("DialEnd", self.lines, lines(Forward=exten, DialStatus="CANCEL"))
        world.tell("DialBegin", instead.lines, lines(DialString=f"{exten}@{context}"))
        self.owner.forwarded(self, instead)
        world.destroy(dest, 23, SIP_STATUS[23])
        instead.start()

    def taken(self, taker: Channel) -> bool:
        """A colleague's phone takes the call from this one, and its place; false if the ring was over already."""
        if not self._close():
            return False
        world, rang = self.world, self.dest
        world.tell("Pickup", taker.lines(), rang.lines("Target"))
        self.dest, self.picked_up = taker, True
        if self.caller:
            taker.set(tag=self.caller.tag)
        if self.why == "dial":
            world.soft_hangup(rang)
        rang.flow = None
        self.owner.answered(self)
        world.destroy(rang, 26 if self.why == "dial" else 16)
        return True

    def cancel(self) -> bool:
        """Whoever called does so no more; false if the ring was over already. The channel stays to be destroyed."""
        return self._close()

    def left(self, channel: Channel, cause: int, end: bool = True) -> None:
        """The ringing leg was hung up by force."""
        if self._close():
            self.owner.refused(self, cause)

    def _close(self) -> bool:
        was, self.open = self.open, False
        self.world.rings.pop(self.dest.name, None)
        self.dest.on_far_answer = None
        return was


Ended = Callable[[str], None]


class Dial:
    """The Dial application. `done` gets ANSWER, BUSY, NOANSWER, CANCEL or CHANUNAVAIL.

    Each of `targets` is an extension, all of whose phones ring, or NUMBER@trunk; who answers first is `ring`.
    """

    def __init__(
        self, world: World, caller: Channel, targets: Sequence[str], seconds: float, done: Ended
    ) -> None:
        self.world, self.caller, self.done, self.seconds = world, caller, done, seconds
        self.targets = [each for target in targets for each in [target] * world.contacts.get(target, 1)]
        self.rings: list[Ring] = []
        self.ring: Ring | None = None
        self.cause = 0
        """Why the last phone that ended did so."""
        self._alarm: Alarm | None = None
        caller.flow = self

    def start(self) -> None:
        world, caller = self.world, self.caller
        there = [(target, endpoint) for target in self.targets if (endpoint := self._endpoint(target))]
        if not there:
            self.done("CHANUNAVAIL")
            return
        self.rings = [self._ring(endpoint) for _, endpoint in there]
        rung = list(zip(self.rings, there, strict=True))
        for ring, (target, _) in rung:
            world.tell("DialBegin", ring.lines, lines(DialString=target))
        if len(rung) == 1:  # with several, Asterisk waits to see who answers
            world.connected(caller, self.rings[0].dest)
        for ring, _ in rung:
            ring.start()
        world.device(caller.endpoint)
        self._alarm = world.timeline.later(self.seconds, self._unanswered)

    def _endpoint(self, target: str) -> str:
        """Empty where no phone is registered."""
        endpoint = TRUNK if "@" in target else f"PJSIP/{target}"
        return endpoint if endpoint in self.world.devices and endpoint not in self.world.unplugged else ""

    def _ring(self, endpoint: str) -> Ring:
        world, caller = self.world, self.caller
        dest = world.channel(endpoint, parent=caller)
        dest.set(exten=caller.exten, application="AppDial", app_data="(Outgoing Line)")
        if endpoint == TRUNK:
            dest.set(caller_num=caller.exten, caller_name="")
            world.callerid(dest)
        world.connected(dest, caller)
        return Ring(world, dest, caller, self, "dial")

    def answered(self, ring: Ring) -> None:
        self._stop()
        self.ring = ring
        others, self.rings = [other for other in self.rings if other is not ring], []
        for other in others:
            self._cancel(other, "CANCEL", 26)
        ring.dest.set(exten="")
        self.world.tell("DialEnd", ring.lines, lines(DialStatus="ANSWER"))
        self.world.device(ring.dest.endpoint)
        if self.caller.state != UP:
            self.world.state(self.caller, UP)
        self.done("ANSWER")

    def refused(self, ring: Ring, cause: int) -> None:
        status = "BUSY" if cause == 17 else "NOANSWER"
        self.cause = self.caller.refused = cause
        self.world.tell("DialEnd", ring.lines, lines(DialStatus=status))
        self.world.destroy(ring.dest, cause, SIP_STATUS.get(cause, ""))
        self.rings.remove(ring)
        if not self.rings:
            self._stop()
            self.done(status)

    def forwarded(self, ring: Ring, instead: Ring) -> None:
        self.rings[self.rings.index(ring)] = instead

    def left(self, channel: Channel, cause: int, end: bool = True) -> None:
        """The caller gives up, or is taken elsewhere."""
        self._give_up("CANCEL", 16 if channel.state == UP or channel.partner is not None else 127)
        if end:
            self.done("CANCEL")

    def _unanswered(self) -> None:
        if self.rings:
            self._give_up("NOANSWER", 0)
            self.done("NOANSWER")

    def _give_up(self, status: str, cause: int) -> None:
        self._stop()
        ended, self.rings = self.rings, []
        for ring in ended:
            self._cancel(ring, status, cause)

    def _cancel(self, ring: Ring, status: str, cause: int) -> None:
        if ring.cancel():
            self.world.tell("DialEnd", ring.lines, lines(DialStatus=status))
            self.world.destroy(ring.dest, cause)

    def _stop(self) -> None:
        if self._alarm:
            self._alarm.cancel()
