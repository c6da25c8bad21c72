"""`ringdesk serve`: serve until SIGTERM or Ctrl-C."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from typing import Annotated

import typer

from config.settings import Settings
from core.logs import set_up_logs
from server.commands.common import Config, require_current, require_port, run, say, settings_of
from server.journal import journal_of
from server.settle import settle, turn_away_without_files
from server.site import Site
from server.wiring import House

STOP_SECONDS = 9.0
"""All must be down within this time of a SIGTERM; the contract allows 10."""


def serve(
    port: Annotated[int | None, typer.Option(help="Port; the settings' where not given.")] = None,
    host: Annotated[str | None, typer.Option(help="Address; the settings' where not given.")] = None,
    config: Config = None,
) -> None:
    """Serve pages, API and live socket; SIGTERM ends it cleanly, SIGHUP reads changed workflows and flows."""
    server = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    settings = settings_of(config, {"server": server} if server else {})
    require_port(settings.server.host, settings.server.port)
    set_up_logs(settings.log)
    run(_serve(settings))


async def _serve(settings: Settings) -> None:
    house = House(settings, journal=journal_of(settings))
    await serve_until_stopped(house, lambda address: say(f"ready: {address}"))


async def serve_until_stopped(house: House, ready: Callable[[str], None]) -> None:
    """Serve; `ready` is called with the address once requests are answered."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.set)
    loop.add_signal_handler(signal.SIGHUP, lambda: house.tasks.spawn(house.reload(), "reload"))
    turn_away_without_files(loop, house.ivr.server.turn_away)
    site = Site(house)
    try:
        await require_current(house.db)
        await house.start()
        address = await site.start()
        settle(house.settings.ivr.sessions)
        ready(address)
        await stop.wait()
    finally:
        async with asyncio.timeout(STOP_SECONDS):
            await site.stop()
            await house.stop()
