"""AGI's lines: what Asterisk says, what we say, and what hostile callers put into both."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr_flows.agi import frames
from ivr_flows.agi.frames import Answers, Header, Lines, Reply
from ivr_flows.agi.words import ProtocolError, UnsafeArgument

ENV = (
    "agi_network: yes",
    "agi_network_script: main?token=t0k&pbx=main",
    "agi_request: agi://127.0.0.1:4573/main",
    "agi_channel: PJSIP/trunk-00000001",
    "agi_uniqueid: 1700000000.1",
    "agi_callerid: 13800138000",
    "agi_calleridname: 张",
    "agi_extension: 4002",
    "agi_threadid: 140000",
)


def parse_args(line: str) -> list[str]:
    """What parse_args of res_agi.c makes of a line, translated state by state."""
    words: list[str] = []
    quoted = escaped = False
    white = True
    for char in line:
        if char == '"' and not escaped:
            quoted = not quoted
            if quoted and white:
                words.append("")
                white = False
        elif char in " \t" and not quoted and not escaped:
            white = True
        elif char == "\\" and not escaped:
            escaped = True
        else:
            if white:
                words.append("")
                white = False
            words[-1] += char
            escaped = False
    return words


def header_of(*lines: str) -> tuple[Header, list[bool]]:
    header = Header()
    return header, [header.take(line.encode()) for line in lines]


@given(
    st.lists(
        st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"]), max_size=40),
        max_size=5,
    )
)
def test_asterisk_reads_back_exactly_the_arguments_that_were_given(arguments: list[str]) -> None:
    line = frames.command("SET VARIABLE", *arguments).decode()
    assert line.endswith("\n")
    assert line.count("\n") == 1
    assert parse_args(line[:-1]) == ["SET", "VARIABLE", *arguments]


@pytest.mark.parametrize("bad", ["a\nHANGUP", "a\rb", "a\0b"])
def test_a_line_end_in_an_argument_is_refused(bad: str) -> None:
    with pytest.raises(UnsafeArgument):
        frames.command("SET VARIABLE", "NAME", bad)


def test_a_command_longer_than_asterisk_reads_is_refused() -> None:
    room = frames.COMMAND_BYTES - len("VERBOSE \n")
    assert len(frames.command("VERBOSE", "x" * room)) == frames.COMMAND_BYTES
    with pytest.raises(UnsafeArgument):
        frames.command("VERBOSE", "x" * (room + 1))


@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=5))
def test_lines_are_the_same_however_the_bytes_are_split(data: bytes, cuts: list[int]) -> None:
    lines, found, at = Lines(), [], 0
    for cut in [*sorted(cuts), len(data)]:
        found += lines.feed(data[at:cut])
        at = max(at, cut)
    assert found == data.split(b"\n")[:-1]


def test_a_line_without_an_end_is_refused_before_it_fills_the_memory() -> None:
    lines = Lines(limit=100)
    assert lines.feed(b"x" * 100) == []
    with pytest.raises(ProtocolError):
        lines.feed(b"x")
    with pytest.raises(ProtocolError):
        Lines(limit=100).feed(b"y" * 101 + b"\n")


def test_a_header_is_its_values() -> None:
    header, ends = header_of(*ENV, "")
    assert ends == [False] * len(ENV) + [True]
    assert header.env["agi_callerid"] == "13800138000"
    assert header.env["agi_calleridname"] == "张"
    assert header.env["agi_request"] == "agi://127.0.0.1:4573/main"


def test_a_callers_name_with_line_ends_in_it_changes_nothing_else() -> None:
    hostile = (
        "agi_calleridname: x\nagi_network_script: other?token=guess\nagi_channel: PJSIP/boss\n\n200 result=1"
    )
    header, ends = header_of(*ENV[:6], *hostile.split("\n"), *ENV[7:], "")
    assert ends[-1] is True
    assert not any(ends[:-1])
    assert header.env["agi_network_script"] == "main?token=t0k&pbx=main"
    assert header.env["agi_channel"] == "PJSIP/trunk-00000001"


@pytest.mark.parametrize(
    "lines",
    [
        ["GET / HTTP/1.1"],
        ["agi_network"],
        ["agi_network: yes", *["agi_arg_1: x"] * frames.HEADER_LINES],
        ["agi_network: yes", *["agi_arg_1: " + "x" * 4000] * 5],
    ],
)
def test_what_is_no_header_or_too_much_of_one_is_refused(lines: list[str]) -> None:
    with pytest.raises(ProtocolError):
        header_of(*lines)


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        ("200 result=0", Reply(200, "0")),
        ("200 result=49 endpos=8000", Reply(200, "49", "", 8000)),
        ("200 result=1 (main-17.1)", Reply(200, "1", "main-17.1")),
        ("200 result=1 (a) b (c)", Reply(200, "1", "a) b (c")),
        ("200 result=12 (timeout)", Reply(200, "12", "timeout")),
        ("200 result= (timeout)", Reply(200, "", "timeout")),
        ("200 result=-1 (hangup) endpos=160", Reply(200, "-1", "hangup", 160)),
        (f"200 result=49 endpos={'9' * 8000}", Reply(200, "49", f"49 endpos={'9' * 8000}")),
        ("200 result=1 endpos=٣", Reply(200, "1", "1 endpos=٣")),
        ("510 Invalid or unknown command", Reply(510, data="Invalid or unknown command")),
        (
            "511 Command Not Permitted on a dead channel or intercept routine",
            Reply(511, data="Command Not Permitted on a dead channel or intercept routine"),
        ),
        ("100 Trying...", None),
    ],
)
def test_answers_are_read(line: str, reply: Reply | None) -> None:
    assert Answers().take(line.encode()) == reply


def test_a_usage_text_is_one_answer() -> None:
    answers = Answers()
    lines = ["520-Invalid command syntax.  Proper usage follows:", "200 result=1", "520 End of proper usage."]
    found = [answers.take(line.encode()) for line in lines]
    assert found[:2] == [None, None]
    assert found[2] is not None
    assert found[2].code == 520
    assert answers.take(b"200 result=0") == Reply(200, "0")


@given(st.binary(max_size=60).filter(lambda line: b"\n" not in line))
def test_anything_else_is_refused_and_nothing_breaks(line: bytes) -> None:
    try:
        Answers().take(line)
    except ProtocolError:
        return


def test_a_result_names_a_key() -> None:
    assert frames.key_of(Reply(200, "0")) == ""
    assert frames.key_of(Reply(200, "35")) == "#"
    assert frames.whole_of(Reply(200, "-1")) == -1
    for result in ("x", "²", "٣", "9" * 8000, "7", "999"):
        with pytest.raises(ProtocolError):
            frames.key_of(Reply(200, result))
    for result in ("x", "²", "٣", "9" * 8000, ""):
        with pytest.raises(ProtocolError):
            frames.whole_of(Reply(200, result))


@pytest.mark.parametrize(
    ("script", "flow", "options"),
    [
        ("main", "main", {}),
        ("/main/", "main", {}),
        ("main?token=a=b&pbx=x", "main", {"token": "a=b", "pbx": "x"}),
    ],
)
def test_the_address_names_the_flow(script: str, flow: str, options: dict[str, str]) -> None:
    found = frames.asked(script)
    assert (found.flow, dict(found.options)) == (flow, options)


@pytest.mark.parametrize("script", ["", "?token=x", "../etc", "a b", "x" * 65])
def test_an_address_without_a_flow_is_refused(script: str) -> None:
    with pytest.raises(ProtocolError):
        frames.asked(script)
