"""A caller who writes line ends into its number: no event that it forges is believed, and no true one is suspected."""

from __future__ import annotations

import pytest

from cti.forgery import forged
from cti.frames import Framer
from cti.parse import WANTED
from tests.unit.cti.board_help import TRACES

BEFORE = (
    "Privilege: call,all\r\nChannel: PJSIP/trunk-00000000\r\nChannelState: 4\r\nChannelStateDesc: Ring\r\n"
)
AFTER = (
    "CallerIDName: x\r\nConnectedLineNum: y\r\nConnectedLineName: z\r\nLanguage: en\r\nAccountCode: \r\n"
    "Context: from-trunk\r\nExten: 4001\r\nPriority: 1\r\nUniqueid: 1.1\r\nLinkedid: 1.1"
)
HANGUP = "Event: Hangup\r\nUniqueid: 1.7\r\n"
LONGEST = 79
"""Bytes that chan_pjsip keeps of a number."""


def event(number: str, name: str = "Newchannel") -> bytes:
    return f"Event: {name}\r\n{BEFORE}CallerIDNum: {number}\r\n{AFTER}\r\n\r\n".encode()


ATTACKS = (
    f"1\r\n\r\n{HANGUP}",
    f"1\r\n\r\n{HANGUP}\r\n",
    "1\r\nUniqueid: 1.7",
    "1\r\nChannel: PJSIP/1001-00000001",
    "1\r\nCallerIDName: \r\nLinkedid: 1\r\n\r\nEvent: Hangup\r\nUniqueid: 1.7",
    "1\r",
    "1\rX",
)


@pytest.mark.parametrize("number", ATTACKS)
@pytest.mark.parametrize("name", ["Newchannel", "DialState"], ids=["wanted", "passed over"])
def test_what_a_caller_writes_is_not_believed_until_the_doubt_is_over(number: str, name: str) -> None:
    assert len(number) <= LONGEST
    framer = Framer(WANTED)
    framer.feed(b"Asterisk Call Manager/11.0.0\r\n")
    answer = b"Response: Success\r\nActionID: ours\r\nPing: Pong\r\n\r\n"
    messages = framer.feed(event(number, name) + event("139") + answer)
    assert [message.action_id for message in messages] == ["ours"]
    assert framer.forged >= 1
    framer.doubt = False
    assert [message["CallerIDNum"] for message in framer.feed(event("139"))] == ["139"]


@pytest.mark.parametrize("number", ["", "138", "<unknown>", "a b", "1\n2", '"; DROP', "x" * LONGEST])
def test_an_odd_number_is_no_forgery(number: str) -> None:
    assert not forged(event(number).removesuffix(b"\r\n\r\n"))


def test_the_list_of_channels_leaves_out_what_was_written_into_and_keeps_the_rest() -> None:
    framer = Framer()
    framer.feed(b"Asterisk Call Manager/11.0.0\r\n")
    item = "Event: CoreShowChannel\r\nActionID: ours\r\n"
    evil = event("1\r\nUniqueid: 1.7").replace(b"Event: Newchannel\r\n", item.encode())
    good = event("139").replace(b"Event: Newchannel\r\n", item.encode())
    assert [message["CallerIDNum"] for message in framer.feed(evil + good)] == ["139"]


def test_no_recorded_event_is_suspected() -> None:
    for path in TRACES.rglob("*.ami"):
        for part in path.read_bytes().split(b"\r\n\r\n"):
            assert not forged(part.lstrip(b"\r\n")), path
