"""AGI over TCP, and sounds as files: what the practice PBX has in common with the world around it."""

from __future__ import annotations

import asyncio
import random
import wave
from collections.abc import Callable
from pathlib import Path
from typing import cast

from cti.practice.agi.language import RATE
from cti.practice.agi.murmur import murmur
from cti.practice.agi.run import AgiRun

CONNECT_SECONDS = 5.0
MOST_UNREAD = 65_536
"""Bytes of one command: a server that sends more is let go."""


class FastAgi:
    """See `run.Service`. Give `address` before the first caller."""

    def __init__(self, sounds: FileSounds, host: str = "127.0.0.1", port: int = 0) -> None:
        self.host, self.port = host, port
        self.sounds = sounds
        self._opening: set[asyncio.Task[None]] = set()
        self._wires: set[_Wire] = set()

    @property
    def address(self) -> str:
        return f"{self.host}:{self.port}"

    def connect(self, run: AgiRun) -> None:
        task = asyncio.get_running_loop().create_task(self._open(run), name="agi of a practice caller")
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)

    async def _open(self, run: AgiRun) -> None:
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                loop = asyncio.get_running_loop()
                await loop.create_connection(lambda: _Wire(run, self._wires), self.host, self.port)
        except (OSError, TimeoutError):
            run.closed()

    async def close(self) -> None:
        """Cut every line; returns when they are cut."""
        opening, wires = list(self._opening), list(self._wires)
        for task in opening:
            task.cancel()
        for wire in wires:
            wire.cut()
        await asyncio.gather(*opening, *(wire.gone.wait() for wire in wires), return_exceptions=True)


class _Wire(asyncio.Protocol):
    def __init__(self, run: AgiRun, wires: set[_Wire]) -> None:
        self._run, self._wires = run, wires
        self._in = b""
        self._transport: asyncio.Transport | None = None
        self.gone = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._wires.add(self)
        self._run.opened(self)

    def data_received(self, data: bytes) -> None:
        *whole, self._in = (self._in + data).split(b"\n")
        if len(self._in) > MOST_UNREAD:
            self.close()
            return
        for line in whole:
            self._run.take(line.decode("utf-8", "replace").rstrip("\r"))

    def connection_lost(self, exc: Exception | None) -> None:
        self._wires.discard(self)
        self._transport = None
        self.gone.set()
        self._run.closed()

    def send(self, text: str) -> None:
        if self._transport and not self._transport.is_closing():
            self._transport.write(text.encode("utf-8", "replace"))

    def close(self) -> None:
        if self._transport:
            self._transport.close()

    def cut(self) -> None:
        """End it without waiting for a server that reads nothing."""
        if self._transport:
            self._transport.abort()


class FileSounds:
    """See `run.Sounds`: wav files, and recordings in one folder. `known` gives the length of what is no file."""

    def __init__(
        self,
        recordings: Path | None = None,
        known: Callable[[str], float | None] = lambda name: None,
        seed: int = 7,
    ) -> None:
        self._recordings, self._known = recordings, known
        self._rng = random.Random(seed)  # noqa: S311 - a game, not a secret

    def length(self, name: str) -> float | None:
        known = self._known(name)
        return known if known is not None else _length(Path(f"{name}.wav"))

    def may_record(self, name: str, kind: str) -> bool:
        path = Path(name)
        inside = self._recordings is not None and path.parent == self._recordings
        return inside and kind == "wav" and path.parent.is_dir()

    def record(self, name: str, seconds: float) -> None:
        with wave.open(f"{name}.wav", "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE)
            file.writeframes(murmur(self._rng, seconds))


def _length(path: Path) -> float | None:
    try:
        with wave.open(str(path)) as sound:
            return float(sound.getnframes() / sound.getframerate())
    except (OSError, EOFError, wave.Error):
        return None
