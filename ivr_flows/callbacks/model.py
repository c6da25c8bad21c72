"""A call-back as it stands, and what the dialer asks of the telephone side."""

from __future__ import annotations

from enum import Enum
from typing import Protocol

import msgspec


class State(Enum):
    WAITING = "waiting"
    DIALLING = "dialling"
    REACHED = "reached"
    GIVEN_UP = "given_up"
    CANCELLED = "cancelled"


OPEN = (State.WAITING, State.DIALLING)


class Try(Enum):
    """What came of dialling. The ones that are not the caller's doing are no tries of the rule."""

    REACHED = "reached"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    FAILED = "failed"
    AGENT_AWAY = "agent_away"
    """The agent did not pick up, or hung up before the caller answered."""
    NOT_DIALLED = "not_dialled"
    """The PBX refused or never had the call."""


COUNTED = (Try.NO_ANSWER, Try.BUSY, Try.FAILED)


class Callback(msgspec.Struct, frozen=True):
    """One caller who waits to be called. Times are epoch seconds.

    `since` is from when on the caller waits, time before the request included, or from when on who is to be asked about
    a ticket was to be rung. The order goes by `priority`, the higher the sooner, as the caller would have it on the
    line, and among equals by `since`. `number` is E.164. `next_at` is the earliest time of the next try. `reason` is
    what the last try came to, or why it was given up or cancelled.
    """

    id: str
    number: str
    pbx: str
    queue: str
    state: State
    requested_at: float
    since: float
    next_at: float
    priority: int = 0
    tries: int = 0
    reason: str = ""
    asked_by: str = ""
    """Who asked for it: the customer (`=`), else the line in E.164, else the visit (`~`); empty where a user asked."""
    customer_id: str = ""
    asked_call: str = ""
    """The call in which it was asked for."""
    agent: str = ""
    channel_id: str = ""
    call_id: str = ""
    """The call of the last try."""
    picked_up: bool = False
    """The agent has picked up: from now on the caller is dialled."""
    lease_until: float = 0.0
    """Until then whoever dials is trusted to tell what came of it."""
    closed_at: float | None = None
    closed_by: str = ""
    ticket: str = ""
    """The number of the ticket about which the caller is asked: then a flow talks with them, and no agent."""
    version: int = 1

    @property
    def open(self) -> bool:
        return self.state in OPEN


class CallbackChanged(msgspec.Struct, frozen=True):
    """A call-back was asked for, dialled, put off or closed."""

    callback: Callback


class FreeAgent(msgspec.Struct, frozen=True):
    """An agent who takes calls of these queues of a PBX, and since when; from when on, while a wrap-up lasts."""

    user: str
    pbx: str
    queues: tuple[str, ...]
    since: float


class OnLine(Protocol):
    """A caller on the line in a queue: since when, and with which priority, the higher the sooner."""

    @property
    def since(self) -> float: ...
    @property
    def priority(self) -> int: ...


class QueueNow(msgspec.Struct, frozen=True):
    """Who is on the line in a queue. An agent of several queues gets the callers of the one with the greatest `weight`
    first."""

    callers: tuple[OnLine, ...] = ()
    weight: int = 0


class Fate(Enum):
    """What the telephone side knows of a call."""

    ENDED = "ended"
    LIVE = "live"
    ANSWERED = "answered"
    """It lives, and the caller has answered."""
    NEVER = "never"
    """There is no such call and the link is up: it did not come about, or was over before anyone saw it."""
    UNKNOWN = "unknown"
    """The link is down."""


class Seen(msgspec.Struct, frozen=True):
    """A call as found. Of one that has ended: its outcome as the telephone side names it, and whether it was the agent
    who hung up."""

    fate: Fate
    outcome: str = ""
    agent_hung_up: bool = False


class Placed(Enum):
    """What became of the order to dial. It is never sent a second time."""

    DONE = "done"
    REFUSED = "refused"
    UNKNOWN = "unknown"


class Phones(Protocol):
    """What the dialer asks of the telephone side; wiring supplies it."""

    def free_agents(self) -> tuple[FreeAgent, ...]:
        """Agents who take calls and are in none, and those who are about to."""
        ...

    def queue(self, pbx: str, queue: str) -> QueueNow: ...

    def call_id(self, pbx: str, channel_id: str) -> str:
        """The id that the call of this channel has."""
        ...

    async def dial(self, agent: str, number: str, channel_id: str, at: float) -> Placed:
        """Ring the agent's phone, then the number. Once."""
        ...

    async def ask(self, pbx: str, number: str, channel_id: str, at: float) -> Placed:
        """Ring the number and put it into the flow that asks about a ticket. Once."""
        ...

    async def look(self, pbx: str, call_id: str) -> Seen: ...


class Gate(Protocol):
    """The dial policy and its caps; wiring supplies it."""

    def barred(self, number: str, pbx: str) -> str:
        """Why the number may not be dialled at all; empty where it may."""
        ...

    async def take(self, number: str, at: float) -> bool:
        """Count one more call to the number; False, and nothing counted, where a cap is reached."""
        ...
