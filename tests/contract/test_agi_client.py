"""What a flow relies on in Asterisk's end of AGI: the same questions to the practice PBX and to a real Asterisk."""

import re
import wave
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.contract import agi_stage
from tests.contract.agi_stage import KNOWN, AgiStage

RATE = 8000
USAGE = "520 usage"
INVALID = "510 Invalid or unknown command"
DEAD = "511 Command Not Permitted on a dead channel or intercept routine"
PLAIN = (
    ("ANSWER", "200 result=0"),
    ("answer", "200 result=0"),
    ("NOOP", "200 result=0"),
    ("NOOP x y", "200 result=0"),
    ("VERBOSE hello 1", "200 result=1"),
    ('VERBOSE "two words"', "200 result=1"),
    ("CHANNEL STATUS", "200 result=6"),
    ("CHANNEL STATUS nobody", "200 result=-1"),
    (r'SET VARIABLE A "b \"c\" d\\e"', "200 result=1"),
    ("GET VARIABLE A", r'200 result=1 (b "c" d\e)'),
    ("GET FULL VARIABLE ${A}", r'200 result=1 (b "c" d\e)'),
    (r"SET VARIABLE A b\ c", "200 result=1"),
    ("GET VARIABLE A", "200 result=1 (b c)"),
    ('SET VARIABLE A ""', "200 result=1"),
    ("GET VARIABLE NOTHING", "200 result=0"),
    ("GET VARIABLE EXTEN", "200 result=1 (hotline)"),
    ("SET MUSIC on", "200 result=0"),
    ("SET MUSIC off", "200 result=0"),
    ("SET AUTOHANGUP 0", "200 result=0"),
    ("EXEC NoOp x", "200 result=0"),
    ("EXEC Nothing x", "200 result=-2"),
    ("NOSUCH", INVALID),
    ("SET", INVALID),
    ("", INVALID),
    ("SET VARIABLE A", USAGE),
    ("SET VARIABLE A 1 2", USAGE),
    ("STREAM FILE", USAGE),
    ("STREAM FILE beep", USAGE),
    ("WAIT FOR DIGIT", USAGE),
    ("WAIT FOR DIGIT x", USAGE),
    ("RECORD FILE x", USAGE),
    ("SAY DIGITS 12", USAGE),
)
HEADER = (
    *(
        "network",
        "network_script",
        "request",
        "channel",
        "language",
        "type",
        "uniqueid",
        "version",
        "callerid",
    ),
    *("calleridname", "callingpres", "callingani2", "callington", "callingtns", "dnid", "rdnis", "context"),
    *("extension", "priority", "enhanced", "accountcode", "threadid"),
)


@pytest.fixture(params=["practice", pytest.param("asterisk", marks=pytest.mark.real)])
async def stage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[AgiStage]:
    make = agi_stage.practice if request.param == "practice" else agi_stage.asterisk
    async with make(tmp_path) as made:
        yield made


def short(told: str) -> str:
    """Of a usage text only that it is one: its words are each PBX's own."""
    if told.startswith("520-Invalid command syntax.  Proper usage follows:\n"):
        assert told.endswith("\n520 End of proper usage.")
        return USAGE
    return told


TIMEOUT = r"200 result=\d{1,2} \(timeout\)"
"""Asterisk gives as the result how many milliseconds its last wait had left (handle_recordfile): 0, or almost."""


def ended(told: str, start: str, seconds: float, late: float = 3.0) -> None:
    """The answer begins so (a pattern), and its endpos is so many seconds, or a little more for the way of keys."""
    found = re.fullmatch(r"(.*) endpos=(\d+)", told)
    assert found is not None
    assert re.fullmatch(start, found[1]), told
    assert seconds <= int(found[2]) / RATE <= seconds + late, told


async def test_the_same_answers(stage: AgiStage) -> None:
    """One caller is asked everything: a second Asterisk for each question would cost more than the questions."""
    line = await stage.call()
    header = dict(line.header)
    assert [name for name, _ in line.header] == [f"agi_{name}" for name in HEADER]
    shown = {
        name: header[f"agi_{name}"] for name in ("callerid", "calleridname", "dnid", "context", "extension")
    }
    assert shown == {
        "callerid": KNOWN,
        "calleridname": "Li Na",
        "dnid": "4005",
        "context": "ringdesk-ivr",
        "extension": "hotline",
    }
    assert header["agi_network_script"] == "hotline?token="
    assert await line.ask("GET VARIABLE RINGDESK_CALL") == f"200 result=1 ({header['agi_uniqueid']})"
    for command, expected in PLAIN:
        assert short(await line.ask(command)) == expected, command

    short_, long = f"{stage.sounds}/short", f"{stage.sounds}/long"
    assert await line.ask(f'STREAM FILE {short_} ""') == "200 result=0 endpos=4000"
    assert await line.ask(f'STREAM FILE {short_} "12" 2000') == "200 result=0 endpos=4000"
    assert await line.ask(f'STREAM FILE {stage.sounds}/nothing "12"') == "200 result=-1 endpos=0"
    await stage.started(line, f'STREAM FILE {long} "12"')
    await stage.press("31")
    ended((await line.answer())[0], "200 result=49", 0)
    await stage.started(line, f'STREAM FILE {long} "12" 8000')
    await stage.press("2")
    ended((await line.answer())[0], "200 result=50", 1)

    assert await line.ask("WAIT FOR DIGIT 100") == "200 result=0"
    await stage.started(line, "WAIT FOR DIGIT 20000")
    await stage.press("#")
    assert await line.answer() == ["200 result=35"]
    await stage.press("5")  # nobody asks: it is lost
    assert await line.ask(f'STREAM FILE {short_} ""') == "200 result=0 endpos=4000"
    assert await line.ask("WAIT FOR DIGIT 100") == "200 result=0"

    for keys, told in (("123", "123"), ("12#", "12"), ("#", "")):
        await stage.started(line, f"GET DATA {long} 20000 3")
        await stage.press(keys)
        assert await line.answer() == [f"200 result={told}"]
    await stage.started(line, f"GET DATA {long} 600 3")
    await stage.press("12")
    assert await line.answer() == ["200 result=12 (timeout)"]
    assert await line.ask(f"GET DATA {short_} 100 2") == "200 result= (timeout)"
    assert await line.ask(f"GET DATA {stage.sounds}/nothing 100 2") == "200 result=-1"
    assert await line.ask("SET VARIABLE RINGDESK_NEXT hangup") == "200 result=1"
    await line.close()
    await stage.empty()


async def test_recording(stage: AgiStage) -> None:
    line = await stage.call()
    await line.ask("ANSWER")
    assert await line.ask("RECORD FILE /nowhere/a wav # 600") == "200 result=-1 (writefile)"
    ended(await line.ask(f"RECORD FILE {stage.recordings}/a wav # 600"), TIMEOUT, 0.6, 0.2)
    ended(
        await line.ask(f"RECORD FILE {stage.recordings}/b wav # 600 BEEP s=3"),
        TIMEOUT,
        0.6,
        0,
    )
    await stage.started(line, f"RECORD FILE {stage.recordings}/c wav #1 20000")
    await stage.press("51")
    ended((await line.answer())[0], r"200 result=49 \(dtmf\)", 0)
    await stage.started(line, f"RECORD FILE {stage.recordings}/d wav # 20000")
    await stage.hang_up()
    ended((await line.answer())[0], r"200 result=-1 \(hangup\)", 0)
    assert await line.ask("NOOP") == "HANGUP\n200 result=0"
    await line.close()
    await stage.empty()
    with wave.open(str(stage.folder / "a.wav")) as made:
        assert (made.getframerate(), made.getnchannels(), made.getsampwidth()) == (RATE, 1, 2)
        assert made.getnframes() == 0.6 * RATE
    assert {path.name for path in stage.folder.glob("*.wav")} == {"a.wav", "b.wav", "c.wav", "d.wav"}


async def test_a_hang_up_at_any_moment(stage: AgiStage) -> None:
    long = f"{stage.sounds}/long"
    for command, told in (
        (f'STREAM FILE {long} "12"', "200 result=-1 endpos="),
        ("WAIT FOR DIGIT 20000", "200 result=-1"),
        (f"GET DATA {long} 20000 3", "200 result=-1"),
    ):
        line = await stage.call()
        await line.ask("ANSWER")
        await stage.started(line, command)
        await stage.hang_up()
        (answer,) = await line.answer()
        assert answer.startswith(told)
        assert await line.read() == "HANGUP"
        assert await line.ask("SET VARIABLE A 1") == "200 result=1"
        assert await line.ask("GET VARIABLE A") == "200 result=1 (1)"
        assert await line.ask("VERBOSE gone") == "200 result=1"
        for refused in ("CHANNEL STATUS", "WAIT FOR DIGIT 100", f'STREAM FILE {long} ""', "HANGUP", "ANSWER"):
            assert await line.ask(refused) == DEAD, refused
        await line.close()
        await stage.empty()

    line = await stage.call()
    await line.ask("ANSWER")
    await stage.hang_up()
    assert await line.read() == "HANGUP"
    assert await line.ask("NOOP") == "200 result=0"
    await line.close()

    line = await stage.call()
    assert await line.ask("HANGUP") == "200 result=1"
    assert await line.read() == "HANGUP"
    await line.close()
    await stage.empty()
