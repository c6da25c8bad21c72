"""Messages to typed events."""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti import events as e
from cti.frames import Framer
from cti.parse import _TABLE, clean_text, number, parse, unescape_c
from cti.vocabulary import Message

TRACES = Path(__file__).parents[2] / "traces"
TYPES = {kind.__name__ for kind in e.AmiEvent.__subclasses__()}


def trace(name: str) -> list[e.AmiEvent]:
    messages = Framer().feed((TRACES / f"{name}.ami").read_bytes())
    return [event for message in messages if (event := parse(message))]


def channel(prefix: str = "", **more: str) -> dict[str, str]:
    return {prefix + key: value for key, value in {"Uniqueid": "1.1", "Channel": "PJSIP/1-1", **more}.items()}


def test_the_life_of_a_recorded_queue_call() -> None:
    events = trace("queue_answered")
    seen = Counter(type(event).__name__ for event in events)
    for name in ("QueueCallerJoin", "AgentCalled", "AgentConnect", "AgentComplete"):
        assert seen[name] == 1
    (connect,) = [event for event in events if isinstance(event, e.AgentConnect)]
    assert (connect.queue, connect.interface) == ("service", "PJSIP/1001")
    assert (connect.chan.caller_num, connect.chan.caller_name) == ("13800138000", "Li Na")
    assert connect.chan.call_tag == connect.chan.uniqueid == connect.chan.linkedid
    assert connect.dest is not None
    assert connect.dest.name.startswith("PJSIP/1001-")
    assert connect.dest.call_tag == connect.chan.uniqueid


def test_every_struct_has_a_line_in_the_table_and_every_line_gives_a_struct() -> None:
    parked = {"ParkedCallTimeOut", "ParkedCallGiveUp", "ParkedCallSwap", "UnParkedCall"}
    also = {"SoftHangupRequest": "HangupRequest"} | dict.fromkeys(parked, "ParkedCall")
    assert set(_TABLE) == TYPES | set(also)
    prefixes = ["", "Dest", "Source", "Target", "LocalOne", "LocalTwo", "Transferer", "Transferee"]
    prefixes += ["OrigTransferer", "SecondTransferer", "TransferTarget", "Parkee", "Retriever"]
    headers = {key: value for prefix in prefixes for key, value in channel(prefix).items()}
    headers |= {
        "BridgeUniqueid": "b",
        "ToBridgeUniqueid": "b",
        "FromBridgeUniqueid": "c",
        "Interface": "PJSIP/1",
    }
    for name in _TABLE:
        event = parse(Message({**headers, "Event": name, "Variable": "__RINGDESK_CALL"}))
        assert type(event).__name__ == also.get(name, name)
        assert parse(Message({"Event": name})) is None or name in {
            "FullyBooted",
            "Shutdown",
            "DeviceStateChange",
            "OriginateResponse",
        }


def test_a_caller_name_is_unescaped_once_and_unknown_is_empty() -> None:
    text = r"\"Li\\na\" \'x\' \n\a" + "\u202e"
    event = parse(
        Message(
            {"Event": "Newchannel", **channel(CallerIDName=text, CallerIDNum="<unknown>", ChannelState="5")}
        )
    )
    assert isinstance(event, e.Newchannel)
    assert event.chan.caller_name == "\"Li\\na\" 'x'"
    assert (event.chan.caller_num, event.chan.state) == ("", 5)


def test_the_recorded_hostile_names_are_clean_and_bounded() -> None:
    (joined,) = [x for x in trace("caller_name_hostile") if isinstance(x, e.QueueCallerJoin)]
    assert {"<", "🔥"} <= set(joined.chan.caller_name)
    assert joined.chan.caller_name.isprintable()
    for event in trace("caller_name_long"):
        if isinstance(event, e.Newchannel):
            assert len(event.chan.caller_name) <= 256


def test_one_variable_among_several_is_the_call_tag() -> None:
    data = (
        b"\r\nEvent: Hangup\r\nUniqueid: 1.1\r\nChanVariable: A=b\r\nChanVariable: RINGDESK_CALL=tag\r\n\r\n"
    )
    (message,) = Framer().feed(data)
    event = parse(message)
    assert isinstance(event, e.Hangup)
    assert event.chan.call_tag == "tag"


def test_a_variable_that_is_not_ours_is_passed_over() -> None:
    assert parse(Message({"Event": "VarSet", "Variable": "X", "Value": "1", **channel()})) is None
    event = parse(Message({"Event": "VarSet", "Variable": "__RINGDESK_CALL", "Value": "1", **channel()}))
    assert isinstance(event, e.VarSet)
    assert (event.variable, event.value) == ("RINGDESK_CALL", "1")


def test_what_is_unknown_or_a_response_gives_none() -> None:
    assert parse(Message({"Event": "RTCPSent"})) is None
    assert parse(Message({"Response": "Success"})) is None


@pytest.mark.parametrize(("text", "value"), [("16", 16), ("", 0), ("x", 0), ("-1", -1), ("9" * 5000, 0)])
def test_numbers_that_do_not_parse_are_zero(text: str, value: int) -> None:
    assert number(text) == value


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("李娜", "李娜"),
        ("a\r\nb\tc", "a b c"),
        ("\x1b[31mred\x00", "[31mred"),
        ("\u202eevil\u2066", "evil"),
        ("👩\u200d🚒", "👩\u200d🚒"),
        ("x" * 10_000, "x" * 256),
    ],
)
def test_clean_text(text: str, clean: str) -> None:
    assert clean_text(text) == clean


def escape_c(text: str) -> str:
    """Asterisk's ast_escape_c (main/utils.c)."""
    names = dict(zip("\a\b\f\n\r\t\v", "abfnrtv", strict=True))
    return "".join("\\" + names.get(c, c) if c in names or c in "\\'\"?" else c for c in text)


@given(st.text(max_size=80))
def test_unescaping_undoes_what_asterisk_does(text: str) -> None:
    assert unescape_c(escape_c(text)) == text


@given(st.text(max_size=2000))
def test_clean_text_is_bounded_and_cleaning_again_changes_nothing(text: str) -> None:
    clean = clean_text(text)
    assert len(clean) <= 256
    assert not set(clean) & set(map(chr, range(32)))
    assert clean_text(clean) == clean


@given(st.sampled_from(sorted(_TABLE)), st.dictionaries(st.sampled_from(sorted(channel())), st.text()))
def test_no_headers_make_it_raise(name: str, headers: dict[str, str]) -> None:
    parse(Message({"Event": name, **headers}))
