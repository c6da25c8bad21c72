"""What an Asterisk says over AMI, typed: one struct for each event that the board understands.

Names and meanings are those of the Asterisk 22 AMI reference. An event's channel is a `Chan`; times are not in
here, for AMI carries none: whoever applies an event says when it came. Numbers that do not parse are 0.
"""

from __future__ import annotations

import msgspec


class Chan(msgspec.Struct, frozen=True):
    """A channel snapshot as most events carry it. Texts are unescaped once and bounded, without control characters."""

    uniqueid: str
    linkedid: str
    name: str
    """Such as PJSIP/1001-00000003; the endpoint is all before the last dash."""
    state: int = 0
    """ChannelState: 0 down, 4 ring (calling us), 5 ringing (being called), 6 up, 7 busy."""
    caller_num: str = ""
    caller_name: str = ""
    connected_num: str = ""
    connected_name: str = ""
    context: str = ""
    exten: str = ""
    call_tag: str = ""
    """Value of the inherited channel variable RINGDESK_CALL, where `channelvars` names it."""


class AmiEvent(msgspec.Struct, frozen=True, tag=True):
    """Base of all of them."""


class FullyBooted(AmiEvent, frozen=True):
    uptime: int = 0


class Shutdown(AmiEvent, frozen=True):
    restart: bool = False


class Newchannel(AmiEvent, frozen=True):
    chan: Chan


class Newstate(AmiEvent, frozen=True):
    chan: Chan


class NewCallerid(AmiEvent, frozen=True):
    chan: Chan


class NewConnectedLine(AmiEvent, frozen=True):
    chan: Chan


class VarSet(AmiEvent, frozen=True):
    """Only those of RINGDESK_CALL are typed."""

    chan: Chan
    variable: str
    value: str


class Rename(AmiEvent, frozen=True):
    uniqueid: str
    old_name: str
    new_name: str


class Hangup(AmiEvent, frozen=True):
    chan: Chan
    cause: int
    """Q.850: 16 normal, 17 busy, 19 no answer, 21 rejected, 26 answered elsewhere."""


class HangupRequest(AmiEvent, frozen=True):
    """The channel is asked to go: by its far side, or (`soft`) by the PBX, which may only follow another one."""

    chan: Chan
    soft: bool = False


class DialBegin(AmiEvent, frozen=True):
    """`chan` is None where nobody dials (an Originate)."""

    chan: Chan | None
    dest: Chan
    dial_string: str = ""


class DialEnd(AmiEvent, frozen=True):
    """`status`: ANSWER, BUSY, CANCEL, NOANSWER, CONGESTION, CHANUNAVAIL, ABORT, CONTINUE, GOTO."""

    chan: Chan | None
    dest: Chan
    status: str
    forward: str = ""
    """Where the phone sends the call on to (SIP 302), and it is CANCEL then."""


class BridgeCreate(AmiEvent, frozen=True):
    bridge: str


class BridgeDestroy(AmiEvent, frozen=True):
    bridge: str


class BridgeEnter(AmiEvent, frozen=True):
    """`technology`: holding_bridge where the members do not hear each other, as parked callers."""

    bridge: str
    chan: Chan
    technology: str = ""


class BridgeLeave(AmiEvent, frozen=True):
    bridge: str
    chan: Chan


class BridgeMerge(AmiEvent, frozen=True):
    """`source`'s channels move into `target`."""

    target: str
    source: str


class Hold(AmiEvent, frozen=True):
    chan: Chan


class Unhold(AmiEvent, frozen=True):
    chan: Chan


class QueueCallerJoin(AmiEvent, frozen=True):
    chan: Chan
    queue: str
    position: int
    count: int


class QueueCallerLeave(AmiEvent, frozen=True):
    chan: Chan
    queue: str
    count: int


class QueueCallerAbandon(AmiEvent, frozen=True):
    chan: Chan
    queue: str
    hold_time: int


class AgentCalled(AmiEvent, frozen=True):
    chan: Chan
    dest: Chan | None
    queue: str
    interface: str
    member_name: str = ""


class AgentConnect(AmiEvent, frozen=True):
    chan: Chan
    dest: Chan | None
    queue: str
    interface: str
    hold_time: int = 0
    ring_time: int = 0


class AgentRingNoAnswer(AmiEvent, frozen=True):
    chan: Chan
    dest: Chan | None
    queue: str
    interface: str
    ring_time: int = 0
    """Milliseconds in Asterisk 22."""


class AgentComplete(AmiEvent, frozen=True):
    """`reason`: caller, agent or transfer."""

    chan: Chan
    dest: Chan | None
    queue: str
    interface: str
    hold_time: int
    talk_time: int
    reason: str


class AgentDump(AmiEvent, frozen=True):
    chan: Chan
    queue: str
    interface: str


class Member(msgspec.Struct, frozen=True):
    """A queue member. `status` is a device state: 1 free, 2 in use, 3 busy, 5 unavailable, 6 ringing, 8 on hold."""

    queue: str
    interface: str
    name: str = ""
    state_interface: str = ""
    dynamic: bool = False
    paused: bool = False
    paused_reason: str = ""
    status: int = 0
    in_call: bool = False
    last_call: int = 0
    wrapup_time: int = 0
    penalty: int = 0


class QueueMemberAdded(AmiEvent, frozen=True):
    member: Member


class QueueMemberRemoved(AmiEvent, frozen=True):
    member: Member


class QueueMemberStatus(AmiEvent, frozen=True):
    member: Member


class QueueMemberPause(AmiEvent, frozen=True):
    member: Member


class DeviceStateChange(AmiEvent, frozen=True):
    device: str
    state: str


class LocalBridge(AmiEvent, frozen=True):
    """The two halves of a Local channel are known to each other."""

    one: Chan
    two: Chan


class LocalOptimizationBegin(AmiEvent, frozen=True):
    """`source` takes the place of the Local pair; ends with the LocalOptimizationEnd of the same `id`."""

    one: Chan
    two: Chan
    source: Chan | None
    id: str


class LocalOptimizationEnd(AmiEvent, frozen=True):
    one: Chan
    two: Chan
    id: str


class BlindTransfer(AmiEvent, frozen=True):
    transferer: Chan
    transferee: Chan | None
    bridge: str
    exten: str
    context: str
    result: str


class AttendedTransfer(AmiEvent, frozen=True):
    """`dest_type`: Bridge, App, Link, Threeway, Fail."""

    orig_transferer: Chan
    second_transferer: Chan
    result: str
    dest_type: str
    transferee: Chan | None = None
    transfer_target: Chan | None = None
    dest_bridge: str = ""


class Pickup(AmiEvent, frozen=True):
    """`chan` picks up what rings at `target`."""

    chan: Chan
    target: Chan


class ParkedCall(AmiEvent, frozen=True):
    """Also ParkedCallTimeOut, ParkedCallGiveUp, ParkedCallSwap and UnParkedCall, told apart by `kind`."""

    kind: str
    parkee: Chan
    retriever: Chan | None
    space: str


class OriginateResponse(AmiEvent, frozen=True):
    action_id: str
    success: bool
    reason: int
    uniqueid: str
