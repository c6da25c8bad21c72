"""The practice PBX tells each story as the real Asterisk did when it was recorded."""

from collections import Counter, defaultdict
from pathlib import Path

import pytest

from cti.practice.pbx import PracticePbx
from cti.practice.timeline import ManualTimeline
from tests.contract.practice_scenes import SCENES

TRACES = Path(__file__).resolve().parents[1] / "traces"
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
# In this recording the agents hang up before their bridge has its second member.
UNHURRIED = [name for name in SCENES if name != "queue_two_callers"]
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
        headers = [(key, value) for key, _, value in (line.partition(": ") for line in part.split("\r\n"))]
        if headers[0][0] == "Event" and headers[0][1] not in UNTOLD:
            found.append(headers)
    return found


async def played(name: str) -> list[Message]:
    """The events of the scene on a practice PBX, as a session of the user ringdesk sees them."""
    scene, seen = SCENES[name], bytearray()
    async with PracticePbx(timeline=ManualTimeline(), setup=scene.setup) as pbx:
        pbx.world.sinks.append(lambda bit, data: seen.extend(data))
        scene.play(pbx)
        assert not pbx.world.channels
        assert not pbx.world.bridges
    return messages(bytes(seen))


def recorded(name: str) -> list[Message]:
    return messages((TRACES / f"{name}.ami").read_bytes())


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


def counted(events: list[Message]) -> Counter[str]:
    return Counter(name for message in events if (name := message[0][1]) not in FLOATING | UNCOUNTED)


@pytest.mark.parametrize("name", UNHURRIED)
async def test_each_leg_lives_as_in_the_recording(name: str) -> None:
    assert histories(await played(name)) == histories(recorded(name))


@pytest.mark.parametrize("name", UNHURRIED)
async def test_the_same_events_come_as_often(name: str) -> None:
    assert counted(await played(name)) == counted(recorded(name))


# Headers that a real Asterisk adds where a SIP status was received, or leaves out.
OPTIONAL = {"Cause", "TechCause"}


def shapes(events: list[Message]) -> dict[str, set[tuple[str, ...]]]:
    """Event name to the header names it came with, in order."""
    found: defaultdict[str, set[tuple[str, ...]]] = defaultdict(set)
    for message in events:
        found[message[0][1]].add(tuple(key for key, _ in message if key not in OPTIONAL))
    return found


@pytest.fixture(scope="module")
def real_shapes() -> dict[str, set[tuple[str, ...]]]:
    return shapes([message for name in SCENES for message in recorded(name)])


@pytest.mark.parametrize("name", SCENES)
async def test_events_have_a_real_ones_headers_in_its_order(
    name: str, real_shapes: dict[str, set[tuple[str, ...]]]
) -> None:
    for event, mine in shapes(await played(name)).items():
        assert mine <= real_shapes[event], event


@pytest.mark.parametrize("name", SCENES)
async def test_devices_and_members_end_as_in_the_recording(name: str) -> None:
    def last(events: list[Message]) -> dict[str, str]:
        headers = [dict(message) for message in events]
        devices = {h["Device"]: h["State"] for h in headers if h["Event"] == "DeviceStateChange"}
        members = {h["Interface"]: h["Status"] for h in headers if h["Event"] == "QueueMemberStatus"}
        return {key: value for key, value in devices.items() if not key.startswith("Queue:")} | members

    assert last(await played(name)) == last(recorded(name))
