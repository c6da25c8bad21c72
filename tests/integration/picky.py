"""A line to a PBX that can be shut for a while, and that lets chosen events fall."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.faults.lossy import LossyLine


class PickyLine(LossyLine):
    """`falls` decides which events (as bytes, answers of no action) never arrive; what fell is in `fallen`."""

    def __init__(self, port: int) -> None:
        super().__init__(port)
        self.falls: Callable[[bytes], bool] = lambda _: False
        self.fallen: list[bytes] = []
        self.on_fall: Callable[[], None] = lambda: None
        self._shut = False

    @contextmanager
    def shut(self) -> Iterator[None]:
        """Every connection is cut and none is let in while the block lasts."""
        self._shut = True
        self.cut()
        try:
            yield
        finally:
            self._shut = False

    @contextmanager
    def losing(self, *names: str) -> Iterator[None]:
        """Events of these names fall while the block lasts."""
        wanted = tuple(f"Event: {name}\r\n".encode() for name in names)
        self.falls = lambda block: block.startswith(wanted)
        try:
            yield
        finally:
            self.falls = lambda _: False

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._shut:
            writer.transport.abort()
            return
        await super()._serve(reader, writer)

    def _pass(self, block: bytes, held: bytes) -> tuple[bytes, bytes]:
        own = block.startswith(b"Event:") and b"\r\nActionID:" not in block
        if own and self.falls(block):
            self.fallen.append(block)
            self.on_fall()
            return held, b""
        return super()._pass(block, held)
