"""What a PBX answers to a resync, as one picture."""

from pathlib import Path

import pytest

from cti.frames import Framer
from cti.picture import Answers, seconds, startup, take_picture
from cti.vocabulary import Message

TRACES = Path(__file__).parents[2] / "traces"


def answers(name: str) -> Answers:
    messages = Framer().feed((TRACES / f"{name}.ami").read_bytes())

    def items(*events: str) -> list[Message]:
        return [m for m in messages if m.event in events and m.has_header("ActionID")]

    return Answers(
        settings=next(m for m in messages if m.has_header("AsteriskVersion")),
        status=next(m for m in messages if m.has_header("CoreStartupDate")),
        channels=items("CoreShowChannel"),
        bridges=items("BridgeListItem"),
        queues=items("QueueParams", "QueueMember", "QueueEntry"),
        statuses=items("Status"),
        devices=items("DeviceStateChange"),
    )


def test_a_waiting_caller_and_a_ringing_agent() -> None:
    picture = take_picture(answers("resync_waiting"), 12.5)
    assert picture.version.startswith("22.")
    assert picture.startup.count(":") == 2
    caller, phone = picture.channels
    assert (caller.chan.caller_num, caller.dialled, caller.application) == ("13800138000", "4001", "Queue")
    assert (phone.chan.state, phone.chan.call_tag) == (5, caller.chan.uniqueid)
    (entry,) = picture.entries
    assert (entry.queue, entry.uniqueid, entry.position) == ("service", caller.chan.uniqueid, 1)
    assert {queue.name: queue.weight for queue in picture.queues} == {"service": 0, "emergency": 10}
    (member,) = [m for m in picture.members if m.queue == "service"]
    assert (member.interface, member.name, member.dynamic, member.status) == (
        "PJSIP/1001",
        "Agent 1001",
        False,
        6,
    )
    assert picture.devices["PJSIP/1001"] == "RINGING"
    assert picture.taken_at == 12.5


def test_talking_channels_share_a_bridge() -> None:
    one, two = take_picture(answers("resync_talking"), 0.0).channels
    assert one.bridge == two.bridge != ""


def test_a_pbx_with_nothing_to_tell() -> None:
    picture = take_picture(Answers(), 0.0)
    assert (picture.channels, picture.queues, picture.devices, picture.startup) == ((), (), {}, "")


def test_lines_without_what_they_need_are_left_out() -> None:
    picture = take_picture(
        Answers(
            channels=[Message({"Event": "CoreShowChannel"})],
            queues=[Message({"Event": "QueueEntry"}), Message({"Event": "QueueMember"})],
            statuses=[Message({"Event": "Status"})],
        ),
        0.0,
    )
    assert (picture.channels, picture.entries, picture.members) == ((), (), ())


def test_another_start_is_another_text() -> None:
    first = Message({"CoreStartupDate": "2026-01-31", "CoreStartupTime": "08:00:00"})
    second = Message({"CoreStartupDate": "2026-01-31", "CoreStartupTime": "08:00:01"})
    assert startup(first) != startup(second)


@pytest.mark.parametrize(("text", "value"), [("00:01:05", 65), ("100:00:00", 360_000), ("", 0), ("1:2", 0)])
def test_durations(text: str, value: int) -> None:
    assert seconds(text) == value
