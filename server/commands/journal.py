"""`ringdesk replay` and `ringdesk trace`: what a journal makes of calls, and the story of one of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from config.settings import Settings
from core.clock import iso
from core.i18n import LANGUAGES
from cti.journal.files import KEY_FILE, files_of, mentioning, records_in
from cti.journal.find import family, find, needles
from cti.journal.mask import Masker
from cti.journal.records import AnyRecord, Event, Head, Noted, Seated
from cti.journal.replay import Replay
from cti.journal.report import report
from cti.journal.story import Story, verdicts
from cti.messages import Call, Seat
from screenpop.story import Teller, gettext_of
from server.commands.common import Config, fail, say, settings_of

Files = Annotated[list[Path], typer.Argument(metavar="FILE...", help="Journal files in their order.")]
MOST_FOUND = 20


def replay(files: Files) -> None:
    """Run journal files through the board and print its calls, segments and figures, the same every time."""
    it = Replay()
    for record in _records(files):
        it.take(record)
    if not it.counts:
        fail(f"there is nothing of a journal in {files[0]}")
    for line in report(it):
        say(line)


def trace(
    call: Annotated[str, typer.Argument(help="A call's id, a Uniqueid of it, or a caller's number.")],
    raw: Annotated[bool, typer.Option("--raw", help="The AMI messages in place of the story.")] = False,
    language: Annotated[str, typer.Option(help="en or zh_CN; the settings' where not given.")] = "",
    file: Annotated[list[Path] | None, typer.Option(help="Journal files in place of the server's.")] = None,
    config: Config = None,
) -> None:
    """Tell the story of a call, event by event, and whom it was shown to or why not."""
    settings = settings_of(config)
    wanted = _language(language, settings)
    paths = file or files_of(Path(settings.journal.directory))
    if not paths:
        fail(f"there is no journal in {settings.journal.directory}; see [journal] of the settings")
    masker = _masker(settings)
    try:
        known = mentioning(paths, needles(call, (pbx.name for pbx in settings.pbx), masker.number))
    except OSError as error:
        fail(f"cannot read {error.filename}: {error.strerror}")
    read = _read(known)
    main = _choose(read.replay, call, masker)
    story = _story(known, read.replay, main)
    teller = _teller(wanted, read)
    for line in _raw(story) if raw else _told(story, main, read, teller, settings):
        say(line)


@dataclass
class _Read:
    """What the first reading of the files gives."""

    replay: Replay
    seats: dict[str, Seat] = field(default_factory=dict)
    noted: bool = False
    """There are notes of cards."""


def _read(paths: Iterable[Path]) -> _Read:
    read = _Read(Replay())
    for record in _records(paths):
        read.replay.take(record)
        if isinstance(record, Head | Seated):
            read.seats |= {seat.user: seat for seat in record.seats}
        read.noted = read.noted or isinstance(record, Noted)
    return read


def _records(paths: Iterable[Path]) -> Iterator[AnyRecord]:
    for path in paths:
        try:
            yield from records_in(path)
        except OSError as error:
            fail(f"cannot read {path}: {error.strerror or error}")


def _masker(settings: Settings) -> Masker:
    """The server's own, so that a number can be looked for in a masked journal."""
    key = Path(settings.journal.directory) / KEY_FILE
    try:
        secret = key.read_bytes().strip()
    except OSError:
        secret = b""  # journals of another machine, or one that keeps everything
    return Masker(secret, [pbx.outside_prefix for pbx in settings.pbx])


def _choose(it: Replay, text: str, masker: Masker) -> Call:
    """The call that is meant; where it may be several, they are listed."""
    found = find(it, text, masker.number)
    if not found:
        fail(f"the journal knows no call {text!r}; it may be older than what is kept, see [journal]")
    if len(found) > 1:
        for call in found[-MOST_FOUND:]:
            say(f"{call.id}  {iso(call.started_at)}  {call.direction.value}  {call.queue or call.dialled}")
        fail(f"{len(found)} calls fit; name one of them by its id")
    return found[0]


def _story(paths: list[Path], it: Replay, main: Call) -> Story:
    """The second reading: now it is known which channels belong to the call."""
    calls = family(it, main.id)
    members = frozenset[str]().union(*(it.members[id_] for id_ in calls))
    story, again = Story(main, calls, members), Replay()
    for record in _records(paths):
        story.take(again.take(record))
    return story


def _language(text: str, settings: Settings) -> str:
    wanted = "zh_CN" if text.startswith("zh") else text or settings.desk.language
    if wanted not in LANGUAGES:
        raise typer.BadParameter(f"take one of {', '.join(LANGUAGES)}", param_hint="--language")
    return wanted


def _teller(language: str, read: _Read) -> Teller:
    people = {user: seat.name for user, seat in read.seats.items()}
    phones = {seat.interface: user for user, seat in read.seats.items()}
    return Teller(gettext_of(language), people, phones)


def _told(story: Story, main: Call, read: _Read, teller: Teller, settings: Settings) -> Iterator[str]:
    zone = ZoneInfo(settings.desk.time_zone)
    began = datetime.fromtimestamp(main.started_at, zone)
    yield f"{main.id}  {began:%Y-%m-%d %H:%M:%S %Z}"
    yield ""
    for step in story.steps:
        at = datetime.fromtimestamp(step.at, zone)
        yield f"{at:%H:%M:%S}.{at.microsecond // 100_000}  {teller.step(step)}"
    yield ""
    yield from teller.verdicts(list(verdicts(story, read.noted, settings.desk.pop_deadline_seconds + 0.5)))


def _raw(story: Story) -> Iterator[str]:
    for happened in story.raw:
        record = happened.record
        if isinstance(record, Event):
            yield f"--- {iso(record.at)} {record.pbx}"
            yield from (f"{key}: {value}" for key, value in record.ami)
