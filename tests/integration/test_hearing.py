"""What the doctor says of sounds and recordings."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from msgspec.structs import replace

from config.settings import IvrSettings, PbxSettings, RecordingSettings, Settings, SpeechSettings
from core.database import Database
from core.tasks import Tasks
from cti.findings import Finding, Level
from ivr_flows.messages import Caller
from ivr_flows.speech.build import plan
from ivr_flows.speech.unplayed import Unplayed, UnplayedSounds, unplayed
from server.commands.hearing import hearing_findings
from server.commands.prompts import prompts_of
from server.commands.reading import Person
from tests.conftest import START, FakeClock


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Sounds and recordings in folders of their own, by a command that is there."""
    (tmp_path / "recordings").mkdir()
    (tmp_path / "sounds").mkdir()
    speech = SpeechSettings(command=(sys.executable, "{file}"), folder=str(tmp_path / "sounds"))
    return Settings(
        ivr=IvrSettings(speech=speech),
        recordings=RecordingSettings(str(tmp_path / "recordings")),
        pbx=(PbxSettings("main"),),
    )


def made(settings: Settings) -> dict[str, Path]:
    """All sounds of the shipped flows are there."""
    folder = Path(settings.ivr.speech.folder)
    paths = {key: folder / f"{key}.wav" for key in plan(prompts_of(settings), settings.ivr.speech).keys}
    for path in paths.values():
        path.write_bytes(b"")
    return paths


def worst(findings: list[Finding]) -> Finding:
    levels = list(Level)
    return max(findings, key=lambda one: levels.index(one.level))


def test_all_is_well(settings: Settings) -> None:
    made(settings)
    assert {one.level for one in hearing_findings(settings, [])} == {Level.OK}


def test_missing_sounds_are_named(settings: Settings) -> None:
    assert "No sounds" in hearing_findings(settings, [])[0].what
    paths = made(settings)
    key, *_ = (
        key
        for key, one in plan(prompts_of(settings), settings.ivr.speech).keys.items()
        if "say.hundred" in one.name
    )
    paths[key].unlink()
    found = worst(hearing_findings(settings, []))
    assert (found.level, "say.hundred." in found.why) == (Level.WARNING, True)


def test_what_the_pbx_could_not_play_is_named_until_it_is_there(settings: Settings) -> None:
    paths = made(settings)
    key, path = next(iter(paths.items()))
    refused = [Unplayed("main", key, path.stat().st_mtime + 5, 3)]
    found = worst(hearing_findings(settings, refused))
    assert found.level is Level.PROBLEM
    assert "PBX main could not play 1 sounds" in found.what
    assert ".en" in found.what or ".zh_CN" in found.what
    refused = [Unplayed("main", key, path.stat().st_mtime - 5, 3)]
    assert worst(hearing_findings(settings, refused)).level is Level.OK


def test_a_pbx_elsewhere_cannot_be_looked_into(settings: Settings, tmp_path: Path) -> None:
    made(settings)
    away = Settings(ivr=settings.ivr, pbx=(PbxSettings("main", host="192.0.2.1"),))
    told = [one.what for one in hearing_findings(away, [])]
    assert any("cannot be seen from here" in what for what in told)
    assert any("Nothing is recorded" in what for what in told)


def test_a_folder_that_is_closed_to_asterisk_is_named(settings: Settings) -> None:
    with TemporaryDirectory() as made_here:  # a test's own folders lie in one that is closed to all others
        folder = Path(made_here)
        mine = folder.stat()
        somebody = Person(mine.st_uid + 1, frozenset({mine.st_gid + 1}))
        colleague = Person(mine.st_uid + 1, frozenset({mine.st_gid}))
        speech = replace(settings.ivr.speech, folder=str(folder / "sounds"))
        own = replace(settings, ivr=replace(settings.ivr, speech=speech))
        (folder / "sounds").mkdir()

        def told(one: Person) -> list[str]:
            return [f.what for f in hearing_findings(own, [], one) if f.level is Level.WARNING]

        for mode, expected in (
            (0o750, [True, False, False]),
            (0o700, [True, True, False]),
            (0o755, [False] * 3),
        ):
            folder.chmod(mode)
            found = [told(one) for one in (somebody, colleague, Person(0, frozenset()))]
            closed = [f"The user asterisk may not pass {folder} to the sounds in {folder / 'sounds'}"]
            assert found == [closed if one else [] for one in expected], oct(mode)


async def test_what_a_line_refuses_is_counted(db: Database, clock: FakeClock) -> None:
    tasks, sounds = Tasks(), UnplayedSounds(db, clock)
    sounds.worker.start(tasks)
    for _ in range(2):
        sounds.refused("/var/sounds/abc", Caller("s", "main"))
    assert await sounds.worker.drain(30)
    assert await unplayed(db) == [Unplayed("main", "abc", START, 2)]
    clock.advance(31 * 86400)
    sounds.refused("def", Caller("s", "main"))
    assert await sounds.worker.drain(30)
    assert [one.sound for one in await unplayed(db)] == ["def"]
    await tasks.close()
