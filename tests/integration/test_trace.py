"""`ringdesk trace` on what a running server kept: who was rung, who saw it, and why somebody did not."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path

import websockets
from typer.testing import CliRunner

from config.settings import JournalSettings
from cti.journal.files import files_of, mentioning
from cti.journal.find import needles
from cti.messages import Call
from server.cli import app
from tests.integration.whole import Whole, whole
from tests.wait import until

NUMBER = "13800138000"


def traced(folder: Path, call: str, *options: str) -> str:
    """What the command prints; it reads the files of that folder."""
    settings = folder.parent / "ringdesk.toml"
    settings.write_text(f'[journal]\ndirectory = "{folder}"\n')
    files = [part for path in files_of(folder) for part in ("--file", str(path))]
    result = CliRunner().invoke(app, ["trace", call, "--config", str(settings), *files, *options])
    assert result.exit_code == 0, result.output
    return result.output


async def talking(it: Whole, extension: str) -> None:
    await until(lambda: it.pbx.ringing(extension))
    it.pbx.answer(extension)
    await until(lambda: it.pbx.talking(extension))


async def popped(live: websockets.ClientConnection) -> None:
    """Until a card has come on this socket."""
    async with asyncio.timeout(30):
        while json.loads(await live.recv())["type"] != "pop":
            pass


async def over(it: Whole) -> Call:
    board = it.house.switchboard
    await until(lambda: not board.snapshot().calls)
    await it.house.recorder.flush()
    (call,) = await it.house.calls.of_numbers([f"+86{NUMBER}"], None, 10)
    return call


async def test_whom_a_call_was_shown_to_and_why_not_to_others(tmp_path: Path, sqlite_template: Path) -> None:
    """Of three phones one has a browser, one has none, and one is nobody's."""
    folder = tmp_path / "journal"
    members = ("1001", "1002", "1005")
    async with (
        whole(
            tmp_path, sqlite_template, members=members, journal=JournalSettings(directory=str(folder))
        ) as it,
        it.live("anna") as first,
        it.live("anna") as second,
    ):
        await first.recv()
        await second.recv()
        it.pbx.caller(NUMBER, "4001", "Li Na")
        await until(lambda: all(it.pbx.ringing(member) for member in members))
        await popped(first)
        await talking(it, "1001")
        it.pbx.hang_up("1001")
        call = await over(it)
    told = traced(folder, call.id)
    assert NUMBER not in told
    for sentence in (
        "The caller waits in the queue service.",
        "The phone of Anna (anna) rings, for the queue service.",
        "The card is sent to Anna (anna); browsers open: 2.",
        "There is a card for Ben (ben), who has no browser open.",
        "No card: the phone PJSIP/1005 belongs to no user.",
        "The phone of Ben (ben) stops ringing: answered by someone else.",
        "The call is over: Answered.",
    ):
        assert sentence in told
    assert told.splitlines()[-3].startswith("Anna (anna): yes, ")
    assert told.splitlines()[-2] == "Ben (ben): no. The card was there, but no browser of this user was open."
    assert "PJSIP/1005: no. The phone belongs to no user: `ringdesk user phone" in told.splitlines()[-1]
    chinese = traced(folder, call.id, "--language", "zh_CN")
    assert "弹屏已发给 Anna (anna)；打开的浏览器：2。" in chinese
    assert "The" not in chinese
    raw = traced(folder, call.id, "--raw")
    assert raw.count("Event: Newchannel") == 4
    assert NUMBER not in raw
    assert call.id in traced(folder, NUMBER)  # the number of a caller finds it too, in a masked journal


async def test_a_twice_transferred_call_is_told_so_that_a_supervisor_understands_it(
    tmp_path: Path, sqlite_template: Path
) -> None:
    folder = tmp_path / "journal"
    async with (
        whole(
            tmp_path, sqlite_template, members=("1001",), journal=JournalSettings(directory=str(folder))
        ) as it,
        it.live("anna") as anna,
        it.live("ben") as ben,
    ):
        it.pbx.caller(NUMBER, "4001", "Li Na")
        await popped(anna)
        await talking(it, "1001")
        it.pbx.transfer("1001", "1002")
        await popped(ben)
        await talking(it, "1002")
        it.pbx.transfer("1002", "1003")
        await talking(it, "1003")
        it.pbx.hang_up("1003")
        call = await over(it)
    told = [line[12:] if line[:2].isdigit() else line for line in traced(folder, call.id).splitlines()]
    assert [re.sub(r"\d+\.\d", "N", re.sub(r"x\w{10}", "TOKEN", line)) for line in told[2:]] == TWICE


TWICE = [
    "A caller (TOKEN) calls 4001.",
    "The caller waits in the queue service.",
    "The phone of Anna (anna) rings, for the queue service.",
    "The card is sent to Anna (anna); browsers open: 1.",
    "Anna (anna) answers after N s.",
    "Anna (anna) sends the caller on to 1002 without asking there (blind transfer).",
    "Anna (anna) is no longer with the caller: transferred.",
    "The phone of Ben (ben) rings: the call is being passed on.",
    "The card is sent to Ben (ben); browsers open: 1.",
    "Ben (ben) takes the call over.",
    "Ben (ben) sends the caller on to 1003 without asking there (blind transfer).",
    "Ben (ben) is no longer with the caller: transferred.",
    "The phone of Dora (dora) rings: the call is being passed on.",
    "There is a card for Dora (dora), who has no browser open.",
    "Dora (dora) takes the call over.",
    "Dora (dora) is no longer with the caller: the agent hung up.",
    "The call is over: Answered. Waited N s, talked N s, on hold N s.",
    "",
    "Anna (anna): yes, N s after the phone began to ring; browsers open: 1.",
    "Ben (ben): yes, N s after the phone began to ring; browsers open: 1.",
    "Dora (dora): no. The card was there, but no browser of this user was open.",
]


JOURNALS = Path(__file__).resolve().parents[1] / "journals"


def run(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(words))
    return result.exit_code, result.output


def test_a_real_asterisks_journal_tells_of_two_transfers_and_of_who_saw_them() -> None:
    """Recorded by a server on Asterisk 22: wei had no browser open, 1003 was nobody's phone."""
    file = str(JOURNALS / "transferred_twice.jsonl")
    code, told = run("trace", "main-1795626360.10", "--file", file)
    assert code == 0
    assert told.count("blind transfer") == 2
    assert told.splitlines()[-3:] == [
        "Anna Berg (anna): yes, 0.0 s after the phone began to ring; browsers open: 1.",
        "王伟 (wei): no. The card was there, but no browser of this user was open.",
        "PJSIP/1003: no. The phone belongs to no user: `ringdesk user phone NAME --add PJSIP/1003`.",
    ]
    code, by_channel = run("trace", "1795626361.11", "--file", file)
    assert (code, by_channel) == (0, told)
    code, several = run("trace", "4001", "--file", file)
    assert code == 1
    assert "main-1795626360.10" in several


def test_what_cannot_be_told_is_said_in_a_line(tmp_path: Path) -> None:
    file = str(JOURNALS / "queue_answered.jsonl")
    for words, text in (
        (("trace", "main-1.1", "--file", file), "the journal knows no call 'main-1.1'"),
        (("trace", "main-1.1", "--file", str(tmp_path / "none")), "No such file"),
        (("replay", str(tmp_path / "none")), "No such file"),
        (("replay", __file__), "there is nothing of a journal"),
        (("trace", "main-1.1", "--file", file, "--language", "fr"), "--language"),
    ):
        code, told = run(*words)
        assert code != 0
        assert text in told


def test_of_many_files_only_those_are_read_that_know_of_the_call(tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}" for number in range(5)]
    for path, text in zip(paths, ("a", "call 1795.1", "b", "x7c31", "c"), strict=True):
        path.write_text(text)
    wanted = needles("main-1795.1", ["main"], lambda _: "x7c31")
    assert mentioning(paths, wanted) == paths[1:4]
    assert mentioning(paths, needles("main-1795.2", ["main"], str)) == []
