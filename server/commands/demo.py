"""`ringdesk demo`: the server with a practice PBX and callers of its own, on a database in a folder."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Annotated

import typer

from config.settings import LogSettings, ServerSettings
from core.database import Database
from core.logs import set_up_logs
from cti.practice.agi.client import FastAgi, FileSounds
from cti.practice.demo import LivelyPbx
from cti.practice.habits import WITH_MENU
from cti.practice.people import Town
from server import demo as practice
from server import demo_flows, demo_history
from server.commands.common import Config, fail, require_port, run, say
from server.commands.serve import serve_until_stopped
from server.demo_past import DemoClock, PastMenu
from server.journal import journal_of
from server.wiring import House


def demo(
    port: Annotated[int, typer.Option(help="Port of pages, API and live socket.")] = 8080,
    folder: Annotated[Path, typer.Option("--dir", help="Where the demo keeps its state.")] = Path(".demo"),
    speed: Annotated[float, typer.Option(min=0.1, max=20, help="How fast the practice callers live.")] = 1.0,
    config: Config = None,
) -> None:
    """Serve a gas utility with invented customers and callers, on 127.0.0.1."""
    if config is not None:
        fail("the demo has settings of its own; use `ringdesk serve --config FILE` for yours")
    set_up_logs(LogSettings(level=os.environ.get("RINGDESK_LOG__LEVEL", "warning")))
    require_port(ServerSettings().host, port)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        fail(f"the demo cannot keep its state in {folder}: {error.strerror}; choose another --dir")
    run(_demo(port, folder, speed))


async def _demo(port: int, folder: Path, speed: float) -> None:
    demo_flows.furnish(folder)
    voice = demo_flows.TimedVoice()
    pbx = LivelyPbx(speed=speed, habits=WITH_MENU)
    pbx.agi = agi = FastAgi(FileSounds((folder / demo_flows.RECORDINGS).absolute(), voice.length))
    pbx.begins = False  # a call that is up before the link is has no beginning
    async with pbx:
        settings = practice.settings_for(folder, port, pbx.port)
        if (folder / "seeding").exists():
            practice.forget(folder)
        db = Database(settings.database.url)
        await practice.prepare(db)
        await db.close()
        clock = DemoClock()
        house = House(settings, clock, journal_of(settings), voice)
        await _seed(house, pbx.people, folder, clock)
        pbx.population.tickets = await demo_flows.open_tickets(house)

        def ready(address: str) -> None:
            agi.port = house.ivr.port
            (folder / demo_flows.CONFIG).write_text(demo_flows.settings_text(settings, folder, agi.port))
            house.tasks.spawn(demo_flows.give_pins(house, pbx.people.people, time.time()), "pins of the demo")
            followed = demo_flows.FlowsFollowed(house, folder)
            house.tasks.spawn(followed.run(say), "flows of the demo")
            pbx.population.start()
            _told(address, folder)

        try:
            await serve_until_stopped(house, ready)
        finally:
            await agi.close()


async def _seed(house: House, people: Town, folder: Path, clock: DemoClock) -> None:
    """Fill a new demo; one that was broken off half way is begun anew the next time."""
    await house.load_definitions()
    begun = folder / "seeding"
    if await house.identity.users() and not begun.exists():
        return
    say("preparing the demo's customers, and its last days…")
    begun.touch()
    now = clock.now()
    await practice.seed(house, people, now)
    await demo_history.tell(PastMenu(house, clock, folder / demo_flows.RECORDINGS), people, now)
    begun.unlink()


def _told(address: str, folder: Path) -> None:
    say(f"ready: {address}")
    say()
    say(f"Sign in with the password {practice.PASSWORD!r} as one of:")
    for account in practice.ACCOUNTS:
        if account.told:
            phone = f"phone {account.extension}" if account.extension else ""
            say(f"  {account.name:<8}{account.role.value:<12}{account.full_name:<16}{phone}")
    say()
    say("Sign in as anna and get ready: the first call comes within seconds. Ctrl-C ends the demo.")
    say(
        f"The phone menu is in {folder / demo_flows.FLOWS}: change a file there, and the next caller hears it."
    )
