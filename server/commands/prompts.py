"""`ringdesk prompts build`: what callers hear, made into sound."""

from __future__ import annotations

import asyncio
import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from config.files import flows_dir, sounds_dir
from config.settings import Settings
from ivr_flows.definitions import flow_files, read_flows
from ivr_flows.flow.words import prompts
from ivr_flows.messages import Piece
from ivr_flows.speech import build as sounds
from ivr_flows.speech.recorded import recordings_in
from ivr_flows.speech.sounds import recording_name, wanted
from ivr_flows.speech.spoken import Utterance
from server.commands.common import Config, fail, run, say, settings_of

Jobs = Annotated[
    int, typer.Option(help="How many at once; as many as there are cores where not given.", min=0)
]
SHOWN = 20


def prompts_of(settings: Settings) -> tuple[Piece, ...]:
    """Every fixed text of the flows in use, in both languages. Raises `Faulty`."""
    return prompts(read_flows(flow_files(flows_dir(settings.paths))))


def build(
    prune: Annotated[
        bool,
        typer.Option("--prune", help="Delete sounds that no prompt needs any more, where all could be made."),
    ] = False,
    jobs: Jobs = 0,
    config: Config = None,
) -> None:
    """Make every sound that the flows need and that is not there yet; exit 1 where one cannot be made."""
    settings = settings_of(config)
    speech = settings.ivr.speech

    async def work() -> tuple[sounds.Report, int]:
        wanted = await asyncio.to_thread(prompts_of, settings)
        with _bar() as bar:
            task = bar.add_task("prompts", total=None)
            report = await sounds.build(
                wanted, speech, lambda done, of: bar.update(task, completed=done, total=of), jobs
            )
        # What could not be made anew callers hear by the old sound, as long as that is there.
        done = not report.failed
        return report, await asyncio.to_thread(sounds.prune, wanted, speech) if prune and done else 0

    report, pruned = run(work())
    say(f"{report.made} made, {report.kept} were there, in {sounds_dir(speech)}")
    if prune:
        kept = "nothing deleted, since some could not be made"
        say(kept if report.failed else f"{pruned} deleted that nothing needs")
    for name in report.unused:
        say(f"recording of no prompt: {name}.wav")
    for line in report.failed[:SHOWN]:
        print(f"ringdesk: {line}", file=sys.stderr)
    if report.failed:
        fail(f"{len(report.failed)} sounds could not be made; callers do not hear them")


def list_(config: Config = None) -> None:
    """Tell every sound of the flows and of values: its name, by which a recording replaces it, and its text. What has
    a recording is marked with *."""
    settings = settings_of(config)
    speech = settings.ivr.speech

    async def work() -> tuple[list[Utterance], set[str]]:
        wanted_ = wanted(await asyncio.to_thread(prompts_of, settings))
        return wanted_, set(await asyncio.to_thread(recordings_in, speech.recorded))

    utterances, recorded = run(work())
    for name, text in sorted((recording_name(one), one.text) for one in utterances):
        say(f"{name}{' *' if name in recorded else ''}\t{text}")


def _bar() -> Progress:
    return Progress(
        TextColumn("making sounds"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
    )
