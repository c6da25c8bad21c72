"""What the sample extensions.conf does with a call: contexts from-trunk and agents, as small steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from cti.practice.agi.run import AgiRun
from cti.practice.channels import RING, UP, Channel
from cti.practice.parking import PARK, Lot, Parked
from cti.practice.queue_calls import MAX_WAIT, QueueCall
from cti.practice.queues import Queues
from cti.practice.rings import Dial
from cti.practice.rooms import Rooms
from cti.practice.serving import FLOWS, Serving
from cti.practice.talks import Talk
from cti.practice.timeline import Act, Alarm
from cti.practice.wire import lines
from cti.practice.world import TRUNK, World

MENU_SECONDS = 8.0
HOTLINE = "4005"


@dataclass(frozen=True)
class Waits:
    """Answer, then Queue."""

    queue: str
    seconds: float = MAX_WAIT


@dataclass(frozen=True)
class Rings:
    """Dial: these extensions at once."""

    extensions: tuple[str, ...]
    seconds: float = 20


@dataclass(frozen=True)
class Chooses:
    """Answer, then Read: one key leads to a queue."""


@dataclass(frozen=True)
class Serves:
    """Answer, then the flow of that name."""

    flow: str


Step = Waits | Rings | Chooses | Serves
WAYS: Mapping[str, tuple[Step, ...]] = {
    "4001": (Waits("service"),),
    "4002": (Chooses(),),
    "4003": (Rings(("1001",)),),
    "4004": (Waits("emergency"),),
    HOTLINE: (Serves("hotline"),),
    "4006": (Serves("ticket_survey"),),
}
"""Number dialled from outside to what is done with the caller, one step after the other, until somebody answers."""
INTO_QUEUES = {"4001": "service", "4004": "emergency"}
"""What the agents' phones reach too, for transfers."""
CAUSES = {"BUSY": 17, "NOANSWER": 19}
"""The cause of a call whose Dial ended so, where the phone gave none."""


class Idle:
    """An application that does nothing until the channel is hung up."""

    def __init__(self, world: World) -> None:
        self.world = world

    def left(self, channel: Channel, cause: int, end: bool = True) -> None:
        channel.flow = None
        if end:
            self.world.destroy(channel, cause)


class Menu:
    """Read: one key within 8 seconds; 2 is the emergency queue, all else the service queue."""

    def __init__(self, plan: Dialplan, caller: Channel) -> None:
        self.plan, self.caller = plan, caller
        caller.flow = self
        caller.set(application="Read", app_data="CHOICE,beep,1,,1,8", priority=3)
        self._alarm: Alarm = plan.world.timeline.later(MENU_SECONDS, lambda: self.press(""))

    def press(self, key: str) -> None:
        """The caller presses a key; ignored once the menu is over."""
        if self.caller.flow is self:
            self._alarm.cancel()
            if key:
                digit = lines(Digit=key, DurationMs=160, Direction="Received")
                self.plan.world.tell("DTMFEnd", self.caller.lines(), digit)
            self.plan.queue(self.caller, "emergency" if key == "2" else "service")

    def left(self, channel: Channel, cause: int, end: bool = True) -> None:
        self._alarm.cancel()
        channel.flow = None
        if end:
            self.plan.hangup(channel, 0)


class Dialplan:
    """Sends channels on their way."""

    def __init__(self, world: World, queues: Queues, ways: Mapping[str, tuple[Step, ...]] = WAYS) -> None:
        self.world, self.queues, self.ways = world, queues, ways
        self.lot, self.rooms = Lot(world, self.enter), Rooms(world)
        self.serving = Serving(self)
        world.send_on = self.enter

    def inbound(self, number: str, did: str, name: str = "") -> Channel:
        """A call comes in over the trunk."""
        channel = self.world.channel(
            TRUNK, state=RING, caller_num=number, caller_name=name, exten=did, dnid=did
        )
        self.world.processed += 1
        self.enter(channel, "from-trunk", did)
        return channel

    def from_phone(self, extension: str, number: str) -> Channel:
        """An agent dials on the phone."""
        channel = self.world.channel(f"PJSIP/{extension}", state=RING, exten=number, dnid=number)
        self.world.processed += 1
        self.enter(channel, "agents", number)
        return channel

    def enter(self, channel: Channel, context: str, exten: str) -> None:
        """The channel goes on at that extension, as config/asterisk/extensions.conf has it."""
        channel.set(context=context, exten=exten, priority=1)
        if not channel.tag:
            channel.set(tag=channel.uniqueid)
            self.world.tell("VarSet", channel.lines(), lines(Variable="__RINGDESK_CALL", Value=channel.tag))
        channel.set(priority=2)
        if context == "from-trunk":
            self._next(channel, self.ways.get(exten, ()))
        elif context in ("agents", "ringdesk-dial"):
            self._agents(channel, exten)
        elif context == FLOWS:
            self.serving.enter(channel, exten)
        else:
            self._congestion(channel)

    def knows(self, context: str, exten: str) -> bool:
        """Whether the extension exists."""
        if context == "from-trunk":
            return exten in self.ways
        if context == FLOWS:
            return exten[:1].islower()
        outside = exten.startswith("9") and len(exten) > 2
        inside = _internal(exten) or exten in INTO_QUEUES or self._service(exten) is not None
        return context in ("agents", "ringdesk-dial") and (outside or inside)

    def _next(self, channel: Channel, steps: Sequence[Step]) -> None:
        """The first of the steps; the others follow where it lets the caller go on."""
        if not steps:
            self._congestion(channel)
            return
        step, rest = steps[0], steps[1:]
        then = (lambda: self._next(channel, rest)) if rest else None
        if isinstance(step, Rings):
            self.dial(channel, step.extensions, step.seconds, then)
            return
        if channel.state != UP:
            self.world.state(channel, UP)
        if isinstance(step, Waits):
            self.queue(channel, step.queue, step.seconds, then)
        elif isinstance(step, Serves):
            self.serving.enter(channel, step.flow)
        else:
            Menu(self, channel)

    def _agents(self, channel: Channel, exten: str) -> None:
        service = self._service(exten)
        if service is not None:
            service(channel)
        elif _internal(exten):
            self.dial(channel, (exten,), 30)
        elif exten.startswith("9") and len(exten) > 2:
            self.dial(channel, (f"{exten[1:]}@trunk",), 60)
        elif exten in INTO_QUEUES:
            self.queue(channel, INTO_QUEUES[exten])
        else:
            self._congestion(channel)

    def _service(self, exten: str) -> Callable[[Channel], None] | None:
        """What the phones' short numbers do: pick up, park, fetch, meet in a room."""
        if exten == "*8" or (exten.startswith("**") and _internal(exten[2:])):
            return lambda channel: self._pick_up(channel, exten[2:])
        if exten == PARK:
            return self.lot.park
        if self.lot.has_space(exten):
            return lambda channel: self.lot.fetch(channel, exten)
        if len(exten) == 3 and exten.startswith("80"):
            return lambda channel: self.rooms.enter(channel, exten)
        return None

    def _pick_up(self, channel: Channel, extension: str) -> None:
        """Take what rings at that extension's phone, or (with none) at any colleague's."""
        for ring in self.world.rings.values():
            mine = ring.dest.extension
            if ring.caller and mine in self.world.extensions and extension in ("", mine):
                if channel.state != UP:
                    self.world.state(channel, UP)
                if ring.taken(channel):
                    return
                break
        self.hangup(channel)

    def queue(self, channel: Channel, name: str, seconds: float = MAX_WAIT, then: Act | None = None) -> None:
        """The channel waits in that queue, for so long; `then` it goes on, or is hung up."""
        over = then or (lambda: self.hangup(channel))
        QueueCall(self.queues, self.queues.queues[name], channel, over, seconds).join()

    def dial(self, channel: Channel, targets: Sequence[str], seconds: float, then: Act | None = None) -> None:
        """These phones ring at once; `then` the channel goes on where none answers, or is hung up."""

        def done(status: str) -> None:
            if status == "ANSWER" and dial.ring:
                Talk(self.world, channel, dial.ring.dest).join()
            elif status == "CANCEL":
                self.hangup(channel, 16 if channel.state == UP or channel.partner else 127)
            elif then is not None:
                then()
            else:
                self.hangup(channel, dial.cause or CAUSES.get(status, 34))

        channel.set(application="Dial", app_data=f"{'&'.join(f'PJSIP/{t}' for t in targets)},{seconds:g}")
        dial = Dial(self.world, channel, targets, seconds, done)
        dial.start()

    def movable(self, channel: Channel) -> bool:
        """Whether AMI may take the channel elsewhere here: not while its phone rings, nor out of a consultation."""
        whole = channel.partner is None and (channel.bridge is None or len(channel.bridge.members) < 3)
        return whole and isinstance(channel.flow, Talk | QueueCall | Dial | Menu | AgiRun | Idle | Parked)

    def redirect(self, channel: Channel, context: str, exten: str) -> None:
        """A movable channel goes on there, whatever it was doing."""
        if channel.flow is not None:
            channel.flow.left(channel, 16, end=False)
        self.enter(channel, context, exten)

    def join(self, one: Channel, two: Channel) -> None:
        """Two movable channels hear each other; whom they were with is hung up."""
        if one.bridge is not None and one.bridge is two.bridge:
            return
        bridge, left_over = self.world.bridge(), []
        for channel in (one, two):
            flow = channel.flow
            if isinstance(flow, Talk):
                left_over.append((flow, flow.release(channel)))
            elif flow is not None:
                flow.left(channel, 16, end=False)
            self.world.enter(bridge, channel)
        for talk, other in left_over:
            talk.dismiss(other)
        Talk(self.world, one, two, bridge=bridge).join()

    def hangup(self, channel: Channel, cause: int = 16) -> None:
        """The Hangup application."""
        channel.flow = None
        self.world.soft_hangup(channel)
        self.world.destroy(channel, cause)

    def _congestion(self, channel: Channel) -> None:
        channel.flow = None
        self.world.destroy(channel, 34)


def _internal(exten: str) -> bool:
    """Pattern _1XXX."""
    return len(exten) == 4 and exten.startswith("1") and exten.isdigit()
