"""Asterisk's end of a FastAGI line, word for word in the hands of a test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

SECONDS = 30
PLAIN = {
    "agi_network": "yes",
    "agi_network_script": "main",
    "agi_request": "agi://127.0.0.1/main",
    "agi_channel": "PJSIP/trunk-00000001",
    "agi_language": "en",
    "agi_type": "PJSIP",
    "agi_uniqueid": "1700000000.1",
    "agi_version": "22.10.0",
    "agi_callerid": "13800138000",
    "agi_calleridname": "unknown",
    "agi_dnid": "4002",
    "agi_extension": "4002",
    "agi_accountcode": "",
    "agi_threadid": "140000",
}


class Peer:
    """One connection to the server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def send(self, *lines: str) -> None:
        """Lines as they are, each with its end."""
        self.writer.write("".join(f"{line}\n" for line in lines).encode())

    def header(self, **changed: str) -> None:
        """Asterisk's opening, with some lines of another value."""
        env: Mapping[str, str] = PLAIN | {f"agi_{name}": value for name, value in changed.items()}
        self.send(*(f"{name}: {value}" for name, value in env.items()), "")

    async def command(self) -> str:
        """The next command; empty once the server has closed the line."""
        async with asyncio.timeout(SECONDS):
            try:
                return (await self.reader.readline()).decode().rstrip("\n")
            except ConnectionError:
                return ""

    async def answers(self, expected: str, reply: str = "200 result=0") -> None:
        """The next command must be this one; it is answered."""
        command = await self.command()
        assert command == expected, f"{command!r} is not {expected!r}"
        self.send(reply)

    async def closed(self) -> None:
        """Returns when the server has closed the line without another command."""
        assert await self.command() == ""


@asynccontextmanager
async def peer(port: int, host: str = "127.0.0.1", source: str = "") -> AsyncIterator[Peer]:
    """A line to the server, from that address of this machine if it is named."""
    reader, writer = await asyncio.open_connection(host, port, local_addr=(source, 0) if source else None)
    try:
        yield Peer(reader, writer)
    finally:
        writer.close()
        await asyncio.gather(writer.wait_closed(), return_exceptions=True)
