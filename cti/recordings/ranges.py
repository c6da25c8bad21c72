"""Parts of a file, as browsers ask for them when they seek (RFC 9110, section 14). Pure."""

from __future__ import annotations

import re

import msgspec

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)


class Part(msgspec.Struct, frozen=True):
    """Bytes `first` to `last`, both included."""

    first: int
    last: int

    @property
    def length(self) -> int:
        return self.last - self.first + 1


class Unsatisfiable(Exception):
    """The range begins behind the end of the file (416)."""


def part_of(header: str, size: int) -> Part | None:
    """What a Range header asks of a file of `size` bytes; None: all of it. Several ranges, other units and nonsense are
    answered with all, as the RFC allows. Raises `Unsatisfiable`."""
    found = _RANGE.fullmatch(header.strip())
    if found is None or (not found[1] and not found[2]):
        return None
    if not found[1]:
        wanted = min(int(found[2]), size)
        if wanted == 0:
            raise Unsatisfiable
        return Part(size - wanted, size - 1)
    first = int(found[1])
    last = min(int(found[2]), size - 1) if found[2] else size - 1
    if found[2] and int(found[2]) < first:
        return None
    if first >= size:
        raise Unsatisfiable
    return Part(first, last)


def tag_of(size: int, changed_ns: int) -> str:
    """The ETag of a file: another one for every change."""
    return f'"{changed_ns:x}-{size:x}"'


def asked_range(header: str, if_range: str, tag: str) -> str:
    """The Range header that counts: none where the client holds a part of another file than this, or says by a date
    which it holds (we tell none)."""
    return header if if_range.strip() in ("", tag) else ""
