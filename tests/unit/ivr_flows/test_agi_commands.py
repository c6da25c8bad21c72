"""Every command of a line: its usual name and arguments, and that no argument ever becomes a second command."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Iterable
from typing import Any, cast

import pytest
from asterisk.agi import AGI
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ivr_flows.agi.commands import Commands
from ivr_flows.agi.frames import COMMAND_BYTES, Reply
from ivr_flows.agi.session import Agi
from ivr_flows.agi.wire import Wire
from ivr_flows.agi.words import AGIAppError, AGIDBError, AGIError, AGIHangup, ProtocolError, UnsafeArgument
from tests.agi_peer import PLAIN
from tests.unit.ivr_flows.test_agi_frames import parse_args

OWN_WAY = {
    "send_command": "half of `execute`, for a script that writes to its standard output",
    "get_result": "the other half, which blocks on standard input",
}
OTHERWISE = {("record_file", "format"): "wav"}
"""Asterisk's gsm is heard worse and plays in no browser."""
NO_COMMAND = {"test_hangup", "execute", "ask", "key", "set_music"}
WORDS = {
    "appexec": ("EXEC",),
    "exec_command": ("EXEC",),
    "goto_on_exit": ("SET CONTEXT", "SET EXTENSION", "SET PRIORITY"),
}
TEXTS = st.one_of(
    st.text(max_size=30),
    st.text(alphabet='ab1#*"\\ \n\r\t\0,${}();=|.\u2028中', max_size=30),
    st.sampled_from(["1", "12#", "beep", "on", "default", "wav", "CALLERID(num)", "main/hello"]),
)
NUMBERS = st.integers(-(2**40), 2**40)
KEYS = st.one_of(TEXTS, st.lists(st.one_of(st.integers(-1, 12), TEXTS), max_size=4))


class Asterisk(asyncio.Transport):
    """The far end: keeps what is written, and answers each line that comes."""

    def __init__(self, reply: str) -> None:
        super().__init__()
        self.reply, self.written = reply, b""
        self.wire: Wire | None = None

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return ("127.0.0.1", 1) if name == "peername" else default

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += bytes(data)
        assert self.wire is not None
        for _ in range(bytes(data).count(b"\n")):
            self.wire.data_received(f"{self.reply}\n".encode())

    def close(self) -> None: ...

    def abort(self) -> None: ...


class Anybody:
    """Lets every line in."""

    def admit(self, wire: Wire, peer: str) -> bool:
        return True

    def opened(self, wire: Wire) -> None: ...

    def answered(self, waiting: asyncio.Future[Reply], reply: Reply) -> None:
        waiting.set_result(reply)

    def closed(self, wire: Wire) -> None: ...

    def broken(self, wire: Wire, why: str) -> None: ...


def line(reply: str = "200 result=1 (x)") -> tuple[Agi, Asterisk]:
    """A line whose header has come."""
    there, wire = Asterisk(reply), Wire(Anybody(), lambda: 0.0, 5.0, memoryview(b""))
    there.wire = wire
    wire.connection_made(there)
    env = {**PLAIN, "agi_context": "here", "agi_priority": "3"}
    wire.data_received(
        "".join(f"{name}: {value}\n" for name, value in (*env.items(), ("", "")) if name).encode()
    )
    wire.data_received(b"\n")
    return Agi(wire), there


def run(reply: str, name: str, *args: Any, **named: Any) -> tuple[Any, list[str]]:
    """What the command returns or raises, and the lines that went out."""
    agi, there = line(reply)

    async def work() -> Any:
        try:
            return await getattr(agi, name)(*args, **named)
        except (AGIError, UnsafeArgument) as error:
            return error

    return asyncio.run(work()), [one + "\n" for one in there.written.decode().split("\n")][:-1]


def commands() -> list[str]:
    """The names of every command."""
    found = inspect.getmembers(Agi, inspect.iscoroutinefunction)
    return [name for name, _ in found if not name.startswith("_") and name not in NO_COMMAND]


def public(kind: type) -> dict[str, inspect.Signature]:
    found = inspect.getmembers(kind, inspect.isfunction)
    return {name: inspect.signature(function) for name, function in found if not name.startswith("_")}


def test_the_usual_names_are_all_there_with_their_arguments_in_order() -> None:
    ours = public(Agi)
    for name, theirs in public(AGI).items():
        if name in OWN_WAY:
            assert name not in ours
            continue
        usual = list(theirs.parameters.values())[1:]
        mine = list(ours[name].parameters.values())[1:][: len(usual)]
        assert [one.name for one in mine] == [one.name for one in usual], name
        for one, other in zip(mine, usual, strict=True):
            if one.kind is not inspect.Parameter.VAR_POSITIONAL:
                assert one.default == OTHERWISE.get((name, one.name), other.default), f"{name} {one.name}"
        assert name == "test_hangup" or inspect.iscoroutinefunction(getattr(Agi, name)), name
    assert len(commands()) >= 36


def _arguments(name: str) -> st.SearchStrategy[tuple[Any, ...]]:
    """Whatever somebody may hand to this command: of the type that it takes, hostile where that is text."""
    kinds = {"int": NUMBERS, "str": TEXTS, "Pressed": KEYS, "str | None": st.none() | TEXTS}
    kinds |= {"str | int": st.one_of(TEXTS, NUMBERS), "Pressed | int": KEYS | NUMBERS, "bool": st.booleans()}
    return st.tuples(*(kinds[one.annotation] for one in list(public(Agi)[name].parameters.values())[1:]))


def _said(args: Iterable[Any]) -> set[str]:
    """Every way in which an argument may stand in the line, read back."""
    found: set[str] = set()
    for one in args:
        text = "".join(map(str, one)) if isinstance(one, list) else "" if one is None else str(one)
        bare = text.removeprefix("${").removesuffix("}")
        printed = "".join(char if char.isprintable() else "?" for char in text)
        found |= {text, printed, f"${{{bare}}}", f"s={text}"}
        found |= {str(max(0, one))} if isinstance(one, int) else set()
    return found | {"beep", "here", "4002", "3", "", "ABdY 'digits/at' IMp"}


@settings(max_examples=30, deadline=None)
@given(st.data())
@pytest.mark.parametrize("name", commands())
def test_no_argument_yields_a_second_command_or_breaks_a_quote(name: str, data: st.DataObject) -> None:
    args = data.draw(_arguments(name))
    outcome, lines = run("200 result=1 (x)", name, *args)
    # One line for each command, and nothing after its end.
    words = WORDS.get(name, (name.replace("_", " ").upper(),))
    if len(lines) < len(words):
        assert isinstance(outcome, UnsafeArgument)
    else:
        assert len(lines) == len(words)
    for one, command in zip(lines, words, strict=False):
        assert len(one.encode()) <= COMMAND_BYTES
        read, begin = parse_args(one[:-1]), command.split()
        assert read[: len(begin)] == begin
        # And nothing but what was given comes after the words of the command.
        assert set(read[len(begin) :]) <= _said(args), (one, args)


@settings(deadline=None)
@given(TEXTS, TEXTS)
@example('x" "SYSTEM rm"\\', "y\\")
@example("\\", '"')
def test_values_arrive_as_they_were_given(key: str, value: str) -> None:
    outcome, lines = run("200 result=1", "database_put", "family", key, value)
    if isinstance(outcome, UnsafeArgument):
        assert any(char in key + value for char in "\r\n\0")
        return
    assert [parse_args(one[:-1]) for one in lines] == [["DATABASE", "PUT", "family", key, value]]


@pytest.mark.parametrize(
    ("name", "args", "sent"),
    [
        ("control_stream_file", ("a", "1", 500, "6", "4", "5"), "CONTROL STREAM FILE a 1 500 6 4 5"),
        ("get_option", ("a", [1, 2, "#"], 3000), 'GET OPTION a "12#" 3000'),
        ("record_file", ("a", "gsm", "#", 900, 8000, "beep", 2), 'RECORD FILE a gsm "#" 900 8000 beep s=2'),
        ("say_alpha", ("a b", "1"), 'SAY ALPHA "a b" 1'),
        ("say_digits", ([4, "5", 6], [1, "#"]), 'SAY DIGITS 456 "1#"'),
        ("say_digits", (45,), 'SAY DIGITS 45 ""'),
        ("exec_command", ("Wait", 1), "EXEC Wait 1"),
        ("control_stream_file", ("a", "1", 500, "6", [4]), 'CONTROL STREAM FILE a 1 500 6 4 ""'),
        ("say_phonetic", ("x",), 'SAY PHONETIC x ""'),
        ("say_datetime", (60, "1", "ABdY", "Asia/Shanghai"), "SAY DATETIME 60 1 ABdY Asia/Shanghai"),
        ("say_datetime", (60,), 'SAY DATETIME 60 ""'),
        ("get_full_variable", ("${EXTEN}",), 'GET FULL VARIABLE "${EXTEN}"'),
        (
            "get_full_variable",
            ("CALLERID(num)", "PJSIP/a-1"),
            'GET FULL VARIABLE "${CALLERID(num)}" PJSIP/a-1',
        ),
        ("set_callerid", ("+8613800138000",), 'SET CALLERID "+8613800138000"'),
        ("database_get", ("cidname", "1 2"), 'DATABASE GET cidname "1 2"'),
        ("database_del", ("a", "b"), "DATABASE DEL a b"),
        ("database_deltree", ("a",), "DATABASE DELTREE a"),
        ("send_text", ("您好",), 'SEND TEXT "您好"'),
        ("send_image", ("logo",), "SEND IMAGE logo"),
        ("receive_char", (5000,), "RECEIVE CHAR 5000"),
        ("tdd_mode", ("on",), "TDD MODE on"),
        ("hangup", ("PJSIP/a-00000001",), "HANGUP PJSIP/a-00000001"),
        ("channel_status", ("PJSIP/a-1",), "CHANNEL STATUS PJSIP/a-1"),
        ("set_autohangup", (60,), "SET AUTOHANGUP 60"),
        ("set_music", (True,), "SET MUSIC on"),
    ],
)
def test_commands_are_written_as_asterisk_reads_them(name: str, args: tuple[Any, ...], sent: str) -> None:
    assert run("200 result=1", name, *args)[1] == [f"{sent}\n"]


def test_the_dialplan_goes_on_where_it_is_told() -> None:
    assert run("200 result=0", "goto_on_exit", extension="4001")[1] == [
        "SET CONTEXT here\n",
        "SET EXTENSION 4001\n",
        "SET PRIORITY 3\n",
    ]


@pytest.mark.parametrize(
    ("name", "args", "reply", "outcome"),
    [
        ("get_option", ("a", "1"), "200 result=49 endpos=9", "1"),
        ("receive_char", (), "200 result=65", "A"),
        ("control_stream_file", ("a",), "200 result=49 endpos=16000", "1"),
        ("database_get", ("a", "b"), "200 result=1 (some text)", "some text"),
        ("get_full_variable", ("EXTEN",), "200 result=1 (4001)", "4001"),
        ("get_full_variable", ("EXTEN",), "200 result=0", ""),
        ("database_get", ("a", "b"), "200 result=0", AGIDBError),
        ("database_put", ("a", "b", "c"), "200 result=0", AGIDBError),
        ("tdd_mode", (), "200 result=0", AGIAppError),
        ("get_data", ("a",), "200 result=1x", ProtocolError),
        ("say_alpha", ("a",), "200 result=-1", AGIHangup),
        ("get_full_variable", ("SHELL(id)",), "200 result=1", UnsafeArgument),
        ("get_full_variable", ("${CALLERID(num)}${SHELL(id)}",), "200 result=1", UnsafeArgument),
        ("set_callerid", ('"x" <1>',), "200 result=1", UnsafeArgument),
        ("set_context", ("a,b",), "200 result=1", UnsafeArgument),
        ("hangup", ("PJSIP/a-1",), "200 result=-1", AGIAppError),
        ("hangup", (), "200 result=-1", None),
        ("channel_status", ("PJSIP/a-1",), "200 result=-1", -1),
        ("channel_status", (), "200 result=-1", AGIHangup),
        ("stream_file", ("a", "1"), "200 result=49 endpos=9", "1"),
        ("wait_for_digit", (-1,), "200 result=49", UnsafeArgument),
        ("receive_char", (0,), "200 result=49", UnsafeArgument),
        ("record_file", ("a", "wav", "#", -1), "200 result=0", UnsafeArgument),
        ("verbose", ("x", "loud"), "200 result=1", UnsafeArgument),
    ],
)
def test_answers_are_told_as_usual(name: str, args: tuple[Any, ...], reply: str, outcome: Any) -> None:
    found, _ = run(reply, name, *args)
    if inspect.isclass(outcome):
        assert isinstance(found, outcome), found
    else:
        assert found == outcome


@pytest.mark.parametrize(
    "reply", ["200 result=1 (x)", "520-Usage\nmore\n520 End of proper usage.", "510 What?"]
)
@settings(max_examples=50, deadline=None)
@given(cuts=st.lists(st.integers(1, 60), max_size=6), after=st.integers(0, 3))
def test_a_hang_up_is_heard_wherever_it_stands(reply: str, cuts: list[int], after: int) -> None:
    """HANGUP may come before an answer, between its lines or after it, and in pieces: the answer is the same, and the
    next command is not sent."""
    lines = reply.split("\n")
    after = min(after, len(lines))
    data = "".join(f"{one}\n" for one in (*lines[:after], "HANGUP", *lines[after:])).encode()

    async def work() -> tuple[Any, Any, bytes]:
        agi, there = line()
        wire = cast(Wire, there.wire)
        there.write = lambda data: None  # type: ignore[method-assign]  # it answers below, in pieces
        waiting = asyncio.ensure_future(Commands.ask(agi, "NOOP"))
        await asyncio.sleep(0)
        rest, sizes = data, iter(cuts)
        while rest:
            size = next(sizes, len(rest))
            wire.data_received(rest[:size])
            rest = rest[size:]
        answer = await waiting
        assert agi.hung_up
        with pytest.raises(AGIHangup):
            agi.test_hangup()
        with pytest.raises(AGIHangup):
            await agi.noop()
        return answer.code, answer.result, there.written

    code, result, written = asyncio.run(work())
    assert (code, written) == (int(reply[:3]), b"")
    assert result == ("1" if code == 200 else "")
