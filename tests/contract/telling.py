"""How a session that was recorded, or played on the practice PBX, is read for comparison."""

from collections import Counter, defaultdict

Message = list[tuple[str, str]]
# What floats freely between the other events in a real Asterisk, or says nothing about the call.
FLOATING = {"DeviceStateChange", "QueueMemberStatus"}
UNTOLD = {"TestEvent", "VarSet", "Newexten", "DTMFEnd", "RTCPSent", "RTCPReceived", "FullyBooted"}
# Events of the ringing phase come in either order, as the phone is quicker or slower than the PBX's own thread.
UNORDERED = {
    *("Newstate 5", "DialState RINGING", "NewConnectedLine", "NewCallerid", "HangupRequest"),
    "OriginateResponse",
}
# A phone that is answered or turned down at once is told of in fewer events.
UNCOUNTED = {"NewConnectedLine", "DialState"}
DETAILED = {
    "Newstate": "ChannelState",
    "DialState": "DialStatus",
    "DialEnd": "DialStatus",
    "Hangup": "Cause",
    "AgentComplete": "Reason",
}


def messages(data: bytes) -> list[Message]:
    """The events in the bytes, each as its headers in order."""
    found = []
    for part in data.decode(errors="surrogateescape").split("\r\n\r\n"):
        # A TestEvent of ConfBridge ends with one empty line more.
        told = part.removeprefix("\r\n").split("\r\n")
        headers = [(key, value) for key, _, value in (line.partition(": ") for line in told)]
        if headers[0][0] == "Event" and headers[0][1] not in UNTOLD:
            found.append(headers)
    return found


def histories(events: list[Message]) -> dict[str, list[str]]:
    """What happened to each leg, in order; a leg is named by its endpoint and how many it had before."""
    names: dict[str, str] = {}
    seen: Counter[str] = Counter()
    found: defaultdict[str, list[str]] = defaultdict(list)
    for message in events:
        headers = dict(message)
        event, channel = headers["Event"], headers.get("DestChannel") or headers.get("Channel", "")
        if event == "Newchannel":
            endpoint = channel.rpartition("-")[0]
            names[channel] = f"{endpoint} {seen[endpoint]}"
            seen[endpoint] += 1
        detail = headers.get(DETAILED.get(event, ""), "")
        told = f"{event} {detail}".strip()
        if event not in FLOATING and told not in UNORDERED and channel in names:
            found[names[channel]].append(told)
    return dict(found)


def frequencies(events: list[Message]) -> Counter[str]:
    return Counter(name for message in events if (name := message[0][1]) not in FLOATING | UNCOUNTED)


# Headers that a real Asterisk adds where a SIP status was received, or leaves out.
OPTIONAL = {"Cause", "TechCause"}


def shapes(events: list[Message]) -> dict[str, set[tuple[str, ...]]]:
    """Event name to the header names it came with, in order."""
    found: defaultdict[str, set[tuple[str, ...]]] = defaultdict(set)
    for message in events:
        found[message[0][1]].add(tuple(key for key, _ in message if key not in OPTIONAL))
    return found


def states(events: list[Message]) -> dict[str, str]:
    """How the devices and the queues' members were left."""
    headers = [dict(message) for message in events]
    devices = {h["Device"]: h["State"] for h in headers if h["Event"] == "DeviceStateChange"}
    members = {h["Interface"]: h["Status"] for h in headers if h["Event"] == "QueueMemberStatus"}
    return {key: value for key, value in devices.items() if not key.startswith("Queue:")} | members
