"""Every action that Ringdesk sends to a PBX, built from checked values. Pure.

What a person or program supplies reaches an action as a number to dial, a reason or a caller's name only.
Channel, Context, queue and interface come from settings, seats and the board, and are checked all the same:
Asterisk reads `/…/` in Hangup as a pattern for many channels, and `&` in Originate as several phones.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from core.errors import Invalid
from cti.vocabulary import AmiRefused

Action = tuple[tuple[str, str], ...]
"""Header and value pairs, in order, without the ActionID."""

PERMISSIONS: Mapping[str, str] = {
    # Any one of the named write permissions is enough; empty: none is needed. Source: ListCommands of
    # Asterisk 22.
    "Login": "",
    "Challenge": "",
    "Logoff": "",
    "Ping": "",
    "Events": "",
    "ListCommands": "",
    "BridgeList": "",
    "BridgeInfo": "",
    "QueueStatus": "",
    "QueueSummary": "",
    "CoreSettings": "reporting",
    "CoreStatus": "reporting",
    "CoreShowChannels": "reporting",
    "Status": "reporting",
    "DeviceStateList": "reporting",
    "ShowDialPlan": "reporting",
    "Getvar": "reporting",
    "QueueAdd": "agent",
    "QueueRemove": "agent",
    "QueuePause": "agent",
    "Hangup": "call",
    "BlindTransfer": "call",
    "Atxfer": "call",
    "CancelAtxfer": "call",
    "Originate": "originate",
}
"""The only actions that a link sends, and the write permission that each needs of the manager user."""


class Order(msgspec.Struct, frozen=True):
    """A call that a user asks for: from the own phone (`interface`) to `to`, by the dialplan's `context`.

    `channel_id` is the Uniqueid that the phone's channel will have, new for each order. `caller` is the number that
    the channel gets as its own (the agent's extension); `call_tag` becomes the inherited RINGDESK_CALL, by default
    the channel's id.
    """

    interface: str
    to: str
    context: str
    channel_id: str
    caller: str = ""
    call_tag: str = ""
    ring_seconds: float = 30.0
    exten: str = ""
    """Where it goes on in the context instead of at `to`: an extension with a name, such as a flow."""


NOWHERE = "Local/s@ringdesk-nowhere"
"""No phone: the context does not exist."""

_TARGET = re.compile(r"\+?[0-9*#]{1,31}", re.ASCII)
_INTERFACE = re.compile(r"[A-Za-z][A-Za-z0-9]*/[^\s&,|()/\"';][^\s&,|()\"';]{0,78}")
_CHANNEL = re.compile(r"[A-Za-z][A-Za-z0-9]*/[^\s,|()\"']{1,158}")
_WORD = re.compile(r"[^\s,|()\"'&/\x00-\x1f\x7f][^,|()\"'&\x00-\x1f\x7f]{0,79}")
_ID = re.compile(r"[A-Za-z0-9_.-]{1,100}", re.ASCII)


def dial_target(text: str) -> str:
    """The number to dial: digits, `*`, `#`, a leading `+`, 32 characters at most; Invalid otherwise.

    Spaces, dashes, dots and brackets, with which people write numbers, are taken out.
    """
    found = re.sub(r"[ ().-]", "", text) if len(text) <= 64 else text
    if not _TARGET.fullmatch(found):
        raise Invalid("That cannot be dialled: give digits, * and #, with a + in front at most.", field="to")
    return found


def queue_add(queue: str, interface: str, name: str = "", paused: bool = False, reason: str = "") -> Action:
    """Signs an interface in to a queue as a dynamic member; `name` is what Asterisk shows for it."""
    action: Action = (
        ("Action", "QueueAdd"),
        ("Queue", _word(queue, "queue")),
        ("Interface", interface_of(interface)),
        ("Paused", _flag(paused)),
    )
    if name:
        action += (("MemberName", _line(name)),)
    return (*action, ("Reason", _line(reason))) if reason else action


def queue_remove(queue: str, interface: str) -> Action:
    """Signs an interface out of a queue; Asterisk refuses it for a static member."""
    return (
        ("Action", "QueueRemove"),
        ("Queue", _word(queue, "queue")),
        ("Interface", interface_of(interface)),
    )


def queue_pause(interface: str, paused: bool, reason: str = "", queue: str = "") -> Action:
    """Pauses an interface, or ends its pause, in one queue or (without one) in all of them."""
    action: Action = (
        ("Action", "QueuePause"),
        ("Interface", interface_of(interface)),
        ("Paused", _flag(paused)),
    )
    if queue:
        action += (("Queue", _word(queue, "queue")),)
    return (*action, ("Reason", _line(reason))) if reason else action


def hangup(channel: str, cause: int = 16) -> Action:
    """Ends one channel; `cause` is Q.850."""
    return (("Action", "Hangup"), ("Channel", channel_of(channel)), ("Cause", str(int(cause))))


def originate(order: Order) -> Action:
    """Rings the agent's own phone and sends it to the target in the context once it is picked up.

    Always Async: a synchronous Originate blocks every event of its session for as long as the phone rings.
    """
    action: Action = (
        ("Action", "Originate"),
        ("Channel", interface_of(order.interface)),
        ("ChannelId", identifier(order.channel_id)),
        ("Context", _word(order.context, "context")),
        ("Exten", _word(order.exten, "extension") if order.exten else dial_target(order.to)),
        ("Priority", "1"),
        ("Timeout", str(int(order.ring_seconds * 1000))),
        ("Variable", f"__RINGDESK_CALL={identifier(order.call_tag or order.channel_id)}"),
        ("Async", "true"),
    )
    return (*action, ("CallerID", f"<{dial_target(order.caller)}>")) if order.caller else action


def test_call(extension: str, context: str, channel_id: str, seconds: float) -> Action:
    """A call into the dialplan from nobody, that stays for so long: for the doctor. Both come from the settings only.

    `/n` keeps Asterisk from taking the Local channel out of the way, which the call is known by.
    """
    return (
        ("Action", "Originate"),
        ("Channel", f"Local/{dial_target(extension)}@{_word(context, 'context')}/n"),
        ("ChannelId", identifier(channel_id)),
        ("OtherChannelId", identifier(f"{channel_id}-2")),
        ("Application", "Wait"),
        ("Data", str(int(seconds))),
        ("CallerID", '"Ringdesk test" <000>'),
        ("Timeout", str(int(seconds * 1000))),
        ("Variable", f"__RINGDESK_CALL={channel_id}"),
        ("Async", "true"),
    )


def call_nowhere(channel_id: str) -> Action:
    """A call to nobody that fails at once, in which no dialplan runs: for the doctor, to see whether it is told."""
    return (
        ("Action", "Originate"),
        ("Channel", NOWHERE),
        ("ChannelId", identifier(channel_id)),
        ("OtherChannelId", identifier(f"{channel_id}-2")),
        ("Application", "Wait"),
        ("Data", "1"),
        ("Timeout", "1000"),
        ("Async", "true"),
    )


def member_nowhere(queue: str) -> tuple[Action, Action]:
    """Adds a paused member that is no phone to a queue, and takes it out again: for the same."""
    return queue_add(queue, NOWHERE, paused=True), queue_remove(queue, NOWHERE)


def blind_transfer(channel: str, exten: str, context: str) -> Action:
    """Sends whoever is bridged with `channel` (the agent's) to another extension."""
    return _transfer("BlindTransfer", channel, exten, context)


def attended_transfer(channel: str, exten: str, context: str) -> Action:
    """Lets the agent's `channel` talk to another extension first, with the caller on hold."""
    return _transfer("Atxfer", channel, exten, context)


def cancel_transfer(channel: str) -> Action:
    """Takes back an attended transfer that `channel` (the agent's) has begun: it is with the caller again."""
    return (("Action", "CancelAtxfer"), ("Channel", channel_of(channel)))


def interface_of(text: str) -> str:
    """An interface such as PJSIP/1001 or Local/1001@from-queue/n; Invalid otherwise."""
    return _matched(_INTERFACE, text, "interface")


def channel_of(text: str) -> str:
    """The name of one channel, such as PJSIP/1001-00000003; Invalid otherwise (a pattern, above all)."""
    return _matched(_CHANNEL, text, "channel")


def identifier(text: str) -> str:
    """An id of ours that goes into a channel: letters, digits, dash, dot, underscore."""
    return _matched(_ID, text, "id")


def lacks(refused: AmiRefused) -> str:
    """What a refused action lacked, as a sentence with the remedy in it, or what Asterisk itself said."""
    needed = PERMISSIONS.get(refused.action, "")
    if refused.permission_denied and needed:
        return f"permission denied for {refused.action}: the manager user needs write={needed}"
    return str(refused)


def _transfer(action: str, channel: str, exten: str, context: str) -> Action:
    return (
        ("Action", action),
        ("Channel", channel_of(channel)),
        ("Exten", dial_target(exten)),
        ("Context", _word(context, "context")),
    )


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _line(text: str) -> str:
    """Free text as one line, without control characters, 80 characters at most."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:80]


def _word(text: str, field: str) -> str:
    return _matched(_WORD, text, field)


def _matched(pattern: re.Pattern[str], text: str, field: str) -> str:
    if not pattern.fullmatch(text):
        raise Invalid(f"Not a valid {field}: {text[:80]!r}", field=field)
    return text
