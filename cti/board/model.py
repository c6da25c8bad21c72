"""What the board knows of channels and calls while they live, and the indexes to find it by.

These are working values that change in place; nothing of them leaves the board. The cost of a change is that of a
few look-ups, however many calls live.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from cti.messages import Call, Direction, EndReason, How, Party, Segment

REMEMBERED = 8192
"""So many ended channels are remembered, so that a straggling event about one does not bring it back."""

EXTENSION_DIGITS = 6

NOBODY = Party()


@dataclass(slots=True, eq=False)
class Stretch:
    """A segment in the making. `legs` are Uniqueids of the agent's channels; two phones may ring for one offer."""

    id: str
    interface: str
    agent: str | None
    how: How
    offered_at: float
    queue: str | None = None
    answered_at: float | None = None
    ended_at: float | None = None
    end_reason: EndReason | None = None
    hold_seconds: float = 0.0
    held_since: float | None = None
    consult_seconds: float = 0.0
    consult_since: float | None = None
    """Since when its agent talks with the one who asks, and not yet with the caller, who is on hold there."""
    sent_to: str = ""
    legs: set[str] = field(default_factory=set)
    hint: EndReason | None = None
    """Why it will end, where the PBX said so before the channel went."""
    frozen: Segment | None = None
    """The segment as last made; None after a change."""

    @property
    def live(self) -> bool:
        return self.ended_at is None

    @property
    def talking(self) -> bool:
        return self.ended_at is None and self.answered_at is not None

    @property
    def offered(self) -> bool:
        """The phone rings, or (an outbound call) the other side has not answered yet."""
        return self.ended_at is None and self.answered_at is None

    def freeze(self) -> Segment:
        if self.frozen is None:
            self.frozen = Segment(
                self.id,
                self.interface,
                self.agent,
                self.queue,
                self.how,
                self.offered_at,
                self.answered_at,
                self.ended_at,
                self.end_reason,
                self.hold_seconds,
                self.held_since,
                self.consult_seconds,
                self.consult_since,
                self.sent_to,
            )
        return self.frozen


@dataclass(slots=True, eq=False)
class Leg:
    """A live channel."""

    uniqueid: str
    linkedid: str
    name: str
    interface: str
    local: bool
    inside: bool
    state: int
    call: CallSet
    tag: str = ""
    bridge: str = ""
    dialled_by: str = ""
    dialling: bool = False
    """It is being called and has neither answered nor been given up."""
    up: bool = False
    """Whoever called it got it: DialEnd ANSWER."""
    waits_in: str = ""
    """The queue that it waits in."""
    priority: int = 0
    """With which it is put into a queue, as far as we know: no event says so."""
    queue: str = ""
    """The queue that called it; matters where it is a Local channel in front of the phone."""
    partner: str = ""
    """Uniqueid of the other half of a Local channel."""
    hung_up: bool = False
    """It was asked to go, before anybody else in its bridge: its own side has hung up."""
    aside: bool = False
    """The second line of an agent who holds the caller on the first, to ask a colleague: no part of a segment."""
    left_first: bool = False
    """It left its last bridge while another was still there: it hung up first."""
    stretch: Stretch | None = None


@dataclass(slots=True, eq=False)
class CallSet:
    """A call in the making: channels that belong together. It lives as long as one of them."""

    id: str
    started_at: float
    legs: dict[str, Leg] = field(default_factory=dict)
    linkedids: set[str] = field(default_factory=set)
    tags: set[str] = field(default_factory=set)
    first: str = ""
    """Uniqueid of the first channel that is no Local one; empty while there is none."""
    first_inside: bool = False
    direction: Direction = Direction.INBOUND
    caller: Party = NOBODY
    dialled: str = ""
    stretches: dict[str, Stretch] = field(default_factory=dict)
    segments_made: int = 0
    waiting: str = ""
    """Uniqueid of the channel that waits in `queue` (the latest, should there be two); empty when none does."""
    queue: str | None = None
    queued_at: float | None = None
    answered_at: float | None = None
    ended_at: float | None = None
    abandoned: bool = False
    dial_status: str = ""
    """How the last attempt to reach somebody ended: BUSY, NOANSWER, ..."""
    incomplete: bool = False
    lost: bool = False
    joined: str = ""
    """Id of the call that it has become part of."""
    asks_for: CallSet | None = None
    """The call that the phone which begins this one has on hold: as long as nobody is called, it may be about that."""
    certain: bool = False
    """The PBX has listed its channels: it is a call whatever it looks like."""
    known: bool = False
    """It was told of before the server's restart, so that its end has to be told as well."""
    published: Call | None = None


def age(uniqueid: str, seen_at: float) -> tuple[int, int]:
    """Order of channels: the epoch in the Uniqueid, then its sequence; never the two as a decimal number.

    A ChannelId that we gave in an Originate has neither: `seen_at` (epoch seconds) stands in.
    """
    head, _, sequence = uniqueid.rpartition(".")
    epoch = head.rpartition("-")[2]
    if epoch.isascii() and sequence.isascii() and epoch.isdigit() and sequence.isdigit():
        return int(epoch[:20]), int(sequence[:20])
    return int(seen_at), 0


def interface_of(channel_name: str) -> str:
    """PJSIP/1001-00000003 is a channel of PJSIP/1001; empty for a channel on its way out (`<ZOMBIE>`, `<MASQ>`)."""
    if channel_name.endswith(">"):
        return ""
    return channel_name.rpartition("-")[0] or channel_name


def number_in(local: str) -> str:
    """1002 of Local/1002@ringdesk-dial-00000003;1."""
    return local.partition("/")[2].partition("@")[0]


def is_extension(interface: str, number: str) -> bool:
    """PJSIP/1005 that calls itself 1005 is a phone of the house: a trunk is not named by a short number."""
    name = interface.partition("/")[2]
    return name == number and name.isdigit() and len(name) <= EXTENSION_DIGITS


class Recent:
    """A bounded set of ids of what has ended."""

    def __init__(self, size: int = REMEMBERED) -> None:
        self._order: deque[str] = deque()
        self._ids: set[str] = set()
        self._size = size

    def add(self, uniqueid: str) -> None:
        if uniqueid not in self._ids:
            self._ids.add(uniqueid)
            self._order.append(uniqueid)
            if len(self._order) > self._size:
                self._ids.discard(self._order.popleft())

    def __contains__(self, uniqueid: object) -> bool:
        return uniqueid in self._ids

    def __len__(self) -> int:
        return len(self._ids)

    def clear(self) -> None:
        self._order.clear()
        self._ids.clear()


@dataclass(slots=True)
class Note:
    """Something that has an event of its own. `kind` is that event's class."""

    kind: type
    stretch: Stretch
