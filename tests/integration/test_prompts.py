"""Sounds are really made, by espeak-ng and by any command, and are what Asterisk plays."""

import asyncio
import json
import math
import os
import re
import signal
import subprocess
import sys
import wave
from array import array
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from typer.testing import CliRunner

import config as config_package
from config.settings import IvrSettings, Settings, SpeechSettings
from core.tasks import Tasks
from ivr_flows.messages import Caller, Language, Piece, Said
from ivr_flows.speech import maker
from ivr_flows.speech.build import MOMENT_DAYS, build, lacking, plan, prune
from ivr_flows.speech.sounds import MOMENT, command_line, plain, sound_key, wanted
from ivr_flows.speech.spoken import Utterance
from ivr_flows.speech.voice import SpokenVoice
from server.cli import app
from server.commands.prompts import prompts_of
from tests.conftest import FakeClock
from tests.real.parts import require
from tests.wait import until

SHANGHAI = ZoneInfo("Asia/Shanghai")
WELCOME = Piece(Said.PROMPT, "您好，欢迎致电燃气服务热线。", Language.ZH, "main.welcome.1")
HELLO = Piece(Said.PROMPT, "Welcome to the gas hotline.", Language.EN, "main.welcome.1")

TONE = """
import math, struct, sys, wave
text, path = sys.argv[1], sys.argv[2]
with wave.open(path, "wb") as file:
    file.setnchannels(2); file.setsampwidth(2); file.setframerate(44100)
    for n in range(22050):
        value = round(9000 * math.sin(2 * math.pi * 700 * n / 44100))
        file.writeframes(struct.pack("<hh", value, value))
print("spoke", text)
"""
"""A text-to-speech command of another kind: half a second of 700 Hz in stereo at 44.1 kHz."""


def samples(path: Path) -> "array[int]":
    """Of a file that every Asterisk plays; fails for another form."""
    with wave.open(str(path), "rb") as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (8000, 1, 2)
        return array("h", file.readframes(file.getnframes()))


def pitch(sound: "array[int]", a: int, b: int) -> float:
    """Hertz between two samples, by crossings of zero."""
    crossings = sum(1 for n in range(a, b) if sound[n - 1] < 0 <= sound[n])
    return crossings * 8000 / (b - a)


def tone(path: Path, hertz: int) -> None:
    """A second of it, as a recorder on somebody's desk leaves it."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        values = (round(9000 * math.sin(2 * math.pi * hertz * n / 16000)) for n in range(16000))
        file.writeframes(array("h", values).tobytes())


def another(tmp_path: Path, folder: str = "sounds") -> SpeechSettings:
    script = tmp_path / "tone.py"
    script.write_text(TONE)
    return SpeechSettings(
        command=(sys.executable, str(script), "{text}", "{file}"), folder=str(tmp_path / folder)
    )


@pytest.fixture
def espeak(tmp_path: Path) -> SpeechSettings:
    require("espeak-ng")
    return SpeechSettings(folder=str(tmp_path / "sounds"))


async def test_espeak_makes_sounds_that_asterisk_plays(espeak: SpeechSettings) -> None:
    for piece in (WELCOME, HELLO):
        utterance = Utterance(piece.name, piece.text, piece.language, piece.language)
        sound = samples(await maker.speak(utterance, "a" * 32, Path(espeak.folder), espeak))
        assert 1.0 < len(sound) / 8000 < 6.0
        loud = sum(1 for value in sound if abs(value) > 1000) / len(sound)
        assert loud > 0.2  # it speaks, most of the time
        assert 26000 < max(map(abs, sound)) < 27000


@pytest.mark.parametrize(
    "text", ["您好，欢迎致电燃气服务热线。", "一百二十三元四角五分", "幺三八零零零", "下午两点三十分"]
)
def test_the_chinese_voice_reads_characters_as_chinese(text: str) -> None:
    """espeak-ng says in its phonemes where it changes to the English voice: (en)."""
    require("espeak-ng")
    voice = SpeechSettings().voices["zh_CN"]
    heard = subprocess.run(
        ["espeak-ng", "-v", voice, "-q", "-x", "--stdin"],
        input=text,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "(en)" not in heard
    syllables = sum(1 for sign in text if sign not in "，。")
    assert heard.count("_|") == syllables


def test_every_shipped_chinese_text_is_read_as_chinese() -> None:
    """One syllable for each character (a few are said in one breath), and never in English."""
    require("espeak-ng")
    texts = [
        one.text
        for one in wanted(prompts_of(Settings()))
        if (one.language, one.voice) == (Language.ZH, Language.ZH)
    ]
    voice = SpeechSettings().voices["zh_CN"]
    heard = subprocess.run(
        ["espeak-ng", "-v", voice, "-q", "-x", "--stdin"],
        input="。\n".join(texts),
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "(en)" not in heard
    characters = sum(1 for text in texts for sign in text if "一" <= sign <= "鿿")
    assert characters > 500
    assert heard.count("_|") >= 0.9 * characters


async def test_any_command_will_do_and_its_sound_is_brought_into_form(tmp_path: Path) -> None:
    speech = another(tmp_path)
    path = await maker.speak(
        Utterance("a", "--help; $(rm x) {file}", Language.EN, Language.EN),
        "k" * 32,
        Path(speech.folder),
        speech,
    )
    sound = samples(path)
    assert 4000 <= len(sound) <= 4000 + 0.1 * 8000
    assert abs(pitch(sound, 400, 3600) - 700) < 15
    assert path.stat().st_mode & 0o044 == 0o044
    assert [one.name for one in Path(speech.folder).iterdir()] == [path.name]


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (("/no/such/program", "{file}"), "cannot run"),
        ((sys.executable, "-c", "raise SystemExit('no voice today')", "{file}"), "no voice today"),
        ((sys.executable, "-c", "pass", "{file}"), "no wav file"),
        ((sys.executable, "-c", "import sys; open(sys.argv[1],'w').write('x'*99)", "{file}"), "no wav file"),
    ],
)
async def test_a_command_that_fails_leaves_nothing_behind(
    tmp_path: Path, command: tuple[str, ...], why: str
) -> None:
    speech = SpeechSettings(command=command, folder=str(tmp_path / "sounds"))
    with pytest.raises(maker.NotMade, match=why):
        await maker.speak(
            Utterance("a", "x", Language.EN, Language.EN), "k" * 32, Path(speech.folder), speech
        )
    assert not list(Path(speech.folder).glob("*"))
    assert not list(Path(speech.folder).glob(".*"))


async def test_a_disk_that_takes_nothing_is_a_sound_that_is_not_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And no fault of ours: it would be tried again for each caller, and end a whole build."""
    speech, hello = another(tmp_path), Utterance("a", "Hello", Language.EN, Language.EN)
    with monkeypatch.context() as full:
        full.setattr("tempfile.tempdir", str(tmp_path / "away"))
        with pytest.raises(maker.NotMade, match="cannot write"):
            await maker.speak(hello, "k" * 32, Path(speech.folder), speech)
    (tmp_path / "sounds" / ("k" * 32 + ".wav")).mkdir(parents=True)  # in the way of the new file
    with pytest.raises(maker.NotMade, match="cannot write"):
        await maker.speak(hello, "k" * 32, Path(speech.folder), speech)


async def test_a_build_makes_what_is_missing_and_prunes_what_is_not_needed(tmp_path: Path) -> None:
    speech = another(tmp_path)
    prompts = [WELCOME, HELLO]
    told: list[tuple[int, int]] = []
    planned = plan(prompts, speech)
    # All but a few are there already: each costs the start of two programs.
    Path(speech.folder).mkdir()
    for key in list(planned.keys)[4:]:
        Path(speech.folder, f"{key}.wav").write_bytes(b"")
    first = await build(prompts, speech, lambda done, of: told.append((done, of)))
    assert (first.made, first.failed, told[-1]) == (4, [], (4, 4))
    assert first.kept == len(planned.keys) - 4
    assert lacking(planned, Path(speech.folder)) == {}
    assert (await build(prompts, speech)).made == 0
    assert prune(prompts, speech) == 0
    assert prune([WELCOME], speech) == 1
    assert set(lacking(planned, Path(speech.folder)).values()) == {
        Utterance(HELLO.name, HELLO.text, HELLO.language, HELLO.language)
    }


HOSTILE = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        ["-w/etc/passwd", "--help", "$(id)`id`;|&", "{file}{voice}", "a\nb\0c", "[[boom]]", "'\"\\"]
    ),
)


@settings(deadline=None)
@given(HOSTILE)
def test_a_text_is_one_argument_whatever_is_in_it(text: str) -> None:
    speech = SpeechSettings(command=("say", "-v", "{voice}", "{text}", "-o{file}"), voices={"en": "{text}"})
    line, given_ = command_line(speech, Utterance("a", text, Language.EN, Language.EN), "/x/{text}.wav")
    assert (line[:3], line[4:], given_) == (["say", "-v", "{text}"], ["-o/x/{text}.wav"], b"")
    assert line[3].strip() == plain(text)
    assert not line[3].startswith("-")
    assert line[3].isprintable()
    line, given_ = command_line(SpeechSettings(), Utterance("a", text, Language.EN, Language.EN), "f.wav")
    assert line == ["espeak-ng", "-v", "en-gb", "-s", "150", "-w", "f.wav", "--stdin"]
    assert (given_, b"[[" in given_) == (plain(text).encode(), False)


async def test_a_hostile_text_comes_to_the_command_as_it_is_and_to_no_shell(tmp_path: Path) -> None:
    script = tmp_path / "keep.py"
    script.write_text(f"{TONE}\nopen({str(tmp_path / 'said')!r}, 'w').write(text)\n")
    speech = replace(another(tmp_path), command=(sys.executable, str(script), "{text}", "{file}"))
    text = f"$(touch {tmp_path}/x) `touch {tmp_path}/x`; touch {tmp_path}/x | & '\" \\ > {tmp_path}/x 号"
    await maker.speak(Utterance("a", text, Language.EN, Language.EN), "k" * 32, Path(speech.folder), speech)
    assert (tmp_path / "said").read_text() == text
    assert not (tmp_path / "x").exists()


HANGING = """
import os, sys
count = sum(1 for _ in open({counter!r})) if os.path.exists({counter!r}) else 0
print("x", file=open({counter!r}, "a"))
if count == 2 and os.path.exists({fifo!r}):
    open({file!r}, "wb").write(b"RIFF half")
    open({fifo!r}).read()
"""
"""A voice that makes two sounds, and of the third a half, and then hangs for as long as nobody writes into its pipe."""


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65_536)
    except OSError:  # its other end is closed
        return b""


async def test_a_build_that_is_broken_off_leaves_no_half_sound_and_goes_on_the_next_time(
    tmp_path: Path,
) -> None:
    counter, fifo, folder = tmp_path / "count", tmp_path / "fifo", tmp_path / "sounds"
    os.mkfifo(fifo)
    script = tmp_path / "tone.py"
    names = {"counter": str(counter), "fifo": str(fifo), "file": "@"}
    script.write_text(HANGING.format(**names).replace("'@'", "sys.argv[2]") + TONE)
    command = [sys.executable, str(script), "{text}", "{file}"]
    settings_ = Settings(ivr=IvrSettings(speech=SpeechSettings(command=tuple(command), folder=str(folder))))
    keys = list(plan(prompts_of(settings_), settings_.ivr.speech).keys)
    folder.mkdir()
    tone(tmp_path / "tone.wav", 500)
    for key in keys[4:]:
        (folder / f"{key}.wav").write_bytes((tmp_path / "tone.wav").read_bytes())
    config = tmp_path / "ringdesk.toml"
    words = ", ".join(json.dumps(word) for word in command)
    config.write_text(f'[ivr.speech]\ncommand = [{words}]\nfolder = "{folder}"\n')

    ours, theirs = os.openpty()  # a terminal, on which the progress is shown
    program = (str(Path(sys.executable).with_name("ringdesk")), "prompts", "build", "--jobs", "1")
    process = await asyncio.create_subprocess_exec(
        *program,
        "--config",
        str(config),
        stdout=asyncio.subprocess.PIPE,
        stderr=theirs,
        # Whoever runs the tests in the background has SIGINT ignored, and hands that on.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    os.close(theirs)
    shown = bytearray()
    # Read as it comes: a terminal that nobody reads holds up whoever writes to it.
    asyncio.get_running_loop().add_reader(ours, lambda: shown.extend(_read(ours)))
    try:
        await until(lambda: counter.exists() and counter.read_text().count("x") == 3, 60)
        process.send_signal(signal.SIGINT)
        said, _ = await process.communicate()
    finally:
        asyncio.get_running_loop().remove_reader(ours)
        os.close(ours)
    assert process.returncode not in (0, None)
    assert b"Traceback" not in said + shown
    assert b"making sounds" in shown
    assert b"/4" in shown
    there = {path.name for path in folder.iterdir()}
    assert there == {f"{key}.wav" for key in (*keys[4:], *keys[:2])}
    for path in folder.iterdir():
        assert path.stat().st_size > 1000

    fifo.unlink()
    done = await asyncio.create_subprocess_exec(
        *program, "--config", str(config), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    said, complaint = await done.communicate()
    assert (done.returncode, complaint) == (0, b"")
    assert said.decode().startswith(f"2 made, {len(keys) - 2} were there")


async def test_a_chinese_recording_replaces_the_chinese_prompt_only(tmp_path: Path) -> None:
    recorded = tmp_path / "recorded"
    recorded.mkdir()
    tone(recorded / "main.welcome.1.zh_CN.wav", 700)
    tone(recorded / "say.liang.zh_CN.wav", 900)
    speech = replace(another(tmp_path), recorded=str(recorded), seconds=30)
    async with running(speech) as voice:
        english, replaced = [await voice.sounds((piece,)) for piece in (HELLO, WELCOME)]
        assert abs(pitch(samples(Path(f"{replaced[0]}.wav")), 400, 3600) - 700) < 15
        assert english != replaced
        (two, _) = await voice.sounds((Piece(Said.MONEY, "2.00 CNY", Language.ZH),))
        assert abs(pitch(samples(Path(f"{two}.wav")), 400, 3600) - 900) < 15


async def test_a_recording_takes_a_prompts_place(tmp_path: Path) -> None:
    recorded = tmp_path / "recorded"
    recorded.mkdir()
    speech = another(tmp_path)
    made = await maker.speak(Utterance("a", "x", Language.EN, Language.EN), "k" * 32, tmp_path, speech)
    made.rename(recorded / "main.welcome.1.en.wav")
    (recorded / "main.gone.1.en.wav").write_bytes(b"RIFF")
    silent = SpeechSettings(command=("false", "{file}"), folder=speech.folder, recorded=str(recorded))
    planned = plan([HELLO], silent)
    ((key, source),) = planned.sources.items()
    assert (source.name, planned.unused) == ("main.welcome.1.en.wav", ("main.gone.1.en",))
    report = await build([HELLO], silent)
    assert report.made == 1  # the recording; the command says nothing
    assert abs(pitch(samples(Path(speech.folder, f"{key}.wav")), 400, 3600) - 700) < 15
    async with running(silent) as voice:
        assert await voice.sounds((HELLO,)) == (f"{speech.folder}/{key}",)


async def test_recordings_count_while_it_runs(tmp_path: Path) -> None:
    recorded = tmp_path / "recorded"
    recorded.mkdir()
    name = recorded / "main.welcome.1.en.wav"
    speech = replace(another(tmp_path), recorded=str(recorded), seconds=30)
    async with running(speech) as voice:
        (spoken,) = await voice.sounds((HELLO,))
        assert not await voice.follow()
        tone(name, 500)
        assert not await voice.follow(), "it may still grow"
        assert await voice.follow()
        assert not await voice.follow()
        (first,) = await voice.sounds((HELLO,))
        assert abs(pitch(samples(Path(f"{first}.wav")), 400, 3600) - 500) < 15

        name.write_bytes(b"RIFF and no more")
        assert await voice.follow(at_once=True)
        assert await voice.sounds((HELLO,)) == (first,), "what cannot be used leaves what there was"
        tone(name, 900)
        assert await voice.follow(at_once=True)
        (second,) = await voice.sounds((HELLO,))
        assert abs(pitch(samples(Path(f"{second}.wav")), 400, 3600) - 900) < 15

        recorded.rename(tmp_path / "away")
        assert not await voice.follow(at_once=True)
        assert await voice.sounds((HELLO,)) == (second,), "a disk that is away takes nothing back"
        (tmp_path / "away").rename(recorded)
        name.unlink()
        assert await voice.follow(at_once=True)
        assert await voice.sounds((HELLO,)) == (spoken,)


class running:
    """A voice with its tasks."""

    def __init__(self, speech: SpeechSettings, **more: object) -> None:
        self.tasks, self.clock = Tasks(), FakeClock()
        self.refused: list[str] = []
        self.voice = SpokenVoice(
            speech, SHANGHAI, self.clock, self.tasks, lambda sound, _: self.refused.append(sound)
        )

    async def __aenter__(self) -> SpokenVoice:
        return self.voice

    async def __aexit__(self, *_: object) -> None:
        await self.tasks.close()


OUTAGE = Piece(Said.PROMPT, "Gas is off in Oak Street until two thirty. [[boom]]", Language.EN)


async def test_a_text_of_the_moment_is_spoken_at_once_and_kept(espeak: SpeechSettings) -> None:
    async with running(espeak) as voice:
        (sound,) = await voice.sounds((OUTAGE,))
        assert Path(sound).name.startswith(MOMENT)
        made = Path(f"{sound}.wav").stat().st_ino
        both = await asyncio.gather(voice.sounds((OUTAGE,)), voice.sounds((OUTAGE, OUTAGE)))
        assert both == [(sound,), (sound, sound)]
        assert Path(f"{sound}.wav").stat().st_ino == made
    assert len(samples(Path(f"{sound}.wav"))) > 8000
    assert prune([], espeak) == 0
    later = Path(f"{sound}.wav").stat().st_mtime + (MOMENT_DAYS + 1) * 86400
    assert prune([], espeak, later) == 1


async def test_a_value_is_said_in_words_in_order(espeak: SpeechSettings) -> None:
    async with running(SpeechSettings(folder=espeak.folder, pbx_folder="/pbx/sounds")) as voice:
        money = Piece(Said.MONEY, "2.00 CNY", Language.ZH)
        sounds = await voice.sounds((money,))
        words = [("say.liang", "两"), ("say.yuan", "元")]
        keys = [sound_key(Utterance(*word, Language.ZH, Language.ZH), espeak) for word in words]
        assert sounds == tuple(f"/pbx/sounds/{key}" for key in keys)


async def test_callers_who_want_the_same_text_wait_for_one_voice(tmp_path: Path) -> None:
    counter = tmp_path / "count"
    script = tmp_path / "counting.py"
    script.write_text(TONE + f"\nopen({str(counter)!r}, 'a').write('x')\n")
    speech = SpeechSettings(
        command=(sys.executable, str(script), "{text}", "{file}"), folder=str(tmp_path / "sounds"), seconds=30
    )
    async with running(speech) as voice:
        heard = await asyncio.gather(*(voice.sounds((OUTAGE,)) for _ in range(20)))
    assert len(set(heard)) == 1
    assert counter.read_text() == "x"


async def test_a_voice_that_hangs_is_not_waited_for(tmp_path: Path) -> None:
    speech = SpeechSettings(
        command=(sys.executable, "-c", "import time; time.sleep(600)", "{file}"),
        folder=str(tmp_path / "sounds"),
        seconds=0.05,
    )
    here = running(speech)
    async with here as voice:
        assert await voice.sounds((OUTAGE,)) == ()
        assert voice.left_out == 1
    assert len(here.tasks) == 0  # its program was ended with it


async def test_a_text_that_cannot_be_spoken_is_not_tried_for_each_caller(tmp_path: Path) -> None:
    tries = tmp_path / "tries"
    code = f"open({str(tries)!r}, 'a').write('x'); raise SystemExit(1)"
    speech = SpeechSettings(
        command=(sys.executable, "-c", code, "{file}"), folder=str(tmp_path / "sounds"), seconds=30
    )
    here = running(speech)
    async with here as voice:
        for _ in range(3):
            assert await voice.sounds((OUTAGE,)) == ()
        assert tries.read_text() == "x"
        here.clock.advance(61)
        assert await voice.sounds((OUTAGE,)) == ()
        assert tries.read_text() == "xx"


def test_what_the_pbx_refuses_is_told(tmp_path: Path) -> None:
    here = running(another(tmp_path))
    here.voice.not_played("/sounds/x", Caller("s", pbx="main"))
    assert here.refused == ["/sounds/x"]


def test_the_command_makes_the_sounds_of_the_shipped_flows(tmp_path: Path) -> None:
    """All of the shipped flows' texts but three are there already: each costs the start of two programs."""
    speech = another(tmp_path)
    settings = Settings(ivr=IvrSettings(speech=speech))
    words = ", ".join(json.dumps(word) for word in speech.command)
    config = tmp_path / "ringdesk.toml"
    config.write_text(f'[ivr.speech]\ncommand = [{words}]\nfolder = "{speech.folder}"\n')
    Path(speech.folder).mkdir()
    keys = list(plan(prompts_of(settings), speech).keys)
    assert len(keys) > 250
    for key in keys[3:]:
        Path(speech.folder, f"{key}.wav").write_bytes(b"")
    Path(speech.folder, "0" * 32 + ".wav").write_bytes(b"")  # of a text that was changed
    done = CliRunner().invoke(app, ["prompts", "build", "--prune", "--config", str(config)])
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        f"3 made, {len(keys) - 3} were there, in {speech.folder}",
        "1 deleted that nothing needs",
    ]
    Path(speech.folder, f"{keys[0]}.wav").unlink()
    config.write_text(f'[ivr.speech]\ncommand = ["false", "{{file}}"]\nfolder = "{speech.folder}"\n')
    # Another command would make other sounds: none of them is there, and none can be made.
    there = set(Path(speech.folder).glob("*.wav"))
    done = CliRunner().invoke(app, ["prompts", "build", "--prune", "--config", str(config), "--jobs", "8"])
    assert done.exit_code == 1
    assert "nothing deleted, since some could not be made" in done.stdout
    assert set(Path(speech.folder).glob("*.wav")) == there, "callers hear these until there are others"
    assert f"{len(keys)} sounds could not be made" in done.stderr
    assert "false failed" in done.stderr


def test_every_sound_is_listed_by_the_name_that_a_recording_has(tmp_path: Path) -> None:
    recorded = tmp_path / "recorded"
    recorded.mkdir()
    (recorded / "hotline.welcome.text.zh_CN.wav").write_bytes(b"RIFF")
    config = tmp_path / "ringdesk.toml"
    config.write_text(f'[ivr.speech]\nrecorded = "{recorded}"\n')
    done = CliRunner().invoke(app, ["prompts", "list", "--config", str(config)])
    assert done.exit_code == 0, done.output
    lines = dict(line.split("\t") for line in done.stdout.splitlines())
    assert lines["say.hundred.en"] == "hundred"
    assert lines["danger.advice.text.en"].startswith("No flame.")
    assert lines["hotline.welcome.text.zh_CN *"].startswith("您好")
    assert len(lines) == len(wanted(prompts_of(Settings())))
    # The names that the documents show are among them.
    docs = Path(config_package.__file__).parent.parent
    for text in (docs / "docs" / "prompts.md", docs / "config" / "defaults.toml"):
        shown = re.findall(r"([\w.-]+\.(?:en|zh_CN))\.wav", text.read_text())
        assert len(shown) >= 2
        assert {name for name in shown if name not in {one.removesuffix(" *") for one in lines}} == set()
