"""Channels and bridges as the practice PBX keeps them, and how they look in an event."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from cti.practice.wire import escape, lines

DOWN, RING, RINGING, UP, BUSY = 0, 4, 5, 6, 7
STATES = {DOWN: "Down", RING: "Ring", RINGING: "Ringing", UP: "Up", BUSY: "Busy"}
UNKNOWN = "<unknown>"
CAUSES = {
    0: "Unknown",
    1: "Unallocated (unassigned) number",
    16: "Normal Clearing",
    17: "User busy",
    18: "No user responding",
    19: "User alerting, no answer",
    21: "Call Rejected",
    23: "Redirected to new destination",
    26: "Answered elsewhere",
    34: "Circuit/channel congestion",
    127: "Interworking, unspecified",
}


class Flow(Protocol):
    """What goes on with a channel: a queue, a dialled phone, a menu, a conversation. One at a time."""

    def left(self, channel: Channel, cause: int, end: bool = True) -> None:
        """The channel goes; with `end` false it lives on elsewhere (a transfer) and is not hung up here."""
        ...


class Bridge:
    """Channels that hear each other."""

    def __init__(
        self,
        uniqueid: str,
        kind: str = "basic",
        technology: str = "simple_bridge",
        creator: str = UNKNOWN,
        name: str = UNKNOWN,
    ) -> None:
        """`kind`: basic (a call), parking or base (a conference)."""
        self.uniqueid, self.kind, self.technology = uniqueid, kind, technology
        self.creator, self.name = creator, name
        self.members: list[Channel] = []
        self.kept = False
        """It stays while nobody is in it."""

    def lines(self, prefix: str = "Bridge") -> bytes:
        return lines(
            **{
                f"{prefix}Uniqueid": self.uniqueid,
                f"{prefix}Type": self.kind,
                f"{prefix}Technology": self.technology,
                f"{prefix}Creator": self.creator,
                f"{prefix}Name": self.name,
                f"{prefix}NumChannels": len(self.members),
                f"{prefix}VideoSourceMode": "none",
            }
        )


class Channel:
    """One leg. Change it through `set`, which forgets the lines made so far."""

    def __init__(self, name: str, endpoint: str, uniqueid: str, created: float) -> None:
        self.name, self.endpoint, self.uniqueid, self.created = name, endpoint, uniqueid, created
        self.linkedid = uniqueid
        self.state = DOWN
        self.caller_num = self.caller_name = self.connected_num = self.connected_name = ""
        self.context, self.exten, self.priority = "", "s", 1
        self.tag = ""
        self.shows_tag = True
        self.variables: dict[str, str] = {}
        self.application = self.app_data = self.dnid = ""
        self.bridge: Bridge | None = None
        self.flow: Flow | None = None
        self.held = False
        self.refused = 0
        """The cause with which a phone refused it that it dialled: Asterisk gives it as its own in the end."""
        self.alive = True
        self.partner: Channel | None = None
        """The other half of a Local channel."""
        self.stays = False
        """Of a Local channel: it is not optimised away (/n)."""
        self.on_far_answer: Callable[[], None] | None = None
        """Of a Local channel's first half: called when the second one is answered."""
        self.on_gone: Callable[[], None] | None = None
        """Called once, when the channel is about to be hung up."""
        self._made: dict[str, bytes] = {}

    def set(self, **changes: object) -> None:
        for key, value in changes.items():
            setattr(self, key, value)
        self._made.clear()

    def lines(self, prefix: str = "") -> bytes:
        """The snapshot's header lines, each with the prefix (Dest, Transferer, …)."""
        made = self._made.get(prefix)
        if made is None:
            made = self._made[prefix] = self._lines(prefix)
        return made

    def _lines(self, p: str) -> bytes:
        return (
            f"{p}Channel: {self.name}\r\n{p}ChannelState: {self.state}\r\n"
            f"{p}ChannelStateDesc: {STATES[self.state]}\r\n"
            f"{p}CallerIDNum: {escape(self.caller_num) or UNKNOWN}\r\n"
            f"{p}CallerIDName: {escape(self.caller_name) or UNKNOWN}\r\n"
            f"{p}ConnectedLineNum: {escape(self.connected_num) or UNKNOWN}\r\n"
            f"{p}ConnectedLineName: {escape(self.connected_name) or UNKNOWN}\r\n"
            f"{p}Language: en\r\n{p}AccountCode: \r\n"
            f"{p}Context: {self.context}\r\n{p}Exten: {self.exten}\r\n{p}Priority: {self.priority}\r\n"
            f"{p}Uniqueid: {self.uniqueid}\r\n{p}Linkedid: {self.linkedid}\r\n"
            + (f"{p}ChanVariable: RINGDESK_CALL={self.tag}\r\n" if self.shows_tag else "")
        ).encode(errors="surrogateescape")

    @property
    def in_dialplan(self) -> bool:
        """Whether the dialplan goes on with it once it leaves a bridge; not so for a leg that was only dialled."""
        return not self.application.startswith("App") and self.application != ""

    @property
    def extension(self) -> str:
        """What follows the technology: 1001 of PJSIP/1001."""
        return self.endpoint.partition("/")[2]
