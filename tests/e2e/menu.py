"""A house whose callers serve themselves: a real Asterisk with sounds made of the shipped flows, and a server."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.e2e.house import QUEUES, House
from tests.e2e.listener import Listener
from tests.e2e.ringdesk import Installation, Server, command
from tests.real.asterisk import Asterisk
from tests.real.parts import parts_dir, require

RUN = "/srv"
"""Where the run directory appears inside Asterisk's tree."""


class Menu(House):
    """What a test has in hand."""

    async def pop(self, agent: Listener) -> dict[str, Any]:
        """The data of the next pop on that agent's socket."""
        while True:
            for message in await agent.caught_up():
                if message.get("type") == "pop":
                    agent.messages.clear()
                    found: dict[str, Any] = message["data"]
                    return found


async def build_prompts(folder: Path) -> Path:
    """Every sound of the shipped flows, by the command; those of an earlier run are kept, for a name is its content."""
    require("espeak-ng")
    sounds = parts_dir() / "sounds"
    (folder / "prompts.toml").write_text(f'[ivr.speech]\nfolder = "{sounds}"\n')
    await command(folder, "prompts", "build", "--config", "prompts.toml")
    return sounds


@asynccontextmanager
async def open_menu(version: int, installation: Installation, sounds: Path) -> AsyncIterator[Menu]:
    """A server and an Asterisk of this version; the server must log no fault of its own."""
    require("sipp")
    async with Asterisk(QUEUES, version=version) as pbx:
        shutil.copytree(sounds, pbx.run / "sounds", dirs_exist_ok=True)
        more = (
            f"[ivr]\nport = {pbx.agi_port}\n"
            f'[ivr.speech]\nfolder = "{pbx.run}/sounds"\npbx_folder = "{RUN}/sounds"\n'
        )
        async with Server(installation, pbx.ami_port, pbx.secret, more) as server:
            await until_linked(server)
            yield Menu(pbx, server)
        assert server.faults() == []


async def until_linked(server: Server) -> None:
    """Returns when the link to the PBX is up."""
    while (await server.readiness())[0] != 200:
        pass
