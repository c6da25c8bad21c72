"""Recordings: indexed from a real folder, heard by who may with seeking, audited, and deleted when their time is up."""

from __future__ import annotations

import asyncio
import math
import os
import resource
import struct
import wave
from collections.abc import AsyncIterator, Collection, Sequence
from pathlib import Path

import aiohttp
import pytest
import sqlalchemy as sa

from config.settings import RecordingSettings, Settings
from core import audit
from core.database import Database
from core.errors import NotFound
from core.identity import Role, User
from core.tasks import Tasks
from cti.messages import Call, CallState, Direction, How, Outcome, Party, Segment
from cti.recordings.files import Folder
from cti.recordings.model import DAY, Kind, Recording, State
from cti.recordings.service import LISTENING_SECONDS, Around, Recordings
from cti.recordings.store import Wanted
from ivr_flows.messages import Caller
from server.recordings import CallerWords, Keeper
from tests.conftest import START, FakeClock
from tests.integration.whole import Whole, whole
from tests.wait import until
from ticketing.messages import Actor, NewTicket

ANNA, BEN, SAM = (
    User(n, n, r) for n, r in (("anna", Role.AGENT), ("ben", Role.AGENT), ("sam", Role.SUPERVISOR))
)


def sound(path: Path, seconds: float = 2.0) -> Path:
    """A tone as Asterisk records it."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        values = (round(9000 * math.sin(n / 3)) for n in range(int(seconds * 8000)))
        file.writeframes(b"".join(struct.pack("<h", value) for value in values))
    return path


def call(id: str, agent: str = "anna", at: float = START) -> Call:
    segment = Segment("s1" + id, "PJSIP/1001", agent, "service", How.QUEUE, at, at + 1, at + 9)
    return Call(
        id,
        "main",
        Direction.INBOUND,
        CallState.ENDED,
        Party("13800138000", ""),
        "4001",
        at,
        ended_at=at + 9,
        outcome=Outcome.ANSWERED,
        segments=(segment,),
    )


class Desk:
    """A ticket desk of two rules: who sees which ticket, and which recordings are needed."""

    def __init__(self) -> None:
        self.seen: set[tuple[str, str]] = set()
        self.needed: set[str] = set()

    async def sees(self, user: User, ticket_id: str) -> bool:
        return (user.name, ticket_id) in self.seen

    async def needing(self, recordings: Sequence[Recording]) -> Collection[str]:
        return self.needed


class Rig:
    """A room on a folder of its own."""

    def __init__(self, db: Database, clock: FakeClock, folder: Path, pbx_folder: str = "") -> None:
        self.db, self.clock, self.folder, self.desk = db, clock, folder, Desk()
        self.calls: dict[str, Call] = {}
        self.live: set[str] = set()

        async def find(id: str) -> Call | None:
            return self.calls.get(id)

        around = Around(db, clock, find, lambda id: id in self.live, self.desk)
        settings = RecordingSettings(str(folder), pbx_folder, words_days=30, calls_days=10)
        self.room = Recordings(settings, around)

    async def words(self, call_id: str = "main-1.1", seconds: float = 2.0) -> str:
        """A caller has said something."""
        id, path = self.room.begin()
        sound(Path(f"{path}.wav"), seconds)
        assert await self.room.keep_words(id, "main", call_id, "v1", seconds)
        return id

    async def audited(self, action: str) -> list[str]:
        async with self.db.read() as tx:
            found = await tx.execute(sa.select(audit.audit).where(audit.audit.c.action == action))
            return [f"{row.actor} {row.subject}" for row in found]


@pytest.fixture
def rig(db: Database, clock: FakeClock, tmp_path: Path) -> Rig:
    folder = tmp_path / "recordings"
    folder.mkdir()
    return Rig(db, clock, folder)


async def test_words_are_kept_and_silence_is_not(rig: Rig) -> None:
    words = CallerWords(rig.room)
    caller = Caller("s1", "main", "main-1.1")
    new = words.begin(caller)
    assert new.path == f"{rig.folder}/words-{new.id}"
    sound(Path(f"{new.path}.wav"))
    assert await words.keep(new.id, caller, "s1", 2.0)
    silent = words.begin(caller)
    sound(Path(f"{silent.path}.wav"))
    assert not await words.keep(silent.id, caller, "s1", 0.0)
    assert not Path(f"{silent.path}.wav").exists()
    assert not await words.keep(words.begin(caller).id, caller, "s1", 2.0)
    found, _ = await rig.room.find(SAM, Wanted(call_ids=("main-1.1",)))
    assert [(one.id, one.kind, one.seconds, one.visit) for one in found] == [(new.id, Kind.WORDS, 2.0, "s1")]
    assert Rig(rig.db, rig.clock, rig.folder, "/pbx/rec").room.begin()[1].startswith("/pbx/rec/words-")


async def test_whole_calls_are_found_when_they_are_over(rig: Rig) -> None:
    rig.clock.at = os.stat(sound(rig.folder / "call-main-1.1.wav")).st_mtime + 60
    sound(rig.folder / "call-main-9.9.wav")
    (rig.folder / "call-main-2.2.wav").write_bytes(b"x" * 44)  # nobody spoke
    (rig.folder / "secret.wav").write_bytes(b"x" * 99)
    (rig.folder / "call-main-3.3.wav").symlink_to("/etc/passwd")
    rig.live.add("main-9.9")
    rig.calls["main-1.1"] = call("main-1.1")
    assert await rig.room.scan() == 1
    assert await rig.room.scan() == 0
    (one,), _ = await rig.room.find(ANNA, Wanted(call_ids=("main-1.1",)))
    assert (one.kind, one.seconds, one.file) == (Kind.CALL, 2.0, "call-main-1.1.wav")
    rig.live.clear()
    assert await rig.room.scan() == 1
    # Another server on the same folder and database adds nothing.
    assert await Rig(rig.db, rig.clock, rig.folder).room.scan() == 0


async def test_a_caller_does_not_wait_for_a_database_that_hangs(
    sqlite_db: Database, clock: FakeClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.recordings.KEEP_SECONDS", 0.01)
    words = CallerWords(Rig(sqlite_db, clock, tmp_path).room)
    new = words.begin(Caller("s1", "main", "main-1.1"))
    sound(Path(f"{new.path}.wav"))
    async with sqlite_db.begin():  # another one writes, and does not end
        assert not await words.keep(new.id, Caller("s1", "main", "main-1.1"), "s1", 2.0)


BROKEN = struct.pack("<4sI4s4sI", b"RIFF", 236, b"WAVE", b"fmt ", 0xBF000010) + bytes(224)
"""A head of one wrong byte, by which the format is longer than the file: `wave` raises a bare RuntimeError."""


async def test_a_broken_file_keeps_no_other_from_being_found(rig: Rig) -> None:
    (rig.folder / "call-main-1.1.wav").write_bytes(BROKEN)
    rig.clock.at = os.stat(sound(rig.folder / "call-main-2.2.wav")).st_mtime + 60
    assert await rig.room.scan() == 2
    found, _ = await rig.room.find(SAM, Wanted(kind=Kind.CALL))
    assert {(one.call_id, one.seconds) for one in found} == {("main-1.1", 0.0), ("main-2.2", 2.0)}


async def test_what_is_deleted_is_no_longer_looked_for(rig: Rig) -> None:
    rig.clock.at = os.stat(sound(rig.folder / "call-main-1.1.wav")).st_mtime + 60
    assert await rig.room.scan() == 1
    rig.clock.advance(11 * DAY)
    assert await rig.room.clean() == 1
    assert rig.room._indexed == set()
    assert await Rig(rig.db, rig.clock, rig.folder).room.scan() == 0
    # From a backup, say: its row still says that it was deleted, and it goes again.
    os.utime(sound(rig.folder / "call-main-1.1.wav"), (START, START))
    assert await rig.room.scan() == 0
    ((one,), _) = await rig.room.find(SAM, Wanted(kind=Kind.CALL))
    assert await rig.room.state(one) is State.DELETED


async def test_who_may_not_hear_it_finds_nothing(rig: Rig) -> None:
    rig.calls["main-1.1"] = call("main-1.1")
    id = await rig.words()
    for who in (ANNA, SAM):
        assert (await rig.room.get(who, id)).id == id
    with pytest.raises(NotFound):
        await rig.room.get(BEN, id)
    assert (await rig.room.find(BEN, Wanted(call_ids=("main-1.1",))))[0] == []
    rig.desk.seen.add(("ben", "t1"))
    await rig.room.attach(id, "t1")
    await rig.room.attach(id, "t2")  # a recording belongs to the ticket that it was left for
    assert (await rig.room.get(BEN, id)).ticket_id == "t1"
    for nonsense in ("", "../" + id, id.upper(), "\x00", "0" * 26):
        with pytest.raises(NotFound):
            await rig.room.get(SAM, nonsense)


async def test_every_listening_is_audited_once(rig: Rig) -> None:
    id = await rig.words()
    for _ in range(3):
        _, file = await rig.room.listen(SAM, id)
        file.close()
    assert await rig.audited("recording.listen") == [f"sam recording:{id}"]
    rig.clock.advance(LISTENING_SECONDS)
    rig.calls["main-1.1"] = call("main-1.1")
    for who in (SAM, ANNA):
        (await rig.room.listen(who, id))[1].close()
    assert await rig.audited("recording.listen") == [
        f"sam recording:{id}",
        f"sam recording:{id}",
        f"anna recording:{id}",
    ]


async def test_no_sound_without_its_audit(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    id = await rig.words()

    async def broken(*_: object) -> None:
        raise OSError("no disk")

    monkeypatch.setattr(audit, "record", broken)
    with pytest.raises(OSError, match="no disk"):
        await rig.room.listen(SAM, id)


async def test_a_file_that_is_gone_or_no_plain_file_is_missing(rig: Rig) -> None:
    id = await rig.words()
    path = rig.folder / f"words-{id}.wav"
    path.unlink()
    for make in (lambda: path.symlink_to("/etc/passwd"), lambda: os.mkfifo(path), path.mkdir):
        make()
        with pytest.raises(NotFound) as missing:
            await rig.room.listen(SAM, id)
        assert missing.value.code == "recording_missing"
        assert await rig.room.state(await rig.room.get(SAM, id)) is State.MISSING
        path.rmdir() if path.is_dir() else path.unlink()
    assert await rig.audited("recording.listen") == []


async def test_what_is_too_old_goes_but_not_what_a_ticket_needs(rig: Rig) -> None:
    old, needed = await rig.words(), await rig.words()
    stray = sound(rig.folder / "words-01aaaaaaaaaaaaaaaaaaaaaaaa.wav")
    os.utime(stray, (START, START))
    other = rig.folder / "another program.wav"
    other.write_bytes(b"x" * 99)
    os.utime(other, (START, START))
    rig.desk.needed = {needed}
    rig.clock.advance(31 * DAY)
    young = await rig.words()
    assert await rig.room.clean() == 2
    assert {path.name for path in rig.folder.iterdir()} == {
        f"words-{needed}.wav",
        f"words-{young}.wav",
        other.name,
    }
    assert await rig.room.state(await rig.room.get(SAM, old)) is State.DELETED
    with pytest.raises(NotFound) as deleted:
        await rig.room.listen(SAM, old)
    assert deleted.value.code == "recording_deleted"
    assert await rig.audited("recording.delete") == [f"system recording:{old}", f"system file:{stray.name}"]
    rig.desk.needed = set()
    assert await rig.room.clean() == 1
    assert await rig.room.clean() == 0


@pytest.fixture
async def it(tmp_path: Path, sqlite_template: Path) -> AsyncIterator[Whole]:
    folder = tmp_path / "recordings"
    folder.mkdir()
    settings = Settings(recordings=RecordingSettings(str(folder), words_days=30))
    async with whole(tmp_path, sqlite_template, settings) as running:
        yield running


async def left(it: Whole, call_id: str) -> str:
    """A caller has left words in this call."""
    room = it.house.recordings
    id, path = room.begin()
    sound(Path(f"{path}.wav"))
    assert await room.keep_words(id, "main", call_id, "v1", 2.0)
    return id


async def test_a_browser_hears_and_seeks(it: Whole) -> None:
    await it.house.calls.save(call("main-1.1"))
    id = await left(it, "main-1.1")
    (listed,) = (await it.get("/api/v1/recordings?call=main-1.1", "anna")).json["items"]
    assert (listed["id"], listed["state"], listed["seconds"]) == (id, "kept", 2.0)
    assert (await it.get(f"/api/v1/recordings/{id}", "anna")).json == listed
    full = await it.get(listed["audio"], "anna")
    assert (full.status, full.headers["Content-Type"]) == (200, "audio/wav")
    assert (full.headers["Accept-Ranges"], len(full.body)) == ("bytes", listed["size"])
    assert full.body[:4] == b"RIFF"
    part = await it.get(listed["audio"], "anna", headers={"Range": "bytes=1000-1999"})
    assert (part.status, part.body) == (206, full.body[1000:2000])
    assert part.headers["Content-Range"] == f"bytes 1000-1999/{listed['size']}"
    beyond = await it.get(listed["audio"], "anna", headers={"Range": "bytes=999999-"})
    assert (beyond.status, beyond.headers["Content-Range"]) == (416, f"bytes */{listed['size']}")
    head = await it.ask("HEAD", listed["audio"], "anna")
    assert (head.status, head.headers["Content-Length"], head.body) == (200, str(listed["size"]), b"")
    for who, status in (("ben", 404), ("gao", 404), ("sam", 200), ("", 401)):
        assert (await it.get(listed["audio"], who)).status == status
    assert (await it.get("/api/v1/recordings", "anna")).status == 422
    for path in ("..%2f..%2fetc%2fpasswd", "%2fetc%2fpasswd", "words-x.wav", "%00", "..", "a" * 3000):
        assert (await it.get(f"/api/v1/recordings/{path}/audio", "root")).status in (400, 404)
    assert [one["id"] for one in (await it.get("/api/v1/recordings", "sam")).json["items"]] == [id]


RANGES = (
    ("bytes=0-0", 206, 0, 0),
    ("bytes=-1", 206, -1, -1),
    ("bytes=-100", 206, -100, -1),
    ("bytes=-99999999", 206, 0, -1),
    ("bytes=32043-", 206, 32_043, 32_043),
    ("bytes=32000-99999", 206, 32_000, -1),
    ("bytes=0-1,5-9", 200, 0, -1),  # several at once: all of it, as the RFC allows
    ("bytes=9-5", 200, 0, -1),
    ("bytes=", 200, 0, -1),
    ("lines=1-2", 200, 0, -1),
    ("bytes=32044-", 416, 0, 0),
    ("bytes=-0", 416, 0, 0),
    ("bytes=99999999999999999999-", 200, 0, -1),
)
"""What is asked, the status, and the first and last byte of the answer; -1 is the last of the file."""


async def test_each_range_is_exactly_its_bytes(it: Whole) -> None:
    path = f"/api/v1/recordings/{await left(it, 'main-1.1')}/audio"
    full = (await it.get(path, "sam")).body
    size = len(full)
    assert size == 32_044
    for asked, status, first, last in RANGES:
        part = await it.get(path, "sam", headers={"Range": asked})
        assert part.status == status, asked
        assert part.headers["X-Content-Type-Options"] == "nosniff"
        if status == 416:
            assert (part.headers["Content-Range"], part.body) == (f"bytes */{size}", b"")
            continue
        begin, end = first % size, last % size
        assert part.body == full[begin : end + 1], asked
        assert part.headers["Content-Length"] == str(len(part.body))
        said = f"bytes {begin}-{end}/{size}" if status == 206 else None
        assert (part.headers.get("Content-Range"), part.headers["Content-Type"]) == (said, "audio/wav")


async def test_who_holds_a_part_of_another_file_gets_all_of_this(it: Whole) -> None:
    id = await left(it, "main-1.1")
    path = f"/api/v1/recordings/{id}/audio"
    tag = (await it.get(path, "sam")).headers["ETag"]
    for held, status in ((tag, 206), ('"x"', 200), (f"W/{tag}", 200), ("Wed, 25 Nov 2026 00:00:00 GMT", 200)):
        part = await it.get(path, "sam", headers={"Range": "bytes=0-9", "If-Range": held})
        assert (part.status, len(part.body)) == (status, 10 if status == 206 else 32_044)
    sound(Path(f"{it.house.recordings.folder.path}/words-{id}.wav"), 1.0)
    changed = await it.get(path, "sam", headers={"Range": "bytes=0-9", "If-Range": tag})
    assert (changed.status, len(changed.body)) == (200, 16_044)
    assert changed.headers["ETag"] != tag


async def test_a_huge_file_is_handed_over_in_pieces(it: Whole) -> None:
    id = await left(it, "main-1.1")
    path, size = f"/api/v1/recordings/{id}/audio", 3 * 2**30
    # A hole: it takes no room on the disk.
    os.truncate(f"{it.house.recordings.folder.path}/words-{id}.wav", size)
    before = peak()
    end = await it.get(path, "sam", headers={"Range": "bytes=-5"})
    assert (end.status, end.body, end.headers["Content-Range"]) == (
        206,
        b"\0" * 5,
        f"bytes {size - 5}-{size - 1}/{size}",
    )
    async with aiohttp.ClientSession() as http, http.get(it.url + path, headers=it.token("sam")) as answer:
        assert answer.headers["Content-Length"] == str(size)
        taken = sum([len(await answer.content.read(2**20)) for _ in range(64)])
        assert taken > 2**20
    assert peak() - before < 100 * 2**20
    assert (await it.get("/healthz")).status == 200


def peak() -> int:
    """The most memory that this process has had, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


async def test_words_belong_to_the_ticket_that_was_opened_with_them(it: Whole) -> None:
    house, at = it.house, it.house.clock.now()
    id = await left(it, "main-7.7")
    assert (await it.get(f"/api/v1/recordings/{id}", "ben")).status == 404
    new = NewTicket("inquiry", "Meter", fields={"recording": id})
    ticket = await house.tickets.open(Actor("ivr", frozenset({"ivr", "agent"})), new, at)
    await until(lambda: house.attacher.worker.handled == 1)
    found = (await it.get(f"/api/v1/recordings?ticket={ticket.id}", "ben")).json["items"]
    assert [one["id"] for one in found] == [id]
    # The ticket is open: its words stay, however old they are.
    (recording,), _ = await house.recordings.find(SAM, Wanted(ticket_id=ticket.id))
    around = house.recordings._around
    assert await around.tickets.needing([recording]) == {id}


async def test_what_a_ticket_names_is_written_down_before_the_server_ends(it: Whole) -> None:
    id = await left(it, "main-7.7")
    async with it.house.db.begin():  # somebody writes just then
        it.house.attacher.worker.offer((id, "t1"))
        ending = asyncio.create_task(it.house.write_down())
        for _ in range(20):
            await asyncio.sleep(0)
    await ending
    assert (await it.house.recordings.get(SAM, id)).ticket_id == "t1"


async def test_a_database_that_fails_the_recordings_keeps_nothing_else_from_going(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone, tasks = list[float](), Tasks()

    async def also(at: float) -> None:
        gone.append(at)

    async def fails(*_: object) -> None:
        raise sa.exc.OperationalError("SELECT", {}, OSError("no such table"))

    monkeypatch.setattr("cti.recordings.store.older", fails)
    Keeper(rig.room, also, rig.clock).start(tasks)
    await until(lambda: gone == [rig.clock.at])
    await tasks.close()


def test_a_folder_that_is_away_has_nothing_and_loses_nothing(tmp_path: Path) -> None:
    folder = Folder(str(tmp_path / "away"))
    assert list(folder.all()) == []
    assert not folder.writable()
    assert not folder.delete("words-01aaaaaaaaaaaaaaaaaaaaaaaa.wav")
