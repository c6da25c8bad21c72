"""The model: channels, bridges and devices, each change told as Asterisk tells it. No I/O."""

from __future__ import annotations

import itertools
import random
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING

from cti.practice.channels import CAUSES, DOWN, RING, RINGING, UP, Bridge, Channel
from cti.practice.timeline import Timeline
from cti.practice.wire import HEADS, lines

if TYPE_CHECKING:
    from cti.practice.rings import Ring
    from cti.practice.talks import Talk

Sink = Callable[[int, bytes], None]
TRUNK = "PJSIP/trunk"


class World:
    """All that happens in one PBX. `sinks` get each event's permission bit and bytes."""

    def __init__(self, timeline: Timeline, rng: random.Random, agents: int = 12) -> None:
        self.timeline, self.rng = timeline, rng
        self.extensions = {str(1001 + n): f"Agent {1001 + n}" for n in range(agents)}
        """Extension to the name on its phone."""
        self.sinks: list[Sink] = []
        self.channels: dict[str, Channel] = {}
        self.bridges: dict[str, Bridge] = {}
        self.rings: dict[str, Ring] = {}
        """Channel name to the ring of a phone that rings now."""
        self.talks: list[Talk] = []
        self.on_ring: list[Callable[[Ring], None]] = []
        self.on_talk: list[Callable[[Talk], None]] = []
        self.on_device: list[Callable[[str], None]] = []
        self.devices = {f"PJSIP/{number}": "NOT_INUSE" for number in self.extensions} | {TRUNK: "NOT_INUSE"}
        self.unplugged: set[str] = set()
        """Devices that are not registered: their phones never ring."""
        self.send_on: Callable[[Channel, str, str], None]
        """Has a channel go on in the dialplan, at that context and extension."""
        self.contacts: dict[str, int] = {}
        """Extension to how many phones it has, where more than one."""
        self.channelvars = True
        """Whether manager.conf has channelvars = RINGDESK_CALL."""
        self.processed = 0
        self.told = 0
        self.started = timeline.now()
        self._legs: dict[str, list[Channel]] = {}
        self.numbers = itertools.count()
        self._names = itertools.count()
        self._named = 0

    def tell(self, event: str, *parts: bytes) -> None:
        """Hand one event to every session that may see it."""
        bit, head = HEADS[event]
        self.told += 1
        data = b"".join((head, *parts, b"\r\n"))
        for sink in self.sinks:
            sink(bit, data)

    def now(self) -> float:
        return self.timeline.now()

    # --- channels ---------------------------------------------------------------------------------------

    def channel(
        self,
        endpoint: str,
        *,
        parent: Channel | None = None,
        uniqueid: str = "",
        half: str = "",
        **more: object,
    ) -> Channel:
        """A new channel of that endpoint; it inherits the call of `parent`. `half`: ;1 or ;2 of a Local channel."""
        now = self.now()
        if half != ";2":  # both halves have the same number
            self._named = next(self._names)
        name = f"{endpoint}-{self._named:08x}{half}"
        made = Channel(name, endpoint, uniqueid or f"{int(now)}.{next(self.numbers)}", now)
        made.shows_tag = self.channelvars
        number = made.extension if made.extension in self.extensions else ""
        made.set(context="from-trunk" if endpoint == TRUNK else "agents", caller_num=number)
        made.caller_name = self.extensions.get(number, "")
        if parent is not None:
            made.set(linkedid=parent.linkedid, tag=parent.tag)
        made.set(**more)
        self.channels[name] = made
        self._legs.setdefault(endpoint, []).append(made)
        self.tell("Newchannel", made.lines())
        return made

    def local(
        self, context: str, exten: str, parent: Channel, *, stays: bool = False, shown: bool = True
    ) -> tuple[Channel, Channel]:
        """Both halves of a Local channel to that extension: one for who calls, one that goes through the dialplan.

        `stays`: with /n; `shown`: whether the first half gets the caller's number too.
        """
        endpoint = f"Local/{exten}@{context}"
        more = {"context": context, "exten": exten}
        first = self.channel(endpoint, parent=parent, half=";1", **more)
        caller = {"caller_num": parent.caller_num, "caller_name": parent.caller_name}
        second = self.channel(endpoint, parent=parent, half=";2", state=RING, **more, **caller)
        for half in (first, second) if shown else (second,):
            self.callerid(half)
        first.partner, second.partner = second, first
        first.stays = stays
        where = lines(Context=context, Exten=exten, LocalOptimization="No" if stays else "Yes")
        self.tell("LocalBridge", first.lines("LocalOne"), second.lines("LocalTwo"), where)
        return first, second

    def state(self, channel: Channel, state: int) -> None:
        """Newstate, and what it means for the device; who answers one half of a Local channel answers the other."""
        channel.set(state=state)
        self.tell("Newstate", channel.lines())
        self.device(channel.endpoint)
        first = channel.partner
        if state == UP and first is not None and first.state != UP and first.on_far_answer:
            first.on_far_answer()

    def callerid(self, channel: Channel) -> None:
        """The channel has got another number."""
        presentation = "0 (Presentation Allowed, Not Screened)"
        self.tell("NewCallerid", channel.lines(), lines(**{"CID-CallingPres": presentation}))

    def connected(self, channel: Channel, other: Channel) -> None:
        """Who the channel is talking with, shown on its phone."""
        channel.set(connected_num=other.caller_num, connected_name=other.caller_name)
        self.tell("NewConnectedLine", channel.lines())

    def destroy(self, channel: Channel, cause: int, tech_cause: str = "") -> None:
        """The last word about a channel."""
        if not channel.alive:
            return
        self._going(channel)
        channel.alive, channel.flow = False, None
        del self.channels[channel.name]
        self._legs[channel.endpoint].remove(channel)
        self.rings.pop(channel.name, None)
        text = {"Cause": cause, "Cause-txt": CAUSES.get(cause, "Unknown")}
        tech = {"TechCause": tech_cause} if tech_cause else {}
        self.tell("Hangup", channel.lines(), lines(**text, **tech))
        self.device(channel.endpoint)
        if channel.partner is not None and channel.partner.alive:
            self.hang_up(channel.partner, cause)

    def hang_up(self, channel: Channel, cause: int = 16, *, by_phone: bool = True) -> None:
        """Someone puts the phone down, or (`by_phone` false) the Hangup action ends the channel: nobody asked then."""
        if not channel.alive:
            return
        if by_phone:
            self.tell("HangupRequest", channel.lines())
        cause = channel.refused or cause
        self._going(channel)
        if channel.flow is None:
            self.destroy(channel, cause)
        else:
            channel.flow.left(channel, cause)

    def _going(self, channel: Channel) -> None:
        last, channel.on_gone = channel.on_gone, None
        if last:
            last()

    def soft_hangup(self, channel: Channel, cause: int = 16) -> None:
        self.tell("SoftHangupRequest", channel.lines(), lines(Cause=cause))

    # --- bridges ----------------------------------------------------------------------------------------

    def bridge(self, *what: str) -> Bridge:
        """A new one; `what`: kind, technology, creator and name where it is none between two people."""
        made = Bridge(str(uuid.UUID(int=self.rng.getrandbits(128), version=4)), *what)
        self.bridges[made.uniqueid] = made
        self.tell("BridgeCreate", made.lines())
        return made

    def enter(self, bridge: Bridge, channel: Channel) -> None:
        """The channel joins; all in the bridge of a call take the oldest linkedid."""
        bridge.members.append(channel)
        channel.bridge = bridge
        oldest = min(bridge.members, key=lambda member: member.created)
        for member in bridge.members if bridge.kind == "basic" else ():
            if member.linkedid != oldest.linkedid:
                member.set(linkedid=oldest.linkedid)
        self.tell("BridgeEnter", bridge.lines(), channel.lines())

    def leave(self, channel: Channel) -> None:
        bridge = channel.bridge
        if bridge is None:
            return
        bridge.members.remove(channel)
        channel.bridge = None
        self.tell("BridgeLeave", bridge.lines(), channel.lines())
        self.drop_empty(bridge)

    def drop_empty(self, bridge: Bridge) -> None:
        """A bridge that nobody is in goes, unless it is kept."""
        if not bridge.members and not bridge.kept:
            del self.bridges[bridge.uniqueid]
            self.tell("BridgeDestroy", bridge.lines())

    # --- devices ----------------------------------------------------------------------------------------

    def device_state(self, endpoint: str) -> str:
        """The state Asterisk would give the device now."""
        if endpoint not in self.devices:
            return "INVALID"
        if endpoint in self.unplugged:
            return "UNAVAILABLE"
        legs = [leg for leg in self._legs.get(endpoint, ()) if leg.state != DOWN]
        if not legs:
            return "NOT_INUSE"
        ringing = any(leg.state == RINGING for leg in legs)
        used = any(leg.state in (RING, UP) and not leg.held for leg in legs)
        return {(True, True): "RINGINUSE", (True, False): "RINGING", (False, True): "INUSE"}.get(
            (ringing, used), "ONHOLD"
        )

    def device(self, endpoint: str) -> None:
        """Tell the device's state if it has changed."""
        state = self.device_state(endpoint)
        if self.devices.get(endpoint) == state or state == "INVALID":
            return
        self.publish(endpoint, state)
        for watcher in self.on_device:
            watcher(endpoint)

    def publish(self, device: str, state: str) -> None:
        """Tell a device state that is not a phone's, such as Queue:service."""
        if self.devices.get(device) != state:
            self.devices[device] = state
            self.tell("DeviceStateChange", lines(Device=device, State=state))

    def plug(self, extension: str, registered: bool) -> None:
        """Register or unregister the extension's phone."""
        endpoint = f"PJSIP/{extension}"
        if registered:
            self.unplugged.discard(endpoint)
        else:
            self.unplugged.add(endpoint)
        self.device(endpoint)

    # --- finding ----------------------------------------------------------------------------------------

    def find(self, name: str) -> Channel | None:
        """The channel of that name or Uniqueid."""
        found = self.channels.get(name)
        return found or next((leg for leg in self.channels.values() if leg.uniqueid == name), None)

    def legs(self, extension: str) -> list[Channel]:
        """The channels of an extension's phone, oldest first."""
        return list(self._legs.get(f"PJSIP/{extension}", ()))
