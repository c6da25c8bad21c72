"""The FastAGI server: who may come in, how many, how long; one task for each caller, no thread."""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import os
import socket
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterable

import msgspec
import structlog

from core.tasks import Tasks
from ivr_flows.agi.frames import Asked, Reply, asked
from ivr_flows.agi.session import Agi
from ivr_flows.agi.wire import Wire
from ivr_flows.agi.words import AGIError, ProtocolError

log = structlog.get_logger(__name__)
SWEEP_SECONDS = 0.5
READ_BYTES = 4096
"""Taken from a line in one go; a whole header has about a kilobyte, an answer 30 bytes."""
BACKLOG = 1024
"""Connections that the system keeps for us until we take them."""
AT_ONCE = 10
"""Connections that are taken, or cut, before others get their turn: a thousand in one go held up all callers."""
ANSWERS_AT_ONCE = 20
"""Callers who go on in one turn of the loop: a step of a flow takes up to 1 ms, and hundreds that answer in the same
moment would keep everybody else waiting until the last of them has made its own."""
STOP_SECONDS = 2.0

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Handler = Callable[[Agi, Asked], Awaitable[None]]


class Limits(msgspec.Struct, frozen=True):
    """`headers` is how many connections of one peer may be without a complete header: of more, the oldest goes. A
    busy PBX may bring hundreds in the moment in which our loop is late; each costs no more than a socket."""

    sessions: int = 2_500
    headers: int = 1_000
    header_seconds: float = 5.0


class Gate:
    """Pure: who may come in."""

    def __init__(self, allowed: Iterable[str], token: str = "") -> None:
        """`allowed`: addresses and networks. Raises `ValueError` for what is none."""
        self._networks: tuple[Network, ...] = tuple(
            ipaddress.ip_network(one, strict=False) for one in allowed
        )
        self._token = token.encode()
        self._seen: dict[str, bool] = {}

    @property
    def open(self) -> bool:
        """Whether anybody at all is on the list."""
        return bool(self._networks)

    def lets_in(self, peer: str) -> bool:
        """Whether this address is on the list."""
        found = self._seen.get(peer)
        if found is None:
            found = self._looked_up(peer)
            if len(self._seen) < 1_000:
                self._seen[peer] = found
        return found

    def _looked_up(self, peer: str) -> bool:
        try:
            address = ipaddress.ip_address(peer.partition("%")[0])
        except ValueError:
            return False
        mapped = getattr(address, "ipv4_mapped", None) or address
        return any(mapped in network for network in self._networks)

    def knows(self, wanted: Asked) -> bool:
        """Whether the address carries the token, if one is set. Takes the same time for every wrong one."""
        given = wanted.options.get("token", "").encode()
        return not self._token or hmac.compare_digest(self._token, given)


class FastAgiServer:
    """Listens, and hands each caller to `handler` in a task of its own.

    Whatever goes wrong with one line ends that line: Asterisk's dialplan goes on to what comes after AGI().
    """

    def __init__(self, gate: Gate, handler: Handler, tasks: Tasks, limits: Limits | None = None) -> None:
        self.gate = gate
        self._handler = handler
        self._tasks = tasks
        self._limits = limits or Limits()
        self._wires: set[Wire] = set()
        self._headers: dict[str, dict[Wire, None]] = {}
        self._running: dict[Wire, asyncio.Task[None]] = {}
        self._in_line: deque[tuple[asyncio.Future[Reply], Reply]] = deque()
        self._room = ANSWERS_AT_ONCE
        self._server: asyncio.Server | None = None
        self._doors: list[socket.socket] = []
        self._kept_back = -1
        self._sweeper: asyncio.Task[None] | None = None
        self.refused: Counter[str] = Counter()
        """Connections turned away or cut, by reason."""
        self.served = 0

    @property
    def sessions(self) -> int:
        """Callers that are served now."""
        return len(self._running)

    @property
    def lines(self) -> int:
        """All connections, those without a complete header too."""
        return len(self._wires)

    async def start(self, host: str, port: int) -> int:
        """Listen; returns the port. Raises `OSError` where it is taken."""
        loop = asyncio.get_running_loop()
        seconds = self._limits.header_seconds
        buffer = memoryview(bytearray(READ_BYTES))
        self._server = await loop.create_server(
            lambda: Wire(self, loop.time, seconds, buffer), host, port, backlog=AT_ONCE
        )
        for listening in self._server.sockets:
            # asyncio takes in one go as many as the system keeps; here these are two numbers.
            self._doors.append(listening.dup())
            self._doors[-1].listen(BACKLOG)
        self._keep_one_back()
        self._sweeper = self._tasks.spawn(self._sweep(), "agi deadlines")
        found: int = self._server.sockets[0].getsockname()[1]
        return found

    async def stop(self) -> None:
        """Take no more callers; those in a flow go on to what their dialplan has next."""
        if self._server is not None:
            self._server.close()
        for door in self._doors:
            door.close()
        self._doors.clear()
        self._use_kept_back()
        if self._sweeper is not None:
            self._sweeper.cancel()
        running = list(self._running.values())
        for wire in list(self._wires):
            wire.close(AGIError("the server was stopped"))
        if running:
            _, late = await asyncio.wait(running, timeout=STOP_SECONDS)
            for task in late:
                task.cancel()

    def turn_away(self) -> None:
        """The process has no file left to take callers with: let some of those who wait at the door go on in their
        dialplan, by the one file that is kept back. Else they would hear nothing until another is free."""
        for door in self._doors:
            for _ in range(AT_ONCE):
                self._use_kept_back()
                try:
                    line, address = door.accept()
                except OSError:  # nobody waits any more, or another thread was quicker
                    break
                line.close()
                self._keep_one_back()
                self._refuse("files", str(address[0]))
        self._keep_one_back()

    def _keep_one_back(self) -> None:
        if self._kept_back < 0:
            try:
                self._kept_back = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
            except OSError:
                return  # the next time

    def _use_kept_back(self) -> None:
        if self._kept_back >= 0:
            os.close(self._kept_back)
            self._kept_back = -1

    def admit(self, wire: Wire, peer: str) -> bool:
        if not self.gate.lets_in(peer):
            self._refuse("peer", peer)
            return False
        if len(self._running) >= self._limits.sessions:
            self._refuse("full", peer)
            return False
        waiting = self._headers.setdefault(peer, {})
        if len(waiting) >= self._limits.headers:
            next(iter(waiting)).cut(ProtocolError("too many connections without a header"))
        self._headers.setdefault(peer, {})[wire] = None
        self._wires.add(wire)
        return True

    def opened(self, wire: Wire) -> None:
        self._no_more_header(wire)
        try:
            wanted = asked(wire.env.get("agi_network_script", ""))
        except ProtocolError as error:
            wire.cut(error)
            return
        if not self.gate.knows(wanted):
            self._refuse("token", wire.peer)
            wire.close()
            return
        # Many may have come while there was room, and ask for it at once.
        if full := len(self._running) >= self._limits.sessions:
            self._refuse("full", wire.peer)
        if full or self._tasks.closed:
            wire.close()
            return
        self._running[wire] = self._tasks.spawn(self._serve(wire, wanted), f"caller in {wanted.flow}")

    def answered(self, waiting: asyncio.Future[Reply], reply: Reply) -> None:
        if self._room == ANSWERS_AT_ONCE:
            asyncio.get_running_loop().call_soon(self._next_turn)
        if self._room:
            self._hand_over(waiting, reply)
        else:
            self._in_line.append((waiting, reply))

    def _hand_over(self, waiting: asyncio.Future[Reply], reply: Reply) -> None:
        self._room -= 1
        if not waiting.done():
            waiting.set_result(reply)

    def _next_turn(self) -> None:
        """Others had their turn: the next of the line."""
        self._room = ANSWERS_AT_ONCE
        if self._in_line:
            asyncio.get_running_loop().call_soon(self._next_turn)
        while self._in_line and self._room:
            self._hand_over(*self._in_line.popleft())

    def closed(self, wire: Wire) -> None:
        self._wires.discard(wire)
        self._no_more_header(wire)

    def broken(self, wire: Wire, why: str) -> None:
        self._refuse("broken", wire.peer, why)
        self._no_more_header(wire)

    def _no_more_header(self, wire: Wire) -> None:
        waiting = self._headers.get(wire.peer)
        if waiting is not None:
            waiting.pop(wire, None)
            if not waiting:
                del self._headers[wire.peer]

    async def _serve(self, wire: Wire, wanted: Asked) -> None:
        try:
            await self._handler(Agi(wire), wanted)
        except AGIError as error:  # the handler's own errors are its to catch; what is left is the line's
            log.info("agi.ended", flow=wanted.flow, why=str(error))
        finally:
            self.served += 1
            self._running.pop(wire, None)
            wire.close()

    def _refuse(self, reason: str, peer: str, why: str = "") -> None:
        self.refused[reason] += 1
        count = self.refused[reason]
        if count & (count - 1) == 0:  # at 1, 2, 4, 8 …: a flood is told, not repeated
            log.warning("agi.refused", reason=reason, peer=peer, why=why, count=count)

    async def _sweep(self) -> None:
        """One look at all deadlines from time to time, instead of a timer for each."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            now = loop.time()
            late = [w for w in self._wires if w.deadline is not None and w.deadline <= now]
            for at in range(0, len(late), AT_ONCE):
                for wire in late[at : at + AT_ONCE]:
                    if (
                        wire.deadline is not None and wire.deadline <= now
                    ):  # it may have been answered meanwhile
                        wire.overdue()
                await asyncio.sleep(0)
