"""One FastAGI connection as asyncio sees it: bytes in, one command at a time out, everything bounded."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol, cast

from ivr_flows.agi.frames import HANGUP, IDLE_LINES, Answers, Header, Lines, Reply
from ivr_flows.agi.words import (
    AGIHangup,
    AGISIGHUPHangup,
    AGISIGPIPEHangup,
    AGITimeout,
    ProtocolError,
)


class Host(Protocol):
    """Who a wire belongs to."""

    def admit(self, wire: Wire, peer: str) -> bool:
        """A connection came; False: it is closed at once."""
        ...

    def opened(self, wire: Wire) -> None:
        """Its header is complete: `wire.env`."""
        ...

    def answered(self, waiting: asyncio.Future[Reply], reply: Reply) -> None:
        """An answer came: `waiting` is to have it when it is its turn."""
        ...

    def closed(self, wire: Wire) -> None:
        """It is gone, whoever ended it."""
        ...

    def broken(self, wire: Wire, why: str) -> None:
        """It was cut for what it sent, or did not send."""
        ...


class Wire(asyncio.BufferedProtocol):
    """Reads the header, then answers. `deadline` is when the host's sweep cuts it (loop time; None: not now): there is
    no timer of its own for each connection and each command, so that thousands cost nothing while they wait.

    `buffer` is where the loop puts what it reads, one for all wires: what is in it is taken at once. Without one,
    asyncio gets 256 KiB from the system for each read and gives them back: nearly half of a command's time.
    """

    def __init__(
        self, host: Host, clock: Callable[[], float], header_seconds: float, buffer: memoryview
    ) -> None:
        self._host = host
        self._clock = clock
        self._buffer = buffer
        self._header: Header | None = Header()
        self._lines = Lines()
        self._answers = Answers()
        self._waiting: asyncio.Future[Reply] | None = None
        self._transport: asyncio.Transport | None = None
        self._admitted = False
        self.deadline: float | None = clock() + header_seconds
        self.peer = ""
        self.env: dict[str, str] = {}
        self.hung_up = False
        """The caller is gone; Asterisk still takes commands that need no channel."""
        self.lost: Exception | None = None
        """Why there is no line any more."""
        self.commands = 0
        self._idle_lines = 0

    @property
    def waiting_for_header(self) -> bool:
        return self._header is not None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        peer = transport.get_extra_info("peername")
        self.peer = str(peer[0]) if peer else ""
        self._admitted = self._host.admit(self, self.peer)
        if not self._admitted:
            self._transport.close()

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        self.data_received(bytes(self._buffer[:nbytes]))

    def data_received(self, data: bytes) -> None:
        """Take these bytes."""
        if self.lost is not None:
            return
        try:
            for line in self._lines.feed(data):
                self._take(line)
        except ProtocolError as error:
            self.cut(error)

    def _take(self, line: bytes) -> None:
        if self._header is not None:
            if self._header.take(line):
                self.env, self._header, self.deadline = self._header.env, None, None
                self._host.opened(self)
            return
        self.hung_up = self.hung_up or line == HANGUP
        reply = None if line == HANGUP else self._answers.take(line)
        if reply is None:
            self._idle_lines += 1
            if self._idle_lines > IDLE_LINES:
                raise ProtocolError("too many lines that answer nothing")
            return
        waiting, self._waiting = self._waiting, None
        if waiting is None:
            raise ProtocolError("an answer to no question")
        self.deadline, self._idle_lines = None, 0
        self._host.answered(waiting, reply)

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = self.lost or AGISIGPIPEHangup("the line to Asterisk is gone")
        self._end_waiting()
        if self._admitted:
            self._host.closed(self)

    def _end_waiting(self) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None and not waiting.done():
            waiting.set_exception(self.lost or AGISIGPIPEHangup("closed"))

    async def ask(self, command: bytes, seconds: float) -> Reply:
        """Send one command and wait for its answer. Raises what the AGI error words name; one at a time."""
        if self.lost is not None:
            raise self.lost
        if self.hung_up:
            raise AGISIGHUPHangup("the caller has hung up")
        if self._waiting is not None or self._transport is None:
            raise RuntimeError("this line waits for an answer already, or is not open yet")
        waiting: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._waiting = waiting
        self.deadline = self._clock() + seconds
        self.commands += 1
        self._transport.write(command)
        return await waiting

    def overdue(self) -> None:
        """The deadline has passed: cut it."""
        what = "no header came in time" if self._header is not None else "no answer came in time"
        self.cut(AGITimeout(what))

    def cut(self, error: Exception) -> None:
        """End the line at once because of the other side."""
        if self.lost is None:
            self.lost = error
            self._host.broken(self, str(error))
        self._end_waiting()
        if self._transport is not None:
            self._transport.abort()

    def close(self, error: Exception | None = None) -> None:
        """End the line in good order: Asterisk's dialplan goes on. `error` is what a waiting command raises."""
        self.lost = self.lost or error or AGIHangup("closed")
        self._end_waiting()
        if self._transport is not None:
            self._transport.close()
            # what cannot be written to a peer that reads nothing must not keep the connection
            self.deadline = self._clock() + 5.0
