"""How Asterisk writes: header lines, escapes, and which permission lets a session see an event."""

from __future__ import annotations

# Bit of each class of permission, as in manager.h's EVENT_FLAG_*; only their being distinct matters here.
_CLASSES = (
    *("system", "call", "log", "verbose", "command", "agent", "user", "config", "dtmf", "reporting", "cdr"),
    *("dialplan", "originate", "agi", "cc", "aoc", "test", "security", "message"),
)
PERMISSIONS = {name: 1 << bit for bit, name in enumerate(_CLASSES)}
ALL = (1 << len(PERMISSIONS)) - 1

_CLASS_OF = {
    "call": "Newchannel Newstate NewCallerid NewConnectedLine NewAccountCode HangupRequest SoftHangupRequest Hangup"
    " DialBegin DialState DialEnd BridgeCreate BridgeDestroy BridgeEnter BridgeLeave BridgeMerge Hold Unhold"
    " MusicOnHoldStart MusicOnHoldStop BlindTransfer AttendedTransfer OriginateResponse DeviceStateChange Pickup"
    " ParkedCall UnParkedCall ParkedCallTimeOut ParkedCallGiveUp ConfbridgeStart ConfbridgeJoin ConfbridgeLeave"
    " ConfbridgeEnd LocalBridge LocalOptimizationBegin LocalOptimizationEnd Rename",
    "agent": "QueueCallerJoin QueueCallerLeave QueueCallerAbandon AgentCalled AgentConnect AgentComplete AgentDump"
    " AgentRingNoAnswer QueueMemberAdded QueueMemberRemoved QueueMemberStatus QueueMemberPause QueueMemberPenalty",
    "system": "FullyBooted Shutdown",
    "dialplan": "VarSet Newexten",
    "dtmf": "DTMFBegin DTMFEnd",
    "reporting": "RTCPSent RTCPReceived",
    "user": "UserEvent",
}


def _head(event: str, permission: str) -> bytes:
    return f"Event: {event}\r\nPrivilege: {permission},all\r\n".encode()


HEADS: dict[str, tuple[int, bytes]] = {
    event: (PERMISSIONS[permission], _head(event, permission))
    for permission, events in _CLASS_OF.items()
    for event in events.split()
}
"""Event name to the permission that shows it and its first two lines."""

# ast_escape_c of Asterisk's main/utils.c.
_ESCAPES = str.maketrans(
    {
        "\a": "\\a",
        "\b": "\\b",
        "\f": "\\f",
        "\n": "\\n",
        "\r": "\\r",
        "\t": "\\t",
        "\v": "\\v",
        "\\": "\\\\",
        "'": "\\'",
        '"': '\\"',
        "?": "\\?",
        "\0": "",
    }
)


def escape(text: str) -> str:
    """A caller's name as channel snapshots show it: C escapes, as Asterisk has them."""
    return text.translate(_ESCAPES)


def one_line(text: str) -> str:
    """The text without what would end its line."""
    return text.replace("\r", " ").replace("\n", " ").replace("\0", "")


def lines(**headers: object) -> bytes:
    """Header lines; an underscore in a name stands for a hyphen."""
    return "".join(f"{key.replace('_', '-')}: {value}\r\n" for key, value in headers.items()).encode(
        errors="surrogateescape"
    )


def mask_of(names: str) -> int:
    """The permissions of a comma-separated list; `all` and `on` are every one, `off` and `none` are 0."""
    total = 0
    for name in names.lower().split(","):
        word = name.strip()
        total |= ALL if word in ("all", "on", "yes", "true", "1") else PERMISSIONS.get(word, 0)
    return total
