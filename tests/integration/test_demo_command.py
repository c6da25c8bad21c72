"""`ringdesk demo` as a visitor has it: it starts, callers go through the menu, flows can be changed, it ends."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from server.demo_flows import furnish
from tests.e2e.ringdesk import PROGRAM, command
from tests.real import ports

SECONDS = 180


class Demo:
    """A running demo: its port, what it printed so far."""

    def __init__(self, process: asyncio.subprocess.Process, port: int) -> None:
        self.process, self.port = process, port
        self.printed: list[str] = []

    async def says(self, text: str) -> str:
        """The next line with that text."""
        assert self.process.stdout is not None
        async with asyncio.timeout(SECONDS):
            while line := (await self.process.stdout.readline()).decode():
                self.printed.append(line)
                if text in line:
                    return line
        raise AssertionError(f"it ended without saying {text!r}: {''.join(self.printed)}")

    async def metrics(self) -> str:
        url = f"http://127.0.0.1:{self.port}/metrics"
        async with aiohttp.ClientSession() as http, http.get(url) as answer:
            return await answer.text()


@asynccontextmanager
async def demo(folder: Path) -> AsyncIterator[Demo]:
    """The demo with its state in that folder, in which its callers live fast; it has to end well."""
    port = ports.free_tcp()
    arguments = ("demo", "--port", str(port), "--dir", str(folder), "--speed", "15")
    process = await asyncio.create_subprocess_exec(
        *(str(PROGRAM), *arguments),
        env={name: value for name, value in os.environ.items() if not name.startswith("RINGDESK_")},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    running = Demo(process, port)
    try:
        await running.says("ready:")
        yield running
        process.send_signal(signal.SIGINT)
        async with asyncio.timeout(SECONDS):
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def served(running: Demo) -> None:
    """Returns when callers have come out of the menu."""
    async with asyncio.timeout(SECONDS):
        while 'ended="transferred"' not in await running.metrics():  # noqa: ASYNC110 - a page has no event
            await asyncio.sleep(0.2)


async def test_a_visitors_demo(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    async with demo(folder) as running:
        await running.says(f"The phone menu is in {folder / 'flows'}")
        await served(running)
        hotline = folder / "flows" / "hotline.yaml"
        before = hotline.read_text("utf-8")
        hotline.write_text(before.replace("start: who", "start: whom"), "utf-8")
        assert "hotline.yaml" in await running.says("The changed flows cannot be used")
        hotline.write_text(before.replace("Welcome back.", "Good to hear you."), "utf-8")
        await running.says("The changed flows are in force")
        config = str(folder / "ringdesk.toml")
        tried = await command(
            tmp_path, *("flow", "try", "hotline", "--as", "13800138000", "--config", config), typed="3\n0\n"
        )
        assert "transferred to queue service" in tried
    furnish(folder)  # as the next start does: what the visitor wrote stays
    assert "Good to hear you." in hotline.read_text("utf-8")
