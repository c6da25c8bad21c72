"""The journal of a running server: what it made of calls is made again from it, on a practice PBX and a real one."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from config.settings import JournalSettings, PbxSettings
from cti.journal.files import files_of, records_in
from cti.journal.records import Answered, AnyRecord, Asked, Event
from cti.journal.replay import Replay
from cti.messages import Call, Party
from tests.integration.whole import Whole, whole
from tests.real.asterisk import Asterisk, QueueSetup
from tests.real.sipp import Caller, Phone, answers
from tests.wait import until

NUMBER = "13800138000"


def kept(folder: Path) -> list[AnyRecord]:
    return [record for path in files_of(folder) for record in records_in(path)]


def replayed(folder: Path) -> dict[str, Call]:
    it = Replay()
    for record in kept(folder):
        it.take(record)
    return it.calls


def text_of(folder: Path) -> str:
    return "".join(path.read_text() for path in files_of(folder))


async def a_call(it: Whole) -> Call:
    """A caller waits in the queue, anna answers, the caller hangs up."""
    it.pbx.caller(NUMBER, "4001", "Li Na")
    await until(lambda: it.pbx.ringing("1001"))
    it.pbx.answer("1001")
    await until(lambda: [c for c in it.house.switchboard.snapshot().calls if c.state.value == "talking"])
    it.pbx.hang_up("1001")
    await until(lambda: not it.house.switchboard.snapshot().calls)
    await it.house.recorder.flush()
    (call,) = await it.house.calls.of_numbers([f"+86{NUMBER}"], None, 10)
    return call


async def test_what_was_stored_is_made_again_from_the_journal(tmp_path: Path, sqlite_template: Path) -> None:
    folder = tmp_path / "journal"
    settings = JournalSettings(directory=str(folder), personal="keep")
    async with whole(tmp_path, sqlite_template, members=("1001",), journal=settings) as it:
        stored = await a_call(it)
        await it.post("/api/v1/agents/anna/pause", "anna", json={"reason": "lunch"})
    assert replayed(folder) == {stored.id: stored}
    asked = [dict(record.ami) for record in kept(folder) if isinstance(record, Asked)]
    assert any(fields["Action"] == "QueuePause" and fields["Reason"] == "lunch" for fields in asked)
    assert len(asked) == sum(isinstance(record, Answered) for record in kept(folder))
    for word in ('"Login"', '"Secret"', '"Key"', '"Challenge"'):
        assert word not in text_of(folder)


async def test_masked_it_tells_nothing_of_the_caller_and_the_same_of_the_call(
    tmp_path: Path, sqlite_template: Path
) -> None:
    folder = tmp_path / "journal"
    settings = JournalSettings(directory=str(folder))
    async with whole(tmp_path, sqlite_template, members=("1001",), journal=settings) as it:
        stored = await a_call(it)
    (call,) = replayed(folder).values()
    assert NUMBER not in text_of(folder)
    assert "Li Na" not in text_of(folder)
    assert msgspec.structs.replace(call, caller=Party()) == msgspec.structs.replace(stored, caller=Party())
    assert re.fullmatch(r"x\w+", call.caller.number)


async def test_a_full_file_is_followed_by_one_that_can_be_read_by_itself(
    tmp_path: Path, sqlite_template: Path
) -> None:
    """In mid-call a new file begins: it has a picture of its own, so that a call's end is understood from it alone."""
    folder = tmp_path / "journal"
    settings = JournalSettings(directory=str(folder), personal="keep", megabytes=0.02, files=100)
    async with whole(tmp_path, sqlite_template, members=("1001",), journal=settings) as it:
        it.pbx.caller(NUMBER, "4001", "Li Na")
        await until(lambda: it.pbx.ringing("1001"))
        it.pbx.answer("1001")
        board = it.house.switchboard
        await until(lambda: [c for c in board.snapshot().calls if c.state.value == "talking"])
        journal = it.house.journal
        assert journal is not None
        files = len(files_of(folder))
        for number in range(200):
            journal.note(float(number), "filling the file")
        await until(lambda: len(files_of(folder)) > files)
        newest = files_of(folder)[-1]
        await until(lambda: '"is":"picture"' in newest.read_text())
        it.pbx.hang_up("1001")
        await until(lambda: not board.snapshot().calls)
    alone = Replay()
    for path in files_of(folder)[files_of(folder).index(newest) :]:
        for record in records_in(path):
            alone.take(record)
    (part,) = alone.calls.values()
    (call,) = replayed(folder).values()
    assert part.id == call.id
    assert part.incomplete
    assert not call.incomplete
    assert part.ended_at == call.ended_at
    assert call.outcome is not None
    assert call.outcome is part.outcome


@pytest.mark.real
async def test_on_a_real_asterisk_the_same_calls_are_made_again(
    tmp_path: Path, sqlite_template: Path
) -> None:
    folder = tmp_path / "journal"
    settings = JournalSettings(directory=str(folder))
    queues = {"service": QueueSetup(members=("1001",))}
    async with Asterisk(queues) as pbx, Phone(pbx, "1001", answers()) as phone:
        link = PbxSettings("main", port=pbx.ami_port, username=pbx.user, secret=pbx.secret)
        async with whole(tmp_path, sqlite_template, pbx=link, journal=settings) as it:
            board = it.house.switchboard
            await until(lambda: board.lines["main"].up, 30)
            async with Caller(pbx, "4001", NUMBER, "Li Na") as caller:
                await phone.wait("talking")
                await until(lambda: [c for c in board.snapshot().calls if c.answered_at], 30)
                await caller.hang_up()
            await until(lambda: not board.snapshot().calls, 30)
            await it.house.recorder.flush()
            (stored,) = await it.house.calls.of_numbers([f"+86{NUMBER}"], None, 10)
    (call,) = replayed(folder).values()
    assert msgspec.structs.replace(call, caller=Party()) == msgspec.structs.replace(stored, caller=Party())
    assert NUMBER not in text_of(folder)
    assert any(isinstance(record, Event) for record in kept(folder))
