"""The journal's files and its writer: bounded, rotating, never in the reader's way."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from config.settings import JournalSettings, PbxSettings
from cti.journal import journal as module
from cti.journal.files import KEY_FILE, Rotation, files_of, mask_key, records_in
from cti.journal.journal import Journal
from cti.journal.records import Event, Head, Missed, Noted, from_line, to_line
from cti.messages import Seat
from cti.vocabulary import Message

PBX = PbxSettings("main", secret="hush", outside_prefix="9")
NUMBER = "13800138000"


def rotation(folder: Path, size: int = 1000, keep: int = 3) -> Rotation:
    return Rotation(folder, size, keep, lambda: [b"head\n"])


def journal(folder: Path, **more: object) -> Journal:
    return Journal(JournalSettings(directory=str(folder), **more), [PBX], "1.0")  # type: ignore[arg-type]


def kept(folder: Path) -> list[object]:
    return [record for path in files_of(folder) for record in records_in(path)]


def test_full_files_are_followed_by_others_and_the_oldest_go(tmp_path: Path) -> None:
    it = rotation(tmp_path)
    for number in range(50):
        it.write([b"%099d\n" % number])
    it.close()
    files = files_of(tmp_path)
    assert len(files) == 3
    assert [path.name for path in files] == sorted(path.name for path in files)
    assert all(path.stat().st_size <= 1100 for path in files)
    assert all(path.read_bytes().startswith(b"head\n") for path in files)
    assert {path.stat().st_mode & 0o077 for path in files} == {0}
    lines = b"".join(path.read_bytes() for path in files).splitlines()
    assert lines[-1] == b"head" or lines[-1] == b"%099d" % 49


def test_a_new_life_of_the_server_goes_on_in_the_newest_file(tmp_path: Path) -> None:
    for _ in range(2):
        it = rotation(tmp_path)
        it.write([b"line\n"])
        it.close()
    (path,) = files_of(tmp_path)
    assert path.read_bytes() == b"head\nline\n" * 2


def test_a_line_torn_by_a_power_cut_costs_that_line_only(tmp_path: Path) -> None:
    it = journal(tmp_path)
    it.start()
    it.note(1.0, "first")
    it.close()
    (path,) = files_of(tmp_path)
    path.write_bytes(path.read_bytes() + b'{"is":"note","at":2.0,"wh')
    it = journal(tmp_path)
    it.start()
    it.note(3.0, "third")
    it.close()
    assert [record.what for record in kept(tmp_path) if isinstance(record, Noted)] == ["first", "third"]


def test_what_is_heard_is_kept_masked_with_the_time_it_came(tmp_path: Path) -> None:
    it = journal(tmp_path)
    it.start()
    it.seats([Seat("anna", "Anna", "main", "PJSIP/1001", "1001")], 1.0)
    it.event("main", Message({"Event": "Newchannel", "CallerIDNum": NUMBER, "Channel": "PJSIP/1001-1"}), 2.5)
    number = it.asked("main", (("Action", "Originate"), ("Exten", f"9{NUMBER}")), 3.0)
    it.answered("main", number, "queued", 3.5)
    it.close()
    text = (files_of(tmp_path)[0]).read_text()
    assert NUMBER not in text
    assert "hush" not in text
    (event,) = [record for record in kept(tmp_path) if isinstance(record, Event)]
    assert (event.at, event.pbx) == (2.5, "main")
    assert dict(event.ami)["Channel"] == "PJSIP/1001-1"
    assert it.written == 4


def test_keeping_everything_is_a_setting(tmp_path: Path) -> None:
    it = journal(tmp_path, personal="keep")
    it.start()
    it.event("main", Message({"Event": "Newchannel", "CallerIDNum": NUMBER}), 2.5)
    it.close()
    assert NUMBER in files_of(tmp_path)[0].read_text()
    assert not (tmp_path / KEY_FILE).exists()


def test_the_key_stays_the_same_and_is_nobody_elses(tmp_path: Path) -> None:
    key = mask_key(tmp_path)
    assert len(key) == 64
    assert mask_key(tmp_path) == key
    assert (tmp_path / KEY_FILE).stat().st_mode & 0o077 == 0


def test_more_than_the_writer_can_take_is_dropped_and_the_journal_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PENDING", 10)
    it = journal(tmp_path)
    for number in range(25):
        it.note(float(number), "note")
    assert (it.pending, it.dropped) == (10, 15)
    it.start()
    it.close()
    records = kept(tmp_path)
    assert sum(isinstance(record, Noted) for record in records) == 10
    assert [record.count for record in records if isinstance(record, Missed)] == [15]


def test_a_disk_that_takes_nothing_costs_records_and_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "journal"
    folder.write_text("a file where a folder should be")
    it = journal(folder)
    it.start()
    it.note(1.0, "lost")
    it.close()
    assert (it.written, it.dropped) == (0, 1)


def test_a_new_file_begins_with_all_that_a_board_needs_and_is_told_of(tmp_path: Path) -> None:
    it = journal(tmp_path, megabytes=0.002, files=100)
    told = threading.Event()
    it.on_new_file = told.set
    it.seats([Seat("anna", "Anna", "main", "PJSIP/1001", "1001")], 1.0)
    for number in range(400):
        it.note(float(number), "note")
    it.start()
    it.close()
    assert told.is_set()
    files = files_of(tmp_path)
    assert len(files) > 1
    for path in files[1:]:
        head = next(iter(records_in(path)))
        assert isinstance(head, Head)
        assert head.seats[0].user == "anna"
        assert head.pbxs[0].outside_prefix == "9"


def test_a_line_of_something_else_is_passed_over() -> None:
    note = Noted(1.0, "x", more={"browsers": "2"})
    assert from_line(to_line(note)) == note
    assert from_line(b'{"is":"martian","at":1}\n') is None
    assert from_line(b"\xff\n") is None
