"""What a resync reads: one picture of the PBX at one moment, typed. Names and meanings are the AMI reference's."""

from __future__ import annotations

import msgspec

from cti.events import Chan, Member


class SeenChannel(msgspec.Struct, frozen=True):
    """A line of CoreShowChannels with what Status adds. `seconds` is how long the channel has lived."""

    chan: Chan
    application: str = ""
    bridge: str = ""
    seconds: int = 0
    dialled: str = ""
    application_data: str = ""
    """Of a channel in Queue its arguments: the first is the queue's name."""


class SeenQueue(msgspec.Struct, frozen=True):
    name: str
    completed: int = 0
    abandoned: int = 0
    service_level: int = 0
    weight: int = 0
    """An agent of several queues gets the callers of the heaviest first."""


class SeenEntry(msgspec.Struct, frozen=True):
    """A caller waiting in a queue; `wait` in seconds."""

    queue: str
    uniqueid: str
    position: int
    wait: int
    priority: int = 0
    """QUEUE_PRIO of its channel: the higher the sooner."""


class Picture(msgspec.Struct, frozen=True):
    """All that a PBX answered to CoreShowChannels, BridgeList, QueueStatus, Status and DeviceStateList.

    `startup` is CoreStartupDate and CoreStartupTime as text: another one means a restarted PBX.
    """

    startup: str
    version: str = ""
    channels: tuple[SeenChannel, ...] = ()
    queues: tuple[SeenQueue, ...] = ()
    members: tuple[Member, ...] = ()
    entries: tuple[SeenEntry, ...] = ()
    devices: dict[str, str] = {}
    taken_at: float = 0.0
    """Epoch seconds of our clock when the first question of the picture was asked."""
