"""A private Asterisk for a test: own ports, own run directory, gone without a trace afterwards."""

import asyncio
import contextlib
import csv
import os
import signal
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Self

from tests.real import astconf, parts, ports
from tests.real.ami import Ami, AmiError
from tests.real.astconf import QueueSetup

# The mounts live in a mount namespace of the process and end with it, however it ends. setpriv makes the kernel
# end Asterisk when the test run is killed.
# Names: the machine's name is made to resolve without any resolver, so that no start waits for one.
_LAUNCH = """
hostname ringdesk-rig
for file in hosts resolv.conf; do
  [ -e "$1/etc/$file" ] || : > "$1/etc/$file"
  mount --bind "$2/etc/$file" "$1/etc/$file"
done
mount --bind /dev "$1/dev"
mount --bind /proc "$1/proc"
mount --bind "$2" "$1/srv"
exec chroot "$1" /usr/sbin/asterisk -f -C /srv/etc/asterisk.conf
"""
_SILENCE = b"\xd5" * 8000  # one second of A-law zero, for music on hold
__all__ = ["DEFAULT_QUEUES", "Asterisk", "QueueSetup"]
MODULE_FOLDERS = ("usr/lib/*/asterisk/modules", "usr/lib/asterisk/modules")  # Debian's of 22 and of 16
PARTS: Mapping[int, str] = {22: "asterisk", 16: "asterisk16"}
DEFAULT_QUEUES: Mapping[str, QueueSetup] = {
    "service": QueueSetup(),
    "emergency": QueueSetup(members=("1003",)),
}


class Asterisk:
    """Async context manager: a running, fully booted Asterisk with the samples of config/asterisk.

    `queues` sets members and times; `version` is 22 or 16; the extensions in `two_phones` have a second one. `ami` is
    a session with every permission. Ports stay over a restart.
    """

    user, secret = "ringdesk", astconf.SECRET

    def __init__(
        self,
        queues: Mapping[str, QueueSetup] | None = None,
        version: int = 22,
        two_phones: Iterable[str] = (),
    ) -> None:
        self.version = version
        self.root = parts.require(PARTS[version])
        self.ports = astconf.Ports(
            ami=ports.free_tcp(),
            agi=ports.free_tcp(),
            sip=ports.free_udp(),
            outside=ports.free_udp("127.0.0.2"),
            phones={extension: ports.free_udp() for extension in astconf.AGENTS},
            seconds={extension: ports.free_udp() for extension in two_phones},
        )
        self.queues = dict(DEFAULT_QUEUES) | dict(queues or {})
        self._folder = tempfile.TemporaryDirectory(prefix="ringdesk-asterisk-")
        self.run = Path(self._folder.name)
        self._process: asyncio.subprocess.Process | None = None
        self._session: contextlib.AsyncExitStack | None = None
        self._before = (0, 0)
        self.ami: Ami

    @property
    def ami_port(self) -> int:
        """TCP port of AMI on 127.0.0.1."""
        return self.ports.ami

    @property
    def agi_port(self) -> int:
        """TCP port at which its dialplan looks for Ringdesk's flows on 127.0.0.1."""
        return self.ports.agi

    @property
    def sip_port(self) -> int:
        """UDP port of SIP on 127.0.0.1."""
        return self.ports.sip

    @property
    def pid(self) -> int:
        """Process id of the running Asterisk; raises when it is down."""
        if self._process is None:
            raise RuntimeError("Asterisk is not running")
        return self._process.pid

    async def __aenter__(self) -> Self:
        self._prepare()
        try:
            await self.start()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.kill()
        self._folder.cleanup()

    async def start(self) -> None:
        """Starts Asterisk and returns when it is fully booted; RuntimeError with its log if it does not come up."""
        output = (self.run / "log" / "console").open("ab")
        with output:
            self._process = await asyncio.create_subprocess_exec(
                *(
                    "setpriv",
                    "--pdeathsig",
                    "KILL",
                    "unshare",
                    "--mount",
                    "--uts",
                    "--propagation",
                    "private",
                ),
                *("sh", "-ec", _LAUNCH, "sh", str(self.root), str(self.run)),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        try:
            async with asyncio.timeout(30):
                await self._wait_booted()
        except (TimeoutError, AmiError) as error:
            raise RuntimeError(f"Asterisk did not start: {error!r}\n{self.log_tail()}") from error

    async def stop(self) -> None:
        """Ends Asterisk as an administrator does: calls are hung up, AMI clients get the Shutdown event."""
        await self._end(signal.SIGTERM)

    async def kill(self) -> None:
        """Ends Asterisk as a crash does: nobody is told."""
        await self._end(signal.SIGKILL)

    async def restart(self) -> None:
        """stop() and start(): the same ports, new channels, a new CoreStartupDate."""
        await self.stop()
        await self.start()

    async def begin_again(self) -> None:
        """Forgets what has been so far: `ami` is a new session, and `queue_log` and `cel` tell what comes from now on.
        Nobody may be in a call."""
        assert self._session is not None
        await self._session.aclose()
        self._session = contextlib.AsyncExitStack()
        self.ami = await self._session.enter_async_context(self.session("tester"))
        self._before = (len(self._queue_log()), len(self._cel()))

    def session(self, user: str | None = None) -> Ami:
        """A further AMI session, to be entered with `async with`; by default as Ringdesk's own user."""
        return Ami(self.ami_port, user or self.user, self.secret)

    def log_tail(self, lines: int = 40) -> str:
        """The last lines of what Asterisk logged and printed."""
        texts = [path.read_text(errors="replace") for path in sorted((self.run / "log").glob("[cf]*[el]"))]
        return "\n".join("\n".join(text.splitlines()[-lines:]) for text in texts)

    def queue_log(self) -> list[list[str]]:
        """Asterisk's own account of the queues: time, call, queue, agent, verb, arguments."""
        return self._queue_log()[self._before[0] :]

    def cel(self) -> list[dict[str, str]]:
        """Asterisk's own account of the channels (CEL) so far, by the names of astconf.CEL_COLUMNS."""
        return self._cel()[self._before[1] :]

    def _queue_log(self) -> list[list[str]]:
        path = self.run / "log" / "queue_log"
        return [line.split("|") for line in path.read_text().splitlines()] if path.exists() else []

    def _cel(self) -> list[dict[str, str]]:
        path = self.run / "log" / "cel-custom" / "cel.csv"
        with contextlib.suppress(FileNotFoundError), path.open(newline="", errors="replace") as file:
            return list(csv.DictReader(file, fieldnames=list(astconf.CEL_COLUMNS)))
        return []

    def _prepare(self) -> None:
        for folder in (
            "etc/sample",
            "lib/agi",
            "lib/keys",
            "db",
            "cache",
            "spool",
            "run",
            "log/cel-custom",
            "moh",
            "sounds",
            "recordings",
        ):
            (self.run / folder).mkdir(parents=True)
        (self.run / "moh" / "silence.alaw").write_bytes(_SILENCE)
        files = astconf.config_files(self.ports, self.queues, self._module_folder(), self.version)
        for name, text in files.items():
            (self.run / "etc" / name).write_text(text)

    def _module_folder(self) -> str:
        found = next(path for glob in MODULE_FOLDERS for path in self.root.glob(glob))
        return "/" + str(found.relative_to(self.root))

    async def _wait_booted(self) -> None:
        while True:
            try:
                session = self.session("tester")
                self._session = contextlib.AsyncExitStack()
                self.ami = await self._session.enter_async_context(session)
                break
            except (ConnectionError, AmiError):
                if self._process and self._process.returncode is not None:
                    raise AmiError("the process ended") from None
                await asyncio.sleep(0.02)  # no event tells that a port is open; bounded by start()
        await self.ami.event("FullyBooted")

    async def _end(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process and process.returncode is None:
            _signal(process.pid, number)
            try:
                async with asyncio.timeout(30):
                    await process.wait()
            except TimeoutError:
                _signal(process.pid, signal.SIGKILL)
                await process.wait()
        if self._session:
            await self._session.aclose()
            self._session = None


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)  # Process.send_signal() would reap an ended process under asyncio's feet
