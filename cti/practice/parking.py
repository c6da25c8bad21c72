"""Parking: callers who wait at a space (701 and up) until somebody fetches them; forgotten ones ring back."""

from __future__ import annotations

from collections.abc import Callable

from cti.practice.channels import UP, Bridge, Channel
from cti.practice.talks import Talk
from cti.practice.timeline import Alarm
from cti.practice.wire import lines
from cti.practice.world import World

PARK = "700"
FIRST, LAST = 701, 720
PARKED_SECONDS = 60.0  # parkingtime of res_parking.conf


class Lot:
    """The spaces of one PBX, and the bridge that everybody who is parked is in."""

    def __init__(self, world: World, go_on: Callable[[Channel, str, str], None]) -> None:
        self.world, self.go_on = world, go_on
        self.seconds = PARKED_SECONDS
        self.spaces: dict[str, Parked] = {}
        self._bridge: Bridge | None = None

    def has_space(self, exten: str) -> bool:
        """Whether that is the number of a space, taken or free."""
        return exten.isdecimal() and FIRST <= int(exten) <= LAST

    def park(self, channel: Channel) -> None:
        """The channel waits at the first free space; with none it is hung up."""
        free = (str(n) for n in range(FIRST, LAST + 1) if str(n) not in self.spaces)
        space = next(free, "")
        if not space:
            channel.flow = None
            self.world.soft_hangup(channel)
            self.world.destroy(channel, 16)
            return
        self.spaces[space] = Parked(self, channel, space)

    def fetch(self, channel: Channel, space: str) -> None:
        """The channel talks with who is parked there; with nobody there it is hung up."""
        if channel.state != UP:
            self.world.state(channel, UP)
        channel.set(application="ParkedCall", app_data=f"default,{space}")
        parked = self.spaces.get(space)
        if parked is None:
            channel.flow = None
            self.world.soft_hangup(channel)
            self.world.destroy(channel, 16)
        else:
            parked.fetched(channel)

    def bridge(self) -> Bridge:
        """Made for the first one and kept from then on, as Asterisk does."""
        if self._bridge is None:
            self._bridge = self.world.bridge("parking", "holding_bridge", "Parking", "default")
            self._bridge.kept = True
        return self._bridge


class Parked:
    """One who waits at a space."""

    def __init__(self, lot: Lot, channel: Channel, space: str) -> None:
        self.lot, self.world, self.channel, self.space = lot, lot.world, channel, space
        self.parker = channel.connected_num
        self.began = self.world.now()
        bridge = lot.bridge()
        self._tell("ParkedCall")
        self._device("INUSE")
        channel.flow = self
        channel.set(application="Park", app_data="")
        self.world.enter(bridge, channel)
        self.world.tell("MusicOnHoldStart", channel.lines(), lines(Class="default"))
        self._alarm: Alarm = self.world.timeline.later(lot.seconds, self._forgotten)

    def fetched(self, by: Channel) -> None:
        """Somebody has dialled the space."""
        world, channel = self.world, self.channel
        world.tell("MusicOnHoldStop", channel.lines())
        self._tell("UnParkedCall", by.lines("Retriever"))
        self._over()
        channel.flow = None
        Talk(world, by, channel).join()

    def left(self, channel: Channel, cause: int, end: bool = True) -> None:
        """The caller gives up, or is taken elsewhere."""
        self.world.tell("MusicOnHoldStop", channel.lines())
        self._tell("ParkedCallGiveUp")
        self._over()
        channel.flow = None
        if end:
            self.world.soft_hangup(channel)
            self.world.destroy(channel, cause)

    def _forgotten(self) -> None:
        """The time is over: it rings at who parked the caller."""
        channel = self.channel
        self.world.tell("MusicOnHoldStop", channel.lines())
        self._tell("ParkedCallTimeOut")
        self._over()
        self.lot.go_on(channel, "agents", self.parker)

    def _over(self) -> None:
        self._alarm.cancel()
        del self.lot.spaces[self.space]
        self._device("NOT_INUSE")
        self.world.leave(self.channel)

    def _device(self, state: str) -> None:
        """Phones may have a lamp for the space."""
        self.world.publish(f"park:{self.space}@parkedcalls", state)

    def _tell(self, event: str, more: bytes = b"") -> None:
        waited = int(self.world.now() - self.began)
        place = lines(
            ParkerDialString=f"PJSIP/{self.parker}",
            Parkinglot="default",
            ParkingSpace=self.space,
            ParkingTimeout=int(self.lot.seconds) - waited,
            ParkingDuration=waited,
        )
        self.world.tell(event, self.channel.lines("Parkee"), more, place)
