"""One AMI session: login, the actions that come in, the events that go out, and the slow reader who is cut off."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from cti.practice.wire import PERMISSIONS, lines, mask_of, one_line

if TYPE_CHECKING:
    from cti.practice.server import Server

GREETING = b"Asterisk Call Manager/11.0.0\r\n"
MAX_ACTION = 65536  # bytes of one action; a longer one ends the session
MAX_PENDING = 8 << 20  # bytes kept for a client that does not read, whatever its write time-out
REFUSAL_SECONDS = 0.05  # Asterisk sleeps for a second before it refuses a login
Action = Mapping[str, str]


@dataclass(frozen=True)
class Account:
    """A section of manager.conf. `writetimeout` in seconds: a client that reads nothing for so long is cut off."""

    secret: str
    read: str = "system,call,agent,reporting,user"
    write: str = "call,agent,originate,reporting"
    writetimeout: float = 5.0


class Session(asyncio.Protocol):
    """A connected client."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.account: Account | None = None
        self.username = ""
        self.read = self.write_mask = 0
        self.mask = 0
        """Bits of the events that are sent."""
        self._transport: asyncio.Transport | None = None
        self._in = bytearray()
        self._out: list[bytes] = []
        self._slow: asyncio.TimerHandle | None = None
        self._blocked = False
        self._nonce = ""

    # --- the connection ---------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self.server.sessions.add(self)
        self.send(GREETING)

    def connection_lost(self, exc: Exception | None) -> None:
        self.server.sessions.discard(self)
        self._transport = None
        if self._slow:
            self._slow.cancel()

    def data_received(self, data: bytes) -> None:
        self._in += data
        while (end := self._in.find(b"\r\n\r\n")) >= 0:
            raw = bytes(self._in[:end])
            del self._in[: end + 4]
            self._handle(raw)
        if len(self._in) > MAX_ACTION:
            self.drop()

    def pause_writing(self) -> None:
        seconds = self.account.writetimeout if self.account else 1.0
        self._slow = asyncio.get_running_loop().call_later(seconds, self.drop)

    def resume_writing(self) -> None:
        if self._slow:
            self._slow.cancel()
            self._slow = None

    def drop(self) -> None:
        """End the connection at once; nothing more is sent."""
        if self._transport:
            self._transport.abort()

    def close(self) -> None:
        """End the connection after what is still to be sent."""
        self.flush()
        if self._transport:
            self._transport.close()

    # --- sending ----------------------------------------------------------------------------------------

    def event(self, bit: int, data: bytes) -> None:
        """Send the event if this session may and wants to see it."""
        if self.mask & bit:
            self.send(data)

    def send(self, data: bytes) -> None:
        """Send with all else of this turn of the loop: one system call for many events."""
        if not self._out and not self._blocked:
            asyncio.get_running_loop().call_soon(self.flush)
        self._out.append(data)

    def flush(self) -> None:
        if self._blocked or not self._out:
            return
        data = b"".join(self._out)
        self._out.clear()
        if self._transport:
            self._transport.write(data)
            if self._transport.get_write_buffer_size() > MAX_PENDING:
                self.drop()

    def block(self, on: bool) -> None:
        """Hold back everything: what a synchronous Originate does to its session in Asterisk."""
        self._blocked = on
        if not on:
            self.flush()

    def respond(self, action: Action, response: str, message: str = "", **more: object) -> None:
        """Answer an action."""
        first: dict[str, object] = {"Response": response}
        if "actionid" in action:
            first["ActionID"] = one_line(action["actionid"])
        if message:
            first["Message"] = message
        self.send(lines(**first, **more) + b"\r\n")

    def error(self, action: Action, message: str) -> None:
        self.respond(action, "Error", message)

    # --- receiving --------------------------------------------------------------------------------------

    def _handle(self, raw: bytes) -> None:
        action: dict[str, str] = {}
        for line in raw.decode(errors="surrogateescape").split("\r\n"):
            key, colon, value = line.partition(":")
            if colon:
                name = key.strip().lower()
                # Variable may come several times; the others' last one counts.
                joined = name == "variable" and name in action
                action[name] = f"{action[name]},{value.strip()}" if joined else value.strip()
        name = action.get("action", "").lower()
        if name in ("login", "challenge", "logoff"):
            getattr(self, f"_{name}")(action)
        elif not name:
            self.error(action, "Missing action in request")
        elif self.account is None:
            self.error(action, "Permission denied")
        else:
            self.server.perform(self, name, action)

    def _challenge(self, action: Action) -> None:
        if action.get("authtype", "").upper() != "MD5":
            self.error(action, "Must specify AuthType")
            return
        self._nonce = str(self.server.rng.randrange(10**8, 10**9))
        self.respond(action, "Success", Challenge=self._nonce)

    def _login(self, action: Action) -> None:
        account = self.server.accounts.get(action.get("username", ""))
        if account is None or not self._authentic(account, action):
            asyncio.get_running_loop().call_later(REFUSAL_SECONDS, self._refuse, action)
            return
        self.account, self.username = account, action["username"]
        self.read, self.write_mask = mask_of(account.read), mask_of(account.write)
        self.mask = self.read & mask_of(action.get("events", "on") or "on")
        self.respond(action, "Success", "Authentication accepted")
        if self.server.booted:
            self.fully_booted()

    def _refuse(self, action: Action) -> None:
        self.error(action, "Authentication failed")
        self.close()

    def fully_booted(self) -> None:
        """Tell that the PBX is ready, whatever the event mask, if the account may read `system`."""
        if self.read & PERMISSIONS["system"]:
            up = int(self.server.uptime())
            status = lines(Uptime=up, LastReload=up, Status="Fully Booted")
            self.send(b"Event: FullyBooted\r\nPrivilege: system,all\r\n" + status + b"\r\n")

    def _authentic(self, account: Account, action: Action) -> bool:
        if action.get("authtype", "").upper() == "MD5":
            wanted = hashlib.md5((self._nonce + account.secret).encode(), usedforsecurity=False).hexdigest()
            return bool(self._nonce) and action.get("key", "").lower() == wanted
        return action.get("secret") == account.secret

    def _logoff(self, action: Action) -> None:
        self.respond(action, "Goodbye", "Thanks for all the fish.")
        self.close()
