"""SIPp as the phones of agents, the world outside and callers; a test gives them orders and waits for what happens.

SIPp cannot be spoken to while it runs, so each scenario listens for a few SIP requests that no PBX sends it (see
scenarios/*.xml) and reports through its log, which is a named pipe here: nothing is polled.
"""

import asyncio
import contextlib
import os
import signal
import socket
import tempfile
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tests.real import parts, ports
from tests.real.asterisk import Asterisk

SCENARIOS = Path(__file__).parent / "scenarios"


class SipError(Exception):
    """A SIPp process ended in error, or what a test waits for did not happen."""


@dataclass(frozen=True)
class Report:
    """One line of a scenario: what happened (ringing, talking, sendonly, sendrecv, ended) to which call."""

    state: str
    call_id: str
    detail: str


class Sipp:
    """One SIPp process and its reports; base of Phone and Caller."""

    def __init__(self, host: str, port: int) -> None:
        self.host, self.port = host, port
        self.reports: list[Report] = []
        self._arrived = asyncio.Condition()
        self._folder = tempfile.TemporaryDirectory(prefix="ringdesk-sipp-")
        self._orders = 0
        self._stack = contextlib.AsyncExitStack()

    def scenario(self) -> str:
        """The scenario's XML."""
        raise NotImplementedError

    def arguments(self) -> list[str]:
        """Further arguments of sipp."""
        return []

    async def __aenter__(self) -> Self:
        folder = Path(self._folder.name)
        (folder / "scenario.xml").write_text(self.scenario())
        os.mkfifo(folder / "log")
        self._stack.callback(self._folder.cleanup)
        try:
            await self._listen(folder / "log")
            await self._launch(folder)
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def wait(
        self, state: str, *, call_id: str | None = None, count: int = 1, seconds: float = 15
    ) -> Report:
        """The count-th report of that state (of that call, if named); SipError after that many seconds."""

        def matching() -> list[Report]:
            return [r for r in self.reports if r.state == state and call_id in (None, r.call_id)]

        try:
            async with asyncio.timeout(seconds), self._arrived:
                await self._arrived.wait_for(lambda: len(matching()) >= count)
        except TimeoutError:
            raise SipError(
                f"{self.host}:{self.port}: no {state!r} in {seconds} s; {self.reports} {self.errors()}"
            ) from None
        return matching()[count - 1]

    def order(self, method: str, subject: str, call_id: str | None = None) -> None:
        """Sends the scenario an order for that call (default: the last one that was reported)."""
        call_id = call_id or self.reports[-1].call_id
        self._orders += 1
        message = (
            f"{method} sip:order@{self.host} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK-order-{self._orders}\r\n"
            f"From: <sip:test@127.0.0.1>;tag=order{self._orders}\r\nTo: <sip:order@{self.host}>\r\n"
            f"Call-ID: {call_id}\r\nCSeq: {self._orders} {method}\r\nSubject: {subject}\r\nContent-Length: 0\r\n\r\n"
        )
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
            out.sendto(message.encode(), (self.host, self.port))

    def reported(self, report: Report) -> None:
        """Called for each report; a Phone acts here."""

    async def _listen(self, fifo: Path) -> None:
        # Opened for reading first: SIPp's own open would wait for a reader.
        pipe = os.fdopen(os.open(fifo, os.O_RDONLY | os.O_NONBLOCK), "rb")
        # A writer of our own keeps the pipe from ending before SIPp opens it.
        self._stack.callback(os.close, os.open(fifo, os.O_WRONLY))
        reader = asyncio.StreamReader()
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), pipe
        )
        self._stack.callback(transport.close)
        task = asyncio.create_task(self._read(reader))
        self._stack.push_async_callback(_cancelled, task)

    async def _read(self, reader: asyncio.StreamReader) -> None:
        while line := (await reader.readline()).decode(errors="replace").strip():
            state, call_id, detail = (line.split(" ", 2) + [""])[:3]
            report = Report(state, call_id, detail)
            async with self._arrived:
                self.reports.append(report)
                self._arrived.notify_all()
            self.reported(report)

    async def _launch(self, folder: Path) -> None:
        self.process = await asyncio.create_subprocess_exec(
            *("setpriv", "--pdeathsig", "KILL", str(parts.require("sipp"))),
            *("-sf", str(folder / "scenario.xml"), "-i", self.host, "-p", str(self.port), "-nostdin"),
            *(
                "-trace_logs",
                "-log_file",
                str(folder / "log"),
                "-trace_err",
                "-error_file",
                str(folder / "errors"),
            ),
            *self.arguments(),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            cwd=folder,
        )
        self._stack.push_async_callback(_ended, self.process)
        await self._bound()

    async def _bound(self) -> None:
        """Waits until SIPp holds its port: a call that comes before would be retransmitted half a second later."""
        async with asyncio.timeout(5):
            while _is_free(self.host, self.port):
                if self.process.returncode is not None:
                    raise SipError(f"sipp ended: {self.errors()}")
                await asyncio.sleep(0.01)  # no event tells that a port is bound

    def errors(self) -> str:
        """What SIPp found unexpected so far."""
        path = Path(self._folder.name) / "errors"
        return path.read_text(errors="replace") if path.exists() else ""


class Phone(Sipp):
    """A phone that is called: extension "1001" to "1005" of that Asterisk, or "outside" for the world behind the trunk.

    `behaviour` is told of each ring and may give an order: answers(), rejects(); None rings until the test says more.
    `status` is what it turns calls down with.
    """

    def __init__(
        self,
        pbx: Asterisk,
        extension: str,
        behaviour: "Behaviour | None" = None,
        status: str = "486 Busy Here",
    ) -> None:
        outside = extension == "outside"
        port = pbx.ports.outside if outside else pbx.ports.phones[extension]
        super().__init__("127.0.0.2" if outside else "127.0.0.1", port)
        self.extension, self.behaviour, self.status = extension, behaviour, status

    def scenario(self) -> str:
        return (SCENARIOS / "phone.xml").read_text().replace("@STATUS@", self.status)

    def reported(self, report: Report) -> None:
        if report.state == "ringing" and self.behaviour:
            self.behaviour(self, report.call_id)

    async def ringing(self, count: int = 1) -> Report:
        """Returns when the phone rings for the count-th time since it was made."""
        return await self.wait("ringing", count=count)

    async def answer(self, call_id: str | None = None) -> None:
        """Picks up; returns when the PBX has confirmed it."""
        report = await self.ringing() if call_id is None and not self.reports else None
        call_id = call_id or (report or self.reports[-1]).call_id
        self.order("INFO", "answer", call_id)
        await self.wait("talking", call_id=call_id)

    async def hold(self) -> None:
        """Puts the caller on hold, by re-INVITE with a=sendonly."""
        self.order("INFO", "sendonly")
        await self.wait("sendonly")

    async def resume(self) -> None:
        """Takes the caller back."""
        self.order("INFO", "sendrecv")
        await self.wait("sendrecv")

    async def hang_up(self) -> None:
        """Ends the answered call and returns when the PBX has confirmed it."""
        call_id = self.reports[-1].call_id
        self.order("MESSAGE", "bye", call_id)
        await self.wait("ended", call_id=call_id)

    async def reject(self) -> None:
        """Turns the ringing call down."""
        call_id = self.reports[-1].call_id
        self.order("MESSAGE", "reject", call_id)
        await self.wait("ended", call_id=call_id)


Behaviour = Callable[[Phone, str], None]


def answers(after: float = 0) -> Behaviour:
    """A behaviour: picks up after that many seconds of ringing."""
    return lambda phone, call_id: _later(after, phone, "INFO", "answer", call_id)


def rejects(after: float = 0) -> Behaviour:
    """A behaviour: turns calls down after that many seconds of ringing."""
    return lambda phone, call_id: _later(after, phone, "MESSAGE", "reject", call_id)


class Caller(Sipp):
    """One call from outside to `did`, or from an agent's phone when `agent` names its extension.

    `name` is the display name as it goes into the From header, before SIP's quoting.
    """

    def __init__(
        self, pbx: Asterisk, did: str, number: str = "13800138000", name: str = "", agent: str = ""
    ) -> None:
        host = "127.0.0.1" if agent else "127.0.0.2"
        super().__init__(host, ports.free_udp(host))
        self._pbx, self._did, self._agent = pbx, did, agent
        self._number, self._name = agent or number, name
        self.call_id = uuid.uuid4().hex

    def scenario(self) -> str:
        auth = (SCENARIOS / "auth.xml").read_text() if self._agent else ""
        text = (SCENARIOS / "caller.xml").read_text().replace("@AUTH@", auth)
        values = {"DID": self._did, "NUMBER": self._number, "SECRET": self._pbx.secret}
        values |= {"BRANCH": "auth" if self._agent else "inv", "NAME": "[shown]" if self._name else ""}
        for key, value in values.items():
            text = text.replace(f"@{key}@", value)
        return text

    def arguments(self) -> list[str]:
        # The name travels beside the scenario: SIPp would read brackets in it as keywords.
        escaped = self._name.replace("\\", "\\\\").replace('"', '\\"')
        shown = ["-key", "shown", f'"{escaped}" '] if self._name else []
        return [
            f"127.0.0.1:{self._pbx.sip_port}",
            *shown,
            "-m",
            "1",
            "-cid_str",
            self.call_id,
            "-max_retrans",
            "4",
        ]

    async def ringing(self) -> None:
        """Returns when the caller hears ringing."""
        await self.wait("ringing")

    async def answered(self) -> None:
        """Returns when the call is connected (by the dialplan or by a person)."""
        await self.wait("talking")

    async def press(self, key: str) -> None:
        """Presses a key (SIP INFO)."""
        self.order("INFO", key, self.call_id)

    async def hang_up(self) -> None:
        """Gives up or hangs up, whichever it is now; returns when the PBX has confirmed it."""
        self.order("MESSAGE", "bye", self.call_id)
        await self.ended()

    async def ended(self) -> Report:
        """Returns when the call is over: detail is "hung up", "other side", "gave up" or "refused"."""
        return await self.wait("ended")


def _later(seconds: float, phone: Phone, method: str, subject: str, call_id: str) -> None:
    asyncio.get_running_loop().call_later(seconds, phone.order, method, subject, call_id)


def _is_free(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def _ended(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)  # Process.kill() would reap it under asyncio's feet
    await process.wait()
