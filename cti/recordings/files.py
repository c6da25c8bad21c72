"""The folder of recordings. Every call blocks on the disk: run them in a thread."""

from __future__ import annotations

import os
import stat
import wave
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from cti.recordings.model import SILENT_BYTES, is_ours


class Found(msgspec.Struct, frozen=True):
    """A file of ours."""

    name: str
    size: int
    changed_at: float


class Folder:
    """Opens and deletes files by bare names of our own making: no path of anybody's, and no symbolic link."""

    def __init__(self, path: str) -> None:
        self.path = Path(path)

    def open(self, name: str) -> BinaryIO | None:
        """The file to read, None where it is not there or is no plain file."""
        if not is_ours(name):
            return None
        try:
            # NONBLOCK: a FIFO of that name must not hold the thread.
            handle = os.open(self.path / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError:
            return None
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            os.close(handle)
            return None
        return os.fdopen(handle, "rb")

    def size(self, name: str) -> int:
        """Bytes of the file; 0 where there is none."""
        file = self.open(name)
        if file is None:
            return 0
        with file:
            return os.fstat(file.fileno()).st_size

    def seconds(self, name: str) -> float:
        """How long it plays; 0 where it is no wav file."""
        file = self.open(name)
        if file is None:
            return 0.0
        try:
            with file, wave.open(file) as sound:
                return float(sound.getnframes() / (sound.getframerate() or 1))
        except (wave.Error, EOFError, RuntimeError, OSError):
            # RuntimeError is what `wave` raises for a chunk that is longer than what it is in.
            return 0.0

    def delete(self, name: str) -> bool:
        """Whether the file is gone now; False where the folder does not let us."""
        if not is_ours(name):
            return False
        try:
            os.unlink(self.path / name)
        except FileNotFoundError:
            return self.path.is_dir()
        except OSError:
            return False
        return True

    def all(self, known: Collection[str] = ()) -> Iterator[Found]:
        """Every file of ours that holds any sound, but for those known by name; nothing where the folder is away."""
        try:
            with os.scandir(self.path) as entries:
                for entry in entries:
                    if (
                        entry.name not in known
                        and is_ours(entry.name)
                        and entry.is_file(follow_symlinks=False)
                    ):
                        info = entry.stat(follow_symlinks=False)
                        if info.st_size > SILENT_BYTES:
                            yield Found(entry.name, info.st_size, info.st_mtime)
        except OSError:
            return

    def writable(self) -> bool:
        """Whether we could delete what is too old."""
        return self.path.is_dir() and os.access(self.path, os.W_OK | os.X_OK)
