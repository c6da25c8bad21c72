"""Lists that a PBX answered to one picture of it. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from cti.parse import chan, clean_text, member, number
from cti.seen import Picture, SeenChannel, SeenEntry, SeenQueue
from cti.vocabulary import Message

Lists = Sequence[Message]


class Answers(msgspec.Struct, frozen=True):
    """What a resync asked and got: two single answers, then lists; an empty one where the PBX gave none."""

    settings: Message = Message({})
    status: Message = Message({})
    channels: Lists = ()
    bridges: Lists = ()
    queues: Lists = ()
    statuses: Lists = ()
    devices: Lists = ()


def take_picture(answers: Answers, taken_at: float) -> Picture:
    """The picture in the answers; lines that lack what they cannot do without are left out."""
    extra = {line.headers["Uniqueid"]: line for line in answers.statuses if "Uniqueid" in line.headers}
    return Picture(
        startup=startup(answers.status),
        version=clean_text(answers.settings.get_header("AsteriskVersion")),
        channels=tuple(
            _channel(line, extra.get(line.headers["Uniqueid"]))
            for line in answers.channels
            if line.event == "CoreShowChannel" and "Uniqueid" in line.headers
        ),
        queues=tuple(_queue(line) for line in answers.queues if line.event == "QueueParams"),
        members=tuple(
            member(line)
            for line in answers.queues
            if line.event == "QueueMember" and "Location" in line.headers
        ),
        entries=tuple(
            _entry(line)
            for line in answers.queues
            if line.event == "QueueEntry" and "Uniqueid" in line.headers
        ),
        devices={
            clean_text(line.get_header("Device")): clean_text(line.get_header("State"))
            for line in answers.devices
            if line.event == "DeviceStateChange"
        },
        taken_at=taken_at,
    )


def startup(status: Message) -> str:
    """CoreStartupDate and CoreStartupTime of an answer to CoreStatus: another text means a restarted PBX."""
    return f"{status.get_header('CoreStartupDate')} {status.get_header('CoreStartupTime')}".strip()


def seconds(duration: str) -> int:
    """`hh:mm:ss` (hours may have more digits) as seconds; 0 where it is something else."""
    parts = duration.split(":")
    if len(parts) != 3:
        return 0
    hours, minutes, rest = map(number, parts)
    return hours * 3600 + minutes * 60 + rest


def _channel(line: Message, status: Message | None) -> SeenChannel:
    more = (status or line).headers
    return SeenChannel(
        chan=chan(line),
        application=clean_text(line.get_header("Application")),
        # Status is asked later, so it knows better; it calls the header BridgeID.
        bridge=more.get("BridgeID", line.get_header("BridgeId")),
        seconds=seconds(line.get_header("Duration")),
        dialled=clean_text(more.get("DNID", "")),
        application_data=clean_text(line.get_header("ApplicationData")),
    )


def _queue(line: Message) -> SeenQueue:
    return SeenQueue(
        name=clean_text(line.get_header("Queue")),
        completed=number(line.get_header("Completed", "0")),
        abandoned=number(line.get_header("Abandoned", "0")),
        service_level=number(line.get_header("ServiceLevel", "0")),
        weight=number(line.get_header("Weight", "0")),
    )


def _entry(line: Message) -> SeenEntry:
    return SeenEntry(
        queue=clean_text(line.get_header("Queue")),
        uniqueid=line.headers["Uniqueid"],
        position=number(line.get_header("Position", "0")),
        wait=number(line.get_header("Wait", "0")),
        priority=number(line.get_header("Priority", "0")),
    )
