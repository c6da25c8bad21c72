"""A flow of a test's own beside the shipped ones: the callers of 4016 come to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.e2e.menu import Menu
from tests.e2e.robot import LISTENING
from tests.e2e.walk import Exchange
from tests.real.ami import Message
from tests.real.crowd import OneOf

OWN = "4016"


@asynccontextmanager
async def flow_in_force(menu: Menu, text: str) -> AsyncIterator[None]:
    """This text is the flow `own` of a running server, as an integrator puts it there."""
    path = menu.server.folder / "flows" / "own.yaml"
    path.write_text(text)
    try:
        await flows_read(menu)
        yield
    finally:
        path.unlink()
        await flows_read(menu)


async def flows_read(menu: Menu) -> None:
    """Returns when the server has read its flows again, which have changed."""
    before = menu.server.log().count("flows.in_force")
    await menu.server.reload()
    async with asyncio.timeout(30):
        while menu.server.log().count("flows.in_force") == before:  # noqa: ASYNC110 - only the log tells
            await asyncio.sleep(0.02)


class Presser:
    """One caller of a crowd, who presses these keys one by one whenever the flow listens, and begins again when it is
    asked again: between two commands Asterisk throws keys away."""

    def __init__(self, board: Exchange, number: str, keys: str) -> None:
        self._events = board.follow(number)
        self._keys = keys
        self.number = number
        self.call_id = ""

    async def go(self, caller: OneOf) -> None:
        """Until the call ends."""
        at = 0
        while (event := await self._events.get())["Event"] != "Hangup":
            if event["Event"] == "Newchannel":
                self.call_id = f"main-{event['Uniqueid']}"
            if _listens(event):
                await caller.press(self._keys[at % len(self._keys)])
                at += 1
                await self._taken()

    async def _taken(self) -> None:
        """Returns when Asterisk has had the key, and the command that it answered is over."""
        came = False
        while (event := await self._events.get())["Event"] != "AGIExecEnd" or not came:
            came = came or event["Event"] == "DTMFEnd"


def _listens(event: Message) -> bool:
    command = event.get("Command", "")
    return event["Event"] == "AGIExecStart" and command.startswith(LISTENING) and '""' not in command
