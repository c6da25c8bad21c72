"""One running SIPp: it takes orders from a test and reports what happens.

SIPp cannot be spoken to while it runs, so each scenario listens for a few SIP requests that no PBX sends it (see
scenarios/*.xml) and reports through its log, which is a named pipe here: nothing is polled.
"""

import asyncio
import contextlib
import os
import signal
import socket
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tests.real import parts


class SipError(Exception):
    """A SIPp process ended in error, or what a test waits for did not happen."""


@dataclass(frozen=True)
class Report:
    """One line of a scenario: what happened (ringing, talking, sendonly, sendrecv, ended) to which call."""

    state: str
    call_id: str
    detail: str


class Sipp:
    """One SIPp process and its reports; base of Phone and Caller in sipp.py."""

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

    def prepare(self, folder: Path) -> None:
        """Puts further files beside the scenario."""

    def arguments(self) -> list[str]:
        """Further arguments of sipp."""
        return []

    async def __aenter__(self) -> Self:
        folder = Path(self._folder.name)
        self.prepare(folder)
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
        self, state: str, *, call_id: str | None = None, count: int = 1, seconds: float = 60
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

    def order(self, method: str, subject: str, call_id: str | None = None, headers: str = "") -> None:
        """Sends the scenario an order for that call (default: the last one that was reported)."""
        call_id = call_id or self.reports[-1].call_id
        self._orders += 1
        message = (
            f"{method} sip:order@{self.host} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK-order-{self._orders}\r\n"
            f"From: <sip:test@127.0.0.1>;tag=order{self._orders}\r\nTo: <sip:order@{self.host}>\r\n"
            f"Call-ID: {call_id}\r\nCSeq: {self._orders} {method}\r\nSubject: {subject}\r\n{headers}"
            "Content-Length: 0\r\n\r\n"
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
            state, call_id, detail = f"{line}  ".split(" ", 2)
            report = Report(state, call_id, detail.strip())
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
        async with asyncio.timeout(30):
            while not _is_bound(self.host, self.port):
                if self.process.returncode is not None:
                    raise SipError(f"sipp ended: {self.errors()}")
                await asyncio.sleep(0.01)  # no event tells that a port is bound

    def errors(self) -> str:
        """What SIPp found unexpected so far."""
        path = Path(self._folder.name) / "errors"
        return path.read_text(errors="replace") if path.exists() else ""


def _is_bound(host: str, port: int) -> bool:
    # Read from the kernel's table: to try a bind would take the port from SIPp in the very moment it wants it.
    local = f"{socket.inet_aton(host)[::-1].hex().upper()}:{port:04X}"
    table = Path("/proc/net/udp").read_text().splitlines()[1:]
    return any(line.split()[1] == local for line in table)


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def _ended(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)  # Process.kill() would reap it under asyncio's feet
    await process.wait()
