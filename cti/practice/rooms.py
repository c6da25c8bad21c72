"""Conference rooms (800 to 809): whoever dials one, or is sent there, hears all who are in it."""

from __future__ import annotations

from collections.abc import Callable

from cti.practice.channels import UP, Bridge, Channel
from cti.practice.wire import lines
from cti.practice.world import World


class Rooms:
    """The rooms of one PBX that somebody is in."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.open: dict[str, Room] = {}
        self.on_join: list[Callable[[Channel], None]] = []

    def enter(self, channel: Channel, name: str) -> None:
        """The channel is answered and joins that room."""
        if channel.state != UP:
            self.world.state(channel, UP)
        if name not in self.open:
            self.open[name] = Room(self, name)
        self.open[name].join(channel)
        for watcher in self.on_join:
            watcher(channel)


class Room:
    """One room, from the first one who comes to the last who goes. Who is alone there hears music."""

    def __init__(self, rooms: Rooms, name: str) -> None:
        self.rooms, self.world, self.name = rooms, rooms.world, name
        self.bridge: Bridge = self.world.bridge("base", "softmix", "ConfBridge", name)
        self.bridge.kept = True
        self._tell("ConfbridgeStart")
        self.world.publish(f"confbridge:{name}", "INUSE")

    def join(self, channel: Channel) -> None:
        members = self.bridge.members
        if not members:
            self.world.tell("MusicOnHoldStart", channel.lines(), lines(Class="default"))
        elif len(members) == 1:
            self.world.tell("MusicOnHoldStop", members[0].lines())
        channel.flow = self
        channel.set(application="ConfBridge", app_data=self.name)
        self.world.enter(self.bridge, channel)
        self._tell("ConfbridgeJoin", channel.lines(), lines(Admin="No", Muted="No"))

    def left(self, channel: Channel, cause: int, end: bool = True) -> None:
        """One of them goes."""
        world, members = self.world, self.bridge.members
        if len(members) == 1:
            world.tell("MusicOnHoldStop", channel.lines())
        self._tell("ConfbridgeLeave", channel.lines(), lines(Admin="No"))
        last = len(members) == 1
        if last:
            world.publish(f"confbridge:{self.name}", "NOT_INUSE")
            self._tell("ConfbridgeEnd")
            del self.rooms.open[self.name]
            self.bridge.kept = False
        world.leave(channel)
        if len(members) == 1:
            world.tell("MusicOnHoldStart", members[0].lines(), lines(Class="default"))
        channel.flow = None
        if end:
            world.soft_hangup(channel)
            world.destroy(channel, cause)

    def _tell(self, event: str, *more: bytes) -> None:
        self.world.tell(event, lines(Conference=self.name), self.bridge.lines(), *more)
