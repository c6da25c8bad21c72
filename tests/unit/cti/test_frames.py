"""Bytes to messages under every split, and back."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cti.frames import Framer, encode
from cti.parse import WANTED
from cti.vocabulary import Message, UnsafeValue

TRACES = sorted((Path(__file__).parents[2] / "traces").glob("*.ami"))
EXCHANGE = (
    b"Asterisk Call Manager/11.0.0\r\n"
    b"Response: Success\r\nActionID: a-1\r\nMessage: Authentication accepted\r\n\r\n"
    b"Event: Newchannel\r\nChannel: PJSIP/1001-00000001\r\nCallerIDName: \xe6\x9d\x8e\xe5\xa8\x9c\r\n"
    b"ChanVariable: RINGDESK_CALL=7\r\nChanVariable: OTHER=a=b\r\n\r\n"
    b"Event: OriginateResponse\r\nResponse: Failure\r\n\r\n\r\n"
    b"Event: Hangup\r\nUniqueid: 1.2\r\nAccountCode: \r\n\r\n"
    b"Response: Success\r\nMessage: Command output follows\r\nOutput: one\r\nOutput:   two: 2\r\nOutput: \r\n\r\n"
    b"Response: Follows\r\nPrivilege: Command\r\nold line\nwith: colon\n\r\n\r\nmore\n--END COMMAND--\r\n\r\n"
    b"Event: Bad\r\nText: \xff\xfe\r\n\r\n"
)


def read(data: bytes, *cuts: int, framer: Framer | None = None) -> list[Message]:
    framer = framer or Framer()
    edges = [0, *sorted(cuts), len(data)]
    return [m for a, b in pairwise(edges) for m in framer.feed(data[a:b])]


def shown(messages: list[Message]) -> list[tuple[object, ...]]:
    return [(m.headers, m.data, m.output, m.variables) for m in messages]


def test_messages_of_an_exchange() -> None:
    framer = Framer()
    login, channel, originate, hangup, new, old, bad = read(EXCHANGE, framer=framer)
    assert framer.greeting == "Asterisk Call Manager/11.0.0"
    assert (login.response, login.action_id, login.text) == ("Success", "a-1", "Authentication accepted")
    assert channel["CallerIDName"] == "李娜"
    assert channel.variables == {"RINGDESK_CALL": "7", "OTHER": "a=b"}
    assert originate.event == "OriginateResponse"
    assert hangup["AccountCode"] == ""
    assert new.output == ["one", "  two: 2", ""]
    assert old.response == "Follows"
    assert old.output[0] == "old line"
    assert "more" in old.output
    assert bad["Text"] == "\ufffd\ufffd"


@given(st.lists(st.integers(0, len(EXCHANGE)), max_size=30))
def test_any_split_gives_the_same_messages(cuts: list[int]) -> None:
    assert shown(read(EXCHANGE, *cuts)) == shown(read(EXCHANGE))


def test_byte_by_byte_gives_the_same_messages() -> None:
    assert shown(read(EXCHANGE, *range(len(EXCHANGE)))) == shown(read(EXCHANGE))


@pytest.mark.parametrize("trace", TRACES, ids=lambda path: path.stem)
def test_recorded_traces_under_every_split_in_two(trace: Path) -> None:
    data = trace.read_bytes()[:4000]
    whole = shown(read(data))
    assert len(whole) > 2
    for cut in range(0, len(data), 7):
        assert shown(read(data, cut)) == whole


def test_events_that_nobody_wants_are_counted_by_name() -> None:
    framer = Framer({b"Hangup": None})
    names = [m.name for m in read(EXCHANGE, framer=framer)]
    assert names == ["Success", "Hangup", "Success", "Follows"]
    assert framer.skipped == {b"Newchannel": 1, b"OriginateResponse": 1, b"Bad": 1}


def test_only_our_own_variables_are_passed_on() -> None:
    framer = Framer(WANTED)
    sets = b"".join(
        b"Event: VarSet\r\nUniqueid: 1.1\r\nChanVariable: RINGDESK_CALL=x\r\nVariable: %s\r\nValue: v\r\n\r\n"
        % name
        for name in (b"RINGDESK_CALL", b"__RINGDESK_CALL", b"MACRO", b"X_RINGDESK_", b"RINGDESK_TOKEN")
    )
    assert [m["Variable"] for m in framer.feed(b"\r\n" + sets)] == ["RINGDESK_CALL", "__RINGDESK_CALL"]
    assert framer.skipped == {b"VarSet": 3}


def test_what_a_caller_types_and_what_our_port_asks_for_is_not_even_read() -> None:
    """A manager user who may read everything gets each key, each AGI command with its result, and global variables."""
    framer = Framer(WANTED)
    told = b"".join(
        b"Event: %s\r\nChannel: PJSIP/trunk-1\r\nUniqueid: 1.1\r\n%s\r\n\r\n" % (name, more)
        for name, more in (
            (b"DTMFBegin", b"Digit: 8"),
            (b"DTMFEnd", b"Digit: 8\r\nDurationMs: 100"),
            (b"AGIExecStart", b"Command: WAIT FOR DIGIT 3000"),
            (b"AGIExecEnd", b"Command: WAIT FOR DIGIT 3000\r\nResult: 56"),
            (b"VarSet", b"Variable: RINGDESK_TOKEN\r\nValue: s3cret"),
            (b"Newexten", b"Application: AGI\r\nAppData: agi://127.0.0.1:4573/hotline?token=s3cret"),
        )
    )
    assert list(framer.feed(b"\r\n" + told)) == []
    assert sum(framer.skipped.values()) == 6


def test_names_of_skipped_events_are_bounded() -> None:
    framer = Framer({})
    framer.feed(b"\r\n" + b"".join(b"Event: E%d\r\n\r\n" % number for number in range(3000)))
    assert len(framer.skipped) <= 513
    assert sum(framer.skipped.values()) == 3000


@pytest.mark.parametrize("size", [65536, 65535, 60000])
@pytest.mark.parametrize("chunk", [1000, 65537, 200_000])
def test_a_line_up_to_64_kib_is_kept(size: int, chunk: int) -> None:
    line = b"V: " + b"x" * (size - 3)
    framer = Framer()
    data = b"Event: Long\r\n" + line + b"\r\nNext: 1\r\n\r\nEvent: After\r\n\r\n"
    long, after = read(data, *range(0, len(data), chunk), framer=framer)
    assert (len(long["V"]), long["Next"], after.event, framer.cut) == (size - 3, "1", "After", 0)


@given(st.lists(st.integers(0, 900), max_size=20), st.integers(0, 40))
def test_a_longer_line_is_cut_and_counted_and_the_rest_survives(cuts: list[int], more: int) -> None:
    data = b"Event: Long\r\nV: " + b"x" * (500 + more) + b"\r\nNext: 1\r\n\r\nEvent: After\r\n\r\n"
    framer = Framer(limit=100)
    long, after = read(data, *cuts, framer=framer)
    assert (len(long["V"]), long["Next"], after.event, framer.cut) == (97, "1", "After", 1)


@pytest.mark.parametrize("chunk", [1, 7, 100, 5000])
def test_a_message_without_an_end_takes_no_more_memory(chunk: int) -> None:
    framer = Framer(limit=100)
    endless = b"Event: Endless\r\n" + b"Key: value\r\n" * 1000
    assert read(endless, *range(0, len(endless), chunk), framer=framer) == []
    assert len(framer._pending) <= 100 * 17 + chunk
    cut, after = framer.feed(b"\r\nEvent: After\r\n\r\n")
    assert (cut.event, after.event, framer.cut) == ("Endless", "After", 1)


def test_an_old_command_without_its_end_is_given_up_at_the_limit() -> None:
    framer = Framer(limit=100)
    framer.feed(b"Response: Follows\r\n" + b"text\r\n\r\n" * 400)
    assert framer.cut >= 1
    assert [m.event for m in framer.feed(b"--END COMMAND--\r\n\r\nEvent: After\r\n\r\n")][-1] == "After"


@settings(max_examples=300)
@given(st.lists(st.binary(max_size=200) | st.sampled_from([b"\r\n", b"\r\n\r\n", b"Event: Hangup", b": "])))
def test_nothing_makes_it_raise(chunks: list[bytes]) -> None:
    for framer in (Framer(WANTED, limit=64), Framer(limit=64)):
        for chunk in chunks:
            assert all(isinstance(m, Message) for m in framer.feed(chunk))


def test_what_is_no_greeting_is_kept_as_the_first_line_and_as_a_message() -> None:
    framer = Framer()
    assert framer.feed(b"HTTP/1.1 400 Bad Request\r\nServer: x\r\n\r\n")[0].data.startswith("HTTP/1.1 400")
    assert framer.greeting == "HTTP/1.1 400 Bad Request"


keys = st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,20}", fullmatch=True)
texts = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\r\n\0"), max_size=60)


@given(st.lists(st.tuples(keys, texts), min_size=1, unique_by=lambda pair: pair[0]))
def test_what_is_encoded_reads_the_same(pairs: list[tuple[str, str]]) -> None:
    (message,) = Framer().feed(b"Asterisk Call Manager/1\r\n" + encode(pairs))
    assert message.headers == dict(pairs)


@given(texts, st.sampled_from("\r\n\0"), texts)
def test_line_breaks_and_nul_are_refused_in_key_and_value(before: str, bad: str, after: str) -> None:
    for pair in (("Key", before + bad + after), ("Key" + bad + after, "value")):
        with pytest.raises(UnsafeValue):
            encode([("Action", "Ping"), pair])


@pytest.mark.parametrize("key", ["", "Action: Originate", "A:B"])
def test_a_key_that_is_no_key_is_refused(key: str) -> None:
    with pytest.raises(UnsafeValue):
        encode({key: "x"})
