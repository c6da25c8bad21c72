"""The public face of the telephone side: what it believes, and what it says has happened.

Times are seconds since the epoch (UTC), durations seconds. Every value is frozen: a change makes a new one.
"""

from __future__ import annotations

from enum import Enum

import msgspec


class Direction(Enum):
    INBOUND = "inbound"
    OUTBOUND = "outbound"
    INTERNAL = "internal"


class CallState(Enum):
    IVR = "ivr"
    QUEUED = "queued"
    RINGING = "ringing"
    TALKING = "talking"
    HELD = "held"
    ENDED = "ended"


class Outcome(Enum):
    ANSWERED = "answered"
    ABANDONED = "abandoned"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    FAILED = "failed"
    LOST = "lost"


class How(Enum):
    """How a segment began."""

    QUEUE = "queue"
    TRANSFER = "transfer"
    PICKUP = "pickup"
    DIRECT = "direct"
    OUTBOUND = "outbound"


class EndReason(Enum):
    """How a segment, or the offer that it began as, ended."""

    CALLER_HUNG_UP = "caller_hung_up"
    AGENT_HUNG_UP = "agent_hung_up"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    ANSWERED_ELSEWHERE = "answered_elsewhere"
    TRANSFERRED = "transferred"
    CANCELLED = "cancelled"
    LOST = "lost"


class AgentState(Enum):
    OFFLINE = "offline"
    READY = "ready"
    PAUSED = "paused"
    RINGING = "ringing"
    TALKING = "talking"
    HOLDING = "holding"
    WRAP_UP = "wrap_up"


class LinkState(Enum):
    CONNECTING = "connecting"
    SYNCING = "syncing"
    UP = "up"
    DOWN = "down"


class Party(msgspec.Struct, frozen=True):
    """Who is on the line, as the PBX says it: texts are unescaped once, without control characters, and bounded.

    They are hostile until escaped for where they go.
    """

    number: str = ""
    name: str = ""


class Segment(msgspec.Struct, frozen=True):
    """One stretch of one agent with this call, from the offer on. `agent` is None where no user has the interface."""

    id: str
    interface: str
    agent: str | None
    queue: str | None
    how: How
    offered_at: float
    answered_at: float | None = None
    ended_at: float | None = None
    end_reason: EndReason | None = None
    hold_seconds: float = 0.0
    held_since: float | None = None
    consult_seconds: float = 0.0
    """How long this agent talked with the colleague who asked it to take the caller, before it had the caller."""
    consult_since: float | None = None
    sent_to: str = ""
    """The number that this agent transferred the caller to, as people know it. Not kept in the database."""


class Call(msgspec.Struct, frozen=True):
    """One call: a set of channels that belong together. `id` is `{pbx}-{Uniqueid of its oldest channel}`."""

    id: str
    pbx: str
    direction: Direction
    state: CallState
    caller: Party
    dialled: str
    started_at: float
    queue: str | None = None
    queued_at: float | None = None
    answered_at: float | None = None
    ended_at: float | None = None
    outcome: Outcome | None = None
    wait_seconds: float = 0.0
    talk_seconds: float = 0.0
    hold_seconds: float = 0.0
    segments: tuple[Segment, ...] = ()
    incomplete: bool = False
    """True where the link was away during the call, so that times may be short."""
    joined: str = ""
    """Id of the call that this one turned out to be part of: it counts there, and nowhere else."""

    @property
    def called_nobody(self) -> bool:
        """Whether it counts as given up though nobody was called for it: the caller was in the phone menu alone."""
        return self.outcome is Outcome.ABANDONED and not self.queue


class Agent(msgspec.Struct, frozen=True):
    """An agent as the wallboard and its own desk see it. `since` is when `state` (or its reason) last changed."""

    user: str
    name: str
    pbx: str
    interface: str
    extension: str
    state: AgentState
    since: float
    reason: str = ""
    queues: tuple[str, ...] = ()
    call_id: str | None = None
    wrap_until: float | None = None
    """When the wrap-up is over, in that state."""


class Queue(msgspec.Struct, frozen=True):
    """One queue, live. `key` is `{pbx}/{name}`; counts are of now; `waiting_since` is when the oldest waiter came."""

    key: str
    pbx: str
    name: str
    waiting: int = 0
    waiting_since: float | None = None
    members: int = 0
    ready: int = 0
    paused: int = 0
    talking: int = 0
    unknown_members: tuple[str, ...] = ()
    """Interfaces in the queue that match no user."""
    weight: int = 0
    """As the PBX has it: an agent of several queues gets the callers of the heaviest first."""


class Waiting(msgspec.Struct, frozen=True):
    """A caller on the line in a queue: since when (epoch seconds), and with which priority, the higher the sooner."""

    since: float
    priority: int = 0


class Pbx(msgspec.Struct, frozen=True):
    """State of one PBX's link. `epoch` goes up at every resync; `detail` says in a sentence what is wrong."""

    name: str
    state: LinkState
    epoch: int
    since: float
    detail: str = ""
    version: str = ""


# What has happened. Each carries the whole changed object.


class CallStarted(msgspec.Struct, frozen=True):
    call: Call


class CallChanged(msgspec.Struct, frozen=True):
    """Anything about the call that has no event of its own: queued, held, resumed, caller's name learned."""

    call: Call


class CallOffered(msgspec.Struct, frozen=True):
    """An agent's phone begins to ring for this call."""

    call: Call
    segment: Segment


class OfferWithdrawn(msgspec.Struct, frozen=True):
    """The phone stops ringing without an answer by this agent; `segment.end_reason` says why."""

    call: Call
    segment: Segment


class CallAnswered(msgspec.Struct, frozen=True):
    call: Call
    segment: Segment


class SegmentEnded(msgspec.Struct, frozen=True):
    """The agent is no longer with this call; the call itself may go on."""

    call: Call
    segment: Segment


class CallEnded(msgspec.Struct, frozen=True):
    call: Call


class CallJoined(msgspec.Struct, frozen=True):
    """What had this id, told of before or not, is part of another call from now on. Comes before what that call tells.

    A call that was told of ends too, with `joined`; one that was an inquiry from its first moment never was told of,
    but a recording or a phone menu may know it by its id.
    """

    id: str
    call_id: str


class AgentChanged(msgspec.Struct, frozen=True):
    agent: Agent


class AgentRemoved(msgspec.Struct, frozen=True):
    user: str


class QueueChanged(msgspec.Struct, frozen=True):
    queue: Queue


class QueueRemoved(msgspec.Struct, frozen=True):
    key: str


class PbxChanged(msgspec.Struct, frozen=True):
    pbx: Pbx


class DriftFound(msgspec.Struct, frozen=True):
    """What is shown of a PBX and what it has do not agree, and nobody can repair it; all 0: it agrees again."""

    pbx: str
    unseen: int = 0
    """Channels on the PBX that are not shown."""
    waiting: int = 0
    """Callers who wait in another queue than shown."""
    deaf: bool = False
    """No channel is shown at all: their events do not come."""
    mute: bool = False
    """Callers wait, and none is shown: the events of queues do not come."""


DomainEvent = (
    CallStarted
    | CallChanged
    | CallOffered
    | OfferWithdrawn
    | CallAnswered
    | SegmentEnded
    | CallEnded
    | CallJoined
    | AgentChanged
    | AgentRemoved
    | QueueChanged
    | QueueRemoved
    | PbxChanged
)


class Snapshot(msgspec.Struct, frozen=True):
    """All that the board holds: live calls only, each agent, each queue, each PBX."""

    calls: tuple[Call, ...] = ()
    agents: tuple[Agent, ...] = ()
    queues: tuple[Queue, ...] = ()
    pbxs: tuple[Pbx, ...] = ()


class Seat(msgspec.Struct, frozen=True):
    """A user with a phone: what the board needs of `core.identity` to name an agent."""

    user: str
    name: str
    pbx: str
    interface: str
    extension: str
