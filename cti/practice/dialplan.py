"""What the sample extensions.conf does with a call: contexts from-trunk and agents, as small steps."""

from __future__ import annotations

from cti.practice.channels import RING, UP, Channel
from cti.practice.queue_calls import QueueCall
from cti.practice.queues import Queues
from cti.practice.rings import Dial
from cti.practice.talks import Talk
from cti.practice.timeline import Alarm
from cti.practice.wire import lines
from cti.practice.world import TRUNK, World

MENU_SECONDS = 8.0
QUEUES = {"4001": "service", "4002": "service", "4004": "emergency"}
DIRECT = {"4003": "1001"}
INTO_QUEUES = ("4001", "4004")
"""What the agents' phones reach too, for transfers."""


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

    def __init__(self, world: World, queues: Queues) -> None:
        self.world, self.queues = world, queues

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
            self._from_trunk(channel, exten)
        elif context in ("agents", "ringdesk-dial"):
            self._agents(channel, exten)
        else:
            self._congestion(channel)

    def knows(self, context: str, exten: str) -> bool:
        """Whether the extension exists."""
        if context == "from-trunk":
            return exten in QUEUES or exten in DIRECT
        outside = exten.startswith("9") and len(exten) > 2
        inside = _internal(exten) or exten in INTO_QUEUES
        return context in ("agents", "ringdesk-dial") and (outside or inside)

    def _from_trunk(self, channel: Channel, exten: str) -> None:
        if exten in DIRECT:
            self._dial(channel, DIRECT[exten], 20)
        elif exten in QUEUES:
            if channel.state != UP:
                self.world.state(channel, UP)
            if exten == "4002":
                Menu(self, channel)
            else:
                self.queue(channel, QUEUES[exten])
        else:
            self._congestion(channel)

    def _agents(self, channel: Channel, exten: str) -> None:
        if _internal(exten):
            self._dial(channel, exten, 30)
        elif exten.startswith("9") and len(exten) > 2:
            self._dial(channel, f"{exten[1:]}@trunk", 60)
        elif exten in INTO_QUEUES:
            self.queue(channel, QUEUES[exten])
        else:
            self._congestion(channel)

    def queue(self, channel: Channel, name: str) -> None:
        """The channel waits in that queue."""
        QueueCall(self.queues, self.queues.queues[name], channel, lambda: self.hangup(channel)).join()

    def _dial(self, channel: Channel, target: str, seconds: float) -> None:
        def done(status: str) -> None:
            if status == "ANSWER" and dial.ring:
                Talk(self.world, channel, dial.ring.dest).join()
            else:
                causes = {"BUSY": 17, "NOANSWER": 19, "CANCEL": 127 if channel.state != UP else 16}
                self.hangup(channel, causes.get(status, 34))

        channel.set(application="Dial", app_data=f"PJSIP/{target},{seconds:g}")
        dial = Dial(self.world, channel, target, seconds, done)
        dial.start()

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
