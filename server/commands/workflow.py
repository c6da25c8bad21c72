"""`ringdesk workflow …`: play a definition, see what a change would do, put it in force."""

from __future__ import annotations

import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from sqlalchemy.ext.asyncio import AsyncConnection

from config.files import calendars_dir, workflows_dir
from config.settings import Settings
from core.bus import Bus
from core.database import Database
from core.definition.shape import suggest
from core.errors import Invalid
from server.commands.common import Config, database, run, say, settings_of
from ticketing.calendar_files import calendar_files, calendars_of, read_calendars
from ticketing.clocks import Reckoners
from ticketing.compare import differences
from ticketing.definitions import Faulty, check_together, read_files, workflow_files
from ticketing.forecast import Moved, forecast
from ticketing.library import Definition
from ticketing.sandbox import clocks_by
from ticketing.scenario import local_time
from ticketing.service import Tickets
from ticketing.takeover import Change, Group
from ticketing.trial import Trial
from ticketing.workflow.model import Workflow

Changed = Annotated[
    Path | None,
    typer.Argument(help="A changed file, or a folder of them; the settings' folder where not given."),
]


def try_(
    which: Annotated[str, typer.Argument(help="A workflow's name, or its file.")],
    lang: Annotated[str, typer.Option(help="Language of the labels: en or zh.")] = "en",
    at: Annotated[str, typer.Option(help="When it begins: 2026-03-02 09:00; now where not given.")] = "",
    config: Config = None,
) -> None:
    """Play a definition: type `help` to see how. Lines may come from a pipe; nothing is stored."""
    settings = settings_of(config)
    zone = ZoneInfo(settings.desk.time_zone)
    workflow, calendars = _workflow(settings, which)
    trial = Trial(workflow, _moment(at, zone), zone, lang, clocks_by(calendars))
    shown = sys.stdin.isatty()
    for line in trial.answer("show"):
        say(line)
    while True:
        if shown:
            print(trial.prompt(), end="", flush=True)
        line = sys.stdin.readline()
        if not line or line.strip() in ("quit", "exit"):
            return
        if not shown and line.strip():
            say(trial.prompt() + line.strip())
        for answer in trial.answer(line):
            say(answer)


def _workflow(settings: Settings, which: str) -> tuple[Workflow, Reckoners]:
    async def work() -> tuple[Workflow, Reckoners]:
        calendars = _calendars(settings)
        if which.endswith((".yaml", ".yml")):
            (found,) = read_files([Path(which)], calendars).values()
            return found, calendars
        named = read_files(workflow_files(workflows_dir(settings.paths)), calendars)
        if which not in named:
            raise Invalid(f"There is no workflow `{which}`; {suggest(which, named)}")
        return named[which], calendars

    return run(work())


def _moment(text: str, zone: ZoneInfo) -> float:
    if not text:
        return time.time()
    try:
        return local_time(text).replace(tzinfo=zone).timestamp()
    except ValueError:
        raise typer.BadParameter("write it like 2026-03-02 09:00") from None


def diff(changed: Changed = None, config: Config = None) -> None:
    """Say what changed definitions would do to open tickets; changes nothing. Exit 1 where they cannot be used."""
    settings = settings_of(config)

    async def work() -> bool:
        async with _tickets(settings) as (tickets, db):
            return await _tell(tickets, db, _changed(settings, tickets, changed))

    if not run(work()):
        raise typer.Exit(1)


def load(changed: Changed = None, config: Config = None) -> None:
    """Put changed definitions in force; running servers follow within seconds. A broken one changes nothing."""
    settings = settings_of(config)

    async def work() -> bool:
        async with _tickets(settings) as (tickets, db):
            workflows = _changed(settings, tickets, changed)
            if not await _tell(tickets, db, workflows):
                return False
            await tickets.adopt(workflows, time.time())
            return True

    if not run(work()):
        say("nothing was changed")
        raise typer.Exit(1)
    say("in force")


class _NoReferences:
    """Nothing is opened here."""

    async def customer_exists(self, customer_id: str) -> bool:
        return False

    async def customer_is_vip(self, tx: AsyncConnection, customer_id: str) -> bool:
        return False

    async def call_exists(self, call_id: str) -> bool:
        return False


@asynccontextmanager
async def _tickets(settings: Settings) -> AsyncIterator[tuple[Tickets, Database]]:
    """The tickets with the definitions that are in force."""
    async with database(settings) as db:
        tickets = Tickets(db, Bus(), _NoReferences(), ZoneInfo(settings.desk.time_zone))
        tickets.reckoners = _calendars(settings)
        await tickets.follow()
        yield tickets, db


def _calendars(settings: Settings) -> Reckoners:
    """What clocks are reckoned by, as the files have it now. Raises `Faulty`."""
    return calendars_of(read_calendars(calendar_files(calendars_dir(settings.paths))))


def _changed(settings: Settings, tickets: Tickets, changed: Path | None) -> dict[str, Workflow]:
    """The definitions as they would be: a folder's, or those in force with one file put over them."""
    if changed is None or changed.is_dir():
        return read_files(workflow_files(changed or workflows_dir(settings.paths)), tickets.reckoners)
    kept = {one.workflow.name: one.workflow for one in tickets.workflows()}
    kept = kept or read_files(workflow_files(workflows_dir(settings.paths)))
    new = read_files([changed], tickets.reckoners)
    beside = {Path(name): workflow for name, workflow in kept.items() if name not in new}
    if problems := tuple(check_together({**beside, **dict.fromkeys([changed], *new.values())})):
        raise Faulty(problems)
    return {**kept, **new}


async def _tell(tickets: Tickets, db: Database, workflows: dict[str, Workflow]) -> bool:
    """Say what happens, workflow by workflow, then which deadlines move; False where tickets would be left without
    a state."""
    changes = await tickets.plan(workflows)
    before = {one.workflow.name: one.workflow for one in tickets.workflows()}
    for change in changes:
        say(f"{change.workflow}: {_versions(change)}")
        if change.before != change.after and change.workflow in before and change.workflow in workflows:
            for line in differences(before[change.workflow], workflows[change.workflow]):
                say(f"    {line}")
        for group in change.groups:
            say(f"    {_group(group)}")
    versions = {change.workflow: change.after for change in changes if change.after is not None}
    changed = {name: Definition(workflows[name], version) for name, version in versions.items()}
    for moved in await forecast(db, tickets, changed, tickets.reckoners, time.time()):
        say(f"clock {moved.workflow}.{moved.clock}: {_moved(moved)}")
    return not any(change.lost for change in changes)


def _moved(moved: Moved) -> str:
    counts = (
        (moved.earlier, "due earlier"),
        (moved.later, "due later"),
        (moved.overdue, "overdue at once"),
        (moved.begun, "begin"),
        (moved.ended, "end"),
    )
    return ", ".join(f"{count} {what}" for count, what in counts if count)


def _versions(change: Change) -> str:
    if change.after is None:
        return "is no longer there; its open tickets go on as they are"
    if change.before is None:
        return f"comes in as version {change.after}"
    if change.before == change.after:
        return f"stays at version {change.after}"
    return f"version {change.before} becomes {change.after}" + (
        "" if change.new else ", which was there before"
    )


def _group(group: Group) -> str:
    which = f"{group.tickets} open in {group.state} (version {group.version})"
    if group.to_state is None:
        return f"{which}: NO PLACE, add `{group.state}: STATE` to the map"
    return f"{which}: {'come along to ' + group.to_state if group.to_state else 'stay as they are'}"
