"""`ringdesk workflow …`: play a definition, see what a change would do, put it in force."""

from __future__ import annotations

import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from config.files import workflows_dir
from config.settings import Settings
from core.bus import Bus
from core.errors import Invalid
from server.commands.common import Config, database, run, say, settings_of
from ticketing.compare import differences
from ticketing.definitions import read_files, workflow_files
from ticketing.service import Tickets
from ticketing.takeover import Change, Group
from ticketing.trial import Trial
from ticketing.workflow.model import Workflow
from ticketing.workflow.shape import suggest

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
    trial = Trial(_workflow(settings, which), _moment(at, zone), zone, lang)
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


def _workflow(settings: Settings, which: str) -> Workflow:
    async def work() -> Workflow:
        if which.endswith((".yaml", ".yml")):
            (found,) = read_files([Path(which)]).values()
            return found
        named = read_files(workflow_files(workflows_dir(settings.paths)))
        if which not in named:
            raise Invalid(f"There is no workflow `{which}`; {suggest(which, named)}")
        return named[which]

    return run(work())


def _moment(text: str, zone: ZoneInfo) -> float:
    if not text:
        return time.time()
    try:
        return datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()
    except ValueError:
        raise typer.BadParameter("write it like 2026-03-02 09:00") from None


def diff(changed: Changed = None, config: Config = None) -> None:
    """Say what changed definitions would do to open tickets; changes nothing. Exit 1 where they cannot be used."""
    settings = settings_of(config)

    async def work() -> bool:
        async with _tickets(settings) as tickets:
            workflows = _changed(settings, tickets, changed)
            return _tell(tickets, workflows, await tickets.plan(workflows))

    if not run(work()):
        raise typer.Exit(1)


def load(changed: Changed = None, config: Config = None) -> None:
    """Put changed definitions in force; running servers follow within seconds. A broken one changes nothing."""
    settings = settings_of(config)

    async def work() -> bool:
        async with _tickets(settings) as tickets:
            workflows = _changed(settings, tickets, changed)
            if not _tell(tickets, workflows, await tickets.plan(workflows)):
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

    async def call_exists(self, call_id: str) -> bool:
        return False


@asynccontextmanager
async def _tickets(settings: Settings) -> AsyncIterator[Tickets]:
    """The tickets with the definitions that are in force."""
    async with database(settings) as db:
        tickets = Tickets(db, Bus(), _NoReferences(), ZoneInfo(settings.desk.time_zone))
        await tickets.follow()
        yield tickets


def _changed(settings: Settings, tickets: Tickets, changed: Path | None) -> dict[str, Workflow]:
    """The definitions as they would be: a folder's, or those in force with one file put over them."""
    if changed is None or changed.is_dir():
        return read_files(workflow_files(changed or workflows_dir(settings.paths)))
    kept = {one.workflow.name: one.workflow for one in tickets.workflows()}
    kept = kept or read_files(workflow_files(workflows_dir(settings.paths)))
    return {**kept, **read_files([changed])}


def _tell(tickets: Tickets, workflows: dict[str, Workflow], changes: tuple[Change, ...]) -> bool:
    """Say what happens, workflow by workflow; False where tickets would be left without a state."""
    before = {one.workflow.name: one.workflow for one in tickets.workflows()}
    for change in changes:
        say(f"{change.workflow}: {_versions(change)}")
        if change.before != change.after and change.workflow in before and change.workflow in workflows:
            for line in differences(before[change.workflow], workflows[change.workflow]):
                say(f"    {line}")
        for group in change.groups:
            say(f"    {_group(group)}")
    return not any(change.lost for change in changes)


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
