"""`ringdesk prompts build`: every sound that the flows may need, made several at a time; and what is missing."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from config.files import sounds_dir
from config.settings import SpeechSettings
from ivr_flows.messages import Piece
from ivr_flows.speech import maker
from ivr_flows.speech.recorded import recordings_in
from ivr_flows.speech.sounds import MOMENT, keys_of, recording_name, wanted
from ivr_flows.speech.spoken import Utterance

MOMENT_DAYS = 30
"""Sounds of texts that are in no flow are kept so long after they were last used."""


class Report(msgspec.Struct):
    """What a build did. `failed` has a sentence for each sound that there is none of."""

    made: int = 0
    kept: int = 0
    pruned: int = 0
    failed: list[str] = []
    unused: list[str] = []
    """Recordings whose name is of no prompt."""


class Plan(msgspec.Struct, frozen=True):
    """Which file is to say what."""

    keys: dict[str, Utterance]
    sources: dict[str, Path]
    """The recordings among them, by key."""
    unused: tuple[str, ...]


def plan(prompts: Iterable[Piece], speech: SpeechSettings) -> Plan:
    """Every file that these prompts and any value need; reads the recordings."""
    found = recordings_in(speech.recorded)
    utterances = wanted(prompts)
    names = {recording_name(one) for one in utterances}
    return Plan(
        keys_of(utterances, speech, {name: key for name, (_, key) in found.items()}),
        {key: path for name, (path, key) in found.items() if name in names},
        tuple(sorted(set(found) - names)),
    )


def lacking(planned: Plan, folder: Path) -> dict[str, Utterance]:
    """The sounds of the plan that the folder has not."""
    try:
        there = set(os.listdir(folder))
    except OSError:
        there = set()
    return {key: one for key, one in planned.keys.items() if f"{key}.wav" not in there}


async def build(
    prompts: Iterable[Piece],
    speech: SpeechSettings,
    tell: Callable[[int, int], None] = lambda done, of: None,
    at_once: int = 0,
) -> Report:
    """Make what is missing, as many at once as there are cores; `tell` hears how many of how many are done."""
    folder = sounds_dir(speech)
    planned = plan(prompts, speech)
    missing = lacking(planned, folder)
    report = Report(kept=len(planned.keys) - len(missing), unused=list(planned.unused))
    turns = asyncio.Semaphore(at_once or os.cpu_count() or 1)

    async def one(key: str, utterance: Utterance) -> None:
        async with turns:
            try:
                if key in planned.sources:
                    await maker.adopt(planned.sources[key], key, folder)
                else:
                    await maker.speak(utterance, key, folder, speech)
                report.made += 1
            except maker.NotMade as error:
                report.failed.append(f"{recording_name(utterance)}: {error}")
            tell(report.made + len(report.failed), len(missing))

    async with asyncio.TaskGroup() as group:
        for key, utterance in missing.items():
            group.create_task(one(key, utterance))
    return report


def prune(prompts: Iterable[Piece], speech: SpeechSettings, now: float | None = None) -> int:
    """Delete sounds that no prompt needs, and those of the moment that were not used for long; how many."""
    folder = sounds_dir(speech)
    used = plan(prompts, speech).keys
    at = time.time() if now is None else now
    count = 0
    for path in folder.glob("*.wav") if folder.is_dir() else ():
        try:
            aged = at - path.stat().st_mtime > MOMENT_DAYS * 86400
        except FileNotFoundError:  # a server has just finished it, under its own name
            continue
        ours = len(path.stem.removeprefix(MOMENT)) == 32 or path.name.startswith(".making-")
        gone = aged if path.name.startswith((MOMENT, ".making-")) else path.stem not in used
        if ours and gone:
            path.unlink(missing_ok=True)
            count += 1
    return count
