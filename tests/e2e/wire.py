"""The network between a browser and the server, which a test may cut.

Chromium's own offline switch stops new requests but leaves an open websocket alone; a pulled cable does not.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Self


class Wire:
    """A port on 127.0.0.1 that leads to the server's, as long as it is whole."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._writers: set[asyncio.StreamWriter] = set()
        self.whole = True

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.address = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self.cut()
        await self._server.wait_closed()

    def cut(self) -> None:
        """Breaks every connection, and each that is tried from now on."""
        self.whole = False
        for writer in list(self._writers):
            writer.transport.abort()

    def mend(self) -> None:
        self.whole = True

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self.whole:
            writer.transport.abort()
            return
        with contextlib.suppress(ConnectionError):
            behind, onward = await asyncio.open_connection("127.0.0.1", self._port)
            await asyncio.gather(self._carry(reader, onward), self._carry(behind, writer))

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            pass  # cut here or there
        finally:
            self._writers.discard(writer)
            writer.close()
