"""AGI's bytes to values and back. Pure: no I/O, no clock.

Asterisk opens with `agi_name: value` lines up to an empty one, then takes one command a line and answers each with one
line, a usage text (520) with several. On a FastAGI line the word HANGUP comes once, between or before answers, when
the caller is gone. Source: Asterisk 22 and 16, res/res_agi.c.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

import msgspec

from ivr_flows.agi.words import ProtocolError, UnsafeArgument

HEADER_BYTES = 16_384
"""A whole header of Asterisk's has about a kilobyte."""
HEADER_LINES = 160
"""Asterisk has some twenty, and one for each of at most 127 arguments."""
LINE_BYTES = 8_192
"""Asterisk's longest answer carries a variable, of at most 4,096 bytes."""
COMMAND_BYTES = 2_047
"""AGI_BUF_LEN - 1 of res_agi.c: what comes after that would be read as a command of its own."""
IDLE_LINES = 300
"""Lines between two answers that answer nothing: 100 Trying, HANGUP, a usage text. Who sends no end of them is cut."""
_USAGE_LINES = 200
HANGUP = b"HANGUP"
KEYS = "0123456789*#ABCD"

_REPLY = re.compile(r"([0-9]{3})[ -](?:result=(\S*))?(?: ?\((.*)\))?(?: endpos=(-?[0-9]{1,15}))?")
_REFUSAL = re.compile(r"5[0-9]{2} ")
_WHOLE = re.compile(r"-?[0-9]{1,9}")
_KEY = re.compile(r"[0-9]{1,3}")
_UNSAFE = re.compile(r"[\r\n\0]")
_BARE = re.compile(r"[A-Za-z0-9_./=-]+")


class Reply(msgspec.Struct, frozen=True):
    """One answer: `200 result=RESULT (DATA) endpos=END`."""

    code: int
    result: str = ""
    data: str = ""
    endpos: int | None = None


class Lines:
    """Cuts bytes, split anyhow, into lines without their ends; raises `ProtocolError` for a line over `limit`."""

    def __init__(self, limit: int = LINE_BYTES) -> None:
        self._limit = limit
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that these bytes complete."""
        if self._rest:
            data = self._rest + data
        lines = data.split(b"\n")
        self._rest = lines.pop()
        if len(self._rest) > self._limit or (len(data) > self._limit and _longest(lines) > self._limit):
            raise ProtocolError(f"a line is longer than {self._limit} bytes")
        return lines


def _longest(lines: Iterable[bytes]) -> int:
    return max((len(line) for line in lines), default=0)


class Header:
    """Gathers the opening lines.

    Names and numbers of callers come from outside and may bring line ends with them. So the first value of a name
    counts (what we rely on comes before the caller's: address, channel, uniqueid), and an empty line ends the header
    only after agi_threadid, the last of Asterisk's own lines.
    """

    def __init__(self) -> None:
        self.env: dict[str, str] = {}
        self._bytes = 0
        self._lines = 0

    def take(self, line: bytes) -> bool:
        """Add one line; True where it was the last. Raises `ProtocolError` where the header is none, or too long."""
        self._bytes += len(line) + 1
        self._lines += 1
        if self._bytes > HEADER_BYTES or self._lines > HEADER_LINES:
            raise ProtocolError("the header is too long")
        text = line.decode("utf-8", "replace").rstrip("\r")
        if not text:
            return "agi_threadid" in self.env
        name, colon, value = text.partition(":")
        if self._lines == 1 and not (colon and name.startswith("agi_")):
            raise ProtocolError("this is no AGI header")
        if colon and name.startswith("agi_"):
            self.env.setdefault(name, value.strip())
        return False


class Answers:
    """Makes replies of lines; a usage text of several lines is one reply."""

    def __init__(self) -> None:
        self._usage: list[str] = []

    def take(self, line: bytes) -> Reply | None:
        """The reply that this line completes, or None. Raises `ProtocolError` for what is no answer."""
        text = line.decode("utf-8", "replace").rstrip("\r")
        if self._usage:
            return self._usage_line(text)
        if text.startswith("520-"):
            self._usage.append(text)
            return None
        found = _REPLY.fullmatch(text)
        if found is not None:
            code, result, data, end = found.groups()
            return Reply(int(code), result or "", data or "", None if end is None else int(end))
        if _REFUSAL.match(text):
            return Reply(int(text[:3]), data=text[4:])
        if text.startswith("200 result="):  # such as a recogniser's answer: more words than we read
            return Reply(200, text[11:].split(" ", 1)[0], text[11:])
        if text.startswith("1"):  # 100 Trying: the answer is still to come
            return None
        raise ProtocolError(f"this is no answer: {text[:80]!r}")

    def _usage_line(self, text: str) -> Reply | None:
        self._usage.append(text)
        if not text.startswith("520 "):
            if len(self._usage) > _USAGE_LINES:
                raise ProtocolError("the usage text does not end")
            return None
        usage, self._usage = "\n".join(self._usage), []
        return Reply(520, data=usage)


@lru_cache(2_048)
def command(words: str, *arguments: str | int | float) -> bytes:
    """One command's line. `words` is of ours; arguments may be hostile. Raises `UnsafeArgument`.

    Callers hear the same prompts: lines are remembered. No secret is ever an argument.
    """
    line = words
    for argument in arguments:
        line += " " + (str(argument) if isinstance(argument, int) else quoted(str(argument)))
    data = line.encode("utf-8", "replace") + b"\n"
    if len(data) > COMMAND_BYTES:
        raise UnsafeArgument(f"a command of {len(data)} bytes is longer than Asterisk reads")
    return data


def quoted(text: str) -> str:
    """An argument as parse_args of res_agi.c takes it: as it is where that is safe, else in quotes, with backslashes
    before quotes and backslashes. Raises `UnsafeArgument` for a line end or NUL, which cannot be written at all."""
    if _BARE.fullmatch(text):
        return text
    if _UNSAFE.search(text):
        raise UnsafeArgument("an argument has a line end or NUL in it")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


Pressed = str | Iterable[str | int]
"""Keys as callers of our commands name them: "12#", or [1, 2, "#"]."""


def signs(given: Pressed | int) -> str:
    """Signs one after the other: "12#", 12 or [1, 2, "#"]."""
    return "".join(map(str, [given] if isinstance(given, str | int) else given))


def keys(pressed: Pressed) -> str:
    """Escape digits, checked. Raises `UnsafeArgument` for anything that is no key."""
    text = pressed if isinstance(pressed, str) else signs(pressed)
    if text.strip(KEYS):  # what is left begins with something else
        raise UnsafeArgument(f"no keys: {text[:40]!r}")
    return text


def key_of(reply: Reply) -> str:
    """The key that a reply's result names by its ASCII code; empty for none."""
    if reply.result in {"", "0"}:
        return ""
    key = chr(int(reply.result)) if _KEY.fullmatch(reply.result) else ""
    if key.isascii() and key.isprintable() and key:
        return key
    raise ProtocolError(f"no key: {reply.result[:20]!r}")


def whole_of(reply: Reply) -> int:
    """The number that a reply's result is. Raises `ProtocolError`."""
    if not _WHOLE.fullmatch(reply.result):
        raise ProtocolError(f"no number: {reply.result[:20]!r}")
    return int(reply.result)


class Asked(msgspec.Struct, frozen=True):
    """What the dialplan's address asks for: `agi://host:4573/FLOW?token=…&pbx=…`."""

    flow: str
    options: Mapping[str, str]


_FLOW = re.compile(r"[A-Za-z0-9_-]{1,64}")


def asked(script: str) -> Asked:
    """From agi_network_script. Raises `ProtocolError` where it names no flow."""
    path, _, query = script.partition("?")
    flow = path.strip("/")
    if not _FLOW.fullmatch(flow):
        raise ProtocolError("the address names no flow: agi://host:4573/FLOW")
    pairs = (pair.partition("=") for pair in query.split("&") if pair)
    return Asked(flow, {name: value for name, _, value in pairs})
