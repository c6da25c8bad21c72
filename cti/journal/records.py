"""What a journal holds, one JSON object a line. Pure.

AMI is kept as header and value pairs, in their order. Times are epoch seconds of our clock: when we got it, which is
the time that the board was given.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from cti.messages import Seat
from cti.picture import Answers
from cti.vocabulary import Message

FORMAT = 1
Ami = tuple[tuple[str, str], ...]
"""One message: its headers in order; a header that came more than once stands there more than once."""


class Rules(msgspec.Struct, frozen=True):
    """What a board has to know of one PBX, from the settings."""

    name: str
    trunks: tuple[str, ...] = ()
    outside_prefix: str = ""
    wrapup: dict[str, float] = {}


class Record(msgspec.Struct, frozen=True, tag_field="is"):
    """Base of all of them."""

    at: float


class Head(Record, frozen=True, tag="head"):
    """Begins each file, and each life of the server: all that a board needs besides what comes."""

    format: int
    program: str
    personal: str
    """mask or keep."""
    pbxs: tuple[Rules, ...] = ()
    seats: tuple[Seat, ...] = ()


class Seated(Record, frozen=True, tag="seats"):
    """The users' phones are others now."""

    seats: tuple[Seat, ...]


class Event(Record, frozen=True, tag="event"):
    """An event of the kinds that the board understands; others are counted by the link and not kept."""

    pbx: str
    ami: Ami


class Lists(msgspec.Struct, frozen=True):
    """The answers of `cti.picture.Answers`, as they came."""

    settings: Ami = ()
    status: Ami = ()
    channels: tuple[Ami, ...] = ()
    bridges: tuple[Ami, ...] = ()
    queues: tuple[Ami, ...] = ()
    statuses: tuple[Ami, ...] = ()
    devices: tuple[Ami, ...] = ()


class Pictured(Record, frozen=True, tag="picture"):
    """All that the PBX listed. `why`: link (it was connected, or restarted), file (a new file begins with it)."""

    pbx: str
    why: str
    lists: Lists
    taken_at: float


class Linked(Record, frozen=True, tag="link"):
    """How the link stands."""

    pbx: str
    state: str
    detail: str


class Asked(Record, frozen=True, tag="action"):
    """An action of ours that changes something. Login is never here."""

    pbx: str
    number: int
    ami: Ami


class Answered(Record, frozen=True, tag="answer"):
    """What became of the action of that number."""

    pbx: str
    number: int
    text: str


class Repaired(Record, frozen=True, tag="gone"):
    """Channels that the PBX no longer has, though no event said so: the watchdog took them off the board."""

    pbx: str
    channels: tuple[str, ...]


class Noted(Record, frozen=True, tag="note"):
    """A decision about a call that nobody can read off the telephone's own events, such as whom it was shown to."""

    what: str
    call: str = ""
    user: str = ""
    more: dict[str, str] = {}


class Missed(Record, frozen=True, tag="missed"):
    """So many records were lost here: the writer could not keep up, or the disk was full."""

    count: int


AnyRecord = Head | Seated | Event | Pictured | Linked | Asked | Answered | Repaired | Noted | Missed

_ENCODER = msgspec.json.Encoder()
_DECODER: msgspec.json.Decoder[AnyRecord] = msgspec.json.Decoder(AnyRecord)


def to_line(record: AnyRecord) -> bytes:
    """The record as one line, with its end."""
    return _ENCODER.encode(record) + b"\n"


def from_line(line: bytes) -> AnyRecord | None:
    """The record of a line; None for one that is torn (the machine lost its power) or of another format."""
    try:
        return _DECODER.decode(line)
    except msgspec.DecodeError:
        return None


def ami_of(message: Message) -> Ami:
    """All headers of a message in order."""
    if not message.repeats:
        return tuple(message.headers.items())
    pairs: list[tuple[str, str]] = []
    for key in message.headers:
        pairs.extend((key, value) for value in message.values(key))
    return tuple(pairs)


def message_of(ami: Ami) -> Message:
    """The message again."""
    headers: dict[str, str] = {}
    repeated: dict[str, list[str]] = {}
    for key, value in ami:
        headers.setdefault(key, value)
        repeated.setdefault(key, []).append(value)
    return Message(headers, "", repeated if len(headers) < len(ami) else None)


def lists_of(answers: Answers) -> Lists:
    """A resync's answers as a journal keeps them."""
    return Lists(
        ami_of(answers.settings),
        ami_of(answers.status),
        _all(answers.channels),
        _all(answers.bridges),
        _all(answers.queues),
        _all(answers.statuses),
        _all(answers.devices),
    )


def answers_of(lists: Lists) -> Answers:
    """The answers again."""
    return Answers(
        message_of(lists.settings),
        message_of(lists.status),
        *(
            [message_of(ami) for ami in part]
            for part in (lists.channels, lists.bridges, lists.queues, lists.statuses, lists.devices)
        ),
    )


def _all(messages: Iterable[Message]) -> tuple[Ami, ...]:
    return tuple(ami_of(message) for message in messages)
