"""The public face of the IVR room: who calls, what the engine wants done, what comes back, and what a visit left.

Times are seconds since the epoch (UTC), durations seconds. Every value is frozen and can be written as JSON.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum
from typing import Any, Protocol

import msgspec

Value = str | int | float | bool | None | list[Any] | dict[str, Any]
"""What a flow's variable may hold."""


class Language(Enum):
    EN = "en"
    ZH = "zh_CN"


class Caller(msgspec.Struct, frozen=True):
    """One caller on one line, as the PBX says it (hostile texts). `call_id` is the id of the call on the board."""

    session: str
    """Opaque id of this visit, new for each."""
    pbx: str = ""
    call_id: str = ""
    channel: str = ""
    uniqueid: str = ""
    number: str = ""
    """The caller's number as the line sends it; empty where it is withheld."""
    name: str = ""
    dialled: str = ""


# What is said


class Said(Enum):
    """How a piece is spoken."""

    PROMPT = "prompt"
    """Fixed text of a flow, which has a sound file of its own."""
    DIGITS = "digits"
    """One by one: 4 0 0 1."""
    NUMBER = "number"
    """As a quantity: four thousand and one."""
    MONEY = "money"
    """`123.45 CNY`"""
    DATE = "date"
    """`2026-11-25`"""
    TIME = "time"
    """`14:30`, local"""
    MINUTES = "minutes"
    """A span in whole minutes: one hour and five minutes."""


class Piece(msgspec.Struct, frozen=True):
    """One thing to say. `name` is the fixed prompt's name (`flow.node.part`), by which a recording can replace it."""

    said: Said
    text: str
    language: Language
    name: str = ""


# Effects: what the engine wants done. It is told the outcome by exactly one input.


class Say(msgspec.Struct, frozen=True, tag="say"):
    """Play the pieces in order; answered by `Done`, or `HungUp`."""

    pieces: tuple[Piece, ...]


class Collect(msgspec.Struct, frozen=True, tag="collect"):
    """Play (a key interrupts), then take keys; answered by `Keys` (empty: none came in time)."""

    pieces: tuple[Piece, ...]
    most: int = 1
    """At most so many keys."""
    end: str = "#"
    """The key that ends the entry before that; it is not part of it."""
    first_seconds: float = 5.0
    next_seconds: float = 3.0
    secret: bool = False
    """The keys are a PIN: they are never logged, stored or shown."""
    lead: tuple[int, ...] = ()
    """How many pieces at the beginning are words of the nodes passed just before, one figure for each node."""


class Record(msgspec.Struct, frozen=True, tag="record"):
    """Record the caller's words after a beep; answered by `Recorded`."""

    pieces: tuple[Piece, ...]
    most_seconds: float = 60.0
    silence_seconds: float = 3.0
    lead: tuple[int, ...] = ()
    """As of `Collect`."""


class Ask(msgspec.Struct, frozen=True, tag="ask"):
    """Have a service do or find something; answered by `Answer` or `Failed`."""

    service: str
    args: dict[str, Value]


class Target(Enum):
    QUEUE = "queue"
    AGENT = "agent"
    """To an agent's own phone; the target is the user's name."""
    NUMBER = "number"
    """Outside, under the dial policy."""


PLACE = re.compile(r"[A-Za-z0-9_+-]{1,64}")
"""What may stand in a dialplan's Queue() or Goto(): no comma, no $, no slash."""


class Transfer(msgspec.Struct, frozen=True, tag="transfer"):
    """The dialplan goes on with the caller there; the flow has ended."""

    kind: Target
    to: str
    priority: int = 0
    """QUEUE_PRIO: the higher the sooner."""


class HangUp(msgspec.Struct, frozen=True, tag="hang_up"):
    """The flow has ended and so does the call."""


Effect = Say | Collect | Record | Ask | Transfer | HangUp


# Inputs: what became of the last effect.


class Began(msgspec.Struct, frozen=True, tag="began"):
    """The first input: the caller is there."""


class Done(msgspec.Struct, frozen=True, tag="done"):
    pass


class Keys(msgspec.Struct, frozen=True, tag="keys"):
    digits: str


class Recorded(msgspec.Struct, frozen=True, tag="recorded"):
    """`recording` is the recording's id, empty where nothing was said."""

    recording: str
    seconds: float = 0.0


class Answer(msgspec.Struct, frozen=True, tag="answer"):
    data: dict[str, Value]


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """The service could not be asked, or refused. `code` is for the flow to branch on, never to be read out."""

    code: str


class HungUp(msgspec.Struct, frozen=True, tag="hung_up"):
    """The caller is gone."""


Input = Began | Done | Keys | Recorded | Answer | Failed | HungUp


# What others supply


class ServiceRefused(Exception):
    """A service said no; `code` is for the flow to branch on, `why` for whoever writes it."""

    def __init__(self, code: str, why: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.why = why


class NoPlace(Exception):
    """Nobody may be put through there; `why` says so to the integrator, in words that pages have in both languages."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class NotFree(Exception):
    """The agent takes no call now, which is nothing wrong."""


class Services(Protocol):
    """What a flow can ask of the other rooms; supplied by the server's wiring.

    Who may see an account is decided behind this door, by what was proved in `caller.session`, never by what a
    flow's variables say.
    """

    async def ask(self, service: str, args: Mapping[str, Value], caller: Caller) -> dict[str, Value]:
        """The service's answer; raises `ServiceRefused`. The arguments are hostile."""
        ...


class Proved(Protocol):
    """What callers have proved so far; supplied by the PIN's part of this room."""

    def accounts(self, session: str) -> frozenset[str]:
        """The accounts whose PIN was entered rightly in this session (`Caller.session`), and in no other."""
        ...


class Voice(Protocol):
    """Turns pieces into sound files of the PBX."""

    async def sounds(self, pieces: tuple[Piece, ...]) -> tuple[str, ...]:
        """Names for STREAM FILE (path without extension, as the PBX sees it), in order.

        What has no sound yet (a text of the moment) is made within the deadline of the settings; what could not be made
        is left out, and told in the log. Never raises.
        """
        ...

    def not_played(self, sound: str, caller: Caller) -> None:
        """The PBX refused this name (STREAM FILE without an endpos): kept for `ringdesk doctor`. Never waits."""
        ...


class NewRecording(msgspec.Struct, frozen=True):
    """A recording that may begin. `path` is the name for RECORD FILE, without extension, as the PBX sees it."""

    id: str
    path: str


class Recordings(Protocol):
    """Where the words of callers are kept."""

    def begin(self, caller: Caller) -> NewRecording:
        """An id and a name of our own making; nothing is stored yet."""
        ...

    async def keep(self, recording: str, caller: Caller, visit: str, seconds: float) -> bool:
        """The PBX has recorded: index the file. False where there is none, or nothing in it. Never raises."""
        ...


# What a visit left


class Ended(Enum):
    """How a visit ended."""

    TRANSFERRED = "transferred"
    SERVED = "served"
    """The caller needed nobody: the flow came to an end of its own, or was left where all is done. Containment counts
    these."""
    HUNG_UP = "hung_up"
    """Left in the middle."""
    FAILED = "failed"
    """The flow or the line to it broke; the dialplan went on to the queue."""


class Visit(msgspec.Struct, frozen=True, gc=False):
    """One caller's way through a flow. `path` names the nodes in order, `flow/node`; `answers` are the variables that
    the flow marks as to be shown to the agent, never a secret.

    Nothing in it can lead back to it, so Python need not look for circles in it: with the 20,000 visits of a day in
    memory a full look held up everything for 16 ms, without them it takes 2.
    """

    id: str
    call_id: str
    pbx: str
    flow: str
    language: Language
    number: str
    started_at: float
    node: str = ""
    path: tuple[str, ...] = ()
    entered: tuple[float, ...] = ()
    """When each node of `path` was come to, in seconds since `started_at`; kept by who runs the flow."""
    answers: dict[str, Value] = {}
    auth: str = ""
    """What the caller has proved: empty, or `pin`."""
    customer_id: str = ""
    account: str = ""
    recordings: tuple[str, ...] = ()
    ended: Ended | None = None
    ended_at: float | None = None
    detail: str = ""
    """Whom it was sent on to (`queue:service`), why to nobody, or what broke."""


class VisitChanged(msgspec.Struct, frozen=True):
    """A visit began, went on to another node, ended, or is part of another call now."""

    visit: Visit
