"""Sounds and recordings on a real Asterisk: it plays what espeak-ng spoke to its end, and we find what it wrote."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import msgspec
import pytest

from config.settings import RecordingSettings, SpeechSettings
from core.database import Database
from core.tasks import Tasks
from cti.messages import Call
from cti.recordings.model import Kind, State
from cti.recordings.service import Around, Recordings
from cti.recordings.store import Wanted
from ivr_flows.agi.frames import Asked
from ivr_flows.agi.server import FastAgiServer, Gate
from ivr_flows.agi.session import Agi
from ivr_flows.agi.words import AGIAppError, AGIDBError
from ivr_flows.messages import Caller, Language, Piece, Said
from ivr_flows.speech.voice import SpokenVoice
from server.recordings import CallerWords
from tests.conftest import START, FakeClock
from tests.integration.test_prompts import HELLO, SHANGHAI, WELCOME, pitch, samples
from tests.integration.test_recordings import SAM, Desk, sound
from tests.real.asterisk import Asterisk
from tests.real.parts import require

pytestmark = pytest.mark.real
PIECES = (
    WELCOME,
    Piece(Said.MONEY, "2.40 CNY", Language.ZH),
    HELLO,
    Piece(Said.TIME, "14:30", Language.EN),
    Piece(Said.PROMPT, "Gas is off in Oak Street.", Language.EN),
)
TONE = 8000 * 3 / (2 * 3.14159265 * 3 * 3)
"""Hertz of `sound`: it turns by a third of a radian each sample."""
RUN = "/srv"


HOSTILE = 'a "b" \\c ${EXTEN};,| 号'
"""A text that only quotes carry, and that no dialplan may take for its own."""


TOLD = (HOSTILE, HOSTILE, HOSTILE, "13900139000", 6, -1, "", "0", "")


class Heard(msgspec.Struct):
    """What became of one call into our server."""

    told: tuple[object, ...] = ()

    played: list[tuple[str, int]] = []
    missing: int = -1
    recorded: bool = False


async def told(agi: Agi, name: str) -> tuple[object, ...]:
    """What commands tell that flows do not use; raises where Asterisk takes one for something else."""
    await agi.noop()
    await agi.verbose(HOSTILE)
    await agi.set_autohangup(0)
    await agi.set_variable("RINGDESK_TEST", HOSTILE)
    await agi.database_put("ringdesk", "a test", HOSTILE)
    kept = await agi.database_get("ringdesk", "a test")
    await agi.database_del("ringdesk", "a test")
    with pytest.raises(AGIDBError):
        await agi.database_get("ringdesk", "a test")
    await agi.database_put("ringdesk", "x", 1)
    await agi.database_deltree("ringdesk")
    await agi.set_callerid("13900139000")
    await agi.goto_on_exit()
    with pytest.raises(AGIAppError, match="there is no channel"):
        await agi.hangup("PJSIP/nobody-00000001")
    return (
        kept,
        await agi.get_variable("RINGDESK_TEST"),
        await agi.get_full_variable("${RINGDESK_TEST}"),
        await agi.get_full_variable("CALLERID(num)"),
        await agi.channel_status(),
        await agi.channel_status("PJSIP/nobody-00000001"),
        await agi.get_option(name, [1, 2], 100),
        await agi.exec_command("NoOp", "x"),
        await agi.control_stream_file(name, "1", 1000, "6", "4", "5"),
    )


async def test_a_real_pbx_plays_and_records(tmp_path: Path, sqlite_template: Path) -> None:
    """Both versions at once: a call takes as long as its sounds."""
    require("espeak-ng")
    async with asyncio.TaskGroup() as both:
        for version in (22, 16):
            path = tmp_path / f"{version}.db"
            shutil.copy(sqlite_template, path)
            both.create_task(plays_and_records(version, Database(f"sqlite:///{path}"), FakeClock()))


async def plays_and_records(version: int, db: Database, clock: FakeClock) -> None:
    tasks, heard, done = Tasks(), Heard(), asyncio.Event()
    async with Asterisk(version=version) as pbx:
        folder = pbx.run / "recordings"
        sound(pbx.run / "sounds" / "caller.wav", 30.0)
        speech = SpeechSettings(folder=str(pbx.run / "sounds"), pbx_folder=f"{RUN}/sounds", seconds=30.0)
        voice = SpokenVoice(speech, SHANGHAI, clock, tasks)

        async def nobody(_: str) -> Call | None:
            return None

        around = Around(db, clock, nobody, lambda _: False, Desk())
        room = Recordings(RecordingSettings(str(folder), f"{RUN}/recordings"), around)

        async def handler(agi: Agi, _: Asked) -> None:
            await agi.answer()
            # The sample's own subroutine; what is a global there is set for this channel.
            await agi.set_variable("RINGDESK_CALL", "7.1")
            await agi.set_variable("RINGDESK_RECORDINGS", f"{RUN}/recordings")
            for _ in range(2):
                await agi.execute("GOSUB", "ringdesk-record", "s", 1, seconds=5.0)
            for name in await voice.sounds(PIECES):
                heard.played.append((name, (await agi.stream_file(name)).endpos))
            heard.told = await told(agi, heard.played[0][0])
            heard.missing = (await agi.stream_file(f"{RUN}/sounds/nothing")).endpos
            words = CallerWords(room)
            caller = Caller("s1", "main", "main-7.1")
            new = words.begin(caller)
            reply = await agi.record_file(new.path, timeout=2000, beep="")
            heard.recorded = await words.keep(new.id, caller, "s1", (reply.endpos or 0) / 8000)
            await agi.hangup()
            done.set()

        server = FastAgiServer(Gate(("127.0.0.1",)), handler, tasks)
        await server.start("127.0.0.1", pbx.agi_port)
        try:
            await pbx.ami.action(
                "Originate",
                Channel="Local/prompts@ringdesk-ivr/n",
                Application="Playback",
                Data=f"{RUN}/sounds/caller",
            )
            async with asyncio.timeout(60):
                await done.wait()
                await pbx.ami.event("Hangup", Context="ringdesk-ivr")
        finally:
            await server.stop()
            await tasks.close()
        for name, endpos in heard.played:
            there = samples(pbx.run / "sounds" / f"{Path(name).name}.wav")
            # Asterisk counts in frames of 20 ms.
            assert abs(endpos - len(there)) <= 320, (version, name)
        assert len(heard.played) == 1 + 4 + 1 + 3 + 1
        assert (heard.told, heard.missing, heard.recorded) == (TOLD, 0, True)
        clock.at = START + 4_000_000_000  # whatever the machine's clock says, the file is settled
        assert await room.scan() == 1
        found, _ = await room.find(SAM, Wanted(call_ids=("main-7.1",)))
        kinds = {one.kind: one for one in found}
        assert set(kinds) == {Kind.WORDS, Kind.CALL}
        assert 1.5 < kinds[Kind.WORDS].seconds < 2.5
        assert kinds[Kind.CALL].seconds > 5
        assert [await room.state(one) for one in found] == [State.KEPT] * 2
        words = samples(folder / kinds[Kind.WORDS].file)
        assert abs(pitch(words, 4000, 12000) - TONE) < 15  # it is the caller's voice that was kept
    await db.close()
