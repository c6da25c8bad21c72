"""What people do with the phones of the practice PBX, one method for each thing."""

from __future__ import annotations

from cti.practice.agi.run import AgiRun
from cti.practice.channels import Channel
from cti.practice.consulting import Consultation, connect
from cti.practice.dialplan import Dialplan, Menu
from cti.practice.optimising import optimise
from cti.practice.rings import Ring
from cti.practice.talks import Talk
from cti.practice.timeline import ManualTimeline, Timeline
from cti.practice.world import World


class NoSuchCall(LookupError):
    """What the scenario asks for is not there: no phone rings, no call is up."""


class Hands:
    """Of a PBX with this world and dialplan."""

    world: World
    plan: Dialplan
    timeline: Timeline

    def caller(self, number: str, did: str = "4001", name: str = "") -> Channel:
        """Someone calls from outside; returns the caller's channel."""
        made = self.plan.inbound(number, did, name)
        self._settle()
        return made

    def dial(self, extension: str, number: str) -> Channel:
        """An agent dials on the phone."""
        made = self.plan.from_phone(extension, number)
        self._settle()
        return made

    def press(self, caller: Channel, key: str) -> None:
        """A caller in a menu or a flow presses a key."""
        if not isinstance(caller.flow, Menu | AgiRun):
            raise NoSuchCall(f"{caller.name} is in no menu")
        caller.flow.press(key)
        self._settle()

    def ringing(self, extension: str) -> bool:
        """Whether that phone rings now; "trunk" is the world outside."""
        return any(ring.dest.extension == extension for ring in self.world.rings.values())

    def ring(self, extension: str, phone: int = 0) -> Ring:
        """The ring of that phone (the first of the extension's, or another one); NoSuchCall where it does not ring."""
        rings = [ring for ring in self.world.rings.values() if ring.dest.extension == extension]
        if phone >= len(rings):
            raise NoSuchCall(f"{extension} does not ring")
        return rings[phone]

    def answer(self, extension: str, phone: int = 0) -> Channel:
        """Pick up the ringing phone; returns its channel."""
        ring = self.ring(extension, phone)
        ring.answer()
        self._settle()
        return ring.dest

    def reject(self, extension: str, cause: int = 17, phone: int = 0) -> None:
        """Turn the ringing call down: 17 busy, 21 rejected, 1 no such number."""
        self.ring(extension, phone).refuse(cause)
        self._settle()

    def forward(self, extension: str, to: str) -> None:
        """The ringing phone sends the call on to another extension, as one does that is set to (302)."""
        self.ring(extension).forward("agents", to)
        self._settle()

    def hang_up(self, who: Channel | str) -> None:
        """A caller (its channel) or an agent (the extension) puts the phone down."""
        channel = who if isinstance(who, Channel) else self._leg(who)
        self.world.hang_up(channel)
        self._settle()

    def hold(self, extension: str) -> None:
        """The agent puts the other party on hold."""
        talk, channel = self._talk(extension)
        talk.hold(channel)

    def resume(self, extension: str) -> None:
        """The agent takes the other party back."""
        talk, channel = self._talk(extension)
        talk.resume(channel)

    def transfer(self, extension: str, to: str) -> None:
        """The agent sends the other party to an extension, without asking there first."""
        talk, channel = self._talk(extension)
        self.plan.enter(talk.blind_transfer(channel, "agents", to), "agents", to)
        self._settle()

    def ask(self, extension: str, to: str) -> None:
        """The agent asks an extension about the customer first; `take_back`, or `hang_up` to hand over."""
        talk, channel = self._talk(extension)
        Consultation(self.plan, talk, channel, "ringdesk-dial", to)
        self._settle()

    def take_back(self, extension: str) -> None:
        """The agent thinks better of it and is with the customer again."""
        self._consultation(extension).cancel()
        self._settle()

    def bring_together(self, extension: str) -> None:
        """The agent who asks makes it a talk of three."""
        self._consultation(extension).together()
        self._settle()

    def connect(self, extension: str) -> None:
        """The agent has two calls and connects them with each other by the phone's own key."""
        legs = [leg for leg in self.world.legs(extension) if isinstance(leg.flow, Talk)]
        talks = [leg.flow for leg in legs if isinstance(leg.flow, Talk)]
        if len(legs) < 2 or talks[0] is talks[1]:
            raise NoSuchCall(f"{extension} has no two calls")
        connect(talks[0], legs[0], talks[1], legs[1])
        self._settle()

    def speak(self, extension: str) -> None:
        """Sound from that phone takes its Local channel out of the way; NoSuchCall where there is none."""
        if not any(optimise(self.world, leg) for leg in self.world.legs(extension)):
            raise NoSuchCall(f"{extension} is behind no Local channel")
        self._settle()

    def redirect(self, channel: Channel, context: str, exten: str) -> None:
        """AMI's Redirect: the channel goes on there, whatever it was doing."""
        self._movable(channel)
        self.plan.redirect(channel, context, exten)
        self._settle()

    def join(self, one: Channel, two: Channel) -> None:
        """AMI's Bridge: the two hear each other; whom they were talking with is hung up."""
        for channel in (one, two):
            self._movable(channel)
        self.plan.join(one, two)
        self._settle()

    def talking(self, extension: str) -> bool:
        """Whether that phone is in a conversation."""
        return any(isinstance(leg.flow, Talk) for leg in self.world.legs(extension))

    def _movable(self, channel: Channel) -> None:
        if not self.plan.movable(channel):
            raise NoSuchCall(f"{channel.name} cannot be moved now")

    def _consultation(self, extension: str) -> Consultation:
        for leg in self.world.legs(extension):
            if isinstance(leg.flow, Consultation):
                return leg.flow
        raise NoSuchCall(f"{extension} asks nobody")

    def _leg(self, extension: str) -> Channel:
        legs = self.world.legs(extension)
        if not legs:
            raise NoSuchCall(f"{extension} has no call")
        return legs[0]

    def _talk(self, extension: str) -> tuple[Talk, Channel]:
        for leg in self.world.legs(extension):
            if isinstance(leg.flow, Talk):
                return leg.flow, leg
        raise NoSuchCall(f"{extension} is in no conversation")

    def _settle(self) -> None:
        if isinstance(self.timeline, ManualTimeline):
            self.timeline.advance(0)
