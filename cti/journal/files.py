"""The journal's files: `journal-000017.jsonl`, each of a bounded size, so many of them, the oldest go first."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from cti.frames import Framer
from cti.journal.records import AnyRecord, Event, ami_of, from_line
from cti.parse import WANTED

KEY_FILE = "mask.key"
_NAME = re.compile(r"journal-(\d{6,})\.jsonl")
_TRACE = ".ami"
_TRACE_BEGINS = 1_800_000_000.0
_NEWEST = 3


class Rotation:
    """Appends lines to the newest file of a folder; a full one is closed and the oldest beyond `keep` are removed.

    `begin` gives the lines that each file begins with. Files and folder are readable by their owner only. Raises
    OSError as the disk does; the next call opens the file again.
    """

    def __init__(self, folder: Path, size: int, keep: int, begin: Callable[[], Sequence[bytes]]) -> None:
        self._folder, self._size, self._keep, self._begin = folder, size, keep, begin
        self._file: BinaryIO | None = None
        self._written = 0
        self.begun = 0
        """How many files were begun because the one before was full."""

    def write(self, lines: Sequence[bytes]) -> None:
        """Writes the lines and hands them to the system, so that another process reads them."""
        file = self._file or self._open()
        data = b"".join(lines)
        try:
            file.write(data)
            file.flush()
        except OSError:
            self.close()
            raise
        self._written += len(data)
        if self._written >= self._size:
            self._next()

    def close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            file.close()

    def _open(self) -> BinaryIO:
        """The newest file, or the first; it begins anew for a new life of the server."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        found = files_of(self._folder)
        newest = found[-1] if found else self._path(1)
        return self._begun(self._after(newest) if newest.exists() and _size(newest) >= self._size else newest)

    def _next(self) -> None:
        self.close()
        self._begun(self._after(files_of(self._folder)[-1]))
        self.begun += 1
        for old in files_of(self._folder)[: -self._keep]:
            old.unlink(missing_ok=True)

    def _begun(self, path: Path) -> BinaryIO:
        torn = path.exists() and not _ends_well(path)
        file = os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab")
        head = (b"\n" if torn else b"") + b"".join(self._begin())
        file.write(head)
        file.flush()
        self._file, self._written = file, _size(path)
        return file

    def _after(self, path: Path) -> Path:
        return self._path(int(path.stem.partition("-")[2]) + 1)

    def _path(self, number: int) -> Path:
        return self._folder / f"journal-{number:06d}.jsonl"


def files_of(folder: Path) -> list[Path]:
    """The journal's files, the oldest first."""
    if not folder.is_dir():
        return []
    return sorted((path for path in folder.iterdir() if _NAME.fullmatch(path.name)), key=_number)


def records_in(path: Path) -> Iterator[AnyRecord]:
    """The records of one file. A recorded AMI session (`.ami`) has no times: its events are a second apart."""
    if path.suffix == _TRACE:
        messages = Framer(WANTED).feed(path.read_bytes())
        events = (message for message in messages if message.event)
        for number, message in enumerate(events):
            yield Event(_TRACE_BEGINS + number, "main", ami_of(message))
        return
    with path.open("rb") as lines:
        for line in lines:
            record = from_line(line)
            if record is not None:
                yield record


def mentioning(paths: Sequence[Path], needles: Iterable[bytes]) -> list[Path]:
    """From the first file to the last one in which any of these stands. Each file can be read without those before it,
    and to look for bytes takes a hundredth of the time of a replay."""
    wanted = tuple(needles)
    hits = [number for number, path in enumerate(paths) if _holds(path, wanted)]
    return list(paths[hits[0] : hits[-1] + 1]) if hits else []


def _holds(path: Path, wanted: Sequence[bytes]) -> bool:
    data = path.read_bytes()
    return any(needle in data for needle in wanted)


class Tail:
    """What another process adds to a journal from now on."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read = {path: path.stat().st_size for path in files_of(folder)}

    def more(self) -> Iterator[AnyRecord]:
        """Whole lines that came since the last time."""
        for path in files_of(self._folder)[-_NEWEST:]:
            begin = self._read.get(path, 0)
            with path.open("rb") as file:
                file.seek(begin)
                data = file.read()
            lines = data[: data.rfind(b"\n") + 1]
            self._read[path] = begin + len(lines)
            yield from (record for line in lines.splitlines() if (record := from_line(line)) is not None)


def mask_key(folder: Path) -> bytes:
    """The installation's own key for masking; made where there is none."""
    path = folder / KEY_FILE
    try:
        return path.read_bytes().strip()
    except FileNotFoundError:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        key = secrets.token_hex(32).encode()
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(key + b"\n")
        return key


def _number(path: Path) -> int:
    return int(path.stem.partition("-")[2])


def _size(path: Path) -> int:
    return path.stat().st_size


def _ends_well(path: Path) -> bool:
    """Whether the last line is whole: a machine that lost its power leaves a torn one."""
    with path.open("rb") as file:
        if file.seek(0, os.SEEK_END) == 0:
            return True
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"
