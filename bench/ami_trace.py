"""A long AMI trace out of the recorded ones: many calls side by side, each with ids and agents of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path

TRACES = Path(__file__).resolve().parents[1] / "tests" / "traces"
END = b"\r\n\r\n"
GREETING = b"Asterisk Call Manager/11.0.0\r\n"
# No calls, or not what a busy day is made of: ten kilobytes of caller's name, a PBX that shuts down.
_LEFT_OUT = ("resync_", "shutdown_", "caller_name_long")
_UNIQUEID = re.compile(rb"\b(1\d{9})\.(\d+)")
_AGENT = re.compile(rb"\b100([1-5])\b")
_BRIDGE = re.compile(rb"\b([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-)([0-9a-f]{12})\b")
_OWN_ID = re.compile(rb"ringdesk-originate-\d+")


def recorded() -> list[list[bytes]]:
    """The events of each recorded call, in order: the everyday ones, and those that are moved about."""
    return [
        [part for piece in path.read_bytes().split(END) if (part := piece.strip()).startswith(b"Event: ")]
        for path in (*sorted(TRACES.glob("*.ami")), *sorted(TRACES.glob("shapes/22/*.ami")))
        if not path.stem.startswith(_LEFT_OUT)
    ]


def long_trace(events: int, lanes: int = 20) -> bytes:
    """About so many events, with `lanes` calls at any time, from the greeting on."""
    calls = recorded()
    if not calls:
        raise SystemExit("no recorded traces in tests/traces")
    streams = [_lane(number, calls) for number in range(lanes)]
    mixed = (next(stream) for stream in cycle(streams))
    return GREETING + b"".join(part + END for part in islice(mixed, events))


def interfaces(lanes: int = 20) -> list[str]:
    """The phones of all lanes."""
    return [f"PJSIP/{_extension(lane, agent)}" for lane in range(lanes) for agent in range(1, 6)]


def _lane(number: int, calls: list[list[bytes]]) -> Iterator[bytes]:
    """One call after the other, for ever, beginning with another recording in each lane."""
    for turn, call in enumerate(cycle(calls[number % len(calls) :] + calls[: number % len(calls)])):
        shift = (turn * 97 + number) * 1000  # seconds between this call's ids and the recorded ones
        for part in call:
            yield _moved(part, number, shift)


def _moved(part: bytes, lane: int, shift: int) -> bytes:
    # Channels of a lane bear names that no other lane has, so that pattern matches on names stay honest.
    part = _UNIQUEID.sub(lambda m: b"%d.%s%02d" % ((int(m[1]) + shift) % 10**10, m[2], lane), part)
    part = _BRIDGE.sub(lambda m: b"%s%012x" % (m[1], (int(m[2], 16) + shift * 100 + lane) % 2**48), part)
    part = _OWN_ID.sub(b"ringdesk-%d-%d" % (lane, shift), part)
    part = part.replace(b"PJSIP/trunk-", b"PJSIP/trunk-%02d" % lane)
    return _AGENT.sub(lambda m: str(_extension(lane, int(m[1]))).encode(), part)


def _extension(lane: int, agent: int) -> int:
    return 2000 + lane * 10 + agent
