"""Queues: who waits, who serves. Counts are kept as they change, never counted anew."""

from __future__ import annotations

from dataclasses import dataclass, field

from cti.board.desks import Desk
from cti.events import Member
from cti.messages import AgentState, Queue

_KIND_OF_AGENT = {
    AgentState.READY: "ready",
    AgentState.PAUSED: "paused",
    AgentState.TALKING: "talking",
    AgentState.HOLDING: "talking",
}
# Device states (Asterisk include/asterisk/devicestate.h); 0, unknown, is what a phone without a hint has.
_KIND_OF_DEVICE = {0: "ready", 1: "ready", 2: "talking", 3: "talking", 7: "talking", 8: "talking"}


@dataclass(slots=True, eq=False)
class Line:
    """One queue. `entries` are waiting channels by Uniqueid with the time they came, oldest first."""

    name: str
    weight: int = 0
    entries: dict[str, float] = field(default_factory=dict)
    members: dict[str, Member] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()
    published: Queue | None = None

    def join(self, uniqueid: str, at: float) -> None:
        self.entries.setdefault(uniqueid, at)

    def leave(self, uniqueid: str) -> bool:
        return self.entries.pop(uniqueid, None) is not None

    def put(self, member: Member, desk: Desk | None) -> None:
        """Takes over what is known of a member now."""
        self.members[member.interface] = member
        if desk is None and member.interface not in self.unknown:
            self.unknown = tuple(sorted((*self.unknown, member.interface)))
        elif desk is not None and member.interface in self.unknown:
            self._know(member.interface)
        self.count(member.interface, desk)

    def remove(self, interface: str) -> bool:
        if self.members.pop(interface, None) is None:
            return False
        self._know(interface)
        self._shift(interface, "")
        return True

    def count(self, interface: str, desk: Desk | None) -> bool:
        """Puts the member where it belongs now; True where that is another place than before."""
        member = self.members.get(interface)
        return member is not None and self._shift(interface, kind_of(member, desk))

    def _know(self, interface: str) -> None:
        if interface in self.unknown:
            self.unknown = tuple(name for name in self.unknown if name != interface)

    def _shift(self, interface: str, kind: str) -> bool:
        before = self.kinds.get(interface, "")
        if before == kind:
            return False
        if before:
            self.counts[before] -= 1
        if kind:
            self.counts[kind] = self.counts.get(kind, 0) + 1
            self.kinds[interface] = kind
        else:
            self.kinds.pop(interface, None)
        return True


def kind_of(member: Member, desk: Desk | None) -> str:
    """ready, paused, talking, or empty for anything else. An agent's own state goes before the device's."""
    if desk is not None and desk.published is not None:
        return _KIND_OF_AGENT.get(desk.published.state, "")
    return "paused" if member.paused else _KIND_OF_DEVICE.get(member.status, "")


def queue_of(pbx: str, line: Line) -> Queue:
    """The queue as the outside sees it."""
    counts = line.counts
    return Queue(
        f"{pbx}/{line.name}",
        pbx,
        line.name,
        len(line.entries),
        next(iter(line.entries.values()), None),
        len(line.members),
        counts.get("ready", 0),
        counts.get("paused", 0),
        counts.get("talking", 0),
        line.unknown,
        line.weight,
    )
