"""A message to a typed event, by one table. Pure; headers are those of the Asterisk 22 AMI reference.

A message that lacks what its type cannot do without (Uniqueid) gives None: a surprising event is counted by
the caller, never raised.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache

from cti import events as e
from cti.frames import Wanted
from cti.vocabulary import Message

MAX_TEXT = 256
CALL_VARIABLE = "RINGDESK_CALL"
"""Inherited channel variable that holds the opaque id of our call; `channelvars` in manager.conf must name
it.
"""

# The texts of one call come again with each of its events: looking them up takes a third of the time of checking.
# Bounded: so many texts of at most a line each.
_CACHED = 1024

_UNKNOWN = "<unknown>"  # what Asterisk writes for a number or name it does not have
_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
# Joiners are format characters, but emoji and some scripts are written with them.
_KEPT_FORMATS = frozenset("\u200c\u200d")
_DROPPED = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))


def unescape_c(text: str) -> str:
    """Undoes Asterisk's ast_escape_c (backslash escapes of C), once."""
    return _ESCAPED.sub(lambda found: _ESCAPES.get(found[1], found[1]), text) if "\\" in text else text


@lru_cache(_CACHED)
def clean_text(text: str) -> str:
    """At most 256 characters, without control and direction characters; a line break or tab becomes a
    space.
    """
    if len(text) <= MAX_TEXT and text.isprintable():
        return text
    spaced = re.sub(r"[\t-\r\x85\u2028\u2029]+", " ", text[: MAX_TEXT * 4])
    kept = [c for c in spaced if c in _KEPT_FORMATS or unicodedata.category(c) not in _DROPPED]
    return "".join(kept)[:MAX_TEXT].strip()


@lru_cache(_CACHED)
def number(text: str) -> int:
    """The integer, or 0 where it is none."""
    try:
        return int(text)
    except ValueError:
        return 0


@lru_cache(_CACHED)
def _party(text: str) -> str:
    """A number or name of a party: unescaped once, clean, empty where Asterisk has none."""
    if text == _UNKNOWN:
        return ""
    return clean_text(unescape_c(text))


def _chan_reader(prefix: str) -> Callable[[Message], e.Chan]:
    """A function that reads the channel whose headers begin with `prefix`; KeyError where there is none."""
    unique, linked, name, state = (
        prefix + key for key in ("Uniqueid", "Linkedid", "Channel", "ChannelState")
    )
    caller_num, caller_name = prefix + "CallerIDNum", prefix + "CallerIDName"
    connected_num, connected_name = prefix + "ConnectedLineNum", prefix + "ConnectedLineName"
    context, exten, variable = prefix + "Context", prefix + "Exten", prefix + "ChanVariable"

    def read(message: Message) -> e.Chan:
        h = message.headers
        get = h.get
        return e.Chan(
            h[unique],
            get(linked, ""),
            get(name, ""),
            number(get(state, "0")),
            _party(get(caller_num, "")),
            _party(get(caller_name, "")),
            _party(get(connected_num, "")),
            _party(get(connected_name, "")),
            clean_text(get(context, "")),
            clean_text(get(exten, "")),
            call_tag(message.values(variable)) if variable in h else "",
        )

    return read


def call_tag(variables: list[str]) -> str:
    """Value of RINGDESK_CALL among `name=value` texts, or empty."""
    for pair in variables:
        name, _, value = pair.partition("=")
        if name == CALL_VARIABLE:
            return clean_text(value)
    return ""


chan = _chan_reader("")
dest = _chan_reader("Dest")
_source, _target = _chan_reader("Source"), _chan_reader("Target")
_one, _two = _chan_reader("LocalOne"), _chan_reader("LocalTwo")
_transferer, _transferee = _chan_reader("Transferer"), _chan_reader("Transferee")
_first, _second = _chan_reader("OrigTransferer"), _chan_reader("SecondTransferer")
_transfer_target = _chan_reader("TransferTarget")
_parkee, _retriever = _chan_reader("Parkee"), _chan_reader("Retriever")


def _maybe(read: Callable[[Message], e.Chan], prefix: str, message: Message) -> e.Chan | None:
    return read(message) if prefix + "Uniqueid" in message.headers else None


def _text(message: Message, header: str) -> str:
    return clean_text(message.headers.get(header, ""))


def _int(message: Message, header: str) -> int:
    return number(message.headers.get(header, "0"))


def member(message: Message) -> e.Member:
    """The member of a QueueMember* event, or of a line of QueueStatus (which says Name and Location)."""
    h = message.headers
    return e.Member(
        queue=_text(message, "Queue"),
        interface=clean_text(h["Interface"] if "Interface" in h else h["Location"]),
        name=clean_text(h["MemberName"] if "MemberName" in h else h.get("Name", "")),
        state_interface=_text(message, "StateInterface"),
        dynamic=h.get("Membership") == "dynamic",
        paused=h.get("Paused") == "1",
        paused_reason=_text(message, "PausedReason"),
        status=_int(message, "Status"),
        in_call=h.get("InCall") == "1",
        last_call=_int(message, "LastCall"),
        wrapup_time=_int(message, "Wrapuptime"),
        penalty=_int(message, "Penalty"),
    )


def _var_set(m: Message) -> e.AmiEvent | None:
    name = m.headers.get("Variable", "").lstrip("_")
    if name != CALL_VARIABLE:
        return None
    return e.VarSet(chan(m), clean_text(name), _party(m.headers.get("Value", "")))


def _attended(m: Message) -> e.AmiEvent:
    return e.AttendedTransfer(
        _first(m),
        _second(m),
        _text(m, "Result"),
        _text(m, "DestType"),
        _maybe(_transferee, "Transferee", m),
        _maybe(_transfer_target, "TransferTarget", m),
        _text(m, "DestBridgeUniqueid"),
    )


def _blind(m: Message) -> e.AmiEvent:
    return e.BlindTransfer(
        _transferer(m),
        _maybe(_transferee, "Transferee", m),
        _text(m, "BridgeUniqueid"),
        _text(m, "Extension"),
        _text(m, "Context"),
        _text(m, "Result"),
    )


def _parked(m: Message) -> e.AmiEvent:
    return e.ParkedCall(m.event, _parkee(m), _maybe(_retriever, "Retriever", m), _text(m, "ParkingSpace"))


def _agent_complete(m: Message) -> e.AmiEvent:
    return e.AgentComplete(
        *_offer(m), hold_time=_int(m, "HoldTime"), talk_time=_int(m, "TalkTime"), reason=_text(m, "Reason")
    )


def _originate_response(m: Message) -> e.AmiEvent:
    success = m.headers.get("Response") == "Success"
    return e.OriginateResponse(_text(m, "ActionID"), success, _int(m, "Reason"), _text(m, "Uniqueid"))


def _offer(m: Message) -> tuple[e.Chan, e.Chan | None, str, str]:
    return chan(m), _maybe(dest, "Dest", m), _text(m, "Queue"), _text(m, "Interface")


def _opt_chan(m: Message) -> e.Chan | None:
    return _maybe(chan, "", m)


_TABLE: dict[str, Callable[[Message], e.AmiEvent | None]] = {
    "FullyBooted": lambda m: e.FullyBooted(_int(m, "Uptime")),
    "Shutdown": lambda m: e.Shutdown(m.headers.get("Restart") == "True"),
    # channels
    "Newchannel": lambda m: e.Newchannel(chan(m)),
    "Newstate": lambda m: e.Newstate(chan(m)),
    "NewCallerid": lambda m: e.NewCallerid(chan(m)),
    "NewConnectedLine": lambda m: e.NewConnectedLine(chan(m)),
    "VarSet": _var_set,
    "Rename": lambda m: e.Rename(m.headers["Uniqueid"], _text(m, "Channel"), _text(m, "Newname")),
    "Hangup": lambda m: e.Hangup(chan(m), _int(m, "Cause")),
    "HangupRequest": lambda m: e.HangupRequest(chan(m)),
    "SoftHangupRequest": lambda m: e.HangupRequest(chan(m), soft=True),
    "Hold": lambda m: e.Hold(chan(m)),
    "Unhold": lambda m: e.Unhold(chan(m)),
    "DialBegin": lambda m: e.DialBegin(_opt_chan(m), dest(m), _text(m, "DialString")),
    "DialEnd": lambda m: e.DialEnd(_opt_chan(m), dest(m), _text(m, "DialStatus"), _text(m, "Forward")),
    # bridges
    "BridgeCreate": lambda m: e.BridgeCreate(m.headers["BridgeUniqueid"]),
    "BridgeDestroy": lambda m: e.BridgeDestroy(m.headers["BridgeUniqueid"]),
    "BridgeEnter": lambda m: e.BridgeEnter(
        m.headers["BridgeUniqueid"], chan(m), m.headers.get("BridgeTechnology", "")
    ),
    "BridgeLeave": lambda m: e.BridgeLeave(m.headers["BridgeUniqueid"], chan(m)),
    "BridgeMerge": lambda m: e.BridgeMerge(m.headers["ToBridgeUniqueid"], m.headers["FromBridgeUniqueid"]),
    # queues
    "QueueCallerJoin": lambda m: e.QueueCallerJoin(
        chan(m), _text(m, "Queue"), _int(m, "Position"), _int(m, "Count")
    ),
    "QueueCallerLeave": lambda m: e.QueueCallerLeave(chan(m), _text(m, "Queue"), _int(m, "Count")),
    "QueueCallerAbandon": lambda m: e.QueueCallerAbandon(chan(m), _text(m, "Queue"), _int(m, "HoldTime")),
    "AgentCalled": lambda m: e.AgentCalled(*_offer(m), member_name=_text(m, "MemberName")),
    "AgentConnect": lambda m: e.AgentConnect(*_offer(m), _int(m, "HoldTime"), _int(m, "RingTime")),
    "AgentRingNoAnswer": lambda m: e.AgentRingNoAnswer(*_offer(m), _int(m, "RingTime")),
    "AgentComplete": _agent_complete,
    "AgentDump": lambda m: e.AgentDump(chan(m), _text(m, "Queue"), _text(m, "Interface")),
    "QueueMemberAdded": lambda m: e.QueueMemberAdded(member(m)),
    "QueueMemberRemoved": lambda m: e.QueueMemberRemoved(member(m)),
    "QueueMemberStatus": lambda m: e.QueueMemberStatus(member(m)),
    "QueueMemberPause": lambda m: e.QueueMemberPause(member(m)),
    "DeviceStateChange": lambda m: e.DeviceStateChange(_text(m, "Device"), _text(m, "State")),
    # Local channels, transfers, pick-up, parking
    "LocalBridge": lambda m: e.LocalBridge(_one(m), _two(m)),
    "LocalOptimizationBegin": lambda m: e.LocalOptimizationBegin(
        _one(m), _two(m), _maybe(_source, "Source", m), _text(m, "Id")
    ),
    "LocalOptimizationEnd": lambda m: e.LocalOptimizationEnd(_one(m), _two(m), _text(m, "Id")),
    "BlindTransfer": _blind,
    "AttendedTransfer": _attended,
    "Pickup": lambda m: e.Pickup(chan(m), _target(m)),
    "ParkedCall": _parked,
    "ParkedCallTimeOut": _parked,
    "ParkedCallGiveUp": _parked,
    "ParkedCallSwap": _parked,
    "UnParkedCall": _parked,
    "OriginateResponse": _originate_response,
}

# A VarSet comes for every variable of every channel, and for global ones, among which is the token of our FastAGI port:
# only the call's id is taken, so that nothing else comes into the journal.
_PATTERNS = {"VarSet": re.compile(rb"\r\nVariable: _{0,2}RINGDESK_CALL\r\n")}

WANTED: Wanted = {name.encode(): _PATTERNS.get(name) for name in _TABLE}
"""What a `Framer` of an event connection has to pass on."""


def parse(message: Message) -> e.AmiEvent | None:
    """The typed event; None for a response, for an event that no type is for, and where its headers lack."""
    reader = _TABLE.get(message.headers.get("Event", ""))
    if reader is None:
        return None
    try:
        return reader(message)
    except KeyError:
        return None
