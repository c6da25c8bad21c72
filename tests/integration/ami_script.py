"""A scripted AMI server for faults, and a sink that can be waited on.

It answers what a link asks with the least that Asterisk would say; a test replaces an answer, cuts a connection
after so many bytes, or says nothing. What Asterisk really does is tested on Asterisk itself.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, Self

from config.settings import PbxSettings
from core.clock import SystemClock
from cti.backoff import Pace
from cti.events import AmiEvent
from cti.frames import Framer, encode
from cti.link import PbxLink
from cti.messages import LinkState
from cti.seen import Picture
from cti.vocabulary import Message

GREETING = b"Asterisk Call Manager/11.0.0\r\n"
SECONDS = 60.0
Answer = Callable[["Session", Message], bytes]
QUICK = Pace(
    first_delay=0.001, longest_delay=0.002, refused_delay=0.002, boot=5, picture=5, settle=5, steady_after=60
)


def block(*pairs: tuple[str, str]) -> bytes:
    return encode(pairs)


def success(asked: Message, *pairs: tuple[str, str]) -> bytes:
    return block(("Response", "Success"), ("ActionID", asked.action_id), *pairs)


def error(asked: Message, text: str) -> bytes:
    return block(("Response", "Error"), ("ActionID", asked.action_id), ("Message", text))


def listing(asked: Message, *items: tuple[tuple[str, str], ...]) -> bytes:
    body = b"".join(block(*item, ("ActionID", asked.action_id)) for item in items)
    end = block(
        ("Event", f"{asked['Action']}Complete"), ("ActionID", asked.action_id), ("EventList", "Complete")
    )
    return success(asked, ("EventList", "start")) + body + end


def event(name: str, *pairs: tuple[str, str]) -> bytes:
    return block(("Event", name), ("Privilege", "call,all"), *pairs)


def newchannel(uniqueid: str) -> bytes:
    return event("Newchannel", ("Channel", f"PJSIP/1001-{uniqueid}"), ("Uniqueid", uniqueid))


BOOTED = event("FullyBooted", ("Uptime", "7"), ("Status", "Fully Booted"))


class Session:
    """One connection to the server."""

    def __init__(self, server: "ScriptedAmi", writer: asyncio.StreamWriter) -> None:
        self.server = server
        self.writer = writer
        self.events = "off"
        self.task = asyncio.current_task()
        self.budget = server.cut_after.pop(0) if server.cut_after else None

    def write(self, data: bytes) -> None:
        """Sends the data; where the session's bytes are used up, cuts the connection."""
        if self.budget is not None:
            data, self.budget = data[: self.budget], self.budget - len(data)
        if not self.writer.is_closing():
            self.writer.write(data)
        if self.budget is not None and self.budget <= 0:
            self.writer.close()

    def cut(self) -> None:
        self.writer.transport.abort()


class ScriptedAmi:
    """Async context manager. `answers` maps an action's name to what is sent back (nothing: b"")."""

    def __init__(self, **answers: Answer) -> None:
        self.answers: dict[str, Answer] = {
            "Challenge": lambda _, m: success(m, ("Challenge", "12345")),
            "Login": _log_in,
            "Ping": lambda _, m: success(m, ("Ping", "Pong")),
            "CoreSettings": lambda _, m: success(m, ("AsteriskVersion", "22.10.1")),
            "CoreStatus": lambda s, m: success(
                m, ("CoreStartupDate", "2026-01-31"), ("CoreStartupTime", s.server.startup)
            ),
            **dict.fromkeys(
                ("CoreShowChannels", "BridgeList", "QueueStatus", "Status", "DeviceStateList"),
                lambda _, m: listing(m),
            ),
            **answers,
        }
        self.greeting = GREETING
        self.startup = "08:00:00"
        self.booted = BOOTED
        self.cut_after: list[int] = []
        self.received: list[Message] = []
        self.sessions: list[Session] = []
        self.port = 0
        self._changed = asyncio.Condition()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server
        self._server.close()
        for session in self.sessions:
            session.cut()
        if tasks := [session.task for session in self.sessions if session.task]:
            await asyncio.wait(tasks, timeout=SECONDS)

    def asked(self, action: str) -> list[Message]:
        return [message for message in self.received if message.get_header("Action") == action]

    async def got(self, action: str, times: int = 1) -> Message:
        """The `times`-th such action, once it has come."""
        async with asyncio.timeout(SECONDS), self._changed:
            await self._changed.wait_for(lambda: len(self.asked(action)) >= times)
        return self.asked(action)[times - 1]

    def of(self, events: bool) -> Session:
        """The newest session for events, or for actions."""
        return [session for session in self.sessions if (session.events != "off") is events][-1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = Session(self, writer)
        self.sessions.append(session)
        session.write(self.greeting)
        framer = Framer()
        framer.feed(b"\r\n")
        try:
            while data := await reader.read(65536):
                for message in framer.feed(data):
                    await self._take(session, message)
        except ConnectionError:
            pass  # the link cut it
        finally:
            session.cut()

    async def _take(self, session: Session, message: Message) -> None:
        answer = self.answers.get(message["Action"], lambda _, m: error(m, "Invalid/unknown command"))
        session.write(answer(session, message))
        async with self._changed:
            self.received.append(message)
            self._changed.notify_all()


def _log_in(session: Session, message: Message) -> bytes:
    session.events = message["Events"]
    return success(message, ("Message", "Authentication accepted")) + (
        session.server.booted if session.events != "off" else b""
    )


class Sink:
    """Keeps everything in order; `until` waits for it."""

    def __init__(self) -> None:
        self.log: list[LinkState | Picture | AmiEvent] = []
        self.details: list[str] = []
        self.version = ""
        self._news = asyncio.Event()

    @property
    def state(self) -> LinkState | None:
        return next((item for item in reversed(self.log) if isinstance(item, LinkState)), None)

    @property
    def pictures(self) -> list[Picture]:
        return [item for item in self.log if isinstance(item, Picture)]

    @property
    def events(self) -> list[AmiEvent]:
        return [item for item in self.log if isinstance(item, AmiEvent)]

    def on_event(self, pbx: str, event: AmiEvent, at: float) -> None:
        self._add(event)

    def on_picture(self, pbx: str, picture: Picture, at: float) -> None:
        self._add(picture)

    def on_link(self, pbx: str, state: LinkState, detail: str, version: str, at: float) -> None:
        self.details.append(detail)
        self.version = version
        self._add(state)

    async def until(self, true: Callable[[], object], seconds: float = SECONDS) -> None:
        try:
            async with asyncio.timeout(seconds):
                while not true():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"not seen; log ends {self.log[-5:]}, details {self.details[-5:]}") from None

    async def up(self, pictures: int = 1) -> None:
        await self.until(lambda: self.state is LinkState.UP and len(self.pictures) >= pictures)

    async def told(self, text: str) -> None:
        """Until the link has given a detail that holds the text."""
        await self.until(lambda: any(text in detail for detail in self.details))

    def _add(self, item: LinkState | Picture | AmiEvent) -> None:
        self.log.append(item)
        self._news.set()


def settings(port: int, **more: Any) -> PbxSettings:
    values: dict[str, Any] = {"ping_seconds": 5.0, "action_seconds": 5.0, "secret": "s", **more}
    return PbxSettings("main", port=port, **values)


@asynccontextmanager
async def linked(port: int, sink: Sink, pace: Pace = QUICK, **more: Any) -> AsyncIterator[PbxLink]:
    """A running link to that port."""
    link = PbxLink(settings(port, **more), sink, SystemClock(), random.Random(7), pace)
    async with owned(link.run()):
        yield link


@asynccontextmanager
async def owned(work: Coroutine[Any, Any, None]) -> AsyncIterator[asyncio.Task[None]]:
    """Runs it as a task that is cancelled, and has ended, at the end."""
    task = asyncio.create_task(work)
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait({task}, timeout=SECONDS)
        assert task.done()
