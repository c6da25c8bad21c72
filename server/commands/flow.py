"""`ringdesk flow …`: play a flow in the terminal, draw its diagram."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from config.files import flows_dir
from config.settings import Settings
from core.definition.shape import suggest
from core.errors import Invalid
from core.ids import new_id
from ivr_flows.definitions import flow_files, read_flows
from ivr_flows.flow.diagram import mermaid, svg
from ivr_flows.flow.load import load
from ivr_flows.flow.model import Flows
from ivr_flows.messages import Ask, Caller, ServiceRefused, Value
from ivr_flows.trial import Trial
from server.commands.common import Config, require_current, run, say, settings_of
from server.wiring import House

Given = Mapping[str, Value] | ServiceRefused
"""A service's answer, or how it refused."""
Answering = Callable[[Trial, Ask], Awaitable[Given]]
Which = Annotated[str, typer.Argument(help="A flow's name, or its file.")]


class Kind(Enum):
    SVG = "svg"
    MERMAID = "mermaid"


class Lang(Enum):
    EN = "en"
    ZH = "zh"


def try_(
    which: Which,
    number: Annotated[str, typer.Option("--as", help="The number that the caller calls from.")] = "",
    lang: Annotated[
        Lang | None, typer.Option(help="Language in which the caller begins, and the agent reads.")
    ] = None,
    config: Config = None,
) -> None:
    """Play a flow: read what the caller hears, type keys; `help` says how. Lines may come from a pipe.

    With --config its database answers, and tickets, call-backs and scores are really kept; else the examples do that
    the flow's file has.
    """
    settings = settings_of(config)

    async def work() -> None:
        flows, name = _flows(settings, which)
        trial = Trial(flows, name, number, lang.value if lang else "", datetime.now().astimezone().year)
        if config is None:
            say("services: the examples of the flow's file (--config FILE asks a database)")
            await _play(trial, _examples)
            return
        say(f"services: the database of {config}; what is opened or kept is real")
        async with _real(settings, number) as answering:
            await _play(trial, answering)

    run(work())


def diagram(
    which: Which,
    kind: Annotated[Kind, typer.Option(help="svg or mermaid.")] = Kind.MERMAID,
    lang: Annotated[Lang, typer.Option(help="Language of the labels.")] = Lang.EN,
    config: Config = None,
) -> None:
    """Print a flow's diagram."""
    settings = settings_of(config)

    async def work() -> str:
        flows, name = _flows(settings, which)
        return (svg if kind is Kind.SVG else mermaid)(flows.by_name[name], lang.value)

    say(run(work()).rstrip("\n"))


def _flows(settings: Settings, which: str) -> tuple[Flows, str]:
    """The flows in use and the name of the one that is meant; raises `Faulty`, or `Invalid` where there is none. A file
    is read with those of its folder, which it may call."""
    if which.endswith((".yaml", ".yml")):
        path = Path(which)
        return read_flows({*flow_files(path.parent), path}), load(
            path.read_text("utf-8-sig"), which
        ).flow.name
    flows = read_flows(flow_files(flows_dir(settings.paths)))
    if which not in flows.by_name:
        raise Invalid(f"There is no flow `{which}`; {suggest(which, flows.by_name)}")
    return flows, which


async def _play(trial: Trial, answering: Answering) -> None:
    shown = sys.stdin.isatty()
    while True:
        while ask := trial.asked:
            given = await answering(trial, ask)
            if isinstance(given, ServiceRefused):
                _tell(trial.served(ask, given.code, given.why))
            else:
                _tell(trial.served(ask, given))
        _tell(trial.outcome())
        if trial.over:
            return
        if shown:
            print(trial.prompt(), end="", flush=True)
        line = await asyncio.to_thread(sys.stdin.readline)
        if not line or line.strip() in ("quit", "exit"):
            return
        if not shown:
            say(trial.prompt() + trial.echo(line))
        _tell(trial.answer(line))


def _tell(lines: list[str]) -> None:
    for line in lines:
        say(line)


async def _examples(trial: Trial, ask: Ask) -> Given:
    found = trial.example(ask)
    return ServiceRefused(found) if isinstance(found, str) else found


@asynccontextmanager
async def _real(settings: Settings, number: str) -> AsyncIterator[Answering]:
    """A house without a telephone system, whose rooms answer."""
    house = House(settings)
    caller = Caller(
        session=new_id(house.clock.now()),
        pbx=settings.pbx[0].name if settings.pbx else "",
        number=number,
    )

    async def answering(_: Trial, ask: Ask) -> Given:
        try:
            return await house.services.ask(ask.service, ask.args, caller)
        except ServiceRefused as refused:
            return refused

    try:
        await require_current(house.db)
        await house.load_definitions()
        yield answering
    finally:
        await house.stop()
