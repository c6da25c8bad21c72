"""AMI's bytes to messages and back. Pure: no I/O, no clock.

A message is lines `Key: value` ended by CR LF, and ends with an empty line. The greeting is a line by itself
with no empty line after it. Source: Asterisk 22 main/manager.c.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from cti.forgery import forged
from cti.vocabulary import Message, UnsafeValue

END = b"\r\n\r\n"
GREETING = b"Asterisk Call Manager"
_FOLLOWS = b"Response: Follows\r\n"
_FOLLOWS_END = b"--END COMMAND--"
_NAMES = 512  # distinct names of skipped events that are counted one by one
_LINES = 16  # a message may be so many times the limit of a line

Wanted = Mapping[bytes, re.Pattern[bytes] | None]
"""Names of the events to pass on; with a pattern, only those whose bytes it is found in."""


class Framer:
    """Cuts what a PBX sends, split anyhow, into messages.

    With `wanted`, other events are counted by name in `skipped` and passed over unparsed: on a busy PBX they
    are the larger part. Lines longer than `limit` bytes and messages longer than 16 times that are cut, and
    counted in `cut`, so that memory stays bounded whatever comes. Never raises.

    A message that a caller has written into is dropped and counted in `forged`; so is, with `wanted`, every event after
    it until `doubt` is taken back, for any of them may be the caller's work. Answers pass: nobody can know their ids.
    """

    def __init__(self, wanted: Wanted | None = None, limit: int = 65536) -> None:
        self.greeting: str | None = None
        """The first line; None until it is complete."""
        self.skipped: dict[bytes, int] = {}
        self.cut = 0
        self.forged = 0
        self.doubt = False
        """Somebody has forged an event, and what comes may still be forged."""
        self._wanted = wanted
        self._limit = limit
        self._pending = bytearray()
        self._follows: list[bytes] = []
        self._dropping = b""  # what ends the piece that is being dropped
        self._tail = b""  # the last bytes dropped, for that end may come in two parts

    def feed(self, data: bytes) -> list[Message]:
        """The messages that these bytes complete, in order."""
        pending = self._pending
        if self._dropping:
            data = self._drop(data)
        searched = max(0, len(pending) - len(END) + 1)
        pending += data
        if self.greeting is None:
            if not self._greet():
                return []
            searched = 0
        if pending.find(END, searched) < 0:
            if len(pending) > self._limit:
                self._bound()
            return []
        parts = bytes(pending).split(END)
        pending[:] = parts.pop()
        messages: list[Message] = []
        self._sort(parts, messages)
        if len(pending) > self._limit:
            self._bound()
        return messages

    def _sort(self, parts: list[bytes], into: list[Message]) -> None:
        """The hot path: one look at the name for an event that nobody wants, one parse for the others."""
        wanted, skipped = self._wanted, self.skipped
        for part in parts:
            if forged(part):
                self.forged += 1
                self.doubt = wanted is not None
            elif self.doubt and not part.startswith(b"Response: "):
                continue
            elif wanted is not None and part.startswith(b"Event: "):
                name = part[7 : part.find(b"\r", 7)]
                if name in wanted and ((pattern := wanted[name]) is None or pattern.search(part)):
                    into.append(self._message(part))
                else:
                    key = name if name in skipped or len(skipped) < _NAMES else b"other"
                    skipped[key] = skipped.get(key, 0) + 1
            else:
                self._response(part, into)

    def _response(self, part: bytes, into: list[Message]) -> None:
        """A response, or the piece of an old command's output that an empty line has cut in two."""
        follows = self._follows
        if follows or part.lstrip(b"\r\n").startswith(_FOLLOWS):
            follows.append(part)
            long = sum(map(len, follows)) > self._limit * _LINES
            if _FOLLOWS_END not in part and not long:
                return
            self.cut += long
            part = END.join(follows)
            follows.clear()
        part = part.strip(b"\r\n")
        if part.startswith(b"Event: ") and self._wanted is not None:
            # Some messages of Asterisk end with one empty line too many (OriginateResponse in 22.10).
            self._sort([part], into)
        elif part:
            into.append(self._message(part))

    def _message(self, part: bytes) -> Message:
        if len(part) > self._limit:
            part = self._cut_lines(part)
        return to_message(part)

    def _greet(self) -> bool:
        """True once the first line is known; bytes that are no greeting stay, as the begin of a message."""
        pending = self._pending
        end = pending.find(b"\r\n")
        if end < 0 and len(pending) <= self._limit:
            return False
        line = bytes(pending[: min(end if end >= 0 else self._limit, 256)])
        self.greeting = line.decode("utf-8", "replace")
        if line.startswith(GREETING):
            del pending[: end + 2]
        return True

    def _bound(self) -> None:
        """Cuts what is pending, so that a line or a message without an end takes no more memory than the
        limits.
        """
        if self._dropping:
            return
        pending = self._pending
        end = pending.rfind(b"\r\n")
        line = end + 2 if end >= 0 else 0
        if len(pending) - line > self._limit + 2:
            self._begin_drop(line + self._limit, b"\r\n")
        elif len(pending) > self._limit * _LINES:
            self._begin_drop(end, END)

    def _begin_drop(self, at: int, until: bytes) -> None:
        self._dropping = until
        self._tail = bytes(self._pending[at:][-len(until) + 1 :])
        del self._pending[at:]
        self.cut += 1

    def _drop(self, data: bytes) -> bytes:
        """What is left of the data after the end of the piece that is being dropped."""
        seen = self._tail + data
        at = seen.find(self._dropping)
        if at < 0:
            self._tail = seen[-len(self._dropping) + 1 :]
            return b""
        self._dropping, self._tail = b"", b""
        return seen[at:]

    def _cut_lines(self, part: bytes) -> bytes:
        lines = part.split(b"\r\n")
        self.cut += sum(len(line) > self._limit for line in lines)
        return b"\r\n".join(line[: self._limit] for line in lines)


def to_message(part: bytes) -> Message:
    """One message from its bytes, without the empty line at its end. Bytes that are not UTF-8 are U+FFFD."""
    text = part.decode("utf-8", "replace")
    lines = text.split("\r\n")
    try:
        headers = dict([line.split(": ", 1) for line in lines])
    except ValueError:
        return _odd(lines)
    if len(headers) != len(lines):
        return _odd(lines)
    return Message(headers)


def _odd(lines: list[str]) -> Message:
    """A message that has headers more than once, or lines that are no headers."""
    headers: dict[str, str] = {}
    repeated: dict[str, list[str]] = {}
    for number, line in enumerate(lines):
        key, colon, value = line.partition(":")
        if not colon or "\n" in line:
            return Message(headers, "\n".join(lines[number:]), repeated)
        value = value.removeprefix(" ")
        headers.setdefault(key, value)
        repeated.setdefault(key, []).append(value)
    return Message(headers, "", repeated)


Fields = Mapping[str, str] | Iterable[tuple[str, str]]
_UNSAFE = re.compile(r"[\r\n\0]")


def encode(action: Fields) -> bytes:
    """The bytes of an action, in the order given; a key may come more than once.

    UnsafeValue where a key or value holds CR, LF or NUL, or a key is empty or holds a colon.
    """
    pairs = action.items() if isinstance(action, Mapping) else action
    lines = []
    for key, value in pairs:
        if not key or ":" in key or _UNSAFE.search(key) or _UNSAFE.search(value):
            raise UnsafeValue(f"a line break or NUL in {key[:40]!r}")
        lines.append(f"{key}: {value}\r\n")
    return ("".join(lines) + "\r\n").encode("utf-8", "replace")
