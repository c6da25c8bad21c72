"""The live socket `/ws`: hello or resume, then events out and commands in."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec
import structlog
from aiohttp import WSMsgType, web

from core.clock import Clock, iso
from core.errors import Forbidden, Invalid, Refused
from core.identity.roles import Permission
from core.identity.users import User
from screenpop.hub import GOING_AWAY, PENDING_FRAMES, SLOW, Connection, Hub
from screenpop.session import Viewer, reduce

log = structlog.get_logger(__name__)
HEARTBEAT_SECONDS = 20.0
SEND_SECONDS = 10.0
GOODBYE_SECONDS = 1.0
MAX_COMMAND_BYTES = 96 * 1024
"""The largest command is a draft: 16,000 characters of Chinese are 48 KB."""
RESUME_FRAMES = PENDING_FRAMES // 2
"""Who missed more than this gets a hello, which is smaller."""


class CommandFrame(msgspec.Struct, frozen=True):
    """What a client sends: `{"id": "c1", "do": "agent.pause", "args": {"reason": "lunch"}}`."""

    id: str
    do: str
    args: dict[str, Any] = {}


class Command(msgspec.Struct, frozen=True):
    """One thing a client may ask for: the type of its arguments, the permission, and what carries it out."""

    args: type[Any]
    permission: Permission
    run: Callable[[User, Any], Awaitable[Any]]


Snapshot = Callable[[Viewer, str], dict[str, Any]]
"""The parts that are in memory, for a viewer in a language."""
OpenTickets = Callable[[User, str], Awaitable[list[dict[str, Any]]]]


class LiveSocket:
    """Serves one connection after another over one hub."""

    def __init__(
        self,
        hub: Hub,
        snapshot: Snapshot,
        open_tickets: OpenTickets,
        commands: Mapping[str, Command],
        clock: Clock,
    ) -> None:
        self._hub = hub
        self._snapshot = snapshot
        self._open_tickets = open_tickets
        self._commands = commands
        self._clock = clock

    async def serve(
        self, request: web.Request, user: User, session_id: str | None, language: str
    ) -> web.WebSocketResponse:
        """Run the connection until either side ends it. The caller has checked session and Origin."""
        socket = web.WebSocketResponse(
            heartbeat=HEARTBEAT_SECONDS, max_msg_size=MAX_COMMAND_BYTES, compress=False
        )
        await socket.prepare(request)
        connection = Connection(viewer_of(user), language, session_id)
        connection.on_cut = lambda: _drop_soon(request)
        await self._greet(connection, user, request.query)
        writer = asyncio.create_task(self._write(socket, connection))
        try:
            await self._read(socket, connection, user)
        finally:
            self._hub.remove(connection)
            writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)
        return socket

    async def _greet(self, connection: Connection, user: User, query: Mapping[str, str]) -> None:
        """Queue `resumed` and what was missed, or a `hello`; from then on the hub adds what happens."""
        missed = self._hub.log.since(query.get("epoch", ""), _number(query.get("seq", "")), connection.viewer)
        if missed is not None and len(missed) <= RESUME_FRAMES:
            self._hub.add(connection)
            connection.put(
                _encode({"type": "resumed", "epoch": self._hub.log.epoch, "seq": self._hub.log.seq})
            )
            for entry in missed:
                connection.put(entry.frame)
            return
        hello = await self._hello(connection, user)
        self._hub.add(connection)
        connection.put(_encode(hello))

    async def _hello(self, connection: Connection, user: User) -> dict[str, Any]:
        """Snapshot and seq belong together: after the tickets were read, nothing is awaited."""
        before = self._hub.log.seq
        tickets = {"tickets": await self._open_tickets(user, connection.language)}
        for entry in self._hub.log.since(self._hub.log.epoch, before, connection.viewer) or ():
            if entry.kind == "ticket":
                tickets = reduce(tickets, msgspec.json.decode(entry.frame))
        snapshot = {**self._snapshot(connection.viewer, connection.language), **tickets}
        snapshot["server_time"] = iso(self._clock.now())
        return {
            "type": "hello",
            "epoch": self._hub.log.epoch,
            "seq": self._hub.log.seq,
            "user": {"user": user.name, "name": user.full_name, "role": user.role.value},
            "snapshot": snapshot,
        }

    async def _write(self, socket: web.WebSocketResponse, connection: Connection) -> None:
        """Send what is queued; a client that takes longer than `SEND_SECONDS` for it is cut off."""
        try:
            while connection.close_code is None:
                frames = await connection.next_frames()
                async with asyncio.timeout(SEND_SECONDS):
                    for frame in frames:
                        await socket.send_str(frame)
        except TimeoutError:
            connection.cut(SLOW)
        except (ConnectionError, RuntimeError):
            return  # the line broke; the reader sees the same end and cleans up
        await self._say_goodbye(socket, connection.close_code or GOING_AWAY)

    async def _say_goodbye(self, socket: web.WebSocketResponse, code: int) -> None:
        """Say why, without waiting long for one who does not read."""
        try:
            async with asyncio.timeout(GOODBYE_SECONDS):
                await socket.close(code=code)
        except (TimeoutError, ConnectionError, RuntimeError):
            log.info("socket.dropped", code=code)

    async def _read(self, socket: web.WebSocketResponse, connection: Connection, user: User) -> None:
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                break
            connection.put(_encode(await self._answer(user, message.data)))

    async def _answer(self, user: User, text: str) -> dict[str, Any]:
        """Carry out one command and say how it went; nothing that a client sends ends the connection."""
        reply: str | None = None
        try:
            frame = _DECODER.decode(text)
            reply = frame.id[:64]
            return {"reply": reply, "ok": True, "result": await self._run(user, frame)}
        except Refused as refusal:
            error = {"code": refusal.code, "message": refusal.message, "details": dict(refusal.details)}
        except msgspec.ValidationError as problem:
            error = {"code": "invalid", "message": str(problem)}
        except (msgspec.DecodeError, RecursionError):
            error = {"code": "malformed", "message": "This is not a command in JSON."}
        except Exception:
            log.exception("socket.command_failed", user=user.name)
            error = {
                "code": "internal",
                "message": "This did not work, and it is our fault. Please try again.",
            }
        return {"reply": reply, "ok": False, "error": error}

    async def _run(self, user: User, frame: CommandFrame) -> Any:
        command = self._commands.get(frame.do)
        if command is None:
            raise Invalid(f"There is no command {frame.do[:64]!r}.", code="unknown_command")
        if not user.can(command.permission):
            raise Forbidden("Your role does not allow this.")
        return await command.run(user, msgspec.convert(frame.args, command.args))


def viewer_of(user: User) -> Viewer:
    """What the user may see on the live socket."""
    return Viewer(user.name, frozenset(p for p in Permission if user.can(p)))


def _number(text: str) -> int:
    """A sequence number from a query; -1, which is never one, for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else -1


def _drop_soon(request: web.Request) -> None:
    """Leave time for a goodbye, then cut the line: whoever does not read would hold it open."""
    transport = request.transport
    if transport is not None:
        asyncio.get_running_loop().call_later(GOODBYE_SECONDS, transport.abort)


_DECODER = msgspec.json.Decoder(CommandFrame)
_ENCODER = msgspec.json.Encoder()


def _encode(message: Mapping[str, Any]) -> str:
    return _ENCODER.encode(message).decode()
