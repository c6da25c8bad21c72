"""One phone that rings, and the dialling of one other party: an extension, the outside, a colleague."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from cti.practice.channels import RINGING, UP, Channel
from cti.practice.timeline import Alarm
from cti.practice.wire import lines
from cti.practice.world import TRUNK, World


class Caller(Protocol):
    """Who made a phone ring, and hears how it ended."""

    def answered(self, ring: Ring) -> None: ...

    def refused(self, ring: Ring, cause: int) -> None: ...


class Ring:
    """A phone that rings. `why`: queue, dial or originate. Answer or refuse it once; later ones do nothing."""

    def __init__(self, world: World, dest: Channel, caller: Channel | None, owner: Caller, why: str) -> None:
        self.world, self.dest, self.caller, self.owner, self.why = world, dest, caller, owner, why
        self.began = world.now()
        self.open = True
        dest.flow = self

    @property
    def lines(self) -> bytes:
        return (self.caller.lines() if self.caller else b"") + self.dest.lines("Dest")

    def start(self) -> None:
        """The phone begins to sound, if it is there."""
        world, dest = self.world, self.dest
        if dest.endpoint in world.unplugged or not self.open:
            return
        world.state(dest, RINGING)
        world.tell("DialState", self.lines, lines(DialStatus="RINGING"))
        world.rings[dest.name] = self
        for watcher in world.on_ring:
            watcher(self)

    def answer(self) -> None:
        """The phone is picked up."""
        if self._close():
            self.dest.set(state=UP)
            self.world.tell("Newstate", self.dest.lines())
            self.owner.answered(self)

    def refuse(self, cause: int = 17) -> None:
        """The phone turns the call down; 17 busy, 21 rejected."""
        if self._close():
            tech = {17: "486", 21: "603", 18: "408"}.get(cause, "480")
            self.world.tell("HangupRequest", self.dest.lines(), lines(Cause=cause, TechCause=tech))
            self.owner.refused(self, cause)

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
        return was


Ended = Callable[[str], None]


class Dial:
    """The Dial application with one destination. `done` gets ANSWER, BUSY, NOANSWER, CANCEL or CHANUNAVAIL."""

    def __init__(self, world: World, caller: Channel, target: str, seconds: float, done: Ended) -> None:
        self.world, self.caller, self.done, self.seconds = world, caller, done, seconds
        self.outside = target.partition("@")[0] if "@" in target else ""
        self.target = target
        self.ring: Ring | None = None
        self._alarm: Alarm | None = None
        caller.flow = self

    def start(self) -> None:
        world, caller = self.world, self.caller
        endpoint = TRUNK if self.outside else f"PJSIP/{self.target}"
        if endpoint not in world.devices or endpoint in world.unplugged:
            self.done("CHANUNAVAIL")
            return
        dest = world.channel(endpoint, parent=caller)
        dest.set(exten=caller.exten, application="AppDial", app_data="(Outgoing Line)")
        if self.outside:
            dest.set(caller_num=caller.exten, caller_name="")
            presentation = "0 (Presentation Allowed, Not Screened)"
            world.tell("NewCallerid", dest.lines(), lines(**{"CID-CallingPres": presentation}))
        world.connected(dest, caller)
        self.ring = Ring(world, dest, caller, self, "dial")
        world.tell("DialBegin", self.ring.lines, lines(DialString=self.target))
        world.connected(caller, dest)
        self.ring.start()
        world.device(caller.endpoint)
        self._alarm = world.timeline.later(self.seconds, self._unanswered)

    def answered(self, ring: Ring) -> None:
        self._stop()
        ring.dest.set(exten="")
        self.world.tell("DialEnd", ring.lines, lines(DialStatus="ANSWER"))
        self.world.device(ring.dest.endpoint)
        if self.caller.state != UP:
            self.world.state(self.caller, UP)
        self.done("ANSWER")

    def refused(self, ring: Ring, cause: int) -> None:
        self._stop()
        status = "BUSY" if cause in (17, 21) else "NOANSWER"
        self.world.tell("DialEnd", ring.lines, lines(DialStatus=status))
        self.world.destroy(ring.dest, cause)
        self.done(status)

    def left(self, channel: Channel, cause: int, end: bool = True) -> None:
        """The caller gives up, or is taken elsewhere."""
        self._give_up("CANCEL", 127 if channel.state != UP else 16)
        if end:
            self.done("CANCEL")

    def _unanswered(self) -> None:
        if self.ring and self.ring.open:
            self._give_up("NOANSWER", 0)
            self.done("NOANSWER")

    def _give_up(self, status: str, cause: int) -> None:
        self._stop()
        if self.ring and self.ring.cancel():
            self.world.tell("DialEnd", self.ring.lines, lines(DialStatus=status))
            self.world.destroy(self.ring.dest, cause)

    def _stop(self) -> None:
        if self._alarm:
            self._alarm.cancel()
