"""Queues and their members: who may be rung, and what is told when that changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cti.practice.wire import lines, one_line
from cti.practice.world import World

if TYPE_CHECKING:
    from cti.practice.queue_calls import QueueCall

# ast_device_state numbers, as QueueMember's Status shows them.
STATUS = {
    "UNKNOWN": 0,
    "NOT_INUSE": 1,
    "INUSE": 2,
    "BUSY": 3,
    "INVALID": 4,
    "UNAVAILABLE": 5,
    "RINGING": 6,
    "RINGINUSE": 7,
    "ONHOLD": 8,
}


@dataclass
class Member:
    """A phone in a queue. Times are whole epoch seconds, 0 for never."""

    queue: str
    interface: str
    name: str
    state_interface: str
    dynamic: bool
    login_time: int
    penalty: int = 0
    paused: bool = False
    reason: str = ""
    calls_taken: int = 0
    last_call: int = 0
    last_pause: int = 0
    in_call: bool = False
    status: int = 1

    def details(self) -> dict[str, object]:
        """What QueueMember and the QueueMember* events have in common, in Asterisk's order."""
        return {
            "StateInterface": self.state_interface,
            "Membership": "dynamic" if self.dynamic else "static",
            "Penalty": self.penalty,
            "CallsTaken": self.calls_taken,
            "LastCall": self.last_call,
            "LastPause": self.last_pause,
            "LoginTime": self.login_time,
            "InCall": int(self.in_call),
            "Status": self.status,
            "Paused": int(self.paused),
            "PausedReason": self.reason,
        }

    def lines(self) -> bytes:
        """Of an event. Wrapuptime is the member's own: AMI never tells the queue's."""
        first = {"Queue": self.queue, "MemberName": self.name, "Interface": self.interface}
        return lines(**first, **self.details(), Ringinuse=0, Wrapuptime=0)


@dataclass(frozen=True)
class NewMember:
    """What QueueAdd asks for."""

    queue: str
    interface: str
    name: str = ""
    state_interface: str = ""
    penalty: int = 0
    paused: bool = False
    reason: str = ""


@dataclass
class Queue:
    """A queue's settings (seconds) and figures. `strategy`: ringall, or linear (one after the other)."""

    name: str
    strategy: str = "ringall"
    timeout: float = 15
    retry: float = 2
    wrapuptime: float = 10
    weight: int = 0
    members: dict[str, Member] = field(default_factory=dict)
    calls: list[QueueCall] = field(default_factory=list)
    completed: int = 0
    abandoned: int = 0
    holdtime: int = 0
    talktime: int = 0


class Queues:
    """All queues of one world."""

    def __init__(self, world: World, queues: Iterable[Queue], members: Mapping[str, Iterable[str]]) -> None:
        self.world = world
        self.queues = {queue.name: queue for queue in queues}
        self.on_ready: list[Callable[[Member], None]] = []
        """Called when a member is added or goes on after a pause."""
        self._poked = False
        world.on_device.append(self._device_changed)
        for name, extensions in members.items():
            for each in extensions:
                interface = each if "/" in each else f"PJSIP/{each}"
                self._new_member(name, interface, state_interface=_phone(interface), dynamic=False)

    def _new_member(
        self, queue: str, interface: str, name: str = "", state_interface: str = "", *, dynamic: bool
    ) -> Member:
        world = self.world
        known = world.extensions.get(_phone(interface).partition("/")[2], interface)
        made = Member(
            queue, interface, name or known, state_interface or interface, dynamic, int(world.now())
        )
        made.status = STATUS[world.device_state(made.state_interface)]
        self.queues[queue].members[interface] = made
        world.publish(f"Queue:{queue}_pause_{interface}", "NOT_INUSE")
        return made

    # --- what AMI asks ----------------------------------------------------------------------------------

    def add(self, new: NewMember) -> str:
        """Add a dynamic member; the empty text, or why not."""
        if new.queue not in self.queues:
            return "Unable to add interface to queue: No such queue"
        if new.interface in self.queues[new.queue].members:
            return "Unable to add interface: Already there"
        name = one_line(new.name)
        member = self._new_member(new.queue, new.interface, name, new.state_interface, dynamic=True)
        member.penalty, member.paused = new.penalty, new.paused
        member.reason = one_line(new.reason) if new.paused else ""
        self.world.tell("QueueMemberAdded", member.lines())
        self._available(self.queues[new.queue])
        if not new.paused:
            self._ready(member)
        return ""

    def remove(self, queue: str, interface: str) -> str:
        """Take a member out; the empty text, or why not."""
        if queue not in self.queues:
            return "Unable to remove interface from queue: No such queue"
        member = self.queues[queue].members.get(interface)
        if member is None:
            return "Unable to remove interface: Not there"
        if not member.dynamic:
            return "Member not dynamic"
        del self.queues[queue].members[interface]
        self.world.devices.pop(f"Queue:{queue}_pause_{interface}", None)
        self.world.tell("QueueMemberRemoved", member.lines())
        self._available(self.queues[queue])
        return ""

    def pause(self, queue: str, interface: str, paused: bool, reason: str) -> str:
        """Pause a member or let it go on; an empty queue means all of its queues. The empty text, or why not."""
        found = [
            entry.members[interface]
            for entry in self.queues.values()
            if interface in entry.members and queue in ("", entry.name)
        ]
        for member in found:
            was, member.paused, member.reason = member.paused, paused, one_line(reason)
            if paused and not was:
                member.last_pause = int(self.world.now())
            device = f"Queue:{member.queue}_pause_{interface}"
            self.world.publish(device, "INUSE" if paused else "NOT_INUSE")
            self._available(self.queues[member.queue])
            self.world.tell("QueueMemberPause", member.lines())
            if was and not paused:
                self._ready(member)
        return "" if found else "Interface not found"

    # --- ringing ----------------------------------------------------------------------------------------

    def ringable(self, queue: Queue) -> list[Member]:
        """Members whose phone may ring now: not paused, free, and past their wrap-up (which all queues share)."""
        now = self.world.now()
        return [
            member
            for member in queue.members.values()
            if not member.paused
            and member.status in (STATUS["NOT_INUSE"], STATUS["UNKNOWN"])
            and now
            >= self.last_call(member.interface)
            + (queue.wrapuptime if self.last_call(member.interface) else 0)
        ]

    def last_call(self, interface: str) -> int:
        """When any queue's last call of that interface ended; queues.conf has shared_lastcall=yes."""
        return max(
            (q.members[interface].last_call for q in self.queues.values() if interface in q.members),
            default=0,
        )

    def poke(self, seconds: float = 0) -> None:
        """Have waiting callers try again after that many seconds."""
        if seconds:
            self.world.timeline.later(seconds, self._try)
        elif not self._poked:
            self._poked = True
            self.world.timeline.later(0, self._poked_try)

    def _poked_try(self) -> None:
        self._poked = False
        self._try()

    def _try(self) -> None:
        for queue in sorted(self.queues.values(), key=lambda entry: -entry.weight):
            for call in list(queue.calls):
                if not call.attempt():
                    break

    def changed(self, queue: Queue) -> None:
        """Tell whether callers wait in the queue."""
        self.world.publish(f"Queue:{queue.name}", "RINGING" if queue.calls else "NOT_INUSE")

    def _ready(self, member: Member) -> None:
        for watcher in self.on_ready:
            watcher(member)
        self.poke()

    def _available(self, queue: Queue) -> None:
        free = any(not m.paused and m.status == STATUS["NOT_INUSE"] for m in queue.members.values())
        self.world.publish(f"Queue:{queue.name}_avail", "NOT_INUSE" if free else "INUSE")

    def _device_changed(self, device: str) -> None:
        status = STATUS[self.world.device_state(device)]
        for queue in self.queues.values():
            for member in queue.members.values():
                if member.state_interface == device:
                    member.status = status
                    self.world.tell("QueueMemberStatus", member.lines())
                    self._available(queue)
        if status == STATUS["NOT_INUSE"]:
            self.poke()


def _phone(interface: str) -> str:
    """The device whose state a member has: PJSIP/1001 of Local/1001@agents/n, as FreePBX makes members."""
    technology, _, place = interface.partition("/")
    return f"PJSIP/{place.partition('@')[0]}" if technology == "Local" else interface
