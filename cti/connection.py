"""One AMI connection over TCP: greeting, login, actions matched with their answers, keepalive.

Whatever comes is read at once and handed on in the same call; nothing here makes Asterisk wait, which would
cut us off after its `writetimeout`. All that is sent is sent once.
"""

from __future__ import annotations

import asyncio
import hashlib
import socket
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import cast

import msgspec

from cti.frames import GREETING, Fields, Framer, Wanted, encode
from cti.vocabulary import AmiAuthError, AmiError, AmiRefused, AmiSocketError, AmiTimeout, Message

OnMessage = Callable[[Message], None]
MAX_WAITERS = 256
MAX_ITEMS = 200_000
MAX_UNSENT = 1 << 20  # bytes
DOUBT_SECONDS = 10.0
MISSES = 2  # silent pings after which the connection is dead


class Address(msgspec.Struct, frozen=True):
    """Where an Asterisk listens, and how long connecting and each answer at login may take (seconds)."""

    host: str
    port: int
    seconds: float = 10.0

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


class _Waiter:
    """An action under way: `items` is None where one answer is all there will be."""

    __slots__ = ("action", "future", "items")

    def __init__(self, action: str, future: asyncio.Future[Message], items: list[Message] | None) -> None:
        self.action = action
        self.future = future
        self.items = items


class AmiConnection(asyncio.Protocol):
    """An open connection. `on_message` gets each event that answers no action, in order, and must neither
    wait nor raise. With `wanted`, events of other names are passed over, those of lists too: such a connection
    is not for `collect`."""

    def __init__(self, on_message: OnMessage, wanted: Wanted | None = None) -> None:
        loop = asyncio.get_running_loop()
        self.framer = Framer(wanted)
        self.closed: asyncio.Future[str] = loop.create_future()
        """Done when the connection has ended, with a sentence that says why."""
        self.heard_at = loop.time()
        """When anything came last, by the loop's clock."""
        self._loop = loop
        self._on_message = on_message
        self._greeted: asyncio.Future[str] = loop.create_future()
        self._transport: asyncio.Transport | None = None
        self._waiters: dict[str, _Waiter] = {}
        self._reason = ""
        self._ping: asyncio.TimerHandle | None = None
        self._clearing: asyncio.Task[None] | None = None
        self.on_cleared: Callable[[], None] = _nothing
        """Called when a caller had forged events, and those that come are true again; some were passed over."""
        self._heard = True
        self._misses = 0

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        _keep_alive(transport.get_extra_info("socket"))

    def data_received(self, data: bytes) -> None:
        self._heard = True
        self.heard_at = self._loop.time()
        for message in self.framer.feed(data):
            if self._waiters and self._answer(message):
                continue
            if "Event" in message.headers:
                self._on_message(message)
        if self.framer.doubt and self._clearing is None:
            self._clearing = self._loop.create_task(self._clear(), name="forged events")
        if not self._greeted.done() and self.framer.greeting is not None:
            self._greeted.set_result(self.framer.greeting)

    def connection_lost(self, exc: Exception | None) -> None:
        reason = self._reason or (f"connection lost: {exc}" if exc else "Asterisk closed the connection")
        if self._ping:
            self._ping.cancel()
        if self._clearing:
            self._clearing.cancel()
        if not self.closed.done():
            self.closed.set_result(reason)
        if not self._greeted.done():
            self._greeted.set_exception(AmiSocketError(f"no greeting: {reason}"))
            self._greeted.exception()  # nobody has to ask for it
        waiters, self._waiters = self._waiters, {}
        for waiter in waiters.values():
            if not waiter.future.done():
                waiter.future.set_exception(AmiSocketError(f"{waiter.action}: {reason}"))

    # ours

    def close(self, reason: str = "closed by us") -> None:
        """Ends the connection at once; every action under way fails with this reason."""
        self._reason = self._reason or reason
        if self._transport:
            self._transport.abort()

    async def send(self, action: Fields, timeout: float) -> Message:
        """Sends an action and gives the answer of the same ActionID.

        AmiRefused where it is an error, AmiTimeout after `timeout` seconds, AmiSocketError where the
        connection ends before: in both of these the action may have been done. UnsafeValue: nothing was sent.
        """
        return await self._ask(action, None, timeout)

    async def collect(self, action: Fields, timeout: float) -> list[Message]:
        """Sends an action that is answered by a list, and gives its events up to `EventList: Complete`."""
        items: list[Message] = []
        await self._ask(action, items, timeout)
        return items

    def keep_alive(self, seconds: float) -> None:
        """Pings every `seconds`; after two that nothing at all came upon, the connection is ended as dead."""
        self._heard, self._misses = True, 0
        self._ping = self._loop.call_later(seconds, self._tick, seconds)

    async def greeting(self, timeout: float) -> str:
        """The first line; AmiError where it is not that of an Asterisk, or does not come in time."""
        try:
            async with asyncio.timeout(timeout):
                line = await asyncio.shield(self._greeted)
        except TimeoutError:
            raise AmiTimeout("no greeting: is that an Asterisk manager port?") from None
        if not line.startswith(GREETING.decode()):
            raise AmiError(f"no Asterisk manager port: it greets with {line[:60]!r}")
        return line

    async def login(self, username: str, secret: str, events: str, timeout: float) -> None:
        """Logs in by MD5 challenge, or with the plain secret where the PBX has no challenge. AmiAuthError:
        refused.
        """
        login = [("Action", "Login"), ("Username", username), ("Events", events)]
        try:
            challenge = (await self.send((("Action", "Challenge"), ("AuthType", "MD5")), timeout))[
                "Challenge"
            ]
        except (AmiRefused, KeyError):
            login.append(("Secret", secret))
        else:
            digest = hashlib.md5((challenge + secret).encode(), usedforsecurity=False)
            login += [("AuthType", "MD5"), ("Key", digest.hexdigest())]
        try:
            await self.send(login, timeout)
        except AmiRefused as refused:
            raise AmiAuthError(refused.response.text) from None

    @contextmanager
    def deaf(self) -> Iterator[None]:
        """Reads nothing inside the block, which Asterisk bears for its `writetimeout`. For the doctor."""
        if self._transport is None or self._transport.is_closing():
            raise AmiSocketError(self._reason or "not connected")
        self._transport.pause_reading()
        try:
            yield
        finally:
            self._transport.resume_reading()

    def repeat(self, action: Fields, times: int) -> None:
        """Sends a harmless action so often, and cares for no answer. For the doctor."""
        self._write("", encode(action) * times)

    async def _ask(self, action: Fields, items: list[Message] | None, timeout: float) -> Message:
        fields = list(action.items() if hasattr(action, "items") else action)
        name = dict(fields).get("Action", "")
        if len(self._waiters) >= MAX_WAITERS:
            raise AmiError(f"{name}: too many actions under way")
        action_id = str(uuid.uuid4())
        data = encode([*fields, ("ActionID", action_id)])
        future: asyncio.Future[Message] = self._loop.create_future()
        self._waiters[action_id] = _Waiter(name, future, items)
        try:
            self._write(name, data)
            async with asyncio.timeout(timeout):
                answer = await future
        except TimeoutError:
            raise AmiTimeout(f"{name}: no answer within {timeout:g} s") from None
        finally:
            self._waiters.pop(action_id, None)
        if answer.response == "Error":
            raise AmiRefused(name, answer)
        return answer

    def _write(self, name: str, data: bytes) -> None:
        if self._transport is None or self._transport.is_closing():
            raise AmiSocketError(f"{name}: {self._reason or 'not connected'}")
        if self._transport.get_write_buffer_size() > MAX_UNSENT:
            self.close("Asterisk reads nothing")
            raise AmiSocketError(f"{name}: Asterisk reads nothing")
        self._transport.write(data)

    def _answer(self, message: Message) -> bool:
        """Gives the message to the action that it answers; False where it answers none."""
        waiter = self._waiters.get(message.headers.get("ActionID", ""))
        if waiter is None or waiter.future.done():
            return False
        is_event, listing = "Event" in message.headers, message.headers.get("EventList", "").lower()
        if waiter.items is None:
            if not is_event:
                waiter.future.set_result(message)
            return not is_event
        if not is_event and listing != "start":
            waiter.future.set_result(message)  # an error, or a list that is empty
        elif listing == "complete":
            waiter.future.set_result(message)
        elif listing == "cancelled":
            waiter.future.set_exception(AmiError(f"{waiter.action}: Asterisk broke the list off"))
        elif is_event:
            self._add_item(waiter, message)
        return True

    def _add_item(self, waiter: _Waiter, message: Message) -> None:
        items = cast(list[Message], waiter.items)
        if len(items) < MAX_ITEMS:
            items.append(message)
        else:
            waiter.future.set_exception(AmiError(f"{waiter.action}: more than {MAX_ITEMS} items"))

    async def _clear(self) -> None:
        """What the caller wrote stands before the answer to a question that is asked now, whose id nobody can guess."""
        try:
            seen = -1
            while seen != self.framer.forged:
                seen = self.framer.forged
                await self.send((("Action", "Ping"),), DOUBT_SECONDS)
        except AmiError as error:
            self.close(f"a caller has forged events, and then: {error}")
            return
        finally:
            self._clearing = None
        self.framer.doubt = False
        self.on_cleared()

    def _tick(self, seconds: float) -> None:
        self._misses = 0 if self._heard else self._misses + 1
        if self._misses >= MISSES:
            self.close(f"no answer to {MISSES} pings")
            return
        self._heard = False
        try:
            self._write("Ping", encode((("Action", "Ping"), ("ActionID", str(uuid.uuid4())))))
        except AmiSocketError:
            return
        self._ping = self._loop.call_later(seconds, self._tick, seconds)


def _nothing() -> None:
    """Nobody wants to know."""


async def connect(address: Address, on_message: OnMessage, wanted: Wanted | None = None) -> AmiConnection:
    """Opens a connection and reads its greeting; AmiSocketError or AmiError say in a sentence why not."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(address.seconds):
            _, connection = await loop.create_connection(
                lambda: AmiConnection(on_message, wanted), address.host, address.port
            )
    except TimeoutError:
        raise AmiSocketError(f"cannot connect to {address}: no answer within {address.seconds:g} s") from None
    except OSError as error:
        raise AmiSocketError(f"cannot connect to {address}: {error.strerror or error}") from None
    try:
        await connection.greeting(address.seconds)
    except BaseException:
        connection.close()
        raise
    return connection


def _keep_alive(sock: socket.socket | None) -> None:
    """Lets the kernel find a half-open connection too: the peer's machine lost its power, a firewall forgot
    us.
    """
    if sock is None or sock.family not in (socket.AF_INET, socket.AF_INET6):
        return
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (("TCP_KEEPIDLE", 20), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 3)):
        if hasattr(socket, option):  # Linux has them all, other systems some
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
