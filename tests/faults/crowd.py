"""Hundreds of calls at once on a real Asterisk, by SIPp's own scenarios."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.real import ports
from tests.real.asterisk import Asterisk
from tests.real.parts import require


@asynccontextmanager
async def sipp(*arguments: str, folder: Path) -> AsyncIterator[None]:
    """A SIPp process that ends with the block."""
    process = await asyncio.create_subprocess_exec(
        *("setpriv", "--pdeathsig", "KILL", str(require("sipp")), *arguments, "-nostdin"),
        cwd=folder,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        if process.returncode is None:
            os.kill(process.pid, signal.SIGKILL)
        await process.wait()


@asynccontextmanager
async def answering(pbx: Asterisk, extension: str, folder: Path) -> AsyncIterator[None]:
    """That phone answers every call that comes, and stays."""
    port = str(pbx.ports.phones[extension])
    async with sipp("-sn", "uas", "-i", "127.0.0.1", "-p", port, folder=folder):
        yield


@asynccontextmanager
async def crowd(pbx: Asterisk, did: str, count: int, folder: Path) -> AsyncIterator[None]:
    """`count` callers from outside to that number, fifty more a second, who stay on the line."""
    port = str(ports.free_udp("127.0.0.2"))
    target = f"127.0.0.1:{pbx.sip_port}"
    calls = ("-r", "50", "-m", str(count), "-l", str(count), "-d", "600000")
    async with sipp(target, "-sn", "uac", "-s", did, "-i", "127.0.0.2", "-p", port, *calls, folder=folder):
        yield
