"""What the doctor says of sounds and recordings: whether callers hear the flows, and whether what they say is kept."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from config.files import sounds_dir
from config.settings import Settings
from core.clock import iso
from core.definition.source import Faulty
from cti.dialplan_findings import HERE
from cti.findings import Finding, Level
from cti.recordings.files import Folder
from ivr_flows.speech.build import Plan, lacking, plan
from ivr_flows.speech.sounds import recording_name
from ivr_flows.speech.spoken import Utterance
from ivr_flows.speech.unplayed import Unplayed
from server.commands.prompts import prompts_of
from server.commands.reading import Person, closed_to

BUILD = "Run `ringdesk prompts build`."
SHOWN = 5


def hearing_findings(
    settings: Settings, refused: Iterable[Unplayed], asterisk: Person | None = None
) -> list[Finding]:
    """All that can be seen from here; `refused` is what PBXs could not play in calls, `asterisk` the user as whom a PBX
    on this machine runs, where there is one."""
    try:
        planned = plan(prompts_of(settings), settings.ivr.speech)
    except Faulty:
        return [
            Finding(
                Level.PROBLEM, "The flows cannot be read", "Callers go to the queue.", "Run `ringdesk check`."
            )
        ]
    folder = sounds_dir(settings.ivr.speech)
    return [
        *_sounds(settings, planned, folder),
        *(_closed(settings, asterisk, folder) if asterisk else ()),
        *_refused(planned, refused, folder),
        *_recordings(settings),
    ]


def _sounds(settings: Settings, planned: Plan, folder: Path) -> Iterator[Finding]:
    missing, count = lacking(planned, folder), len(planned.keys)
    if len(missing) == count:
        yield Finding(
            Level.NOTE, f"No sounds are in {folder}", "Flows are spoken as calls come, late.", BUILD
        )
    elif missing:
        why = f"Callers wait for them, or miss them: {_named(missing.values())}"
        yield Finding(Level.WARNING, f"{len(missing)} of {count} sounds are not in {folder}", why, BUILD)
    else:
        yield Finding(Level.OK, f"All {count} sounds of the flows are in {folder}")
    if planned.unused:
        yield Finding(Level.NOTE, f"Recordings of no prompt: {', '.join(planned.unused[:SHOWN])}")
    command = settings.ivr.speech.command[0]
    if shutil.which(command) is None:
        fix = "Install it, or name another one in ivr.speech.command."
        yield Finding(Level.WARNING, f"There is no program {command}", "Outages cannot be spoken.", fix)
    away = [pbx.name for pbx in settings.pbx if pbx.host not in HERE]
    if away:
        what = f"Whether PBX {', '.join(away)} has the folder cannot be seen from here"
        yield Finding(Level.NOTE, what, "AMI tells nothing of files.", "Call a flow once, then ask again.")


def _closed(settings: Settings, asterisk: Person, folder: Path) -> Iterator[Finding]:
    here = any(pbx.host in HERE for pbx in settings.pbx)
    if here and (at := closed_to(asterisk, folder)) is not None:
        yield Finding(
            Level.WARNING,
            f"The user asterisk may not pass {at} to the sounds in {folder}",
            "Callers hear nothing where Asterisk runs as that user.",
            "Take a folder that it can read, such as /var/cache/ringdesk/sounds: ivr.speech.folder.",
        )


def _refused(planned: Plan, refused: Iterable[Unplayed], folder: Path) -> Iterator[Finding]:
    """A sound that was made after it was refused is there now."""
    by_pbx: dict[str, list[Unplayed]] = {}
    for one in refused:
        if not _made_since(folder / f"{one.sound}.wav", one.at):
            by_pbx.setdefault(one.pbx, []).append(one)
    for pbx, some in by_pbx.items():
        names = [recording_name(planned.keys[one.sound]) for one in some if one.sound in planned.keys]
        shown = ", ".join((names or [one.sound for one in some])[:SHOWN])
        yield Finding(
            Level.PROBLEM,
            f"PBX {pbx} could not play {len(some)} sounds, last at {iso(some[0].at)}: {shown}",
            "Callers heard nothing there.",
            f"{BUILD} Then look whether Asterisk can read the folder (ivr.speech.pbx_folder).",
        )


def _made_since(path: Path, at: float) -> bool:
    try:
        return path.stat().st_mtime > at
    except OSError:
        return False


def _recordings(settings: Settings) -> Iterator[Finding]:
    folder = settings.recordings.folder
    if not folder:
        yield Finding(Level.NOTE, "Nothing is recorded: recordings.folder is not set")
    elif Folder(folder).writable():
        yield Finding(Level.OK, f"Recordings are in {folder}")
    else:
        why = "What is too old cannot be deleted."
        yield Finding(Level.PROBLEM, f"{folder} is not writable for us", why, "Give both users one group.")


def _named(missing: Iterable[Utterance]) -> str:
    names: Sequence[str] = [recording_name(one) for one in missing]
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
