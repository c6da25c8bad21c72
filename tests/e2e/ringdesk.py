"""The program under test as an installation has it: commands and `ringdesk serve` as processes of their own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import aiohttp
from typer.testing import CliRunner

from server.cli import app
from tests.real import ports

PROGRAM = Path(sys.executable).with_name("ringdesk")
STOP_SECONDS = 10.0
"""The contract's time for a clean end."""


class ProgramFailed(Exception):
    """A command of the program ended with another code than 0, or did not come up."""


def _environment() -> dict[str, str]:
    """Ours without any setting of a Ringdesk that the machine may have."""
    return {name: value for name, value in os.environ.items() if not name.startswith("RINGDESK_")}


async def command(folder: Path, *arguments: str, typed: str = "") -> str:
    """Run one command in `folder` with `typed` on its standard input; returns what it printed."""
    process = await asyncio.create_subprocess_exec(
        *(str(PROGRAM), *arguments),
        cwd=folder,
        env=_environment(),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(120):
            output, errors = await process.communicate(typed.encode())
    except TimeoutError:
        os.kill(process.pid, signal.SIGKILL)
        raise
    if process.returncode != 0:
        raise ProgramFailed(f"ringdesk {' '.join(arguments)}: {errors.decode()}")
    return output.decode().strip()


async def command_here(folder: Path, *arguments: str, typed: str = "") -> str:
    """The same inside this process, which has the program loaded already."""
    options = [*arguments, "--config", str(folder / "ringdesk.toml")]
    result = await asyncio.to_thread(CliRunner().invoke, app, options, input=typed)
    if result.exit_code != 0:
        raise ProgramFailed(f"ringdesk {' '.join(arguments)}: {result.output}")
    return result.stdout.strip()


@dataclass(frozen=True)
class Installation:
    """A folder in which the commands have made a database; `tokens` are API tokens by user."""

    folder: Path
    tokens: Mapping[str, str]

    def copied_to(self, folder: Path) -> Installation:
        """The same in a folder of its own: quicker than to run the commands again."""
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        return Installation(folder, self.tokens)


def no_flows() -> str:
    """Settings of a server in whose tests nobody calls its flows: not the port that another test may have."""
    return f"[ivr]\nport = {ports.free_tcp()}\n"


class Server:
    """One `ringdesk serve`, which a test may stop, kill and start again on the same port and database."""

    def __init__(
        self,
        installation: Installation,
        pbx_port: int,
        secret: str,
        more: str = "",
        link: str = "",
        program: tuple[str, ...] = (str(PROGRAM),),
    ) -> None:
        """`more` is further text of ringdesk.toml, such as sections of their own; `link` further lines of the PBX;
        `program` what is run with `serve`."""
        self._program = program
        self.port = ports.free_tcp()
        self.folder = installation.folder
        self.tokens = installation.tokens
        self.address = f"http://127.0.0.1:{self.port}"
        self.broken: list[str] = []
        """What a test has broken on purpose, as the log tells it."""
        self._process: asyncio.subprocess.Process | None = None
        self._http: aiohttp.ClientSession | None = None
        (self.folder / "ringdesk.toml").write_text(
            f'[server]\nport = {self.port}\n[database]\nurl = "sqlite:///ringdesk.db"\n'
            f'[[pbx]]\nname = "main"\nport = {pbx_port}\nusername = "ringdesk"\nsecret = "{secret}"\n'
            f'dial_context = "agents"\n{link}[log]\njson = true\n{more or no_flows()}'
        )

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession(self.address, timeout=aiohttp.ClientTimeout(60))
        try:
            await self.start()
        except BaseException:
            await self._http.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._http is not None
        await self._http.close()
        if self._process is not None:
            await self.stop()

    async def start(self) -> None:
        """Starts it and returns when it says that it serves; ProgramFailed with its log if it does not."""
        with (self.folder / "log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *("setpriv", "--pdeathsig", "KILL", *self._program, "serve"),
                cwd=self.folder,
                env=_environment(),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
            )
        assert self._process.stdout is not None
        async with asyncio.timeout(90):
            said = (await self._process.stdout.readline()).decode().strip()
        if said != f"ready: {self.address}":
            raise ProgramFailed(f"said {said!r}; {self.log()[-2000:]}")

    async def stop(self) -> None:
        """Ends it as an administrator does; AssertionError if that is not clean or takes longer than allowed."""
        code = await self._end(signal.SIGTERM)
        assert code == 0, f"ended with {code}: {self.log()[-2000:]}"

    async def kill(self) -> None:
        """Ends it as a crash does."""
        await self._end(signal.SIGKILL)

    async def _end(self, number: signal.Signals) -> int:
        process, self._process = self._process, None
        assert process is not None, "the server is not running"
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, number)
        try:
            async with asyncio.timeout(STOP_SECONDS):
                return await process.wait()
        except TimeoutError:
            os.kill(process.pid, signal.SIGKILL)
            await process.wait()
            raise AssertionError(f"not down within {STOP_SECONDS} s of {number.name}") from None

    async def reload(self) -> None:
        """Have it read its files again, as an administrator does; returns when they are in force."""
        assert self._process is not None
        before = self.log().count("definitions.in_force")
        os.kill(self._process.pid, signal.SIGHUP)
        async with asyncio.timeout(30):
            while self.log().count("definitions.in_force") == before:  # noqa: ASYNC110 - only the log tells
                await asyncio.sleep(0.05)

    def log(self) -> str:
        """All that it has logged since the first start."""
        return (self.folder / "log").read_text(errors="replace")

    def faults(self) -> list[str]:
        """The lines of the log that tell of a fault of ours."""
        told = [line for line in self.log().splitlines() if '"level": "error"' in line or "Traceback" in line]
        return [line for line in told if not any(known in line for known in self.broken)]

    async def api(self, method: str, path: str, body: object = None, user: str = "li") -> Any:
        """One request to /api/v1 as that user; AssertionError with the answer unless it is a success."""
        async with self.request(method, f"/api/v1{path}", body, self.tokens[user]) as answer:
            text = await answer.text()
            assert answer.ok, f"{method} {path}: {answer.status} {text}"
            return await answer.json() if text else None

    async def readiness(self) -> tuple[int, dict[str, Any]]:
        """Status and body of /readyz."""
        async with self.request("GET", "/readyz") as answer:
            return answer.status, await answer.json()

    def request(self, method: str, path: str, body: object = None, token: str = "") -> Any:
        assert self._http is not None
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return self._http.request(method, path, json=body, headers=headers)
