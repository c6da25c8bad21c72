"""The server's end of an AGI line in the hands of a test: one command at a time, every line of the answer noted."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

SECONDS = 30


class Line:
    """One caller's line, from its opening on."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self.header: list[tuple[str, str]] = []

    async def opened(self) -> None:
        """Read the header up to its empty line."""
        while line := await self.read():
            name, _, value = line.partition(": ")
            self.header.append((name, value))

    async def read(self) -> str:
        """The next line without its end; "END" where the other side has closed."""
        async with asyncio.timeout(SECONDS):
            got = await self._reader.readline()
        return got.decode().rstrip("\n") if got else "END"

    def send(self, command: str) -> None:
        self._writer.write(f"{command}\n".encode())

    async def answer(self) -> list[str]:
        """Every line up to the end of the next answer: HANGUP where it comes in front, a usage text whole."""
        found: list[str] = []
        while True:
            line = await self.read()
            found.append(line)
            if line == "END" or (line[:3].isdigit() and line[3:4] != "-"):
                return found

    async def ask(self, command: str) -> str:
        """The answer to a command, its lines joined."""
        self.send(command)
        return "\n".join(await self.answer())

    async def close(self) -> None:
        """The flow is over: the dialplan goes on."""
        self._writer.close()
        await asyncio.gather(self._writer.wait_closed(), return_exceptions=True)


class Desk:
    """Where lines come in."""

    def __init__(self) -> None:
        self._lines: asyncio.Queue[Line] = asyncio.Queue()
        self._met: list[Line] = []

    async def line(self) -> Line:
        """The next caller's line, its header read."""
        async with asyncio.timeout(SECONDS):
            line = await self._lines.get()
            await line.opened()
            return line

    async def met(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = Line(reader, writer)
        self._met.append(line)
        self._lines.put_nowait(line)

    async def close(self) -> None:
        """Let go of every line."""
        for line in self._met:
            await line.close()


@asynccontextmanager
async def agi_desk(port: int = 0) -> AsyncIterator[tuple[Desk, int]]:
    """A desk and the port at which it listens."""
    desk = Desk()
    server = await asyncio.start_server(desk.met, "127.0.0.1", port)
    try:
        yield desk, int(server.sockets[0].getsockname()[1])
    finally:
        server.close()
        await desk.close()
        await server.wait_closed()
